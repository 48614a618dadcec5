import { expect } from "chai";
import { CHANNEL_PHASE, initialState, type ChannelState } from "../../../protocol/channel";
import { disputeStep, type DisputeView } from "../../../sdk/channel/dispute";
import type { Rules } from "../../../sdk/rules/rules";
import { CountdownRules } from "./countdown";
import { VENUE, channelOf } from "./support";

const DEADLINE = 1_000n;
const WINDOW = 300n;
const END = 5_000n;
const IDLE = initialState(channelOf(2), VENUE);
/** Participant 1's turn, anyone's, and nobody's. */
const TURN_OF_ONE: ChannelState = { ...IDLE, version: 5n, stake: 1n, gameState: "0x03010200" };
const ANYONES: ChannelState = { ...TURN_OF_ONE, gameState: "0x03ff0200" };
const OVER: ChannelState = { ...TURN_OF_ONE, gameState: "0x00010201" };

interface Moment {
  readonly phase?: keyof typeof CHANNEL_PHASE;
  readonly time: bigint;
  readonly state?: ChannelState;
  /** Of the newest state that all signed; what is shown has 5. */
  readonly agreed?: bigint;
  readonly me?: number;
}

function viewOf({ phase = "disputed", time, state = TURN_OF_ONE, agreed = 5n, me = 1 }: Moment): DisputeView {
  return {
    status: { phase, version: 5n, deadline: DEADLINE, end: END, stateHash: "0x" },
    time,
    state,
    agreed: { state: { ...TURN_OF_ONE, version: agreed }, signatures: [] },
    me,
    challengeSeconds: WINDOW,
  };
}

async function stepAt(moment: Moment, rules: Rules = new CountdownRules()): Promise<unknown> {
  const step = await disputeStep(rules, viewOf(moment));
  if ("until" in step) return [step.kind, step.until];
  if ("deadline" in step) return [step.kind, step.deadline];
  return step.kind;
}

describe("disputeStep", () => {
  it("has nothing to do where nothing is disputed", async () => {
    for (const phase of ["none", "funding", "open", "cancelled"] as const) {
      expect(await stepAt({ phase, time: 1n, agreed: 9n }), phase).to.equal("none");
    }
    expect(await stepAt({ phase: "closed", time: 1n, agreed: 9n })).to.equal("closed");
  });

  it("answers an older state to the window's last second, and no longer", async () => {
    expect(await stepAt({ time: DEADLINE, agreed: 6n })).to.deep.equal(["answer", DEADLINE]);
    expect(await stepAt({ time: DEADLINE + 1n, agreed: 6n })).to.deep.equal(["move", DEADLINE + WINDOW]);
    expect(await stepAt({ phase: "playing", time: DEADLINE, agreed: 6n })).to.deep.equal(["move", DEADLINE]);
  });

  it("waits while newer states count, and there is none", async () => {
    expect(await stepAt({ time: DEADLINE })).to.deep.equal(["wait", DEADLINE + 1n]);
    expect(await stepAt({ time: DEADLINE, agreed: 4n })).to.deep.equal(["wait", DEADLINE + 1n]);
    expect(await stepAt({ time: 1n, state: OVER })).to.deep.equal(["wait", DEADLINE + 1n]);
  });

  it("moves when it is its turn or anyone's, to the last second", async () => {
    const last = DEADLINE + WINDOW;
    expect(await stepAt({ time: last })).to.deep.equal(["move", last]);
    expect(await stepAt({ time: last, me: 0 })).to.deep.equal(["wait", last + 1n]);
    expect(await stepAt({ time: last, me: 0, state: ANYONES })).to.deep.equal(["move", last]);
    expect(await stepAt({ phase: "playing", time: DEADLINE, me: 0 })).to.deep.equal(["wait", DEADLINE + 1n]);
  });

  it("has a missed move expired from the second after, whosever it was", async () => {
    for (const me of [0, 1]) {
      expect(await stepAt({ time: DEADLINE + WINDOW + 1n, me })).to.equal("expire");
      expect(await stepAt({ phase: "playing", time: DEADLINE + 1n, me })).to.equal("expire");
    }
  });

  it("concludes what is over, what has no round, and everything after the channel's life", async () => {
    expect(await stepAt({ time: DEADLINE + 1n, state: OVER })).to.equal("conclude");
    expect(await stepAt({ time: DEADLINE + 1n, state: IDLE })).to.equal("conclude");
    expect(await stepAt({ phase: "playing", time: END + 1n })).to.equal("conclude");
    expect(await stepAt({ phase: "playing", time: END })).to.equal("expire");
  });

  it("plays on where the rules have no lawful outcome, as the contract does", async () => {
    const broken = Object.assign(new CountdownRules(), { outcome: async () => undefined });
    expect(await stepAt({ phase: "playing", time: DEADLINE }, broken)).to.deep.equal(["move", DEADLINE]);
  });
});
