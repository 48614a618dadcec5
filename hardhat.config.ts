import { existsSync, readdirSync } from "node:fs";
import "@nomicfoundation/hardhat-toolbox";
import "hardhat-contract-sizer";
import { subtask, type HardhatUserConfig } from "hardhat/config";
import {
  TASK_COMPILE_SOLIDITY_CHECK_ERRORS,
  TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD,
} from "hardhat/builtin-tasks/task-names";
import type { NetworksUserConfig, SolcUserConfig } from "hardhat/types";
import { version as solcVersion } from "solc/package.json";
import "./tasks";

/** The compiler is the npm package `solc`: a build downloads nothing. */
const SOLC_VERSION = "0.8.30";

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async (args: { solcVersion: string }) => {
  if (args.solcVersion !== solcVersion) {
    throw new Error(`solc ${args.solcVersion} is not installed: package.json pins solc ${solcVersion}`);
  }
  return {
    compilerPath: require.resolve("solc/soljson.js"),
    isSolcJs: true,
    version: solcVersion,
    longVersion: solcVersion,
  };
});

// solidity-coverage instruments the sources and would overwrite the main build: it gets folders of its own.
const coverage = process.argv.includes("coverage");
const buildRoot = coverage ? ".coverage/" : "";

interface CompilerMessages {
  readonly errors?: readonly { readonly errorCode?: string; readonly sourceLocation?: { readonly file: string } }[];
}

// A warning fails the compilation. Of instrumented sources the compiler says more than of ours. One warning is known:
// transient storage outlives a call; OpenZeppelin clears what its reentrancy guard keeps there.
if (!coverage) {
  subtask(
    TASK_COMPILE_SOLIDITY_CHECK_ERRORS,
    async (args: { output: CompilerMessages; quiet: boolean }, _hre, runSuper): Promise<unknown> => {
      const known = "@openzeppelin/contracts/utils/TransientSlot.sol";
      const errors = (args.output.errors ?? [])
        .filter(({ errorCode, sourceLocation }) => errorCode !== "2394" || sourceLocation?.file !== known)
        .map((message) => ({ ...message, severity: "error" }));
      return runSuper({ ...args, output: { ...args.output, errors } });
    },
  );
}

/** A variable that is set to nothing, as in a copy of .env.example, counts as absent. */
const given = (value: string | undefined): string | undefined => (value === "" ? undefined : value);

/** Keystores and wallets are opened by the tasks that send; a bare key is Hardhat's to hold. */
const bareKey = given(process.env.DEPLOYER_KEY);
const accounts = bareKey === undefined ? [] : [bareKey];

const networks: NetworksUserConfig = {
  hardhat: { hardfork: "prague" },
  localhost: { url: given(process.env.LOCALHOST_RPC) ?? "http://127.0.0.1:8545" },
  bscTestnet: {
    url: given(process.env.BSC_TESTNET_RPC) ?? "https://data-seed-prebsc-1-s1.bnbchain.org:8545",
    chainId: 97,
    accounts,
  },
  bsc: { url: given(process.env.BSC_RPC) ?? "https://bsc-dataseed.bnbchain.org", chainId: 56, accounts },
};

// One generic network, so that a lane can be tried between any two public chains.
const customUrl = given(process.env.CUSTOM_RPC);
if (customUrl !== undefined) {
  if (!process.env.CUSTOM_CHAIN_ID) {
    throw new Error("CUSTOM_RPC is set but CUSTOM_CHAIN_ID is not: set it to the chain id of that endpoint");
  }
  networks.custom = { url: customUrl, chainId: Number(process.env.CUSTOM_CHAIN_ID), accounts };
}

const solc = (runs: number): SolcUserConfig => ({
  version: SOLC_VERSION,
  settings: {
    evmVersion: "cancun",
    viaIR: false,
    optimizer: { enabled: true, runs },
    outputSelection: { "*": { "*": ["storageLayout"] } },
  },
});

/** Games: without the metadata behind the code, which is no code that the registry admits. */
const pureSolc: SolcUserConfig = {
  version: SOLC_VERSION,
  settings: { ...(solc(1_000).settings as object), metadata: { appendCBOR: false } },
};
const GAME_FOLDERS: readonly string[] = ["contracts/game/samples", "contracts/games"];
const PURE_SOURCES: readonly string[] = GAME_FOLDERS.filter((folder) => existsSync(`${__dirname}/${folder}`))
  .flatMap((folder) => readdirSync(`${__dirname}/${folder}`).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith(".sol"))
  .concat("contracts/mocks/PuppetGameMock.sol", "contracts/mocks/ScriptedGameMock.sol");

const config: HardhatUserConfig = {
  solidity: {
    compilers: [solc(1_000)],
    // At 1,000 the code would exceed what a contract may have, for a few units of gas.
    overrides: {
      "contracts/crosschain/Gateway.sol": solc(800),
      // Its posting is the cost of every transaction of layer 2, and its code has room.
      "contracts/rollup/Rollup.sol": solc(20_000),
      ...Object.fromEntries(PURE_SOURCES.map((source) => [source, pureSolc])),
    },
  },
  networks,
  paths: {
    artifacts: `${buildRoot}artifacts`,
    cache: `${buildRoot}cache`,
  },
  typechain: { outDir: `${buildRoot}typechain-types`, target: "ethers-v6" },
  gasReporter: { enabled: process.env.REPORT_GAS === "true", offline: true, excludeContracts: ["mocks/"] },
  contractSizer: { strict: true, except: ["mocks/"] },
  // Two files at a time, each worker with a chain of its own. The time limit ends what hangs; it measures nothing.
  mocha: { timeout: 600_000, jobs: 2 },
};

export default config;
