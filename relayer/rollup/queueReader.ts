import { getBytes, keccak256 } from "ethers";
import type { RollupTarget } from "../../protocol/certificate";
import { RelayerError } from "../errors";
import type { BodyReader, ChainReader, VerifiedBlock } from "../ports";
import type { Store } from "../store/store";
import { entriesWithin } from "./queuedEntries";
import { ROLLUP, type QueuedEntry } from "./rollupInterface";
import type { RollupView } from "./rollupView";

/** Another node, asked for entries that no endpoint has a log of any more. */
export interface EntryPeer {
  readonly endpoint: string;
  entries(
    query: { readonly from: bigint; readonly limit: number },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<bigint, Uint8Array>>;
}

/** Blocks whose logs are read before what was found is kept. */
const BLOCKS_PER_STEP = 20_000n;
/** Logs of younger blocks every endpoint should have. */
const LOGS_KEPT_SECONDS = 86_400n;
/** Hashes that are asked for at once. */
const CONCURRENT = 16;
/** Endpoints that are asked one after the other for a log that is missing. */
const LOG_ATTEMPTS = 3;
/** Blocks of one second that are looked through: a chain with more has an entry's second in one of the first. */
const BLOCKS_OF_A_SECOND = 16n;
/** A bytes27 in hex, with its prefix. */
const HASH_DIGITS = 56;

const ENTRY_QUEUED = ROLLUP.getEvent("EntryQueued")?.topicHash ?? "";

/**
 * The queue of layer 1. Each entry is kept when its block is final, so that nobody needs its log later; whatever has no
 * log any more is looked for in the bodies of its second's blocks, and asked of other nodes. None is given out that does
 * not hash to what the contract keeps of it.
 */
export class QueueReader {
  /** Numbers whose bytes were compared with the contract's hash. */
  private readonly verified = new Set<bigint>();

  constructor(
    private readonly rollup: RollupTarget,
    private readonly deps: {
      readonly reader: Pick<ChainReader, "logs" | "block"> & BodyReader;
      readonly view: Pick<RollupView, "entry">;
      readonly store: Pick<Store, "rollup">;
      readonly peers: () => readonly EntryPeer[];
      /** A block before any entry that is still needed. */
      readonly startBlock: bigint;
    },
  ) {}

  /** Keeps what was queued up to the end of `block`. */
  async sync(block: VerifiedBlock, signal: AbortSignal): Promise<void> {
    const { store, reader, startBlock } = this.deps;
    for (;;) {
      const cursor = (await store.rollup.queueBlock(this.rollup)) ?? startBlock - 1n;
      if (block.number <= cursor) return;
      const end = cursor + BLOCKS_PER_STEP;
      const to = end < block.number ? end : block.number;
      const query = { address: this.rollup.rollup, topics: [ENTRY_QUEUED], from: cursor + 1n, to, attempt: 0 };
      const logs = await reader.logs(query, signal).catch(async (error: unknown) => {
        if (!(error instanceof RelayerError) || error.code !== "LOGS_INCOMPLETE") throw error;
        const { timestamp } = await reader.block(cursor + 1n, signal);
        if (block.timestamp - timestamp < LOGS_KEPT_SECONDS) throw error;
        // Nobody has them any more: what is needed of these blocks is looked for one by one.
        return [];
      });
      const entries = new Map(logs.map(({ topics, data }) => readLog(topics, data)));
      await store.rollup.keepEntries(this.rollup, entries, to);
    }
  }

  /** The entries from number `from` to below `to`, as the contract has them at the end of `block`. */
  async entries(from: bigint, to: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    const { store } = this.deps;
    const kept = new Map(await store.rollup.entries(this.rollup, from, to));
    const unverified: bigint[] = [];
    for (let number = from; number < to; number++) {
      if (!kept.has(number) || !this.verified.has(number)) unverified.push(number);
    }
    for (let at = 0; at < unverified.length; at += CONCURRENT) {
      await Promise.all(
        unverified.slice(at, at + CONCURRENT).map(async (number) => {
          kept.set(number, await this.verify(number, kept.get(number), block, signal));
        }),
      );
    }
    return Array.from({ length: Number(to - from) }, (_, i) => kept.get(from + BigInt(i)) as Uint8Array);
  }

  private async verify(
    number: bigint,
    kept: Uint8Array | undefined,
    block: VerifiedBlock,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { store, view } = this.deps;
    const expected = await view.entry(number, block, signal);
    if (kept !== undefined && isEntry(kept, expected)) {
      this.verified.add(number);
      return kept;
    }
    if (kept !== undefined) await store.rollup.dropEntry(this.rollup, number);
    const found = await this.find(number, expected, block, signal);
    await store.rollup.keepEntries(this.rollup, new Map([[number, found]]), undefined);
    this.verified.add(number);
    return found;
  }

  /** An entry that the logs at first did not have. */
  private async find(
    number: bigint,
    expected: QueuedEntry,
    last: VerifiedBlock,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const blocks = await this.blocksOf(expected.queuedAt, last, signal);
    const found =
      (await this.fromLogs(number, expected, blocks, signal)) ??
      (await this.fromBodies(expected, blocks, signal)) ??
      (await this.fromPeers(number, expected, signal));
    if (found !== undefined) return found;
    throw new RelayerError("DATA_UNAVAILABLE", `no endpoint and no peer has entry ${number} of the queue`, {
      retriable: true,
      alert: true,
      context: { rollup: this.rollup.rollup, number, queuedAt: expected.queuedAt },
    });
  }

  private async fromLogs(
    number: bigint,
    expected: QueuedEntry,
    blocks: readonly VerifiedBlock[],
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const [first, last] = [blocks[0], blocks.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const topics = [ENTRY_QUEUED, `0x${number.toString(16).padStart(64, "0")}`];
    for (let attempt = 1; attempt <= LOG_ATTEMPTS; attempt++) {
      const query = { address: this.rollup.rollup, topics, from: first.number, to: last.number, attempt };
      const logs = await this.deps.reader.logs(query, signal).catch((error: unknown) => {
        if (error instanceof RelayerError && error.retriable) return [];
        throw error;
      });
      for (const log of logs) {
        const [, entry] = readLog(log.topics, log.data);
        if (isEntry(entry, expected)) return entry;
      }
    }
    return undefined;
  }

  private async fromBodies(
    expected: QueuedEntry,
    blocks: readonly VerifiedBlock[],
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    for (const { number } of blocks) {
      const found = await this.deps.reader.fromBody(
        number,
        (body) => [...entriesWithin(body)].find((entry) => isEntry(entry, expected)) ?? null,
        signal,
      );
      if (found !== null) return found;
    }
    return undefined;
  }

  private async fromPeers(number: bigint, expected: QueuedEntry, signal: AbortSignal): Promise<Uint8Array | undefined> {
    for (const peer of this.deps.peers()) {
      const entries = await peer.entries({ from: number, limit: 1 }, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return new Map<bigint, Uint8Array>();
      });
      const entry = entries.get(number);
      if (entry !== undefined && isEntry(entry, expected)) return entry;
    }
    return undefined;
  }

  /** The blocks of one second, by halving what is before `last`. */
  private async blocksOf(second: bigint, last: VerifiedBlock, signal: AbortSignal): Promise<readonly VerifiedBlock[]> {
    const { reader, startBlock } = this.deps;
    let [low, high] = [startBlock, last.number];
    while (low < high) {
      const middle = (low + high) / 2n;
      if ((await reader.block(middle, signal)).timestamp < second) low = middle + 1n;
      else high = middle;
    }
    const blocks: VerifiedBlock[] = [];
    for (let number = low; number <= last.number && number < low + BLOCKS_OF_A_SECOND; number++) {
      const block = await reader.block(number, signal);
      if (block.timestamp !== second) break;
      blocks.push(block);
    }
    return blocks;
  }
}

function readLog(topics: readonly string[], data: string): readonly [bigint, Uint8Array] {
  const { number, entry } = ROLLUP.decodeEventLog("EntryQueued", data, [...topics]).toObject();
  return [number as bigint, getBytes(entry as string)];
}

function isEntry(entry: Uint8Array, { entryHash }: QueuedEntry): boolean {
  return keccak256(entry).slice(0, HASH_DIGITS) === entryHash;
}
