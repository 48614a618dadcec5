import { writeSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { SdkError } from "../errors";
import type { StateStore } from "./stateStore";

const JOURNAL = "channels.journal";
const LOCK = "lock";
const COMPACT_ABOVE_BYTES = 8 * 1024 * 1024;

/** What a saved record survives: the process's death, or also the machine's. */
export type Durability = "process" | "power";

interface Waiting {
  readonly channelId: string;
  readonly record: string;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Node: records of any number of channels in one journal, a line each, with a checksum. Appended, never changed in place;
 * what is appended while a write runs goes into the next one together, so that many channels share one `fdatasync`.
 * Rewritten to the live records when it has grown, by a new file that replaces the old one.
 */
export class FileStore implements StateStore {
  private readonly records = new Map<string, string>();
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;
  private bytes = 0;
  private liveBytes = 0;
  private batches = 0;
  private failure: unknown;

  private constructor(
    private readonly folder: string,
    private readonly durability: Durability,
    private journal: FileHandle,
    private readonly compactAboveBytes: number,
  ) {}

  /** Opens the folder's store, or makes one. Throws STORE_LOCKED where a living process holds it. */
  static async open(
    folder: string,
    options: { readonly durability?: Durability; readonly compactAboveBytes?: number } = {},
  ): Promise<FileStore> {
    await mkdir(folder, { recursive: true });
    await takeLock(join(folder, LOCK));
    const { records, bytes, batches } = await readJournal(join(folder, JOURNAL));
    const journal = await open(join(folder, JOURNAL), "a");
    // A write that a crash tore is cut off: what follows it would be unreadable.
    await journal.truncate(bytes);
    await journal.datasync();
    await syncFolder(folder);
    const { durability = "power", compactAboveBytes = COMPACT_ABOVE_BYTES } = options;
    const store = new FileStore(folder, durability, journal, compactAboveBytes);
    store.bytes = bytes;
    store.batches = batches;
    for (const [channelId, record] of records) store.remember(channelId, record);
    return store;
  }

  async load(channelId: string): Promise<string | undefined> {
    return this.records.get(channelId);
  }

  async channels(): Promise<readonly string[]> {
    return [...this.records.keys()];
  }

  save(channelId: string, record: string): Promise<void> {
    this.remember(channelId, record);
    return new Promise((resolve, reject) => {
      this.waiting.push({ channelId, record, resolve, reject });
      this.writing ??= this.write();
    });
  }

  /** Ends after what was saved is written. */
  async close(): Promise<void> {
    await this.writing;
    await this.journal.close();
    await rm(join(this.folder, LOCK), { force: true });
  }

  private remember(channelId: string, record: string): void {
    const before = this.records.get(channelId);
    this.liveBytes += record.length - (before === undefined ? 0 : before.length);
    this.records.set(channelId, record);
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        // After a failed write nobody knows what is on disk: nothing more is promised.
        if (this.failure !== undefined) throw this.failure;
        const number = ++this.batches;
        await this.append(batch.map(({ channelId, record }) => lineOf(number, channelId, record)).join(""));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.failure = error;
        for (const { reject } of batch) reject(error);
      }
    }
    this.writing = undefined;
  }

  private async append(lines: string): Promise<void> {
    const data = Buffer.from(lines);
    // Synchronous: a few microseconds into the page cache, where a turn of the thread pool takes several times as long.
    for (let written = 0; written < data.length;) written += writeSync(this.journal.fd, data, written);
    if (this.durability === "power") await this.journal.datasync();
    this.bytes += data.length;
    if (this.bytes > this.compactAboveBytes && this.bytes > 2 * this.liveBytes) await this.compact();
  }

  private async compact(): Promise<void> {
    const path = join(this.folder, JOURNAL);
    const fresh = await open(`${path}.new`, "w");
    const lines = [...this.records].map(([channelId, record]) => lineOf(this.batches, channelId, record));
    const data = Buffer.from(lines.join(""));
    await fresh.writeFile(data);
    await fresh.datasync();
    await fresh.close();
    await rename(`${path}.new`, path);
    await syncFolder(this.folder);
    await this.journal.close();
    this.journal = await open(path, "a");
    this.bytes = data.length;
  }
}

/** `checksum batch channelId record`, one line; records are JSON and have no line breaks. */
function lineOf(batch: number, channelId: string, record: string): string {
  const content = `${batch} ${channelId} ${record}`;
  return `${checksum(content)} ${content}\n`;
}

function checksum(content: string): string {
  return crc32(content).toString(16).padStart(8, "0");
}

interface Line {
  readonly batch: number;
  readonly channelId: string;
  readonly record: string;
}

/** Undefined where the checksum says that it is not what was written. */
function parseLine(line: string): Line | undefined {
  const content = line.slice(9);
  if (line.slice(0, 8) !== checksum(content)) return undefined;
  const [batch, channelId] = content.split(" ", 2) as [string, string];
  return { batch: Number(batch), channelId, record: content.slice(batch.length + channelId.length + 2) };
}

interface Journal {
  readonly records: ReadonlyMap<string, string>;
  /** Up to the end of the last line that counts. */
  readonly bytes: number;
  /** Number of the last batch that counts. */
  readonly batches: number;
}

async function readJournal(path: string): Promise<Journal> {
  const data = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
  const records = new Map<string, string>();
  let bytes = 0;
  let batches = 0;
  let isTorn = false;
  let start = 0;
  for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, start)) {
    const line = parseLine(data.subarray(start, end).toString());
    start = end + 1;
    // Only the last batch can be torn, and nobody was told that it is stored. Whole batches behind a bad line mean damage,
    // which hides signatures that were given.
    if (line !== undefined && isTorn && line.batch > batches + 1) {
      throw new SdkError("STORE_CORRUPT", { context: { path, offset: bytes } });
    }
    isTorn ||= line === undefined;
    if (line === undefined || isTorn) continue;
    records.set(line.channelId, line.record);
    batches = line.batch;
    bytes = start;
  }
  return { records, bytes, batches };
}

/** A new or renamed file is on disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync();
  await handle.close();
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A file with the holder's process number; that of a dead process is taken over. */
async function takeLock(path: string): Promise<void> {
  for (;;) {
    try {
      await writeFile(path, `${process.pid}`, { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(path, "utf8").catch(() => "0"));
    if (holder > 0 && lives(holder)) throw new SdkError("STORE_LOCKED", { context: { folder: dirname(path), holder } });
    await rm(path, { force: true });
  }
}
