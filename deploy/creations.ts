import { ZeroAddress, keccak256 } from "ethers";
import type { ArtifactSource, ContractName } from "./contracts";
import type { GameParameters } from "./parameters/games";
import type { RollupParameters } from "./parameters/rollup";
import type { DeploymentParameters } from "./parameters";
import type { PledgeParameters, RevenueParameters } from "./parameters/staking";
import { COS_SHARES, COS_SUPPLY, type TokenParameters } from "./parameters/token";
import type { DelegationParameters, RegistryParameters } from "./parameters/validators";

/** Contracts that are created already, by their names. */
export type Addresses = Readonly<Partial<Record<ContractName, string>>>;

export interface Creation {
  readonly name: ContractName;
  /** Constructor arguments, of the parameters and of what was created before. */
  readonly args: (addresses: Addresses) => Promise<readonly unknown[]>;
}

/** The contracts in the order of their creation. */
export function creationsOf(
  parameters: DeploymentParameters,
  deployer: string,
  artifacts: ArtifactSource,
): readonly Creation[] {
  const { minSigners, rotationDelay, overlap, genesis, registry, token, pledges, delegation, revenue, games, rollup } =
    parameters;
  return [
    { name: "AccessManager", args: () => Promise.resolve([deployer]) },
    {
      name: "Gateway",
      args: ({ AccessManager }) => Promise.resolve([AccessManager, minSigners, rotationDelay, overlap, genesis]),
    },
    ...(token === undefined ? [] : tokenCreations(token)),
    ...(pledges === undefined ? [] : [pledgeCreation(pledges)]),
    ...(delegation === undefined ? [] : [delegationCreation(delegation)]),
    ...(token === undefined ? [] : [releaseCreation(token)]),
    ...(registry === undefined ? [] : validatorCreations(registry)),
    ...(revenue === undefined ? [] : [revenueCreation(revenue)]),
    ...(games === undefined ? [] : gameCreations(games)),
    ...(rollup === undefined ? [] : rollupCreations(rollup)),
    {
      name: "QSCFactory",
      args: async ({ AccessManager, Gateway }) => [
        AccessManager,
        Gateway,
        keccak256((await artifacts("QSC")).bytecode),
      ],
    },
  ];
}

/** The games, after what divides their revenue. */
function gameCreations({
  developerBps,
  stakersBps,
  treasuryBps,
  marketFeeBps,
  samples,
}: GameParameters): readonly Creation[] {
  return [
    {
      name: "GameRegistry",
      args: ({ AccessManager }) => Promise.resolve([AccessManager, developerBps, stakersBps, treasuryBps]),
    },
    {
      name: "GameRevenue",
      args: ({ AccessManager, GameRegistry, RevenueSplitter }) =>
        Promise.resolve([AccessManager, GameRegistry, RevenueSplitter]),
    },
    { name: "GameEngine", args: ({ GameRegistry, GameRevenue }) => Promise.resolve([GameRegistry, GameRevenue]) },
    { name: "GameAssets", args: ({ GameRegistry }) => Promise.resolve([GameRegistry]) },
    {
      name: "GameQuests",
      args: ({ GameRegistry, GameEngine, GameAssets }) => Promise.resolve([GameRegistry, GameEngine, GameAssets]),
    },
    {
      name: "Marketplace",
      args: ({ AccessManager, GameAssets, GameRevenue }) =>
        Promise.resolve([AccessManager, GameAssets, GameRevenue, marketFeeBps]),
    },
    { name: "StateChannels", args: ({ GameRegistry }) => Promise.resolve([GameRegistry]) },
    ...samples.map((name) => ({ name, args: () => Promise.resolve([]) })),
  ];
}

/** Layer 2: who re-executes it, where its data is, its batches, what it holds, and who answers for false certificates. */
function rollupCreations({
  bond,
  challengeSeconds,
  openSeconds,
  repaid,
  weiPerBatch,
}: RollupParameters): readonly Creation[] {
  return [
    { name: "RollupVerifier", args: () => Promise.resolve([]) },
    { name: "CalldataSegments", args: () => Promise.resolve([]) },
    { name: "BlobSegments", args: () => Promise.resolve([]) },
    {
      name: "Rollup",
      args: ({ AccessManager, Gateway, RollupVerifier, CalldataSegments, BlobSegments }) => {
        const params = { bond, challengeSeconds, openSeconds };
        return Promise.resolve([AccessManager, Gateway, RollupVerifier, CalldataSegments, BlobSegments, params]);
      },
    },
    {
      name: "RollupVault",
      args: ({ AccessManager, Rollup, GameAssets, GameRevenue, COSToken }) => {
        const params = { rollup: Rollup, assets: GameAssets, revenue: GameRevenue, cos: COSToken, repaid, weiPerBatch };
        return Promise.resolve([AccessManager, params]);
      },
    },
    {
      name: "CertificateSlashing",
      args: ({ ValidatorRegistry, Rollup }) => Promise.resolve([ValidatorRegistry, Rollup]),
    },
  ];
}

/** What divides revenue, after the pools that it reads. */
function revenueCreation({ treasury, nodeShareBps, tokens }: RevenueParameters): Creation {
  return {
    name: "RevenueSplitter",
    args: ({ AccessManager, NodeStaking, COSStaking, COSToken }) =>
      Promise.resolve([
        AccessManager,
        NodeStaking,
        COSStaking,
        { treasury, nodeShareBps, tokens: [ZeroAddress, COSToken, ...tokens] },
      ]),
  };
}

/** COS pledge mining, funded by the ecosystem's vault. */
function pledgeCreation(pledges: PledgeParameters): Creation {
  return {
    name: "COSStaking",
    args: ({ AccessManager, COSToken, EcosystemVault }) =>
      Promise.resolve([AccessManager, COSToken, EcosystemVault, pledges]),
  };
}

/** The validators' bonds, before the registry that needs them. */
function delegationCreation({ treasury, community, epochSeconds }: DelegationParameters): Creation {
  return {
    name: "Delegation",
    args: ({ AccessManager, COSToken, EcosystemVault }) =>
      Promise.resolve([AccessManager, { cos: COSToken, vault: EcosystemVault, treasury, community, epochSeconds }]),
  };
}

/** What releases the ecosystem's budget to the validators and their delegators. */
function releaseCreation({ release: { budget, start } }: TokenParameters): Creation {
  return {
    name: "ReleaseSchedule",
    args: ({ AccessManager, COSToken, EcosystemVault, Delegation }) =>
      Promise.resolve([AccessManager, COSToken, EcosystemVault, budget, start, Delegation]),
  };
}

/** The validators' deposits, the validators, and who judges and counts them. */
function validatorCreations(registry: RegistryParameters): readonly Creation[] {
  const { nodes, treasury, genesisOperators, renewAfter, votingSeconds, admissionBps, liveness } = registry;
  return [
    {
      name: "NodeStaking",
      args: ({ AccessManager, COSToken, EcosystemVault }) =>
        Promise.resolve([AccessManager, COSToken, EcosystemVault, { ...nodes, treasury, genesisOperators }]),
    },
    {
      name: "ValidatorRegistry",
      args: ({ AccessManager, Gateway, NodeStaking, Delegation }) => {
        const params = { nodes: NodeStaking, delegation: Delegation, renewAfter, votingSeconds, admissionBps };
        return Promise.resolve([AccessManager, Gateway, params]);
      },
    },
    { name: "Slashing", args: ({ ValidatorRegistry }) => Promise.resolve([ValidatorRegistry]) },
    {
      name: "Liveness",
      args: ({ ValidatorRegistry, ReleaseSchedule }) =>
        Promise.resolve([ValidatorRegistry, ReleaseSchedule, liveness.slots, liveness.grace]),
    },
  ];
}

/** COS, after those that it is minted to and before those that give it out. */
function tokenCreations({ vesting }: TokenParameters): readonly Creation[] {
  const vault = ({ AccessManager }: Addresses): Promise<readonly unknown[]> => Promise.resolve([AccessManager]);
  const wallet = (name: ContractName, group: keyof typeof vesting): Creation => {
    const { beneficiary, start, duration, cliff } = vesting[group];
    return { name, args: () => Promise.resolve([beneficiary, start, duration, cliff]) };
  };
  return [
    { name: "EcosystemVault", args: vault },
    { name: "AirdropVault", args: vault },
    wallet("ContributorsVesting", "contributors"),
    wallet("AdvisorsVesting", "advisors"),
    wallet("InvestorsVesting", "investors"),
    {
      name: "COSToken",
      args: (addresses) => {
        const table = COS_SHARES.map(({ holder, bps }) => ({
          vault: addresses[holder],
          amount: (COS_SUPPLY * bps) / 10_000n,
        }));
        return Promise.resolve([table]);
      },
    },
    {
      name: "MerkleAirdrop",
      args: ({ AccessManager, COSToken, AirdropVault }) => Promise.resolve([AccessManager, COSToken, AirdropVault]),
    },
  ];
}
