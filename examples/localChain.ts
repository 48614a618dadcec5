import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  ContractFactory,
  HDNodeWallet,
  JsonRpcProvider,
  Mnemonic,
  ZeroAddress,
  type Contract,
  type InterfaceAbi,
  type Signer,
} from "ethers";
import { anvilInstalled, nodeRpc, startAnvil, startHardhatNode } from "../scripts/local/nodes";

/** The usual test mnemonic: its accounts have coins on every local node, and nowhere else. */
const MNEMONIC = Mnemonic.fromPhrase("test test test test test test test test test test test junk");
const CHAIN_ID = 31_337;
/** Of each pot of a session, in hundredths of a percent. */
export const RAKE_BPS = 500n;

/** A chain to try things on, with what the examples need deployed on it. */
export interface LocalChain {
  readonly rpc: string;
  readonly provider: JsonRpcProvider;
  readonly chainId: bigint;
  readonly gameId: bigint;
  /** The rules as the registry has them. */
  readonly rules: string;
  readonly channels: string;
  readonly engine: string;
  deploy(name: string, args: readonly unknown[]): Promise<Contract>;
  /** Lets the chain's clock go on. */
  wait(seconds: bigint): Promise<void>;
  stop(): Promise<void>;
}

/** The secret of one of the test accounts. */
export function secretOf(account: number): string {
  return HDNodeWallet.fromMnemonic(MNEMONIC, `m/44'/60'/0'/0/${account}`).privateKey;
}

export function providerOf(rpc: string): JsonRpcProvider {
  return new JsonRpcProvider(rpc, undefined, { batchMaxCount: 1, cacheTimeout: -1, pollingInterval: 50 });
}

/** Uses the local node at `EXAMPLE_RPC`, or starts one: anvil where it is installed, else Hardhat's. */
export async function startLocalChain(): Promise<LocalChain> {
  const given = process.env.EXAMPLE_RPC;
  const start = anvilInstalled() ? startAnvil : startHardhatNode;
  const node = given === undefined ? await start({ chainId: CHAIN_ID }) : undefined;
  const rpc = given ?? (node?.url as string);
  const provider = providerOf(rpc);
  const deployer = await provider.getSigner(0);
  const deploy = (name: string, args: readonly unknown[]): Promise<Contract> => deployFrom(deployer, name, args);

  const manager = await deploy("AccessManager", [await deployer.getAddress()]);
  const registry = await deploy("GameRegistry", [manager, 7_000, 2_000, 1_000]);
  const channels = await deploy("StateChannels", [registry]);
  const rules = await deploy("TicTacToe", []);
  await (await registry.getFunction("registerGame")(rules, RAKE_BPS, "ipfs://tic-tac-toe")).wait();
  // Nobody stakes on this chain: any contract stands for the pools that the rake would stream to.
  const shares = { treasury: await deployer.getAddress(), nodeShareBps: 6_000, tokens: [BNB] };
  const splitter = await deploy("RevenueSplitter", [manager, registry, registry, shares]);
  const revenue = await deploy("GameRevenue", [manager, registry, splitter]);
  const engine = await deploy("GameEngine", [registry, revenue]);
  const gameId = (await registry.getFunction("gameCount")()) as bigint;
  return {
    rpc,
    provider,
    chainId: (await provider.getNetwork()).chainId,
    gameId,
    rules: (await registry.getFunction("rulesForNew")(gameId)) as string,
    channels: await channels.getAddress(),
    engine: await engine.getAddress(),
    deploy,
    async wait(seconds) {
      await nodeRpc(rpc, "evm_increaseTime", [Number(seconds)]);
      await nodeRpc(rpc, "evm_mine");
    },
    async stop() {
      provider.destroy();
      await node?.stop();
    },
  };
}

const SOURCES: Readonly<Record<string, string>> = {
  AccessManager: "@openzeppelin/contracts/access/manager/AccessManager.sol",
  GameRegistry: "contracts/game/GameRegistry.sol",
  RevenueSplitter: "contracts/staking/RevenueSplitter.sol",
  GameRevenue: "contracts/game/GameRevenue.sol",
  GameEngine: "contracts/game/GameEngine.sol",
  StateChannels: "contracts/game/StateChannels.sol",
  TicTacToe: "contracts/game/samples/TicTacToe.sol",
};

async function deployFrom(signer: Signer, name: string, args: readonly unknown[]): Promise<Contract> {
  const path = resolve(__dirname, `../artifacts/${SOURCES[name]}/${name}.json`);
  const { abi, bytecode } = JSON.parse(readFileSync(path, "utf8")) as { abi: InterfaceAbi; bytecode: string };
  const contract = await new ContractFactory(abi, bytecode, signer).deploy(...args);
  await contract.waitForDeployment();
  return contract as Contract;
}

export const BNB = ZeroAddress;
