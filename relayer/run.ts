import { Wallet } from "ethers";
import { buildApi } from "./api/api";
import { HttpPeer } from "./api/httpPeer";
import { runCassini, type CassiniChain } from "./cassini/run";
import { ChainAccess } from "./chainAccess";
import { EndpointQuorum } from "./chain/endpointQuorum";
import { NonceSender } from "./chain/sender";
import type { ChainConfig, RelayerConfig } from "./config";
import { KeySigner, loadPrivateKey, type KeyOptions } from "./keystore";
import type { Closable } from "./lifecycle";
import type { Log } from "./log";
import { Metrics } from "./metrics";
import { monitor, readinessChecks } from "./monitor";
import { observer } from "./observe";
import type { AttestationPeer, ChainReader, EpochReader, TransactionSender } from "./ports";
import { Readiness } from "./readiness";
import { Store } from "./store/store";
import { systemClock } from "./systemClock";
import { watchtowerObserver } from "./watchtower/observe";
import { runWatchtower, type GuardedChain } from "./watchtower/run";
import { Submissions } from "./watchtower/submissions";

const NOBODY = "0x0000000000000000000000000000000000000000";

/** A relayer that is assembled and listens; `work` runs its roles. */
export interface Relayer {
  /** Where the API listens. */
  readonly address: string;
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** In the order of closing. */
  readonly closables: readonly Closable[];
}

/** Assembles a relayer from its configuration: store, chains, roles, API. */
export async function startRelayer(config: RelayerConfig, log: Log, prompt: KeyOptions["prompt"]): Promise<Relayer> {
  const keys: KeyOptions = { prompt, warn: (message, context) => log.warn(context, message) };
  const signerKey = config.roles.attestor && config.signer ? await loadPrivateKey(config.signer, keys) : undefined;
  const { deliverer, watchtower } = config.roles;
  const sending = (deliverer || watchtower) && config.send && config.sender !== undefined;
  const senderKey = sending
    ? await loadPrivateKey(config.sender as NonNullable<typeof config.sender>, keys)
    : undefined;
  const signer = signerKey === undefined ? undefined : new KeySigner(signerKey);
  const wallet = senderKey === undefined ? undefined : new Wallet(senderKey);

  const store = await Store.open(config.store, (error) => log.warn({ error }, "an idle store connection broke"));
  const metrics = new Metrics();
  const readiness = new Readiness(readinessChecks(config), systemClock, () => store.check());
  const access = new Map(config.chains.map((chain) => [chain.chainId, new ChainAccess(chain)]));
  const readers = new Map(config.chains.map((chain) => [chain.chainId, readerOf(chain, log, metrics)]));
  const senders = new Map<bigint, TransactionSender>(
    wallet === undefined
      ? []
      : config.chains.map((chain) => [chain.chainId, recoveredOnce(senderOf(chain, wallet, store, log, metrics))]),
  );
  const chains = new Map<bigint, CassiniChain>(
    config.chains.map((chain) => [
      chain.chainId,
      {
        reader: readers.get(chain.chainId) as ChainReader & EpochReader,
        ...(deliverer && wallet !== undefined && { sender: senders.get(chain.chainId) as TransactionSender }),
        startBlock: chain.startBlock,
        pollMs: chain.pollMs,
        payout: chain.payout ?? wallet?.address ?? signer?.address ?? NOBODY,
      },
    ]),
  );

  const peers = new Map<string, AttestationPeer>();
  const addPeers = (endpoints: readonly string[]): void => {
    const own = config.api.publicEndpoint;
    const wanted = new Set([...config.peers.static, ...endpoints].filter((endpoint) => endpoint !== own));
    for (const endpoint of peers.keys()) if (!wanted.has(endpoint)) peers.delete(endpoint);
    for (const endpoint of wanted) if (!peers.has(endpoint)) peers.set(endpoint, new HttpPeer(endpoint));
  };
  addPeers([]);

  const emitWatchtower = watchtowerObserver({ log, metrics, clock: systemClock });
  const guarded = watchtower ? config.chains.flatMap((chain) => guardedChain(chain, readers, senders)) : [];
  const submissions = new Submissions(new Map(guarded.map((chain) => [chain.chainId, chain])), {
    store,
    clock: systemClock,
    emit: emitWatchtower,
  });

  const api = buildApi({
    store,
    lanes: config.lanes,
    metrics,
    readiness: () => readiness.report(),
    clock: systemClock,
    log,
    ...(watchtower && { watchtower: submissions }),
  });
  let address: string;
  try {
    address = await api.listen({ host: config.api.host, port: config.api.port });
  } catch (error) {
    await store.close();
    throw error;
  }

  const registryChain = config.chains.find(({ registry }) => registry !== undefined);
  const emit = observer({ log, metrics, readiness, clock: systemClock });
  const cassini = {
    lanes: config.lanes,
    chains,
    store,
    ...(signer !== undefined && { signer }),
    peers: () => [...peers.values()],
    ...(registryChain !== undefined && {
      authority: {
        chainId: registryChain.chainId,
        gateway: registryChain.gateway,
        registry: registryChain.registry as string,
        ...(registryChain.liveness !== undefined && { liveness: registryChain.liveness }),
      },
    }),
    clock: systemClock,
    emit,
  };
  const watched = { config, readers, access, sender: wallet?.address, metrics, readiness, clock: systemClock };
  return {
    address,
    work: async (signal) => {
      const active = config.roles.attestor || deliverer;
      const tasks = [
        monitor({ ...watched, onPeers: addPeers }, signal),
        ...(active ? [runCassini(cassini, signal)] : []),
        runWatchtower({ chains: guarded, store, clock: systemClock, emit: emitWatchtower }, signal),
      ];
      await Promise.all(tasks);
    },
    closables: [
      { name: "api", close: () => api.close() },
      { name: "store", close: () => store.close() },
    ],
  };
}

/** The channels of one chain, with what it takes to answer for them; none where the chain has no contract for them. */
function guardedChain(
  { chainId, stateChannels, pollMs }: ChainConfig,
  readers: ReadonlyMap<bigint, ChainReader>,
  senders: ReadonlyMap<bigint, TransactionSender>,
): readonly GuardedChain[] {
  const [reader, sender] = [readers.get(chainId), senders.get(chainId)];
  if (stateChannels === undefined || reader === undefined || sender === undefined) return [];
  return [{ chainId, channels: stateChannels, reader, sender, pollMs }];
}

/** Several roles share an account: what a crash left of it is finished once, by whichever comes first. */
function recoveredOnce(sender: TransactionSender): TransactionSender {
  let recovered: Promise<void> | undefined;
  return {
    address: sender.address,
    submit: (request, signal) => sender.submit(request, signal),
    recover: (signal) => {
      recovered ??= sender.recover(signal).catch((error: unknown) => {
        recovered = undefined;
        throw error;
      });
      return recovered;
    },
  };
}

function readerOf(chain: ChainConfig, log: Log, metrics: Metrics): ChainReader & EpochReader {
  return new EndpointQuorum({
    chainId: chain.chainId,
    endpoints: chain.endpoints,
    quorum: chain.quorum,
    finality: chain.finality,
    logRange: chain.logRange,
    timeoutMs: chain.requestTimeoutMs,
    observe: (event) => {
      const fields = { chain: chain.name, ...event };
      if (event.kind === "endpointRecovered") return log.info(fields, "an endpoint answers again");
      metrics.endpointErrors.inc({ chain: `${chain.chainId}`, code: event.kind });
      if (event.kind === "endpointDisagreed") return log.error(fields, "an endpoint disagrees with the others");
      return log.debug(fields, "an endpoint failed");
    },
  });
}

function senderOf(chain: ChainConfig, wallet: Wallet, store: Store, log: Log, metrics: Metrics): NonceSender {
  return new NonceSender({
    chainId: chain.chainId,
    endpoints: chain.endpoints,
    timeoutMs: chain.requestTimeoutMs,
    signer: wallet,
    store: store.transactions,
    clock: systemClock,
    fees: { maxGasPrice: chain.maxGasPrice },
    pollMs: chain.pollMs,
    observe: (event) => {
      if (event.kind === "bumped") metrics.feeBumps.inc({ chain: `${chain.chainId}` });
      const fields = { chain: chain.name, ...event };
      if ("alert" in event) return log.error(fields, "a transaction needs the operator");
      return log.debug(fields, "sender");
    },
  });
}
