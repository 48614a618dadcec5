import type { BatchContext } from "../../protocol/ledger/authority";
import { decodeEntry, type Entry } from "../../protocol/ledger/entries";
import type { Ledger } from "../../protocol/ledger/ledger";
import { executeSegment, type SegmentResult } from "../../protocol/ledger/segment";
import type { RulesAnswers } from "./rulesAnswers";

/** The queue's entry of this number, as layer 1 has it. */
export type EntryBytes = (number: bigint) => Uint8Array;

/** What a segment did to a ledger, before it is committed. */
export interface SegmentRun extends SegmentResult {
  /** Entries that were read, in order: the last one may not have been consumed. */
  readonly read: readonly Uint8Array[];
}

/** Executes a segment over what is committed of a ledger; whoever calls commits or discards. */
export async function runSegment(
  ledger: Ledger,
  body: Uint8Array,
  entryAt: EntryBytes,
  context: BatchContext,
  rules: RulesAnswers,
): Promise<SegmentRun> {
  const read: Uint8Array[] = [];
  const entry = (number: bigint): Entry => {
    const bytes = entryAt(number);
    const decoded = decodeEntry(bytes);
    if (decoded === undefined) throw new RangeError(`entry ${number} is none that layer 1 queues`);
    read.push(bytes);
    return decoded;
  };
  const steps = executeSegment(ledger, body, ledger.queue, entry, context);
  let step = steps.next();
  while (step.done !== true) step = steps.next(await rules.answer(step.value));
  return { ...step.value, read };
}
