import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Contract, type ContractRunner, type InterfaceAbi } from "ethers";
import type {
  AccessManager,
  BlobSegments,
  COSStaking,
  COSToken,
  CalldataSegments,
  CertificateSlashing,
  Delegation,
  GameAssets,
  GameEngine,
  GameQuests,
  GameRegistry,
  GameRevenue,
  Gateway,
  LiarsDice,
  Liveness,
  Marketplace,
  MerkleAirdrop,
  NodeStaking,
  QSC,
  QSCFactory,
  ReleaseSchedule,
  RevenueSplitter,
  RockPaperScissors,
  Rollup,
  RollupVault,
  RollupVerifier,
  Slashing,
  StateChannels,
  TicTacToe,
  ValidatorRegistry,
  Vault,
  Vesting,
} from "../typechain-types";
import { DeploymentError } from "./deploymentError";

/**
 * Every contract that a deployment creates, and `QSC`, which the factory creates. What is created more than once has a
 * name for each use.
 */
export interface ContractTypes {
  AccessManager: AccessManager;
  Gateway: Gateway;
  EcosystemVault: Vault;
  AirdropVault: Vault;
  ContributorsVesting: Vesting;
  AdvisorsVesting: Vesting;
  InvestorsVesting: Vesting;
  COSToken: COSToken;
  MerkleAirdrop: MerkleAirdrop;
  ReleaseSchedule: ReleaseSchedule;
  COSStaking: COSStaking;
  NodeStaking: NodeStaking;
  Delegation: Delegation;
  RevenueSplitter: RevenueSplitter;
  ValidatorRegistry: ValidatorRegistry;
  Slashing: Slashing;
  Liveness: Liveness;
  GameRegistry: GameRegistry;
  GameRevenue: GameRevenue;
  GameEngine: GameEngine;
  GameAssets: GameAssets;
  GameQuests: GameQuests;
  Marketplace: Marketplace;
  StateChannels: StateChannels;
  TicTacToe: TicTacToe;
  RockPaperScissors: RockPaperScissors;
  LiarsDice: LiarsDice;
  RollupVerifier: RollupVerifier;
  CalldataSegments: CalldataSegments;
  BlobSegments: BlobSegments;
  Rollup: Rollup;
  RollupVault: RollupVault;
  CertificateSlashing: CertificateSlashing;
  QSCFactory: QSCFactory;
  QSC: QSC;
}

export type ContractName = keyof ContractTypes;

const SOURCES: Readonly<Record<ContractName, string>> = {
  AccessManager: "@openzeppelin/contracts/access/manager/AccessManager.sol",
  Gateway: "contracts/crosschain/Gateway.sol",
  EcosystemVault: "contracts/token/Vault.sol",
  AirdropVault: "contracts/token/Vault.sol",
  ContributorsVesting: "contracts/token/Vesting.sol",
  AdvisorsVesting: "contracts/token/Vesting.sol",
  InvestorsVesting: "contracts/token/Vesting.sol",
  COSToken: "contracts/token/COSToken.sol",
  MerkleAirdrop: "contracts/token/MerkleAirdrop.sol",
  ReleaseSchedule: "contracts/token/ReleaseSchedule.sol",
  COSStaking: "contracts/staking/COSStaking.sol",
  NodeStaking: "contracts/staking/NodeStaking.sol",
  Delegation: "contracts/validators/Delegation.sol",
  RevenueSplitter: "contracts/staking/RevenueSplitter.sol",
  ValidatorRegistry: "contracts/validators/ValidatorRegistry.sol",
  Slashing: "contracts/validators/Slashing.sol",
  Liveness: "contracts/validators/Liveness.sol",
  GameRegistry: "contracts/game/GameRegistry.sol",
  GameRevenue: "contracts/game/GameRevenue.sol",
  GameEngine: "contracts/game/GameEngine.sol",
  GameAssets: "contracts/game/GameAssets.sol",
  GameQuests: "contracts/game/GameQuests.sol",
  Marketplace: "contracts/game/Marketplace.sol",
  StateChannels: "contracts/game/StateChannels.sol",
  TicTacToe: "contracts/game/samples/TicTacToe.sol",
  RockPaperScissors: "contracts/game/samples/RockPaperScissors.sol",
  LiarsDice: "contracts/game/samples/LiarsDice.sol",
  RollupVerifier: "contracts/rollup/RollupVerifier.sol",
  CalldataSegments: "contracts/rollup/CalldataSegments.sol",
  BlobSegments: "contracts/rollup/BlobSegments.sol",
  Rollup: "contracts/rollup/Rollup.sol",
  RollupVault: "contracts/rollup/RollupVault.sol",
  CertificateSlashing: "contracts/rollup/CertificateSlashing.sol",
  QSCFactory: "contracts/qsc/QSCFactory.sol",
  QSC: "contracts/qsc/QSC.sol",
};

/** The source file, as the compiler names it. */
export function sourceOf(name: ContractName): string {
  return SOURCES[name];
}

/** The name that the compiler knows: that of the source file. */
export function compiledName(name: ContractName): string {
  return basename(SOURCES[name], ".sol");
}

export interface ContractArtifact {
  readonly abi: InterfaceAbi;
  /** Creation code without constructor arguments. */
  readonly bytecode: string;
  /** Code that the chain will have, immutables zero. */
  readonly deployedBytecode?: string;
}

/** Where compiled contracts come from. */
export type ArtifactSource = (name: ContractName) => Promise<ContractArtifact>;

/** Artifacts of the build, read without Hardhat. */
export function buildArtifacts(root = resolve(__dirname, "../artifacts")): ArtifactSource {
  const known = new Map<ContractName, Promise<ContractArtifact>>();
  const read = async (name: ContractName): Promise<ContractArtifact> => {
    const file = join(root, SOURCES[name], `${compiledName(name)}.json`);
    try {
      return JSON.parse(await readFile(file, "utf8")) as ContractArtifact;
    } catch (cause) {
      throw new DeploymentError(`${file} cannot be read: run \`npx hardhat compile\` first`, { cause });
    }
  };
  return (name) => {
    const artifact = known.get(name) ?? read(name);
    known.set(name, artifact);
    return artifact;
  };
}

export async function connect<Name extends ContractName>(
  name: Name,
  address: string,
  runner: ContractRunner,
  artifacts: ArtifactSource,
): Promise<ContractTypes[Name]> {
  const { abi } = await artifacts(name);
  return new Contract(address, abi, runner) as unknown as ContractTypes[Name];
}
