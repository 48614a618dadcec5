import { expect } from "chai";
import { JsonRpcProvider, NonceManager, ZeroHash } from "ethers";
import { artifacts } from "hardhat";
import { resolve } from "node:path";
import { buildArtifacts } from "../../../deploy/contracts";
import { deployChain, openLane, type Deployment } from "../../../deploy/deployment";
import { publishEpoch, registerOperator } from "../../../deploy/operators";
import { localParameters } from "../../../deploy/parameters";
import { LOCAL_LANE_LIMITS } from "../../../deploy/parameters/lanes";
import { memoryRecorder } from "../../../deploy/record";
import type { LaneEnds } from "../../../protocol/hashChain";
import { interoperableAddress } from "../../../protocol/message";
import { opposite } from "../../../relayer/cassini/lane";
import type { CassiniChain } from "../../../relayer/cassini/run";
import { EndpointQuorum } from "../../../relayer/chain/endpointQuorum";
import { NonceSender } from "../../../relayer/chain/sender";
import { startAnvil } from "../../../scripts/local/nodes";
import { FakeChain } from "./support/fakeChain";
import { accountOf } from "./support/localAccounts";
import { Operator, StorePeer, epochOf, realClock, until, walletOf } from "./support/operators";

const NAMES = ["alice", "bob", "carol", "dave"];
/** Accounts of the operators in the registry, and of their relayers. */
const OPERATOR = 3;
const SENDER = 10;
/** Long enough that no real second that passes here ends anything. */
const PERIOD = 3_600n;
/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 240_000;
const ELSEWHERE = "0x00000000000000000000000000000000000B0B00";

describe("attendance that nobody shows by hand", () => {
  const stops: (() => Promise<void>)[] = [];
  const operators = new Map<string, Operator>();
  let url: string;
  let provider: JsonRpcProvider;
  let deployment: Deployment;
  let lane: LaneEnds;

  before(async () => {
    const source = buildArtifacts(resolve((await artifacts.getBuildInfoPaths())[0] ?? "", "../.."));
    const node = await startAnvil({ chainId: 31_337, args: ["--accounts", "20"] });
    url = node.url;
    const options = { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1, pollingInterval: 20 } as const;
    provider = new JsonRpcProvider(url, 31_337, options);
    stops.push(async () => {
      provider.destroy();
      await node.stop();
    });
    const parameters = localParameters({
      chainId: 31_337n,
      multisig: accountOf(1).address,
      guardian: accountOf(2).address,
      genesis: { operators: NAMES.map((_, index) => accountOf(OPERATOR + index).address) },
    });
    const { delegation, registry } = parameters;
    if (delegation === undefined || registry === undefined) throw new Error("not the home chain");
    const home = {
      signer: new NonceManager(accountOf(0).connect(provider)),
      parameters: {
        ...parameters,
        delegation: { ...delegation, epochSeconds: PERIOD },
        registry: { ...registry, renewAfter: 86_400n },
      },
      recorder: memoryRecorder(),
      artifacts: source,
    };
    deployment = await deployChain(home);
    await openLane(home, { chainId: 31_338n, gateway: ELSEWHERE, limits: LOCAL_LANE_LIMITS });
    for (const [index, name] of NAMES.entries()) {
      const operator = accountOf(OPERATOR + index).connect(provider);
      await registerOperator(deployment, { operator, attester: walletOf(name), endpoint: `http://${name}.example` });
    }
    const { timestamp } = (await provider.getBlock("latest")) ?? { timestamp: 0 };
    // Past the grace of the period before, far from the end of the one that begins.
    await at((BigInt(timestamp) / PERIOD + 1n) * PERIOD + PERIOD / 6n);
    await publishEpoch(contracts().registry, accountOf(0).connect(provider));
    lane = {
      sourceChainId: 31_337n,
      sourceGateway: await deployment.gateway.getAddress(),
      targetChainId: 31_338n,
      targetGateway: ELSEWHERE,
    };
  });

  after(async () => {
    for (const operator of operators.values()) await operator.close();
    for (const stop of stops) await stop();
  });

  async function at(seconds: bigint): Promise<void> {
    await provider.send("evm_setNextBlockTimestamp", [Number(seconds)]);
    await provider.send("evm_mine", []);
  }

  function contracts() {
    const { validatorRegistry: registry, liveness, delegation } = deployment;
    if (registry === undefined || liveness === undefined || delegation === undefined) throw new Error("not at home");
    return { registry, liveness, delegation };
  }

  /** Runs the relayer of one of the four, which sees the other chain as one where nothing ever happens. */
  async function start(name: string): Promise<void> {
    const operator = new Operator(name);
    operators.set(name, operator);
    await operator.open();
    const account = accountOf(SENDER + NAMES.indexOf(name));
    const common = { chainId: 31_337n, endpoints: [url], timeoutMs: 5_000, penaltyMs: 50 };
    const home: CassiniChain = {
      reader: new EndpointQuorum({ ...common, quorum: 1, finality: "latest" }),
      sender: new NonceSender({
        ...common,
        signer: account,
        store: operator.store.transactions,
        clock: realClock,
        fees: { maxGasPrice: 100_000_000_000n },
        pollMs: 20,
      }),
      startBlock: 0n,
      pollMs: 50,
      payout: account.address,
    };
    const away: CassiniChain = {
      reader: new FakeChain(opposite(lane), epochOf(1n, NAMES)),
      startBlock: 0n,
      pollMs: 50,
      payout: account.address,
    };
    const { registry, liveness } = contracts();
    const others = NAMES.filter((other) => other !== name);
    await operator.start(
      {
        lanes: [lane],
        chains: new Map([
          [31_337n, home],
          [31_338n, away],
        ]),
        peers: () => others.map((other) => new StorePeer(other, [lane], () => storeOf(other))),
        authority: {
          chainId: 31_337n,
          gateway: lane.sourceGateway,
          registry: await registry.getAddress(),
          liveness: await liveness.getAddress(),
        },
      },
      { rotationStaggerMs: 200 },
    );
  }

  function storeOf(name: string): Operator["store"] {
    const operator = operators.get(name);
    if (operator === undefined) throw new Error(`${name} does not run`);
    return operator.store;
  }

  function explain(): string {
    return [...operators.values()]
      .map(({ name, events }) => {
        const told = events.map((event) =>
          event.kind === "failed"
            ? `${event.part}: ${String(event.error)}`
            : `${event.kind}${"reason" in event ? ` ${event.reason}` : ""}`,
        );
        return `${name}: ${[...new Set(told)].join(", ")}`;
      })
      .join("\n");
  }

  it("opens a sample, adds who is missing, closes the period and settles its reward", async () => {
    const { liveness, delegation, registry } = contracts();
    // The period of the deployment, in which nobody ran, is closed first: nothing was to be signed.
    const period = await liveness.openPeriod();
    for (const name of ["alice", "bob", "carol"]) await start(name);
    await until(async () => (await liveness.openPeriod()) === period + 1n, explain, PATIENCE_MS);

    const sent = await deployment.gateway
      .connect(accountOf(1).connect(provider))
      .sendMessage(interoperableAddress(31_338n, ELSEWHERE), "0x1234", []);
    await sent.wait();
    const opened = () => liveness.queryFilter(liveness.filters.SampleOpened());
    await until(async () => (await opened()).length > 0, explain, PATIENCE_MS);
    const slot = (await opened())[0]?.args.slot ?? 0n;
    const set = [...(await registry.epochRecord(1n)).signers];
    const shown = async (): Promise<readonly string[]> => {
      const { digest, signed } = await liveness.sampleOf(slot);
      expect(digest).to.not.equal(ZeroHash);
      return set.filter((_, index) => ((signed >> BigInt(index)) & 1n) === 1n);
    };
    const of = (names: readonly string[]): string[] => names.map((name) => walletOf(name).address);
    expect(await shown()).to.have.members(of(["alice", "bob", "carol"]));
    expect(slot / (await liveness.SLOTS())).to.equal(period + 1n);

    await start("dave");
    await until(async () => (await shown()).length === 4, explain, PATIENCE_MS);
    expect(await delegation.nextRewardEpoch()).to.equal(period + 1n);

    await at(await liveness.closableAt());
    await until(async () => (await liveness.openPeriod()) === period + 2n, explain, PATIENCE_MS);
    expect(await delegation.nextRewardEpoch()).to.equal(period + 2n);
    const [closed] = await liveness.queryFilter(liveness.filters.PeriodClosed(period + 1n));
    expect(closed?.args.samples).to.equal(1n);
    expect([...(closed?.args.signed ?? [])]).to.have.members(
      NAMES.map((_, index) => accountOf(OPERATOR + index).address),
    );
    expect(await delegation.queryFilter(delegation.filters.EpochSettled(period + 1n))).to.have.length(1);
    expect(await opened()).to.have.length(1);
    for (const index of NAMES.keys()) {
      expect(await liveness.missedOf(accountOf(OPERATOR + index).address)).to.equal(0n);
    }
  });
});
