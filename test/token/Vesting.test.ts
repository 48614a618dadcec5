import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { ethers } from "hardhat";
import { DAY, actors, deployCOS } from "./support";

const CLIFF = 365n * DAY;
const DURATION = 1_460n * DAY;
/** Not divisible by the seconds of the schedule. */
const AMOUNT = 150_000_001n;

async function deploy() {
  const of = await actors();
  const cos = await deployCOS(of.admin.address);
  const start = BigInt(await time.latest()) + 10n * DAY;
  const wallet = await ethers.deployContract("Vesting", [of.alice, start, DURATION, CLIFF]);
  await cos.transfer(wallet, AMOUNT);
  return { ...of, cos, wallet, start };
}

describe("Vesting", function () {
  describe("constructor", function () {
    it("reverts without a beneficiary", async function () {
      const factory = await ethers.getContractFactory("Vesting");
      await expect(factory.deploy(ZeroAddress, 1n, DURATION, CLIFF))
        .to.be.revertedWithCustomError(factory, "OwnableInvalidOwner")
        .withArgs(ZeroAddress);
    });

    it("reverts with a cliff behind the end", async function () {
      const { alice } = await actors();
      const factory = await ethers.getContractFactory("Vesting");
      await expect(factory.deploy(alice, 1n, DURATION, DURATION + 1n))
        .to.be.revertedWithCustomError(factory, "InvalidCliffDuration")
        .withArgs(DURATION + 1n, DURATION);
    });

    it("keeps beneficiary and schedule", async function () {
      const { wallet, alice, start } = await loadFixture(deploy);
      expect(await wallet.owner()).to.equal(alice);
      expect(await wallet.start()).to.equal(start);
      expect(await wallet.cliff()).to.equal(start + CLIFF);
      expect(await wallet.end()).to.equal(start + DURATION);
    });
  });

  describe("transferOwnership and renounceOwnership", function () {
    it("revert for the beneficiary", async function () {
      const { wallet, alice, bob } = await loadFixture(deploy);
      const as = wallet.connect(alice);
      for (const call of [() => as.transferOwnership(bob), () => as.renounceOwnership()]) {
        await expect(call()).to.be.revertedWithCustomError(wallet, "BeneficiaryFixed").withArgs(alice);
      }
      expect(await wallet.owner()).to.equal(alice);
    });
  });

  describe("release", function () {
    it("pays nothing in the last second before the cliff", async function () {
      const { wallet, cos, alice, start } = await loadFixture(deploy);
      await time.setNextBlockTimestamp(start + CLIFF - 1n);
      await expect(wallet["release(address)"](cos)).to.changeTokenBalance(cos, alice, 0n);
    });

    it("pays the share since the start at the cliff, whoever calls", async function () {
      const { wallet, cos, alice, bob, start } = await loadFixture(deploy);
      await time.setNextBlockTimestamp(start + CLIFF);
      const release = wallet.connect(bob)["release(address)"](cos);
      await expect(release).to.changeTokenBalance(cos, alice, (AMOUNT * CLIFF) / DURATION);
    });

    it("pays the rest at the end, and no wei before", async function () {
      const { wallet, cos, alice, start } = await loadFixture(deploy);
      const before = (AMOUNT * (DURATION - 1n)) / DURATION;
      await time.setNextBlockTimestamp(start + DURATION - 1n);
      await expect(wallet["release(address)"](cos)).to.changeTokenBalance(cos, alice, before);
      await time.setNextBlockTimestamp(start + DURATION);
      await expect(wallet["release(address)"](cos)).to.changeTokenBalance(cos, alice, AMOUNT - before);
    });

    it("treats what arrives later as if it had been there from the start", async function () {
      const { wallet, cos, alice, start } = await loadFixture(deploy);
      await time.setNextBlockTimestamp(start + DURATION / 2n);
      await wallet["release(address)"](cos);
      await cos.transfer(wallet, AMOUNT);
      await time.setNextBlockTimestamp(start + (DURATION * 3n) / 4n);
      await wallet["release(address)"](cos);
      expect(await cos.balanceOf(alice)).to.equal((2n * AMOUNT * 3n) / 4n);
    });
  });
});
