import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { MaxUint256, parseEther } from "ethers";
import { deploy, type Deployment } from "../../deploy/deployment";
import { fileRecorder } from "../../deploy/record";
import type { PledgeResult } from "../../tasks/cos/pledge";
import type { WithdrawResult } from "../../tasks/cos/withdraw";
import { businessParameters, homeParameters, optionsFor } from "../support/deployment";
import { recordFile, refusal, run } from "./support";

const DAY = 86_400n;

interface PledgesFixture {
  readonly deployment: Deployment;
  readonly file: string;
  readonly pledge: (args: Readonly<Record<string, string>>) => Promise<PledgeResult>;
}

/** The vault funds 1,000 days of 1 COS a second, and account 5 has 1,000 COS. */
async function funded(): Promise<PledgesFixture> {
  const file = await recordFile();
  const deployment = await deploy({ ...(await optionsFor(await homeParameters())), recorder: fileRecorder(file) });
  const { cosStaking, token } = deployment;
  if (cosStaking === undefined || token === undefined) throw new Error("no COS");
  const address = await token.ecosystemVault.getAddress();
  await setBalance(address, parseEther("100"));
  const vault = await ethers.getImpersonatedSigner(address);
  await token.cos.connect(vault).transfer((await ethers.getSigners())[5]!, parseEther("1000"));
  await token.cos.connect(vault).approve(cosStaking, MaxUint256);
  const duration = 1_000n * DAY;
  const end = BigInt(await time.latest()) + duration;
  await cosStaking.connect(vault).fund(parseEther(`${duration}`), end);
  return { deployment, file, pledge: (args) => run(file, "cos:pledge", { from: "5", ...args }) };
}

describe("the tasks of pledges", () => {
  it("pledge, claim and withdraw after the term, by days", async () => {
    const { deployment, file, pledge } = await loadFixture(funded);
    const { position, end } = await pledge({ amount: "250.5", term: "90" });
    const pool = deployment.cosStaking!;
    expect(await pool.principalOf(position)).to.equal(parseEther("250.5"));
    expect(await pool.termOf(await pool.termIndexOf(position))).to.deep.equal([90n * DAY, 13_698n]);
    for (const name of ["cos:claim", "cos:withdraw"]) {
      expect(await refusal(run(file, name, { position: `${position}`, from: "5" }))).to.contain(
        new Date(Number(end) * 1_000).toISOString(),
      );
    }
    await time.increaseTo(end);
    const receiver = ethers.Wallet.createRandom().address;
    const reward = await run<bigint>(file, "cos:claim", { position: `${position}`, to: receiver, from: "5" });
    expect(reward).to.be.closeTo(parseEther(`${90n * DAY}`), parseEther("1"));
    const paid = await run<WithdrawResult>(file, "cos:withdraw", { position: `${position}`, to: receiver, from: "5" });
    expect(paid).to.deep.equal({ outcome: "paid", amount: parseEther("250.5") });
    expect(await deployment.token?.cos.balanceOf(receiver)).to.equal(reward + parseEther("250.5"));
    expect(await refusal(run(file, "cos:withdraw", { position: `${position}`, from: "5" }))).to.contain("already");
    expect(await refusal(run(file, "cos:claim", { position: `${position}`, from: "5" }))).to.contain("paid already");
  });

  it("leave an open-ended pledge first, and pay it when run again after the cooldown", async () => {
    const { file, pledge } = await loadFixture(funded);
    const { position } = await pledge({ amount: "100", term: "open" });
    const args = { position: `${position}`, from: "5" };
    const left = await run<WithdrawResult>(file, "cos:withdraw", args);
    if (left.outcome !== "leaving") throw new Error(left.outcome);
    expect(await refusal(run(file, "cos:withdraw", args))).to.contain(
      new Date(Number(left.withdrawableAt) * 1_000).toISOString(),
    );
    await run(file, "cos:claim", args);
    await time.increaseTo(left.withdrawableAt);
    expect(await run<WithdrawResult>(file, "cos:withdraw", args)).to.deep.equal({
      outcome: "paid",
      amount: parseEther("100"),
    });
  });

  it("take terms of hours, and refuse one that there is not", async () => {
    const { file, pledge } = await loadFixture(funded);
    const { end } = await pledge({ amount: "100", term: "1h" });
    expect(end).to.equal(BigInt(await time.latest()) + 3_600n);
    expect(await refusal(run(file, "cos:pledge", { amount: "100", term: "91d", from: "5" }))).to.equal(
      "--term 91d: not one of open, 1h, 90d, 180d, 365d, 730d",
    );
  });

  it("refuse too little, more than there is, and rewards that end too early", async () => {
    const { pledge } = await loadFixture(funded);
    expect(await refusal(pledge({ amount: "99.9", term: "90d" }))).to.contain("at least 100.0 COS");
    expect(await refusal(pledge({ amount: "1000.1", term: "90d" }))).to.contain("has 1000.0 COS");
    const late = `${BigInt(await time.latest()) + 1_001n * DAY}`;
    expect(await refusal(pledge({ amount: "100", term: "90d", rewardsUntil: late }))).to.contain(
      "the rewards are funded until then",
    );
  });

  it("refuse another's position, and one that there is not", async () => {
    const { file, pledge } = await loadFixture(funded);
    await pledge({ amount: "100", term: "90d" });
    expect(await refusal(run(file, "cos:withdraw", { position: "1", from: "6" }))).to.contain("see --from");
    for (const position of ["0", "2"]) {
      expect(await refusal(run(file, "cos:claim", { position, from: "5" }))).to.contain("there are 1 to 1");
    }
  });

  it("refuse on a chain without COS", async () => {
    const file = await recordFile();
    await deploy({ ...(await optionsFor(await businessParameters())), recorder: fileRecorder(file) });
    expect(await refusal(run(file, "cos:claim", { position: "1" }))).to.contain("on the home chain");
  });
});
