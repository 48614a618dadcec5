import { HDNodeWallet, Mnemonic, ZeroAddress, id, parseEther } from "ethers";
import type { Rotation } from "../protocol/header";
import { sortSigners } from "../protocol/quorum";
import type { ContractName } from "./contracts";
import { DeploymentError } from "./deploymentError";
import { LOCAL_GAMES, readGames, validateGames, type GameParameters } from "./gameParameters";
import { EnvironmentReader, parseAddress, parseInteger, type Environment } from "./environment";

export interface LaneLimits {
  /** A header may exist for every so many blocks. */
  readonly cadence: bigint;
  /** Largest gas limit of a message. */
  readonly maxGas: bigint;
  /** Longest payload. */
  readonly maxBytes: bigint;
}

/** What a message costs its sender, in mwei (10^6 wei): base + perGas × gas limit + perByte × payload bytes. */
export interface LaneFees {
  readonly base: bigint;
  readonly perGas: bigint;
  readonly perByte: bigint;
}

export interface LaneParameters {
  readonly chainId: bigint;
  readonly gateway: string;
  readonly limits: LaneLimits;
  /** Default: none. */
  readonly fees?: LaneFees;
}

/** Seconds between scheduling and executing, by what is decided. */
export interface Delays {
  readonly admin: bigint;
  readonly lanes: bigint;
  readonly timelock: bigint;
}

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

/** The validators' bonds in COS, on the home chain. */
export interface DelegationParameters {
  /** Receives what is slashed. */
  readonly treasury: string;
  /** Receives what no validator and no delegator gets of the rewards. */
  readonly community: string;
  /** Seconds of a reward epoch. */
  readonly epochSeconds: bigint;
}

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

/** All that a deployment on one chain depends on, beside the compiled contracts and the deployer. */
export interface DeploymentParameters {
  readonly network: string;
  readonly chainId: bigint;
  /** False on this machine only: a live network refuses well-known keys and weak sets. */
  readonly live: boolean;
  /** Changes all addresses: a second, independent deployment by the same deployer needs another one. */
  readonly salt: string;
  /** Smallest signer set that the gateway ever accepts. */
  readonly minSigners: bigint;
  /** Least seconds between two signed rotations. */
  readonly rotationDelay: bigint;
  /** Seconds for which the set before stays valid. */
  readonly overlap: bigint;
  /** On the home chain only, where the validators and their deposits are. */
  readonly registry: RegistryParameters | undefined;
  /** On the home chain only. */
  readonly token: TokenParameters | undefined;
  /** On the home chain only, where COS is. */
  readonly pledges: PledgeParameters | undefined;
  /** On the home chain only, where COS is. */
  readonly delegation: DelegationParameters | undefined;
  /** On the home chain only, where the stakers are. */
  readonly revenue: RevenueParameters | undefined;
  /** On the home chain only, where their revenue is divided. */
  readonly games: GameParameters | undefined;
  /** First signer set; epoch 0 on the home chain, where the registry installs it. */
  readonly genesis: Rotation;
  readonly multisig: string;
  readonly guardian: string;
  readonly delays: Delays;
  /** Lanes to open before the hand-over; later ones need the multisig. */
  readonly lanes: readonly LaneParameters[];
  /** Blocks that a transaction must be deep before the next one is sent. */
  readonly confirmations: number;
  /** Milliseconds between two looks for a receipt. */
  readonly pollMs: number;
}

const MINUTE = 60n;
const HOUR = 3_600n;
const DAY = 86_400n;

export const NO_GENESIS: Rotation = { epoch: 0n, validUntil: 0n, signers: [] };

/** A header at most every 4 blocks (1.8 s on BSC); 5 M gas and 48 kB leave a delivery room in any transaction. */
export const LANE_LIMITS: LaneLimits = { cadence: 4n, maxGas: 5_000_000n, maxBytes: 48_000n };

/** On a local chain nobody has to be paid. */
export const NO_FEES: LaneFees = { base: 0n, perGas: 0n, perByte: 0n };

/**
 * What a delivery costs at 0.1 gwei, twice BSC's least gas price: 100,000 gas for the delivery and its result, the
 * recipient's gas, 64 gas a byte. For a target whose gas costs more, name other prices.
 */
export const LANE_FEES: LaneFees = { base: 10_000_000n, perGas: 100n, perByte: 6_400n };

/** Every block counts: nobody waits on a local chain. */
export const LOCAL_LANE_LIMITS: LaneLimits = { cadence: 1n, maxGas: 5_000_000n, maxBytes: 48_000n };

const LOCAL = {
  salt: id("gamenet"),
  // Four tolerate one faulty signer: a quorum is three.
  minSigners: 4n,
  // Short enough to watch, long enough that two rotations never overlap.
  rotationDelay: 20n,
  overlap: 10n,
  // Real delays, so that whatever needs the multisig is exercised with them.
  delays: { admin: MINUTE, lanes: MINUTE, timelock: MINUTE },
  validators: {
    // Few cellular places, so that one can fill them and see core nodes open to all.
    nodes: { cellularCap: 4n, coreCap: 40n, idleSeconds: 30n * DAY },
    // Long enough not to be in the way, short enough to be seen.
    renewAfter: 5n * MINUTE,
    votingSeconds: 10n * MINUTE,
    admissionBps: 5_000n,
    // A sample every ten seconds.
    liveness: { slots: 6n, grace: 10n },
  },
  // In the past of any clock, so that the cliffs are over and something is to be released.
  start: 1_700_000_000n,
  // The live minimum and terms, and one of an hour beside them; a cooldown short enough to be waited for.
  pledges: {
    minimum: parseEther("100"),
    cooldownSeconds: 10n * MINUTE,
    termSeconds: [0n, HOUR, 90n * DAY, 180n * DAY, 365n * DAY, 730n * DAY],
  },
  // As on a live network.
  nodeShareBps: 6_000n,
  // A reward a minute: one is seen before one is tired of waiting.
  rewardEpoch: MINUTE,
  confirmations: 1,
  pollMs: 20,
} as const;

const LIVE = {
  salt: id("gamenet"),
  minSigners: 4n,
  // A stolen quorum must not run through sets faster than people can react.
  rotationDelay: 6n * HOUR,
  // Headers that were signed just before a rotation still arrive.
  overlap: HOUR,
  // Whoever disagrees with a change of roles has two days to leave, with a new lane one.
  delays: { admin: 2n * DAY, lanes: DAY, timelock: 2n * DAY },
  validators: {
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
  },
  // Seconds. Contributors stay for a year to receive anything and for four to receive all; advisors and investors have
  // half of that. The environment may say otherwise.
  vesting: {
    contributors: { cliff: 365n * DAY, duration: 1_460n * DAY },
    advisors: { cliff: 180n * DAY, duration: 730n * DAY },
    investors: { cliff: 180n * DAY, duration: 730n * DAY },
  },
  // Half of the ecosystem's COS, for the validators; the other half funds the stakers.
  releaseBudget: parseEther("250000000"),
  // What costs an expiry gas has to be worth it; a week, like the validators' fortnight, lets no one flee in a day; the
  // white paper's terms.
  pledges: {
    minimum: parseEther("100"),
    cooldownSeconds: 7n * DAY,
    termSeconds: [0n, 90n * DAY, 180n * DAY, 365n * DAY, 730n * DAY],
  },
  // Nodes lock BNB for two years, pledges COS for as long as they like. The environment may say otherwise.
  nodeShareBps: 6_000n,
  // Daily: a settlement for all validators costs about a million gas.
  rewardEpoch: DAY,
  // Beyond BSC's fast finality.
  confirmations: 5,
  pollMs: 500,
} as const;

/** Chain ids that the gateway, too, takes for local: no real value can be there. */
const LOCAL_CHAIN_IDS: readonly bigint[] = [31_337n, 31_338n];
const DEV_MNEMONIC = "test test test test test test test test test test test junk";
const DEV_ACCOUNTS = 20;
const MIN_LIVE_SIGNERS = 4n;
const [MIN_ADMISSION_BPS, MAX_ADMISSION_BPS] = [5_000n, 9_999n];
export const VESTING_GROUPS: readonly VestingGroup[] = ["contributors", "advisors", "investors"];
/** 2020 to 2100: anything else is milliseconds, or a slip. */
const [MIN_START, MAX_START] = [1_577_836_800n, 4_102_444_800n];

export function isLocalChain(chainId: bigint): boolean {
  return LOCAL_CHAIN_IDS.includes(chainId);
}

export interface LocalChoice {
  readonly chainId: bigint;
  readonly multisig: string;
  readonly guardian: string;
  readonly network?: string;
  /** The home chain's operators, or a business chain's first signer set. */
  readonly genesis: { readonly operators: readonly string[] } | Rotation;
  readonly lanes?: readonly LaneParameters[];
  readonly salt?: string;
  /** Unix seconds from which vesting counts. */
  readonly start?: bigint;
}

/** Values for a chain on this machine. */
export function localParameters(choice: LocalChoice): DeploymentParameters {
  const { validators, rewardEpoch, pledges, nodeShareBps, start: past, ...values } = LOCAL;
  const { genesis, multisig } = choice;
  const home = "operators" in genesis;
  const start = choice.start ?? past;
  const vests = (group: VestingGroup): VestingParameters => ({
    beneficiary: multisig,
    start,
    ...LIVE.vesting[group],
  });
  return {
    ...values,
    network: choice.network ?? `local-${choice.chainId}`,
    chainId: choice.chainId,
    live: false,
    salt: choice.salt ?? LOCAL.salt,
    registry: home ? { ...validators, treasury: multisig, genesisOperators: genesis.operators } : undefined,
    token: home ? { vesting: forEachGroup(vests), release: { budget: LIVE.releaseBudget, start } } : undefined,
    pledges: home ? pledges : undefined,
    delegation: home ? { treasury: multisig, community: multisig, epochSeconds: rewardEpoch } : undefined,
    revenue: home ? { treasury: multisig, nodeShareBps, tokens: [] } : undefined,
    games: home ? LOCAL_GAMES : undefined,
    genesis: home ? NO_GENESIS : genesis,
    multisig,
    guardian: choice.guardian,
    lanes: choice.lanes ?? [],
  };
}

/** Values for a public chain: what differs between deployments comes from the environment. */
export function liveParameters(network: string, chainId: bigint, environment: Environment): DeploymentParameters {
  const { validators, rewardEpoch, pledges, nodeShareBps, vesting, releaseBudget, ...values } = LIVE;
  const read = new EnvironmentReader(environment);
  const home = read.flag("HOME_CHAIN", network !== "custom");
  const salt = read.optional("DEPLOYMENT_SALT");
  const multisig = read.address("MULTISIG", "the multisig that holds the roles after the deployment");
  const orMultisig = (key: string): string =>
    read.optional(key) === undefined ? multisig : read.address(key, "an account");
  return {
    ...values,
    network,
    chainId,
    live: true,
    salt: salt === undefined ? LIVE.salt : id(salt),
    minSigners: read.integer("MIN_SIGNERS", LIVE.minSigners),
    registry: home
      ? {
          ...validators,
          nodes: {
            ...validators.nodes,
            cellularCap: read.integer("CELLULAR_CAP", validators.nodes.cellularCap),
            coreCap: read.integer("CORE_CAP", validators.nodes.coreCap),
          },
          treasury: orMultisig("TREASURY"),
          admissionBps: read.integer("ADMISSION_BPS", validators.admissionBps),
          genesisOperators: readAddresses(read, "GENESIS_OPERATORS", "the operators that need no vote"),
        }
      : undefined,
    token: home
      ? {
          vesting: forEachGroup((group) => readVesting(read, group, vesting[group])),
          release: {
            budget: read.integer("RELEASE_BUDGET", releaseBudget / COS) * COS,
            start: read.integer("RELEASE_START", read.integer("COS_START")),
          },
        }
      : undefined,
    pledges: home ? pledges : undefined,
    delegation: home
      ? { treasury: orMultisig("TREASURY"), community: orMultisig("COMMUNITY"), epochSeconds: rewardEpoch }
      : undefined,
    revenue: home
      ? {
          treasury: orMultisig("TREASURY"),
          nodeShareBps: read.integer("NODE_SHARE_BPS", nodeShareBps),
          tokens: read.optional("REVENUE_TOKENS") === undefined ? [] : readAddresses(read, "REVENUE_TOKENS", "tokens"),
        }
      : undefined,
    games: home ? readGames(read) : undefined,
    genesis: home ? NO_GENESIS : readGenesis(read),
    multisig,
    guardian: read.address("GUARDIAN", "the account that may pause lanes at once"),
    lanes: readLanes(read, LANE_LIMITS, LANE_FEES),
  };
}

/** Accounts of a local node that play the parts which nobody named. */
export interface LocalAccounts {
  readonly multisig: string;
  readonly guardian: string;
  readonly operators: readonly string[];
}

/** The parameters of a Hardhat network: local values for local chains, all else from the environment. */
export function parametersOf(
  network: string,
  chainId: bigint,
  environment: Environment,
  accounts: LocalAccounts,
): DeploymentParameters {
  if (!isLocalChain(chainId)) return liveParameters(network, chainId, environment);
  const read = new EnvironmentReader(environment);
  const home = read.flag("HOME_CHAIN", read.optional("GENESIS_EPOCH") === undefined);
  const named = (key: string, fallback: string): string =>
    read.optional(key) === undefined ? fallback : read.address(key, "an account");
  return localParameters({
    network,
    chainId,
    multisig: named("MULTISIG", accounts.multisig),
    guardian: named("GUARDIAN", accounts.guardian),
    genesis: home ? { operators: accounts.operators } : readGenesis(read),
    lanes: readLanes(read, LOCAL_LANE_LIMITS, NO_FEES),
  });
}

/** Refuses what would make a deployment worthless or, on a live network, anybody's. */
export function validateParameters(parameters: DeploymentParameters, deployer: string): void {
  const refuse = (key: string, message: string): never => {
    throw new DeploymentError(message, { key });
  };
  const { live, multisig, guardian, minSigners, genesis, registry, token, delegation, revenue, games } = parameters;
  for (const [key, account] of [
    ["MULTISIG", multisig],
    ["GUARDIAN", guardian],
  ] as const) {
    if (account === ZeroAddress) refuse(key, "is the zero address: name a real account");
    if (account === deployer)
      refuse(key, `is the deployer ${deployer}, which is to hold nothing: name another account`);
  }
  if (registry === undefined) {
    if (genesis.epoch === 0n) refuse("GENESIS_EPOCH", "is 0: a business chain starts with an epoch of the home chain");
    const size = BigInt(genesis.signers.length);
    if (size < minSigners) {
      refuse("GENESIS_SIGNERS", `names ${size} signers, MIN_SIGNERS asks for ${minSigners}: take the home chain's set`);
    }
  } else {
    if (genesis.epoch !== 0n) {
      refuse("GENESIS_EPOCH", "is set on the home chain, whose registry makes epoch 1: remove it");
    }
    const count = BigInt(registry.genesisOperators.length);
    if (count < minSigners) {
      refuse("GENESIS_OPERATORS", `names ${count} accounts, MIN_SIGNERS asks for ${minSigners}: name more operators`);
    }
    if (new Set(registry.genesisOperators).size !== registry.genesisOperators.length) {
      refuse("GENESIS_OPERATORS", "names an account twice");
    }
    const { nodes, admissionBps } = registry;
    if (nodes.cellularCap === 0n) refuse("CELLULAR_CAP", "is 0: core nodes open once all cellular places were taken");
    if (nodes.coreCap < count)
      refuse("CORE_CAP", `is ${nodes.coreCap}: each of ${count} genesis operators has a place`);
    if (admissionBps < MIN_ADMISSION_BPS || admissionBps > MAX_ADMISSION_BPS) {
      refuse("ADMISSION_BPS", `is ${admissionBps}: ${MIN_ADMISSION_BPS} (half) to ${MAX_ADMISSION_BPS} (all)`);
    }
  }
  if ((token === undefined) !== (registry === undefined)) refuse("HOME_CHAIN", "has COS and the registry, or neither");
  if ((delegation === undefined) !== (registry === undefined)) refuse("HOME_CHAIN", "has bonds and COS, or neither");
  for (const [key, account] of [
    ["TREASURY", delegation?.treasury],
    ["COMMUNITY", delegation?.community],
  ] as const) {
    if (account === ZeroAddress) refuse(key, "is the zero address: name a real account");
    if (account === deployer) refuse(key, `is the deployer ${deployer}, which is to hold nothing`);
  }
  for (const [group, { beneficiary, start, cliff, duration }] of Object.entries(token?.vesting ?? {})) {
    const key = group.toUpperCase();
    if (beneficiary === ZeroAddress) refuse(key, "is the zero address: name a real account");
    if (beneficiary === deployer) refuse(key, `is the deployer ${deployer}, which is to hold nothing`);
    if (start < MIN_START || start > MAX_START) refuse("COS_START", `is ${start}: give Unix seconds`);
    if (duration === 0n || cliff > duration) {
      refuse(`${key}_VESTING`, `has a cliff of ${cliff} s within ${duration} s: the cliff ends first`);
    }
  }
  if (token !== undefined) {
    const { budget, start } = token.release;
    const most = (COS_SUPPLY * 5_000n) / 10_000n;
    if (budget > most) refuse("RELEASE_BUDGET", `is ${budget} wei: the ecosystem's vault has ${most}`);
    if (start < MIN_START || start > MAX_START) refuse("RELEASE_START", `is ${start}: give Unix seconds`);
  }
  if ((revenue === undefined) !== (token === undefined))
    refuse("HOME_CHAIN", "divides revenue and has COS, or neither");
  if ((games === undefined) !== (revenue === undefined))
    refuse("HOME_CHAIN", "has games and divides revenue, or neither");
  if (games !== undefined) validateGames(games, live);
  if (revenue !== undefined && revenue.nodeShareBps > 10_000n) {
    refuse("NODE_SHARE_BPS", `is ${revenue.nodeShareBps}: the nodes get at most 10000, which is all`);
  }
  for (const lane of parameters.lanes) {
    if (lane.chainId === parameters.chainId) refuse("LANES", `leads from chain ${lane.chainId} to itself`);
  }
  if (!live) return;

  if (minSigners < MIN_LIVE_SIGNERS) {
    refuse("MIN_SIGNERS", `is ${minSigners}: fewer than ${MIN_LIVE_SIGNERS} signers tolerate no fault`);
  }
  const known = devAccounts();
  if (known.has(deployer)) refuse("DEPLOYER_KEY", "is a key that everybody knows: create one of your own");
  if (known.has(multisig)) refuse("MULTISIG", "is an account whose key everybody knows");
  if (known.has(guardian)) refuse("GUARDIAN", "is an account whose key everybody knows");
  for (const operator of registry?.genesisOperators ?? []) {
    if (known.has(operator)) refuse("GENESIS_OPERATORS", `contains ${operator}, whose key everybody knows`);
  }
  if (delegation !== undefined && known.has(delegation.treasury))
    refuse("TREASURY", "is an account whose key everybody knows");
  if (delegation !== undefined && known.has(delegation.community))
    refuse("COMMUNITY", "is an account whose key everybody knows");
  for (const [group, { beneficiary }] of Object.entries(token?.vesting ?? {})) {
    if (known.has(beneficiary)) refuse(group.toUpperCase(), `is ${beneficiary}, whose key everybody knows`);
  }
  for (const signer of genesis.signers) {
    if (known.has(signer)) refuse("GENESIS_SIGNERS", `contains ${signer}, whose key everybody knows`);
  }
}

/** What a live deployment may well be meant to do, and whoever starts it should know. */
export function cautionsOf({ live, registry, minSigners }: DeploymentParameters): readonly string[] {
  const count = registry?.genesisOperators.length ?? 0;
  if (!live || registry === undefined || BigInt(count) > minSigners) return [];
  return [
    `GENESIS_OPERATORS names ${count} accounts, as many as the smallest set has: while one of them has left, or is jailed ` +
      "or slashed, no further epoch can be published, and 7 days after the last one all lanes stand still. Nobody else can " +
      "take its place before all cellular places were taken. Name spare accounts: they may register at any time.",
  ];
}

function readGenesis(read: EnvironmentReader): Rotation {
  return {
    epoch: read.integer("GENESIS_EPOCH"),
    validUntil: read.integer("GENESIS_VALID_UNTIL"),
    signers: sortSigners(readAddresses(read, "GENESIS_SIGNERS", "the signers of the home chain's current epoch")),
  };
}

/** `CONTRIBUTORS=0xAccount`, `CONTRIBUTORS_VESTING=365:1460` (days of the cliff and of the whole) */
function readVesting(
  read: EnvironmentReader,
  group: VestingGroup,
  usual: { readonly cliff: bigint; readonly duration: bigint },
): VestingParameters {
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

function readAddresses(read: EnvironmentReader, key: string, purpose: string): readonly string[] {
  const list = read.required(key, `${purpose}, separated by commas`);
  return list.split(",").map((entry) => parseAddress(key, entry.trim()));
}

/** `LANES=56:0xGateway,97:0xGateway` */
function readLanes(read: EnvironmentReader, limits: LaneLimits, defaults: LaneFees): readonly LaneParameters[] {
  const fees = readFees(read, defaults);
  const list = read.optional("LANES");
  if (list === undefined) return [];
  return list.split(",").map((entry) => {
    const [chainId, gateway, rest] = entry.trim().split(":");
    if (chainId === undefined || gateway === undefined || rest !== undefined) {
      throw new DeploymentError(`"${entry}" is not of the form chainId:gateway`, { key: "LANES" });
    }
    return { chainId: parseInteger("LANES", chainId), gateway: parseAddress("LANES", gateway), limits, fees };
  });
}

/** `LANE_FEES=base:perGas:perByte`, in mwei */
function readFees(read: EnvironmentReader, defaults: LaneFees): LaneFees {
  const value = read.optional("LANE_FEES");
  if (value === undefined) return defaults;
  const [base, perGas, perByte, rest] = value.split(":").map((entry) => parseInteger("LANE_FEES", entry.trim()));
  if (base === undefined || perGas === undefined || perByte === undefined || rest !== undefined) {
    throw new DeploymentError(`"${value}" is not of the form base:perGas:perByte, in mwei`, { key: "LANE_FEES" });
  }
  for (const [amount, bits] of [
    [base, 48n],
    [perGas, 32n],
    [perByte, 32n],
  ] as const) {
    if (amount >> bits !== 0n) throw new DeploymentError(`${amount} mwei exceeds ${bits} bits`, { key: "LANE_FEES" });
  }
  return { base, perGas, perByte };
}

function devAccounts(): ReadonlySet<string> {
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(DEV_MNEMONIC), "m/44'/60'/0'/0");
  return new Set(Array.from({ length: DEV_ACCOUNTS }, (_, index) => root.deriveChild(index).address));
}
