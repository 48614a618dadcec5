import type { BatchContext } from "./authority";
import type { LedgerCrypto } from "./crypto";
import type { Entry } from "./entries";
import { MAX_IN_SEGMENT, METER, SEGMENT_METER, meterOf } from "./meter";
import type { Refusal } from "./refusal";
import type { Asking } from "./rulesCall";
import { applyEntry, applyTransaction } from "./transition";
import { readSigned } from "./transactions";
import type { LedgerView } from "./view";
import { WireReader } from "./wire";

/** What became of the entries and the transactions of a segment, in their order. */
export interface SegmentResult {
  readonly entries: readonly Refusal[];
  readonly transactions: readonly Refusal[];
  /** Where the queue stands after it. */
  readonly queue: bigint;
}

/**
 * Executes the bytes of a segment. Total: what is unknown, cut short, beyond the sixteenth or beyond the meter ends it.
 * @param entryAt The queue's entry of that number, which layer 1 has.
 */
export function* executeSegment(
  view: LedgerView,
  body: Uint8Array,
  queueFrom: bigint,
  entryAt: (number: bigint) => Entry,
  context: BatchContext,
): Asking<SegmentResult> {
  const reader = new WireReader(body);
  const wanted = (reader.read("u8") as number | undefined) ?? 0;
  const entries: Refusal[] = [];
  const transactions: Refusal[] = [];
  let queue = queueFrom;
  let meter = 0;
  const admits = (cost: number): boolean => {
    meter += cost;
    return entries.length + transactions.length < MAX_IN_SEGMENT && meter <= SEGMENT_METER;
  };

  while (entries.length < wanted && queue < context.queueTo) {
    const entry = entryAt(queue);
    if (!admits(meterOf(entry))) return { entries, transactions, queue };
    queue += 1n;
    entries.push(yield* applyEntry(view, entry, queue, context));
  }
  for (;;) {
    const signed = readSigned(reader);
    if (signed === undefined || !admits(METER[signed.transaction.kind])) return { entries, transactions, queue };
    const { transaction, signatures } = signed;
    transactions.push(yield* applyTransaction(view, transaction, { signatures }, context.time, queue, context));
  }
}

/** Commits to everything that a segment leads to. */
export function stateHash(crypto: LedgerCrypto, root: Uint8Array, nextLeaf: number, queue: bigint): Uint8Array {
  const bytes = new Uint8Array(44);
  bytes.set(root, 0);
  const numbers = new DataView(bytes.buffer);
  numbers.setUint32(32, nextLeaf);
  numbers.setBigUint64(36, queue);
  return crypto.keccak256(bytes);
}
