import { MAX_SEGMENT_BODY } from "../../../protocol/ledger/batch";
import { MAX_IN_SEGMENT, METER, SEGMENT_METER } from "../../../protocol/ledger/meter";
import type { SignedTransaction } from "../../../protocol/ledger/transactions";
import { TRANSACTIONS } from "../../../protocol/ledger/transactions";
import type { Engine } from "./engine";

export type DataModeName = "calldata" | "blobs";

/** When a batch ends, and how large its parts may be. */
export interface BatchLimits {
  readonly mode: DataModeName;
  readonly transactions: number;
  /** Of its data on layer 1. */
  readonly bytes: number;
  readonly segments: number;
  readonly segmentBytes: number;
  /** Entries of the queue. */
  readonly entries: number;
  /** Between its opening and its end, where it has something. */
  readonly ageMs: number;
  /** After which one without anything is opened anew, for its clock stands still. */
  readonly emptyAgeMs: number;
}

/** In calldata: length and state hash beside a segment's body. */
const CALLDATA_OVERHEAD = 34;
/** A transaction has 131,072 bytes at most; its envelope and the call's head need some of them. */
const CALLDATA_BYTES = 126_000;
const CALLDATA_SEGMENTS = 256;
/** A slot has 64 field elements of 31 bytes, of which 34 are length and state hash. */
const SLOT_BYTES = 64 * 31 - CALLDATA_OVERHEAD;
const SLOTS_IN_BLOB = 64;

/** The most that layer 1 takes in this mode. */
export function hardLimits(
  mode: DataModeName,
  blobs: number,
): Pick<BatchLimits, "bytes" | "segments" | "segmentBytes"> {
  if (mode === "calldata") {
    return { bytes: CALLDATA_BYTES, segments: CALLDATA_SEGMENTS, segmentBytes: MAX_SEGMENT_BODY };
  }
  const segments = SLOTS_IN_BLOB * blobs;
  return { bytes: segments * (SLOT_BYTES + CALLDATA_OVERHEAD), segments, segmentBytes: SLOT_BYTES };
}

/** What has to end before something goes in. */
export type Room = "fits" | "cut" | "seal";

const signedBytes = (bodyBytes: number, { transaction }: SignedTransaction): number =>
  bodyBytes + 64 * TRANSACTIONS[transaction.kind].signatures;

/** Whether a transaction whose body has so many bytes fits into the open segment, and the open batch. */
export function roomFor(engine: Engine, signed: SignedTransaction, bodyBytes: number, limits: BatchLimits): Room {
  const batch = engine.open;
  if (batch === undefined) return "seal";
  const bytes = signedBytes(bodyBytes, signed);
  const { segment } = batch;
  if (batch.transactions >= limits.transactions) return "seal";
  if (batch.bytes + CALLDATA_OVERHEAD * (batch.segments + 2) + bytes + 1 > limits.bytes) return "seal";
  const fits =
    segment.count < MAX_IN_SEGMENT &&
    segment.meter + METER[signed.transaction.kind] <= SEGMENT_METER &&
    segment.bytes + bytes <= limits.segmentBytes;
  if (fits) return "fits";
  return batch.segments + 2 > limits.segments ? "seal" : "cut";
}

/** Whether an entry whose proof may cost so much fits into the open segment. */
export function entryFits(segment: { readonly count: number; readonly meter: number }, meter: number): boolean {
  return segment.count < MAX_IN_SEGMENT && segment.meter + meter <= SEGMENT_METER;
}
