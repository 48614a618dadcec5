import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import type { Deployment } from "../../deploy/deployment";
import { buildApi } from "../../relayer/api/api";
import { EndpointQuorum } from "../../relayer/chain/endpointQuorum";
import { NonceSender } from "../../relayer/chain/sender";
import { createLog } from "../../relayer/log";
import { Metrics } from "../../relayer/metrics";
import type { Clock } from "../../relayer/ports";
import { KzgThreads } from "../../relayer/rollup/kzgThreads";
import { createLedgerCrypto } from "../../relayer/rollup/ledgerCrypto";
import { RollupRunner } from "../../relayer/rollup/run";
import { assembleSequencer } from "../../relayer/rollup/sequencer/run";
import { Store } from "../../relayer/store/store";
import { systemClock } from "../../relayer/systemClock";
import { accountOf } from "../relayer/cassini/support/localAccounts";
import { parts } from "./deployment";
import { startInProcessEndpoint } from "./inProcessEndpoint";

/** Account of the local node that the deployment admits as its sequencer. */
const SEQUENCER = 8;
const CHAIN_ID = 31_337n;
const POLL_MS = 20;
const GWEI = 10n ** 9n;

/** A sequencer of a deployment on Hardhat's chain, in this process, with its clock. */
export interface RunningLayer2 {
  readonly url: string;
  /** Lets the chain's clock and the sequencer's go on. */
  wait(seconds: bigint): Promise<void>;
  stop(): Promise<void>;
}

export async function startLayer2({ rollup: contracts, gateway, record }: Deployment): Promise<RunningLayer2> {
  if (contracts === undefined) throw new Error("not the home chain");
  const { sequencer: account } = await parts();
  await contracts.rollup.connect(account).payBond({ value: await contracts.rollup.BOND() });
  const endpoint = await startInProcessEndpoint();
  const directory = await mkdtemp(join(tmpdir(), "layer2-"));
  const store = await Store.open({ sqlite: ":memory:" });
  const end = new AbortController();
  // Whatever another test has done to the chain's clock.
  let ahead = 1_000 * (await time.latest()) - Date.now();
  const clock: Clock = { now: () => Date.now() + ahead, sleep: (ms, signal) => systemClock.sleep(ms, signal) };

  const chain = { chainId: CHAIN_ID, endpoints: [endpoint.url] };
  const reader = new EndpointQuorum({ ...chain, quorum: 1, finality: "latest" });
  const fees = { maxGasPrice: 100n * GWEI };
  const signer = accountOf(SEQUENCER);
  const sender = new NonceSender({ ...chain, signer, store: store.transactions, clock, fees, pollMs: POLL_MS });
  const rollup = (await contracts.rollup.getAddress()).toLowerCase();
  const startBlock = BigInt(record.contracts.Rollup?.block ?? 0);
  const shared = {
    startBlock,
    pollMs: POLL_MS,
    reader,
    store,
    clock,
    blobProver: new KzgThreads(1),
    emit: () => undefined,
    peers: () => [],
  };
  const target = { chainId: CHAIN_ID, rollup };
  const runner = new RollupRunner({
    ...{ ...shared, rollup: target, crypto: await createLedgerCrypto(), provesFinal: true },
    gateway: (await gateway.getAddress()).toLowerCase(),
  });
  const config = configOf(join(directory, "log"));
  const sequencer = await assembleSequencer(
    { ...shared, chainId: CHAIN_ID, rollup, config, sender, runner },
    end.signal,
  );
  const log = createLog({ operator: "layer 2", level: "silent" });
  const readiness = () => Promise.resolve({ ready: true, reasons: [] });
  const api = buildApi({
    store,
    lanes: [],
    metrics: new Metrics(),
    readiness,
    clock,
    log,
    rollup: { rollup: target, store },
  });
  sequencer.serve(api);
  await api.listen({ host: "127.0.0.1", port: 0 });
  const working = Promise.all([runner.run(end.signal), sequencer.work(end.signal)]);
  working.catch(() => undefined);
  await untilTaking(sequencer.sequencer);
  return {
    url: `http://127.0.0.1:${(api.server.address() as AddressInfo).port}`,
    async wait(seconds) {
      // A chain whose blocks come faster than seconds runs ahead of any clock.
      ahead = 1_000 * (await time.increase(seconds)) - Date.now();
    },
    async stop() {
      end.abort();
      await working.catch(() => undefined);
      await api.close();
      await sequencer.close();
      await store.close();
      await endpoint.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilTaking(sequencer: { requireTaking(): void }): Promise<void> {
  for (;;) {
    try {
      return sequencer.requireTaking();
    } catch {
      await delay(POLL_MS);
    }
  }
}

const configOf = (directory: string) =>
  ({
    directory,
    mode: "calldata",
    staking: undefined,
    batch: { transactions: 1_024, bytes: 120_000, blobs: 3, entries: 128, ageMs: 200 },
    mempool: { transactions: 1_000, bytes: 1_048_576 },
    quotas: { free: 1_000, perStakedCos: 0, most: 1_000, burstSeconds: 10, sponsored: new Map<bigint, number>() },
    perAddress: 10_000,
    threads: 1,
    kzgThreads: 1,
    receipts: 1_000,
    mostUnposted: 100,
    checkpointBytes: 1_000_000,
    takeOver: false,
  }) as const;
