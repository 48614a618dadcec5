import { artifacts, ethers } from "hardhat";
import { Wallet, getAddress, id, type Signer } from "ethers";
import { compiledName, type ArtifactSource, type ContractArtifact } from "../../deploy/contracts";
import { deploy, deployChain, type Deployment, type DeploymentOptions } from "../../deploy/deployment";
import { publishEpoch, registerOperator } from "../../deploy/operators";
import { localParameters, type DeploymentParameters } from "../../deploy/parameters";
import { LOCAL_LANE_LIMITS, type LaneParameters } from "../../deploy/parameters/lanes";
import { memoryRecorder } from "../../deploy/record";
import { sortSigners } from "../../protocol/quorum";

/** A lane's other end that exists only as signatures. */
export const REMOTE_CHAIN = 56n;
export const REMOTE_GATEWAY = getAddress("0x00000000000000000000000000000000c0de0056");
export const REMOTE_LANE: LaneParameters = {
  chainId: REMOTE_CHAIN,
  gateway: REMOTE_GATEWAY,
  limits: LOCAL_LANE_LIMITS,
};

export interface Parts {
  readonly deployer: Signer;
  readonly multisig: Signer;
  readonly guardian: Signer;
  readonly operators: readonly Signer[];
  readonly user: Signer;
  readonly sequencer: Signer;
}

export async function parts(): Promise<Parts> {
  const [deployer, multisig, guardian, ...others] = await ethers.getSigners();
  if (deployer === undefined || multisig === undefined || guardian === undefined) throw new Error("no accounts");
  const [user, sequencer] = others.slice(4);
  if (user === undefined || sequencer === undefined) throw new Error("too few accounts");
  return { deployer, multisig, guardian, operators: others.slice(0, 4), user, sequencer };
}

/** The attestation keys of the four operators. */
export function attesters(): readonly Wallet[] {
  return Array.from({ length: 4 }, (_, index) => new Wallet(id(`attester ${index}`)));
}

/** The build that this test run compiled, instrumented where it measures coverage. */
export const testArtifacts: ArtifactSource = (name) =>
  artifacts.readArtifact(compiledName(name)) as Promise<ContractArtifact>;

export async function homeParameters(change: Partial<DeploymentParameters> = {}): Promise<DeploymentParameters> {
  const { multisig, guardian, operators, sequencer } = await parts();
  const { chainId } = await ethers.provider.getNetwork();
  const choice = {
    network: "hardhat",
    chainId,
    multisig: await multisig.getAddress(),
    guardian: await guardian.getAddress(),
    genesis: { operators: await Promise.all(operators.map((operator) => operator.getAddress())) },
    lanes: [REMOTE_LANE],
    sequencer: await sequencer.getAddress(),
    // Whatever another test has left on the chain is at other addresses.
    salt: id(`block ${await ethers.provider.getBlockNumber()}`),
  };
  return { ...localParameters(choice), ...change };
}

export async function businessParameters(change: Partial<DeploymentParameters> = {}): Promise<DeploymentParameters> {
  const now = BigInt((await ethers.provider.getBlock("latest"))?.timestamp ?? 0);
  const signers = sortSigners(attesters().map(({ address }) => address));
  const genesis = { epoch: 1n, validUntil: now + 6n * 86_400n, signers };
  return homeParameters({
    registry: undefined,
    token: undefined,
    pledges: undefined,
    delegation: undefined,
    revenue: undefined,
    games: undefined,
    rollup: undefined,
    genesis,
    ...change,
  });
}

export async function optionsFor(parameters: DeploymentParameters): Promise<DeploymentOptions> {
  const { deployer } = await parts();
  return { signer: deployer, parameters, recorder: memoryRecorder(), artifacts: testArtifacts };
}

/** The home chain, handed over, with one lane to a chain that exists only as signatures; no operator registered. */
export async function deployHome(): Promise<Deployment> {
  return deploy(await optionsFor(await homeParameters()));
}

/** The home chain as it runs: four operators registered and epoch 1 published. */
export async function deployRunningHome(): Promise<Deployment> {
  const deployment = await deployHome();
  await startValidators(deployment);
  return deployment;
}

/** A business chain, handed over, with epoch 1 of the four attesters. */
export async function deployBusiness(): Promise<Deployment> {
  return deploy(await optionsFor(await businessParameters()));
}

/** The home chain before its lanes and its hand-over. */
export async function deployUnfinishedHome(): Promise<Deployment> {
  return deployChain(await optionsFor(await homeParameters()));
}

export async function startValidators(deployment: Deployment): Promise<void> {
  const { validatorRegistry } = deployment;
  if (validatorRegistry === undefined) throw new Error("not the home chain");
  const { operators, user } = await parts();
  const keys = attesters();
  for (const [index, operator] of operators.entries()) {
    const attester = keys[index];
    if (attester === undefined) throw new Error("too few attesters");
    await registerOperator(deployment, { operator, attester, endpoint: `http://127.0.0.1:${9_000 + index}` });
  }
  await publishEpoch(validatorRegistry, user);
}
