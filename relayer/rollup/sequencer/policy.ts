import { MAX_SEGMENT_BODY, type PostedSegment } from "../../../protocol/ledger/batch";
import { MAX_BLOB_BODY, SLOTS_PER_BLOB } from "../../../protocol/ledger/blobs";
import { MAX_IN_SEGMENT, METER, SEGMENT_METER } from "../../../protocol/ledger/meter";
import type { SignedTransaction } from "../../../protocol/ledger/transactions";
import { TRANSACTIONS } from "../../../protocol/ledger/transactions";
import type { DataRoute } from "../../config";
import type { Engine } from "./engine";

/** When a batch ends, and how large its parts may be. */
export interface BatchLimits {
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

/** Length and state hash beside a segment's body. */
const SEGMENT_OVERHEAD = 34;
/** A transaction has 131,072 bytes at most; its envelope and the call's head need some of them. */
const CALLDATA_BYTES = 126_000;
const CALLDATA_SEGMENTS = 256;
/** Of a transaction, and of a block (BEP-336). */
const MOST_BLOBS = 6;
/** Entries of a segment where each is a forced transaction of the heaviest kind. */
const HEAVIEST_ENTRIES = Math.floor(SEGMENT_METER / Math.max(...Object.values(METER)));

type HardLimits = Pick<BatchLimits, "bytes" | "segments" | "segmentBytes" | "entries">;

/** The most that layer 1 takes on this way; what may go both ways stays within both. */
export function hardLimits(route: DataRoute, blobs: number): HardLimits {
  if (route === "calldata") return within(CALLDATA_BYTES, CALLDATA_SEGMENTS, MAX_SEGMENT_BODY);
  const slots = SLOTS_PER_BLOB * blobs;
  if (route === "blobs") return within(slots * (MAX_BLOB_BODY + SEGMENT_OVERHEAD), slots, MAX_BLOB_BODY);
  return within(CALLDATA_BYTES, Math.min(CALLDATA_SEGMENTS, slots), MAX_BLOB_BODY);
}

/** All entries of a batch have to fit into its segments, with one left for transactions, whatever their proofs cost. */
function within(bytes: number, segments: number, segmentBytes: number): HardLimits {
  return { bytes, segments, segmentBytes, entries: HEAVIEST_ENTRIES * (segments - 1) };
}

/** Whether layer 1 takes these segments by calldata, and by blobs: a log may hold batches that were sealed for another way. */
export function fitsIn(route: Exclude<DataRoute, "cheapest">, segments: readonly PostedSegment[]): boolean {
  const { bytes, segments: most, segmentBytes } = hardLimits(route, MOST_BLOBS);
  const length = segments.reduce((sum, { body }) => sum + body.length + SEGMENT_OVERHEAD, 0);
  return segments.length <= most && length <= bytes && segments.every(({ body }) => body.length <= segmentBytes);
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
  if (batch.bytes + SEGMENT_OVERHEAD * (batch.segments + 2) + bytes + 1 > limits.bytes) return "seal";
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
