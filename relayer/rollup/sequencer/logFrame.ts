import { crc32 } from "node:zlib";

/**
 * A log's file: 16 bytes of head (magic, version, a random salt), then frames. A frame is what was written and synced at
 * once: magic u32, length u32, how many bytes of the file were durable before it u64, checksum u32, then records, each with
 * its length u32. The checksum is salted: what a disk had at this place before is no frame of this file.
 */
export const HEAD_BYTES = 16;
const FRAME_HEAD = 20;
const FILE_MAGIC = 0x47_4e_57_4c;
const FRAME_MAGIC = 0x57_41_4c_46;
const VERSION = 1;
const LENGTH_BYTES = 4;

export function fileHead(salt: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, FILE_MAGIC);
  view.setUint32(4, VERSION);
  view.setUint32(8, salt);
  view.setUint32(12, crc32(head.subarray(0, 12)));
  return head;
}

/** The salt of a file; undefined where this is no head. */
export function readFileHead(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  if (view.getUint32(0) !== FILE_MAGIC || view.getUint32(4) !== VERSION) return undefined;
  return view.getUint32(12) === crc32(bytes.subarray(0, 12)) ? view.getUint32(8) : undefined;
}

/** @param durable Bytes of the file that are known to be on the disk. */
export function encodeFrame(records: readonly Uint8Array[], durable: number, salt: number): Uint8Array {
  const length = records.reduce((sum, record) => sum + LENGTH_BYTES + record.length, 0);
  const frame = new Uint8Array(FRAME_HEAD + length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, FRAME_MAGIC);
  view.setUint32(4, length);
  view.setBigUint64(8, BigInt(durable));
  let offset = FRAME_HEAD;
  for (const record of records) {
    view.setUint32(offset, record.length);
    frame.set(record, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + record.length;
  }
  view.setUint32(16, checksum(frame, salt));
  return frame;
}

export interface Frame {
  readonly records: readonly Uint8Array[];
  readonly durable: number;
  /** Offset behind it. */
  readonly end: number;
}

/** The frame at `offset`; undefined where there is none that is whole. */
export function readFrame(file: Uint8Array, offset: number, salt: number): Frame | undefined {
  if (offset + FRAME_HEAD > file.length) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = offset + FRAME_HEAD + view.getUint32(offset + 4);
  if (view.getUint32(offset) !== FRAME_MAGIC || end > file.length) return undefined;
  if (view.getUint32(offset + 16) !== checksum(file.subarray(offset, end), salt)) return undefined;
  const records: Uint8Array[] = [];
  for (let at = offset + FRAME_HEAD; at < end;) {
    const next = at + LENGTH_BYTES + view.getUint32(at);
    if (next > end) return undefined;
    records.push(file.subarray(at + LENGTH_BYTES, next));
    at = next;
  }
  return { records, durable: Number(view.getBigUint64(offset + 8)), end };
}

/** Whether a whole frame behind `offset` says that more than `offset` was durable: then what is there was not torn. */
export function isRotten(file: Uint8Array, offset: number, salt: number): boolean {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(FRAME_MAGIC);
  for (let at = buffer.indexOf(magic, offset + 1); at !== -1; at = buffer.indexOf(magic, at + 1)) {
    const frame = readFrame(file, at, salt);
    if (frame !== undefined && frame.durable > offset) return true;
  }
  return false;
}

/** Of all but the checksum's own bytes. */
function checksum(frame: Uint8Array, salt: number): number {
  return crc32(frame.subarray(FRAME_HEAD), crc32(frame.subarray(0, 16), salt));
}
