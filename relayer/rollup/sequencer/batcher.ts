import { same } from "../../../protocol/ledger/authority";
import { RelayerError } from "../../errors";
import { hexlify } from "ethers";
import type { SealedBatch } from "./engine";
import type { EmitSequencer } from "./events";
import type { ChainHead, PostingChain } from "./ports";
import { STALE_SECONDS } from "./recovery";

/** Batches have to be executed anew on another parent, or with another clock. */
export class RebaseNeeded extends Error {
  constructor(readonly reason: string) {
    super(`batches are executed anew: ${reason}`);
    this.name = "RebaseNeeded";
  }
}

/** The contract's errors after which posting the same again helps, once the chain has gone on. */
const PASSING = new Set(["NotOnTheLatest", "WrongParentBlock", "QueueOutOfRange"]);
/** Those that new clocks and a new part of the queue repair. */
const REBASING = new Set(["BatchTimeOutOfRange", "QueueTimeTooLate", "QueueTimeTooEarly", "QueueSkipped"]);

/**
 * Brings sealed batches to layer 1, one after the other, each on the one before. It believes no memory of its own: what is
 * on chain is compared with what was sealed, so that neither a crash nor a reorganization makes it post twice or leave one out.
 */
export class Batcher {
  /** Sealed batches by number, from the first one on that could be rolled back by a reorganization. */
  private readonly sealed = new Map<bigint, SealedBatch>();
  /** Hashes of those that were found on chain as they were sealed. */
  private readonly known = new Map<bigint, Uint8Array>();
  private latest: bigint;

  /**
   * @param base The batch that the state began from, and its hash on chain where it is known to be the right one.
   */
  constructor(
    private readonly chain: PostingChain,
    private readonly emit: EmitSequencer,
    base: bigint,
  ) {
    this.latest = base;
  }

  /** Sealed batches that are not on chain. */
  get unposted(): number {
    let count = 0;
    for (const number of this.sealed.keys()) if (number > this.latest) count += 1;
    return count;
  }

  /** The latest batch that is on chain as it was sealed. */
  get posted(): bigint {
    return this.latest;
  }

  batch(number: bigint): SealedBatch | undefined {
    return this.sealed.get(number);
  }

  add(batch: SealedBatch): void {
    this.sealed.set(batch.header.number, batch);
    if (batch.header.number > this.latest) this.chain.prepare(batch);
  }

  /** One look at the chain, and the next batch if there is one; whether there may be more to do at once. */
  async step(signal: AbortSignal): Promise<boolean> {
    const head = await this.chain.head(signal);
    if (head.frozen) {
      throw new RelayerError("POSTING_REFUSED", "the rollup is frozen: nothing is posted any more, everybody leaves", {
        alert: true,
      });
    }
    await this.compare(head, signal);
    await this.forget(signal);
    const next = this.sealed.get(head.number + 1n);
    if (next === undefined) return false;
    if (next.header.time + STALE_SECONDS < head.now) throw new RebaseNeeded("a clock is too old to be posted");
    const outcome = await this.chain.post(next, head, signal);
    if (outcome.kind === "posted") {
      const { transactionHash, gasUsed, blobs } = outcome;
      const { transactions } = next;
      this.emit({ kind: "posted", batch: next.header.number, transactionHash, gasUsed, blobs, transactions });
      return true;
    }
    const { error = "unknown", message } = outcome;
    this.emit({ kind: "posting_refused", batch: next.header.number, error, message });
    if (PASSING.has(error)) return true;
    if (REBASING.has(error)) throw new RebaseNeeded(error);
    throw new RelayerError("POSTING_REFUSED", `layer 1 refuses the batch: ${error}: ${message}`, {
      alert: true,
      retriable: true,
      context: { batch: next.header.number, error },
    });
  }

  /** Finds out which of the sealed batches are on chain; throws FOREIGN_BATCH where another stands in their place. */
  private async compare(head: ChainHead, signal: AbortSignal): Promise<void> {
    const before = this.latest;
    if (head.number < this.latest) {
      for (const [number, hash] of this.known) {
        if (number <= head.number) continue;
        this.known.delete(number);
        if (await this.chain.isProvenFalse(hash, signal)) throw provenFalse(number, hash);
      }
      this.latest = head.number;
      this.emit({ kind: "rolled_back", from: before, to: head.number });
    }
    const known = this.known.get(head.number);
    if (known !== undefined && same(known, head.hash)) {
      this.latest = head.number;
      return;
    }
    const sealed = this.sealed.get(head.number);
    if (sealed === undefined) {
      // The base was compared when the log was opened; all else that is on chain was sealed here.
      if (head.number === this.latest && known === undefined) return;
      if (head.number <= this.latest) throw new RebaseNeeded("batches that were settled are gone");
      throw foreign(head.number, head.hash);
    }
    if (!(await this.chain.isPosted(sealed, head, signal))) throw foreign(head.number, head.hash);
    this.known.set(head.number, head.hash);
    this.latest = head.number;
  }

  /** Drops what no reorganization can bring back. */
  private async forget(signal: AbortSignal): Promise<void> {
    const settled = await this.chain.settledNumber(signal);
    for (const number of this.sealed.keys()) {
      if (number >= settled || number >= this.latest) continue;
      this.sealed.delete(number);
      this.known.delete(number);
    }
  }
}

export function foreign(number: bigint, hash: Uint8Array): RelayerError {
  return new RelayerError(
    "FOREIGN_BATCH",
    `batch ${number} on layer 1 is none of this log: another sequencer posts, or this log is an old copy. Stop the other one; ` +
      "then start with rollup.sequencer.takeOver: true, which goes on from what is on chain and keeps what was acknowledged here",
    { alert: true, context: { number, hash: hexlify(hash) } },
  );
}

function provenFalse(number: bigint, hash: Uint8Array): RelayerError {
  return new RelayerError(
    "POSTING_REFUSED",
    `batch ${number} of this sequencer was proven false, and its bond is gone: this program executes otherwise than layer 1`,
    { alert: true, context: { number, hash: hexlify(hash) } },
  );
}
