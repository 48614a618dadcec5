import { getBytes, hexlify } from "ethers";
import { createHash } from "node:crypto";
import { open, rename } from "node:fs/promises";
import { z } from "zod";
import type { RollupTarget } from "../../protocol/certificate";
import type { Batch, DataMode } from "../../protocol/ledger/batch";
import type { Ledger } from "../../protocol/ledger/ledger";
import { toJson, uint64 } from "../api/wire";
import { RelayerError } from "../errors";
import type { KnownBatch } from "./replica";

/*
 * A snapshot: magic, u32 length and JSON of the header, then each leaf as u32 index, u16 length and bytes, ascending, then
 * each entry as u16 length and bytes, then SHA-256 of all that. Integers are big-endian. What it says of the batch is
 * compared with the chain before a leaf is read, and the leaves with the batch's root after the last one.
 */

const MAGIC = Buffer.from("COSL2/1\n", "latin1");
const CHECKSUM_BYTES = 32;
const MAX_HEADER_BYTES = 16_384;
const WRITE_BYTES = 1_048_576;
/** Leaves that are put into a ledger at once. */
const LEAVES_AT_ONCE = 4_096;
/** More entries wait for no batch. */
const MAX_ENTRIES = 100_000;

const bytesOf = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${2 * length}}$`), `give ${length} bytes of lowercase hex`)
    .transform((value) => getBytes(value));
const uint32 = z.int().min(0).max(0xffffffff);

const batchCodec = z.strictObject({
  number: uint64,
  parent: bytesOf(32),
  state: z.strictObject({ root: bytesOf(32), nextLeaf: uint32, queue: uint64 }),
  time: uint64,
  queueTime: uint64,
  postedAt: uint64,
  blockNumber: uint64,
  poster: bytesOf(20),
  mode: z.union([z.literal(0), z.literal(1)]).transform((mode): DataMode => mode),
  segments: uint32,
  data: bytesOf(32),
});

const headerCodec = z.strictObject({
  chainId: uint64,
  rollup: z.string(),
  hash: z.string().regex(/^0x[0-9a-f]{64}$/),
  batch: batchCodec,
  leaves: uint32,
  entries: z.int().min(0).max(MAX_ENTRIES),
  queueBlock: uint64,
});

/** What a snapshot says of itself. */
export interface SnapshotHeader extends RollupTarget, KnownBatch {
  /** How many leaves are not empty. */
  readonly leaves: number;
  /** How many entries follow, from the batch's place in the queue on. */
  readonly entries: number;
  /** Block up to whose end these entries are all that were queued. */
  readonly queueBlock: bigint;
}

export interface Snapshot extends SnapshotHeader {
  readonly queued: ReadonlyMap<bigint, Uint8Array>;
}

function jsonOf(batch: Batch): unknown {
  const { parent, poster, data, state, ...rest } = batch;
  const hex = { parent: hexlify(parent), poster: hexlify(poster), data: hexlify(data) };
  return toJson({ ...rest, ...hex, state: { ...state, root: hexlify(state.root) } });
}

const refuse = (reason: string, cause?: unknown): RelayerError =>
  new RelayerError("SNAPSHOT_REFUSED", `the snapshot is refused: ${reason}`, { retriable: true, cause });

/** Its bytes, piece by piece. Nothing may change the ledger before the last one. */
export function* snapshotBytes(
  header: Omit<SnapshotHeader, "leaves" | "entries">,
  ledger: Ledger,
  entries: readonly Uint8Array[],
): Generator<Uint8Array> {
  const { chainId, rollup, hash, batch, queueBlock } = header;
  const indices: number[] = [];
  for (let index = 1; index < batch.state.nextLeaf; index++) {
    if (ledger.bytes(index) !== undefined) indices.push(index);
  }
  const counts = { leaves: indices.length, entries: entries.length };
  const json = JSON.stringify({
    ...(toJson({ chainId, rollup, hash, queueBlock, ...counts }) as object),
    batch: jsonOf(batch),
  });
  const head = Buffer.alloc(MAGIC.length + 4);
  MAGIC.copy(head);
  head.writeUInt32BE(Buffer.byteLength(json), MAGIC.length);
  yield Buffer.concat([head, Buffer.from(json)]);
  for (const index of indices) {
    const leaf = ledger.bytes(index) as Uint8Array;
    const part = Buffer.alloc(6 + leaf.length);
    part.writeUInt32BE(index);
    part.writeUInt16BE(leaf.length, 4);
    part.set(leaf, 6);
    yield part;
  }
  for (const entry of entries) {
    const part = Buffer.alloc(2 + entry.length);
    part.writeUInt16BE(entry.length);
    part.set(entry, 2);
    yield part;
  }
}

/** Writes a snapshot to a file, which is there whole or not at all. Resolves to the number of leaves. */
export async function writeSnapshot(
  path: string,
  header: Omit<SnapshotHeader, "leaves" | "entries">,
  ledger: Ledger,
  entries: readonly Uint8Array[],
): Promise<void> {
  const hash = createHash("sha256");
  const file = await open(`${path}.partial`, "w");
  try {
    let waiting: Uint8Array[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      const chunk = Buffer.concat(waiting);
      hash.update(chunk);
      await file.write(chunk);
      waiting = [];
      bytes = 0;
    };
    for (const part of snapshotBytes(header, ledger, entries)) {
      waiting.push(part);
      bytes += part.length;
      if (bytes >= WRITE_BYTES) await flush();
    }
    await flush();
    await file.write(hash.digest());
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.partial`, path);
}

/** Bytes that come piece by piece, asked for by length. */
class Pieces {
  private buffer: Buffer = Buffer.alloc(0);
  private readonly iterator: AsyncIterator<Uint8Array>;
  readonly hash = createHash("sha256");

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.iterator = pieces[Symbol.asyncIterator]();
  }

  async take(length: number, isHashed = true): Promise<Buffer> {
    const parts: Buffer[] = [this.buffer];
    let found = this.buffer.length;
    while (found < length) {
      const next = await this.iterator.next();
      if (next.done === true) throw refuse("it is cut short");
      parts.push(Buffer.from(next.value));
      found += next.value.length;
    }
    const all = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    this.buffer = all.subarray(length);
    const taken = all.subarray(0, length);
    if (isHashed) this.hash.update(taken);
    return taken;
  }
}

/**
 * Reads a snapshot into ledgers that are empty. `isTrusted` compares its batch with the chain before anything is built
 * on it, and throws or resolves to false where it is not final there. Throws SNAPSHOT_REFUSED, and the ledgers are of no
 * use then.
 */
export async function readSnapshot(
  pieces: AsyncIterable<Uint8Array>,
  ledgers: readonly Ledger[],
  isTrusted: (header: SnapshotHeader) => Promise<boolean>,
): Promise<Snapshot> {
  const input = new Pieces(pieces);
  const header = await readHeader(input);
  if (!(await isTrusted(header))) throw refuse(`batch ${header.batch.number} is not final on chain, or another`);
  await readLeaves(input, header, ledgers);
  const queued = new Map<bigint, Uint8Array>();
  for (let i = 0; i < header.entries; i++) {
    const length = (await input.take(2)).readUInt16BE();
    queued.set(header.batch.state.queue + BigInt(i), Uint8Array.from(await input.take(length)));
  }
  const expected = input.hash.digest();
  if (!expected.equals(await input.take(CHECKSUM_BYTES, false))) throw refuse("its checksum is another");
  return { ...header, queued };
}

async function readHeader(input: Pieces): Promise<SnapshotHeader> {
  const head = await input.take(MAGIC.length + 4);
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) throw refuse("it is none");
  const length = head.readUInt32BE(MAGIC.length);
  if (length > MAX_HEADER_BYTES) throw refuse(`its header has ${length} bytes`);
  try {
    return headerCodec.parse(JSON.parse((await input.take(length)).toString("utf8")));
  } catch (error) {
    throw error instanceof RelayerError ? error : refuse("its header is malformed", error);
  }
}

async function readLeaves(input: Pieces, header: SnapshotHeader, ledgers: readonly Ledger[]): Promise<void> {
  const { root, nextLeaf, queue } = header.batch.state;
  let last = 0;
  let leaves = new Map<number, Uint8Array>();
  const put = (): void => {
    for (const ledger of ledgers) ledger.revert({ leaves, nextLeaf, queue });
    leaves = new Map();
  };
  for (let i = 0; i < header.leaves; i++) {
    const head = await input.take(6);
    const index = head.readUInt32BE();
    if (index <= last || index >= nextLeaf) throw refuse(`leaf ${index} stands where it cannot`);
    last = index;
    leaves.set(index, Uint8Array.from(await input.take(head.readUInt16BE(4))));
    if (leaves.size === LEAVES_AT_ONCE) put();
  }
  put();
  for (const ledger of ledgers) {
    if (!Buffer.from(root).equals(ledger.state().root)) throw refuse("its leaves have another root than the batch");
  }
}
