import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { batchHash, calldataCommitment, type Batch } from "../../../../protocol/ledger/batch";
import { decodeEntry, encodeEntry, type Entry, type ForcedEntry } from "../../../../protocol/ledger/entries";
import { Ledger } from "../../../../protocol/ledger/ledger";
import type { RulesAnswer, RulesCall } from "../../../../protocol/ledger/rulesCall";
import { TransactionDigests, encodeTransaction, type Transaction } from "../../../../protocol/ledger/transactions";
import { createLedgerCrypto } from "../../../../relayer/rollup/ledgerCrypto";
import { KnownSigners } from "../../../../relayer/rollup/knownSigners";
import type { SealedBatch } from "../../../../relayer/rollup/sequencer/engine";
import type { SequencerEvent } from "../../../../relayer/rollup/sequencer/events";
import { hardLimits } from "../../../../relayer/rollup/sequencer/policy";
import type {
  ChainHead,
  PostingChain,
  PostingOutcome,
  QueueSource,
  StateSource,
} from "../../../../relayer/rollup/sequencer/ports";
import { Sequencer, type SequencerOptions } from "../../../../relayer/rollup/sequencer/sequencer";
import { systemClock } from "../../../../relayer/systemClock";
import { DOMAIN, crypto, digests, player, sign } from "../../../protocol/ledger/support";

export const SCOPE = `${DOMAIN.chainId}:${DOMAIN.verifyingContract}`;
export const NEVER = 2n ** 64n - 1n;
const FIRST = { number: 0n, segments: 0, mode: 0 } as const;

export const now = (): bigint => BigInt(Math.floor(Date.now() / 1_000));

type PlainEntry = Parameters<typeof encodeEntry>[0];

/** A layer 1 in memory: takes what follows the latest batch, as the contract does. */
export class MemoryChain implements PostingChain, QueueSource {
  readonly poster = player(99).address;
  readonly batches: { readonly batch: Batch; readonly hash: Uint8Array; readonly sealed?: SealedBatch }[] = [];
  readonly entries: Uint8Array[] = [];
  readonly falseOnes = new Set<string>();
  /** Numbers of batches that were announced to be posted. */
  readonly prepared: bigint[] = [];
  frozen = false;
  /** What the next post is refused with. */
  refusal: string | undefined;
  /** Seconds that the chain's clock is ahead of this machine's. */
  ahead = 0n;
  block = 1n;

  constructor() {
    const batch: Batch = {
      ...FIRST,
      parent: new Uint8Array(32),
      state: { root: new Uint8Array(32), nextLeaf: 1, queue: 0n },
      time: now() - 1_000n,
      queueTime: now() - 1_000n,
      postedAt: now() - 1_000n,
      blockNumber: 1n,
      poster: new Uint8Array(20),
      data: new Uint8Array(32),
    };
    this.batches.push({ batch, hash: batchHash(crypto, batch) });
  }

  get time(): bigint {
    return now() + this.ahead;
  }

  get latest(): { readonly batch: Batch; readonly hash: Uint8Array; readonly sealed?: SealedBatch } {
    return this.batches.at(-1) as { batch: Batch; hash: Uint8Array };
  }

  enqueue(
    entry:
      | Omit<Exclude<Entry, ForcedEntry>, "queuedAt">
      | (Omit<ForcedEntry, "queuedAt" | "transaction"> & { body: Uint8Array }),
  ): bigint {
    this.entries.push(encodeEntry({ ...entry, queuedAt: this.time - 2n } as PlainEntry));
    return BigInt(this.entries.length - 1);
  }

  async queue(from: bigint, limit: number): ReturnType<QueueSource["queue"]> {
    return { entries: this.entries.slice(Number(from), Number(from) + limit), knownUntil: this.time };
  }

  async movesHaltAt(): Promise<bigint> {
    return NEVER;
  }

  async head(): Promise<ChainHead> {
    const { batch, hash } = this.latest;
    const { number, time, postedAt, blockNumber } = batch;
    return { number, hash, time, postedAt, blockNumber, frozen: this.frozen, now: this.time };
  }

  async settledNumber(): Promise<bigint> {
    return this.latest.batch.number > 2n ? this.latest.batch.number - 2n : 0n;
  }

  async isPosted({ state, segments, header }: SealedBatch): Promise<boolean> {
    const { batch } = this.latest;
    return (
      batch.number === header.number &&
      Buffer.compare(batch.state.root, state.root) === 0 &&
      Buffer.compare(batch.data, calldataCommitment(crypto, segments)) === 0
    );
  }

  async isProvenFalse(hash: Uint8Array): Promise<boolean> {
    return this.falseOnes.has(Buffer.from(hash).toString("hex"));
  }

  prepare({ header }: SealedBatch): void {
    this.prepared.push(header.number);
  }

  async post(sealed: SealedBatch, parent: ChainHead): Promise<PostingOutcome> {
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal !== undefined) return { kind: "refused", error: refusal, message: "as told" };
    if (Buffer.compare(parent.hash, this.latest.hash) !== 0) {
      return { kind: "refused", error: "NotOnTheLatest", message: "another one was first" };
    }
    this.take(sealed, this.poster);
    return { kind: "posted", transactionHash: "0x", gasUsed: 0n, blobs: 0 };
  }

  take(sealed: SealedBatch, poster: Uint8Array): void {
    const { header, state, segments } = sealed;
    const { root, nextLeaf, queue } = state;
    this.block += 1n;
    const batch: Batch = {
      number: header.number,
      parent: this.latest.hash,
      state: { root, nextLeaf, queue },
      time: header.time,
      queueTime: header.queueTime,
      postedAt: this.time,
      blockNumber: this.block,
      poster,
      mode: 0,
      segments: segments.length,
      data: calldataCommitment(crypto, segments),
    };
    this.batches.push({ batch, hash: batchHash(crypto, batch), sealed });
  }
}

/** Executes what the chain has, from its beginning. */
export const statesOf = (chain: MemoryChain): StateSource => ({
  latest: async () => {
    if (chain.latest.batch.number !== 0n) throw new Error("this test begins with an empty chain");
    return { number: 0n, time: chain.latest.batch.time, ledger: new Ledger(crypto) };
  },
});

export const OPTIONS: Omit<SequencerOptions, "directory"> = {
  scope: SCOPE,
  limits: {
    transactions: 1_000,
    ...hardLimits("calldata", 0),
    entries: 128,
    ageMs: 150,
    emptyAgeMs: 100,
  },
  mempool: { transactions: 2_000, bytes: 1_000_000 },
  quotas: { free: 10_000, perStakedCos: 1, most: 100_000, burstSeconds: 10, sponsored: new Map() },
  receipts: 10_000,
  mostUnposted: 16,
  heartbeatSeconds: 3_600,
  checkpointBytes: 1_000_000,
  takeOver: false,
  pollMs: 20,
};

export const newDirectory = (): string => mkdtempSync(join(tmpdir(), "sequencer-"));

export interface Running {
  readonly sequencer: Sequencer;
  readonly events: SequencerEvent[];
  /** Ends it in order. */
  readonly stop: () => Promise<void>;
  /** How its run ended, where it did by itself. */
  readonly ended: Promise<void>;
}

export interface StartOptions extends Partial<Omit<SequencerOptions, "directory">> {
  readonly send?: boolean;
  readonly stakeOf?: (owner: Uint8Array) => bigint;
  readonly answer?: (call: RulesCall) => RulesAnswer;
  readonly states?: StateSource;
}

/** A sequencer over a chain in memory, in its first life. */
export async function start(chain: MemoryChain, directory: string, options: StartOptions = {}): Promise<Running> {
  const { send = true, stakeOf = () => 0n, answer = () => undefined, states, ...rest } = options;
  const native = await createLedgerCrypto();
  const events: SequencerEvent[] = [];
  const sequencer = new Sequencer(
    { ...OPTIONS, ...rest, directory },
    {
      crypto: native,
      digests,
      signers: new KnownSigners(native),
      recovery: { recover: async (items) => items.map(({ digest, signature }) => native.recover(digest, signature)) },
      rules: { answer: async (call) => answer(call) },
      stakes: { stakeOf: async (owner) => stakeOf(owner) },
      queue: chain,
      chain,
      states: states ?? statesOf(chain),
      clock: systemClock,
      emit: (event) => events.push(event),
      send,
    },
  );
  const end = new AbortController();
  const ended = sequencer.run(end.signal);
  ended.catch(() => undefined);
  await Promise.race([until(() => sequencer.state !== undefined), ended]);
  const stop = async (): Promise<void> => {
    end.abort();
    await ended;
  };
  return { sequencer, events, stop, ended };
}

/** Waits until something is so; a test that waits in vain ends by its time limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(5);
}

/** A transaction as clients send it. */
export function signed(transaction: Transaction, number: number, nonce: bigint): Uint8Array {
  return joined(encodeTransaction(transaction), sign(player(number).key, transaction, nonce));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Deposits to new accounts of players 0 to `count` - 1: account 2i + 1, balance 2i + 2. */
export function fund(chain: MemoryChain, count: number, amount = 1_000_000n): void {
  for (let i = 0; i < count; i++) {
    chain.enqueue({ kind: "Deposit", to: player(i).address, balance: 0, asset: 0, amount } as never);
  }
}

export const accountOf = (number: number): number => 2 * number + 1;
export const balanceOf = (number: number): number => 2 * number + 2;

export { crypto, decodeEntry, digests, player, TransactionDigests };
