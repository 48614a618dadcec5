import { DeploymentError } from "../deploymentError";
import type { EnvironmentReader } from "../environment";
import { readAccount, readAddresses, type AccountRules } from "./accounts";
import { DAY, HOUR, MINUTE } from "./time";

/** The BNB nodes, whose core nodes are the validators' deposits. */
export interface NodeParameters {
  /** Places of cellular nodes. */
  readonly cellularCap: bigint;
  /** Places of core nodes, the genesis operators' included. */
  readonly coreCap: bigint;
  /** Seconds after which an ended node that nobody renews may lose its place. */
  readonly idleSeconds: bigint;
}

/** The validators and their deposits, on the home chain. */
export interface RegistryParameters {
  readonly nodes: NodeParameters;
  /** Receives what is slashed. */
  readonly treasury: string;
  /** Seconds after which an unchanged set may be published again. */
  readonly renewAfter: bigint;
  /** Who registers without a vote, and whose keys are epoch 1. */
  readonly genesisOperators: readonly string[];
  /** Seconds for which a proposal of admission is open. */
  readonly votingSeconds: bigint;
  /** Share of the members that an admission must exceed, in parts of 10,000. */
  readonly admissionBps: bigint;
  /** Of a reward epoch. */
  readonly liveness: {
    /** Samples, at most. */
    readonly slots: bigint;
    /** Seconds after it in which missing signatures may still be added. */
    readonly grace: bigint;
  };
}

/** The validators' bonds in COS, on the home chain. */
export interface DelegationParameters {
  /** Receives what is slashed. */
  readonly treasury: string;
  /** Receives what no validator and no delegator gets of the rewards. */
  readonly community: string;
  /** Seconds of a reward epoch. */
  readonly epochSeconds: bigint;
}

type RegistryValues = Omit<RegistryParameters, "treasury" | "genesisOperators">;

export const LOCAL_REGISTRY: RegistryValues = {
  // Few cellular places, so that one can fill them and see core nodes open to all.
  nodes: { cellularCap: 4n, coreCap: 40n, idleSeconds: 30n * DAY },
  // Long enough not to be in the way, short enough to be seen.
  renewAfter: 5n * MINUTE,
  votingSeconds: 10n * MINUTE,
  admissionBps: 5_000n,
  // A sample every ten seconds.
  liveness: { slots: 6n, grace: 10n },
};

export const LIVE_REGISTRY: RegistryValues = {
  // 10,000 and 100,000 BNB in all. Whoever left an ended node alone for a month does not need its place.
  nodes: { cellularCap: 10_000n, coreCap: 1_000n, idleSeconds: 30n * DAY },
  // Twice within the 7 days that a set is valid.
  renewAfter: 3n * DAY,
  // Every member has a week to look at a candidate.
  votingSeconds: 7n * DAY,
  // The white paper's half.
  admissionBps: 5_000n,
  // A sample an hour; an operator that was away has an hour after the day to show that it signed.
  liveness: { slots: 24n, grace: HOUR },
};

/** A reward a minute: one is seen before one is tired of waiting. */
export const LOCAL_REWARD_EPOCH = MINUTE;
/** Daily: a settlement for all validators costs about a million gas. */
export const LIVE_REWARD_EPOCH = DAY;

const [MIN_ADMISSION_BPS, MAX_ADMISSION_BPS] = [5_000n, 9_999n];

export function readRegistry(read: EnvironmentReader, multisig: string): RegistryParameters {
  const { nodes, admissionBps } = LIVE_REGISTRY;
  return {
    ...LIVE_REGISTRY,
    nodes: {
      ...nodes,
      cellularCap: read.integer("CELLULAR_CAP", nodes.cellularCap),
      coreCap: read.integer("CORE_CAP", nodes.coreCap),
    },
    treasury: readAccount(read, "TREASURY", multisig),
    admissionBps: read.integer("ADMISSION_BPS", admissionBps),
    genesisOperators: readAddresses(read, "GENESIS_OPERATORS", "the operators that need no vote"),
  };
}

export function readDelegation(read: EnvironmentReader, multisig: string): DelegationParameters {
  return {
    treasury: readAccount(read, "TREASURY", multisig),
    community: readAccount(read, "COMMUNITY", multisig),
    epochSeconds: LIVE_REWARD_EPOCH,
  };
}

/** Refuses a first set that could not exist, or that a few decide. */
export function validateRegistry(registry: RegistryParameters, minSigners: bigint, accounts: AccountRules): void {
  const refuse = (key: string, message: string): never => {
    throw new DeploymentError(message, { key });
  };
  const { nodes, admissionBps, genesisOperators } = registry;
  const count = BigInt(genesisOperators.length);
  if (count < minSigners) {
    refuse("GENESIS_OPERATORS", `names ${count} accounts, MIN_SIGNERS asks for ${minSigners}: name more operators`);
  }
  if (new Set(genesisOperators).size !== genesisOperators.length) {
    refuse("GENESIS_OPERATORS", "names an account twice");
  }
  for (const operator of genesisOperators) accounts.requireSecret("GENESIS_OPERATORS", operator);
  if (nodes.cellularCap === 0n) refuse("CELLULAR_CAP", "is 0: core nodes open once all cellular places were taken");
  if (nodes.coreCap < count) refuse("CORE_CAP", `is ${nodes.coreCap}: each of ${count} genesis operators has a place`);
  if (admissionBps < MIN_ADMISSION_BPS || admissionBps > MAX_ADMISSION_BPS) {
    refuse("ADMISSION_BPS", `is ${admissionBps}: ${MIN_ADMISSION_BPS} (half) to ${MAX_ADMISSION_BPS} (all)`);
  }
}

export function validateDelegation({ treasury, community }: DelegationParameters, accounts: AccountRules): void {
  accounts.require("TREASURY", treasury);
  accounts.require("COMMUNITY", community);
}
