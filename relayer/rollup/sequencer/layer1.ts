import { getBytes, hexlify } from "ethers";
import { same } from "../../../protocol/ledger/authority";
import { DATA_MODE, calldataCommitment, claimedState } from "../../../protocol/ledger/batch";
import { blobsCommitment } from "../../../protocol/ledger/blobs";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { versionedHash } from "../../chain/sidecar";
import type { BodyReader, ChainReader, Clock, StateReader, VerifiedBlock } from "../../ports";
import type { QueueReader } from "../queueReader";
import { ROLLUP, blobBatch, calldataBatch, decodePosting, type RollupHead } from "../rollupInterface";
import type { RollupAt, RollupView } from "../rollupView";
import type { SealedBatch } from "./engine";
import { fitsIn } from "./policy";
import type { ChainHead, PostingChain, PostingOutcome, QueueSource, QueueView } from "./ports";
import type { Poster } from "./poster";
import type { Sidecars } from "./sidecars";

/** How far this machine's clock may be ahead of layer 1's. */
const CLOCK_MARGIN_SECONDS = 60n;

export interface Layer1Deps {
  readonly rollup: string;
  readonly crypto: LedgerCrypto;
  readonly reader: ChainReader & StateReader & BodyReader;
  readonly view: RollupView;
  readonly queue: Pick<QueueReader, "sync" | "entries">;
  readonly poster: Poster;
  readonly sidecars: Sidecars;
  readonly clock: Pick<Clock, "now">;
}

/** The rollup's contract, as a sequencer reads it and posts to it. What it executes is read at final blocks only. */
export class Layer1 implements QueueSource, PostingChain {
  private seen: RollupAt | undefined;

  constructor(private readonly deps: Layer1Deps) {}

  async queue(from: bigint, limit: number, signal: AbortSignal): Promise<QueueView> {
    const { block, head } = await this.final(signal);
    const knownUntil = block.timestamp;
    const most = from + BigInt(limit);
    const to = head.queueLength < most ? head.queueLength : most;
    if (to <= from) return { entries: [], knownUntil };
    await this.deps.queue.sync(block, signal);
    return { entries: await this.deps.queue.entries(from, to, block, signal), knownUntil };
  }

  async movesHaltAt(time: bigint, signal: AbortSignal): Promise<bigint> {
    const { block } = await this.final(signal);
    return this.deps.view.movesHalt(time, block, signal);
  }

  async head(signal: AbortSignal): Promise<ChainHead> {
    const head = await this.call<RollupHead>("head", [], signal);
    const hash = await this.batchHashOf(head.number, signal);
    const { block } = await this.final(signal);
    const local = BigInt(Math.floor(this.deps.clock.now() / 1_000)) - CLOCK_MARGIN_SECONDS;
    const { number, time, postedAt, blockNumber, frozen } = head;
    return {
      number,
      hash,
      time,
      postedAt,
      blockNumber,
      frozen,
      now: block.timestamp > local ? block.timestamp : local,
    };
  }

  async settledNumber(signal: AbortSignal): Promise<bigint> {
    return (await this.final(signal)).head.number;
  }

  async isPosted(sealed: SealedBatch, head: ChainHead, signal: AbortSignal): Promise<boolean> {
    const { crypto, reader, rollup, sidecars } = this.deps;
    const posted = await reader.fromBody(
      head.blockNumber,
      (body) => {
        let others = false;
        for (const { from, to, input, blobHashes } of body.calls) {
          const call = to === rollup ? decodePosting(input) : undefined;
          if (call === undefined) continue;
          others = true;
          const { number } = head;
          const place = { number, postedAt: body.timestamp, blockNumber: body.number, poster: from };
          const inCalldata = call.mode === DATA_MODE.Calldata;
          const batch = inCalldata ? calldataBatch(crypto, call, place) : blobBatch(crypto, call, place, blobHashes);
          if (batch?.hash === hexlify(head.hash)) return { batch: batch.batch };
        }
        // A body without any posting is another block's.
        return others ? "another" : undefined;
      },
      signal,
    );
    if (posted === "another") return false;
    const { batch } = posted;
    const { header, state, segments } = sealed;
    if (batch.number !== header.number || batch.time !== header.time || batch.queueTime !== header.queueTime)
      return false;
    if (batch.segments !== segments.length || !same(claimedState(crypto, batch), state.hash)) return false;
    if (batch.mode === DATA_MODE.Calldata) return same(batch.data, calldataCommitment(crypto, segments));
    if (!fitsIn("blobs", segments)) return false;
    const blobs = await sidecars.of(sealed);
    const hashes = blobs.map(({ commitment }) => getBytes(versionedHash(commitment)));
    return same(batch.data, blobsCommitment(crypto, hashes));
  }

  async isProvenFalse(hash: Uint8Array, signal: AbortSignal): Promise<boolean> {
    return this.call("isProvenFalse", [hexlify(hash)], signal);
  }

  prepare(sealed: SealedBatch): void {
    this.deps.poster.prepare(sealed);
  }

  post(sealed: SealedBatch, parent: ChainHead, signal: AbortSignal): Promise<PostingOutcome> {
    return this.deps.poster.post(sealed, parent, signal);
  }

  private batchHashOf(number: bigint, signal: AbortSignal): Promise<Uint8Array> {
    return this.call<string>("batchHashOf", [number], signal).then((hash) => getBytes(hash));
  }

  private async call<Value>(name: string, args: readonly unknown[], signal: AbortSignal): Promise<Value> {
    const answer = await this.deps.reader.call(this.deps.rollup, ROLLUP.encodeFunctionData(name, args), signal);
    return ROLLUP.decodeFunctionResult(name, answer)[0] as Value;
  }

  /** The contract at the latest final block. */
  private async final(signal: AbortSignal): Promise<RollupAt> {
    const block: VerifiedBlock = await this.deps.reader.finalized(signal);
    if (this.seen?.block.hash !== block.hash) this.seen = await this.deps.view.at(block, signal);
    return this.seen;
  }
}
