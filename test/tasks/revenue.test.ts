import { expect } from "chai";
import { ethers } from "hardhat";
import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { ZeroAddress, ZeroHash, parseEther } from "ethers";
import { deploy } from "../../deploy/deployment";
import { fileRecorder } from "../../deploy/record";
import { ROLES } from "../../deploy/roles";
import type { OpenEpochs } from "../../tasks/revenue/closeEpoch";
import type { Payment } from "../../tasks/revenue/withdraw";
import { businessParameters, optionsFor, parts } from "../support/deployment";
import { recordFile, refusal, run, running, type TasksFixture } from "./support";

const EPOCH = 604_800n;
const RECEIVER = "0x2000000000000000000000000000000000000002";
const SALE = parseEther("1000");
/** The first operator's account; its node is the first position. */
const OPERATOR = "3";

/** A running home chain on which a game of the first account has sold something for BNB. */
async function sold(): Promise<TasksFixture> {
  // Other tests pay the same account.
  await setBalance(RECEIVER, 0n);
  const fixture = await running();
  const { accessManager, revenueSplitter } = fixture.deployment;
  if (revenueSplitter === undefined) throw new Error("not the home chain");
  const { deployer, multisig, user } = await parts();
  const role = ROLES.find(({ name }) => name === "CREDITOR")?.id ?? 0n;
  const grant = accessManager.interface.encodeFunctionData("grantRole", [role, await user.getAddress(), 0]);
  await accessManager.connect(multisig).schedule(accessManager, grant, 0);
  await time.increase(61);
  await accessManager.connect(multisig).execute(accessManager, grant);
  await time.increaseTo((BigInt(await time.latest()) / EPOCH + 1n) * EPOCH);
  const shares = { developer: deployer, developerBps: 7_000, stakersBps: 2_000, treasuryBps: 1_000 };
  await revenueSplitter.connect(user).credit(ZeroHash, ZeroAddress, SALE, shares, { value: SALE });
  return fixture;
}

describe("tasks of revenue", () => {
  it("settle the weeks of a token in both pools, as many as they are told", async () => {
    const { file } = await loadFixture(sold);
    await time.increase(5n * EPOCH);
    const current = BigInt(await time.latest()) / EPOCH;
    const some = await run<OpenEpochs>(file, "revenue:close-epoch", { token: "BNB", pool: "node", max: "2" });
    expect(some).to.deep.equal({ node: some.node ?? 0n });
    expect(some.node).to.be.lessThan(current);
    const all = await run<OpenEpochs>(file, "revenue:close-epoch", { token: "BNB" });
    expect(all).to.deep.equal({ node: current, cos: current });
    const height = await ethers.provider.getBlockNumber();
    await run(file, "revenue:close-epoch", { token: "BNB" });
    expect(await ethers.provider.getBlockNumber()).to.equal(height);
    await run(file, "revenue:close-epoch", { token: "COS" });
  });

  it("pay a developer, to itself or to whom it says", async () => {
    const { file } = await loadFixture(sold);
    const paid = await run<Payment>(file, "revenue:withdraw", { token: "BNB", to: RECEIVER });
    expect(paid).to.deep.equal({ to: RECEIVER, amount: (SALE * 7n) / 10n });
    expect(await ethers.provider.getBalance(RECEIVER)).to.equal((SALE * 7n) / 10n);
    expect(await refusal(run(file, "revenue:withdraw", { token: "BNB" }))).to.contain(
      "Nothing due (token 0x0000000000000000000000000000000000000000): nothing came in",
    );
  });

  it("pay the treasury", async () => {
    const { file, deployment } = await loadFixture(sold);
    const treasury = deployment.parameters.revenue?.treasury ?? ZeroAddress;
    const before = await ethers.provider.getBalance(treasury);
    const paid = await run<Payment>(file, "revenue:withdraw", { token: "BNB", treasury: true });
    expect(paid).to.deep.equal({ to: treasury, amount: SALE / 10n });
    expect((await ethers.provider.getBalance(treasury)) - before).to.equal(SALE / 10n);
  });

  it("pay what a position earned, to its owner", async () => {
    const { file, deployment } = await loadFixture(sold);
    await time.increase(2n * EPOCH);
    const args = { token: "BNB", pool: "node", position: "1", to: RECEIVER };
    const paid = await run<Payment>(file, "revenue:withdraw", { ...args, from: OPERATOR });
    // A quarter of 12 %: there are four nodes, all alike.
    const due = (SALE * 12n) / 400n;
    expect(paid.to).to.equal(RECEIVER);
    expect(paid.amount).to.be.within(due - 1_000n, due);
    expect(await deployment.revenueSplitter?.claimed(0, 1, ZeroAddress)).to.equal(paid.amount);
    expect(await refusal(run(file, "revenue:withdraw", { ...args, from: "0" }))).to.contain("Not position owner");
  });

  it("refuse bad input in words", async () => {
    const { file } = await loadFixture(sold);
    const withdraw = (args: Readonly<Record<string, unknown>>): Promise<string> =>
      refusal(run(file, "revenue:withdraw", { token: "BNB", ...args }));
    expect(await withdraw({ token: "NONE" })).to.contain("--token NONE");
    expect(await withdraw({ pool: "node" })).to.contain("--pool and --position go together");
    expect(await withdraw({ pool: "both", position: "1" })).to.contain("--pool both");
    expect(await withdraw({ pool: "node", position: "0" })).to.contain("--position 0");
    expect(await withdraw({ pool: "node", position: "99" })).to.contain("Unknown position (position 99)");
    expect(await withdraw({ treasury: true, to: RECEIVER })).to.contain("--treasury stands alone");
    expect(await withdraw({ to: "0x12" })).to.contain("--to 0x12");
    const close = { token: "BNB", max: "few" };
    expect(await refusal(run(file, "revenue:close-epoch", close))).to.contain("--max few");
  });

  it("refuse a token in which no revenue ever came", async () => {
    const { file } = await loadFixture(sold);
    const { deployer } = await parts();
    await run(file, "qsc:certify", { from: "1", issuer: await deployer.getAddress() });
    await run(file, "qsc:create", { name: "Game", symbol: "GAME", cap: "1000" });
    expect(await refusal(run(file, "revenue:close-epoch", { token: "GAME" }))).to.contain("Token never allowed");
  });

  it("refuse a business chain, which divides no revenue", async () => {
    const file = await recordFile();
    await deploy({ ...(await optionsFor(await businessParameters())), recorder: fileRecorder(file) });
    expect(await refusal(run(file, "revenue:withdraw", { token: "BNB" }))).to.contain("home chain");
  });
});
