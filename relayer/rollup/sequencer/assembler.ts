import { decodeEntry } from "../../../protocol/ledger/entries";
import type { SignedTransaction } from "../../../protocol/ledger/transactions";
import type { BatchHeader, Engine, Execution, SealedBatch } from "./engine";
import type { LogRecord } from "./logRecord";
import { entryFits, roomFor, type BatchLimits } from "./policy";
import type { QueueView } from "./ports";

/** How far this machine's clock may be ahead of layer 1's: batches are dated back by it. */
const CLOCK_MARGIN_SECONDS = 60n;

/** A signed transaction with its bytes. */
export interface Prepared {
  readonly signed: SignedTransaction;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/** Decides where segments and batches end, and writes down each step of the engine once it has succeeded. */
export class Assembler {
  constructor(
    readonly engine: Engine,
    private readonly limits: BatchLimits,
    private readonly record: (record: LogRecord) => void,
  ) {}

  /** Opens a batch, and consumes the entries that it names; a failure leaves none open. */
  async begin(header: BatchHeader): Promise<void> {
    const { engine } = this;
    engine.begin(header);
    const steps: LogRecord[] = [{ kind: "open", header }];
    try {
      for (;;) {
        const count = await this.consumeSegment();
        if (count > 0) steps.push({ kind: "entries", count });
        if (engine.nextEntryMeter() === undefined) break;
        engine.cut();
        steps.push({ kind: "cut" });
      }
    } catch (error) {
      engine.abandon();
      throw error;
    }
    for (const step of steps) this.record(step);
  }

  /** Executes a transaction into the open batch; undefined where that has to be sealed first. */
  async add({ signed, bytes }: Prepared): Promise<Execution | undefined> {
    const { engine, limits } = this;
    const bodyBytes = bytes.length - 64 * signed.signatures.length;
    const room = roomFor(engine, signed, bodyBytes, limits);
    if (room === "seal") return undefined;
    if (room === "cut") {
      engine.cut();
      this.record({ kind: "cut" });
    }
    const execution = await engine.execute(signed);
    if (execution.refusal === 0) this.record({ kind: "transaction", bytes });
    return execution;
  }

  /** Writes down what changes nothing. */
  note(record: LogRecord & { readonly kind: "dropped" }): void {
    this.record(record);
  }

  seal(): SealedBatch {
    const sealed = this.engine.seal();
    this.record({ kind: "seal", number: sealed.header.number, stateHash: sealed.state.hash });
    return sealed;
  }

  /** As many entries as fit into one segment. */
  private async consumeSegment(): Promise<number> {
    const { engine } = this;
    for (let count = 0; ; count++) {
      const meter = engine.nextEntryMeter();
      const segment = engine.open?.segment;
      if (meter === undefined || segment === undefined || !entryFits(segment, meter)) return count;
      await engine.consume(1);
    }
  }
}

/**
 * The header of the next batch: the clock is layer 1's, or this machine's where that is behind by long, and never goes back.
 * @param queue Entries from the parent's position on; one more than `limits` let in where there are so many.
 */
export function headerFor(
  parent: { readonly number: bigint; readonly time: bigint },
  queue: QueueView,
  most: number,
  movesHaltAt: (time: bigint) => Promise<bigint>,
  nowMs: number,
): Promise<BatchHeader> {
  const local = BigInt(Math.floor(nowMs / 1_000)) - CLOCK_MARGIN_SECONDS;
  const time = [parent.time, queue.knownUntil, local].reduce((a, b) => (a > b ? a : b));
  const entries = queue.entries.slice(0, most);
  const left = queue.entries[most];
  const bounds = [time, queue.knownUntil - 1n];
  if (left !== undefined) bounds.push((decodeEntry(left)?.queuedAt ?? 0n) - 1n);
  const queueTime = bounds.reduce((a, b) => (a < b ? a : b));
  return movesHaltAt(time).then((movesHalt) => ({ number: parent.number + 1n, time, queueTime, movesHalt, entries }));
}
