import { createInterface } from "node:readline/promises";
import { isAddress, getAddress, type Provider, type Signer } from "ethers";
import { types } from "hardhat/config";
import type { ConfigurableTaskDefinition, HardhatRuntimeEnvironment } from "hardhat/types";
import { connectContracts, type DeployedContracts, type TokenContracts } from "../deploy/deployment";
import { DeploymentError } from "../deploy/deploymentError";
import {
  compiledName,
  connect,
  type ArtifactSource,
  type ContractArtifact,
  type ContractTypes,
} from "../deploy/contracts";
import { isLocalChain } from "../deploy/parameters";
import { fileRecorder, recordPath, type DeploymentRecord } from "../deploy/record";
import { accountsOf } from "./accounts";
import { Refusal } from "./refusal";
import { explain } from "./explain";

/** What every task takes. */
export interface CommonArgs {
  readonly deployment?: string;
  readonly from?: string;
  readonly yes?: boolean;
  readonly quiet?: boolean;
}

/** What a task takes that needs the present contracts. */
export interface BuildArgs extends CommonArgs {
  readonly noCompile?: boolean;
}

export async function compileUnlessTold(hre: HardhatRuntimeEnvironment, { noCompile }: BuildArgs): Promise<void> {
  if (noCompile !== true) await hre.run("compile", { quiet: true });
}

/** Adds the parameters of {@link CommonArgs} to a task. */
export function withCommonParams(definition: ConfigurableTaskDefinition): ConfigurableTaskDefinition {
  return definition
    .addOptionalParam(
      "deployment",
      "File of the deployment's record; default: LOCALHOST_DEPLOYMENT, or deploy/deployments/<network>.json",
    )
    .addOptionalParam(
      "from",
      "Account that sends, by address or index; default: the first one",
      undefined,
      types.string,
    )
    .addFlag("yes", "Do not ask before sending on a live network")
    .addFlag("quiet", "Print nothing but errors");
}

export type TaskSigner = Signer & { readonly address: string };

/** One task's connection: who sends, to which deployment, and how it talks. */
export interface Session {
  readonly hre: HardhatRuntimeEnvironment;
  readonly network: string;
  readonly chainId: bigint;
  readonly live: boolean;
  readonly provider: Provider;
  readonly artifacts: ArtifactSource;
  readonly recordFile: string;
  /** The account that sends; refuses where the network has none. */
  signer(): Promise<TaskSigner>;
  /** Unix seconds of the block that comes next. */
  time(): Promise<bigint>;
  say(line: string): void;
  /** On a live network asks, unless `--yes`; refuses without a yes. */
  confirm(what: string): Promise<void>;
}

export async function openSession(hre: HardhatRuntimeEnvironment, args: CommonArgs): Promise<Session> {
  const { chainId } = await hre.ethers.provider.getNetwork();
  const live = !isLocalChain(chainId);
  const say = (line: string): void => {
    if (args.quiet !== true) console.log(line);
  };
  // Chosen once: a keystore's password is asked for once.
  let signer: Promise<TaskSigner> | undefined;
  return {
    hre,
    network: hre.network.name,
    chainId,
    live,
    provider: hre.ethers.provider,
    artifacts: (name) => hre.artifacts.readArtifact(compiledName(name)) as Promise<ContractArtifact>,
    recordFile: args.deployment ?? recordOf(hre.network.name),
    signer: () => (signer ??= chooseSigner(hre, live, chainId, args.from)),
    async time() {
      // Not by ethers: it rejects a pending block, which has no number.
      const read = async (tag: string): Promise<{ readonly timestamp: string } | null> =>
        (await hre.network.provider.send("eth_getBlockByNumber", [tag, false])) as { timestamp: string } | null;
      const block = (await read("pending")) ?? (await read("latest"));
      return BigInt(block?.timestamp ?? 0);
    },
    say,
    async confirm(what) {
      say(what);
      if (!live || args.yes === true) return;
      if (!process.stdin.isTTY) throw new Refusal(`this is the live network ${hre.network.name}: add --yes to go on`);
      const terminal = createInterface({ input: process.stdin, output: process.stdout });
      const answer = await terminal.question(`Send this to ${hre.network.name} (chain ${chainId})? [y/N] `);
      terminal.close();
      if (!/^y(es)?$/i.test(answer.trim())) throw new Refusal("nothing was sent");
    },
  };
}

/** A local network may have been deployed by another program, which keeps its record elsewhere. */
function recordOf(network: string): string {
  const local = network === "localhost" ? process.env.LOCALHOST_DEPLOYMENT : undefined;
  return local === undefined || local === "" ? recordPath(network) : local;
}

async function chooseSigner(
  hre: HardhatRuntimeEnvironment,
  live: boolean,
  chainId: bigint,
  from: string | undefined,
): Promise<TaskSigner> {
  const signers = await accountsOf(hre, live, chainId, process.env);
  const first = signers[0];
  if (first === undefined) throw new Refusal(`the network ${hre.network.name} has no account`);
  if (from === undefined) return first;
  if (/^\d+$/.test(from)) {
    const found = signers[Number(from)];
    if (found === undefined) throw new Refusal(`--from ${from}: the network has ${signers.length} accounts, from 0 on`);
    return found;
  }
  const wanted = parseAccount("from", from);
  const found = signers.find((signer) => signer.address === wanted);
  if (found === undefined) throw new Refusal(`--from ${wanted}: the network has no key of this account`);
  return found;
}

export async function loadRecord(session: Session): Promise<DeploymentRecord> {
  const record = await fileRecorder(session.recordFile).load();
  if (record === undefined) {
    throw new Refusal(
      `nothing is recorded in ${session.recordFile}: run \`npx hardhat deploy --network ${session.network}\` first`,
    );
  }
  if (BigInt(record.chainId) !== session.chainId) {
    throw new Refusal(`${session.recordFile} is of chain ${record.chainId}, this is chain ${session.chainId}`);
  }
  return record;
}

/** The deployment's contracts, read-only. */
export async function openDeployment(session: Session): Promise<DeployedContracts> {
  const record = await loadRecord(session);
  const deployment = await inWords(session, () => connectContracts(record, session.provider, session.artifacts));
  const { gateway } = deployment;
  if ((await session.provider.getCode(await gateway.getAddress())) === "0x") {
    throw new Refusal(`${session.recordFile} names contracts that this chain does not have: deploy again`);
  }
  return deployment;
}

/** COS and what gives it out, on the home chain. */
export async function openCOS(session: Session): Promise<TokenContracts> {
  const { token } = await openDeployment(session);
  if (token === undefined) throw new Refusal(`COS is on the home chain, not on ${session.network}`);
  return token;
}

/** COS pledge mining, and COS, on the home chain. */
export async function openPledges(
  session: Session,
): Promise<{ readonly pool: ContractTypes["COSStaking"]; readonly cos: ContractTypes["COSToken"] }> {
  const { cosStaking, token } = await openDeployment(session);
  if (cosStaking === undefined || token === undefined) {
    throw new Refusal(`COS is pledged on the home chain, not on ${session.network}`);
  }
  return { pool: cosStaking, cos: token.cos };
}

/** The BNB nodes, and COS, which they earn, on the home chain. */
export async function openNodes(
  session: Session,
): Promise<{ readonly pool: ContractTypes["NodeStaking"]; readonly cos: ContractTypes["COSToken"] }> {
  const { nodeStaking, token } = await openDeployment(session);
  if (nodeStaking === undefined || token === undefined) {
    throw new Refusal(`nodes are on the home chain, not on ${session.network}`);
  }
  return { pool: nodeStaking, cos: token.cos };
}

/** A token by its address or, if the factory knows it, its symbol. */
export async function openToken(session: Session, token: string): Promise<ContractTypes["QSC"]> {
  let address: string;
  if (token.startsWith("0x")) {
    address = parseAccount("token", token);
  } else {
    const { qscFactory } = await openDeployment(session);
    address = await qscFactory.tokenOf(token);
    if (BigInt(address) === 0n) throw new Refusal(`--token ${token}: this chain has no token with this symbol`);
  }
  if ((await session.provider.getCode(address)) === "0x") {
    throw new Refusal(`--token ${address}: there is no contract at this address`);
  }
  return connect("QSC", address, session.provider, session.artifacts);
}

/** Runs `action`; an error of our contracts, or of the deployment, ends the task in words. */
export async function inWords<Result>(session: Session, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof DeploymentError) throw new Refusal(error.message, error);
    const words = await explain(error, session.artifacts);
    if (words === undefined) throw error;
    throw new Refusal(words, error);
  }
}

export function parseAccount(key: string, value: string): string {
  if (!isAddress(value)) throw new Refusal(`--${key} ${value}: not an address; check its 40 digits and their case`);
  return getAddress(value);
}

export function parseWhole(key: string, value: string): bigint {
  if (!/^\d+$/.test(value)) throw new Refusal(`--${key} ${value}: not a whole number`);
  return BigInt(value);
}

/** Unix seconds, or a time with its zone. */
export function parseTime(key: string, value: string): bigint {
  if (/^\d{1,11}$/.test(value)) return BigInt(value);
  const milliseconds = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw new Refusal(`--${key} ${value}: neither Unix seconds nor a time such as 2027-01-31T12:00:00Z`);
  }
  return BigInt(Math.floor(milliseconds / 1_000));
}

/** A chain id that fits the formats. */
export function parseChainId(key: string, value: string): bigint {
  const chainId = parseWhole(key, value);
  if (chainId === 0n || chainId >= 1n << 64n) throw new Refusal(`--${key} ${value}: not a chain id`);
  return chainId;
}
