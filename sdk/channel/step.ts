import type { ChannelState } from "../../protocol/channel";

/** What a round is played for and with. */
export interface RoundTerms {
  /** What each puts in, in units of the channel's token. */
  readonly stake: bigint;
  /** The game's own options, 0x hex. */
  readonly setup: string;
}

/** What leads from a state to the next: a round begins, a player moves, or a round that is over is paid out. */
export type Step =
  | { readonly kind: "begin"; readonly stake: bigint; readonly setup: string }
  | { readonly kind: "move"; readonly player: number; readonly move: string }
  | { readonly kind: "settle" };

/** A state that not all have signed yet: by whom it was proposed, and the signatures so far, by participant. */
export interface Proposal {
  readonly proposer: number;
  readonly step: Step;
  readonly state: ChannelState;
  readonly signatures: readonly (string | null)[];
}

export function isSameStep(one: Step, other: Step): boolean {
  switch (one.kind) {
    case "begin":
      return other.kind === "begin" && one.stake === other.stake && one.setup === other.setup;
    case "move":
      return other.kind === "move" && one.player === other.player && one.move === other.move;
    case "settle":
      return other.kind === "settle";
  }
}

export function isSameTerms(one: RoundTerms, other: RoundTerms): boolean {
  return one.stake === other.stake && one.setup === other.setup;
}
