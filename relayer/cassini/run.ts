import type { LaneEnds } from "../../protocol/hashChain";
import type { Target } from "../../protocol/header";
import type { AttestationPeer, AttestationSigner, ChainReader, Clock, EpochReader, TransactionSender } from "../ports";
import type { Store } from "../store/store";
import { Attestor } from "./attestor";
import { AuthorityEpochs, type Authority } from "./authorityEpochs";
import { Bell } from "./bell";
import { Collector } from "./collector";
import { Deliverer } from "./deliverer";
import { EpochPublisher } from "./epochPublisher";
import type { Emit, Part } from "./events";
import { targetOf } from "./lane";
import { LivenessKeeper } from "./liveness";
import { repeat } from "./loop";
import { DEFAULT_LIMITS, type DeliveryLimits } from "./plan";
import { RotationAttestor } from "./rotationAttestor";
import { RotationRelay } from "./rotationRelay";
import { SignerSets } from "./signerSets";
import { Watcher } from "./watcher";

/** One chain as the lanes see it. All lanes to it share its sender, the only place that assigns nonces. */
export interface CassiniChain {
  readonly reader: ChainReader & EpochReader;
  /** Absent where sending is off. */
  readonly sender?: TransactionSender;
  /** Last block before the gateway's deployment, or any before. */
  readonly startBlock: bigint;
  /** Between two looks at the chain. */
  readonly pollMs: number;
  readonly limits?: DeliveryLimits;
  /** Address on this chain that deliveries of its messages are paid at. */
  readonly payout: string;
}

export interface CassiniDeps {
  /** One direction each. */
  readonly lanes: readonly LaneEnds[];
  readonly chains: ReadonlyMap<bigint, CassiniChain>;
  readonly store: Store;
  /** The operator's key; absent: nothing is signed. */
  readonly signer?: AttestationSigner;
  /** Other operators, as they are announced now. */
  readonly peers: () => readonly AttestationPeer[];
  /** The gateway that the others follow, with its registry; absent: no rotations. */
  readonly authority?: Authority;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly options?: Partial<CassiniOptions>;
}

export interface CassiniOptions {
  readonly logAttempts: number;
  readonly staggerMs: number;
  readonly ackDelayMs: number;
  readonly patienceMs: number;
  readonly maxBackoffMs: number;
  /** Between two operators' turns at an epoch: longer than a transaction takes, for there is no hurry. */
  readonly rotationStaggerMs: number;
  /** Between two looks at epochs and at the list of peers. */
  readonly rotationMs: number;
}

export const DEFAULT_OPTIONS: CassiniOptions = {
  logAttempts: 4,
  staggerMs: 1_000,
  ackDelayMs: 250,
  patienceMs: 15_000,
  maxBackoffMs: 5_000,
  rotationStaggerMs: 5_000,
  rotationMs: 2_000,
};

function chainOf(deps: CassiniDeps, chainId: bigint): CassiniChain {
  const chain = deps.chains.get(chainId);
  if (chain === undefined) throw new RangeError(`a lane names chain ${chainId}, which is not configured`);
  return chain;
}

/** Runs all lanes until `signal` aborts, then drains: resolves when every loop has ended. */
export async function runCassini(deps: CassiniDeps, signal: AbortSignal): Promise<void> {
  const options = { ...DEFAULT_OPTIONS, ...deps.options };
  const readers = new Map([...deps.chains].map(([chainId, { reader }]) => [chainId, reader]));
  const sets = new SignerSets(readers, deps.clock);
  const recovered = new Map<TransactionSender, Promise<void>>();

  const loop = (
    part: Part,
    step: (signal: AbortSignal) => Promise<void>,
    context: { readonly lane?: LaneEnds; readonly peer?: string } = {},
    until: AbortSignal = signal,
  ): Promise<void> => {
    const onError = (error: unknown, retryInMs: number): void =>
      deps.emit({ kind: "failed", part, ...context, error, retryInMs });
    return repeat(step, { clock: deps.clock, maxBackoffMs: options.maxBackoffMs, onError }, until);
  };

  /** What a crash left of a sender is finished once, by whichever lane comes first, and tried again if it fails. */
  const recoveredSender = async (sender: TransactionSender): Promise<void> => {
    const running = recovered.get(sender) ?? sender.recover(signal);
    recovered.set(sender, running);
    try {
      await running;
    } catch (error) {
      recovered.delete(sender);
      throw error;
    }
  };

  await Promise.all([
    ...deps.lanes.map((lane) => runLane(lane)),
    ...(deps.authority === undefined ? [] : runEpochs(deps.authority)),
  ]);

  async function runLane(lane: LaneEnds): Promise<void> {
    const { store, emit, clock, signer } = deps;
    const source = chainOf(deps, lane.sourceChainId);
    const target = chainOf(deps, lane.targetChainId);
    const watched = new Bell();
    const deliverable = new Bell();

    const watcher = new Watcher(lane, {
      reader: source.reader,
      store,
      emit,
      startBlock: source.startBlock,
      logAttempts: options.logAttempts,
    });
    const deliverer = new Deliverer(lane, {
      target: target.reader,
      sender: target.sender ?? NO_SENDER,
      store,
      sets,
      clock,
      emit,
      operator: signer?.address ?? target.sender?.address ?? source.payout,
      options: { ...options, limits: target.limits ?? DEFAULT_LIMITS, payout: source.payout },
    });

    const loops: Promise<void>[] = [
      loop(
        "watcher",
        async (until) => {
          if (await watcher.step(until)) {
            watched.ring();
            deliverable.ring();
          }
          await clock.sleep(source.pollMs, until);
        },
        { lane },
      ),
      runPeers((peer, until) => {
        const collector = new Collector(lane, peer, {
          store,
          sets,
          emit,
          clock,
          target: target.reader,
          onCollected: () => deliverable.ring(),
        });
        return loop("collector", (stop) => collector.step(stop), { lane, peer: peer.endpoint }, until);
      }),
    ];
    if (signer !== undefined) {
      const attestor = new Attestor(lane, {
        signer,
        source: source.reader,
        store,
        sets,
        peers: deps.peers,
        clock,
        emit,
      });
      const listener = watched.listen();
      loops.push(
        loop(
          "attestor",
          async (until) => {
            if (await attestor.step(until)) deliverable.ring();
            else await listener.heard(options.rotationMs, until);
          },
          { lane },
        ),
      );
    }
    if (target.sender !== undefined) {
      const { sender, pollMs } = target;
      const listener = deliverable.listen();
      loops.push(
        loop(
          "deliverer",
          async (until) => {
            await recoveredSender(sender);
            const due = await deliverer.step(until);
            if (due !== 0) await listener.heard(Math.min(due ?? pollMs, pollMs), until);
          },
          { lane },
        ),
      );
    }
    await Promise.all(loops);
  }

  /** Keeps one loop per announced peer. */
  async function runPeers(start: (peer: AttestationPeer, until: AbortSignal) => Promise<void>): Promise<void> {
    const running = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();
    while (!signal.aborted) {
      const announced = new Map(deps.peers().map((peer) => [peer.endpoint, peer]));
      for (const [endpoint, { stop }] of running) {
        if (announced.has(endpoint)) continue;
        stop.abort();
        running.delete(endpoint);
      }
      for (const [endpoint, peer] of announced) {
        if (running.has(endpoint)) continue;
        const stop = new AbortController();
        running.set(endpoint, { stop, done: start(peer, AbortSignal.any([signal, stop.signal])) });
      }
      await deps.clock.sleep(options.rotationMs, signal).catch(() => undefined);
    }
    await Promise.all([...running.values()].map(({ done }) => done));
  }

  /**
   * Keeps all gateways at the registry's set: one loop publishes, one signs, and one for each gateway delivers. Another
   * shows who attends.
   */
  function runEpochs(authority: Authority): readonly Promise<void>[] {
    const { store, emit, clock, signer } = deps;
    const { reader, sender, payout } = chainOf(deps, authority.chainId);
    const { registry, liveness } = authority;
    const targets = gatewaysBut(authority, deps.lanes);
    const epochs = new AuthorityEpochs(authority, reader, sets);
    const turns = { sets, clock, emit, store, staggerMs: options.rotationStaggerMs };
    const every = (part: Part, step: (until: AbortSignal) => Promise<void>): Promise<void> =>
      loop(part, async (until) => {
        await step(until);
        await clock.sleep(options.rotationMs, until);
      });

    const loops: Promise<void>[] = [];
    if (sender !== undefined && liveness !== undefined) {
      const fromHome = deps.lanes.filter(({ sourceChainId }) => sourceChainId === authority.chainId);
      const keeper = new LivenessKeeper({ ...authority, liveness }, fromHome, {
        ...turns,
        reader,
        sender,
        operator: signer?.address ?? payout,
        ...(signer !== undefined && { signer: signer.address }),
      });
      loops.push(
        every("liveness", async (until) => {
          await recoveredSender(sender);
          await keeper.step(until);
        }),
      );
    }
    if (sender !== undefined && registry !== undefined) {
      const publisher = new EpochPublisher(
        { ...authority, registry },
        { ...turns, reader, sender, operator: signer?.address ?? payout, patienceMs: options.patienceMs },
      );
      loops.push(
        every("epoch publisher", async (until) => {
          await recoveredSender(sender);
          await publisher.step(until);
        }),
      );
    }
    if (signer !== undefined) {
      const attestor = new RotationAttestor(targets, { epochs, store, signer, emit });
      loops.push(every("rotation attestor", (until) => attestor.step(until)));
    }
    for (const target of targets) {
      const chain = chainOf(deps, target.chainId);
      if (chain.sender === undefined) continue;
      const { sender: pays } = chain;
      const relay = new RotationRelay(target, {
        ...turns,
        epochs,
        reader: chain.reader,
        sender: pays,
        recovered: () => recoveredSender(pays),
        operator: signer?.address ?? pays.address,
      });
      loops.push(every("rotation deliverer", (until) => relay.step(deps.peers(), until)));
    }
    return loops;
  }
}

/** Every gateway of a lane but the authority's own. */
function gatewaysBut(authority: Target, lanes: readonly LaneEnds[]): readonly Target[] {
  const targets = new Map(lanes.map((lane) => [lane.targetChainId, targetOf(lane)]));
  targets.delete(authority.chainId);
  return [...targets.values()];
}

/** Stands where sending is off; nobody calls it. */
const NO_SENDER: TransactionSender = {
  address: "0x0000000000000000000000000000000000000000",
  submit: () => Promise.reject(new Error("sending is off")),
  recover: () => Promise.resolve(),
};
