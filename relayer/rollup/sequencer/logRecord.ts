import { WireReader, WireWriter } from "../../../protocol/ledger/wire";
import type { BatchHeader } from "./engine";

/** One step of the engine, as it is logged; in their order they lead to the same state again. */
export type LogRecord =
  | { readonly kind: "open"; readonly header: BatchHeader }
  /** So many entries of the queue go into the segment. */
  | { readonly kind: "entries"; readonly count: number }
  /** A signed transaction that applied. */
  | { readonly kind: "transaction"; readonly bytes: Uint8Array }
  /** The segment ends. */
  | { readonly kind: "cut" }
  | { readonly kind: "seal"; readonly number: bigint; readonly stateHash: Uint8Array }
  /** A transaction that was acknowledged and did not apply any more on another parent. */
  | { readonly kind: "dropped"; readonly refusal: number; readonly bytes: Uint8Array };

const TYPES = { open: 1, entries: 2, transaction: 3, cut: 4, seal: 5, dropped: 6 } as const;
const HASH_BYTES = 32;

export function encodeRecord(record: LogRecord): Uint8Array {
  switch (record.kind) {
    case "open": {
      const { number, time, queueTime, movesHalt, entries } = record.header;
      const writer = new WireWriter()
        .write("u8", TYPES.open)
        .writeAll(HEADER, { number, time, queueTime, movesHalt, entries: entries.length });
      for (const entry of entries) writer.write("bytes16", entry);
      return writer.bytes();
    }
    case "entries":
      return Uint8Array.of(TYPES.entries, record.count);
    case "transaction":
      return prefixed([TYPES.transaction], record.bytes);
    case "cut":
      return Uint8Array.of(TYPES.cut);
    case "seal": {
      const head = new WireWriter().write("u8", TYPES.seal).write("u64", record.number).bytes();
      return prefixed(head, record.stateHash);
    }
    case "dropped":
      return prefixed([TYPES.dropped, record.refusal], record.bytes);
  }
}

function prefixed(head: ArrayLike<number>, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + rest.length);
  bytes.set(head, 0);
  bytes.set(rest, head.length);
  return bytes;
}

/** Throws a RangeError for what was never logged: a log's checksums held, so another program wrote it. */
export function decodeRecord(bytes: Uint8Array): LogRecord {
  const reader = new WireReader(bytes, 1);
  const record = read(bytes[0], reader);
  if (record === undefined || reader.left !== 0) throw new RangeError(`no record of this program: type ${bytes[0]}`);
  return record;
}

const HEADER = { number: "u64", time: "u64", queueTime: "u64", movesHalt: "u64", entries: "u32" } as const;

function read(type: number | undefined, reader: WireReader): LogRecord | undefined {
  switch (type) {
    case TYPES.open: {
      const head = reader.readAll(HEADER);
      if (head === undefined) return undefined;
      const entries: Uint8Array[] = [];
      for (let i = 0; i < head.entries; i++) {
        const entry = reader.read("bytes16") as Uint8Array | undefined;
        if (entry === undefined) return undefined;
        entries.push(entry.slice());
      }
      return { kind: "open", header: { ...head, entries } };
    }
    case TYPES.entries: {
      const count = reader.read("u8") as number | undefined;
      return count === undefined ? undefined : { kind: "entries", count };
    }
    case TYPES.transaction:
      return { kind: "transaction", bytes: (reader.take(reader.left) as Uint8Array).slice() };
    case TYPES.cut:
      return { kind: "cut" };
    case TYPES.seal: {
      const number = reader.read("u64") as bigint | undefined;
      const stateHash = reader.take(HASH_BYTES)?.slice();
      return number === undefined || stateHash === undefined ? undefined : { kind: "seal", number, stateHash };
    }
    case TYPES.dropped: {
      const refusal = reader.read("u8") as number | undefined;
      if (refusal === undefined) return undefined;
      return { kind: "dropped", refusal, bytes: (reader.take(reader.left) as Uint8Array).slice() };
    }
    default:
      return undefined;
  }
}
