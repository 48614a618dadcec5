import { expect } from "chai";
import { AbiCoder, id, toBeHex, zeroPadValue } from "ethers";
import { setTimeout as delay } from "node:timers/promises";
import { laneSlots } from "../../../protocol/laneStorage";
import { RelayerError, type RelayerErrorCode } from "../../../relayer/errors";
import type { EndpointEvent } from "../../../relayer/chain/endpointPool";
import { EndpointQuorum, type EndpointQuorumOptions } from "../../../relayer/chain/endpointQuorum";
import type { VerifiedBlock } from "../../../relayer/ports";
import { FaultyEndpoint, type Fault } from "../../support/faultyEndpoint";
import { startAnvil, type LocalNode } from "../../../scripts/local/nodes";

const CHAIN_ID = 31_502;
const REMOTE = 56n;
const GATEWAY = "0x00000000000000000000000000000000000ca7e0";
const EMITTER = "0x0000000000000000000000000000000000e31771";
// Emits one log with the call's first word as its topic and the next one as data: LOG1(0x20, 0x20).
const EMITTER_CODE = "0x60203560005260003560206000a100";

/** Longer than any true answer takes on a busy machine. */
const PATIENCE_MS = 60_000;

describe("EndpointQuorum", () => {
  let node: LocalNode;
  let proxies: FaultyEndpoint[];
  let events: EndpointEvent[];
  let signal: AbortSignal;
  let account: string;

  beforeEach(async () => {
    node = await startAnvil({ chainId: CHAIN_ID, slotsInAnEpoch: 1 });
    proxies = await Promise.all([1, 2, 3].map(() => FaultyEndpoint.before(node.url)));
    [account] = (await node.rpc<string[]>("eth_accounts")) as [string];
    await node.rpc("anvil_setCode", [EMITTER, EMITTER_CODE]);
    await node.rpc("anvil_mine", ["0x5"]);
    events = [];
    signal = AbortSignal.timeout(PATIENCE_MS);
  });

  afterEach(async () => {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await node.stop();
  });

  function reader(options: Partial<EndpointQuorumOptions> = {}): EndpointQuorum {
    return new EndpointQuorum({
      chainId: BigInt(CHAIN_ID),
      endpoints: proxies.map(({ url }) => url),
      quorum: 2,
      timeoutMs: PATIENCE_MS,
      hedgeMs: 50,
      penaltyMs: 20,
      observe: (event) => events.push(event),
      ...options,
    });
  }

  const setAll = (...faults: Fault[]): void => proxies.forEach((proxy) => proxy.set(...faults));

  async function refusal(promise: Promise<unknown>, code: RelayerErrorCode): Promise<RelayerError> {
    const error = await promise.then(
      () => expect.fail(`not refused with ${code}`),
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(RelayerError);
    expect(error).to.have.property("code", code);
    return error as RelayerError;
  }

  /** Tries again until the penalties of failed endpoints are over. */
  async function recovers<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (let tries = 0; tries < 50; tries++) {
      try {
        return await ask();
      } catch {
        await delay(20);
      }
    }
    return ask();
  }

  /** Asks until the answer is at least this block: a slow endpoint's answer counts in a later call. */
  async function reaches(number: bigint, ask: () => Promise<VerifiedBlock>): Promise<VerifiedBlock> {
    for (let tries = 0; tries < 50; tries++) {
      const block = await ask();
      if (block.number >= number) return block;
      await delay(20);
    }
    return ask();
  }

  async function emit(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const data = AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256"], [id("Topic"), index]);
      await node.rpc("eth_sendTransaction", [{ from: account, to: EMITTER, data }]);
    }
    await node.rpc("anvil_mine", ["0x4"]);
  }

  const allLogs = (chain: EndpointQuorum, attempt: number, to: bigint) =>
    chain.logs({ address: EMITTER, topics: [], from: 0n, to, attempt }, signal);

  it("reads the block that the node calls finalized", async () => {
    const expected = await node.rpc<{ hash: string }>("eth_getBlockByNumber", ["finalized", false]);
    expect((await reader().finalized(signal)).hash).to.equal(expected.hash);
  });

  it("counts confirmations where the chain has no finality", async () => {
    expect((await reader({ finality: { confirmations: 3 } }).finalized(signal)).number).to.equal(2n);
    expect((await reader({ finality: "latest" }).finalized(signal)).number).to.equal(5n);
  });

  const outvoted: readonly Fault[] = [
    { kind: "wrongBlockHash" },
    { kind: "wrongStateRoot" },
    { kind: "forgedHeader" },
    { kind: "lag", blocks: 2 },
    { kind: "hang" },
    { kind: "status", status: 500 },
    { kind: "status", status: 429 },
    { kind: "garbage" },
    { kind: "wrongChainId", chainId: 1 },
  ];
  for (const fault of outvoted) {
    it(`is not misled by one endpoint of three: ${JSON.stringify(fault)}`, async () => {
      const expected = await reader().finalized(signal);
      proxies[0]?.set(fault);
      const chain = reader();
      const seen = await chain.finalized(signal);
      // The quickest two may include the one that lags: an older final block is true as well, and is passed soon.
      expect(await chain.block(seen.number, signal)).to.deep.equal(seen);
      expect(await reaches(expected.number, () => chain.finalized(signal))).to.deep.equal(expected);
      expect((await reader().block(1n, signal)).number).to.equal(1n);
    });
  }

  const refused: readonly (readonly [Fault, RelayerErrorCode])[] = [
    [{ kind: "wrongBlockHash" }, "HEADER_HASH_MISMATCH"],
    [{ kind: "wrongStateRoot" }, "HEADER_HASH_MISMATCH"],
    [{ kind: "forgedHeader" }, "ENDPOINT_DISAGREEMENT"],
    [{ kind: "hang" }, "ENDPOINT_UNAVAILABLE"],
    [{ kind: "status", status: 500 }, "ENDPOINT_UNAVAILABLE"],
    [{ kind: "status", status: 429 }, "ENDPOINT_UNAVAILABLE"],
    [{ kind: "garbage" }, "ENDPOINT_UNAVAILABLE"],
    [{ kind: "wrongChainId", chainId: 1 }, "CHAIN_ID_MISMATCH"],
  ];
  for (const [fault, code] of refused) {
    it(`refuses without a quorum, names each endpoint, and recovers: ${JSON.stringify(fault)}`, async () => {
      proxies[0]?.set(fault);
      const chain = reader({ quorum: 3, timeoutMs: fault.kind === "hang" ? 1_500 : PATIENCE_MS });
      const error = await refusal(chain.finalized(signal), code);
      expect(error.message).to.include(new URL(proxies[0]?.url ?? "").host);
      expect(error.alert).to.equal(code !== "ENDPOINT_UNAVAILABLE");
      proxies[0]?.set();
      expect((await recovers(() => chain.finalized(signal))).number).to.be.a("bigint");
    });
  }

  it("takes the highest block that a quorum has reached", async () => {
    proxies[0]?.set({ kind: "lag", blocks: 1 });
    const latest = await reader({ quorum: 3, finality: "latest" }).finalized(signal);
    expect(latest.number).to.equal(4n);
  });

  it("never goes back to an older final block", async () => {
    const chain = reader({ finality: "latest" });
    const before = await chain.finalized(signal);
    setAll({ kind: "lag", blocks: 2 });
    expect(await chain.finalized(signal)).to.deep.equal(before);
  });

  it("raises the alarm when a final block changes", async () => {
    const chain = reader({ finality: "latest" });
    await chain.finalized(signal);
    setAll({ kind: "forgedHeader" });
    // An answer of before the change may still be on its way, and count in the first call.
    const alarm = reaches(6n, () => chain.finalized(signal));
    expect((await refusal(alarm, "ENDPOINT_DISAGREEMENT")).alert).to.equal(true);
  });

  it("reads the same final blocks before and after a reorganization above them", async () => {
    await node.rpc("anvil_mine", ["0x5"]);
    const chain = reader();
    const final = await chain.finalized(signal);
    const before = await node.rpc<{ hash: string }>("eth_getBlockByNumber", ["latest", false]);
    await node.rpc("anvil_reorg", [1, []]);
    const after = await node.rpc<{ hash: string }>("eth_getBlockByNumber", ["latest", false]);
    expect(after.hash).to.not.equal(before.hash);
    expect(await reader().block(final.number, signal)).to.deep.equal(final);
    await node.rpc("anvil_mine", ["0x5"]);
    expect((await chain.finalized(signal)).number > final.number).to.equal(true);
  });

  describe("laneState", () => {
    beforeEach(async () => {
      const [acc, out, inbox, resAcc, epoch] = laneSlots(REMOTE) as [string, string, string, string, string];
      const store = (slot: string, value: string) => node.rpc("anvil_setStorageAt", [GATEWAY, slot, value]);
      await node.rpc("anvil_setCode", [GATEWAY, "0x00"]);
      await store(acc, id("acc"));
      await store(out, zeroPadValue(toBeHex((4n << 64n) | 7n), 32));
      await store(inbox, zeroPadValue("0x09", 32));
      await store(resAcc, id("resAcc"));
      await store(epoch, zeroPadValue("0x03", 32));
      await node.rpc("anvil_mine", ["0x5"]);
    });

    const state = { acc: id("acc"), toSeq: 7n, cadence: 4n, ackSeq: 9n, resAcc: id("resAcc"), epoch: 3n };

    it("is proven against the block's state root", async () => {
      const chain = reader();
      expect(await chain.laneState(GATEWAY, REMOTE, await chain.finalized(signal), signal)).to.deep.equal(state);
    });

    it("is all zero where the account is proven absent", async () => {
      const chain = reader();
      const absent = await chain.laneState(`0x${"ab".repeat(20)}`, REMOTE, await chain.finalized(signal), signal);
      expect(absent.toSeq).to.equal(0n);
    });

    it("takes another endpoint's proof where one is wrong, missing or late", async () => {
      const faults: readonly Fault[] = [{ kind: "wrongProof" }, { kind: "noProofs" }, { kind: "hang" }];
      for (const fault of faults) {
        const chain = reader();
        const block = await chain.finalized(signal);
        proxies[0]?.set(fault);
        expect(await chain.laneState(GATEWAY, REMOTE, block, signal)).to.deep.equal(state);
        proxies[0]?.set();
      }
    });

    it("falls back to the tag where endpoints prove nothing by number", async () => {
      setAll({ kind: "proofsByTagOnly" });
      const chain = reader();
      expect(await chain.laneState(GATEWAY, REMOTE, await chain.finalized(signal), signal)).to.deep.equal(state);
      await refusal(chain.laneState(GATEWAY, REMOTE, await chain.block(1n, signal), signal), "PROOF_UNAVAILABLE");
    });

    it("is refused where every proof is wrong, or none is served", async () => {
      const chain = reader();
      const block = await chain.finalized(signal);
      setAll({ kind: "wrongProof" });
      await refusal(chain.laneState(GATEWAY, REMOTE, block, signal), "PROOF_INVALID");
      setAll({ kind: "noProofs" });
      const error = await refusal(chain.laneState(GATEWAY, REMOTE, block, signal), "PROOF_UNAVAILABLE");
      for (const { url } of proxies) expect(error.message).to.include(new URL(url).host);
      setAll();
      expect(await chain.laneState(GATEWAY, REMOTE, block, signal)).to.deep.equal(state);
    });
  });

  describe("logs", () => {
    let head: bigint;

    beforeEach(async () => {
      await emit(12);
      head = (await reader().finalized(signal)).number;
    });

    it("are complete and in order, by range and by block", async () => {
      for (const attempt of [0, 1, 2]) {
        const logs = await allLogs(reader(), attempt, head);
        expect(logs.map(({ data }) => BigInt(data))).to.deep.equal(
          Array.from({ length: 12 }, (_, index) => BigInt(index)),
        );
      }
    });

    it("are asked for in smaller ranges where an endpoint refuses large ones", async () => {
      setAll({ kind: "logRangeLimit", blocks: 3 });
      expect(await allLogs(reader(), 0, head)).to.have.length(12);
    });

    for (const fault of [{ kind: "omitLogs" }, { kind: "partialLogs" }] as const) {
      it(`come from another endpoint on the next attempt: ${fault.kind}`, async () => {
        proxies[0]?.set(fault);
        // However long it takes to answer, nobody else is asked instead.
        const patient = reader({ hedgeMs: PATIENCE_MS });
        expect((await allLogs(patient, 0, head)).length).to.be.lessThan(12);
        expect(await allLogs(reader(), 1, head)).to.have.length(12);
      });
    }

    for (const fault of [{ kind: "foreignLog" }, { kind: "prunedLogs" }] as const) {
      it(`come from another endpoint at once: ${fault.kind}`, async () => {
        proxies[0]?.set(fault);
        expect(await allLogs(reader(), 0, head)).to.have.length(12);
        setAll(fault);
        await refusal(allLogs(reader(), 0, head), "LOGS_INCOMPLETE");
      });
    }

    it("of blocks that are not final are refused", async () => {
      await refusal(allLogs(reader(), 0, head + 100n), "ENDPOINT_UNAVAILABLE");
    });
  });

  it("calls and estimates on whichever endpoint answers, and passes reverts on", async () => {
    const reverting = "0x000000000000000000000000000000000000bad0";
    // revert(0, 4) with 0xdeadbeef
    await node.rpc("anvil_setCode", [reverting, "0x63deadbeef60e01b60005260046000fd"]);
    proxies[0]?.set({ kind: "status", status: 500 });
    const chain = reader();
    expect(await chain.call(account, "0x", signal)).to.equal("0x");
    expect(await chain.estimateGas({ from: account, to: account, data: "0x" }, signal)).to.equal(21_000n);
    const transaction = { from: account, to: reverting, data: "0x" };
    for (const ask of [() => chain.call(reverting, "0x", signal), () => chain.estimateGas(transaction, signal)]) {
      const error = await ask().catch((thrown: unknown) => thrown);
      expect(error).to.include({ name: "ContractRevert", data: "0xdeadbeef" });
    }
  });
});
