import { getBytes, type Signer } from "ethers";
import type { ChannelState, SignedState } from "../../protocol/channel";
import { pause } from "../chain/pause";
import { ANYONE, type Rules } from "../rules/rules";
import type { ChannelClient } from "./channelClient";
import type { ChannelContract, ChannelStatus } from "./channelContract";

/** What there is to do about a channel on chain, at one moment. */
export type DisputeStep =
  /** Nothing is disputed. */
  | { readonly kind: "none" }
  /** A newer state is known than the one shown: it has to be shown before the deadline. */
  | { readonly kind: "answer"; readonly deadline: bigint }
  /** Nothing counts before this second, or it is another's move. */
  | { readonly kind: "wait"; readonly until: bigint }
  /** It is this participant's turn, until the deadline. */
  | { readonly kind: "move"; readonly state: ChannelState; readonly deadline: bigint }
  /** The move was not played in time. */
  | { readonly kind: "expire"; readonly state: ChannelState }
  /** The channel can be paid out. */
  | { readonly kind: "conclude"; readonly state: ChannelState }
  | { readonly kind: "closed" };

export interface DisputeView {
  readonly status: ChannelStatus;
  /** Seconds of the latest block. */
  readonly time: bigint;
  /** The disputed state as it has been played on. */
  readonly state: ChannelState;
  /** The newest state that all have signed. */
  readonly agreed: SignedState;
  readonly me: number;
  /** What each move on chain may take. */
  readonly challengeSeconds: bigint;
}

/** Decides what a participant does next in a dispute. It reads nothing but its argument and the rules. */
export async function disputeStep(rules: Rules, view: DisputeView): Promise<DisputeStep> {
  const { status, time, state, agreed, me } = view;
  if (status.phase === "closed") return { kind: "closed" };
  if (status.phase !== "disputed" && status.phase !== "playing") return { kind: "none" };
  const isWindowOpen = status.phase === "disputed" && time <= status.deadline;
  if (isWindowOpen && agreed.state.version > status.version) return { kind: "answer", deadline: status.deadline };
  // The next block is at least a second later.
  if (isWindowOpen) return { kind: "wait", until: status.deadline + 1n };
  if (time > status.end || state.gameState === "0x") return { kind: "conclude", state };
  const game = getBytes(state.gameState);
  const outcome = await rules.outcome(game, BigInt(state.balances.length));
  if (outcome?.over === true) return { kind: "conclude", state };
  // The first move has as long as every other, from the end of the window.
  const deadline = status.phase === "disputed" ? status.deadline + view.challengeSeconds : status.deadline;
  if (time > deadline) return { kind: "expire", state };
  const turn = await rules.turn(game);
  if (turn === BigInt(me) || turn === ANYONE) return { kind: "move", state, deadline };
  return { kind: "wait", until: deadline + 1n };
}

/** A participant's way through a dispute of its channel. */
export class Dispute {
  constructor(
    private readonly client: ChannelClient,
    private readonly contract: ChannelContract,
    private readonly rules: Rules,
    /** Pays for what is sent: the participant's account or its key. */
    private readonly sender: Signer,
  ) {}

  /** Shows the newest state that all have signed, and signs no other from now on. */
  async challenge(): Promise<void> {
    await this.client.stop();
    await this.contract.challenge(this.sender, this.client.agreed);
  }

  /** What there is to do now. */
  async step(): Promise<DisputeStep> {
    const status = await this.contract.status();
    if (status.phase !== "disputed" && status.phase !== "playing") {
      return { kind: status.phase === "closed" ? "closed" : "none" };
    }
    const [time, state] = await Promise.all([
      this.contract.time(),
      this.contract.disputedState(status, [this.client.state]),
    ]);
    const { challengeSeconds } = this.contract.channel;
    const { agreed, me } = this.client;
    return disputeStep(this.rules, { status, time, state, agreed, me, challengeSeconds });
  }

  /**
   * Does what needs no choice: answers a stale challenge, has a missed move expired, concludes. A channel in dispute is not
   * signed in any more. Returns what was to do; a move is the player's.
   */
  async act(): Promise<DisputeStep> {
    const step = await this.step();
    if (step.kind !== "none" && !this.client.isEnding) await this.client.stop();
    if (step.kind === "answer") await this.contract.answer(this.sender, this.client.agreed);
    if (step.kind === "expire") await this.contract.expire(this.sender, step.state);
    if (step.kind === "conclude") await this.contract.conclude(this.sender, step.state);
    return step;
  }

  /** Plays a move on chain. */
  async play(state: ChannelState, move: string): Promise<void> {
    await this.contract.play(this.sender, state, this.client.me, move);
  }

  /**
   * Looks at the channel every so often and does what needs no choice, until it is closed or the signal is aborted. What
   * the chain refuses or does not answer is told and tried again.
   */
  async guard(options: {
    readonly everyMs: number;
    readonly signal: AbortSignal;
    readonly onStep?: (step: DisputeStep) => void;
    readonly onError?: (error: unknown) => void;
  }): Promise<void> {
    const { everyMs, signal } = options;
    while (!signal.aborted) {
      try {
        const step = await this.act();
        options.onStep?.(step);
        if (step.kind === "closed") return;
      } catch (error) {
        options.onError?.(error);
      }
      await pause(everyMs, signal);
    }
  }
}
