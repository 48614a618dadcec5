import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { MaxUint256, Wallet, parseEther } from "ethers";
import { deploy, type Deployment } from "../../deploy/deployment";
import { fileRecorder } from "../../deploy/record";
import type { NodeResult } from "../../tasks/node/openedNode";
import { businessParameters, homeParameters, optionsFor, startValidators } from "../support/deployment";
import { recordFile, refusal, run } from "./support";

const DAY = 86_400n;
const LOCK = 730n * DAY;

interface NodesFixture {
  readonly deployment: Deployment;
  readonly file: string;
}

/** The vault funds 1,000 days of 1 COS a second. */
async function funded(): Promise<NodesFixture> {
  const file = await recordFile();
  const deployment = await deploy({ ...(await optionsFor(await homeParameters())), recorder: fileRecorder(file) });
  const { nodeStaking, token } = deployment;
  if (nodeStaking === undefined || token === undefined) throw new Error("no nodes");
  const address = await token.ecosystemVault.getAddress();
  await setBalance(address, parseEther("100"));
  const vault = await ethers.getImpersonatedSigner(address);
  await token.cos.connect(vault).approve(nodeStaking, MaxUint256);
  const duration = 1_000n * DAY;
  await nodeStaking.connect(vault).fund(parseEther(`${duration}`), BigInt(await time.latest()) + duration);
  return { deployment, file };
}

function inWords(seconds: bigint): string {
  return new Date(Number(seconds) * 1_000).toISOString();
}

describe("the tasks of nodes", () => {
  it("pledge, claim, renew and withdraw, each not before its time", async () => {
    const { deployment, file } = await loadFixture(funded);
    const pool = deployment.nodeStaking!;
    const { position, end } = await run<NodeResult>(file, "node:pledge", { kind: "cellular", from: "9" });
    expect(end).to.equal(BigInt(await time.latest()) + LOCK);
    const args = { position: `${position}`, from: "9" };
    for (const name of ["node:claim", "node:withdraw", "node:repledge"]) {
      expect(await refusal(run(file, name, args))).to.contain(inWords(end));
    }
    await time.increaseTo(end);
    const receiver = Wallet.createRandom().address;
    const reward = await run<bigint>(file, "node:claim", { ...args, to: receiver });
    expect(reward).to.be.closeTo(parseEther(`${LOCK}`), parseEther("10"));
    expect(await deployment.token?.cos.balanceOf(receiver)).to.equal(reward);

    const renewed = await run<NodeResult>(file, "node:repledge", args);
    expect(renewed).to.deep.equal({ position: position + 1n, end: BigInt(await time.latest()) + LOCK });
    expect(await refusal(run(file, "node:withdraw", args))).to.contain("holds nothing any more");
    expect(await refusal(run(file, "node:repledge", args))).to.contain("it was renewed");

    await time.increaseTo(renewed.end);
    const paid = await run<bigint>(file, "node:withdraw", { position: `${renewed.position}`, from: "9", to: receiver });
    expect(paid).to.equal(parseEther("1"));
    expect(await ethers.provider.getBalance(receiver)).to.equal(parseEther("1"));
    expect(await pool.totalPrincipal()).to.equal(0);
  });

  it("refuse an unknown kind, a core node too early, and rewards that end too early", async () => {
    const { file } = await loadFixture(funded);
    const pledge = (args: Readonly<Record<string, string>>): Promise<unknown> =>
      run(file, "node:pledge", { from: "9", ...args });
    expect(await refusal(pledge({ kind: "big" }))).to.equal("--kind big: not one of cellular, core");
    expect(await refusal(pledge({ kind: "core" }))).to.contain("once every cellular place has been taken");
    const rewardsUntil = `${BigInt(await time.latest()) + 1_001n * DAY}`;
    expect(await refusal(pledge({ kind: "cellular", rewardsUntil }))).to.contain("the rewards are funded until then");
  });

  it("refuse another's node, and the bond of a validator", async () => {
    const { deployment, file } = await loadFixture(funded);
    await startValidators(deployment);
    await time.increase(2n * LOCK);
    // Account 3 is the first operator.
    expect(await refusal(run(file, "node:withdraw", { position: "1", from: "3" }))).to.contain("behind a validator");
    expect(await refusal(run(file, "node:claim", { position: "1", from: "9" }))).to.contain("see --from");
    expect(await refusal(run(file, "node:claim", { position: "9", from: "9" }))).to.contain("there are 1 to 4");
  });

  it("refuse on a chain without nodes", async () => {
    const file = await recordFile();
    await deploy({ ...(await optionsFor(await businessParameters())), recorder: fileRecorder(file) });
    expect(await refusal(run(file, "node:claim", { position: "1" }))).to.contain("on the home chain");
  });
});
