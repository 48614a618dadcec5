import { randomInt } from "node:crypto";
import { open, readFile, readdir, rename, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { RelayerError } from "../../errors";
import { HEAD_BYTES, encodeFrame, fileHead, isRotten, readFileHead, readFrame } from "./logFrame";

/** A state that a log can begin from: that of `batch`, in a file of its own. */
export interface Checkpoint {
  readonly batch: bigint;
  readonly file: string;
  /** The log's file whose first record is the first one after it. */
  readonly next: string;
}

/** What a directory holds; replaced at once. */
interface Manifest {
  readonly scope: string;
  /** Oldest first; the last one is written to. */
  readonly files: readonly string[];
  /** Oldest first. */
  readonly checkpoints: readonly Checkpoint[];
}

const MANIFEST = "manifest.json";

const manifestCodec = z.strictObject({
  scope: z.string(),
  files: z.array(z.string()).min(1),
  checkpoints: z
    .array(z.strictObject({ batch: z.string().transform(BigInt), file: z.string(), next: z.string() }))
    .min(1),
});

interface Tail {
  readonly name: string;
  readonly handle: FileHandle;
  readonly salt: number;
  size: number;
}

/**
 * Records in their order, durable before anybody relies on them. Appended ones are written and synced together, as many
 * as came in the meantime. Which files count is in a manifest that is replaced as a whole: a rewritten end, a new file or a
 * checkpoint is there entirely or not at all. One process at a time (`DirectoryLock`).
 */
export class WriteAheadLog {
  private buffer: Uint8Array[] = [];
  private flushing: Promise<void> | undefined;
  private queued: Promise<void> | undefined;
  private failure: unknown;
  private stem = Date.now();

  private constructor(
    private readonly directory: string,
    private manifest: Manifest,
    private tail: Tail,
  ) {}

  /** The log of a directory, its torn end cut off; undefined where there is none yet. */
  static async open(directory: string, scope: string): Promise<WriteAheadLog | undefined> {
    let text: string;
    try {
      text = await readFile(join(directory, MANIFEST), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    const manifest = manifestCodec.parse(JSON.parse(text));
    if (manifest.scope !== scope) {
      throw new RelayerError(
        "LOG_CORRUPT",
        "this log is another rollup's: give an empty directory, or its own rollup",
        {
          alert: true,
          context: { directory, found: manifest.scope, expected: scope },
        },
      );
    }
    return new WriteAheadLog(directory, manifest, await reopen(directory, manifest.files.at(-1) as string));
  }

  /**
   * A new log that begins from the state of a batch, in the place of what the directory holds. The state is written at once,
   * the log is there when the returned function has resolved.
   * @param writeState Writes the checkpoint to a path, durably.
   */
  static async create(
    directory: string,
    scope: string,
    batch: bigint,
    writeState: (path: string) => Promise<void>,
  ): Promise<(records: readonly Uint8Array[]) => Promise<WriteAheadLog>> {
    const stem = Date.now();
    const file = `state-${batch}-${stem}.bin`;
    await writeState(join(directory, file));
    return async (records) => {
      const tail = await create(directory, `log-${stem}-0.wal`, records);
      const manifest = { scope, files: [tail.name], checkpoints: [{ batch, file, next: tail.name }] };
      await writeManifest(directory, manifest);
      for (const name of await readdir(directory)) {
        const isOld = /^(log|state)-/.test(name) && name !== file && name !== tail.name;
        if (isOld) await unlink(join(directory, name)).catch(() => undefined);
      }
      return new WriteAheadLog(directory, manifest, tail);
    };
  }

  get checkpoints(): readonly Checkpoint[] {
    return this.manifest.checkpoints;
  }

  /** Bytes of the file that is written to. */
  get tailBytes(): number {
    return this.tail.size;
  }

  pathOf(file: string): string {
    return join(this.directory, file);
  }

  /** Everything after a checkpoint, oldest first, by file. Nothing is appended meanwhile. */
  async *read(
    checkpoint: Checkpoint,
  ): AsyncGenerator<{ readonly file: string; readonly records: readonly Uint8Array[] }> {
    const first = this.manifest.files.indexOf(checkpoint.next);
    for (const file of this.manifest.files.slice(first)) {
      yield { file, records: (await readLogFile(this.directory, file, file === this.tail.name)).records };
    }
  }

  /** Takes a record; `durable` says when it is on the disk. */
  append(record: Uint8Array): void {
    this.buffer.push(record);
  }

  /** Resolves when all that was appended before is on the disk; rejects for good once that failed. */
  durable(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.buffer.length === 0) return this.queued ?? this.flushing ?? Promise.resolve();
    if (this.flushing === undefined) return this.flush();
    // Whoever comes while one flush runs shares the next.
    this.queued ??= this.flushing.then(() => {
      this.queued = undefined;
      return this.flush();
    });
    return this.queued;
  }

  /** Goes on in a new file; all that was appended is durable in the old one. */
  async rotate(): Promise<void> {
    await this.durable();
    const next = await create(this.directory, this.newName());
    await this.become({ ...this.manifest, files: [...this.manifest.files, next.name] }, next);
  }

  /** Goes on in a new file from a checkpoint of what was logged so far; drops checkpoints before `oldest` and their files. */
  async checkpoint(batch: bigint, oldest: bigint, writeState: (path: string) => Promise<void>): Promise<void> {
    await this.durable();
    const file = `state-${batch}-${this.nextStem()}.bin`;
    await writeState(join(this.directory, file));
    const next = await create(this.directory, this.newName());
    const files = [...this.manifest.files, next.name];
    const all = [...this.manifest.checkpoints, { batch, file, next: next.name }];
    const firstKept = Math.max(
      0,
      all.findLastIndex((each) => each.batch <= oldest),
    );
    const checkpoints = all.slice(firstKept);
    const from = files.indexOf((checkpoints[0] as Checkpoint).next);
    await this.become({ ...this.manifest, files: files.slice(from), checkpoints }, next);
  }

  /** Replaces everything from `file` on by `records`, at once: the log ends there, or as before. */
  async rewrite(file: string, records: readonly Uint8Array[]): Promise<void> {
    await this.durable();
    const from = this.manifest.files.indexOf(file);
    const kept = this.manifest.files.slice(0, from);
    const dropped = new Set(this.manifest.files.slice(from));
    const next = await create(this.directory, this.newName(), records);
    // A checkpoint behind a dropped file stands for what is no more; one right before it goes on in the new file.
    const checkpoints = this.manifest.checkpoints
      .filter((each) => !dropped.has(each.next) || each.next === file)
      .map((each) => (each.next === file ? { ...each, next: next.name } : each));
    await this.become({ ...this.manifest, files: [...kept, next.name], checkpoints }, next);
  }

  async close(): Promise<void> {
    try {
      // The empty frame behind says that all before it was durable.
      if (this.failure === undefined) {
        await this.durable();
        await this.write([]);
      }
    } finally {
      await this.tail.handle.close();
    }
  }

  private async flush(): Promise<void> {
    const records = this.buffer;
    this.buffer = [];
    this.flushing = this.write(records).finally(() => (this.flushing = undefined));
    return this.flushing;
  }

  private async write(records: readonly Uint8Array[]): Promise<void> {
    const { handle, salt, size } = this.tail;
    const frame = encodeFrame(records, size, salt);
    try {
      await writeAll(handle, frame, size);
      await handle.datasync();
    } catch (error) {
      // What a failed sync leaves on the disk is unknown: nothing is acknowledged any more.
      this.failure = new RelayerError("LOG_FAILED", "the log cannot be written: look at the disk", {
        alert: true,
        context: { directory: this.directory, file: this.tail.name },
        cause: error,
      });
      throw this.failure;
    }
    this.tail.size = size + frame.length;
  }

  private async become(manifest: Manifest, tail: Tail): Promise<void> {
    await writeManifest(this.directory, manifest);
    const before = this.manifest;
    await this.tail.handle.close();
    this.manifest = manifest;
    this.tail = tail;
    const gone = [
      ...before.files.filter((file) => !manifest.files.includes(file)),
      ...before.checkpoints
        .map(({ file }) => file)
        .filter((file) => !manifest.checkpoints.some((each) => each.file === file)),
    ];
    for (const file of gone) await unlink(join(this.directory, file)).catch(() => undefined);
  }

  private newName(): string {
    return `log-${this.nextStem()}-${this.manifest.files.length}.wal`;
  }

  private nextStem(): number {
    this.stem = Math.max(this.stem + 1, Date.now());
    return this.stem;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function create(directory: string, name: string, records: readonly Uint8Array[] = []): Promise<Tail> {
  const handle = await open(join(directory, name), "wx+");
  const salt = randomInt(2 ** 32);
  await writeAll(handle, fileHead(salt), 0);
  let size = HEAD_BYTES;
  if (records.length > 0) {
    const frame = encodeFrame(records, size, salt);
    await writeAll(handle, frame, size);
    size += frame.length;
  }
  await handle.sync();
  return { name, handle, salt, size };
}

async function reopen(directory: string, name: string): Promise<Tail> {
  const { salt, end } = await readLogFile(directory, name, true);
  const handle = await open(join(directory, name), "r+");
  await handle.truncate(end);
  await handle.sync();
  return { name, handle, salt, size: end };
}

/** @param last Whether a crash may have torn its end. */
async function readLogFile(
  directory: string,
  name: string,
  last: boolean,
): Promise<{ readonly records: readonly Uint8Array[]; readonly salt: number; readonly end: number }> {
  const bytes = await readFile(join(directory, name));
  const salt = readFileHead(bytes);
  const corrupt = (offset: number): RelayerError =>
    new RelayerError("LOG_CORRUPT", "a part of the log that was durable is damaged: restore this directory", {
      alert: true,
      context: { directory, file: name, offset },
    });
  if (salt === undefined) throw corrupt(0);
  const records: Uint8Array[] = [];
  let end = HEAD_BYTES;
  while (end < bytes.length) {
    const frame = readFrame(bytes, end, salt);
    if (frame === undefined) {
      if (!last || isRotten(bytes, end, salt)) throw corrupt(end);
      break;
    }
    for (const record of frame.records) records.push(record);
    end = frame.end;
  }
  return { records, salt, end };
}

async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const text = JSON.stringify(manifest, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
  const temporary = join(directory, `${MANIFEST}.new`);
  await durably(temporary, text);
  await rename(temporary, join(directory, MANIFEST));
  // The names of files are durable where the directory is.
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function durably(path: string, text: string): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
