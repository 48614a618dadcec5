import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { Wallet, id, toQuantity, parseEther } from "ethers";
import type { DeploymentRecord } from "../../deploy/record";
import { startAnvil, type LocalNode } from "../../scripts/local/nodes";
import { hardhat } from "../support/commandLine";
import { recordFile } from "./support";

const account = (name: string): string => new Wallet(id(name)).address;

describe("npx hardhat", () => {
  let node: LocalNode;
  afterEach(() => node.stop());

  it("deploys on a local node, does nothing twice, and reads the state back", async () => {
    node = await startAnvil({ chainId: 31_337 });
    const environment = { LOCALHOST_RPC: node.url };
    const common = ["--network", "localhost", "--deployment", await recordFile()];

    const first = await hardhat(["deploy", "--no-compile", ...common], environment);
    expect(first.code, first.output).to.equal(0);
    expect(first.output).to.match(/Gateway\s+0x[0-9a-fA-F]{40}/);

    const second = await hardhat(["deploy", "--no-compile", ...common], environment);
    expect(second.code, second.output).to.equal(0);
    expect(second.output).to.contain("create Gateway: done before").and.not.contain(" gas, ");

    const state = await hardhat(["verify:state", "--no-compile", ...common], environment);
    expect(state.code, state.output).to.equal(0);
    expect(state.output).to.contain("none differs");
  });

  it("asks on a live network, refuses without an answer, and deploys with --yes", async () => {
    node = await startAnvil({ chainId: 5_611, blockTime: 0.1 });
    const deployer = new Wallet(id("a deployer of one's own"));
    await node.rpc("anvil_setBalance", [deployer.address, toQuantity(parseEther("10"))]);
    const { timestamp } = await node.rpc<{ timestamp: string }>("eth_getBlockByNumber", ["latest", false]);
    const environment = {
      CUSTOM_RPC: node.url,
      CUSTOM_CHAIN_ID: "5611",
      DEPLOYER_KEY: deployer.privateKey,
      MULTISIG: account("multisig"),
      GUARDIAN: account("guardian"),
      GENESIS_EPOCH: "1",
      GENESIS_VALID_UNTIL: `${Number(timestamp) + 500_000}`,
      GENESIS_SIGNERS: ["a", "b", "c", "d"].map(account).join(","),
      LANES: `97:${account("gateway")}`,
    };
    const file = await recordFile();
    const args = ["deploy", "--no-compile", "--network", "custom", "--deployment", file];

    const unasked = await hardhat(args, environment);
    expect(unasked.code).to.equal(1);
    expect(unasked.output).to.contain("add --yes to go on");

    const done = await hardhat([...args, "--yes"], environment);
    expect(done.code, done.output).to.equal(0);
    const record = JSON.parse(await readFile(file, "utf8")) as DeploymentRecord;
    expect(record.handedOver).to.equal(true);
    expect(record.lanes.map(({ chainId }) => chainId)).to.deep.equal(["97"]);
  });
});
