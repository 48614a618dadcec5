import type { BatchContext } from "../../../protocol/ledger/authority";
import type { PostedSegment } from "../../../protocol/ledger/batch";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { decodeEntry } from "../../../protocol/ledger/entries";
import type { Ledger, LedgerState, Undo } from "../../../protocol/ledger/ledger";
import { METER, meterOf } from "../../../protocol/ledger/meter";
import { REFUSAL, type Refusal } from "../../../protocol/ledger/refusal";
import type { Asking, RulesAnswer, RulesCall } from "../../../protocol/ledger/rulesCall";
import {
  encodeTransaction,
  type SignedTransaction,
  type TransactionDigests,
} from "../../../protocol/ledger/transactions";
import { applyEntry, applyTransaction } from "../../../protocol/ledger/transition";
import { hexlify } from "ethers";
import { RelayerError } from "../../errors";
import { Draft, type Change } from "./draft";

/** What a batch is executed with, fixed when it is opened. */
export interface BatchHeader {
  readonly number: bigint;
  /** The clock of layer 2, Unix seconds. */
  readonly time: bigint;
  readonly queueTime: bigint;
  /** From this clock on rules are not called. */
  readonly movesHalt: bigint;
  /** The queue's entries that it consumes, from the parent's position on. */
  readonly entries: readonly Uint8Array[];
}

/** A batch whose content is fixed. */
export interface SealedBatch {
  readonly header: BatchHeader;
  readonly state: LedgerState;
  readonly segments: readonly PostedSegment[];
  /** Per segment: of its entries, then of its transactions. */
  readonly results: readonly (readonly Refusal[])[];
  readonly transactions: number;
}

/** Where a transaction stands. */
export interface Place {
  readonly batch: bigint;
  readonly segment: number;
  /** In its segment, entries counted first. */
  readonly position: number;
}

export type Execution =
  | { readonly refusal: Exclude<Refusal, 0> }
  | { readonly refusal: 0; readonly place: Place; readonly changes: readonly Change[] };

/** Answers calls of rules; rejects where it cannot know the answer, never with a wrong one. */
export interface RulesPort {
  answer(call: RulesCall): Promise<RulesAnswer>;
}

export interface EngineDeps {
  readonly digests: TransactionDigests;
  readonly crypto: LedgerCrypto;
  readonly rules: RulesPort;
}

/** Hears what changes in the pending state, at once. */
export interface EngineListener {
  changed(changes: readonly Change[]): void;
  /** Changes that it heard of are no more. */
  takenBack(): void;
}

interface OpenSegment {
  entries: number;
  meter: number;
  bytes: number;
  readonly parts: Uint8Array[];
  readonly results: Refusal[];
}

interface OpenBatch {
  readonly header: BatchHeader;
  readonly context: BatchContext;
  readonly segments: PostedSegment[];
  readonly results: Refusal[][];
  readonly undos: Undo[];
  readonly before: bigint;
  segment: OpenSegment;
  queue: bigint;
  transactions: number;
  bytes: number;
}

/** Bytes of a segment that are neither its transactions nor its state: how many entries it consumes. */
const SEGMENT_HEAD = 1;

/**
 * Executes what becomes batches over the pending state. It decides nothing: when a segment or a batch ends is told to it,
 * so that what was logged is done again exactly. One call at a time.
 */
export class Engine {
  private batch: OpenBatch | undefined;
  /** Of the batch that was sealed last. */
  private undos: readonly Undo[] = [];
  private listener: EngineListener | undefined;

  /** @param number Of the batch whose state the ledger is in. */
  constructor(
    readonly ledger: Ledger,
    private number: bigint,
    private readonly deps: EngineDeps,
  ) {}

  /** The latest sealed batch. */
  get sealed(): bigint {
    return this.number;
  }

  /** The open batch, if there is one. */
  get open():
    | {
        readonly header: BatchHeader;
        readonly context: BatchContext;
        readonly transactions: number;
        readonly segments: number;
        readonly bytes: number;
        /** Entries that it has still to consume. */
        readonly waiting: number;
        readonly segment: { readonly count: number; readonly meter: number; readonly bytes: number };
      }
    | undefined {
    if (this.batch === undefined) return undefined;
    const { header, context, transactions, segments, segment, bytes, queue, before } = this.batch;
    return {
      header,
      context,
      transactions,
      segments: segments.length,
      bytes: bytes + segment.bytes,
      waiting: header.entries.length - Number(queue - before),
      segment: { count: segment.results.length, meter: segment.meter, bytes: segment.bytes },
    };
  }

  listen(listener: EngineListener): void {
    this.listener = listener;
  }

  begin(header: BatchHeader): void {
    if (this.batch !== undefined) throw new TypeError(`batch ${this.batch.header.number} is open`);
    if (header.number !== this.number + 1n) throw new TypeError(`batch ${header.number} after ${this.number}`);
    const queue = this.ledger.queue;
    const { time, queueTime, movesHalt } = header;
    const { digests, crypto } = this.deps;
    this.batch = {
      header,
      context: { time, queueTime, queueTo: queue + BigInt(header.entries.length), movesHalt, digests, crypto },
      segments: [],
      results: [],
      undos: [],
      before: queue,
      segment: newSegment(),
      queue,
      transactions: 0,
      bytes: 0,
    };
  }

  /** What the proof of the next entry may cost; undefined where none is left. */
  nextEntryMeter(): number | undefined {
    const batch = this.requireOpen();
    const bytes = batch.header.entries[Number(batch.queue - batch.before)];
    return bytes === undefined ? undefined : meterOf(requireEntry(bytes));
  }

  /** Consumes the next entries of the queue, before all transactions of the segment. */
  async consume(count: number): Promise<void> {
    const batch = this.requireOpen();
    const { segment } = batch;
    if (segment.parts.length > 0) throw new TypeError("entries come first in a segment");
    for (let i = 0; i < count; i++) {
      const bytes = batch.header.entries[Number(batch.queue - batch.before)];
      if (bytes === undefined) throw new TypeError(`batch ${batch.header.number} has no entry ${batch.queue}`);
      const entry = requireEntry(bytes);
      const draft = new Draft(this.ledger);
      const refusal = await this.drive(applyEntry(draft, entry, batch.queue + 1n, batch.context));
      batch.queue += 1n;
      segment.entries += 1;
      segment.meter += meterOf(entry);
      segment.results.push(refusal);
      if (refusal !== REFUSAL.Applied) continue;
      const changes = draft.apply();
      this.listener?.changed(changes);
    }
  }

  /** Executes a transaction; only one that applies becomes part of the batch. */
  async execute(signed: SignedTransaction): Promise<Execution> {
    const batch = this.requireOpen();
    const { segment, header, context } = batch;
    const { transaction, signatures } = signed;
    const draft = new Draft(this.ledger);
    const refusal = await this.drive(
      applyTransaction(draft, transaction, { signatures }, header.time, batch.queue, context),
    );
    if (refusal !== REFUSAL.Applied) return { refusal };
    const changes = draft.apply();
    const place = { batch: header.number, segment: batch.segments.length, position: segment.results.length };
    const bytes = encodeSigned(signed);
    segment.parts.push(bytes);
    segment.bytes += bytes.length;
    segment.meter += METER[transaction.kind];
    segment.results.push(REFUSAL.Applied);
    batch.transactions += 1;
    this.listener?.changed(changes);
    return { refusal, place, changes };
  }

  /** Ends the segment. */
  cut(): void {
    const batch = this.requireOpen();
    const { segment } = batch;
    const body = new Uint8Array(segment.bytes);
    body[0] = segment.entries;
    let offset = SEGMENT_HEAD;
    for (const part of segment.parts) {
      body.set(part, offset);
      offset += part.length;
    }
    batch.undos.push(this.ledger.commit(batch.queue));
    batch.segments.push({ body, claimed: this.ledger.state().hash });
    batch.results.push(segment.results);
    batch.bytes += segment.bytes;
    batch.segment = newSegment();
  }

  /** Ends the batch; one without anything has one empty segment. */
  seal(): SealedBatch {
    const batch = this.requireOpen();
    if (batch.segment.results.length > 0 || batch.segments.length === 0) this.cut();
    if (batch.queue !== batch.context.queueTo) throw new TypeError(`batch ${batch.header.number} leaves entries`);
    this.batch = undefined;
    this.undos = batch.undos;
    this.number = batch.header.number;
    const { header, segments, results, transactions } = batch;
    return { header, state: this.ledger.state(), segments, results, transactions };
  }

  /** Takes the open batch back. */
  abandon(): void {
    const { undos, segment } = this.requireOpen();
    this.ledger.discard();
    this.revert(undos);
    this.batch = undefined;
    if (undos.length > 0 || segment.results.length > 0) this.listener?.takenBack();
  }

  /** Takes the batch back that was sealed last; no other is open. */
  unseal(): void {
    if (this.batch !== undefined) throw new TypeError(`batch ${this.batch.header.number} is open`);
    this.revert(this.undos);
    this.undos = [];
    this.number -= 1n;
    this.listener?.takenBack();
  }

  private async drive(steps: Asking<Refusal>): Promise<Refusal> {
    let step = steps.next();
    while (step.done !== true) step = steps.next(await this.answer(step.value));
    return step.value;
  }

  private async answer(call: RulesCall): Promise<RulesAnswer> {
    try {
      return await this.deps.rules.answer(call);
    } catch (error) {
      throw new RelayerError("ENDPOINT_UNAVAILABLE", "a game's rules cannot be asked", {
        retriable: true,
        context: { rules: hexlify(call.rules), call: call.call },
        cause: error,
      });
    }
  }

  private revert(undos: readonly Undo[]): void {
    for (const undo of undos.toReversed()) this.ledger.revert(undo);
  }

  private requireOpen(): OpenBatch {
    if (this.batch === undefined) throw new TypeError("no batch is open");
    return this.batch;
  }
}

function newSegment(): OpenSegment {
  return { entries: 0, meter: 0, bytes: SEGMENT_HEAD, parts: [], results: [] };
}

function requireEntry(bytes: Uint8Array): NonNullable<ReturnType<typeof decodeEntry>> {
  const entry = decodeEntry(bytes);
  if (entry === undefined) throw new TypeError("layer 1 queues no such entry");
  return entry;
}

/** A transaction as it stands in a segment. */
export function encodeSigned({ transaction, signatures }: SignedTransaction): Uint8Array {
  const head = encodeTransaction(transaction);
  const bytes = new Uint8Array(head.length + signatures.reduce((sum, { length }) => sum + length, 0));
  bytes.set(head, 0);
  let offset = head.length;
  for (const signature of signatures) {
    bytes.set(signature, offset);
    offset += signature.length;
  }
  return bytes;
}
