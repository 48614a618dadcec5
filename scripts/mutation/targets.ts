/** Sources that are mutated together with the contracts that they are part of, and the tests of which one must notice. */
export interface Target {
  readonly room: string;
  /** Under `contracts/`. */
  readonly sources: readonly string[];
  /** Each with its file, under `contracts/`. */
  readonly contracts: Readonly<Record<string, string>>;
  /** Under `test/`, the quick ones first. */
  readonly tests: readonly string[];
}

const POOL = ["staking/StakePool.sol", "staking/libraries/Accrual.sol", "staking/libraries/WeekHistory.sol"];

/** The contracts that hold value, and what their arithmetic rests on. */
export const TARGETS: readonly Target[] = [
  {
    room: "token",
    sources: ["token/COSToken.sol"],
    contracts: { COSToken: "token/COSToken.sol" },
    tests: ["token/COSToken.test.ts"],
  },
  {
    room: "token",
    sources: ["token/Vault.sol"],
    contracts: { Vault: "token/Vault.sol" },
    tests: ["token/Vault.test.ts", "token/VaultModel.test.ts"],
  },
  {
    room: "token",
    sources: ["token/Vesting.sol"],
    contracts: { Vesting: "token/Vesting.sol" },
    tests: ["token/Vesting.test.ts", "token/VestingModel.test.ts"],
  },
  {
    room: "token",
    sources: ["token/MerkleAirdrop.sol"],
    contracts: { MerkleAirdrop: "token/MerkleAirdrop.sol" },
    tests: ["token/MerkleAirdrop.test.ts", "token/MerkleAirdropModel.test.ts"],
  },
  {
    room: "token",
    sources: [
      "token/Emission.sol",
      "token/ReleaseSchedule.sol",
      "token/IssuanceSchedule.sol",
      "token/libraries/EmissionSchedule.sol",
    ],
    contracts: {
      ReleaseSchedule: "token/ReleaseSchedule.sol",
      IssuanceSchedule: "token/IssuanceSchedule.sol",
    },
    tests: ["token/Emission.test.ts", "token/EmissionModel.test.ts"],
  },
  {
    room: "staking",
    sources: [...POOL, "staking/NodeStaking.sol"],
    contracts: { NodeStaking: "staking/NodeStaking.sol" },
    tests: ["staking/NodeStaking.test.ts", "staking/nodeBonds.test.ts", "staking/NodeStakingModel.test.ts"],
  },
  {
    room: "staking",
    sources: [...POOL, "staking/COSStaking.sol"],
    contracts: { COSStaking: "staking/COSStaking.sol" },
    tests: ["staking/COSStaking.test.ts", "staking/COSStakingModel.test.ts"],
  },
  {
    room: "staking",
    sources: ["staking/RevenueSplitter.sol"],
    contracts: { RevenueSplitter: "staking/RevenueSplitter.sol" },
    tests: ["staking/RevenueSplitter.test.ts", "staking/RevenueSplitterModel.test.ts"],
  },
  {
    room: "validators",
    sources: ["validators/Delegation.sol", "validators/libraries/BondMath.sol"],
    contracts: { Delegation: "validators/Delegation.sol" },
    tests: [
      "validators/delegation/bond.test.ts",
      "validators/delegation/pools.test.ts",
      "validators/delegation/rewards.test.ts",
      "validators/delegation/slash.test.ts",
      "validators/delegation/hostileToken.test.ts",
      "validators/delegation/model.test.ts",
    ],
  },
  {
    room: "validators",
    sources: ["validators/Admission.sol"],
    contracts: { ValidatorRegistry: "validators/ValidatorRegistry.sol" },
    tests: [
      "validators/admission.test.ts",
      "validators/ValidatorRegistry.test.ts",
      "validators/ValidatorRegistryModel.test.ts",
    ],
  },
  {
    room: "validators",
    sources: ["validators/ValidatorRegistry.sol"],
    contracts: { ValidatorRegistry: "validators/ValidatorRegistry.sol" },
    tests: [
      "validators/ValidatorRegistry.test.ts",
      "validators/admission.test.ts",
      "validators/status.test.ts",
      "validators/equivocation.test.ts",
      "validators/ValidatorRegistryModel.test.ts",
    ],
  },
  {
    room: "validators",
    sources: ["validators/Liveness.sol", "validators/libraries/RoundRobin.sol"],
    contracts: { Liveness: "validators/Liveness.sol" },
    tests: ["validators/Liveness.test.ts"],
  },
  {
    room: "validators",
    sources: ["validators/Slashing.sol", "validators/libraries/Equivocation.sol"],
    contracts: { Slashing: "validators/Slashing.sol" },
    tests: ["validators/equivocation.test.ts", "validators/falsehood.test.ts"],
  },
  {
    room: "validators",
    sources: ["validators/libraries/Falsehood.sol"],
    contracts: { Slashing: "validators/Slashing.sol" },
    tests: ["validators/falsehood.test.ts"],
  },
  {
    room: "game",
    sources: ["game/GameAssets.sol", "game/libraries/AssetId.sol", "game/libraries/AttributeKey.sol"],
    contracts: { GameAssets: "game/GameAssets.sol" },
    tests: [
      "game/assets/items.test.ts",
      "game/assets/mint.test.ts",
      "game/assets/equipment.test.ts",
      "game/assets/model.test.ts",
    ],
  },
  {
    room: "game",
    sources: ["game/Marketplace.sol", "game/libraries/AccountSignature.sol"],
    contracts: { Marketplace: "game/Marketplace.sol" },
    tests: [
      "game/market/orders.test.ts",
      "game/market/payments.test.ts",
      "game/market/attacks.test.ts",
      "game/market/model.test.ts",
    ],
  },
  {
    room: "game",
    sources: ["game/GameRegistry.sol"],
    contracts: { GameRegistry: "game/GameRegistry.sol" },
    tests: ["game/GameRegistry.test.ts"],
  },
  {
    room: "game",
    sources: ["game/GameRevenue.sol"],
    contracts: { GameRevenue: "game/GameRevenue.sol" },
    tests: ["game/GameRevenue.test.ts"],
  },
  {
    room: "game",
    sources: ["game/GameEngine.sol"],
    contracts: { GameEngine: "game/GameEngine.sol" },
    tests: ["game/GameEngine.test.ts", "game/GameEngineModel.test.ts"],
  },
  {
    room: "game",
    sources: ["game/GameQuests.sol"],
    contracts: { GameQuests: "game/GameQuests.sol" },
    tests: ["game/GameQuests.test.ts"],
  },
  {
    room: "game",
    sources: [
      "game/StateChannels.sol",
      "game/libraries/BoundedPayment.sol",
      "game/libraries/ChannelHash.sol",
      "game/libraries/RoundPayout.sol",
    ],
    contracts: { StateChannels: "game/StateChannels.sol", ChannelLibrariesMock: "mocks/ChannelLibrariesMock.sol" },
    tests: [
      "game/channels/close.test.ts",
      "game/channels/challenge.test.ts",
      "game/channels/deposit.test.ts",
      "game/channels/play.test.ts",
      "game/channels/payouts.test.ts",
      "game/channels/vectors.test.ts",
      "game/channels/attacks.test.ts",
      "game/channels/model.test.ts",
    ],
  },
];
