import { expect } from "chai";
import { initialState, type ChannelState } from "../../../protocol/channel";
import { advance } from "../../../sdk/channel/advance";
import { isSameStep, isSameTerms, type Step } from "../../../sdk/channel/step";
import type { Rules } from "../../../sdk/rules/rules";
import { CountdownRules, take } from "./countdown";
import { DEPOSIT, VENUE, channelOf } from "./support";

const STAKE = 100n;
const IDLE: ChannelState = { ...initialState(channelOf(3), VENUE), version: 7n };
const RUNNING: ChannelState = { ...IDLE, stake: STAKE, gameState: "0x03010300" };
const OVER: ChannelState = { ...RUNNING, gameState: "0x00020302" };
const BEGIN: Step = { kind: "begin", stake: STAKE, setup: "0x09" };
const MOVE: Step = { kind: "move", player: 1, move: take(2) };
const SETTLE: Step = { kind: "settle" };

/** Rules that end with other shares, or with none. */
function endingWith(outcome: Awaited<ReturnType<Rules["outcome"]>>): Rules {
  return Object.assign(new CountdownRules(), { outcome: async () => outcome });
}

async function codeOf(state: ChannelState, step: Step, rules: Rules = new CountdownRules()): Promise<string> {
  const next = await advance(rules, state, step);
  return next.ok ? "done" : next.code;
}

async function after(state: ChannelState, step: Step, rules: Rules = new CountdownRules()): Promise<ChannelState> {
  const next = await advance(rules, state, step);
  if (!next.ok) throw new Error(next.code);
  return next.state;
}

describe("advance", () => {
  it("begins a round between rounds, for what everyone has, with a setup that the rules know", async () => {
    expect(await codeOf(RUNNING, BEGIN)).to.equal("ROUND_RUNS");
    expect(await codeOf(OVER, BEGIN)).to.equal("ROUND_RUNS");
    expect(await codeOf(IDLE, { ...BEGIN, stake: DEPOSIT + 1n })).to.equal("STAKE_TOO_HIGH");
    const poor = { ...IDLE, balances: [DEPOSIT, DEPOSIT * 2n, 0n] };
    expect(await codeOf(poor, { ...BEGIN, stake: 1n })).to.equal("STAKE_TOO_HIGH");
    expect(await codeOf(IDLE, { ...BEGIN, setup: "0x" })).to.equal("BAD_SETUP");
    expect(await after(poor, { ...BEGIN, stake: 0n })).to.deep.equal({
      ...poor,
      version: 8n,
      stake: 0n,
      gameState: "0x09000300",
    });
    expect((await after(IDLE, { ...BEGIN, stake: DEPOSIT })).stake).to.equal(DEPOSIT);
  });

  it("moves as the rules say, and touches neither stake nor balances", async () => {
    expect(await codeOf(IDLE, MOVE)).to.equal("NO_ROUND");
    expect(await codeOf(RUNNING, { ...MOVE, player: 0 })).to.equal("ILLEGAL_MOVE");
    expect(await codeOf(RUNNING, { ...MOVE, move: "0x" })).to.equal("ILLEGAL_MOVE");
    expect(await after(RUNNING, MOVE)).to.deep.equal({ ...RUNNING, version: 8n, gameState: "0x01020300" });
  });

  it("settles what is over, by the rules' shares; the last gets what division leaves", async () => {
    expect(await codeOf(IDLE, SETTLE)).to.equal("NO_ROUND");
    expect(await codeOf(RUNNING, SETTLE)).to.equal("NOT_OVER");
    const paid = { ...IDLE, version: 8n };
    const won = [DEPOSIT - STAKE, DEPOSIT + 2n * STAKE, DEPOSIT - STAKE];
    expect(await after(OVER, SETTLE)).to.deep.equal({ ...paid, balances: won });
    const thirds = endingWith({ over: true, shareBps: [3_333n, 3_333n, 3_334n] });
    const shared = [DEPOSIT - STAKE + 99n, DEPOSIT - STAKE + 99n, DEPOSIT - STAKE + 102n];
    expect(await after(OVER, SETTLE, thirds)).to.deep.equal({ ...paid, balances: shared });
  });

  it("gives each its stake back where the rules have no lawful outcome", async () => {
    expect(await after(RUNNING, SETTLE, endingWith(undefined))).to.deep.equal({ ...IDLE, version: 8n });
  });
});

describe("steps", () => {
  const different: readonly Step[] = [
    BEGIN,
    { ...BEGIN, stake: STAKE + 1n },
    { ...BEGIN, setup: "0x08" },
    MOVE,
    { ...MOVE, player: 2 },
    { ...MOVE, move: take(1) },
    SETTLE,
  ];

  it("are the same where all that they say is", () => {
    for (const [at, one] of different.entries()) {
      for (const [index, other] of different.entries()) expect(isSameStep(one, { ...other })).to.equal(at === index);
    }
    expect(isSameTerms({ stake: 1n, setup: "0x" }, { stake: 1n, setup: "0x" })).to.equal(true);
    expect(isSameTerms({ stake: 1n, setup: "0x" }, { stake: 2n, setup: "0x" })).to.equal(false);
    expect(isSameTerms({ stake: 1n, setup: "0x" }, { stake: 1n, setup: "0x00" })).to.equal(false);
  });
});
