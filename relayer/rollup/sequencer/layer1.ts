import { getBytes, hexlify, keccak256 } from "ethers";
import { DATA_MODE, batchHash, calldataCommitment, encodeSegments, type Batch } from "../../../protocol/ledger/batch";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { attempted } from "../../cassini/attempts";
import { ContractRevert } from "../../errors";
import type { BodyReader, ChainReader, Clock, StateReader, TransactionSender, VerifiedBlock } from "../../ports";
import type { Store } from "../../store/store";
import type { QueueReader } from "../queueReader";
import { ROLLUP, abiState, decodePosting, type RollupHead } from "../rollupInterface";
import type { RollupAt, RollupView } from "../rollupView";
import type { SealedBatch } from "./engine";
import type { ChainHead, PostingChain, PostingOutcome, QueueSource, QueueView } from "./ports";

/** How far this machine's clock may be ahead of layer 1's. */
const CLOCK_MARGIN_SECONDS = 60n;
/** Of what a post is estimated to use. */
const GAS_MARGIN = 5n;

export interface Layer1Deps {
  readonly chainId: bigint;
  readonly rollup: string;
  readonly crypto: LedgerCrypto;
  readonly reader: ChainReader & StateReader & BodyReader;
  readonly view: RollupView;
  readonly queue: Pick<QueueReader, "sync" | "entries">;
  readonly sender: TransactionSender;
  readonly store: Pick<Store, "transactions">;
  readonly clock: Pick<Clock, "now">;
}

/** The rollup's contract, as a sequencer reads it and posts to it. What it executes is read at final blocks only. */
export class Layer1 implements QueueSource, PostingChain {
  readonly poster: Uint8Array;
  private seen: RollupAt | undefined;
  private recovered = false;

  constructor(private readonly deps: Layer1Deps) {
    this.poster = getBytes(deps.sender.address.toLowerCase());
  }

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
    const { crypto, reader, rollup } = this.deps;
    const { root, nextLeaf, queue } = sealed.state;
    const { time, queueTime } = sealed.header;
    return reader.fromBody(
      head.blockNumber,
      (body) => {
        let others = false;
        for (const { from, to, input } of body.calls) {
          const call = to === rollup ? decodePosting(input) : undefined;
          if (call === undefined) continue;
          others = true;
          const batch: Batch = {
            number: head.number,
            parent: call.claim.parent,
            state: { root, nextLeaf, queue },
            time,
            queueTime,
            postedAt: body.timestamp,
            blockNumber: body.number,
            poster: getBytes(from),
            mode: DATA_MODE.Calldata,
            segments: sealed.segments.length,
            data: calldataCommitment(crypto, sealed.segments),
          };
          if (hexlify(batchHash(crypto, batch)) === hexlify(head.hash)) return true;
        }
        // A body without any posting is another block's.
        return others ? false : undefined;
      },
      signal,
    );
  }

  async isProvenFalse(hash: Uint8Array, signal: AbortSignal): Promise<boolean> {
    return this.call("isProvenFalse", [hexlify(hash)], signal);
  }

  async post(sealed: SealedBatch, parent: ChainHead, signal: AbortSignal): Promise<PostingOutcome> {
    const { sender, store, chainId, rollup: to } = this.deps;
    // What an earlier process left on its way comes first.
    if (!this.recovered) await sender.recover(signal);
    this.recovered = true;
    const claim = {
      parent: hexlify(parent.hash),
      parentBlock: parent.blockNumber,
      state: abiState(sealed.state),
      time: sealed.header.time,
      queueTime: sealed.header.queueTime,
    };
    const data = ROLLUP.encodeFunctionData("postBatch", [claim, encodeSegments(sealed.segments)]);
    const gas = await this.estimate(data, signal);
    if (typeof gas !== "bigint") return gas;
    const key = `batch ${sealed.header.number} ${keccak256(data).slice(2, 18)}`;
    const request = { chainId, key, to, data, gasLimit: gas + gas / GAS_MARGIN };
    const { succeeded, hash, gasUsed } = await attempted(store, sender, request, signal);
    if (succeeded) return { kind: "posted", transactionHash: hash, gasUsed };
    const again = await this.estimate(data, signal);
    return typeof again === "bigint"
      ? { kind: "refused", error: "NotOnTheLatest", message: `reverted: ${hash}` }
      : again;
  }

  private async estimate(data: string, signal: AbortSignal): Promise<bigint | (PostingOutcome & { kind: "refused" })> {
    const { reader, sender, rollup: to } = this.deps;
    try {
      return await reader.estimateGas({ from: sender.address, to, data }, signal);
    } catch (error) {
      if (!(error instanceof ContractRevert)) throw error;
      return { kind: "refused", ...describeRevert(error.data) };
    }
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

function describeRevert(data: string): { readonly error: string | undefined; readonly message: string } {
  try {
    const parsed = ROLLUP.parseError(data);
    if (parsed !== null)
      return { error: parsed.name, message: `${parsed.name}(${parsed.args.map(String).join(", ")})` };
  } catch {
    // Told below.
  }
  return { error: undefined, message: data };
}
