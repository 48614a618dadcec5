import { expect } from "chai";
import { JsonRpcProvider, NonceManager, SigningKey } from "ethers";
import { artifacts } from "hardhat";
import { resolve } from "node:path";
import { buildArtifacts } from "../../../deploy/contracts";
import { deployChain, openLane, type Deployment, type DeploymentOptions } from "../../../deploy/deployment";
import { genesisOf, publishEpoch, registerOperator } from "../../../deploy/operators";
import { localParameters } from "../../../deploy/parameters";
import { LOCAL_LANE_LIMITS } from "../../../deploy/parameters/lanes";
import { memoryRecorder } from "../../../deploy/record";
import type { LaneEnds } from "../../../protocol/hashChain";
import { interoperableAddress } from "../../../protocol/message";
import { opposite } from "../../../relayer/cassini/lane";
import { REGISTRY } from "../../../relayer/cassini/registryInterface";
import { GATEWAY } from "../../../relayer/cassini/gatewayInterface";
import type { CassiniChain } from "../../../relayer/cassini/run";
import { EndpointQuorum } from "../../../relayer/chain/endpointQuorum";
import { NonceSender } from "../../../relayer/chain/sender";
import { startAnvil, type LocalNode } from "../../../scripts/local/nodes";
import { FaultyEndpoint } from "../../support/faultyEndpoint";
import { accountOf } from "./support/localAccounts";
import { Operator, StorePeer, realClock, until, walletOf } from "./support/operators";

const NAMES = ["alice", "bob", "carol", "dave"];
/** Accounts of the operators in the registry, and of their relayers. */
const OPERATOR = 3;
const SENDER = 10;
const DAY = 86_400;
/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 240_000;
const NOBODY = "0x00000000000000000000000000000000000B0B00";

/** One chain of the test: a node, what is deployed there, and the endpoint through which relayers see it. */
interface Chain {
  readonly node: LocalNode;
  readonly provider: JsonRpcProvider;
  readonly endpoint: FaultyEndpoint;
  readonly deployment: Deployment;
  readonly gateway: string;
}

describe("epochs that nobody carries by hand", function () {
  this.timeout(4 * PATIENCE_MS);
  const stops: (() => Promise<void>)[] = [];
  const operators = new Map<string, Operator>();
  let home: Chain;
  let away: Chain;
  let peers: StorePeer[];

  before(async () => {
    const source = buildArtifacts(resolve((await artifacts.getBuildInfoPaths())[0] ?? "", "../.."));
    const [homeNode, awayNode] = await Promise.all([connect(31_337), connect(31_338)]);
    const optionsOf = (
      { provider }: typeof homeNode,
      parameters: DeploymentOptions["parameters"],
    ): DeploymentOptions => ({
      signer: new NonceManager(accountOf(0).connect(provider)),
      parameters,
      recorder: memoryRecorder(),
      artifacts: source,
    });
    const holders = { multisig: accountOf(1).address, guardian: accountOf(2).address };
    const genesisOperators = { operators: NAMES.map((_, index) => accountOf(OPERATOR + index).address) };
    const homeOptions = optionsOf(
      homeNode,
      localParameters({ chainId: 31_337n, ...holders, genesis: genesisOperators }),
    );
    const atHome = await deployChain(homeOptions);
    const registry = atHome.validatorRegistry;
    if (registry === undefined) throw new Error("no registry");
    for (const [index, name] of NAMES.entries()) {
      const operator = accountOf(OPERATOR + index).connect(homeNode.provider);
      await registerOperator(atHome, { operator, attester: walletOf(name), endpoint: `http://${name}.example` });
    }
    const epoch = await publishEpoch(registry, accountOf(0).connect(homeNode.provider));
    const genesis = await genesisOf(epoch, awayNode.provider);
    const awayOptions = optionsOf(awayNode, localParameters({ chainId: 31_338n, ...holders, genesis }));
    const atAway = await deployChain(awayOptions);
    const [here, there] = await Promise.all([atHome.gateway.getAddress(), atAway.gateway.getAddress()]);
    await openLane(
      { ...homeOptions, signer: new NonceManager(accountOf(0).connect(homeNode.provider)) },
      { chainId: 31_338n, gateway: there, limits: LOCAL_LANE_LIMITS },
    );
    await openLane(awayOptions, { chainId: 31_337n, gateway: here, limits: LOCAL_LANE_LIMITS });
    home = { ...homeNode, deployment: atHome, gateway: here };
    away = { ...awayNode, deployment: atAway, gateway: there };
    peers = NAMES.map((name) => peerOf(name));
  });

  after(async () => {
    for (const operator of operators.values()) await operator.close();
    for (const stop of stops) await stop();
  });

  async function connect(chainId: number): Promise<Pick<Chain, "node" | "provider" | "endpoint">> {
    const node = await startAnvil({ chainId, args: ["--accounts", "20"] });
    const options = { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1, pollingInterval: 20 } as const;
    const provider = new JsonRpcProvider(node.url, chainId, options);
    const endpoint = await FaultyEndpoint.before(node.url);
    stops.push(async () => {
      provider.destroy();
      await endpoint.stop();
      await node.stop();
    });
    return { node, provider, endpoint };
  }

  function registryOf(): NonNullable<Deployment["validatorRegistry"]> {
    const { validatorRegistry } = home.deployment;
    if (validatorRegistry === undefined) throw new Error("no registry");
    return validatorRegistry;
  }

  const lane = (): LaneEnds => ({
    sourceChainId: 31_337n,
    sourceGateway: home.gateway,
    targetChainId: 31_338n,
    targetGateway: away.gateway,
  });
  const lanes = () => [lane(), opposite(lane())];

  /** The relayer of an operator, whatever key it has now; unreachable while none runs. */
  function peerOf(name: string): StorePeer {
    return new StorePeer(name, lanes(), () => {
      const operator = operators.get(name);
      if (operator === undefined) throw new Error(`${name} is gone`);
      return operator.store;
    });
  }

  /** Runs the relayer of one of the four with a key of this name. */
  async function start(name: string, key: string, rotationStaggerMs: number): Promise<void> {
    const operator = new Operator(name, key);
    operators.set(name, operator);
    await operator.open();
    const sender = accountOf(SENDER + NAMES.indexOf(name));
    const access = ({ endpoint, node }: Chain): CassiniChain => {
      const common = { chainId: BigInt(node.chainId), endpoints: [endpoint.url], timeoutMs: 5_000, penaltyMs: 50 };
      return {
        reader: new EndpointQuorum({ ...common, quorum: 1, finality: "latest" }),
        sender: new NonceSender({
          ...common,
          signer: sender,
          store: operator.store.transactions,
          clock: realClock,
          fees: { maxGasPrice: 100_000_000_000n },
          pollMs: 20,
        }),
        startBlock: 0n,
        pollMs: 50,
        payout: sender.address,
      };
    };
    const registry = await registryOf().getAddress();
    await operator.start(
      {
        lanes: lanes(),
        chains: new Map([
          [31_337n, access(home)],
          [31_338n, access(away)],
        ]),
        peers: () => peers.filter(({ endpoint }) => endpoint !== name),
        authority: { chainId: 31_337n, gateway: home.gateway, registry },
      },
      { rotationStaggerMs },
    );
  }

  /** The machine is gone, with its key and its store. */
  async function lose(name: string): Promise<void> {
    const operator = operators.get(name);
    operators.delete(name);
    await operator?.close();
  }

  async function setSigner(name: string, key: string): Promise<void> {
    const operator = accountOf(OPERATOR + NAMES.indexOf(name));
    const registry = registryOf();
    const { address, privateKey } = walletOf(key);
    const digest = await registry.signerClaimDigest(operator.address, address);
    const proof = new SigningKey(privateKey).sign(digest).compactSerialized;
    const sent = await registry.connect(operator.connect(home.provider)).setSigner(address, proof);
    await sent.wait();
  }

  async function pass(chain: Chain, seconds: number): Promise<void> {
    await chain.provider.send("evm_increaseTime", [seconds]);
    await chain.provider.send("evm_mine", []);
  }

  const epochOf = ({ deployment }: Chain): Promise<bigint> => deployment.gateway.currentEpoch();

  async function signersAt(chain: Chain): Promise<readonly string[]> {
    return [...(await chain.deployment.gateway.signersOf(await epochOf(chain)))];
  }

  const setOf = (...keys: readonly string[]): readonly string[] => keys.map((key) => walletOf(key).address);

  function explain(): string {
    return [...operators.values()]
      .map(({ name, events }) => {
        const told = events
          .slice(-200)
          .map((event) => (event.kind === "failed" ? `${event.part}: ${String(event.error)}` : event.kind));
        return `${name}: ${[...new Set(told)].join(", ")}`;
      })
      .join("\n");
  }

  async function untilEpoch(chain: Chain, epoch: bigint): Promise<void> {
    await until(async () => (await epochOf(chain)) >= epoch, explain, PATIENCE_MS);
    expect(await epochOf(chain)).to.equal(epoch);
  }

  /** Sends one message each way, and waits until it is executed and acknowledged. */
  async function expectLanesWork(): Promise<void> {
    for (const [from, to] of [
      [home, away],
      [away, home],
    ] as const) {
      const { gateway } = from.deployment;
      const sent = await gateway
        .connect(accountOf(1).connect(from.provider))
        .sendMessage(interoperableAddress(BigInt(to.node.chainId), NOBODY), "0x1234", []);
      await sent.wait();
    }
    const state = async (from: Chain, to: Chain) => {
      const { outSeq, ackSeq } = await from.deployment.gateway.laneState(to.node.chainId);
      return { outSeq, ackSeq, inSeq: (await to.deployment.gateway.laneState(from.node.chainId)).inSeq };
    };
    const through = async (from: Chain, to: Chain): Promise<boolean> => {
      const { outSeq, ackSeq, inSeq } = await state(from, to);
      return inSeq === outSeq && ackSeq === outSeq;
    };
    await until(async () => (await through(home, away)) && (await through(away, home)), explain, PATIENCE_MS);
  }

  /** Transactions that called this function, those that reverted included. */
  async function callsOf(chain: Chain, to: string, selector: string | undefined): Promise<number> {
    let count = 0;
    for (let number = await chain.provider.getBlockNumber(); number > 0; number--) {
      const block = await chain.provider.getBlock(number, true);
      const calls = block?.prefetchedTransactions ?? [];
      count += calls.filter((call) => call.to === to && call.data.slice(0, 10) === selector).length;
    }
    return count;
  }

  it("publishes a set that changed, once, and brings it to the other chain, once", async () => {
    // Nobody but the first in line has its turn in time.
    for (const name of NAMES) await start(name, name, 10 * PATIENCE_MS);
    await expectLanesWork();
    await setSigner("dave", "dave2");
    await Promise.all([pass(home, 21), pass(away, 21)]);
    await untilEpoch(home, 2n);
    await untilEpoch(away, 2n);
    for (const chain of [home, away]) {
      expect(await signersAt(chain)).to.have.members(setOf("alice", "bob", "carol", "dave2"));
    }
    const registry = await registryOf().getAddress();
    // The first epoch was published by the deployment.
    expect(await callsOf(home, registry, REGISTRY.getFunction("publishEpoch")?.selector)).to.equal(2);
    expect(await callsOf(away, away.gateway, GATEWAY.getFunction("rotate")?.selector)).to.equal(1);
  });

  it("goes on under the new key, without one of the others", async () => {
    for (const name of NAMES) await lose(name);
    for (const name of ["bob", "carol", "dave"]) await start(name, name === "dave" ? "dave2" : name, 200);
    await expectLanesWork();
    await start("alice", "alice", 200);
  });

  it("renews a set that did not change before it ends", async () => {
    const [validUntil] = await registryOf().epochRecord(2n);
    await Promise.all([pass(home, 301), pass(away, 301)]);
    await untilEpoch(home, 3n);
    await untilEpoch(away, 3n);
    for (const chain of [home, away]) {
      expect(await signersAt(chain)).to.have.members(setOf("alice", "bob", "carol", "dave2"));
      expect(await chain.deployment.gateway.epochValidUntil(3n)).to.be.greaterThan(validUntil);
    }
    await expectLanesWork();
  });

  it("brings a gateway that nobody could reach over two epochs whose members are gone in part", async () => {
    away.endpoint.set({ kind: "status", status: 503 });
    await lose("carol");
    await setSigner("carol", "carol2");
    await start("carol", "carol2", 200);
    await pass(home, 21);
    await untilEpoch(home, 4n);
    // Bob's is needed later, when he has another key and his machine is gone.
    const bob = walletOf("bob").address;
    const kept = async (name: string): Promise<boolean> => {
      const known = await operators.get(name)?.store.attestations.rotations(31_338n, 3n, { own: false, limit: 64 });
      return (known ?? []).some(({ rotation, signer }) => rotation.epoch === 4n && signer === bob);
    };
    await until(
      async () => (await kept("alice")) && (await kept("carol")) && (await kept("dave")),
      explain,
      PATIENCE_MS,
    );
    await lose("bob");
    await setSigner("bob", "bob2");
    await start("bob", "bob2", 200);
    await pass(home, 21);
    await untilEpoch(home, 5n);
    expect(await epochOf(away)).to.equal(3n);

    away.endpoint.set();
    await pass(away, 42);
    // Of the set of epoch 3 only alice and dave are left: nobody else signed epoch 5.
    await until(async () => (await epochOf(away)) === 4n, explain, PATIENCE_MS);
    await pass(away, 21);
    await untilEpoch(away, 5n);
    expect(await signersAt(away)).to.have.members(setOf("alice", "bob2", "carol2", "dave2"));
    await expectLanesWork();
  });

  it("says so where a gateway's set has ended, which only its timelock can restore", async () => {
    const ended = () =>
      [...operators.values()].flatMap(({ events }) =>
        events.filter((event) => event.kind === "rotation_stuck" && event.reason === "SET_EXPIRED"),
      );
    away.endpoint.set({ kind: "status", status: 503 });
    await Promise.all([pass(home, 8 * DAY), pass(away, 8 * DAY)]);
    await untilEpoch(home, 6n);
    away.endpoint.set();
    await until(() => ended().length > 0, explain, PATIENCE_MS);
    expect(ended()[0]).to.include({ epoch: 5n });
    expect(await epochOf(away)).to.equal(5n);
  });
});
