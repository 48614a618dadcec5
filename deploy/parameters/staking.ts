import { parseEther } from "ethers";
import { DeploymentError } from "../deploymentError";
import type { EnvironmentReader } from "../environment";
import { readAccount, readAddresses } from "./accounts";
import { DAY, HOUR, MINUTE } from "./time";

/** COS pledge mining, on the home chain. */
export interface PledgeParameters {
  /** Least wei of COS of a pledge. */
  readonly minimum: bigint;
  /** Seconds between leaving an open-ended pledge and its withdrawal. */
  readonly cooldownSeconds: bigint;
  /** The terms, ascending; 0 is the open-ended one. */
  readonly termSeconds: readonly bigint[];
}

/** How revenue is divided, on the home chain. BNB and COS may be credited from the beginning. */
export interface RevenueParameters {
  /** Receives the treasury's parts. */
  readonly treasury: string;
  /** Basis points of the stakers' part that the nodes get; the pledges get the rest. */
  readonly nodeShareBps: bigint;
  /** Further tokens that may be credited from the beginning. */
  readonly tokens: readonly string[];
}

/** The live minimum and terms, and one of an hour beside them; a cooldown short enough to be waited for. */
export const LOCAL_PLEDGES: PledgeParameters = {
  minimum: parseEther("100"),
  cooldownSeconds: 10n * MINUTE,
  termSeconds: [0n, HOUR, 90n * DAY, 180n * DAY, 365n * DAY, 730n * DAY],
};

/**
 * What costs an expiry gas has to be worth it; a week, like the validators' fortnight, lets no one flee in a day; the white
 * paper's terms.
 */
export const LIVE_PLEDGES: PledgeParameters = {
  minimum: parseEther("100"),
  cooldownSeconds: 7n * DAY,
  termSeconds: [0n, 90n * DAY, 180n * DAY, 365n * DAY, 730n * DAY],
};

/** Nodes lock BNB for two years, pledges COS for as long as they like. The environment may say otherwise. */
const NODE_SHARE_BPS = 6_000n;

/** As on a live network. */
export function localRevenue(treasury: string): RevenueParameters {
  return { treasury, nodeShareBps: NODE_SHARE_BPS, tokens: [] };
}

export function readRevenue(read: EnvironmentReader, multisig: string): RevenueParameters {
  return {
    treasury: readAccount(read, "TREASURY", multisig),
    nodeShareBps: read.integer("NODE_SHARE_BPS", NODE_SHARE_BPS),
    tokens: read.optional("REVENUE_TOKENS") === undefined ? [] : readAddresses(read, "REVENUE_TOKENS", "tokens"),
  };
}

export function validateRevenue({ nodeShareBps }: RevenueParameters): void {
  if (nodeShareBps <= 10_000n) return;
  throw new DeploymentError(`is ${nodeShareBps}: the nodes get at most 10000, which is all`, { key: "NODE_SHARE_BPS" });
}
