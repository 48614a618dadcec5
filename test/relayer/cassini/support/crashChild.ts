import { createInterface } from "node:readline";
import type { LaneEnds } from "../../../../protocol/hashChain";
import { Attestor } from "../../../../relayer/cassini/attestor";
import { Collector } from "../../../../relayer/cassini/collector";
import { Deliverer } from "../../../../relayer/cassini/deliverer";
import { GATEWAY } from "../../../../relayer/cassini/gatewayInterface";
import { opposite, targetOf } from "../../../../relayer/cassini/lane";
import { DEFAULT_LIMITS } from "../../../../relayer/cassini/plan";
import { SignerSets } from "../../../../relayer/cassini/signerSets";
import { Watcher } from "../../../../relayer/cassini/watcher";
import { EndpointQuorum } from "../../../../relayer/chain/endpointQuorum";
import { NonceSender } from "../../../../relayer/chain/sender";
import type { AttestationPeer, Clock, TransactionSender } from "../../../../relayer/ports";
import { Store, type Repositories } from "../../../../relayer/store/store";
import { attestationSigner, realClock } from "./operators";
import { accountOf } from "./localAccounts";

/** What the parent says on the first line of the input: the process finishes what the one before left, and says so. */
export interface CrashOrder {
  readonly database: string;
  readonly lane: { readonly [Key in keyof LaneEnds]: string };
  readonly urls: { readonly [chainId: string]: string };
  /**
   * After the second line it starts over, and kills itself before an await of the delivery path, or at its end: this
   * one, counted from 1. What a kill after an await leaves is what a kill before the next one does.
   */
  readonly crashAt: number;
}

/** What it says at the end of a run that it survived. */
export interface CrashReport {
  readonly points: number;
}

const ROUNDS = 30;

class Fuse {
  count = 0;

  constructor(private readonly crashAt: number) {}

  async point(): Promise<void> {
    this.count += 1;
    if (this.count !== this.crashAt) return;
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => undefined);
  }

  /** The same object; before each of its methods there is a point. */
  around<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return async (...args: readonly unknown[]) => {
          await this.point();
          return (await Reflect.apply(member, target, args)) as unknown;
        };
      },
    });
  }

  repositories(all: Repositories): Repositories {
    return {
      lanes: this.around(all.lanes),
      blocks: this.around(all.blocks),
      attestations: this.around(all.attestations),
      deliveries: this.around(all.deliveries),
      transactions: this.around(all.transactions),
      channels: this.around(all.channels),
      rollup: this.around(all.rollup),
    };
  }

  store(store: Store): Store {
    const transaction: Store["transaction"] = async (step) => {
      await this.point();
      return store.transaction(async (inside) => {
        const result = await step(this.repositories(inside));
        // Everything is written and nothing committed.
        await this.point();
        return result;
      });
    };
    return Object.assign(Object.create(store) as Store, this.repositories(store), { transaction });
  }
}

const account = accountOf(5);

/** Nobody waits in this process but the sender, for receipts. */
const impatient: Clock = { now: () => Date.now(), sleep: async () => undefined };

/** From the opening of the store until everything is acknowledged. */
async function run(order: CrashOrder, crashAt: number): Promise<CrashReport> {
  const fuse = new Fuse(crashAt);
  const { signal } = new AbortController();
  const there: LaneEnds = {
    sourceChainId: BigInt(order.lane.sourceChainId),
    sourceGateway: order.lane.sourceGateway,
    targetChainId: BigInt(order.lane.targetChainId),
    targetGateway: order.lane.targetGateway,
  };
  const lanes = [there, opposite(there)];
  const opened = await Store.open({ sqlite: order.database });
  const store = fuse.store(opened);
  const [signer, other] = [attestationSigner("alice"), attestationSigner("bob")];

  const chains = new Map(
    Object.entries(order.urls).map(([id, url]) => {
      const common = { chainId: BigInt(id), endpoints: [url], timeoutMs: 10_000 };
      const reader = new EndpointQuorum({ ...common, quorum: 1, finality: "latest" });
      const sender = new NonceSender({
        ...common,
        signer: account,
        store: store.transactions,
        clock: realClock,
        fees: { maxGasPrice: 100_000_000_000n },
        pollMs: 10,
      });
      return [common.chainId, { direct: reader, reader: fuse.around(reader), sender: fuseSender(fuse, sender) }];
    }),
  );
  const chain = (id: bigint) => chains.get(id) as NonNullable<ReturnType<typeof chains.get>>;
  const readers = new Map([...chains].map(([id, { reader }]) => [id, reader]));
  const sets = new SignerSets(readers, impatient);

  /** The second operator: signs whatever the first one recomputed. */
  const peerOf = (lane: LaneEnds): AttestationPeer =>
    fuse.around({
      endpoint: "bob",
      attestations: async ({ after, signer: asked }) => {
        if (asked !== undefined) return [];
        const target = targetOf(lane);
        const headers = await opened.blocks.headers(lane, after, 100);
        return headers.map(({ header }) => ({
          header,
          target,
          signer: other.address,
          signature: other.signHeader(header, target),
        }));
      },
      rotations: async () => [],
    });

  const emit = (): void => undefined;
  const parts = lanes.map((lane) => {
    const source = chain(lane.sourceChainId);
    const target = chain(lane.targetChainId);
    const peer = peerOf(lane);
    const deliverer = new Deliverer(lane, {
      target: target.reader,
      sender: target.sender,
      store,
      sets,
      clock: impatient,
      emit,
      operator: signer.address,
      options: { limits: DEFAULT_LIMITS, payout: account.address, staggerMs: 0, ackDelayMs: 0, patienceMs: 0 },
    });
    return {
      watcher: new Watcher(lane, { reader: source.reader, store, emit, startBlock: 0n, logAttempts: 3 }),
      attestor: new Attestor(lane, {
        signer,
        source: source.reader,
        store,
        sets,
        peers: () => [peer],
        clock: impatient,
        emit,
      }),
      collector: new Collector(lane, peer, {
        store,
        sets,
        emit,
        clock: impatient,
        target: target.reader,
        onCollected: () => undefined,
      }),
      deliverer,
    };
  });

  const acknowledged = async (lane: LaneEnds): Promise<boolean> => {
    const call = GATEWAY.encodeFunctionData("laneState", [lane.targetChainId]);
    const data = await chain(lane.sourceChainId).direct.call(lane.sourceGateway, call, signal);
    const state = GATEWAY.decodeFunctionResult("laneState", data)[0] as { outSeq: bigint; ackSeq: bigint };
    return state.outSeq === state.ackSeq;
  };

  for (const { sender } of chains.values()) await sender.recover(signal);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { watcher, attestor, collector, deliverer } of parts) {
      await watcher.step(signal);
      await attestor.step(signal);
      await collector.step(signal);
      await deliverer.step(signal);
    }
    if ((await acknowledged(there)) && (await acknowledged(opposite(there)))) {
      await fuse.point();
      await opened.close();
      return { points: fuse.count };
    }
  }
  throw new Error(`not everything was acknowledged after ${ROUNDS} rounds`);
}

const fuseSender = (fuse: Fuse, sender: NonceSender): TransactionSender => ({
  address: sender.address,
  ...fuse.around({
    submit: (...args: Parameters<TransactionSender["submit"]>) => sender.submit(...args),
    recover: (...args: Parameters<TransactionSender["recover"]>) => sender.recover(...args),
  }),
});

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) return;
  const order = JSON.parse(first.value) as CrashOrder;
  await run(order, Infinity);
  process.stdout.write("ready\n");
  await lines.next();
  process.stdout.write(`${JSON.stringify(await run(order, order.crashAt))}\n`);
}

// Hardhat loads every file below test/: only the process of its own runs.
if (require.main === module) {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
}
