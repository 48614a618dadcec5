import { parseEther } from "ethers";
import type { ContractName } from "../contracts";
import { DeploymentError } from "../deploymentError";
import { parseInteger, type EnvironmentReader } from "../environment";
import type { AccountRules } from "./accounts";
import { DAY, isStart } from "./time";

/** What vests little by little, and for whom. */
export interface VestingParameters {
  /** Receives it; for good. */
  readonly beneficiary: string;
  /** Unix seconds from which time counts. */
  readonly start: bigint;
  /** Seconds from the start before which nothing is released. */
  readonly cliff: bigint;
  /** Seconds from the start after which everything is. */
  readonly duration: bigint;
}

export type VestingGroup = "contributors" | "advisors" | "investors";

/** What the ecosystem's vault gives to the validators and their delegators over seven phases. */
export interface ReleaseParameters {
  /** Most that all phases give, in wei. */
  readonly budget: bigint;
  /** Unix seconds from which the first phase counts. */
  readonly start: bigint;
}

/** COS, on the home chain. */
export interface TokenParameters {
  readonly release: ReleaseParameters;
  readonly vesting: Readonly<Record<VestingGroup, VestingParameters>>;
}

/** One COS, in wei. */
export const COS = parseEther("1");

/** All of COS, in wei. */
export const COS_SUPPLY = parseEther("1000000000");

/** Who COS is minted to: the white paper's table, in the order of the token's constructor. */
export const COS_SHARES: readonly { readonly holder: ContractName; readonly bps: bigint }[] = [
  { holder: "EcosystemVault", bps: 5_000n },
  { holder: "ContributorsVesting", bps: 1_500n },
  { holder: "AdvisorsVesting", bps: 500n },
  { holder: "InvestorsVesting", bps: 1_000n },
  { holder: "AirdropVault", bps: 2_000n },
];

export const VESTING_GROUPS: readonly VestingGroup[] = ["contributors", "advisors", "investors"];

type Schedule = Pick<VestingParameters, "cliff" | "duration">;

/**
 * Seconds. Contributors stay for a year to receive anything and for four to receive all; advisors and investors have half
 * of that. The environment may say otherwise.
 */
const VESTING: Readonly<Record<VestingGroup, Schedule>> = {
  contributors: { cliff: 365n * DAY, duration: 1_460n * DAY },
  advisors: { cliff: 180n * DAY, duration: 730n * DAY },
  investors: { cliff: 180n * DAY, duration: 730n * DAY },
};

/** Half of the ecosystem's COS, for the validators; the other half funds the stakers. */
const RELEASE_BUDGET = parseEther("250000000");

/** In the past of any clock, so that the cliffs are over and something is to be released. */
export const LOCAL_START = 1_700_000_000n;

/** As on a live network, for one beneficiary. */
export function localToken(beneficiary: string, start: bigint): TokenParameters {
  return {
    vesting: forEachGroup((group) => ({ beneficiary, start, ...VESTING[group] })),
    release: { budget: RELEASE_BUDGET, start },
  };
}

export function readToken(read: EnvironmentReader): TokenParameters {
  return {
    vesting: forEachGroup((group) => readVesting(read, group, VESTING[group])),
    release: {
      budget: read.integer("RELEASE_BUDGET", RELEASE_BUDGET / COS) * COS,
      start: read.integer("RELEASE_START", read.integer("COS_START")),
    },
  };
}

/** Refuses schedules that could not be meant, and a budget that is not there. */
export function validateToken({ vesting, release }: TokenParameters, accounts: AccountRules): void {
  const refuse = (key: string, message: string): never => {
    throw new DeploymentError(message, { key });
  };
  for (const group of VESTING_GROUPS) {
    const { beneficiary, start, cliff, duration } = vesting[group];
    const key = group.toUpperCase();
    accounts.require(key, beneficiary);
    if (!isStart(start)) refuse("COS_START", `is ${start}: give Unix seconds`);
    if (duration === 0n || cliff > duration) {
      refuse(`${key}_VESTING`, `has a cliff of ${cliff} s within ${duration} s: the cliff ends first`);
    }
  }
  const { budget, start } = release;
  const most = (COS_SUPPLY * 5_000n) / 10_000n;
  if (budget > most) refuse("RELEASE_BUDGET", `is ${budget} wei: the ecosystem's vault has ${most}`);
  if (!isStart(start)) refuse("RELEASE_START", `is ${start}: give Unix seconds`);
}

/** `CONTRIBUTORS=0xAccount`, `CONTRIBUTORS_VESTING=365:1460` (days of the cliff and of the whole) */
function readVesting(read: EnvironmentReader, group: VestingGroup, usual: Schedule): VestingParameters {
  const key = group.toUpperCase();
  const beneficiary = read.address(key, `the account that receives what vests for the ${group}`);
  const start = read.integer("COS_START");
  const schedule = read.optional(`${key}_VESTING`);
  if (schedule === undefined) return { beneficiary, start, ...usual };
  const [cliff, duration, rest] = schedule.split(":");
  if (cliff === undefined || duration === undefined || rest !== undefined) {
    throw new DeploymentError(`"${schedule}" is not of the form cliffDays:durationDays`, { key: `${key}_VESTING` });
  }
  const days = (text: string): bigint => parseInteger(`${key}_VESTING`, text) * DAY;
  return { beneficiary, start, cliff: days(cliff), duration: days(duration) };
}

function forEachGroup<Value>(of: (group: VestingGroup) => Value): Readonly<Record<VestingGroup, Value>> {
  return { contributors: of("contributors"), advisors: of("advisors"), investors: of("investors") };
}
