import { expect } from "chai";
import { advance, initialCursor, type Advance, type LaneCursor } from "../../../relayer/cassini/headers";
import type { ChainLog } from "../../../relayer/ports";
import { FakeChain } from "./support/fakeChain";
import { epochOf } from "./support/operators";

const LANE = {
  sourceChainId: 31337n,
  sourceGateway: "0x00000000000000000000000000000000000000A1",
  targetChainId: 31338n,
  targetGateway: "0x00000000000000000000000000000000000000B2",
};
const GENESIS = epochOf(1n, ["a", "b", "c", "d"]);

describe("advance", () => {
  let chain: FakeChain;

  beforeEach(() => {
    chain = new FakeChain(LANE, GENESIS, 4n);
  });

  async function logsTo(block: bigint, from = 1n): Promise<readonly ChainLog[]> {
    return chain.logs({ from, to: block, attempt: 0 });
  }

  async function derive(to = chain.head, from: LaneCursor = initialCursor(LANE, 0n)): Promise<Advance> {
    return advance(LANE, from, { block: to, state: chain.stateAt(to) }, await logsTo(to, from.block + 1n));
  }

  function succeeded(result: Advance): Extract<Advance, { ok: true }> {
    if (!result.ok) throw new Error(`refused: ${result.disagreement.reason}`);
    return result;
  }

  function refusal(result: Advance): string {
    if (result.ok) throw new Error("it was accepted");
    return result.disagreement.reason;
  }

  const headersOf = (result: Advance) =>
    succeeded(result).records.flatMap(({ header }) => (header === undefined ? [] : [header]));

  /** The definition, taken literally: a header where a multiple of the cadence differs from the one before. */
  function headersByDefinition(to: bigint, cadence: bigint) {
    const headers = [];
    for (let block = cadence; block <= to; block += cadence) {
      const [now, before] = [chain.headerAt(block), chain.headerAt(block - cadence)];
      const changed = now.toSeq !== before.toSeq || now.ackSeq !== before.ackSeq || now.epoch !== before.epoch;
      if (changed && (now.toSeq > 0n || now.ackSeq > 0n)) headers.push(now);
    }
    return headers;
  }

  it("derives one header per multiple of the cadence where the lane changed", async () => {
    for (const gap of [1, 1, 6, 0, 3, 9, 1]) {
      chain.send();
      if (gap === 0) chain.send();
      chain.mine(Math.max(gap, 1));
    }
    chain.settle();
    const result = await derive();
    expect(headersOf(result)).to.deep.equal(headersByDefinition(chain.head, 4n));
    expect(succeeded(result).cursor).to.deep.equal({
      block: chain.head,
      state: chain.stateAt(chain.head),
      resultCount: 0n,
    });
  });

  it("derives the same headers however the blocks are divided into steps", async () => {
    for (let index = 0; index < 30; index++) {
      if (index % 3 !== 1) chain.send();
      chain.mine((index * 7) % 5);
    }
    chain.settle();
    const whole = headersOf(await derive());
    for (const stride of [1n, 3n, 4n, 7n, 11n]) {
      let cursor = initialCursor(LANE, 0n);
      const headers = [];
      for (let to = stride; to <= chain.head; to += stride) {
        const result = await derive(to, cursor);
        headers.push(...headersOf(result));
        cursor = succeeded(result).cursor;
      }
      headers.push(...headersOf(await derive(chain.head, cursor)));
      expect(headers, `in steps of ${stride}`).to.deep.equal(whole);
    }
  });

  it("stores with each header exactly the messages that it is the first to cover", async () => {
    chain.send();
    chain.mine(4);
    chain.send();
    chain.send();
    chain.settle();
    const records = succeeded(await derive()).records.filter(({ header }) => header !== undefined);
    expect(records.map(({ messages }) => messages.map(({ seq }) => seq))).to.deep.equal([[1n], [2n, 3n]]);
    expect(records.map(({ header }) => header?.acc)).to.deep.equal(records.map(({ messages }) => messages.at(-1)?.acc));
  });

  it("makes a header of a new epoch, so that nothing is stranded by a rotation", async () => {
    chain.send();
    chain.settle();
    chain.rotate(epochOf(2n, ["a", "b", "c", "e"]));
    chain.settle();
    expect(headersOf(await derive()).map(({ epoch, toSeq }) => [epoch, toSeq])).to.deep.equal([
      [1n, 1n],
      [2n, 1n],
    ]);
  });

  it("makes no header of a lane in which nothing ever happened", async () => {
    chain.rotate(epochOf(2n, ["a", "b", "c", "e"]));
    chain.settle();
    expect(headersOf(await derive())).to.deep.equal([]);
  });

  it("follows a change of the cadence", async () => {
    chain.send();
    chain.mine(3);
    chain.setCadence(3n);
    chain.mine();
    chain.send();
    chain.mine(4);
    chain.setCadence(1n);
    chain.mine();
    chain.send();
    chain.mine(2);
    const headers = headersOf(await derive());
    expect(headers).to.deep.equal(headers.map(({ sourceBlock }) => chain.headerAt(sourceBlock)));
    expect(headers.map(({ toSeq }) => toSeq)).to.deep.equal([1n, 2n, 3n]);
  });

  it("stops at the last multiple, so that what is stored is always covered by a header", async () => {
    chain.settle();
    const aligned = chain.head;
    chain.send();
    chain.mine(2);
    const result = succeeded(await derive());
    expect(result.cursor.block).to.equal(aligned);
    expect(result.records.flatMap(({ messages }) => messages)).to.deep.equal([]);
  });

  describe("refuses", () => {
    beforeEach(() => {
      for (let index = 0; index < 4; index++) {
        chain.send();
        chain.mine();
      }
      chain.settle();
    });

    const cases: readonly [string, string, (logs: readonly ChainLog[]) => readonly ChainLog[]][] = [
      ["logs without the last message", "to_seq", (logs) => logs.slice(0, -1)],
      ["logs without a message in between", "message_missing", (logs) => logs.filter((_, index) => index !== 3)],
      ["no logs at all", "to_seq", () => []],
      ["a message twice", "message_missing", (logs) => [...logs, logs.at(-1) as ChainLog]],
      ["messages in another order", "message_missing", (logs) => [...logs].reverse()],
      ["logs without a change of the cadence", "cadence", (logs) => logs.filter((_, index) => index !== 1)],
      ["logs without an epoch", "epoch", (logs) => logs.slice(1)],
      [
        "a message whose payload was changed",
        "acc",
        (logs) => logs.map((log, index) => (index === 4 ? { ...log, data: log.data.replace("1234", "1235") } : log)),
      ],
      [
        "a log that nobody can parse",
        "log_malformed",
        (logs) => logs.map((log, index) => (index === 4 ? { ...log, data: log.data.slice(0, 130) } : log)),
      ],
      [
        "a log of a block that was not asked for",
        "log_out_of_range",
        (logs) => [...logs.slice(0, -1), { ...(logs.at(-1) as ChainLog), blockNumber: 10_000n }],
      ],
    ];
    for (const [title, reason, tamper] of cases) {
      it(title, async () => {
        const state = chain.stateAt(chain.head);
        const logs = tamper(await logsTo(chain.head));
        const result = advance(LANE, initialCursor(LANE, 0n), { block: chain.head, state }, logs);
        expect(refusal(result)).to.equal(reason);
      });
    }
  });
});
