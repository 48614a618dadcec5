import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress } from "ethers";
import { DAY, SCALE, TERMS, actions, at, cos, deployDelegation, now } from "./support";

describe("Delegation: pools and their terms", () => {
  describe("constructor", () => {
    const build = async (change: Record<string, unknown>, authority?: string) => {
      const { manager, token, vault, treasury, community } = await loadFixture(deployDelegation);
      const params = {
        cos: await token.getAddress(),
        vault: vault.address,
        treasury: treasury.address,
        community: community.address,
        epochSeconds: DAY,
        ...change,
      };
      return ethers.deployContract("Delegation", [authority ?? (await manager.getAddress()), params]);
    };

    it("reverts for an authority or a token without code", async () => {
      const { delegation, vault } = await loadFixture(deployDelegation);
      for (const [change, authority] of [[{}, vault.address], [{ cos: vault.address }]] as const) {
        await expect(build(change, authority))
          .to.be.revertedWithCustomError(delegation, "NotAContract")
          .withArgs(vault.address);
      }
    });

    it("reverts for a zero vault, treasury, community or epoch", async () => {
      const { delegation } = await loadFixture(deployDelegation);
      for (const [change, error] of [
        [{ vault: ZeroAddress }, "ZeroVault"],
        [{ epochSeconds: 0 }, "ZeroEpochSeconds"],
        [{ treasury: ZeroAddress }, "ZeroTreasury"],
        [{ community: ZeroAddress }, "ZeroCommunity"],
      ] as const) {
        await expect(build(change)).to.be.revertedWithCustomError(delegation, error);
      }
    });

    it("keeps what it was made with", async () => {
      const { delegation, manager, token, vault, treasury, community } = await loadFixture(deployDelegation);
      expect(await delegation.authority()).to.equal(await manager.getAddress());
      expect(await delegation.COS()).to.equal(await token.getAddress());
      expect(await delegation.VAULT()).to.equal(vault.address);
      expect(await delegation.treasury()).to.equal(treasury.address);
      expect(await delegation.community()).to.equal(community.address);
      expect(await delegation.EPOCH_SECONDS()).to.equal(DAY);
      expect(await delegation.currentRewardEpoch()).to.equal((await now()) / DAY);
    });
  });

  describe("open", () => {
    it("reverts for anybody but the registry", async () => {
      const { delegation, delegators } = await loadFixture(deployDelegation);
      const [stranger] = delegators;
      await expect(delegation.connect(stranger!.signer).open(stranger!.address, 0, 0, 0))
        .to.be.revertedWithCustomError(delegation, "AccessManagedUnauthorized")
        .withArgs(stranger!.address);
    });

    it("reverts the second time, also when the pool is closed", async () => {
      const fixture = await loadFixture(deployDelegation);
      const { delegation, registry, validators } = fixture;
      const again = () => delegation.connect(registry.signer).open(validators[0]!.address, 0, 0, 0);
      await expect(again()).to.be.revertedWithCustomError(delegation, "PoolExists").withArgs(validators[0]!.address);
      await actions(fixture).close(validators[0]!);
      await expect(again()).to.be.revertedWithCustomError(delegation, "PoolExists");
    });

    it("reverts for terms beyond their bounds", async () => {
      const { delegation, registry, delegators } = await loadFixture(deployDelegation);
      const open = (max: number, change: number, commission: number) =>
        delegation.connect(registry.signer).open(delegators[0]!.address, max, change, commission);
      await expect(open(10_001, 0, 0))
        .to.be.revertedWithCustomError(delegation, "CommissionOutOfRange")
        .withArgs(10_001, 10_000);
      await expect(open(500, 501, 0))
        .to.be.revertedWithCustomError(delegation, "MaxChangeOutOfRange")
        .withArgs(501, 500);
      await expect(open(500, 0, 501))
        .to.be.revertedWithCustomError(delegation, "CommissionOutOfRange")
        .withArgs(501, 500);
    });

    it("opens a pool whose share is worth one wei, with the terms at their bounds", async () => {
      const { delegation, registry, delegators } = await loadFixture(deployDelegation);
      const { address } = delegators[0]!;
      expect((await delegation.poolOf(address)).opened).to.equal(false);
      await expect(delegation.connect(registry.signer).open(address, 10_000, 10_000, 10_000))
        .to.emit(delegation, "PoolOpened")
        .withArgs(address, 10_000, 10_000, 10_000);
      const pool = await delegation.poolOf(address);
      expect([pool.opened, pool.closed, pool.index]).to.deep.equal([true, false, SCALE]);
      expect([pool.commissionBps, pool.maxCommissionBps, pool.maxChangeBps]).to.deep.equal([10_000n, 10_000n, 10_000n]);
      expect(pool.commissionSetAt).to.equal(await now());
    });
  });

  describe("close", () => {
    it("reverts for anybody but the registry", async () => {
      const { delegation, validators } = await loadFixture(deployDelegation);
      await expect(delegation.connect(validators[0]!.signer).close(validators[0]!.address))
        .to.be.revertedWithCustomError(delegation, "AccessManagedUnauthorized")
        .withArgs(validators[0]!.address);
    });

    it("does nothing for an account without a pool, which can be opened later", async () => {
      const fixture = await loadFixture(deployDelegation);
      const { delegation, registry, delegators } = fixture;
      const { address } = delegators[0]!;
      await expect(actions(fixture).close(delegators[0]!)).not.to.emit(delegation, "PoolShut");
      await delegation.connect(registry.signer).open(address, 0, 0, 0);
      expect((await delegation.poolOf(address)).closed).to.equal(false);
    });

    it("ends delegating and nothing else, and does nothing the second time", async () => {
      const fixture = await loadFixture(deployDelegation);
      const { delegation, validators, delegators } = fixture;
      const { delegate, undelegate, close } = actions(fixture);
      const [validator, delegator] = [validators[0]!, delegators[0]!];
      await delegate(delegator, validator, cos(5));
      await expect(close(validator)).to.emit(delegation, "PoolShut").withArgs(validator.address);
      await expect(close(validator)).not.to.emit(delegation, "PoolShut");
      await expect(delegate(delegator, validator, 1n))
        .to.be.revertedWithCustomError(delegation, "PoolClosed")
        .withArgs(validator.address);
      expect(await delegation.bondOf(validator.address)).to.equal(cos(5));
      expect((await delegation.poolOf(validator.address)).closed).to.equal(true);
      await expect(undelegate(delegator, validator, cos(5))).to.emit(delegation, "Undelegated");
    });
  });

  describe("setCommission", () => {
    const opened = async () => {
      const fixture = await deployDelegation();
      const validator = fixture.validators[0]!;
      const since = (await fixture.delegation.poolOf(validator.address)).commissionSetAt;
      const set = (bps: bigint) => fixture.delegation.connect(validator.signer).setCommission(bps);
      return { ...fixture, validator, since, set };
    };

    it("reverts for an account without a pool", async () => {
      const { delegation, delegators } = await loadFixture(opened);
      await expect(delegation.connect(delegators[0]!.signer).setCommission(0))
        .to.be.revertedWithCustomError(delegation, "UnknownPool")
        .withArgs(delegators[0]!.address);
    });

    it("reverts beyond the maximum fixed at the opening", async () => {
      const { delegation, since, set } = await loadFixture(opened);
      await at(since + DAY);
      await expect(set(TERMS.max + 1n))
        .to.be.revertedWithCustomError(delegation, "CommissionOutOfRange")
        .withArgs(TERMS.max + 1n, TERMS.max);
    });

    it("reverts a second before 24 hours since the opening, and succeeds at the second", async () => {
      const { delegation, validator, since, set } = await loadFixture(opened);
      await at(since + DAY - 1n);
      await expect(set(1_001n))
        .to.be.revertedWithCustomError(delegation, "CommissionChangeTooEarly")
        .withArgs(since + DAY - 1n, since + DAY);
      await at(since + DAY);
      await expect(set(1_001n)).to.emit(delegation, "CommissionSet").withArgs(validator.address, 1_001);
      expect((await delegation.poolOf(validator.address)).commissionBps).to.equal(1_001n);
    });

    it("reverts a second before 24 hours since the last change, and succeeds at the second", async () => {
      const { delegation, since, set } = await loadFixture(opened);
      await at(since + 2n * DAY);
      await set(1_001n);
      await at(since + 3n * DAY - 1n);
      await expect(set(1_002n))
        .to.be.revertedWithCustomError(delegation, "CommissionChangeTooEarly")
        .withArgs(since + 3n * DAY - 1n, since + 3n * DAY);
      await at(since + 3n * DAY);
      await expect(set(1_002n)).to.emit(delegation, "CommissionSet");
    });

    it("reverts for one basis point more than the largest change, up and down", async () => {
      const { delegation, since, set } = await loadFixture(opened);
      await at(since + DAY);
      for (const bps of [TERMS.commission + TERMS.change + 1n, TERMS.commission - TERMS.change - 1n]) {
        await expect(set(bps))
          .to.be.revertedWithCustomError(delegation, "CommissionChangeTooLarge")
          .withArgs(TERMS.change + 1n, TERMS.change);
      }
    });

    it("takes the largest change, up and down, one a day", async () => {
      const { delegation, validator, since, set } = await loadFixture(opened);
      let bps = TERMS.commission;
      for (let day = 1n; day <= 4n; ++day) {
        bps += TERMS.change;
        await at(since + day * DAY);
        await set(bps);
      }
      expect((await delegation.poolOf(validator.address)).commissionBps).to.equal(TERMS.max);
      await at(since + 5n * DAY);
      await set(TERMS.max - TERMS.change);
      expect((await delegation.poolOf(validator.address)).commissionBps).to.equal(TERMS.max - TERMS.change);
    });
  });

  describe("setTreasury and setCommunity", () => {
    it("revert for anybody but the timelock, and for zero", async () => {
      const { delegation, registry, timelock } = await loadFixture(deployDelegation);
      for (const name of ["setTreasury", "setCommunity"] as const) {
        await expect(delegation.connect(registry.signer)[name](registry.address))
          .to.be.revertedWithCustomError(delegation, "AccessManagedUnauthorized")
          .withArgs(registry.address);
        await expect(delegation.connect(timelock.signer)[name](ZeroAddress)).to.be.revertedWithCustomError(
          delegation,
          name === "setTreasury" ? "ZeroTreasury" : "ZeroCommunity",
        );
      }
    });

    it("change who receives", async () => {
      const { delegation, timelock, delegators } = await loadFixture(deployDelegation);
      const { address } = delegators[0]!;
      const as = delegation.connect(timelock.signer);
      await expect(as.setTreasury(address)).to.emit(delegation, "TreasurySet").withArgs(address);
      await expect(as.setCommunity(address)).to.emit(delegation, "CommunitySet").withArgs(address);
      expect([await delegation.treasury(), await delegation.community()]).to.deep.equal([address, address]);
    });
  });
});
