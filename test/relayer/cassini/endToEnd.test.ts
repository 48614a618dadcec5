import { expect } from "chai";
import { opposite } from "../../../relayer/cassini/lane";
import type { CassiniChain } from "../../../relayer/cassini/run";
import { EndpointQuorum } from "../../../relayer/chain/endpointQuorum";
import { NonceSender } from "../../../relayer/chain/sender";
import { RelayerError } from "../../../relayer/errors";
import { FaultyEndpoint, type Fault } from "../../support/faultyEndpoint";
import { startAnvil, startHardhatNode } from "../../../scripts/local/nodes";
import { Operator, StorePeer, epochOf, realClock, until } from "./support/operators";
import { accountOf } from "./support/localAccounts";
import { RealChain, laneBetween } from "./support/realChains";

const NAMES = ["alice", "bob", "carol", "dave"];
/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 240_000;
const REVERT = 1;
const FAILED_FINAL = 4n;
const SUCCEEDED = 2n;

/** A sequence of numbers below one, the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe("runCassini over anvil and hardhat node", function () {
  this.timeout(4 * PATIENCE_MS);
  let home: RealChain;
  let away: RealChain;
  let endpoints: FaultyEndpoint[];
  let operators: Operator[];
  let peers: StorePeer[];

  before(async () => {
    const now = BigInt(Math.floor(Date.now() / 1000));
    const genesis = epochOf(1n, NAMES, now + 6n * 86_400n);
    const nodes = [startAnvil({ chainId: 31337, args: ["--order", "fifo"] }), startHardhatNode({ chainId: 31338 })];
    const [anvil, hardhatNode] = await Promise.all(nodes);
    if (anvil === undefined || hardhatNode === undefined) throw new Error("a node is missing");
    [home, away] = await Promise.all([RealChain.deploy(anvil, genesis), RealChain.deploy(hardhatNode, genesis)]);
    await Promise.all([home.openLane(away), away.openLane(home)]);
    endpoints = await Promise.all([FaultyEndpoint.before(anvil.url), FaultyEndpoint.before(anvil.url)]);
    operators = NAMES.map((name) => new Operator(name));
    await Promise.all(operators.map((operator) => operator.open()));
    peers = operators.map((operator) => new StorePeer(operator.name, lanes(), () => operator.store));
    await Promise.all(operators.map((operator) => start(operator)));
  });

  after(async () => {
    await Promise.all(operators?.map((operator) => operator.close()) ?? []);
    await Promise.all(endpoints?.map((endpoint) => endpoint.stop()) ?? []);
    await Promise.all([home?.stop(), away?.stop()]);
  });

  const lanes = () => [laneBetween(home, away), opposite(laneBetween(home, away))];

  /** Alice reads the first chain through two endpoints that may be faulty, the others directly. */
  function chainsOf(operator: Operator): ReadonlyMap<bigint, CassiniChain> {
    const index = NAMES.indexOf(operator.name);
    const access = (chain: RealChain): CassiniChain => {
      const faulty = chain === home && operator.name === "alice" && endpoints !== undefined;
      const urls = faulty ? endpoints.map(({ url }) => url) : [chain.node.url];
      const common = { chainId: chain.chainId, endpoints: urls, timeoutMs: 1_000 };
      return {
        reader: new EndpointQuorum({ ...common, quorum: urls.length, finality: "latest" }),
        sender: new NonceSender({
          ...common,
          endpoints: [chain.node.url],
          signer: accountOf(5 + index),
          store: operator.store.transactions,
          clock: realClock,
          fees: { maxGasPrice: 100_000_000_000n },
          pollMs: 20,
        }),
        startBlock: 0n,
        pollMs: 50,
        payout: accountOf(5 + index).address,
      };
    };
    return new Map([
      [home.chainId, access(home)],
      [away.chainId, access(away)],
    ]);
  }

  async function start(operator: Operator): Promise<void> {
    await operator.start({
      lanes: lanes(),
      chains: chainsOf(operator),
      peers: () => peers.filter(({ endpoint }) => endpoint !== operator.name),
      authority: { chainId: home.chainId, gateway: home.addresses.gateway },
    });
  }

  function explain(): string {
    return operators
      .map(({ name, events }) => {
        const counts = new Map<string, number>();
        for (const event of events.slice(-400)) {
          const what =
            event.kind === "failed"
              ? `failed ${event.part}: ${String(event.error)}`
              : event.kind === "logs_refused"
                ? `logs_refused ${JSON.stringify(event.disagreement, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value))}`
                : event.kind;
          counts.set(what, (counts.get(what) ?? 0) + 1);
        }
        return `${name}: ${[...counts].map(([what, count]) => `${what} ${count}`).join(", ")}`;
      })
      .join("\n");
  }

  /** Until an operator signed the first chain's present state: what it signs from then on is of later blocks. */
  async function untilSigned({ events }: Operator): Promise<void> {
    const { outSeq, inSeq } = await home.lane(away);
    const upToDate = (): boolean =>
      events.some(
        (event) =>
          event.kind === "signed" &&
          event.lane.sourceChainId === home.chainId &&
          event.header.toSeq === outSeq &&
          event.header.ackSeq === inSeq,
      );
    await until(upToDate, explain, PATIENCE_MS);
  }

  async function untilRelayed(): Promise<void> {
    const through = async (from: RealChain, to: RealChain): Promise<boolean> => {
      const sent = await from.lane(to);
      return sent.ackSeq === sent.outSeq && (await to.lane(from)).inSeq === sent.outSeq;
    };
    await until(async () => (await through(home, away)) && (await through(away, home)), explain, PATIENCE_MS);
  }

  async function expectEachOnce(failed: { readonly [chain: string]: readonly bigint[] } = {}): Promise<void> {
    for (const [from, to, name] of [
      [home, away, "away"],
      [away, home, "home"],
    ] as const) {
      const { outSeq } = await from.lane(to);
      const all = Array.from({ length: Number(outSeq) }, (_, index) => BigInt(index) + 1n);
      expect(await to.received(), name).to.deep.equal(all.filter((seq) => !failed[name]?.includes(seq)));
    }
  }

  it("executes messages of both directions once and acknowledges them", async () => {
    await Promise.all([home.send(away, 5), away.send(home, 3)]);
    await untilRelayed();
    await expectEachOnce();
    expect(await home.statusOf(away, 5n)).to.equal(SUCCEEDED);
    expect(await away.statusOf(home, 3n)).to.equal(SUCCEEDED);
  });

  it("acknowledges a reclaimable message that failed as final", async () => {
    await home.send(away, 1, { behaviour: REVERT, reclaimable: true });
    await untilRelayed();
    expect(await home.statusOf(away, 6n)).to.equal(FAILED_FINAL);
    await expectEachOnce({ away: [6n] });
  });

  const faults: readonly (readonly [string, Fault])[] = [
    ["lies about blocks", { kind: "forgedHeader" }],
    ["lies about proofs", { kind: "wrongProof" }],
    ["returns partial logs", { kind: "partialLogs" }],
    ["has pruned its logs", { kind: "prunedLogs" }],
    ["times out", { kind: "hang" }],
    ["lags", { kind: "lag", blocks: 50 }],
  ];
  for (const [title, fault] of faults) {
    it(`signs nothing while every endpoint ${title}, and recovers`, async () => {
      const [alice] = operators as [Operator];
      await untilSigned(alice);
      for (const endpoint of endpoints) endpoint.set(fault);
      const before = alice.events.length;
      await home.send(away, 2);
      const { outSeq } = await home.lane(away);
      // The other three carry on without it.
      await until(async () => (await away.lane(home)).inSeq === outSeq, explain, PATIENCE_MS);
      const signedThere = alice.events
        .slice(before)
        .filter((event) => event.kind === "signed" && event.lane.sourceChainId === home.chainId);
      expect(signedThere).to.deep.equal([]);
      if (fault.kind !== "lag") {
        const said = (): boolean =>
          alice.events.slice(before).some((event) => event.kind === "failed" && event.error instanceof RelayerError);
        await until(said, explain, PATIENCE_MS);
      }
      for (const endpoint of endpoints) endpoint.set();
      if (fault.kind === "forgedHeader") {
        // They agreed on a final block that is none: nothing goes on before an operator has looked.
        await alice.stop();
        await start(alice);
      }
      await untilRelayed();
      await untilSigned(alice);
    });
  }

  it("loses and doubles nothing when all four are stopped and started in any order", async () => {
    const random = seeded(7);
    for (let round = 0; round < 3; round++) {
      const order = [...operators].sort(() => random() - 0.5);
      await Promise.all([home.send(away, 7), away.send(home, 4)]);
      for (const operator of order) await operator.stop();
      for (const operator of order) await start(operator);
    }
    await untilRelayed();
    await expectEachOnce({ away: [6n] });
  });

  it("goes on without the fourth operator", async () => {
    await operators[3]?.stop();
    await Promise.all([home.send(away, 2), away.send(home, 2)]);
    await untilRelayed();
    await expectEachOnce({ away: [6n] });
    await start(operators[3] as Operator);
  });

  it("replaces a lost signing key by rotation while the lane goes on", async () => {
    await operators[3]?.close();
    const successor = new Operator("dave", "dave's new key");
    operators[3] = successor;
    await successor.open();
    const now = BigInt(Math.floor(Date.now() / 1000));
    await home.setEpoch(epochOf(2n, ["alice", "bob", "carol", "dave's new key"], now + 6n * 86_400n));
    await start(successor);
    await Promise.all([home.send(away, 2), away.send(home, 2)]);
    await until(async () => (await away.gateway.getFunction("currentEpoch")()) === 2n, explain, PATIENCE_MS);
    await untilRelayed();
    await operators[0]?.stop();
    await Promise.all([home.send(away, 2), away.send(home, 2)]);
    await untilRelayed();
    await expectEachOnce({ away: [6n] });
  });
});
