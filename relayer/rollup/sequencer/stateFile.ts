import { crc32 } from "node:zlib";
import { open, readFile } from "node:fs/promises";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { decodeLeaf, type Leaf } from "../../../protocol/ledger/leaves";
import { Ledger } from "../../../protocol/ledger/ledger";
import { RelayerError } from "../../errors";

/** A state, and of which batch. */
export interface StoredState {
  readonly ledger: Ledger;
  readonly number: bigint;
  readonly time: bigint;
}

const MAGIC = 0x47_4e_53_54;
const HEAD_BYTES = 72;
const CHUNK_BYTES = 1 << 20;
const LEAVES_IN_COMMIT = 4_096;
/** In the place of an empty leaf, until it is emptied again. */
const FILLER: Leaf = { kind: "Balance", account: 0, asset: 0, amount: 0n };

/** Writes a committed state to a new file, durably: its head (with the root), each leaf with its length, a checksum. */
export async function writeState(path: string, { ledger, number, time }: StoredState): Promise<void> {
  const { root, nextLeaf, queue } = ledger.state();
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, nextLeaf);
  view.setBigUint64(8, queue);
  view.setBigUint64(16, number);
  view.setBigUint64(24, time);
  head.set(root, 32);
  const handle = await open(path, "wx");
  try {
    let sum = crc32(head);
    await handle.write(head);
    let chunk = Buffer.alloc(CHUNK_BYTES);
    let used = 0;
    const flush = async (): Promise<void> => {
      sum = crc32(chunk.subarray(0, used), sum);
      await handle.write(chunk, 0, used);
      chunk = Buffer.alloc(CHUNK_BYTES);
      used = 0;
    };
    for (let index = 1; index < nextLeaf; index++) {
      const bytes = ledger.bytes(index) ?? new Uint8Array();
      if (used + 2 + bytes.length > CHUNK_BYTES) await flush();
      used = chunk.writeUInt16BE(bytes.length, used);
      chunk.set(bytes, used);
      used += bytes.length;
    }
    await flush();
    const end = Buffer.alloc(4);
    end.writeUInt32BE(sum);
    await handle.write(end);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Throws LOG_CORRUPT where the file is not whole, or its leaves have another root than it says. */
export async function readState(path: string, crypto: LedgerCrypto): Promise<StoredState> {
  const bytes = await readFile(path);
  const corrupt = (): RelayerError =>
    new RelayerError("LOG_CORRUPT", "a checkpoint is damaged: restore its directory, or begin from the chain", {
      alert: true,
      context: { path },
    });
  const end = bytes.length - 4;
  if (end < HEAD_BYTES || bytes.readUInt32BE(0) !== MAGIC) throw corrupt();
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw corrupt();
  const nextLeaf = bytes.readUInt32BE(4);
  const queue = bytes.readBigUInt64BE(8);
  const root = bytes.subarray(32, 64);
  const ledger = new Ledger(crypto);
  let offset = HEAD_BYTES;
  for (let index = 1; index < nextLeaf; index++) {
    const length = bytes.readUInt16BE(offset);
    offset += 2;
    const leaf = length === 0 ? FILLER : decodeLeaf(Uint8Array.from(bytes.subarray(offset, offset + length)));
    offset += length;
    if (leaf === undefined) throw corrupt();
    ledger.append(leaf);
    if (length === 0) ledger.put(index, undefined);
    if (index % LEAVES_IN_COMMIT === 0) ledger.commit(queue);
  }
  ledger.commit(queue);
  if (!root.equals(ledger.state().root)) throw corrupt();
  return { ledger, number: bytes.readBigUInt64BE(16), time: bytes.readBigUInt64BE(24) };
}
