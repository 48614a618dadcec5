import { AccessManager__factory } from "../typechain-types/factories/@openzeppelin/contracts/access/manager/AccessManager__factory";
import { COSToken__factory } from "../typechain-types/factories/contracts/token/COSToken__factory";
import { MerkleAirdrop__factory } from "../typechain-types/factories/contracts/token/MerkleAirdrop__factory";
import { ReleaseSchedule__factory } from "../typechain-types/factories/contracts/token/ReleaseSchedule__factory";
import { Vault__factory } from "../typechain-types/factories/contracts/token/Vault__factory";
import { Vesting__factory } from "../typechain-types/factories/contracts/token/Vesting__factory";
import { Gateway__factory } from "../typechain-types/factories/contracts/crosschain/Gateway__factory";
import { GameEngine__factory } from "../typechain-types/factories/contracts/game/GameEngine__factory";
import { GameRegistry__factory } from "../typechain-types/factories/contracts/game/GameRegistry__factory";
import { GameRevenue__factory } from "../typechain-types/factories/contracts/game/GameRevenue__factory";
import { GameAssets__factory } from "../typechain-types/factories/contracts/game/GameAssets__factory";
import { GameQuests__factory } from "../typechain-types/factories/contracts/game/GameQuests__factory";
import { Marketplace__factory } from "../typechain-types/factories/contracts/game/Marketplace__factory";
import { StateChannels__factory } from "../typechain-types/factories/contracts/game/StateChannels__factory";
import { TicTacToe__factory } from "../typechain-types/factories/contracts/game/samples/TicTacToe__factory";
import { LiarsDice__factory } from "../typechain-types/factories/contracts/game/samples/LiarsDice__factory";
import { RockPaperScissors__factory } from "../typechain-types/factories/contracts/game/samples/RockPaperScissors__factory";
import { QSCFactory__factory } from "../typechain-types/factories/contracts/qsc/QSCFactory__factory";
import { QSC__factory } from "../typechain-types/factories/contracts/qsc/QSC__factory";
import { BlobSegments__factory } from "../typechain-types/factories/contracts/rollup/BlobSegments__factory";
import { CalldataSegments__factory } from "../typechain-types/factories/contracts/rollup/CalldataSegments__factory";
import { CertificateSlashing__factory } from "../typechain-types/factories/contracts/rollup/CertificateSlashing__factory";
import { Rollup__factory } from "../typechain-types/factories/contracts/rollup/Rollup__factory";
import { RollupVault__factory } from "../typechain-types/factories/contracts/rollup/RollupVault__factory";
import { RollupVerifier__factory } from "../typechain-types/factories/contracts/rollup/RollupVerifier__factory";
import { COSStaking__factory } from "../typechain-types/factories/contracts/staking/COSStaking__factory";
import { NodeStaking__factory } from "../typechain-types/factories/contracts/staking/NodeStaking__factory";
import { RevenueSplitter__factory } from "../typechain-types/factories/contracts/staking/RevenueSplitter__factory";
import { Delegation__factory } from "../typechain-types/factories/contracts/validators/Delegation__factory";
import { Liveness__factory } from "../typechain-types/factories/contracts/validators/Liveness__factory";
import { Slashing__factory } from "../typechain-types/factories/contracts/validators/Slashing__factory";
import { ValidatorRegistry__factory } from "../typechain-types/factories/contracts/validators/ValidatorRegistry__factory";
import { DeploymentError } from "./deploymentError";
import { fileRecorder, recordPath, type DeploymentRecord } from "./record";

/** What a program needs of a deployment: interfaces and addresses. Nothing here needs Hardhat. */
export const abis = {
  AccessManager: AccessManager__factory.abi,
  Gateway: Gateway__factory.abi,
  EcosystemVault: Vault__factory.abi,
  AirdropVault: Vault__factory.abi,
  ContributorsVesting: Vesting__factory.abi,
  AdvisorsVesting: Vesting__factory.abi,
  InvestorsVesting: Vesting__factory.abi,
  COSToken: COSToken__factory.abi,
  MerkleAirdrop: MerkleAirdrop__factory.abi,
  ReleaseSchedule: ReleaseSchedule__factory.abi,
  COSStaking: COSStaking__factory.abi,
  NodeStaking: NodeStaking__factory.abi,
  Delegation: Delegation__factory.abi,
  RevenueSplitter: RevenueSplitter__factory.abi,
  ValidatorRegistry: ValidatorRegistry__factory.abi,
  Slashing: Slashing__factory.abi,
  Liveness: Liveness__factory.abi,
  GameRegistry: GameRegistry__factory.abi,
  GameRevenue: GameRevenue__factory.abi,
  GameEngine: GameEngine__factory.abi,
  GameAssets: GameAssets__factory.abi,
  GameQuests: GameQuests__factory.abi,
  Marketplace: Marketplace__factory.abi,
  StateChannels: StateChannels__factory.abi,
  TicTacToe: TicTacToe__factory.abi,
  RockPaperScissors: RockPaperScissors__factory.abi,
  LiarsDice: LiarsDice__factory.abi,
  RollupVerifier: RollupVerifier__factory.abi,
  CalldataSegments: CalldataSegments__factory.abi,
  BlobSegments: BlobSegments__factory.abi,
  Rollup: Rollup__factory.abi,
  RollupVault: RollupVault__factory.abi,
  CertificateSlashing: CertificateSlashing__factory.abi,
  QSCFactory: QSCFactory__factory.abi,
  QSC: QSC__factory.abi,
} as const;

/** The record of a network's deployment: `deploy/deployments/<network>.json`. */
export async function deployments(network: string, directory?: string): Promise<DeploymentRecord> {
  const path = recordPath(network, directory);
  const record = await fileRecorder(path).load();
  if (record === undefined) {
    throw new DeploymentError(`${path} does not exist: run \`npx hardhat deploy --network ${network}\``);
  }
  return record;
}
