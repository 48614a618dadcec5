import type { ChannelState } from "../../protocol/channel";
import { bytesToHex, hexToBytes } from "../../protocol/hex";
import { roundResult } from "../../protocol/roundResult";
import type { SdkErrorCode } from "../errors";
import type { Rules } from "../rules/rules";
import type { Step } from "./step";

export type Advance =
  { readonly ok: true; readonly state: ChannelState } | { readonly ok: false; readonly code: SdkErrorCode };

const NO_ROUND = "0x";

function refused(code: SdkErrorCode): Advance {
  return { ok: false, code };
}

/** The one state that a step leads to, or why it leads to none. Every participant computes it for itself. */
export async function advance(rules: Rules, state: ChannelState, step: Step): Promise<Advance> {
  const version = state.version + 1n;
  const players = BigInt(state.balances.length);
  if (step.kind === "begin") {
    if (state.gameState !== NO_ROUND) return refused("ROUND_RUNS");
    if (state.balances.some((balance) => balance < step.stake)) return refused("STAKE_TOO_HIGH");
    const first = await rules.start(hexToBytes(step.setup), players);
    if (first === undefined) return refused("BAD_SETUP");
    return { ok: true, state: { ...state, version, stake: step.stake, gameState: bytesToHex(first) } };
  }
  if (state.gameState === NO_ROUND) return refused("NO_ROUND");
  const current = hexToBytes(state.gameState);
  if (step.kind === "move") {
    const next = await rules.play(current, BigInt(step.player), hexToBytes(step.move));
    if (next === undefined) return refused("ILLEGAL_MOVE");
    return { ok: true, state: { ...state, version, gameState: bytesToHex(next) } };
  }
  const outcome = await rules.outcome(current, players);
  // Without a lawful outcome each gets its stake back, as on chain: the balances stay.
  if (outcome !== undefined && !outcome.over) return refused("NOT_OVER");
  const balances = outcome === undefined ? state.balances : roundResult(state.balances, state.stake, outcome.shareBps);
  return { ok: true, state: { ...state, version, stake: 0n, balances, gameState: NO_ROUND } };
}
