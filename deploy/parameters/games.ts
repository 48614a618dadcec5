import type { ContractName } from "../contracts";
import { DeploymentError } from "../deploymentError";
import { parseInteger, type EnvironmentReader } from "../environment";

/** The games, on the home chain. */
export interface GameParameters {
  /** How the revenue of games is divided that are registered from the beginning on, in basis points; 10,000 in all. */
  readonly developerBps: bigint;
  readonly stakersBps: bigint;
  readonly treasuryBps: bigint;
  /** Part of a sale of items that is the item's game's revenue, in basis points. */
  readonly marketFeeBps: bigint;
  /** Games to create and register, in this order. */
  readonly samples: readonly ContractName[];
}

/** The white paper leaves the parts open; the environment may say otherwise. */
export const LIVE_GAMES: GameParameters = {
  developerBps: 7_000n,
  stakersBps: 2_000n,
  treasuryBps: 1_000n,
  // What the usual markets take. The timelock can change it.
  marketFeeBps: 250n,
  // Whoever wants one there registers it.
  samples: [],
};

/** As on a live network, and something to play. */
export const LOCAL_GAMES: GameParameters = { ...LIVE_GAMES, samples: ["TicTacToe", "RockPaperScissors", "LiarsDice"] };

/** `Marketplace.MAX_FEE_BPS` */
const MAX_MARKET_FEE_BPS = 1_000n;

export function readGames(read: EnvironmentReader): GameParameters {
  const marketFeeBps = read.integer("MARKET_FEE_BPS", LIVE_GAMES.marketFeeBps);
  return { ...LIVE_GAMES, ...readShares(read), marketFeeBps };
}

/** `GAME_SHARES=developer:stakers:treasury`, in basis points */
function readShares(read: EnvironmentReader): Partial<GameParameters> {
  const key = "GAME_SHARES";
  const value = read.optional(key);
  if (value === undefined) return {};
  const [developerBps, stakersBps, treasuryBps, rest] = value.split(":").map((part) => parseInteger(key, part.trim()));
  if (developerBps === undefined || stakersBps === undefined || treasuryBps === undefined || rest !== undefined) {
    throw new DeploymentError(`"${value}" is not of the form developer:stakers:treasury, in basis points`, { key });
  }
  return { developerBps, stakersBps, treasuryBps };
}

/** Refuses shares that are not whole, a fee above the market's bound, and sample games on a live network. */
export function validateGames(games: GameParameters, live: boolean): void {
  const whole = games.developerBps + games.stakersBps + games.treasuryBps;
  if (whole !== 10_000n) {
    throw new DeploymentError(`sum to ${whole} basis points: make them 10000`, { key: "GAME_SHARES" });
  }
  if (games.marketFeeBps > MAX_MARKET_FEE_BPS) {
    throw new DeploymentError(`is ${games.marketFeeBps}: at most ${MAX_MARKET_FEE_BPS}, a tenth of a sale`, {
      key: "MARKET_FEE_BPS",
    });
  }
  if (live && games.samples.length > 0) {
    throw new DeploymentError("a live network has no sample games", { key: "games.samples" });
  }
}
