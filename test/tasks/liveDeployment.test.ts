import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { JsonRpcProvider, Network, Wallet, id, parseEther, parseUnits, toQuantity } from "ethers";
import type { DeploymentRecord } from "../../deploy/record";
import { writeKeystore } from "../../relayer/keystore";
import { startAnvil, type LocalNode } from "../../scripts/local/nodes";
import { hardhat } from "../support/commandLine";
import { startExplorerStub, type ExplorerStub } from "../support/explorerStub";
import { recordFile } from "./support";

const CHAIN_ID = 97;
const LEAST_GAS_PRICE = parseUnits("0.1", "gwei");
const MAX_TRANSACTION_GAS = 16_777_216n;
const account = (name: string): string => new Wallet(id(name)).address;

describe("npx hardhat on a chain with BSC's rules", () => {
  let node: LocalNode;
  let explorer: ExplorerStub;
  let provider: JsonRpcProvider;
  afterEach(async () => {
    provider.destroy();
    await Promise.all([node.stop(), explorer.stop()]);
  });

  it("deploys by a keystore, goes on after a kill, does nothing twice, and shows and publishes what is there", async () => {
    const rules = ["--base-fee", "0", "--gas-price", `${LEAST_GAS_PRICE}`, "--enable-tx-gas-limit"];
    node = await startAnvil({ chainId: CHAIN_ID, hardfork: "osaka", blockTime: 0.1, args: rules });
    explorer = await startExplorerStub({ apiKey: "a key", chainId: `${CHAIN_ID}` });
    const options = { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 } as const;
    provider = new JsonRpcProvider(node.url, Network.from(CHAIN_ID), options);
    const deployer = new Wallet(id("a deployer with a keystore"));
    const file = await recordFile();
    const [keystore, password] = [join(dirname(file), "deployer.json"), join(dirname(file), "password")];
    await writeKeystore(keystore, deployer.privateKey, "secret", { light: true });
    await writeFile(password, "secret\n", { mode: 0o600 });
    const { timestamp } = await node.rpc<{ timestamp: string }>("eth_getBlockByNumber", ["latest", false]);
    const environment = {
      BSC_TESTNET_RPC: node.url,
      KEYSTORE: keystore,
      KEYSTORE_PASSWORD_FILE: password,
      // As a copy of .env.example sets them.
      DEPLOYER_KEY: "",
      CUSTOM_RPC: "",
      MULTISIG: account("multisig"),
      GUARDIAN: account("guardian"),
      // A business chain, for the sake of time: it has three contracts.
      HOME_CHAIN: "false",
      GENESIS_EPOCH: "1",
      GENESIS_VALID_UNTIL: `${Number(timestamp) + 500_000}`,
      GENESIS_SIGNERS: ["a", "b", "c", "d"].map(account).join(","),
      LANES: `56:${account("gateway")}`,
      ETHERSCAN_API_KEY: "a key",
      ETHERSCAN_API_URL: explorer.url,
    };
    const task = (name: string, killAt?: string): ReturnType<typeof hardhat> => {
      const args = [name, "--no-compile", "--network", "bscTestnet", "--deployment", file];
      const own: Readonly<Record<string, readonly string[]>> = { deploy: ["--yes"], "verify:all": ["--rate", "100"] };
      return hardhat([...args, ...(own[name] ?? [])], environment, killAt);
    };

    const poor = await task("deploy");
    expect(poor.code, poor.output).to.equal(1);
    expect(poor.output).to.contain(`${deployer.address} holds 0.0 coins`);
    expect(await provider.getTransactionCount(deployer.address)).to.equal(0);

    await node.rpc("anvil_setBalance", [deployer.address, toQuantity(parseEther("10"))]);
    const killed = await task("deploy", "create AccessManager: ");
    expect(killed.code, killed.output).to.equal(null);
    const done = await task("deploy");
    expect(done.code, done.output).to.equal(0);
    expect(done.output)
      .to.match(/, [12] exist/)
      .and.not.match(/create AccessManager: \d+ gas/);
    expect(done.output).to.contain("holds no role");

    const record = JSON.parse(await readFile(file, "utf8")) as DeploymentRecord;
    expect(record.handedOver).to.equal(true);
    let spent = 0n;
    const count = await provider.getTransactionCount(deployer.address);
    for (let block = await provider.getBlockNumber(), seen = 0; seen < count; block--) {
      for (const sent of (await provider.getBlock(block, true))?.prefetchedTransactions ?? []) {
        if (sent.from !== deployer.address) continue;
        const receipt = await provider.getTransactionReceipt(sent.hash);
        expect(receipt?.status).to.equal(1);
        expect(receipt?.gasPrice ?? 0n).to.be.at.least(LEAST_GAS_PRICE);
        expect(sent.gasLimit).to.be.at.most(MAX_TRANSACTION_GAS);
        spent += receipt?.gasUsed ?? 0n;
        seen++;
      }
    }
    const [, announced] = /at most (\d+) gas/.exec(killed.output) ?? [];
    expect(BigInt(announced ?? 0)).to.be.at.least(spent);
    const contracts = Object.values(record.contracts);
    for (const contract of contracts) {
      expect(contract.compiler).to.match(/^0\.8\.30\+commit\.[0-9a-f]{8}$/);
      expect(contract.commit ?? "0".repeat(40)).to.match(/^[0-9a-f]{40}(-dirty)?$/);
    }

    const [again, state, roles, sources] = await Promise.all([
      task("deploy"),
      task("verify:state"),
      task("roles"),
      task("verify:all"),
    ]);
    expect(again.code, again.output).to.equal(0);
    expect(await provider.getTransactionCount(deployer.address)).to.equal(count);
    expect(state.code, state.output).to.equal(0);
    expect(roles.code, roles.output).to.equal(0);
    expect(roles.output).to.match(/ok +LANE_ADMIN +Gateway\.addLane +0x\w{40} multisig +86400 s/);
    expect(sources.code, sources.output).to.equal(0);
    expect(sources.output).to.contain(`${contracts.length} contracts are verified`);
    expect([...explorer.sources.keys()]).to.have.members(contracts.map(({ address }) => address));
  });
});
