import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { HDNodeWallet, JsonRpcProvider, Mnemonic, NonceManager, Wallet, parseEther, type BaseWallet } from "ethers";
import { stringify } from "yaml";
import { buildArtifacts, type ArtifactSource } from "../../deploy/contracts";
import { deployChain, handOver, openLane, type Deployment, type DeploymentOptions } from "../../deploy/deployment";
import { genesisOf, publishEpoch, registerOperator } from "../../deploy/operators";
import { localParameters, type DeploymentParameters } from "../../deploy/parameters";
import { LOCAL_LANE_LIMITS } from "../../deploy/parameters/lanes";
import { fileRecorder } from "../../deploy/record";
import { writeKeystore } from "../../relayer/keystore";
import { anvilInstalled, freePort, startAnvil, startHardhatNode, type LocalNode } from "./nodes";
import { startRelayerProcess, type RelayerProcess } from "./relayerProcess";
import { sequencerFile } from "./sequencerFile";

/** A chain of the local network with what is deployed on it. */
export interface LocalChain {
  readonly name: string;
  readonly program: string;
  readonly node: LocalNode;
  readonly provider: JsonRpcProvider;
  readonly deployment: Deployment;
  /** An account of the node's mnemonic on this chain. */
  readonly account: (index: number) => NonceManager;
}

export interface LocalNetwork {
  readonly artifacts: ArtifactSource;
  readonly home: LocalChain;
  readonly away: LocalChain;
  readonly relayers: readonly RelayerProcess[];
  /** Layer 2's sequencer, where one was asked for. */
  readonly sequencer: RelayerProcess | undefined;
  /** File that tells a shell, and the tasks run in it, where this network is. */
  readonly environment: string;
  stop(): Promise<void>;
}

export interface LocalNetworkOptions {
  /** Folder for keystores, databases and logs; emptied first. */
  readonly directory: string;
  readonly operators: number;
  readonly blockTime: number;
  /** Whether a sequencer runs, the operators certify its batches and the first one challenges them. Default: no. */
  readonly layer2?: boolean;
  /** `finalized` of the home chain trails its head by two of them. Default 1. */
  readonly slotsInAnEpoch?: number;
  /** The compiled contracts; those of the last build where absent. */
  readonly artifacts?: ArtifactSource;
  readonly onProgress: (line: string) => void;
}

/** The mnemonic of every development node: worth nothing anywhere else. */
const MNEMONIC = "test test test test test test test test test test test junk";
const HOME_CHAIN_ID = 31_337;
const AWAY_CHAIN_ID = 31_338;
const KEY_PASSWORD = "local";
const SEQUENCER_START_MS = 180_000;
const SEQUENCER_LOOK_MS = 100;

/** Who plays which part, by the index of the node's account. Operators follow from 10 on. */
export const ACCOUNTS = {
  deployer: 0,
  multisig: 1,
  guardian: 2,
  issuer: 3,
  alice: 4,
  bob: 5,
  sequencer: 6,
  operators: 10,
} as const;

interface Node {
  readonly name: string;
  readonly program: string;
  readonly node: LocalNode;
  readonly provider: JsonRpcProvider;
  readonly account: (index: number) => NonceManager;
}

/** Two chains as processes of their own, everything deployed, all operators registered and their relayers running. */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  const { directory, onProgress, artifacts = buildArtifacts() } = options;
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const nodes = await Promise.all([startHome(options), startAway(options)]);
    for (const { node, provider } of nodes) {
      stops.push(async () => {
        provider.destroy();
        await node.stop();
      });
    }
    const [homeNode, awayNode] = nodes;
    onProgress(`chains: ${nodes.map(({ name, program, node }) => `${name} (${program}, ${node.url})`).join(", ")}`);

    const operators = await makeOperators(options, homeNode);
    const { home, away } = await deployBoth(options, homeNode, awayNode, operators, artifacts);
    const relayers = await Promise.all(
      operators.map((operator) => startRelayerProcess(configure(operator, home, away, options), operator)),
    );
    for (const relayer of relayers) stops.push(() => relayer.stop());
    onProgress(`relayers: ${relayers.map(({ name, url }) => `${name} ${url}`).join(", ")}`);
    const sequencer = options.layer2 === true ? await startSequencer(options, home, operators) : undefined;
    if (sequencer !== undefined) {
      stops.push(() => sequencer.stop());
      onProgress(
        `layer 2: sequencer ${sequencer.url}; the relayers certify its batches, and the first one challenges them`,
      );
    }
    const environment = writeEnvironment(directory, home, sequencer);
    return { artifacts, home, away, relayers, sequencer, environment, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startHome({ blockTime, slotsInAnEpoch = 1, onProgress }: LocalNetworkOptions): Promise<Node> {
  if (!anvilInstalled()) {
    onProgress("anvil is not installed on this platform: hardhat node serves both chains");
    const node = await startHardhatNode({ chainId: HOME_CHAIN_ID, blockTime });
    return connectNode("home", "hardhat node", node);
  }
  const node = await startAnvil({ chainId: HOME_CHAIN_ID, blockTime, slotsInAnEpoch, args: ["--accounts", "20"] });
  return connectNode("home", "anvil", node);
}

async function startAway({ blockTime }: LocalNetworkOptions): Promise<Node> {
  return connectNode("away", "hardhat node", await startHardhatNode({ chainId: AWAY_CHAIN_ID, blockTime }));
}

function connectNode(name: string, program: string, node: LocalNode): Node {
  const provider = new JsonRpcProvider(node.url, node.chainId, {
    staticNetwork: true,
    batchMaxCount: 1,
    cacheTimeout: -1,
    polling: true,
    pollingInterval: 100,
  });
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), "m/44'/60'/0'/0");
  const accounts = new Map<number, NonceManager>();
  const account = (index: number): NonceManager => {
    const known = accounts.get(index) ?? new NonceManager(new Wallet(root.deriveChild(index).privateKey, provider));
    accounts.set(index, known);
    return known;
  };
  return { name, program, node, provider, account };
}

/** What one operator owns before it registers. */
export interface LocalOperator {
  readonly name: string;
  readonly directory: string;
  readonly index: number;
  readonly attester: BaseWallet;
  readonly sender: BaseWallet;
  readonly url: string;
  readonly port: number;
  readonly peers: readonly string[];
}

async function makeOperators({ directory, operators }: LocalNetworkOptions, home: Node): Promise<LocalOperator[]> {
  const ports = await Promise.all(Array.from({ length: operators }, freePort));
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  return Promise.all(
    ports.map(async (port, index) => {
      const folder = join(directory, `operator-${index + 1}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "password"), KEY_PASSWORD, { mode: 0o600 });
      const attester = Wallet.createRandom();
      const sender = Wallet.createRandom(home.provider);
      await writeKeystore(join(folder, "signer.json"), attester.privateKey, KEY_PASSWORD, { light: true });
      await writeKeystore(join(folder, "sender.json"), sender.privateKey, KEY_PASSWORD, { light: true });
      return {
        name: `operator-${index + 1}`,
        directory: folder,
        index: ACCOUNTS.operators + index,
        attester,
        sender,
        url: urls[index] as string,
        port,
        peers: urls.filter((_, other) => other !== index),
      };
    }),
  );
}

async function deployBoth(
  { directory, onProgress }: LocalNetworkOptions,
  home: Node,
  away: Node,
  operators: readonly LocalOperator[],
  artifacts: ArtifactSource,
): Promise<{ readonly home: LocalChain; readonly away: LocalChain }> {
  const address = (index: number): Promise<string> => home.account(index).getAddress();
  const common = { multisig: await address(ACCOUNTS.multisig), guardian: await address(ACCOUNTS.guardian) };
  const optionsOf = (node: Node, parameters: DeploymentParameters): DeploymentOptions => ({
    signer: node.account(ACCOUNTS.deployer),
    parameters,
    // So that tasks find the contracts while the network runs.
    recorder: fileRecorder(join(directory, `${node.name}.json`)),
    artifacts,
  });

  const homeOptions = optionsOf(
    home,
    localParameters({
      ...common,
      chainId: BigInt(home.node.chainId),
      sequencer: await address(ACCOUNTS.sequencer),
      genesis: { operators: await Promise.all(operators.map(({ index }) => address(index))) },
    }),
  );
  const homeDeployment = await deployChain(homeOptions);
  const registry = homeDeployment.validatorRegistry;
  if (registry === undefined) throw new Error("the home chain has no validator registry");
  await Promise.all([
    ...operators.map(({ index, attester, url }) =>
      registerOperator(homeDeployment, { operator: home.account(index), attester, endpoint: url }),
    ),
    ...[home, away].map((node) => fundSenders(node, operators)),
  ]);
  const epoch = await publishEpoch(registry, home.account(ACCOUNTS.deployer));
  const genesis = await genesisOf(epoch, away.provider);
  onProgress(`home: contracts deployed, ${operators.length} operators registered, epoch ${genesis.epoch} published`);

  const awayOptions = optionsOf(away, localParameters({ ...common, chainId: BigInt(away.node.chainId), genesis }));
  const awayDeployment = await deployChain(awayOptions);
  const laneTo = async (deployment: Deployment, chainId: number): Promise<Parameters<typeof openLane>[1]> => ({
    chainId: BigInt(chainId),
    gateway: await deployment.gateway.getAddress(),
    limits: LOCAL_LANE_LIMITS,
  });
  await Promise.all([
    openLane(homeOptions, await laneTo(awayDeployment, away.node.chainId)).then(() => handOver(homeOptions)),
    openLane(awayOptions, await laneTo(homeDeployment, home.node.chainId)).then(() => handOver(awayOptions)),
  ]);
  onProgress("away: contracts deployed; lanes open both ways; the deployer holds nothing any more");
  return { home: { ...home, deployment: homeDeployment }, away: { ...away, deployment: awayDeployment } };
}

/** With its bond paid, from the account that the deployment admitted. */
async function startSequencer(
  { directory, blockTime }: LocalNetworkOptions,
  home: LocalChain,
  operators: readonly LocalOperator[],
): Promise<RelayerProcess> {
  const { rollup } = home.deployment;
  if (rollup === undefined) throw new Error("the home chain has no rollup");
  const account = home.account(ACCOUNTS.sequencer);
  await (await rollup.rollup.connect(account).payBond({ value: await rollup.rollup.BOND() })).wait();
  const port = await freePort();
  const folder = join(directory, "sequencer");
  mkdirSync(folder, { recursive: true });
  const yaml = sequencerFile({
    chain: chainFile(home),
    rollup: rollupFile(home, blockTime),
    privateKey: (account.signer as Wallet).privateKey,
    port,
    peers: operators.map(({ url }) => url),
  });
  const url = `http://127.0.0.1:${port}`;
  const sequencer = await startRelayerProcess(stringify(yaml), { name: "sequencer", url, directory: folder });
  await takesTransactions(url);
  return sequencer;
}

/** What another terminal has to know, so that tasks with `--network localhost` find the home chain and layer 2. */
function writeEnvironment(
  directory: string,
  { name, node }: LocalChain,
  sequencer: RelayerProcess | undefined,
): string {
  const variables = {
    LOCALHOST_RPC: node.url,
    LOCALHOST_DEPLOYMENT: join(directory, `${name}.json`),
    ...(sequencer !== undefined && { SEQUENCER_URL: sequencer.url }),
  };
  const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;
  const lines = Object.entries(variables).map(([key, value]) => `export ${key}=${quoted(value)}\n`);
  const file = join(directory, "environment.sh");
  writeFileSync(file, lines.join(""));
  return file;
}

/** It listens before it knows what layer 1 has, and is ready once it takes transactions. */
async function takesTransactions(url: string): Promise<void> {
  const deadline = Date.now() + SEQUENCER_START_MS;
  while (!(await fetch(`${url}/ready`)).ok) {
    if (Date.now() > deadline) throw new Error(`the sequencer at ${url} takes nothing yet: ${url}/ready says why`);
    await delay(SEQUENCER_LOOK_MS);
  }
}

async function fundSenders(node: Node, operators: readonly LocalOperator[]): Promise<void> {
  const bank = node.account(ACCOUNTS.deployer);
  const sent = [];
  for (const { sender } of operators) {
    sent.push(await bank.sendTransaction({ to: sender.address, value: parseEther("100") }));
  }
  await Promise.all(sent.map((transaction) => transaction.wait()));
}

function chainFile(local: LocalChain): Record<string, unknown> {
  return {
    name: local.name,
    chainId: local.node.chainId,
    endpoints: [local.node.url],
    quorum: 1,
    gateway: local.deployment.record.contracts.Gateway?.address,
    startBlock: local.deployment.record.contracts.Gateway?.block ?? 0,
    pollMs: 100,
    maxGasPriceGwei: 100,
  };
}

function rollupFile(home: LocalChain, blockTime: number): Record<string, unknown> {
  const { Rollup } = home.deployment.record.contracts;
  return { chain: home.name, address: Rollup?.address, startBlock: Rollup?.block ?? 0, pollMs: 1_000 * blockTime };
}

/** The YAML file that an operator would write by hand. */
function configure(
  operator: LocalOperator,
  home: LocalChain,
  away: LocalChain,
  { layer2 = false, blockTime }: LocalNetworkOptions,
): string {
  const registry = home.deployment.record.contracts.ValidatorRegistry?.address;
  const liveness = home.deployment.record.contracts.Liveness?.address;
  const challenger = layer2 && operator.index === ACCOUNTS.operators;
  return stringify({
    operator: operator.name,
    roles: { attestor: true, deliverer: true, certifier: layer2, challenger },
    send: true,
    chains: [{ ...chainFile(home), registry, liveness }, chainFile(away)],
    lanes: [[home.name, away.name]],
    ...(layer2 ? { rollup: rollupFile(home, blockTime) } : {}),
    signer: { keystore: "signer.json", passwordFile: "password" },
    sender: { keystore: "sender.json", passwordFile: "password" },
    store: { sqlite: "relayer.sqlite" },
    api: { host: "127.0.0.1", port: operator.port, publicEndpoint: operator.url },
    peers: { static: operator.peers },
  });
}
