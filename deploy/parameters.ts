import { id } from "ethers";
import type { Rotation } from "../protocol/header";
import { sortSigners } from "../protocol/quorum";
import { DeploymentError } from "./deploymentError";
import { EnvironmentReader, type Environment } from "./environment";
import { AccountRules, readAccount, readAddresses } from "./parameters/accounts";
import { LOCAL_GAMES, readGames, validateGames, type GameParameters } from "./parameters/games";
import { LANE_FEES, LANE_LIMITS, LOCAL_LANE_LIMITS, NO_FEES, readLanes, type LaneParameters } from "./parameters/lanes";
import { localRollup, readRollup, validateRollup, type RollupParameters } from "./parameters/rollup";
import {
  LIVE_PLEDGES,
  LOCAL_PLEDGES,
  localRevenue,
  readRevenue,
  validateRevenue,
  type PledgeParameters,
  type RevenueParameters,
} from "./parameters/staking";
import { DAY, HOUR, MINUTE } from "./parameters/time";
import { LOCAL_START, localToken, readToken, validateToken, type TokenParameters } from "./parameters/token";
import {
  LOCAL_REGISTRY,
  LOCAL_REWARD_EPOCH,
  readDelegation,
  readRegistry,
  validateDelegation,
  validateRegistry,
  type DelegationParameters,
  type RegistryParameters,
} from "./parameters/validators";

/** Seconds between scheduling and executing, by what is decided. */
export interface Delays {
  readonly admin: bigint;
  readonly lanes: bigint;
  readonly timelock: bigint;
}

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
  /** On the home chain only, where COS and the games are. */
  readonly rollup: RollupParameters | undefined;
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

export const NO_GENESIS: Rotation = { epoch: 0n, validUntil: 0n, signers: [] };

const LOCAL = {
  salt: id("gamenet"),
  // Four tolerate one faulty signer: a quorum is three.
  minSigners: 4n,
  // Short enough to watch, long enough that two rotations never overlap.
  rotationDelay: 20n,
  overlap: 10n,
  // Real delays, so that whatever needs the multisig is exercised with them.
  delays: { admin: MINUTE, lanes: MINUTE, timelock: MINUTE },
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
  // Beyond BSC's fast finality.
  confirmations: 5,
  pollMs: 500,
} as const;

/** Chain ids that the gateway, too, takes for local: no real value can be there. */
const LOCAL_CHAIN_IDS: readonly bigint[] = [31_337n, 31_338n];
const MIN_LIVE_SIGNERS = 4n;

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
  /** Who may post batches of layer 2 at any time; nobody where absent. */
  readonly sequencer?: string;
}

/** Values for a chain on this machine. */
export function localParameters(choice: LocalChoice): DeploymentParameters {
  const { genesis, multisig } = choice;
  const home = "operators" in genesis;
  return {
    ...LOCAL,
    network: choice.network ?? `local-${choice.chainId}`,
    chainId: choice.chainId,
    live: false,
    salt: choice.salt ?? LOCAL.salt,
    registry: home ? { ...LOCAL_REGISTRY, treasury: multisig, genesisOperators: genesis.operators } : undefined,
    token: home ? localToken(multisig, choice.start ?? LOCAL_START) : undefined,
    pledges: home ? LOCAL_PLEDGES : undefined,
    delegation: home ? { treasury: multisig, community: multisig, epochSeconds: LOCAL_REWARD_EPOCH } : undefined,
    revenue: home ? localRevenue(multisig) : undefined,
    games: home ? LOCAL_GAMES : undefined,
    rollup: home ? localRollup(multisig, choice.sequencer) : undefined,
    genesis: home ? NO_GENESIS : genesis,
    multisig,
    guardian: choice.guardian,
    lanes: choice.lanes ?? [],
  };
}

/** Values for a public chain: what differs between deployments comes from the environment. */
export function liveParameters(network: string, chainId: bigint, environment: Environment): DeploymentParameters {
  const read = new EnvironmentReader(environment);
  const home = read.flag("HOME_CHAIN", network !== "custom");
  const salt = read.optional("DEPLOYMENT_SALT");
  const multisig = read.address("MULTISIG", "the multisig that holds the roles after the deployment");
  return {
    ...LIVE,
    network,
    chainId,
    live: true,
    salt: salt === undefined ? LIVE.salt : id(salt),
    minSigners: read.integer("MIN_SIGNERS", LIVE.minSigners),
    registry: home ? readRegistry(read, multisig) : undefined,
    token: home ? readToken(read) : undefined,
    pledges: home ? LIVE_PLEDGES : undefined,
    delegation: home ? readDelegation(read, multisig) : undefined,
    revenue: home ? readRevenue(read, multisig) : undefined,
    games: home ? readGames(read) : undefined,
    rollup: home ? readRollup(read, multisig) : undefined,
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
  readonly sequencer: string;
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
  return localParameters({
    network,
    chainId,
    multisig: readAccount(read, "MULTISIG", accounts.multisig),
    guardian: readAccount(read, "GUARDIAN", accounts.guardian),
    sequencer: readAccount(read, "SEQUENCER", accounts.sequencer),
    genesis: home ? { operators: accounts.operators } : readGenesis(read),
    lanes: readLanes(read, LOCAL_LANE_LIMITS, NO_FEES),
  });
}

/** Refuses what would make a deployment worthless or, on a live network, anybody's. */
export function validateParameters(parameters: DeploymentParameters, deployer: string): void {
  const refuse = (key: string, message: string): never => {
    throw new DeploymentError(message, { key });
  };
  const { live, multisig, guardian, minSigners, genesis, registry, token, delegation, revenue, games, rollup } =
    parameters;
  const accounts = new AccountRules(deployer, live);
  accounts.requireSecretDeployer();
  accounts.require("MULTISIG", multisig);
  accounts.require("GUARDIAN", guardian);
  if (live && minSigners < MIN_LIVE_SIGNERS) {
    refuse("MIN_SIGNERS", `is ${minSigners}: fewer than ${MIN_LIVE_SIGNERS} signers tolerate no fault`);
  }
  if (registry === undefined) {
    if (genesis.epoch === 0n) refuse("GENESIS_EPOCH", "is 0: a business chain starts with an epoch of the home chain");
    const size = BigInt(genesis.signers.length);
    if (size < minSigners) {
      refuse("GENESIS_SIGNERS", `names ${size} signers, MIN_SIGNERS asks for ${minSigners}: take the home chain's set`);
    }
    for (const signer of genesis.signers) accounts.requireSecret("GENESIS_SIGNERS", signer);
  } else {
    if (genesis.epoch !== 0n) {
      refuse("GENESIS_EPOCH", "is set on the home chain, whose registry makes epoch 1: remove it");
    }
    validateRegistry(registry, minSigners, accounts);
  }
  if ((token === undefined) !== (registry === undefined)) refuse("HOME_CHAIN", "has COS and the registry, or neither");
  if ((delegation === undefined) !== (registry === undefined)) refuse("HOME_CHAIN", "has bonds and COS, or neither");
  if ((revenue === undefined) !== (token === undefined))
    refuse("HOME_CHAIN", "divides revenue and has COS, or neither");
  if ((games === undefined) !== (revenue === undefined))
    refuse("HOME_CHAIN", "has games and divides revenue, or neither");
  if ((rollup === undefined) !== (games === undefined)) refuse("HOME_CHAIN", "has a rollup and games, or neither");
  if (delegation !== undefined) validateDelegation(delegation, accounts);
  if (token !== undefined) validateToken(token, accounts);
  if (games !== undefined) validateGames(games, live);
  if (revenue !== undefined) validateRevenue(revenue);
  if (rollup !== undefined) validateRollup(rollup, accounts);
  for (const lane of parameters.lanes) {
    if (lane.chainId === parameters.chainId) refuse("LANES", `leads from chain ${lane.chainId} to itself`);
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
