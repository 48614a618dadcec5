import { hexlify } from "ethers";
import type { BatchContext } from "../../protocol/ledger/authority";
import type { Batch, PostedSegment, StateHeader } from "../../protocol/ledger/batch";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import type { Ledger, Undo, Witness } from "../../protocol/ledger/ledger";
import type { SegmentResult } from "../../protocol/ledger/segment";
import type { TransactionDigests } from "../../protocol/ledger/transactions";
import type { RulesAnswers } from "./rulesAnswers";
import { runSegment, type EntryBytes } from "./segmentRun";

/** A batch by what layer 1 keeps of it. */
export interface KnownBatch {
  readonly batch: Batch;
  /** Lowercase hex. */
  readonly hash: string;
}

/** A batch with its data. */
export interface PostedBatch extends KnownBatch {
  readonly segments: readonly PostedSegment[];
  /** Where its segments are in blobs: these. */
  readonly blobs?: readonly Uint8Array[];
}

/** What layer 1 has besides, and a batch is executed with. */
export interface BatchInputs {
  /** From the parent's place in the queue to the batch's. */
  readonly entries: readonly Uint8Array[];
  /** From this time on rules are not called by this batch. */
  readonly movesHalt: bigint;
}

/** A segment that does not lead to what its batch says: what `proveFraud` is shown. */
export interface FalseSegment {
  readonly batch: PostedBatch;
  readonly parent: Batch;
  readonly segment: number;
  readonly before: StateHeader;
  readonly witness: Witness & { readonly entries: readonly Uint8Array[] };
}

export type Verdict =
  | { readonly kind: "applied"; readonly results: readonly SegmentResult[] }
  /** The ledger stands at the parent again. */
  | { readonly kind: "false"; readonly proof: FalseSegment };

interface Applied extends KnownBatch {
  /** Of each segment; empty once the batch is final. */
  readonly undos: readonly Undo[];
  /** What the batch left at each leaf that it changed, for the ledger of what is final; empty without one. */
  readonly left: ReadonlyMap<number, Uint8Array | undefined>;
}

/** A leaf with the path to the root of a batch's state: what the vault is shown. */
export interface ProvenLeaf extends KnownBatch {
  readonly index: number;
  readonly leaf: Uint8Array;
  /** From the leaf upwards. */
  readonly siblings: readonly Uint8Array[];
}

const NOTHING: ReadonlyMap<number, Uint8Array | undefined> = new Map();

/**
 * The ledger at a canonical batch, by re-execution. Keeps what takes back each batch that is not final. One caller at a
 * time: who applies waits before anything else.
 */
export class Replica {
  /** Ascending; the first is final, or where this replica began. */
  private readonly chain: Applied[];

  constructor(
    private readonly deps: {
      readonly ledger: Ledger;
      /** Another one at the same state, which follows when batches become final; absent: none is needed. */
      readonly settled?: Ledger;
      readonly crypto: LedgerCrypto;
      readonly digests: TransactionDigests;
      readonly rules: RulesAnswers;
    },
    at: KnownBatch,
  ) {
    this.chain = [{ ...at, undos: [], left: NOTHING }];
  }

  get ledger(): Ledger {
    return this.deps.ledger;
  }

  /** The batch at which the ledger stands. */
  get at(): KnownBatch {
    return this.chain[this.chain.length - 1] as Applied;
  }

  /** The batches that are remembered, from the last final one on. */
  get batches(): readonly KnownBatch[] {
    return this.chain;
  }

  /** The remembered batch with this hash. */
  find(hash: string): KnownBatch | undefined {
    return this.chain.find((known) => known.hash === hash);
  }

  /** Executes the batch that follows; throws where it follows another one. */
  async apply(posted: PostedBatch, inputs: BatchInputs): Promise<Verdict> {
    const { batch } = posted;
    const parent = this.at;
    if (hexlify(batch.parent) !== parent.hash) {
      throw new RangeError(`batch ${batch.number} does not follow batch ${parent.batch.number}`);
    }
    const from = parent.batch.state.queue;
    const entryAt: EntryBytes = (number) => {
      const entry = inputs.entries[Number(number - from)];
      if (entry === undefined) throw new RangeError(`entry ${number} of batch ${batch.number} was not given`);
      return entry;
    };
    const context = this.contextOf(batch, inputs.movesHalt);
    const undos: Undo[] = [];
    const results: SegmentResult[] = [];
    try {
      for (const [segment, { body, claimed }] of posted.segments.entries()) {
        const { root, nextLeaf, queue } = this.ledger.state();
        const run = await runSegment(this.ledger, body, entryAt, context, this.deps.rules);
        undos.push(this.ledger.commit(run.queue));
        if (same(this.ledger.state().hash, claimed)) {
          results.push(run);
          continue;
        }
        // The witness is of the state before: back there, and once more.
        this.ledger.revert(undos.pop() as Undo);
        this.ledger.state();
        const again = await runSegment(this.ledger, body, entryAt, context, this.deps.rules);
        const proof = {
          batch: posted,
          parent: parent.batch,
          segment,
          before: { root, nextLeaf, queue },
          witness: { ...this.ledger.witness(), entries: again.read },
        };
        this.takeBack(undos);
        return { kind: "false", proof };
      }
    } catch (error) {
      this.takeBack(undos);
      throw error;
    }
    this.adopt(posted, undos);
    return { kind: "applied", results };
  }

  /** Takes over what the caller executed and committed itself. */
  adopt({ batch, hash }: KnownBatch, undos: readonly Undo[]): void {
    const changed = undos.flatMap(({ leaves }) => [...leaves.keys()]);
    const left =
      this.deps.settled === undefined
        ? NOTHING
        : new Map(changed.map((index) => [index, this.ledger.bytes(index)] as const));
    this.chain.push({ batch, hash, undos, left });
  }

  /** Takes back every batch above `number`; throws where one of them is final here. */
  rollBack(number: bigint): void {
    const first = (this.chain[0] as Applied).batch.number;
    if (number < first) throw new RangeError(`batch ${first} is final: nothing below it is kept`);
    while (this.at.batch.number > number) this.takeBack((this.chain.pop() as Applied).undos);
  }

  /** The last batch that is final, or where this replica began. */
  get final(): KnownBatch {
    return this.chain[0] as Applied;
  }

  /** The ledger at `final`; undefined where none is kept. */
  get settled(): Ledger | undefined {
    return this.deps.settled;
  }

  /** Forgets how to take back this batch and those before it. */
  finalize(number: bigint): void {
    for (let next = this.chain[1]; next !== undefined && next.batch.number <= number; next = this.chain[1]) {
      this.chain.shift();
      const { nextLeaf, queue } = next.batch.state;
      this.settled?.revert({ leaves: next.left, nextLeaf, queue });
      this.chain[0] = { ...next, undos: [], left: NOTHING };
    }
  }

  /** A leaf as the latest batch left it, or as the last final one did; undefined where it is empty there. */
  prove(index: number, at: "latest" | "final"): ProvenLeaf | undefined {
    const ledger = at === "latest" ? this.ledger : this.settled;
    if (ledger === undefined) throw new RangeError("this replica keeps no state of what is final");
    const leaf = ledger.bytes(index);
    if (leaf === undefined) return undefined;
    const { batch, hash } = at === "latest" ? this.at : this.final;
    return { batch, hash, index, leaf, siblings: ledger.prove(index) };
  }

  private contextOf(batch: Batch, movesHalt: bigint): BatchContext {
    const { crypto, digests } = this.deps;
    const { time, queueTime, state } = batch;
    return { time, queueTime, queueTo: state.queue, movesHalt, digests, crypto };
  }

  private takeBack(undos: readonly Undo[]): void {
    this.ledger.discard();
    for (const undo of [...undos].reverse()) this.ledger.revert(undo);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
