import { createReadStream } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RollupTarget } from "../../protocol/certificate";
import type { EmitRollup } from "./events";
import type { RollupNode } from "./node";
import type { QueueReader } from "./queueReader";
import { writeSnapshot } from "./snapshot";

/** Snapshots that are kept: the last one may be half read by somebody. */
const KEPT = 2;
const NAME = /^([0-9]{1,20})-0x[0-9a-f]{64}\.snapshot$/;

/** A folder of snapshots of final batches, the newest of which is served to others. */
export class SnapshotFiles {
  private written: bigint | undefined;

  constructor(
    private readonly directory: string,
    /** Between two of them, by the batches' clocks. */
    private readonly everySeconds: bigint,
  ) {}

  /** Paths, the newest first. */
  async paths(): Promise<readonly string[]> {
    await mkdir(this.directory, { recursive: true });
    const names = (await readdir(this.directory)).filter((name) => NAME.test(name));
    return names.sort((a, b) => (numberOf(a) > numberOf(b) ? -1 : 1)).map((name) => join(this.directory, name));
  }

  /** The newest one's bytes; undefined where there is none. */
  async newest(): Promise<AsyncIterable<Uint8Array> | undefined> {
    const [path] = await this.paths();
    return path === undefined ? undefined : createReadStream(path);
  }

  /** Writes one where the last is old enough; the node must not step meanwhile. */
  async keep(
    rollup: RollupTarget,
    { node, queue, emit }: { readonly node: RollupNode; readonly queue: QueueReader; readonly emit: EmitRollup },
    signal: AbortSignal,
  ): Promise<void> {
    const { final, settled } = node.replica;
    const { at } = node;
    if (at === undefined || settled === undefined || final.batch.number === 0n) return;
    if (this.written !== undefined && final.batch.time < this.written + this.everySeconds) return;
    const from = final.batch.state.queue;
    const entries = await queue.entries(from, at.head.queueLength, at.block, signal);
    const path = join(this.directory, `${final.batch.number}-${final.hash}.snapshot`);
    const known = await this.paths();
    if (!known.includes(path)) {
      await writeSnapshot(path, { ...rollup, ...final, queueBlock: at.block.number }, settled, entries);
      emit({ kind: "snapshot_written", number: final.batch.number, leaves: settled.nextLeaf });
      for (const old of known.slice(KEPT - 1)) await rm(old, { force: true });
    }
    this.written = final.batch.time;
  }
}

function numberOf(name: string): bigint {
  return BigInt(name.slice(0, name.indexOf("-")));
}
