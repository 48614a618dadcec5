import { expect } from "chai";
import { cpSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RelayerError } from "../../../../relayer/errors";
import { DirectoryLock } from "../../../../relayer/rollup/sequencer/directoryLock";
import { WriteAheadLog, type Checkpoint } from "../../../../relayer/rollup/sequencer/writeAheadLog";
import { newDirectory } from "./support";

const SCOPE = "1:0x";
const writeState = async (path: string): Promise<void> => writeFileSync(path, "state");
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

async function logWith(directory: string, ...groups: readonly (readonly string[])[]): Promise<WriteAheadLog> {
  const log = await (await WriteAheadLog.create(directory, SCOPE, 0n, writeState))([]);
  for (const group of groups) {
    for (const record of group) log.append(bytes(record));
    await log.durable();
  }
  return log;
}

async function contentOf(
  log: WriteAheadLog,
  checkpoint = log.checkpoints[0] as Checkpoint,
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { records } of log.read(checkpoint))
    found.push(...records.map((each) => Buffer.from(each).toString()));
  return found;
}

async function reopened(directory: string): Promise<WriteAheadLog> {
  const log = await WriteAheadLog.open(directory, SCOPE);
  if (log === undefined) throw new Error("no log");
  return log;
}

/** What a log has after it is opened anew. */
async function kept(directory: string): Promise<readonly string[]> {
  const log = await reopened(directory);
  try {
    return await contentOf(log);
  } finally {
    await log.close();
  }
}

async function codeOf(failing: Promise<unknown>): Promise<string | undefined> {
  const error = await failing.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return error instanceof RelayerError ? error.code : undefined;
}

const tailOf = (directory: string): string =>
  join(directory, readdirSync(directory).find((name) => name.endsWith(".wal")) as string);

describe("write-ahead log", () => {
  it("finds nothing where there is none, and refuses another rollup's", async () => {
    const directory = newDirectory();
    expect(await WriteAheadLog.open(directory, SCOPE)).to.equal(undefined);
    await (await logWith(directory)).close();
    expect(await codeOf(WriteAheadLog.open(directory, "2:0x"))).to.equal("LOG_CORRUPT");
  });

  it("has everything in order after it was closed, over several files", async () => {
    const directory = newDirectory();
    const log = await logWith(directory, ["a", "b"], ["c"]);
    await log.rotate();
    log.append(bytes("d"));
    await log.close();
    expect(await kept(directory)).to.deep.equal(["a", "b", "c", "d"]);
  });

  it("cuts an end that was torn at any byte, and keeps all before", async () => {
    const directory = newDirectory();
    const log = await logWith(directory, ["first"], ["second"]);
    const durable = log.tailBytes;
    log.append(bytes("the third"));
    await log.durable();
    const whole = readFileSync(tailOf(directory));
    for (let length = durable; length < whole.length; length += 3) {
      const copy = newDirectory();
      cpSync(directory, copy, { recursive: true });
      truncateSync(tailOf(copy), length);
      const torn = await reopened(copy);
      expect(await contentOf(torn)).to.deep.equal(["first", "second"]);
      torn.append(bytes("again"));
      await torn.close();
      expect(await kept(copy)).to.deep.equal(["first", "second", "again"]);
    }
    await log.close();
  });

  it("refuses a log in which something that was durable is damaged", async () => {
    const directory = newDirectory();
    await (await logWith(directory, ["first"], ["second"], ["third"])).close();
    const file = tailOf(directory);
    const content = readFileSync(file);
    content[content.indexOf("second")]! ^= 1;
    writeFileSync(file, content);
    expect(await codeOf(WriteAheadLog.open(directory, SCOPE))).to.equal("LOG_CORRUPT");
  });

  it("takes a frame of another file for none", async () => {
    const [one, other] = [newDirectory(), newDirectory()];
    await (await logWith(one, ["a"])).close();
    await (await logWith(other, ["b"])).close();
    const head = readFileSync(tailOf(one)).subarray(0, 16);
    const stale = readFileSync(tailOf(other)).subarray(16);
    writeFileSync(tailOf(one), Buffer.concat([head, stale]));
    expect(await kept(one)).to.deep.equal([]);
  });

  it("replaces its end at once, and drops what was behind", async () => {
    const directory = newDirectory();
    const log = await logWith(directory, ["a", "b"]);
    const first = (log.checkpoints[0] as Checkpoint).next;
    await log.rotate();
    log.append(bytes("c"));
    await log.rewrite(first, [bytes("a"), bytes("x")]);
    log.append(bytes("y"));
    await log.close();
    expect(await kept(directory)).to.deep.equal(["a", "x", "y"]);
  });

  it("begins from checkpoints, and forgets what lies before the oldest that is needed", async () => {
    const directory = newDirectory();
    const log = await logWith(directory, ["a"]);
    await log.checkpoint(5n, 0n, writeState);
    log.append(bytes("b"));
    await log.checkpoint(9n, 5n, writeState);
    log.append(bytes("c"));
    await log.close();
    const again = await reopened(directory);
    expect(again.checkpoints.map(({ batch }) => batch)).to.deep.equal([5n, 9n]);
    expect(await contentOf(again)).to.deep.equal(["b", "c"]);
    expect(await contentOf(again, again.checkpoints[1])).to.deep.equal(["c"]);
    await again.close();
  });

  it("is one process's at a time", () => {
    const directory = newDirectory();
    const lock = DirectoryLock.take(directory);
    expect(() => DirectoryLock.take(directory))
      .to.throw(RelayerError)
      .with.property("code", "LOG_LOCKED");
    lock.release();
    DirectoryLock.take(directory).release();
  });
});
