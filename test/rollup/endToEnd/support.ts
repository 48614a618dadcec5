import { JsonRpcProvider, Wallet, hexlify, isCallException, type BaseWallet, type Signer } from "ethers";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { decodeLeaf, type Leaf, type LeafKind } from "../../../protocol/ledger/leaves";
import { EndpointQuorum } from "../../../relayer/chain/endpointQuorum";
import type { DataRoute } from "../../../relayer/config";
import type { RollupEvent } from "../../../relayer/rollup/events";
import { KzgThreads } from "../../../relayer/rollup/kzgThreads";
import { RollupRunner } from "../../../relayer/rollup/run";
import { Store } from "../../../relayer/store/store";
import { systemClock } from "../../../relayer/systemClock";
import { LedgerAccount } from "../../../sdk/rollup/ledgerAccount";
import { SequencerApi } from "../../../sdk/rollup/sequencerApi";
import { walletSpeaker } from "../../../sdk/rollup/speaker";
import { freePort, startAnvil, type LocalNode } from "../../../scripts/local/nodes";
import { startRelayerProcess, type RelayerProcess } from "../../../scripts/local/relayerProcess";
import { crypto, player } from "../../protocol/ledger/support";
import { accountOf } from "../../relayer/cassini/support/localAccounts";
import { until } from "../../relayer/cassini/support/operators";
import { Layer2, bodyOf, deployRollupFrom, type RollupFixture } from "../support";

/** Longer than anything takes on a busy machine. */
export const PATIENCE_MS = 240_000;
const CHAIN_ID = 31_337;
const POLL_MS = 100;
/** So long that no batch ends by its age while a test runs. */
export const NEVER_MS = 600_000;

/** Leaves of a player who was paid in for before anybody else had more than that. */
export const leafOf = { account: (number: number) => 2 * number + 1, balance: (number: number) => 2 * number + 2 };

export interface SequencerChoice {
  readonly name: string;
  /** Its log's folder; by default its name. */
  readonly folder?: string;
  readonly key: BaseWallet;
  /** After which its batches end. */
  readonly ageMs: number;
  readonly takeOver?: boolean;
  /** How its batches go to layer 1; calldata where it is not said. */
  readonly mode?: DataRoute;
  /** Where it finds layer 1, if not at the node itself. */
  readonly endpoint?: string;
}

export interface SequencerProcess extends RelayerProcess {
  readonly api: SequencerApi;
  /** What a player does through it, spoken for by his wallet. */
  player(number: number): Promise<LedgerAccount>;
  /** Everything that it has logged. */
  said(): string;
}

/** A layer 1 as a process, with a rollup on it and players' funds in batch 1; sequencers are processes of their own. */
export class Layer1Process {
  readonly sequencers: SequencerProcess[] = [];
  /** Admitted and bonded; bonded only. */
  readonly keys = { sequencer: accountOf(1), other: accountOf(2) };
  private readonly observers: Observer[] = [];

  private constructor(
    readonly node: LocalNode,
    readonly provider: JsonRpcProvider,
    readonly fixture: RollupFixture,
    readonly layer2: Layer2,
    private readonly directory: string,
  ) {}

  /** A block per second from the end of this on. */
  static async start(players: number, funds: bigint): Promise<Layer1Process> {
    const node = await startAnvil({ chainId: CHAIN_ID });
    const options = { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1, pollingInterval: 50 } as const;
    const provider = new JsonRpcProvider(node.url, CHAIN_ID, options);
    const fixture = await deployRollupFrom(Array.from({ length: 5 }, (_, index) => accountOf(index).connect(provider)));
    const layer2 = new Layer2(fixture);
    for (let number = 0; number < players; number++) await layer2.deposit(number, funds);
    await layer2.post(await layer2.draft([bodyOf(layer2, players)]));
    await node.rpc("evm_setIntervalMining", [1]);
    return new Layer1Process(node, provider, fixture, layer2, mkdtempSync(join(tmpdir(), "layer2-")));
  }

  async stop(): Promise<void> {
    await Promise.all(this.sequencers.map((sequencer) => sequencer.stop()));
    for (const observer of this.observers) await observer.stop();
    this.provider.destroy();
    await this.node.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Lets time pass on layer 1, and a block be in it. */
  async pass(seconds: bigint): Promise<void> {
    await this.node.rpc("evm_increaseTime", [Number(seconds)]);
    await this.node.rpc("evm_mine");
  }

  async sequencer(choice: SequencerChoice): Promise<SequencerProcess> {
    const { name, key, ageMs, takeOver = false, mode = "calldata" } = choice;
    const directory = join(this.directory, name);
    mkdirSync(directory, { recursive: true });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const yaml = stringify({
      operator: name,
      roles: { sequencer: true },
      send: true,
      chains: [
        {
          name: "here",
          chainId: CHAIN_ID,
          endpoints: [choice.endpoint ?? this.node.url],
          finality: "latest",
          gateway: await this.fixture.gateway.getAddress(),
          pollMs: POLL_MS,
          maxGasPriceGwei: 100,
        },
      ],
      rollup: {
        chain: "here",
        address: await this.fixture.rollup.getAddress(),
        startBlock: Number(this.fixture.beginning.blockNumber),
        pollMs: POLL_MS,
        sequencer: {
          directory: join(this.directory, choice.folder ?? name, "log"),
          mode,
          batch: { ageMs },
          quotas: { free: 200 },
          takeOver,
        },
      },
      sender: { privateKey: key.privateKey },
      store: { sqlite: "relayer.sqlite" },
      api: { host: "127.0.0.1", port },
    });
    const log = join(directory, "relayer.log");
    const process = await startRelayerProcess(yaml, { name, url, directory });
    const api = new SequencerApi(url, fetch);
    const venue = { chainId: BigInt(CHAIN_ID), rollup: await this.fixture.rollup.getAddress() };
    const sequencer: SequencerProcess = {
      ...process,
      api,
      player: async (number) => {
        const wallet = new Wallet(player(number).key);
        return new LedgerAccount(api, leafOf.account(number), await walletSpeaker(wallet, venue));
      },
      said: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    };
    this.sequencers.push(sequencer);
    return sequencer;
  }

  /** Waits until a sequencer takes transactions. */
  async taking({ url, said }: SequencerProcess): Promise<void> {
    const isReady = async (): Promise<boolean> => (await fetch(`${url}/ready`)).ok;
    await until(() => isReady().catch(() => false), said, PATIENCE_MS);
  }

  /** A node that re-executes what is posted, and believes nobody. */
  async observer(): Promise<Observer> {
    const observer = await Observer.start(this.fixture, this.node.url);
    this.observers.push(observer);
    return observer;
  }

  /** Who posted each batch from number 1 on, the latest last; throws where a number was posted twice. */
  async posters(): Promise<readonly string[]> {
    const { rollup } = this.fixture;
    const posted = await rollup.queryFilter(rollup.filters.BatchPosted(), Number(this.fixture.beginning.blockNumber));
    const posters: string[] = [];
    for (const { args, transactionHash } of posted) {
      if (args.number === 0n) continue;
      if (args.number !== BigInt(posters.length + 1)) throw new Error(`batch ${args.number} follows ${posters.length}`);
      posters.push((await this.provider.getTransaction(transactionHash))!.from);
    }
    return posters;
  }
}

export class Observer {
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;

  private constructor(
    private readonly runner: RollupRunner,
    private readonly store: Store,
    private readonly events: readonly RollupEvent[],
  ) {
    this.running = runner.run(this.ending.signal);
  }

  static async start(fixture: RollupFixture, endpoint: string): Promise<Observer> {
    const store = await Store.open({ sqlite: ":memory:" });
    const events: RollupEvent[] = [];
    const chainId = BigInt(CHAIN_ID);
    const runner = new RollupRunner({
      rollup: { chainId, rollup: (await fixture.rollup.getAddress()).toLowerCase() },
      gateway: await fixture.gateway.getAddress(),
      startBlock: fixture.beginning.blockNumber,
      pollMs: POLL_MS,
      reader: new EndpointQuorum({ chainId, endpoints: [endpoint], quorum: 1, finality: "latest" }),
      store,
      crypto,
      blobProver: new KzgThreads(1),
      clock: systemClock,
      emit: (event) => events.push(event),
      peers: () => [],
    });
    return new Observer(runner, store, events);
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
    await this.store.close();
  }

  /** Waits until a leaf is so in the state of the latest batch. */
  async sees<Kind extends LeafKind>(
    index: number,
    kind: Kind,
    isSo: (leaf: Extract<Leaf, { readonly kind: Kind }>) => boolean,
  ): Promise<void> {
    const holds = (): boolean => {
      const { node } = this.runner;
      if (node?.fraud !== undefined) throw new Error(`batch ${node.fraud.batch.batch.number} is false`);
      const leaf = node?.isCurrent === true ? this.leaf(index) : undefined;
      return leaf?.kind === kind && isSo(leaf as Extract<Leaf, { readonly kind: Kind }>);
    };
    await until(holds, () => `leaf ${index}: ${JSON.stringify(this.leaf(index), replacer)}; ${this.told}`, PATIENCE_MS);
  }

  leaf(index: number): Leaf | undefined {
    // Of what is committed: the node may be in the middle of a batch.
    const bytes = this.runner.node?.replica.ledger.bytes(index);
    return bytes && decodeLeaf(bytes);
  }

  private get told(): string {
    return this.events
      .slice(-20)
      .map((event) => `${event.kind} ${"error" in event ? String(event.error) : ""}`)
      .join();
  }
}

const replacer = (_: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return hexlify(value);
  return typeof value === "bigint" ? value.toString() : value;
};

/** The error that a call of the rollup ends with, and its arguments. */
export async function refusalOf(
  { rollup }: RollupFixture,
  call: Promise<unknown>,
): Promise<readonly [name: string, ...args: unknown[]] | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const parsed = isCallException(error) && error.data !== null ? rollup.interface.parseError(error.data) : null;
    if (parsed === null) throw error;
    return [parsed.name, ...(parsed.args.toArray() as unknown[])];
  }
}

/** A player's account on layer 1. */
export async function onLayer1(layer1: Layer1Process, number: number): Promise<Signer> {
  const wallet = new Wallet(player(number).key, layer1.provider);
  await layer1.node.rpc("anvil_setBalance", [wallet.address, "0x8ac7230489e80000"]);
  return wallet;
}
