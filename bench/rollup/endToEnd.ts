import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify from "fastify";
import { HDNodeWallet, JsonRpcProvider, Mnemonic, TypedDataEncoder, getBytes } from "ethers";
import { TransactionDigests, encodeTransaction } from "../../protocol/ledger/transactions";
import { EndpointQuorum } from "../../relayer/chain/endpointQuorum";
import { NonceSender } from "../../relayer/chain/sender";
import { useFastKeccak } from "../../relayer/fastKeccak";
import { KzgThreads } from "../../relayer/rollup/kzgThreads";
import { createLedgerCrypto } from "../../relayer/rollup/ledgerCrypto";
import { assembleSequencer } from "../../relayer/rollup/sequencer/run";
import type { SequencerEvent } from "../../relayer/rollup/sequencer/events";
import { Store } from "../../relayer/store/store";
import { systemClock } from "../../relayer/systemClock";
import { startAnvil } from "../../scripts/local/nodes";
import { player } from "../../test/protocol/ledger/support";
import { Layer2, PARAMS, deployRollupFrom } from "../../test/rollup/support";

const PHRASE = "test test test test test test test test test test test junk";
const PLAYERS = 32;
const EACH = 256;
/** Connections that submit at a time, each for its own players. */
const CLIENTS = 8;
const IN_REQUEST = 128;
const GWEI = 10n ** 9n;

/**
 * Transfers that come in over HTTP, are executed, logged and acknowledged, and stand in batches that anvil has mined: from
 * the first request to the last batch, clients and sequencer in one process.
 */
export async function endToEnd(): Promise<Record<string, number>> {
  // As each relayer's process does.
  await useFastKeccak();
  const node = await startAnvil({ chainId: 31_337 });
  const folder = mkdtempSync(join(tmpdir(), "end-to-end-"));
  const provider = new JsonRpcProvider(node.url, 31_337, { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 });
  const store = await Store.open({ sqlite: join(folder, "store.sqlite") });
  const end = new AbortController();
  try {
    const seed = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(PHRASE), "m/44'/60'/0'/0");
    const wallets = Array.from({ length: 5 }, (_, i) => seed.deriveChild(i).connect(provider));
    const fixture = await deployRollupFrom(wallets, PARAMS);
    const layer2 = new Layer2(fixture);
    for (let i = 0; i < PLAYERS; i++) await layer2.deposit(i, 10n ** 12n);
    await node.rpc("anvil_mine", ["0x2"]);

    const requests = await signedRequests(getBytes(TypedDataEncoder.hashDomain(fixture.domain)));
    const chain = { chainId: 31_337n, endpoints: [node.url] };
    const reader = new EndpointQuorum({ ...chain, quorum: 1, finality: "latest" });
    const signer = wallets[1] as HDNodeWallet;
    const fees = { maxGasPrice: 100n * GWEI };
    const sender = new NonceSender({
      ...chain,
      signer,
      store: store.transactions,
      clock: systemClock,
      fees,
      pollMs: 20,
    });
    const failures: SequencerEvent[] = [];
    const sequencer = await assembleSequencer(
      {
        chainId: 31_337n,
        rollup: (await fixture.rollup.getAddress()).toLowerCase(),
        startBlock: fixture.beginning.blockNumber,
        pollMs: 20,
        config: CONFIG(join(folder, "log")),
        ...{ reader, sender, store, blobProver: new KzgThreads(1) },
        clock: systemClock,
        emit: (event) => void (event.kind === "failed" && failures.push(event)),
        runner: await emptyRunner(layer2),
        peers: () => [],
      },
      end.signal,
    );
    const app = fastify();
    sequencer.serve(app);
    await app.listen({ host: "127.0.0.1", port: 0 });
    const working = sequencer.work(end.signal);
    working.catch((error: unknown) => failures.push({ kind: "failed", part: "work", error, retryInMs: 0 }));
    try {
      const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/rollup/transactions`;
      const inTime = async (holds: () => boolean): Promise<void> => {
        while (!holds()) {
          if (failures.length > 0) throw new Error("the sequencer failed", { cause: failures[0] });
          await systemClock.sleep(5, end.signal);
        }
      };
      await inTime(() => sequencer.sequencer.state?.leaf(2 * PLAYERS) !== undefined);
      await inTime(() => sequencer.sequencer.unposted === 0 && sequencer.sequencer.state?.engine.open === undefined);
      const began = performance.now();
      const last = Math.max(...(await Promise.all(requests.map((own) => submitAll(url, own)))));
      await inTime(() => sequencer.sequencer.progress.posted >= BigInt(last));
      const seconds = (performance.now() - began) / 1_000;
      return { endToEndTps: Math.round((PLAYERS * EACH) / seconds) };
    } finally {
      end.abort();
      await working.catch(() => undefined);
      await app.close();
      await sequencer.close();
    }
  } finally {
    end.abort();
    provider.destroy();
    await store.close();
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const CONFIG = (directory: string) =>
  ({
    directory,
    mode: "calldata",
    staking: undefined,
    batch: { transactions: 4_096, bytes: 120_000, blobs: 3, entries: 512, ageMs: 300 },
    mempool: { transactions: 20_000, bytes: 8_388_608 },
    quotas: { free: 100_000, perStakedCos: 0, most: 100_000, burstSeconds: 10, sponsored: new Map<bigint, number>() },
    perAddress: 1_000_000,
    threads: 2,
    kzgThreads: 1,
    receipts: 100_000,
    mostUnposted: 1_000,
    checkpointBytes: 256_000_000,
    takeOver: false,
  }) as const;

/** The chain is at its beginning: nothing has to be re-executed to start. */
async function emptyRunner(layer2: Layer2) {
  const { Ledger } = await import("../../protocol/ledger/ledger");
  const crypto = await createLedgerCrypto();
  const { beginning } = layer2.fixture;
  const ledger = new Ledger(crypto);
  const at = { hash: "", batch: { number: 0n, time: beginning.time } };
  return { node: { isCurrent: true, replica: { at, ledger } }, batches: undefined } as never;
}

/** Per client the bodies of its requests: transfers of its players to the next one, in the order of their nonces. */
async function signedRequests(separator: Uint8Array): Promise<readonly (readonly Uint8Array[])[]> {
  const digests = new TransactionDigests(await createLedgerCrypto(), separator);
  return Array.from({ length: CLIENTS }, (_, client) => {
    const own = Array.from({ length: PLAYERS / CLIENTS }, (_, i) => (client * PLAYERS) / CLIENTS + i);
    const transactions = Array.from({ length: EACH }, (_, nonce) =>
      own.map((number) => {
        const to = 2 * ((number + 1) % PLAYERS) + 2;
        const transfer = { kind: "Transfer", from: 2 * number + 2, to, amount: BigInt(nonce + 1) } as const;
        const digest = digests.digest(transfer, BigInt(nonce));
        return Buffer.concat([
          encodeTransaction(transfer),
          getBytes(player(number).key.sign(digest).compactSerialized),
        ]);
      }),
    ).flat();
    return Array.from({ length: Math.ceil(transactions.length / IN_REQUEST) }, (_, i) =>
      Uint8Array.from(Buffer.concat(transactions.slice(i * IN_REQUEST, (i + 1) * IN_REQUEST))),
    );
  });
}

interface Answer {
  readonly results: readonly { readonly batch?: string; readonly error?: string }[];
}

/** The number of the last batch that has any of it. */
async function submitAll(url: string, bodies: readonly Uint8Array[]): Promise<number> {
  let last = 0;
  for (const body of bodies) {
    const headers = { "content-type": "application/octet-stream" };
    const response = await fetch(url, { method: "POST", headers, body: Buffer.from(body) });
    const { results } = (await response.json()) as Answer;
    for (const { batch, error } of results) {
      if (batch === undefined) throw new Error(`a transfer was refused: ${error}`);
      last = Math.max(last, Number(batch));
    }
  }
  return last;
}
