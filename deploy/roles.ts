import type { ContractName } from "./contracts";

/** Who may hold a role: an account of the parameters, or a contract of the home chain. */
export type Holder =
  | "multisig"
  | "guardian"
  | "registry"
  | "slashing"
  | "certificateSlashing"
  | "liveness"
  | "gameRevenue"
  | "gameEngine"
  | "marketplace"
  | "rollupVault";

/** The contracts that hold roles, on the chain where they are. */
export const HOLDER_CONTRACTS: Readonly<Partial<Record<Holder, ContractName>>> = {
  registry: "ValidatorRegistry",
  slashing: "Slashing",
  certificateSlashing: "CertificateSlashing",
  liveness: "Liveness",
  gameRevenue: "GameRevenue",
  gameEngine: "GameEngine",
  marketplace: "Marketplace",
  rollupVault: "RollupVault",
};

/** Which of the parameters' delays a holder waits between scheduling a call and executing it. */
export type DelayName = "none" | "admin" | "lanes" | "timelock";

export interface RoleDefinition {
  readonly id: bigint;
  readonly name: string;
  readonly purpose: string;
  /** Restricted functions that it may call. A function belongs to one role. */
  readonly functions: Readonly<Partial<Record<ContractName, readonly string[]>>>;
  readonly holders: readonly { readonly holder: Holder; readonly delay: DelayName }[];
  /** Role that may cancel what this one has scheduled. */
  readonly cancelledBy?: bigint;
}

/** AccessManager's own: it changes roles, delays and members. */
export const ADMIN_ROLE = 0n;
export const LANE_ADMIN_ROLE = 1n;
export const GUARDIAN_ROLE = 2n;

/** The table of roles: the deployment applies it, `verify:state` checks it, the README prints it. */
export const ROLES: readonly RoleDefinition[] = [
  {
    id: ADMIN_ROLE,
    name: "ADMIN",
    purpose: "changes roles, delays and members; names the rollup's vault, once",
    functions: { Rollup: ["setVault"] },
    holders: [{ holder: "multisig", delay: "admin" }],
  },
  {
    id: LANE_ADMIN_ROLE,
    name: "LANE_ADMIN",
    purpose: "opens lanes and sets their limits and fees",
    functions: { Gateway: ["addLane", "setLimits", "setFees"] },
    holders: [{ holder: "multisig", delay: "lanes" }],
    cancelledBy: GUARDIAN_ROLE,
  },
  {
    id: GUARDIAN_ROLE,
    name: "GUARDIAN",
    purpose: "stops a lane, a validator or a game at once; cancels what others have scheduled",
    functions: { Gateway: ["pauseLane"], ValidatorRegistry: ["jail"], GameRegistry: ["retireUnsafe"] },
    holders: [{ holder: "guardian", delay: "none" }],
  },
  {
    id: 3n,
    name: "PAUSER",
    purpose: "stops all lanes at once",
    functions: { Gateway: ["pauseAll"] },
    holders: [
      { holder: "guardian", delay: "none" },
      { holder: "registry", delay: "none" },
    ],
  },
  {
    id: 4n,
    name: "TIMELOCK",
    purpose:
      "resumes a lane, voids old epochs, restores an expired one, names who receives what is slashed and the community's " +
      "part, sets what later pledges weigh, divides revenue, and halts moves on layer 2 before a fork",
    functions: {
      Gateway: ["unpauseLane", "raiseFloor", "restoreEpoch"],
      NodeStaking: ["setTreasury"],
      Delegation: ["setTreasury", "setCommunity"],
      COSStaking: ["setMultiplier"],
      RevenueSplitter: ["setTokenAllowed", "setNodeShare", "setTreasury"],
      GameRegistry: ["setShares"],
      Marketplace: ["setFee"],
      Rollup: ["setMovesHalt"],
    },
    holders: [{ holder: "multisig", delay: "timelock" }],
    cancelledBy: GUARDIAN_ROLE,
  },
  {
    id: 5n,
    name: "REGISTRY",
    purpose: "installs the signer set of the home chain; binds, frees and slashes what stands behind a validator",
    functions: {
      Gateway: ["setEpoch"],
      NodeStaking: ["bind", "unbind", "slash"],
      Delegation: ["open", "close", "slash"],
    },
    holders: [{ holder: "registry", delay: "none" }],
  },
  {
    id: 6n,
    name: "CERTIFIER",
    purpose: "certifies issuers of tokens",
    functions: { QSCFactory: ["certify", "revoke"] },
    holders: [{ holder: "multisig", delay: "none" }],
    cancelledBy: GUARDIAN_ROLE,
  },
  {
    id: 7n,
    name: "SLASHER",
    purpose: "takes the deposit behind a key that was proven false",
    functions: { ValidatorRegistry: ["slash"] },
    holders: [
      { holder: "slashing", delay: "none" },
      { holder: "certificateSlashing", delay: "none" },
    ],
  },
  {
    id: 8n,
    name: "TREASURER",
    purpose: "spends from the vaults, opens airdrop rounds, changes what future phases give and to whom",
    functions: {
      EcosystemVault: ["approve", "fund", "transfer"],
      AirdropVault: ["approve", "fund", "transfer"],
      MerkleAirdrop: ["openRound"],
      ReleaseSchedule: ["setPhase", "setRecipient"],
    },
    holders: [{ holder: "multisig", delay: "timelock" }],
    cancelledBy: GUARDIAN_ROLE,
  },
  {
    id: 9n,
    name: "LIVENESS",
    purpose: "jails who misses too much; has the rewards of a period split",
    functions: { ValidatorRegistry: ["jailMissing"], Delegation: ["settle"] },
    holders: [{ holder: "liveness", delay: "none" }],
  },
  {
    id: 10n,
    name: "CREDITOR",
    purpose: "credits revenue by the shares of its game",
    functions: { RevenueSplitter: ["credit"] },
    holders: [{ holder: "gameRevenue", delay: "none" }],
  },
  {
    id: 11n,
    name: "GAME_CREDITOR",
    purpose: "passes on what any game has earned: a venue, a marketplace, a rollup",
    functions: { GameRevenue: ["credit"] },
    holders: [
      { holder: "gameEngine", delay: "none" },
      { holder: "marketplace", delay: "none" },
      { holder: "rollupVault", delay: "none" },
    ],
  },
  {
    id: 12n,
    name: "ROLLUP_ADMIN",
    purpose: "admits sequencers, prices entries and takes what they paid, lists assets, caps what posting is repaid",
    functions: {
      Rollup: ["setSequencer", "setEntryPrice", "withdrawEntryFees"],
      RollupVault: ["listAsset", "setPostingRepayment"],
    },
    holders: [{ holder: "multisig", delay: "timelock" }],
    cancelledBy: GUARDIAN_ROLE,
  },
];
