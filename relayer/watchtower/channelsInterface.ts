import { Interface } from "ethers";
import { CHANNEL_ABI_TYPE, CHANNEL_PHASE } from "../../protocol/channel";

const STATE = "tuple(uint64 version, uint256 stake, uint256[] balances, bytes gameState)";

/** What the watchtower needs of `contracts/game/StateChannels.sol`, so that it runs without a build. */
export const CHANNELS = new Interface([
  `function answer(${CHANNEL_ABI_TYPE} channel, ${STATE} state, bytes signatures)`,
  "function statusOf(bytes32 channelId) view returns (tuple(uint8 phase, uint16 funded, uint64 version, uint40 deadline, uint40 end, bytes32 stateHash))",

  `event Challenged(bytes32 indexed channelId, uint64 version, uint40 deadline, uint40 end, ${STATE} state)`,

  "error WrongChannelPhase(bytes32 channelId, uint8 phase)",
  "error WindowOver(uint256 timestamp, uint256 deadline)",
  "error StateNotNewer(uint64 version, uint64 disputed)",
]);

/** A channel as its contract shows it. */
export interface ChannelView {
  readonly phase: bigint;
  /** Of the disputed state. */
  readonly version: bigint;
  /** Unix seconds; last one in which an answer counts, while disputed. */
  readonly deadline: bigint;
}

export const isPhase = (view: ChannelView, phase: keyof typeof CHANNEL_PHASE): boolean =>
  view.phase === BigInt(CHANNEL_PHASE[phase]);

/** Name of a phase, for those who are refused. */
export function phaseName({ phase }: ChannelView): string {
  const found = Object.entries(CHANNEL_PHASE).find(([, number]) => BigInt(number) === phase);
  return found === undefined ? `phase ${phase}` : found[0];
}

/** Reverts that say the answer is not needed any more, or has no effect: nobody's fault. */
const OVERTAKEN: ReadonlySet<string> = new Set(["WrongChannelPhase", "WindowOver", "StateNotNewer"]);

/** Why an answer is refused; undefined where it only came too late. */
export function answerRefusal(data: string): string | undefined {
  let name = data;
  try {
    name = CHANNELS.parseError(data)?.name ?? data;
  } catch {
    // None of these.
  }
  return OVERTAKEN.has(name) ? undefined : name;
}
