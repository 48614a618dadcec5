import { expect } from "chai";
import { Wallet, id } from "ethers";
import { setTimeout as delay } from "node:timers/promises";
import { RelayerError } from "../../../relayer/errors";
import { NonceSender, type SenderEvent, type SenderOptions } from "../../../relayer/chain/sender";
import type { TransactionStore } from "../../../relayer/chain/transactionStore";
import { FaultyEndpoint } from "../../support/faultyEndpoint";
import { MemoryTransactionStore } from "../../support/memoryTransactionStore";
import { startAnvil, startHardhatNode, type LocalNode } from "../../../scripts/local/nodes";
import { systemClock } from "../../../relayer/systemClock";

const CHAIN_ID = 31_501;
const TARGET = "0x000000000000000000000000000000000000c0de";
const REVERTING = "0x000000000000000000000000000000000000dead";
const GWEI = 10n ** 9n;
/** Longer than anything takes on a busy machine. */
const GIVE_UP_MS = 240_000;

interface NodeTransaction {
  readonly hash: string;
  readonly from: string;
  readonly to: string;
  readonly input: string;
  readonly nonce: string;
}

describe("NonceSender", () => {
  let node: LocalNode;
  let endpoint: FaultyEndpoint;
  let wallet: Wallet;
  let store: MemoryTransactionStore;
  let events: SenderEvent[];
  let signal: AbortSignal;
  let accounts = 0;

  before(async () => {
    node = await startAnvil({ chainId: CHAIN_ID });
    endpoint = await FaultyEndpoint.before(node.url);
    await node.rpc("anvil_setCode", [REVERTING, "0x5f5ffd"]);
  });

  after(async () => {
    await endpoint.stop();
    await node.stop();
  });

  beforeEach(async () => {
    wallet = new Wallet(id(`sender ${accounts++}`));
    await node.rpc("anvil_setBalance", [wallet.address, "0x8ac7230489e80000"]);
    await node.rpc("evm_setAutomine", [true]);
    endpoint.set();
    store = new MemoryTransactionStore();
    events = [];
    signal = AbortSignal.timeout(GIVE_UP_MS);
  });

  function sender(options: Partial<SenderOptions> = {}): NonceSender {
    return new NonceSender({
      chainId: BigInt(CHAIN_ID),
      endpoints: [endpoint.url],
      signer: wallet,
      store,
      clock: systemClock,
      fees: { maxGasPrice: 100n * GWEI },
      pollMs: 20,
      stuckMs: 200,
      rebroadcastMs: 100,
      displacedMs: 150,
      penaltyMs: 20,
      timeoutMs: GIVE_UP_MS,
      observe: (event) => events.push(event),
      ...options,
    });
  }

  const request = (key: string, to = TARGET) => ({ key, to, data: id(key), gasLimit: 100_000n });

  /** What the chain executed for this wallet. */
  async function executed(): Promise<readonly NodeTransaction[]> {
    const head = Number(await node.rpc<string>("eth_blockNumber"));
    const numbers = Array.from({ length: head + 1 }, (_, number) => `0x${number.toString(16)}`);
    const blocks = await Promise.all(
      numbers.map((number) => node.rpc<{ transactions: NodeTransaction[] }>("eth_getBlockByNumber", [number, true])),
    );
    return blocks.flatMap((block) => block.transactions).filter(({ from }) => from === wallet.address.toLowerCase());
  }

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + GIVE_UP_MS;
    while (!(await condition())) {
      if (Date.now() > deadline) expect.fail("the condition never held");
      await delay(20);
    }
  }

  it("sends and reports what was mined", async () => {
    const outcome = await sender().submit(request("a"), signal);
    expect(outcome.succeeded).to.equal(true);
    const [mined, ...others] = await executed();
    expect(mined).to.include({ hash: outcome.hash, to: TARGET, input: id("a") });
    expect(others).to.be.empty;
  });

  it("sends once per key, however often it is asked", async () => {
    const first = sender();
    const outcomes = await Promise.all([1, 2, 3].map(() => first.submit(request("a"), signal)));
    outcomes.push(await first.submit(request("a"), signal), await sender().submit(request("a"), signal));
    expect(new Set(outcomes.map(({ hash }) => hash)).size).to.equal(1);
    expect(await executed()).to.have.length(1);
  });

  it("reports a transaction that reverted on chain as one that did not succeed", async () => {
    const outcome = await sender().submit(request("a", REVERTING), signal);
    expect(outcome.succeeded).to.equal(false);
  });

  it("gives 50 parallel submissions 50 consecutive nonces without waiting for receipts", async () => {
    const keys = Array.from({ length: 50 }, (_, index) => `parallel ${index}`);
    await node.rpc("evm_setAutomine", [false]);
    // On a busy machine they may wait for the block for long: none of them is stuck.
    const one = sender({ stuckMs: GIVE_UP_MS });
    const outcomes = Promise.all(keys.map((key) => one.submit(request(key), signal)));
    await until(
      async () => Number(await node.rpc<string>("eth_getTransactionCount", [wallet.address, "pending"])) === 50,
    );
    await node.rpc("evm_mine");
    expect(new Set((await outcomes).map(({ hash }) => hash)).size).to.equal(50);
    const nonces = (await executed()).map(({ nonce }) => Number(nonce));
    expect(nonces).to.deep.equal(keys.map((_, index) => index));
  });

  it("replaces a stuck transaction by one that pays at least 12.5 % more", async () => {
    await node.rpc("evm_setAutomine", [false]);
    const outcome = sender({ maxBumps: 100 }).submit(request("a"), signal);
    await until(() => events.some(({ kind }) => kind === "bumped"));
    await node.rpc("evm_mine");
    const [row] = [...store.rows.values()];
    const [first, second] = row?.attempts ?? [];
    expect((second?.maxFeePerGas ?? 0n) * 1_000n >= (first?.maxFeePerGas ?? 0n) * 1_125n).to.equal(true);
    expect((await outcome).succeeded).to.equal(true);
    expect(await executed()).to.have.length(1);
  });

  it("gives a nonce to a no-op once the allowed prices are used up, and sends anew when asked again", async () => {
    await node.rpc("evm_setAutomine", [false]);
    const one = sender({ maxBumps: 1 });
    const given = one.submit(request("a"), signal).catch((error: unknown) => error);
    // It is told before it is sent: until the node has it, what it replaces would be mined.
    await until(async () => {
      const noop = events.find(({ kind }) => kind === "givenUp");
      return noop !== undefined && "hash" in noop && (await node.rpc("eth_getTransactionByHash", [noop.hash])) !== null;
    });
    await node.rpc("evm_mine");
    const error = await given;
    expect(error).to.be.instanceOf(RelayerError).with.property("code", "TRANSACTION_ABANDONED");
    expect(error).to.have.property("retriable", true);
    const [noop] = await executed();
    expect(noop).to.include({ to: wallet.address.toLowerCase(), input: "0x" });

    await node.rpc("evm_setAutomine", [true]);
    expect((await one.submit(request("a"), signal)).succeeded).to.equal(true);
    expect((await executed()).map(({ to }) => to)).to.deep.equal([wallet.address.toLowerCase(), TARGET]);
  });

  it("never pays more than the configured maximum", async () => {
    await node.rpc("evm_setAutomine", [false]);
    const maxGasPrice = 5n * GWEI;
    const result = sender({ fees: { maxGasPrice }, maxBumps: 50 }).submit(request("a"), signal);
    await until(() => events.some(({ kind }) => kind === "stuck"));
    const [row] = [...store.rows.values()];
    expect(row?.attempts.every(({ maxFeePerGas }) => maxFeePerGas <= maxGasPrice)).to.equal(true);
    await node.rpc("evm_mine");
    await result.catch(() => undefined);
  });

  it("broadcasts again what the node forgot", async () => {
    endpoint.set({ kind: "swallowTransactions" });
    const outcome = sender().submit(request("a"), signal);
    await until(() => endpoint.count("eth_sendRawTransaction") > 0 && store.rows.size > 0);
    endpoint.set();
    expect((await outcome).succeeded).to.equal(true);
    expect(await executed()).to.have.length(1);
  });

  it("takes a new nonce, and alerts, where somebody else used the account's", async () => {
    endpoint.set({ kind: "swallowTransactions" });
    const outcome = sender().submit(request("a"), signal);
    await until(() => events.some(({ kind }) => kind === "sent"));
    const foreign = await wallet.signTransaction({
      chainId: CHAIN_ID,
      nonce: 0,
      to: wallet.address,
      gasLimit: 21_000,
      gasPrice: 10n * GWEI,
    });
    await node.rpc("eth_sendRawTransaction", [foreign]);
    endpoint.set();
    expect((await outcome).succeeded).to.equal(true);
    expect(events.find(({ kind }) => kind === "displaced")).to.include({ alert: true, nonce: 0n });
    expect((await executed()).map(({ to }) => to)).to.deep.equal([wallet.address.toLowerCase(), TARGET]);
  });

  it("fills a gap below its first nonce", async () => {
    await store.reserve({ chainId: BigInt(CHAIN_ID), sender: wallet.address, ...request("later"), createdAt: 0 }, 2n);
    await sender().recover(signal);
    expect((await executed()).map(({ to }) => to)).to.deep.equal([
      wallet.address.toLowerCase(),
      wallet.address.toLowerCase(),
      TARGET,
    ]);
  });

  it("says that the balance does not suffice, and sends once it does", async () => {
    await node.rpc("anvil_setBalance", [wallet.address, "0x1"]);
    const one = sender();
    const error = await one.submit(request("a"), signal).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RelayerError);
    expect(error).to.include({ code: "INSUFFICIENT_BALANCE", alert: true });
    await node.rpc("anvil_setBalance", [wallet.address, "0x8ac7230489e80000"]);
    expect((await one.submit(request("a"), signal)).succeeded).to.equal(true);
  });

  it("goes on where an endpoint fails and recovers", async () => {
    endpoint.set({ kind: "status", status: 500 });
    const one = sender({ endpoints: [endpoint.url, node.url] });
    expect((await one.submit(request("a"), signal)).succeeded).to.equal(true);
    endpoint.set({ kind: "dropAfterBroadcast" });
    expect((await sender().submit(request("b"), signal)).succeeded).to.equal(true);
    expect(await executed()).to.have.length(2);
  });

  it("stops waiting when it is told to", async () => {
    await node.rpc("evm_setAutomine", [false]);
    const controller = new AbortController();
    const waiting = sender().submit(request("a"), controller.signal);
    controller.abort(new Error("shutting down"));
    expect(await waiting.catch((error: unknown) => error)).to.equal(controller.signal.reason);
  });

  it("sends exactly once after a crash at any step of its store", async () => {
    for (let step = 0; step < 40; step++) {
      store = new MemoryTransactionStore();
      wallet = new Wallet(id(`crash ${step}`));
      await node.rpc("anvil_setBalance", [wallet.address, "0x8ac7230489e80000"]);
      const { crashing, crashed } = crashAt(store, step);
      const dying = new AbortController();
      const first = sender({ store: crashing }).submit(request(`crash ${step}`), dying.signal);
      await Promise.race([first.catch(() => undefined), crashed]);
      dying.abort(new Error("crashed"));
      await first.catch(() => undefined);

      const second = sender();
      await second.recover(signal);
      await second.submit(request(`crash ${step}`), signal);
      expect(await executed(), `step ${step}`).to.have.length(1);
      if (!(await Promise.race([crashed.then(() => true), delay(0, false)]))) return;
    }
    expect.fail("the sender takes more steps than expected");
  });

  it("sends to a node that queues nothing", async () => {
    const hardhat = await startHardhatNode({ chainId: CHAIN_ID });
    try {
      await hardhat.rpc("hardhat_setBalance", [wallet.address, "0x8ac7230489e80000"]);
      const one = sender({ endpoints: [hardhat.url] });
      const keys = Array.from({ length: 20 }, (_, index) => `hardhat ${index}`);
      const outcomes = await Promise.all(keys.map((key) => one.submit(request(key), signal)));
      expect(new Set(outcomes.map(({ hash }) => hash)).size).to.equal(keys.length);
      expect(Number(await hardhat.rpc("eth_getTransactionCount", [wallet.address, "latest"]))).to.equal(keys.length);
    } finally {
      await hardhat.stop();
    }
  });
});

/**
 * A store whose process dies at its n-th step: two steps per call, before it takes effect and after. Nothing that is
 * called later returns.
 */
function crashAt(
  store: TransactionStore,
  step: number,
): { readonly crashing: TransactionStore; readonly crashed: Promise<void> } {
  let steps = 0;
  let crash: () => void = () => undefined;
  const crashed = new Promise<void>((resolve) => (crash = resolve));
  const never = new Promise<never>(() => undefined);
  const pass = async (): Promise<void> => {
    if (steps++ < step) return;
    crash();
    await never;
  };
  const wrap =
    <Parameters extends readonly unknown[], Result>(method: (...parameters: Parameters) => Promise<Result>) =>
    async (...parameters: Parameters): Promise<Result> => {
      await pass();
      const result = await method.apply(store, [...parameters] as never);
      await pass();
      return result;
    };
  return {
    crashed,
    crashing: {
      reserve: wrap(store.reserve),
      reserveAt: wrap(store.reserveAt),
      reassign: wrap(store.reassign),
      addAttempt: wrap(store.addAttempt),
      keepBlobs: wrap(store.keepBlobs),
      settleMined: wrap(store.settleMined),
      settleAbandoned: wrap(store.settleAbandoned),
      reopen: wrap(store.reopen),
      find: wrap(store.find),
      findByNonce: wrap(store.findByNonce),
      open: wrap(store.open),
    },
  };
}
