import { Interface, concat, dataLength, formatEther, formatUnits, getBytes, type Provider } from "ethers";
import { buildArtifacts, connect, type ArtifactSource, type ContractName } from "./contracts";
import { CREATE2_PROXY, create2Address, saltOf } from "./create2";
import { creationsOf } from "./creations";
import { DeploymentError } from "./deploymentError";
import { validateParameters, type DeploymentParameters } from "./parameters";
import { ADMIN_ROLE } from "./roles";

export interface PreflightOptions {
  readonly deployer: string;
  readonly provider: Provider;
  readonly parameters: DeploymentParameters;
  readonly artifacts?: ArtifactSource;
}

/** What a run is going to send. */
export interface Preflight {
  readonly missing: readonly ContractName[];
  readonly present: readonly ContractName[];
  /** No less than what it takes; what is not used is not paid. */
  readonly gas: bigint;
  /** Wei per gas, as the endpoint has it now. */
  readonly gasPrice: bigint;
  /** Wei. */
  readonly cost: bigint;
  readonly balance: bigint;
}

/** EIP-170 and EIP-3860. */
const MAX_CODE_BYTES = 24_576;
const MAX_INIT_CODE_BYTES = 49_152;
/** EIP-7825, in force on BSC: the most that one transaction may use. */
const MAX_TRANSACTION_GAS = 16_777_216n;
/** What BSC's validators take at least, in wei. */
const LEAST_GAS_PRICES: ReadonlyMap<bigint, bigint> = new Map([
  [56n, 50_000_000n],
  [97n, 100_000_000n],
]);

const TRANSACTION_GAS = 21_000n;
const CREATION_GAS = 32_000n;
const CODE_BYTE_GAS = 200n;
const INIT_WORD_GAS = 2n;
/** EIP-7623: what data costs at least. */
const FLOOR_ZERO_BYTE_GAS = 10n;
const FLOOR_BYTE_GAS = 40n;
const ZERO_BYTE_GAS = 4n;
const BYTE_GAS = 16n;
/** What a constructor of ours executes and writes: at most a dozen slots, and copies of its code. */
const CONSTRUCTOR_GAS = 400_000n;
/** Roles, release budget, layer 2's settings, hand-over. */
const STEPS_GAS = 4_000_000n;
const LANE_GAS = 400_000n;

/** Checks, before anything is sent, all that would stop a deployment half-way; says what it will cost. */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const { deployer, provider, parameters } = options;
  const artifacts = options.artifacts ?? buildArtifacts();
  validateParameters(parameters, deployer);
  const { chainId } = await provider.getNetwork();
  if (chainId !== parameters.chainId) {
    throw new DeploymentError(`the endpoint serves chain ${chainId}, not ${parameters.chainId}: check its URL`);
  }
  const addresses: Partial<Record<ContractName, string>> = {};
  const [missing, present]: [ContractName[], ContractName[]] = [[], []];
  let gas = 0n;
  for (const { name, args } of creationsOf(parameters, deployer, artifacts)) {
    const artifact = await artifacts(name);
    const initCode = concat([artifact.bytecode, new Interface(artifact.abi).encodeDeploy(await args(addresses))]);
    const address = create2Address(saltOf(parameters.salt, deployer, name), initCode);
    addresses[name] = address;
    if ((await provider.getCode(address)) !== "0x") {
      present.push(name);
      continue;
    }
    missing.push(name);
    const codeBytes = dataLength(artifact.deployedBytecode ?? artifact.bytecode);
    requireAtMost(name, "code", codeBytes, MAX_CODE_BYTES);
    requireAtMost(name, "creation code", dataLength(initCode), MAX_INIT_CODE_BYTES);
    const creation = creationGas(initCode, codeBytes);
    if (creation > MAX_TRANSACTION_GAS) {
      throw new DeploymentError(`creating ${name} may take ${creation} gas, more than a transaction may use`);
    }
    gas += creation;
  }
  if (missing.length > 0) await requireProxy(provider, parameters.live);
  const manager = missing.includes("AccessManager") ? undefined : addresses.AccessManager;
  if (manager === undefined || (await isAdmin(manager, deployer, provider, artifacts))) {
    gas += STEPS_GAS + LANE_GAS * BigInt(parameters.lanes.length);
  }
  const gasPrice = await gasPriceOf(provider, chainId);
  const balance = await provider.getBalance(deployer);
  const cost = gas * gasPrice;
  if (balance < cost) {
    throw new DeploymentError(
      `${deployer} holds ${formatEther(balance)} coins, and this may cost ${formatEther(cost)} (${gas} gas at ` +
        `${formatUnits(gasPrice, "gwei")} gwei): send it ${formatEther(cost - balance)} more, then run again`,
    );
  }
  return { missing, present, gas, gasPrice, cost, balance };
}

async function isAdmin(
  manager: string,
  account: string,
  provider: Provider,
  artifacts: ArtifactSource,
): Promise<boolean> {
  const { hasRole } = await connect("AccessManager", manager, provider, artifacts);
  return (await hasRole(ADMIN_ROLE, account)).isMember;
}

function requireAtMost(name: ContractName, what: string, bytes: number, limit: number): void {
  if (bytes > limit) throw new DeploymentError(`the ${what} of ${name} has ${bytes} bytes, a chain takes ${limit}`);
}

async function requireProxy(provider: Provider, live: boolean): Promise<void> {
  if (!live || (await provider.getCode(CREATE2_PROXY)) !== "0x") return;
  throw new DeploymentError(`this chain has no deterministic deployment proxy at ${CREATE2_PROXY}: create it first`);
}

async function gasPriceOf(provider: Provider, chainId: bigint): Promise<bigint> {
  const { gasPrice, maxFeePerGas } = await provider.getFeeData();
  const asked = maxFeePerGas ?? gasPrice ?? 0n;
  const least = LEAST_GAS_PRICES.get(chainId) ?? 0n;
  return asked > least ? asked : least;
}

function creationGas(initCode: string, codeBytes: number): bigint {
  const bytes = getBytes(initCode);
  const zeros = BigInt(bytes.filter((byte) => byte === 0).length);
  const others = BigInt(bytes.length) - zeros;
  const words = BigInt(Math.ceil(bytes.length / 32));
  const executed =
    zeros * ZERO_BYTE_GAS +
    others * BYTE_GAS +
    CREATION_GAS +
    words * INIT_WORD_GAS +
    BigInt(codeBytes) * CODE_BYTE_GAS +
    CONSTRUCTOR_GAS;
  const floor = zeros * FLOOR_ZERO_BYTE_GAS + others * FLOOR_BYTE_GAS;
  return TRANSACTION_GAS + (executed > floor ? executed : floor);
}
