import { Wallet } from "ethers";
import { buildApi } from "./api/api";
import { HttpPeer } from "./api/httpPeer";
import { runCassini, type CassiniChain } from "./cassini/run";
import { ChainAccess } from "./chainAccess";
import { EndpointQuorum } from "./chain/endpointQuorum";
import { NonceSender } from "./chain/sender";
import type { RollupTarget } from "../protocol/certificate";
import type { ChainConfig, RelayerConfig, RollupConfig } from "./config";
import { KeySigner, loadPrivateKey, type KeyOptions } from "./keystore";
import type { Closable } from "./lifecycle";
import type { Log } from "./log";
import { Metrics } from "./metrics";
import { monitor, readinessChecks } from "./monitor";
import { observer } from "./observe";
import type {
  AttestationPeer,
  BlobReader,
  BodyReader,
  ChainReader,
  EpochReader,
  GasMarket,
  StateReader,
  TransactionSender,
} from "./ports";
import { Readiness } from "./readiness";
import { createLedgerCrypto } from "./rollup/ledgerCrypto";
import { KzgThreads } from "./rollup/kzgThreads";
import { NodePeer } from "./rollup/nodePeer";
import { rollupObserver } from "./rollup/observe";
import { RollupRunner } from "./rollup/run";
import { sequencerObserver } from "./rollup/sequencer/observe";
import { assembleSequencer } from "./rollup/sequencer/run";
import { SnapshotFiles } from "./rollup/snapshotFiles";
import { Store } from "./store/store";
import { systemClock } from "./systemClock";
import { watchtowerObserver } from "./watchtower/observe";
import { runWatchtower, type GuardedChain } from "./watchtower/run";
import { Submissions } from "./watchtower/submissions";

type Reader = ChainReader & EpochReader & StateReader & BodyReader & BlobReader;

/** Longest that the rollup's constants may take to be read at the start. */
const SEQUENCER_START_MS = 60_000;
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
  const { attestor, deliverer, watchtower, certifier, challenger, sequencer: sequencing } = config.roles;
  const signing = (attestor || certifier) && config.signer !== undefined;
  const signerKey = signing
    ? await loadPrivateKey(config.signer as NonNullable<typeof config.signer>, keys)
    : undefined;
  const sends = deliverer || watchtower || certifier || challenger || sequencing;
  const sending = sends && config.send && config.sender !== undefined;
  const senderKey = sending
    ? await loadPrivateKey(config.sender as NonNullable<typeof config.sender>, keys)
    : undefined;
  const signer = signerKey === undefined ? undefined : new KeySigner(signerKey);
  const wallet = senderKey === undefined ? undefined : new Wallet(senderKey);

  const store = await Store.open(config.store, (error) => log.warn({ error }, "an idle store connection broke"));
  const metrics = new Metrics();
  const readiness = new Readiness(readinessChecks(config), systemClock, {
    store: () => store.check(),
    ...(sequencing && { sequencer: async () => sequencer?.sequencer.requireTaking() }),
  });
  const access = new Map(config.chains.map((chain) => [chain.chainId, new ChainAccess(chain)]));
  const readers = new Map(config.chains.map((chain) => [chain.chainId, readerOf(chain, log, metrics)]));
  const senders = new Map<bigint, TransactionSender & GasMarket>(
    wallet === undefined
      ? []
      : config.chains.map((chain) => [chain.chainId, recoveredOnce(senderOf(chain, wallet, store, log, metrics))]),
  );
  const chains = new Map<bigint, CassiniChain>(
    config.chains.map((chain) => [
      chain.chainId,
      {
        reader: readers.get(chain.chainId) as Reader,
        ...(deliverer && wallet !== undefined && { sender: senders.get(chain.chainId) as TransactionSender }),
        startBlock: chain.startBlock,
        pollMs: chain.pollMs,
        payout: chain.payout ?? wallet?.address ?? signer?.address ?? NOBODY,
      },
    ]),
  );

  const peers = new Map<string, AttestationPeer>();
  const nodePeers = new Map<string, NodePeer>();
  const addPeers = (endpoints: readonly string[]): void => {
    const own = config.api.publicEndpoint;
    const wanted = new Set([...config.peers.static, ...endpoints].filter((endpoint) => endpoint !== own));
    keepPeers(peers, wanted, (endpoint) => new HttpPeer(endpoint));
    keepPeers(nodePeers, new Set([...wanted, ...(config.rollup?.peers ?? [])]), (endpoint) => new NodePeer(endpoint));
  };
  addPeers([]);

  const emitWatchtower = watchtowerObserver({ log, metrics, clock: systemClock });
  const guarded = watchtower ? config.chains.flatMap((chain) => guardedChain(chain, readers, senders)) : [];
  const submissions = new Submissions(new Map(guarded.map((chain) => [chain.chainId, chain])), {
    store,
    clock: systemClock,
    emit: emitWatchtower,
  });

  const rollup = config.rollup === undefined ? undefined : targetOf(config.rollup);
  const snapshots = config.rollup === undefined ? undefined : snapshotsOf(config.rollup);

  const followed = config.chains.find(({ chainId }) => chainId === rollup?.chainId);
  const follows = certifier || challenger || sequencing;
  const blobProver = new KzgThreads(config.rollup?.sequencer?.kzgThreads ?? 1);
  const rollupSender = followed && senders.get(followed.chainId);
  const runner =
    config.rollup === undefined || rollup === undefined || followed === undefined || !follows
      ? undefined
      : new RollupRunner({
          rollup,
          gateway: followed.gateway,
          startBlock: config.rollup.startBlock,
          pollMs: config.rollup.pollMs,
          reader: readers.get(followed.chainId) as Reader,
          store,
          crypto: await createLedgerCrypto(),
          blobProver,
          clock: systemClock,
          emit: rollupObserver({ log, metrics, clock: systemClock, chainId: followed.chainId }),
          peers: () => [...nodePeers.values()],
          ...(snapshots !== undefined && { snapshots }),
          provesFinal: sequencing,
          ...(certifier &&
            signer !== undefined && { certifier: { signer, ...(rollupSender && { sender: rollupSender }) } }),
          ...(challenger &&
            rollupSender !== undefined && {
              challenger: {
                sender: rollupSender,
                payout: config.rollup.payout ?? rollupSender.address,
                freezes: config.rollup.freeze,
              },
            }),
        });
  const sequencer =
    config.rollup?.sequencer === undefined || runner === undefined || followed === undefined
      ? undefined
      : await assembleSequencer(
          {
            ...{ runner, store, clock: systemClock, chainId: followed.chainId, rollup: config.rollup.address },
            config: config.rollup.sequencer,
            startBlock: config.rollup.startBlock,
            pollMs: followed.pollMs,
            reader: readers.get(followed.chainId) as Reader,
            sender: rollupSender as TransactionSender & GasMarket,
            blobProver,
            peers: () => [...nodePeers.values()],
            emit: sequencerObserver({ log, metrics, clock: systemClock }),
          },
          AbortSignal.timeout(SEQUENCER_START_MS),
        ).catch(async (error: unknown) => {
          await store.close();
          throw error;
        });

  const api = buildApi({
    store,
    lanes: config.lanes,
    metrics,
    readiness: () => readiness.report(),
    clock: systemClock,
    log,
    ...(watchtower && { watchtower: submissions }),
    ...(rollup !== undefined && { rollup: { rollup, store, ...(snapshots !== undefined && { snapshots }) } }),
  });
  sequencer?.serve(api);
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
    ...(attestor && signer !== undefined && { signer }),
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
      const active = attestor || deliverer;
      const tasks = [
        monitor({ ...watched, onPeers: addPeers }, signal),
        ...(active ? [runCassini(cassini, signal)] : []),
        runWatchtower({ chains: guarded, store, clock: systemClock, emit: emitWatchtower }, signal),
        ...(runner === undefined ? [] : [runner.run(signal)]),
        ...(sequencer === undefined ? [] : [sequencer.work(signal)]),
      ];
      await Promise.all(tasks);
    },
    closables: [
      { name: "api", close: () => api.close() },
      ...(sequencer === undefined ? [] : [{ name: "sequencer", close: () => sequencer.close() }]),
      { name: "kzg", close: () => blobProver.close() },
      { name: "store", close: () => store.close() },
    ],
  };
}

/** Keeps one peer per endpoint that is wanted now. */
function keepPeers<Peer>(
  peers: Map<string, Peer>,
  wanted: ReadonlySet<string>,
  make: (endpoint: string) => Peer,
): void {
  for (const endpoint of peers.keys()) if (!wanted.has(endpoint)) peers.delete(endpoint);
  for (const endpoint of wanted) if (!peers.has(endpoint)) peers.set(endpoint, make(endpoint));
}

function targetOf({ chainId, address }: RollupConfig): RollupTarget {
  return { chainId, rollup: address };
}

function snapshotsOf({ snapshots, snapshotHours }: RollupConfig): SnapshotFiles | undefined {
  return snapshots === undefined ? undefined : new SnapshotFiles(snapshots, BigInt(snapshotHours) * 3_600n);
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
function recoveredOnce(sender: TransactionSender & GasMarket): TransactionSender & GasMarket {
  let recovered: Promise<void> | undefined;
  return {
    address: sender.address,
    submit: (request, signal) => sender.submit(request, signal),
    prices: (signal) => sender.prices(signal),
    recover: (signal) => {
      recovered ??= sender.recover(signal).catch((error: unknown) => {
        recovered = undefined;
        throw error;
      });
      return recovered;
    },
  };
}

function readerOf(chain: ChainConfig, log: Log, metrics: Metrics): Reader {
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
    fees: { maxGasPrice: chain.maxGasPrice, maxBlobGasPrice: chain.maxBlobGasPrice },
    pollMs: chain.pollMs,
    observe: (event) => {
      if (event.kind === "bumped") metrics.feeBumps.inc({ chain: `${chain.chainId}` });
      const fields = { chain: chain.name, ...event };
      if ("alert" in event) return log.error(fields, "a transaction needs the operator");
      return log.debug(fields, "sender");
    },
  });
}
