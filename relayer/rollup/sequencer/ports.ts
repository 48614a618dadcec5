import type { Ledger } from "../../../protocol/ledger/ledger";
import type { SignatureItem } from "../signatureBatch";
import type { SealedBatch } from "./engine";

/** Layer 1's queue, as far as it is final. */
export interface QueueView {
  /** Entries from `from` on, in their order, as many as are asked for. */
  readonly entries: readonly Uint8Array[];
  /** Unix seconds: every entry that is not known yet has a later `queuedAt`, or this one. */
  readonly knownUntil: bigint;
}

/** What the sequencer reads of layer 1 before it opens a batch. */
export interface QueueSource {
  queue(from: bigint, limit: number, signal: AbortSignal): Promise<QueueView>;
  /** From which clock on a batch with this one calls no rules. */
  movesHaltAt(time: bigint, signal: AbortSignal): Promise<bigint>;
}

/** The latest batch on layer 1. */
export interface ChainHead {
  readonly number: bigint;
  readonly hash: Uint8Array;
  readonly time: bigint;
  readonly postedAt: bigint;
  readonly blockNumber: bigint;
  readonly frozen: boolean;
  /** Unix seconds of the block in which this was read. */
  readonly now: bigint;
}

/** A post that was refused before it was sent, or was mined and reverted. */
export type PostingOutcome =
  | {
      readonly kind: "posted";
      readonly transactionHash: string;
      readonly gasUsed: bigint;
      /** 0: by calldata. */
      readonly blobs: number;
    }
  | {
      readonly kind: "refused";
      /** The contract's error by its name; undefined where none is known. */
      readonly error: string | undefined;
      readonly message: string;
    };

/** Where batches go. */
export interface PostingChain {
  /** As of the latest block. */
  head(signal: AbortSignal): Promise<ChainHead>;
  /** Number of the latest batch as of the finalized block. */
  settledNumber(signal: AbortSignal): Promise<bigint>;
  /** Whether the latest batch is this one; who posted it does not matter. */
  isPosted(sealed: SealedBatch, head: ChainHead, signal: AbortSignal): Promise<boolean>;
  isProvenFalse(hash: Uint8Array, signal: AbortSignal): Promise<boolean>;
  /** Begins what takes long about posting it, ahead of its turn. */
  prepare(batch: SealedBatch): void;
  /** Sends it once, whatever crashes in between, and resolves when it is mined or refused. */
  post(batch: SealedBatch, parent: ChainHead, signal: AbortSignal): Promise<PostingOutcome>;
}

/** What is on chain, re-executed: where a sequencer without a log begins. */
export interface StateSource {
  /** The state after the latest batch; it is the caller's. */
  latest(signal: AbortSignal): Promise<{ readonly number: bigint; readonly time: bigint; readonly ledger: Ledger }>;
}

/** COS that an owner has staked, in wei. */
export interface StakeSource {
  stakeOf(owner: Uint8Array): Promise<bigint>;
}

/** Whose signatures these are. */
export interface SignatureRecovery {
  recover(items: readonly SignatureItem[]): Promise<readonly (Uint8Array | undefined)[]>;
}
