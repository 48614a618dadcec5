import { same } from "../../../protocol/ledger/authority";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { REFUSAL, type Refusal } from "../../../protocol/ledger/refusal";
import { readSigned } from "../../../protocol/ledger/transactions";
import { WireReader } from "../../../protocol/ledger/wire";
import { RelayerError } from "../../errors";
import type { Prepared } from "./assembler";
import { Engine, type EngineDeps, type Execution, type SealedBatch } from "./engine";
import { decodeRecord } from "./logRecord";
import { readState } from "./stateFile";
import type { Checkpoint, WriteAheadLog } from "./writeAheadLog";

/** How old a batch's clock may be that is still to be posted: layer 1 takes 15 minutes, of which some pass until then. */
export const STALE_SECONDS = 720n;

/** Hears what is found again in a log. */
export interface RecoveryEvents {
  sealed(batch: SealedBatch): void;
  executed(prepared: Prepared, execution: Execution & { readonly refusal: 0 }, nonce: bigint | undefined): void;
  dropped(prepared: Prepared, refusal: Exclude<Refusal, 0>): void;
}

/** A log's state again, up to where it still can be what it was. */
export interface Replayed {
  readonly engine: Engine;
  /** Clock of the latest sealed batch. */
  readonly time: bigint;
  /** Transactions that have to be executed again on this state, in their order; undefined where nothing has to. */
  readonly again?: {
    readonly transactions: readonly Prepared[];
    /** Puts the records of their execution in the place of the log's end. */
    readonly write: (records: readonly Uint8Array[]) => Promise<WriteAheadLog>;
  };
}

export interface ReplayDeps extends EngineDeps {
  readonly crypto: LedgerCrypto;
  readonly nonceOf: (engine: Engine, prepared: Prepared) => bigint | undefined;
}

/** The newest checkpoint that is not beyond a batch. */
export function checkpointFor(log: WriteAheadLog, number: bigint): Checkpoint {
  const found = log.checkpoints.findLast((each) => each.batch <= number);
  if (found !== undefined) return found;
  throw new RelayerError(
    "LOG_DIVERGED",
    "layer 1 went back behind everything in this log: move its directory away, and begin from the chain",
    { alert: true, context: { number, oldest: log.checkpoints[0]?.batch } },
  );
}

/**
 * Executes a log again. Batches up to `head.number` are on layer 1 and must come out as they were; of those after it, what does
 * not any more, or whose clock has become too old, is handed back to be executed anew.
 */
export async function replay(
  log: WriteAheadLog,
  head: { readonly number: bigint; readonly now: bigint },
  deps: ReplayDeps,
  events: RecoveryEvents,
): Promise<Replayed> {
  const checkpoint = checkpointFor(log, head.number);
  const stored = await readState(log.pathOf(checkpoint.file), deps.crypto);
  const engine = new Engine(stored.ledger, stored.number, deps);
  let { time } = stored;
  let from: { file: string; kept: readonly Uint8Array[] } = { file: checkpoint.next, kept: [] };
  let again: Prepared[] | undefined;
  /** Transactions of the batch that is open. */
  let open: Prepared[] = [];

  const diverged = (number: bigint): void => {
    if (number <= head.number) {
      throw new RelayerError("LOG_DIVERGED", "a batch that is on layer 1 comes out otherwise from this log", {
        alert: true,
        context: { number },
      });
    }
    if (engine.open !== undefined) engine.abandon();
    again = open;
  };

  for await (const { file, records } of log.read(checkpoint)) {
    for (const [at, bytes] of records.entries()) {
      const record = decodeRecord(bytes);
      if (again !== undefined) {
        if (record.kind === "transaction") again.push(prepare(record.bytes, deps));
        continue;
      }
      switch (record.kind) {
        case "open": {
          // One without anything was opened anew.
          if (engine.open !== undefined) engine.abandon();
          open = [];
          const { header } = record;
          const stale = header.number > head.number && header.time + STALE_SECONDS < head.now;
          if (stale) diverged(header.number);
          else engine.begin(header);
          break;
        }
        case "entries":
          await engine.consume(record.count);
          break;
        case "cut":
          engine.cut();
          break;
        case "transaction": {
          const prepared = prepare(record.bytes, deps);
          const nonce = deps.nonceOf(engine, prepared);
          open.push(prepared);
          const number = engine.open?.header.number ?? 0n;
          const execution = await engine.execute(prepared.signed);
          if (execution.refusal !== REFUSAL.Applied) diverged(number);
          else events.executed(prepared, execution, nonce);
          break;
        }
        case "seal": {
          const sealed = engine.seal();
          if (same(sealed.state.hash, record.stateHash)) {
            time = sealed.header.time;
            from = { file, kept: records.slice(0, at + 1) };
            events.sealed(sealed);
            open = [];
            break;
          }
          if (record.number > head.number) engine.unseal();
          diverged(record.number);
          break;
        }
        case "dropped":
          events.dropped(prepare(record.bytes, deps), record.refusal as Exclude<Refusal, 0>);
          break;
      }
    }
  }
  const transactions: readonly Prepared[] | undefined = again;
  if (transactions === undefined) return { engine, time };
  const write = async (written: readonly Uint8Array[]): Promise<WriteAheadLog> => {
    await log.rewrite(from.file, [...from.kept, ...written]);
    return log;
  };
  return { engine, time, again: { transactions, write } };
}

/** Every transaction in a log, whatever became of its batch. */
export async function transactionsOf(
  log: WriteAheadLog,
  deps: { readonly crypto: LedgerCrypto },
): Promise<readonly Prepared[]> {
  const found: Prepared[] = [];
  for await (const { records } of log.read(log.checkpoints[0] as Checkpoint)) {
    for (const bytes of records) {
      const record = decodeRecord(bytes);
      if (record.kind === "transaction") found.push(prepare(record.bytes, deps));
    }
  }
  return found;
}

/** A logged transaction with its hash. */
export function prepare(bytes: Uint8Array, { crypto }: { readonly crypto: LedgerCrypto }): Prepared {
  const reader = new WireReader(bytes);
  const signed = readSigned(reader);
  if (signed === undefined || reader.left !== 0) throw new RangeError("these bytes are no signed transaction");
  return { signed, bytes, hash: crypto.keccak256(bytes) };
}
