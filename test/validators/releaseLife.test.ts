import { loadFixture, reset, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { parseEther } from "ethers";
import { ethers } from "hardhat";
import { deploy } from "../../deploy/deployment";
import { homeParameters, optionsFor, parts, startValidators } from "../support/deployment";

/** The home chain as it runs, in the first of the schedule's phases, with COS for the user. */
async function running() {
  const parameters = await homeParameters();
  if (parameters.token === undefined) throw new Error("not the home chain");
  const release = { ...parameters.token.release, start: BigInt(await time.latest()) };
  const deployment = await deploy(await optionsFor({ ...parameters, token: { ...parameters.token, release } }));
  await startValidators(deployment);
  const { delegation, liveness, token } = deployment;
  if (delegation === undefined || liveness === undefined || token === undefined) throw new Error("not the home chain");
  const { multisig, operators, user } = await parts();
  await token.vesting.investors["release(address)"](token.cos);
  await token.cos.connect(multisig).transfer(user, parseEther("1000"));
  const close = async () => {
    const from = await liveness.closableAt();
    if (BigInt(await time.latest()) < from) await time.increaseTo(from);
    await liveness.connect(user).closePeriod();
  };
  return { delegation, liveness, token, operators, user, close };
}

describe("The release schedule", () => {
  // A deployment takes no schedule that begins in a century to which other tests may have moved the clock.
  before(() => reset());

  it("pays validators and delegators, period by period, by nobody's leave", async () => {
    const { delegation, token, operators, user, close } = await loadFixture(running);
    const { cos, releaseSchedule: schedule, ecosystemVault } = token;
    // What was due before anybody had a bond is the community's.
    await close();
    const early = await schedule.released();
    expect(early).to.be.above(0);
    expect(await delegation.unsweptCommunity()).to.equal(early);

    const [validator] = operators;
    await cos.connect(user).approve(delegation, parseEther("1000"));
    await delegation.connect(user).delegate(validator!, parseEther("1000"));
    const vaulted = await cos.balanceOf(ecosystemVault);
    // Its proposer was elected before anybody had a bond; the next one is the only one with a bond.
    await close();
    await close();
    const released = (await schedule.released()) - early;
    expect(vaulted - (await cos.balanceOf(ecosystemVault))).to.equal(released);
    const { reward } = await delegation.positionOf(validator!, user);
    const { reward: commission } = await delegation.positionOf(validator!, validator!);
    const community = (await delegation.unsweptCommunity()) - early;
    expect(reward + commission + community).to.be.within(released - 10n, released);
    expect(reward).to.be.above((released * 3n) / 4n);

    await expect(delegation.connect(user).claim(validator!, user)).to.changeTokenBalance(cos, user, reward);
    expect(await delegation.unsettled()).to.equal(0);
  });

  it("holds no period up where the vault approved too little, and pays what is due with a later one", async () => {
    const { delegation, liveness, token, close } = await loadFixture(running);
    const { cos, releaseSchedule: schedule, ecosystemVault } = token;
    await close();
    const before = await schedule.released();
    const allowance = await cos.allowance(ecosystemVault, schedule);
    const vault = await ethers.getImpersonatedSigner(await ecosystemVault.getAddress());
    await setBalance(vault.address, parseEther("100"));
    await cos.connect(vault).approve(schedule, 0);
    const period = await liveness.openPeriod();
    await close();
    expect(await liveness.openPeriod()).to.equal(period + 1n);
    expect(await schedule.released()).to.equal(before);

    await cos.connect(vault).approve(schedule, allowance);
    await close();
    expect(await schedule.releasable()).to.equal(0);
    const settled = await delegation.queryFilter(delegation.filters.EpochSettled(period + 1n));
    expect(settled.map(({ args }) => args.reward)).to.deep.equal([(await schedule.released()) - before]);
    expect(settled[0]!.args.reward).to.be.above(0);
  });
});
