import { spawnSync } from "node:child_process";
import { Ledger } from "../../protocol/ledger/ledger";
import { REFUSAL } from "../../protocol/ledger/refusal";
import { executeSegment } from "../../protocol/ledger/segment";
import type { BatchContext } from "../../protocol/ledger/authority";
import { createLedgerCrypto } from "../../relayer/rollup/ledgerCrypto";
import { KnownSigners } from "../../relayer/rollup/knownSigners";
import { SignersAhead } from "../../relayer/rollup/signersAhead";
import { SignatureWorkers } from "../../relayer/rollup/signatureWorkers";
import { peerErc20 } from "./peer";
import { IN_SEGMENT, contextOf, makeLoad, openAccounts } from "./transfers";

/**
 * Transfers a second through the ledger's engine: signatures recovered, transactions executed, a root for every segment of
 * 16. Each figure is measured in a process of its own.
 */
const ACCOUNTS = 100_000;
const SENDERS = 2_000;
/** Transfers of one window: the figure is the best window's, since what else a machine does only takes away. */
const WINDOW = 16_000;
/** The first one warms up, and in the last one nothing is asked ahead any more: they do not count. */
const WINDOWS = 8;
const MANY_ACCOUNTS = 1_000_000;
/** Segments of a batch: 1,024 transactions. */
const IN_BATCH = 64;
/** Batches whose signatures are asked for ahead of execution. */
const AHEAD = 4;

const MEASURES = { engineTps, engineTpsWorkers, rebuildTps, memoryBytesPerAccount } as const;
type Measure = keyof typeof MEASURES;

/** Executes a segment of transfers and commits it; all have to be valid. */
function execute(ledger: Ledger, body: Uint8Array, context: BatchContext): void {
  const step = executeSegment(ledger, body, 0n, () => fail("no entry was queued"), context).next();
  if (step.done !== true) return fail("a transfer asked for rules");
  if (!step.value.transactions.every((result) => result === REFUSAL.Applied)) fail("a transfer was refused");
  ledger.commit(step.value.queue);
}

function fail(message: string): never {
  throw new Error(message);
}

/** Runs over all bodies without a stop, and says after each that it was executed. */
type Work = (bodies: readonly Uint8Array[], executed: () => void) => Promise<void>;

/** Transactions a second, window by window of one run. */
async function rates(bodies: readonly Uint8Array[], work: Work): Promise<readonly number[]> {
  const ends: bigint[] = [];
  let count = 0;
  await work(bodies, () => {
    count += IN_SEGMENT;
    if (count % WINDOW === 0) ends.push(process.hrtime.bigint());
  });
  return ends.slice(1, -1).map((end, i) => Math.round(WINDOW / (Number(end - (ends[i] as bigint)) / 1e9)));
}

/** One thread for everything. */
export async function engineTps(): Promise<readonly number[]> {
  const { ledger, crypto, digests, bodies } = await makeLoad(ACCOUNTS, SENDERS, WINDOWS * WINDOW);
  const context = contextOf(crypto, digests);
  return rates(bodies, async (all, executed) => {
    for (const body of all) {
      execute(ledger, body, context);
      ledger.state();
      executed();
    }
  });
}

/** Signatures recovered by threads, ahead of execution. */
export function engineTpsWorkers(): Promise<readonly number[]> {
  return withWorkers(1);
}

/** As a node that follows the chain: a root for every batch, which is what it compares. */
export function rebuildTps(): Promise<readonly number[]> {
  return withWorkers(IN_BATCH);
}

async function withWorkers(segmentsPerRoot: number): Promise<readonly number[]> {
  const { ledger, crypto, digests, bodies } = await makeLoad(ACCOUNTS, SENDERS, WINDOWS * WINDOW);
  const signers = new KnownSigners(crypto);
  const context = contextOf(signers, digests);
  const workers = SignatureWorkers.start();
  const ahead = new SignersAhead(ledger, digests, workers, signers);
  try {
    return await rates(bodies, async (all, executed) => {
      const batches: (readonly Uint8Array[])[] = [];
      for (let from = 0; from < all.length; from += IN_BATCH) batches.push(all.slice(from, from + IN_BATCH));
      const asked: Promise<void>[] = [];
      for (const [number, batch] of batches.entries()) {
        for (; asked.length < Math.min(batches.length, number + AHEAD);) {
          asked.push(ahead.ask(batches[asked.length] as readonly Uint8Array[]));
        }
        await asked[number];
        for (const [index, body] of batch.entries()) {
          execute(ledger, body, context);
          if ((index + 1) % segmentsPerRoot === 0) ledger.state();
          executed();
        }
      }
      ledger.state();
    });
  } finally {
    await workers.close();
  }
}

/** Of the whole process, per account with one balance, leaves and tree. */
export async function memoryBytesPerAccount(): Promise<readonly number[]> {
  const crypto = await createLedgerCrypto();
  const memory = (): number => {
    (globalThis as { gc?: () => void }).gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = memory();
  const ledger = new Ledger(crypto);
  const owners = Array.from({ length: 1_000 }, (_, i) => crypto.keccak256(Uint8Array.of(i >> 8, i & 255)).slice(12));
  openAccounts(ledger, owners, MANY_ACCOUNTS);
  const used = memory() - before;
  return ledger.nextLeaf > 2 * MANY_ACCOUNTS ? [Math.round(used / MANY_ACCOUNTS)] : fail("leaves are missing");
}

/** All figures of the engine, each from a process of its own, and the peer's. */
export async function engineRates(): Promise<Record<string, unknown>> {
  const results: Record<string, number> = {};
  const windows: Record<string, readonly number[]> = {};
  for (const measure of Object.keys(MEASURES)) {
    const args = ["--expose-gc", "--require", require.resolve("tsx/cjs"), __filename, measure];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    if (status !== 0) fail(`${measure}: ${stderr}`);
    const measured = JSON.parse(stdout) as readonly number[];
    results[measure] = Math.max(...measured);
    if (measured.length > 1) windows[measure] = measured;
  }
  const { peer, transfersPerSecond } = await peerErc20();
  return { ...results, windows, peerErc20Tps: transfersPerSecond, peerErc20: peer };
}

if (require.main === module) {
  const measure = process.argv[2] as Measure;
  MEASURES[measure]().then(
    (figures) => console.log(JSON.stringify(figures)),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
