import { RelayerError } from "../errors";
import type { ChainReader } from "../ports";
import type { BatchPlace, BatchReader } from "./batchReader";
import type { EmitRollup } from "./events";
import type { QueueReader } from "./queueReader";
import type { FalseSegment, Replica } from "./replica";
import type { RollupAt, RollupConstants, RollupView } from "./rollupView";

/**
 * Follows a rollup: reads what layer 1 has of it at final blocks, re-executes every batch, goes back where layer 1 went
 * back, and stops in front of a batch that is false.
 */
export class RollupNode {
  private seen: RollupAt | undefined;
  private found: FalseSegment | undefined;
  private reportedFinal = false;

  constructor(
    private readonly deps: {
      readonly reader: Pick<ChainReader, "finalized">;
      readonly view: Pick<RollupView, "at" | "movesHalt">;
      readonly batches: Pick<BatchReader, "pathTo" | "read">;
      readonly queue: Pick<QueueReader, "sync" | "entries">;
      readonly replica: Replica;
      readonly constants: Pick<RollupConstants, "challengeSeconds">;
      readonly emit: EmitRollup;
    },
  ) {}

  get replica(): Replica {
    return this.deps.replica;
  }

  /** What the contract said at the last step that came to its end. */
  get at(): RollupAt | undefined {
    return this.seen;
  }

  /** The first canonical batch that is false; undefined while there is none. */
  get fraud(): FalseSegment | undefined {
    return this.found;
  }

  /** Whether the ledger stands at the contract's latest batch. */
  get isCurrent(): boolean {
    return this.seen !== undefined && this.seen.headHash === this.replica.at.hash;
  }

  /** Looks at the next final block; false where there is none. */
  async step(signal: AbortSignal): Promise<boolean> {
    const { reader, view, queue, replica, emit } = this.deps;
    const block = await reader.finalized(signal);
    if (block.number === this.seen?.block.number) return false;
    const at = await view.at(block, signal);
    await queue.sync(block, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      // Entries that are needed are looked for one by one.
      emit({ kind: "failed", part: "queue", error });
    });
    await this.follow(at, signal);
    this.finalize(at);
    if (at.head.frozen && this.seen?.head.frozen !== true) emit({ kind: "frozen", number: at.head.number });
    this.seen = at;
    const final = replica.final.batch.number;
    emit({ kind: "followed", number: replica.at.batch.number, final, queueLength: at.head.queueLength });
    return true;
  }

  private async follow({ block, head, headHash }: RollupAt, signal: AbortSignal): Promise<void> {
    const { batches, replica, emit } = this.deps;
    const latest = { number: head.number, hash: headHash, blockNumber: head.blockNumber };
    const least = replica.final.batch.number;
    const { from, places } = await batches.pathTo(
      latest,
      ({ hash, number }) => {
        if (hash === this.found?.batch.hash || replica.find(hash) !== undefined) return true;
        if (number > least) return false;
        throw new RelayerError("STATE_ROLLED_BACK", `batch ${least} is not the one that this node began with`, {
          alert: true,
          context: { number, hash, least },
        });
      },
      signal,
    );
    // Nothing is built on what is false.
    if (from === this.found?.batch.hash) return;
    this.found = undefined;
    const base = replica.find(from);
    if (base !== undefined && replica.at.hash !== from) {
      const { number } = replica.at.batch;
      replica.rollBack(base.batch.number);
      emit({ kind: "rolled_back", to: base, from: number });
    }
    for (const place of places) {
      signal.throwIfAborted();
      if (!(await this.apply(place, block, signal))) return;
    }
  }

  /** Whether the batch is true. */
  private async apply(place: BatchPlace, block: RollupAt["block"], signal: AbortSignal): Promise<boolean> {
    const { batches, queue, view, replica, emit } = this.deps;
    const posted = await batches.read(place, signal);
    const { batch, hash } = posted;
    const [entries, movesHalt] = await Promise.all([
      queue.entries(replica.at.batch.state.queue, batch.state.queue, block, signal),
      view.movesHalt(batch.time, block, signal),
    ]);
    const verdict = await replica.apply(posted, { entries, movesHalt });
    if (verdict.kind === "false") {
      this.found = verdict.proof;
      this.reportedFinal = false;
      emit({ kind: "batch_false", proof: verdict.proof });
      return false;
    }
    const transactions = verdict.results.reduce((sum, result) => sum + result.transactions.length, 0);
    emit({ kind: "batch_applied", number: batch.number, batchHash: hash, transactions });
    return true;
  }

  private finalize({ block }: RollupAt): void {
    const { replica, constants, emit } = this.deps;
    const isFinal = ({ postedAt }: { readonly postedAt: bigint }): boolean =>
      postedAt + constants.challengeSeconds <= block.timestamp;
    const last = replica.batches.findLast(({ batch }) => isFinal(batch));
    if (last !== undefined) replica.finalize(last.batch.number);
    const { found } = this;
    if (found !== undefined && isFinal(found.batch.batch) && !this.reportedFinal) {
      this.reportedFinal = true;
      emit({ kind: "false_batch_final", number: found.batch.batch.number, batchHash: found.batch.hash });
    }
  }
}
