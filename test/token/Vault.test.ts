import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { deployVault as deployFixture } from "./support";

async function deploy() {
  const fixture = await deployFixture();
  const target = await ethers.deployContract("FundableMock", [fixture.cos]);
  return { ...fixture, target };
}

describe("Vault", function () {
  it("reverts for everyone but the treasurer", async function () {
    const { vault, cos, target, admin, alice } = await loadFixture(deploy);
    for (const stranger of [admin, alice]) {
      const as = vault.connect(stranger);
      const calls = [
        () => as.approve(cos, stranger, 1n),
        () => as.fund(cos, target, 1n, 9n),
        () => as.transfer(cos, stranger, 1n),
      ];
      for (const call of calls) {
        await expect(call()).to.be.revertedWithCustomError(vault, "AccessManagedUnauthorized").withArgs(stranger);
      }
    }
  });

  describe("approve", function () {
    it("lets the spender take so much and no more", async function () {
      const { vault, cos, bob } = await loadFixture(deploy);
      await expect(vault.approve(cos, bob, 5n))
        .to.emit(vault, "VaultApproved")
        .withArgs(cos, bob, 5n);
      await expect(cos.connect(bob).transferFrom(vault, bob, 6n)).to.be.revertedWithCustomError(
        cos,
        "ERC20InsufficientAllowance",
      );
      await cos.connect(bob).transferFrom(vault, bob, 5n);
      expect(await cos.balanceOf(bob)).to.equal(5n);
    });

    it("replaces what was approved before", async function () {
      const { vault, cos, bob } = await loadFixture(deploy);
      await vault.approve(cos, bob, 5n);
      await vault.approve(cos, bob, 0n);
      expect(await cos.allowance(vault, bob)).to.equal(0n);
    });
  });

  describe("fund", function () {
    it("reverts where the target takes less", async function () {
      const { vault, cos, target } = await loadFixture(deploy);
      await target.setShortfall(1n);
      await expect(vault.fund(cos, target, 100n, 9n))
        .to.be.revertedWithCustomError(vault, "FundingMismatch")
        .withArgs(99n, 100n);
    });

    it("reverts where the target calls back", async function () {
      const { vault, cos, target, manager, treasurer } = await loadFixture(deploy);
      await manager.grantRole(8n, target, 0);
      for (const reaction of [
        vault.interface.encodeFunctionData("fund", [await cos.getAddress(), await target.getAddress(), 1n, 9n]),
        vault.interface.encodeFunctionData("transfer", [await cos.getAddress(), treasurer.address, 1n]),
      ]) {
        await target.setReaction(vault, reaction);
        await expect(vault.fund(cos, target, 100n, 9n)).to.be.revertedWithCustomError(
          vault,
          "ReentrancyGuardReentrantCall",
        );
      }
    });

    it("brings the amount and its end to the target and leaves it no allowance", async function () {
      const { vault, cos, target } = await loadFixture(deploy);
      await vault.approve(cos, target, 7n);
      const funding = vault.fund(cos, target, 100n, 9n);
      await expect(funding).to.emit(vault, "VaultFunded").withArgs(cos, target, 100n, 9n);
      await expect(funding).to.changeTokenBalances(cos, [vault, target], [-100n, 100n]);
      expect(await target.fundedUntil()).to.equal(9n);
      expect(await cos.allowance(vault, target)).to.equal(0n);
    });
  });

  describe("transfer", function () {
    it("reverts above the balance", async function () {
      const { vault, cos, bob } = await loadFixture(deploy);
      const all = await cos.balanceOf(vault);
      await expect(vault.transfer(cos, bob, all + 1n))
        .to.be.revertedWithCustomError(cos, "ERC20InsufficientBalance")
        .withArgs(vault, all, all + 1n);
    });

    it("pays the receiver", async function () {
      const { vault, cos, bob } = await loadFixture(deploy);
      const transfer = vault.transfer(cos, bob, 3n);
      await expect(transfer).to.emit(vault, "VaultTransferred").withArgs(cos, bob, 3n);
      await expect(transfer).to.changeTokenBalances(cos, [vault, bob], [-3n, 3n]);
    });
  });
});
