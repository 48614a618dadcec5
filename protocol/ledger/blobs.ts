import type { PostedSegment } from "./batch";
import type { LedgerCrypto } from "./crypto";

/** Field elements of a blob (EIP-4844), and the bytes that one takes and that one carries. */
export const ELEMENTS_PER_BLOB = 4_096;
const ELEMENT_BYTES = 32;
const CARRIED_BYTES = 31;
export const BLOB_BYTES = ELEMENTS_PER_BLOB * ELEMENT_BYTES;
/** Segments of a blob. */
export const SLOTS_PER_BLOB = 64;
const SLOT_ELEMENTS = ELEMENTS_PER_BLOB / SLOTS_PER_BLOB;
const SLOT_BYTES = SLOT_ELEMENTS * CARRIED_BYTES;
const LENGTH_BYTES = 2;
const WORD = 32;
/** Length and state hash. */
const HEAD_BYTES = LENGTH_BYTES + WORD;
/** As many as the slot before a segment is shown of. */
const HEAD_ELEMENTS = 2;
/** Beyond it a body is empty. */
export const MAX_BLOB_BODY = SLOT_BYTES - HEAD_BYTES;

/** Order of the field of KZG commitments. */
const MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
/** A primitive root of unity of order `ELEMENTS_PER_BLOB`. */
const ROOT = 0x564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306n;

/** What is needed of KZG commitments: injected, because it is slow and there are many. */
export interface Kzg {
  /** 48 bytes. */
  readonly blobToKzgCommitment: (blob: Uint8Array) => Uint8Array;
  /** That the blob's polynomial has `value` at `point`. */
  readonly prove: (blob: Uint8Array, point: bigint) => { readonly value: Uint8Array; readonly proof: Uint8Array };
  /** EIP-4844: 0x01 and the end of a commitment's SHA-256. */
  readonly versionedHash: (commitment: Uint8Array) => Uint8Array;
}

/** The first field elements of a slot, with their proofs. */
export interface SlotOpening {
  readonly commitment: Uint8Array;
  readonly values: readonly Uint8Array[];
  /** 48 bytes each. */
  readonly proofs: Uint8Array;
}

/** Shows a segment of a batch in blobs: the twin of `BlobOpening` in `contracts/rollup/BlobSegments.sol`. */
export interface BlobOpening {
  readonly versionedHashes: readonly Uint8Array[];
  /** Of the slot before; empty for the first segment. */
  readonly before: SlotOpening;
  readonly shown: SlotOpening;
}

/** As ABI: an opening is the encoding of this one value. */
export const BLOB_OPENING_TYPE =
  "tuple(bytes32[] versionedHashes, tuple(bytes commitment, bytes32[] values, bytes proofs) before, " +
  "tuple(bytes commitment, bytes32[] values, bytes proofs) shown)";

/** The blobs of a batch, 64 segments each. Throws a RangeError for no segment, or one too long. */
export function encodeBlobs(segments: readonly PostedSegment[]): readonly Uint8Array[] {
  if (segments.length === 0) throw new RangeError("a batch has at least one segment");
  const blobs = Array.from({ length: Math.ceil(segments.length / SLOTS_PER_BLOB) }, () => new Uint8Array(BLOB_BYTES));
  segments.forEach(({ body, claimed }, i) => {
    if (body.length > MAX_BLOB_BODY) throw new RangeError(`segment ${i} has ${body.length} bytes`);
    const slot = new Uint8Array(HEAD_BYTES + body.length);
    new DataView(slot.buffer).setUint16(0, body.length);
    slot.set(claimed, LENGTH_BYTES);
    slot.set(body, HEAD_BYTES);
    const blob = blobs[Math.floor(i / SLOTS_PER_BLOB)] as Uint8Array;
    const first = (i % SLOTS_PER_BLOB) * SLOT_ELEMENTS;
    for (let element = 0; element * CARRIED_BYTES < slot.length; element++) {
      const part = slot.subarray(element * CARRIED_BYTES, (element + 1) * CARRIED_BYTES);
      blob.set(part, (first + element) * ELEMENT_BYTES + 1);
    }
  });
  return blobs;
}

/**
 * The segments of blobs that layer 1 has taken. Total: each blob has one reading.
 * @param count Of the batch, at most 64 for each blob.
 * @param last The hash of the batch's state, which its last segment claims.
 */
export function decodeBlobs(blobs: readonly Uint8Array[], count: number, last: Uint8Array): readonly PostedSegment[] {
  return Array.from({ length: count }, (_, i) => {
    const slot = slotOf(blobs, i);
    const claimed = i + 1 === count ? last : slot.slice(LENGTH_BYTES, HEAD_BYTES);
    return { body: slot.slice(HEAD_BYTES, HEAD_BYTES + bodyLength(slot)), claimed };
  });
}

/** What `batch.data` is where segments are in blobs. */
export function blobsCommitment(crypto: LedgerCrypto, versionedHashes: readonly Uint8Array[]): Uint8Array {
  const hashes = new Uint8Array(WORD * versionedHashes.length);
  versionedHashes.forEach((hash, i) => hashes.set(hash, WORD * i));
  return crypto.keccak256(hashes);
}

/** Where a blob's polynomial has the value that is its element `index`: the roots of unity, in bit-reversed order. */
export function pointOf(index: number): bigint {
  let point = 1n;
  let power = ROOT;
  for (let bit = ELEMENTS_PER_BLOB >> 1; bit !== 0; bit >>= 1) {
    if ((index & bit) !== 0) point = (point * power) % MODULUS;
    power = (power * power) % MODULUS;
  }
  return point;
}

/** Shows segment number `segment`; a proof for each field element that it takes, and two for the state before. */
export function openBlobSegment(kzg: Kzg, blobs: readonly Uint8Array[], segment: number): BlobOpening {
  const slot = slotOf(blobs, segment);
  const elements = Math.max(HEAD_ELEMENTS, Math.ceil((HEAD_BYTES + bodyLength(slot)) / CARRIED_BYTES));
  const none = { commitment: new Uint8Array(), values: [], proofs: new Uint8Array() };
  const commitments = blobs.map((blob) => kzg.blobToKzgCommitment(blob));
  const openOf = (of: number, count: number): SlotOpening => {
    const at = Math.floor(of / SLOTS_PER_BLOB);
    const first = (of % SLOTS_PER_BLOB) * SLOT_ELEMENTS;
    const blob = blobs[at] as Uint8Array;
    const shown = Array.from({ length: count }, (_, i) => kzg.prove(blob, pointOf(first + i)));
    const proofs = Uint8Array.from(shown.flatMap(({ proof }) => [...proof]));
    return { commitment: commitments[at] as Uint8Array, values: shown.map(({ value }) => value), proofs };
  };
  return {
    versionedHashes: commitments.map((commitment) => kzg.versionedHash(commitment)),
    before: segment === 0 ? none : openOf(segment - 1, HEAD_ELEMENTS),
    shown: openOf(segment, elements),
  };
}

/** The bytes of a slot: the lower 31 of each field element. */
function slotOf(blobs: readonly Uint8Array[], segment: number): Uint8Array {
  const blob = blobs[Math.floor(segment / SLOTS_PER_BLOB)] as Uint8Array;
  const first = (segment % SLOTS_PER_BLOB) * SLOT_ELEMENTS;
  const slot = new Uint8Array(SLOT_BYTES);
  for (let element = 0; element < SLOT_ELEMENTS; element++) {
    const start = (first + element) * ELEMENT_BYTES + 1;
    slot.set(blob.subarray(start, start + CARRIED_BYTES), element * CARRIED_BYTES);
  }
  return slot;
}

function bodyLength(slot: Uint8Array): number {
  const length = new DataView(slot.buffer, slot.byteOffset).getUint16(0);
  return length > MAX_BLOB_BODY ? 0 : length;
}
