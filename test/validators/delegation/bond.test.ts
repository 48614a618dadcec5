import { loadFixture, mine } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers, network } from "hardhat";
import { ZeroAddress } from "ethers";
import { DAY, UNBONDING, actions, at, cos, deployDelegation, now, type Account } from "./support";

async function deployed() {
  const fixture = await deployDelegation();
  const [validator, other] = fixture.validators as [Account, Account];
  const [ann, bob] = fixture.delegators as [Account, Account];
  return { ...fixture, ...actions(fixture), validator, other, ann, bob };
}

async function bonded() {
  const fixture = await deployed();
  await fixture.delegate(fixture.ann, fixture.validator, cos(100));
  return fixture;
}

describe("Delegation: bonding and leaving", () => {
  describe("delegate", () => {
    it("reverts for an account without a pool", async () => {
      const { delegation, delegate, ann, bob } = await loadFixture(deployed);
      await expect(delegate(ann, bob, 1n))
        .to.be.revertedWithCustomError(delegation, "UnknownPool")
        .withArgs(bob.address);
    });

    it("reverts where slashes left nothing", async () => {
      const { delegation, delegate, slash, ann, validator } = await loadFixture(bonded);
      await slash(validator, 10_000n);
      await expect(delegate(ann, validator, 1n))
        .to.be.revertedWithCustomError(delegation, "PoolWiped")
        .withArgs(validator.address);
    });

    it("reverts for nothing", async () => {
      const { delegation, delegate, ann, validator } = await loadFixture(deployed);
      await expect(delegate(ann, validator, 0n)).to.be.revertedWithCustomError(delegation, "ZeroBond");
    });

    it("reverts where the token was not approved", async () => {
      const { delegation, token, address, delegate, ann, validator } = await loadFixture(deployed);
      await token.connect(ann.signer).approve(address, 4n);
      await expect(delegate(ann, validator, 5n))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(address, 4n, 5n);
      expect(await delegation.bondOf(validator.address)).to.equal(0n);
    });

    it("bonds at one share for a wei, of anybody and of the validator itself", async () => {
      const { delegation, token, address, delegate, ann, bob, validator, other } = await loadFixture(deployed);
      await expect(delegate(ann, validator, cos(100)))
        .to.emit(delegation, "Delegated")
        .withArgs(validator.address, ann.address, cos(100), cos(100));
      await expect(delegate(bob, validator, 1n)).to.changeTokenBalances(token, [bob.address, address], [-1n, 1n]);
      await delegate(validator, validator, cos(7));
      await delegate(ann, other, cos(3));
      await delegate(ann, validator, cos(2));
      expect(await delegation.bondOf(validator.address)).to.equal(cos(109) + 1n);
      expect(await delegation.bondOf(other.address)).to.equal(cos(3));
      expect(await delegation.positionOf(validator.address, ann.address)).to.deep.equal([cos(102), cos(102), 0n, 0n]);
      expect(await delegation.positionOf(validator.address, validator.address)).to.deep.equal([cos(7), cos(7), 0n, 0n]);
      const pool = await delegation.poolOf(validator.address);
      expect([pool.activeShares, pool.unbondingShares, pool.bond]).to.deep.equal([cos(109) + 1n, 0n, cos(109) + 1n]);
    });

    it("returns the shares", async () => {
      const { delegation, slash, ann, bob, validator } = await loadFixture(bonded);
      await slash(validator, 2_000n);
      expect(await delegation.connect(bob.signer).delegate.staticCall(validator.address, cos(8))).to.equal(cos(10));
      expect((await delegation.positionOf(validator.address, ann.address)).bond).to.equal(cos(80));
    });

    it("cannot be made dear by whoever comes first: neither a donation nor a tiny bond moves a share's worth", async () => {
      const { delegation, token, address, delegate, undelegate, ann, bob, validator } = await loadFixture(deployed);
      await delegate(ann, validator, 1n);
      await token.connect(ann.signer).transfer(address, cos(1_000_000));
      await delegate(bob, validator, cos(1) - 1n);
      expect(await delegation.positionOf(validator.address, bob.address)).to.deep.equal([
        cos(1) - 1n,
        cos(1) - 1n,
        0n,
        0n,
      ]);
      expect((await delegation.positionOf(validator.address, ann.address)).bond).to.equal(1n);
      expect(await delegation.bondOf(validator.address)).to.equal(cos(1));
      await undelegate(bob, validator, cos(1) - 1n);
      await delegate(bob, validator, 1n);
      expect((await delegation.poolOf(validator.address)).activeShares).to.equal(2n);
    });
  });

  describe("undelegate", () => {
    it("reverts for nothing and for more than the caller's shares", async () => {
      const { delegation, undelegate, ann, bob, validator, other } = await loadFixture(bonded);
      await expect(undelegate(ann, validator, 0n)).to.be.revertedWithCustomError(delegation, "ZeroShares");
      for (const [by, at_, shares, held] of [
        [ann, validator, cos(100) + 1n, cos(100)],
        [bob, validator, 1n, 0n],
        [ann, other, 1n, 0n],
        [ann, bob, 1n, 0n],
      ] as const) {
        await expect(undelegate(by, at_, shares))
          .to.be.revertedWithCustomError(delegation, "SharesExceeded")
          .withArgs(shares, held);
      }
    });

    it("takes shares out of the bond into an unbonding of its own", async () => {
      const { delegation, undelegate, ann, validator } = await loadFixture(bonded);
      const first = (await now()) + 10n;
      await at(first);
      await expect(undelegate(ann, validator, cos(30)))
        .to.emit(delegation, "Undelegated")
        .withArgs(validator.address, ann.address, 0, cos(30), first + UNBONDING);
      await at(first + DAY);
      await expect(undelegate(ann, validator, cos(70)))
        .to.emit(delegation, "Undelegated")
        .withArgs(validator.address, ann.address, 1, cos(70), first + DAY + UNBONDING);
      expect(await delegation.bondOf(validator.address)).to.equal(0n);
      expect(await delegation.positionOf(validator.address, ann.address)).to.deep.equal([0n, 0n, 0n, 2n]);
      const pool = await delegation.poolOf(validator.address);
      expect([pool.activeShares, pool.unbondingShares]).to.deep.equal([0n, cos(100)]);
      const of = (id: number) => delegation.unbondingOf(validator.address, ann.address, id);
      expect(await of(0)).to.deep.equal([cos(30), cos(30), first + UNBONDING]);
      expect(await of(1)).to.deep.equal([cos(70), cos(70), first + DAY + UNBONDING]);
      expect(await of(2)).to.deep.equal([0n, 0n, 0n]);
    });
  });

  describe("withdraw", () => {
    const unbonding = async () => {
      const fixture = await bonded();
      await fixture.undelegate(fixture.ann, fixture.validator, cos(30));
      const readyAt = (await now()) + UNBONDING;
      return { ...fixture, readyAt };
    };

    it("reverts for a zero receiver", async () => {
      const { delegation, ann, validator } = await loadFixture(unbonding);
      await expect(
        delegation.connect(ann.signer).withdraw(validator.address, 0, ZeroAddress),
      ).to.be.revertedWithCustomError(delegation, "ZeroReceiver");
    });

    it("reverts for an unbonding that the caller does not have", async () => {
      const { delegation, withdraw, ann, bob, validator, other, readyAt } = await loadFixture(unbonding);
      await at(readyAt);
      await mine();
      for (const [by, from, id] of [
        [bob, validator, 0],
        [ann, other, 0],
        [ann, validator, 1],
      ] as const) {
        await expect(withdraw(by, from, id))
          .to.be.revertedWithCustomError(delegation, "UnknownUnbonding")
          .withArgs(from.address, by.address, id);
      }
    });

    it("reverts a second before 15 days, and pays at the second, once", async () => {
      const { delegation, token, address, withdraw, ann, bob, validator, readyAt } = await loadFixture(unbonding);
      await at(readyAt - 1n);
      await expect(withdraw(ann, validator, 0))
        .to.be.revertedWithCustomError(delegation, "StillUnbonding")
        .withArgs(readyAt - 1n, readyAt);
      await at(readyAt);
      const sent = withdraw(ann, validator, 0, bob);
      await expect(sent).to.changeTokenBalances(token, [address, ann.address, bob.address], [-cos(30), 0n, cos(30)]);
      await expect(sent)
        .to.emit(delegation, "Withdrawn")
        .withArgs(validator.address, ann.address, 0, bob.address, cos(30), cos(30));
      await expect(withdraw(ann, validator, 0)).to.be.revertedWithCustomError(delegation, "UnknownUnbonding");
      expect(await delegation.unbondingOf(validator.address, ann.address, 0)).to.deep.equal([0n, 0n, 0n]);
      expect((await delegation.poolOf(validator.address)).unbondingShares).to.equal(0n);
    });

    it("pays several unbondings in any order", async () => {
      const { delegation, token, undelegate, withdraw, ann, validator, readyAt } = await loadFixture(unbonding);
      await undelegate(ann, validator, cos(11));
      await undelegate(ann, validator, cos(59));
      await at(readyAt + 2n);
      await expect(withdraw(ann, validator, 2)).to.changeTokenBalance(token, ann.address, cos(59));
      await expect(withdraw(ann, validator, 0)).to.changeTokenBalance(token, ann.address, cos(30));
      await expect(withdraw(ann, validator, 1)).to.changeTokenBalance(token, ann.address, cos(11));
      expect((await delegation.positionOf(validator.address, ann.address)).unbondings).to.equal(3n);
    });

    it("needs no role, no registry and no open pool: with the manager's targets closed everybody leaves", async () => {
      const { delegation, token, manager, address, close, claim, undelegate, withdraw, ann, validator, readyAt } =
        await loadFixture(unbonding);
      await close(validator);
      await manager.setTargetClosed(address, true);
      await expect(close(validator)).to.be.revertedWithCustomError(delegation, "AccessManagedUnauthorized");
      await undelegate(ann, validator, cos(70));
      await at(readyAt + UNBONDING);
      await expect(withdraw(ann, validator, 0)).to.changeTokenBalance(token, ann.address, cos(30));
      await expect(withdraw(ann, validator, 1)).to.changeTokenBalance(token, ann.address, cos(70));
      await expect(claim(ann, validator)).to.be.revertedWithCustomError(delegation, "NoReward");
    });
  });

  describe("the past", () => {
    it("cannot be asked about now or later", async () => {
      const { delegation, ann, validator } = await loadFixture(bonded);
      const timestamp = await now();
      for (const timepoint of [timestamp, timestamp + 1n, 2n ** 200n]) {
        await expect(delegation.pastBondOf(validator.address, timepoint))
          .to.be.revertedWithCustomError(delegation, "LookupInFuture")
          .withArgs(timepoint, timestamp);
        await expect(delegation.pastDelegationOf(validator.address, ann.address, timepoint))
          .to.be.revertedWithCustomError(delegation, "LookupInFuture")
          .withArgs(timepoint, timestamp);
      }
    });

    it("has every bond at the end of each second, slashes included", async () => {
      const { delegation, delegate, undelegate, slash, ann, bob, validator } = await loadFixture(deployed);
      const start = (await now()) + 100n;
      const steps: [() => Promise<unknown>, bigint, bigint][] = [
        [() => delegate(ann, validator, cos(100)), cos(100), 0n],
        [() => delegate(bob, validator, cos(60)), cos(100), cos(60)],
        [() => delegate(ann, validator, cos(20)), cos(120), cos(60)],
        [() => slash(validator, 5_000n), cos(60), cos(30)],
        [() => undelegate(ann, validator, cos(40)), cos(40), cos(30)],
        [() => delegate(bob, validator, cos(5)), cos(40), cos(35)],
        [() => undelegate(ann, validator, cos(80)), 0n, cos(35)],
        [() => slash(validator, 10_000n), 0n, 0n],
      ];
      for (const [index, [step]] of steps.entries()) {
        await at(start + 10n * BigInt(index));
        await step();
      }
      await at(start + 1_000n);
      await mine();
      const past = async (timepoint: bigint) => [
        await delegation.pastDelegationOf(validator.address, ann.address, timepoint),
        await delegation.pastDelegationOf(validator.address, bob.address, timepoint),
        await delegation.pastBondOf(validator.address, timepoint),
      ];
      expect(await past(start - 1n)).to.deep.equal([0n, 0n, 0n]);
      for (const [index, [, ofAnn, ofBob]] of steps.entries()) {
        for (const offset of [0n, 9n]) {
          const timepoint = start + 10n * BigInt(index) + offset;
          expect(await past(timepoint), `step ${index} + ${offset}`).to.deep.equal([ofAnn, ofBob, ofAnn + ofBob]);
        }
      }
    });

    it("counts only the last state of a second with several changes", async () => {
      const { delegation, delegate, undelegate, ann, validator } = await loadFixture(bonded);
      const before = await now();
      await network.provider.send("evm_setAutomine", [false]);
      try {
        await delegate(ann, validator, cos(50));
        await undelegate(ann, validator, cos(149));
        await at(before + 10n);
        await mine();
      } finally {
        await network.provider.send("evm_setAutomine", [true]);
      }
      await mine();
      const ofAnn = (timepoint: bigint) => delegation.pastDelegationOf(validator.address, ann.address, timepoint);
      expect([await ofAnn(before), await ofAnn(before + 9n), await ofAnn(before + 10n)]).to.deep.equal([
        cos(100),
        cos(100),
        cos(1),
      ]);
      expect(await delegation.pastBondOf(validator.address, before + 10n)).to.equal(cos(1));
      expect((await ethers.provider.getBlock("latest"))?.timestamp).to.be.greaterThan(Number(before + 10n));
    });
  });
});
