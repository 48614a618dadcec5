import type { LedgerCrypto } from "./crypto";
import { stateHash } from "./segment";

/** Where the segments of a batch are. */
export const DATA_MODE = { Calldata: 0, Blobs: 1 } as const;
export type DataMode = (typeof DATA_MODE)[keyof typeof DATA_MODE];

/** A state by what its hash commits to. */
export interface StateHeader {
  readonly root: Uint8Array;
  readonly nextLeaf: number;
  readonly queue: bigint;
}

/** A batch as it was posted. The twin of `contracts/rollup/types/Batch.sol`. */
export interface Batch {
  readonly number: bigint;
  readonly parent: Uint8Array;
  readonly state: StateHeader;
  readonly time: bigint;
  readonly queueTime: bigint;
  readonly postedAt: bigint;
  readonly blockNumber: bigint;
  readonly poster: Uint8Array;
  readonly mode: DataMode;
  readonly segments: number;
  readonly data: Uint8Array;
}

/** A segment as it was posted: its bytes, and the hash of the state that it claims to lead to. */
export interface PostedSegment {
  readonly body: Uint8Array;
  readonly claimed: Uint8Array;
}

const WORD = 32;
const LENGTH_BYTES = 2;
/** Longer ones are refused by layer 1. */
export const MAX_SEGMENT_BODY = 6_000;

/** `keccak256(abi.encode(batch))`: what layer 1 keeps of it. */
export function batchHash(crypto: LedgerCrypto, batch: Batch): Uint8Array {
  const { state } = batch;
  const words = [
    batch.number,
    batch.parent,
    state.root,
    state.nextLeaf,
    state.queue,
    batch.time,
    batch.queueTime,
    batch.postedAt,
    batch.blockNumber,
    batch.poster,
    batch.mode,
    batch.segments,
    batch.data,
  ];
  const bytes = new Uint8Array(WORD * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    if (word instanceof Uint8Array) bytes.set(word, WORD * (i + 1) - word.length);
    else view.setBigUint64(WORD * (i + 1) - 8, BigInt(word));
  });
  return crypto.keccak256(bytes);
}

/** `keccak256(hash of the state after it ‖ keccak256(body))`. */
export function segmentHash(crypto: LedgerCrypto, segment: PostedSegment): Uint8Array {
  const bytes = new Uint8Array(2 * WORD);
  bytes.set(segment.claimed, 0);
  bytes.set(crypto.keccak256(segment.body), WORD);
  return crypto.keccak256(bytes);
}

/** What `batch.data` is where segments are in calldata. */
export function calldataCommitment(crypto: LedgerCrypto, segments: readonly PostedSegment[]): Uint8Array {
  const hashes = new Uint8Array(WORD * segments.length);
  segments.forEach((segment, i) => hashes.set(segmentHash(crypto, segment), WORD * i));
  return crypto.keccak256(hashes);
}

/** The `segments` of `postBatch`: the last one's state is the batch's. Throws a RangeError for none, or one too long. */
export function encodeSegments(segments: readonly PostedSegment[]): Uint8Array {
  if (segments.length === 0) throw new RangeError("a batch has at least one segment");
  const parts = segments.map(({ body, claimed }, i) => {
    if (body.length > MAX_SEGMENT_BODY) throw new RangeError(`segment ${i} has ${body.length} bytes`);
    const last = i + 1 === segments.length;
    const part = new Uint8Array(LENGTH_BYTES + body.length + (last ? 0 : WORD));
    new DataView(part.buffer).setUint16(0, body.length);
    part.set(body, LENGTH_BYTES);
    if (!last) part.set(claimed, LENGTH_BYTES + body.length);
    return part;
  });
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The segments of calldata that layer 1 has taken; undefined for what it would refuse. `last` is the hash of the batch's state. */
export function decodeSegments(bytes: Uint8Array, last: Uint8Array): readonly PostedSegment[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments: PostedSegment[] = [];
  for (let offset = 0; ;) {
    if (offset + LENGTH_BYTES > bytes.length) return undefined;
    const end = offset + LENGTH_BYTES + view.getUint16(offset);
    if (end > bytes.length || end - offset - LENGTH_BYTES > MAX_SEGMENT_BODY) return undefined;
    const body = bytes.slice(offset + LENGTH_BYTES, end);
    if (end === bytes.length) {
      segments.push({ body, claimed: last });
      return segments;
    }
    if (end + WORD > bytes.length) return undefined;
    segments.push({ body, claimed: bytes.slice(end, end + WORD) });
    offset = end + WORD;
  }
}

/** Hash of a batch's state. */
export function claimedState(crypto: LedgerCrypto, { state }: Batch): Uint8Array {
  return stateHash(crypto, state.root, state.nextLeaf, state.queue);
}
