import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { DAY, SCALE, TERMS, actions, at, cos, deployDelegation, nextEpochStart, now, type Account } from "./support";

/** COS wei a second: 864 COS an epoch. */
const RATE = cos("0.01");
const DAILY = RATE * DAY;

async function deployed() {
  const fixture = await deployDelegation();
  const [one, two, three, four] = fixture.validators as [Account, Account, Account, Account];
  const [ann, bob] = fixture.delegators as [Account, Account];
  return { ...fixture, ...actions(fixture), one, two, three, four, ann, bob };
}

/** A stream of 864 COS a day for 100 days, from the start of the epoch `epoch` on. */
async function funded() {
  const fixture = await deployed();
  const start = await nextEpochStart();
  await at(start);
  await fixture.fund(DAILY * 100n, start + 100n * DAY);
  return { ...fixture, start, epoch: start / DAY };
}

/** As {@link funded}: `one` has 60 COS of its own and 40 of ann, `two` 100 of bob, `three` and `four` nothing. */
async function bonded() {
  const fixture = await funded();
  const { delegate, one, two, ann, bob } = fixture;
  await delegate(one, one, cos(60));
  await delegate(ann, one, cos(40));
  await delegate(bob, two, cos(100));
  return fixture;
}

describe("Delegation: rewards", () => {
  describe("fund", () => {
    it("reverts for anybody but the vault", async () => {
      const { delegation, registry, vault } = await loadFixture(deployed);
      await expect(delegation.connect(registry.signer).fund(1, (await now()) + DAY))
        .to.be.revertedWithCustomError(delegation, "NotVault")
        .withArgs(registry.address, vault.address);
    });

    it("reverts for an end that is not after now", async () => {
      const { delegation, fund } = await loadFixture(deployed);
      const timestamp = (await now()) + 5n;
      await at(timestamp);
      await expect(fund(1n, timestamp))
        .to.be.revertedWithCustomError(delegation, "EmissionEndTooEarly")
        .withArgs(timestamp, timestamp + 1n);
    });

    it("reverts for an end before the running one", async () => {
      const { delegation, fund, start } = await loadFixture(funded);
      await expect(fund(cos(1), start + 100n * DAY - 1n))
        .to.be.revertedWithCustomError(delegation, "EmissionEndTooEarly")
        .withArgs(start + 100n * DAY - 1n, start + 100n * DAY);
    });

    it("reverts where nothing arrives", async () => {
      const { delegation, fund } = await loadFixture(deployed);
      await expect(fund(0n, (await now()) + DAY)).to.be.revertedWithCustomError(delegation, "ZeroFunding");
    });

    it("reverts where the rate of a running stream would fall, by a wei", async () => {
      const { delegation, fund, start } = await loadFixture(funded);
      await at(start + DAY);
      const end = start + 101n * DAY;
      await expect(fund(RATE * DAY - 1n, end))
        .to.be.revertedWithCustomError(delegation, "RewardRateFell")
        .withArgs(RATE - 1n, RATE);
      await at(start + DAY + 1n);
      await expect(fund(RATE * DAY, end))
        .to.emit(delegation, "RewardFunded")
        .withArgs(RATE * DAY, RATE, end, 0);
    });

    it("keeps what no rate can be made of for the next funding", async () => {
      const { delegation, fund } = await loadFixture(deployed);
      const timestamp = (await now()) + 5n;
      await at(timestamp);
      await expect(fund(1_007n, timestamp + 100n))
        .to.emit(delegation, "RewardFunded")
        .withArgs(1_007, 10, timestamp + 100n, 7);
      expect(await delegation.undistributed()).to.equal(7n);
      await at(timestamp + 40n);
      await fund(593n, timestamp + 140n);
      expect([
        await delegation.rewardRate(),
        await delegation.undistributed(),
        await delegation.unsettled(),
        await delegation.streamedUntil(),
        await delegation.emissionEnd(),
      ]).to.deep.equal([12n, 0n, 400n, timestamp + 40n, timestamp + 140n]);
    });

    it("starts anew after the end, at any rate, without paying for the gap", async () => {
      const { delegation, fund, settle, start, epoch } = await loadFixture(funded);
      await at(start + 105n * DAY);
      await fund(10n * DAY, start + 115n * DAY);
      expect(await delegation.rewardRate()).to.equal(1n);
      expect(await delegation.unsettled()).to.equal(DAILY * 100n);
      await at(start + 106n * DAY);
      await expect(settle(epoch + 105n, undefined, []))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch + 105n, DAILY * 100n + DAY, DAILY * 100n + DAY);
    });
  });

  describe("credit", () => {
    it("reverts where nothing arrives", async () => {
      const { delegation, ann } = await loadFixture(deployed);
      await expect(delegation.connect(ann.signer).credit(0)).to.be.revertedWithCustomError(delegation, "ZeroFunding");
    });

    it("adds what anyone gives to the epoch that is settled next, beside the stream", async () => {
      const { delegation, token, address, settle, one, two, ann, bob, start, epoch } = await loadFixture(bonded);
      const given = cos(100);
      const sent = delegation.connect(ann.signer).credit(given);
      await expect(sent).to.emit(delegation, "RewardGiven").withArgs(ann.address, given);
      await expect(sent).to.changeTokenBalances(token, [ann.signer, address], [-given, given]);
      expect(await delegation.unsettled()).to.equal(given);
      expect(await delegation.rewardRate()).to.equal(RATE);
      await at(start + DAY);
      await expect(settle(epoch, one, [one, two]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch, DAILY + given, 0);
      const part = ((DAILY + given) * 48n) / 100n;
      expect((await delegation.positionOf(two.address, bob.address)).reward).to.equal((part * 9n) / 10n);
      await at(start + 2n * DAY);
      await expect(settle(epoch + 1n, one, [one, two]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch + 1n, DAILY, 0);
    });
  });

  describe("settle", () => {
    it("reverts for anybody but the registry", async () => {
      const { delegation, one } = await loadFixture(deployed);
      await expect(delegation.connect(one.signer).settle(1, ZeroAddress, []))
        .to.be.revertedWithCustomError(delegation, "AccessManagedUnauthorized")
        .withArgs(one.address);
    });

    it("reverts a second before the epoch's end, and succeeds at the second", async () => {
      const { delegation, settle, start, epoch } = await loadFixture(funded);
      await at(start + DAY - 1n);
      await expect(settle(epoch, undefined, []))
        .to.be.revertedWithCustomError(delegation, "RewardEpochRunning")
        .withArgs(epoch, epoch);
      await at(start + DAY);
      await expect(settle(epoch, undefined, []))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch, DAILY, DAILY);
      expect(await delegation.nextRewardEpoch()).to.equal(epoch + 1n);
    });

    it("reverts for an epoch that is settled, or before one that is", async () => {
      const { delegation, settle, start, epoch } = await loadFixture(funded);
      await at(start + 2n * DAY);
      await settle(epoch + 1n, undefined, []);
      for (const settled of [epoch, epoch + 1n]) {
        await expect(settle(settled, undefined, []))
          .to.be.revertedWithCustomError(delegation, "RewardEpochSettled")
          .withArgs(settled, epoch + 2n);
      }
    });

    it("pays an epoch's own seconds, however late it is settled, and skipped epochs with the next", async () => {
      const { delegation, settle, start, epoch } = await loadFixture(funded);
      await at(start + 10n * DAY + 1_234n);
      for (const [settled, days] of [
        [epoch, 1n],
        [epoch + 3n, 3n],
        [epoch + 9n, 6n],
      ] as const) {
        await expect(settle(settled, undefined, []))
          .to.emit(delegation, "EpochSettled")
          .withArgs(settled, DAILY * days, DAILY * days);
      }
    });

    it("pays nothing before the first funding and after the stream's end", async () => {
      const { delegation, settle, fund, one } = await loadFixture(deployed);
      const start = await nextEpochStart();
      await at(start);
      await expect(settle(start / DAY - 1n, one, [one]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(start / DAY - 1n, 0, 0)
        .and.not.to.emit(delegation, "RewardCredited");
      await at(start + DAY / 2n);
      await fund(cos(1), start + DAY - DAY / 4n);
      await at(start + 2n * DAY);
      const reward = cos(1) - (await delegation.undistributed());
      await expect(settle(start / DAY, undefined, []))
        .to.emit(delegation, "EpochSettled")
        .withArgs(start / DAY, reward, reward);
      await expect(settle(start / DAY + 1n, undefined, []))
        .to.emit(delegation, "EpochSettled")
        .withArgs(start / DAY + 1n, 0, 0);
    });

    it("gives 4 % to the proposer's pool and the rest to those that signed, by bond", async () => {
      const { delegation, settle, delegate, one, two, three, ann, start, epoch } = await loadFixture(bonded);
      await delegate(ann, three, cos(50));
      await at(start + DAY);
      // `three` did not sign; bonds are 100 and 100.
      const proposer = (DAILY * 4n) / 100n;
      const each = (DAILY - proposer) / 2n;
      const commission = (reward: bigint): bigint => (reward * TERMS.commission) / 10_000n;
      const sent = settle(epoch, one, [two, one]);
      const credited = (validator: Account, reward: bigint, perShare: bigint) =>
        expect(sent)
          .to.emit(delegation, "RewardCredited")
          .withArgs(
            epoch,
            validator.address,
            commission(reward),
            reward - commission(reward),
            (perShare * SCALE) / cos(100),
          );
      await credited(one, proposer, proposer - commission(proposer));
      await credited(two, each, each - commission(each));
      await credited(one, each, proposer + each - commission(proposer) - commission(each));
      await expect(sent).to.emit(delegation, "EpochSettled").withArgs(epoch, DAILY, 0);
      expect((await delegation.positionOf(three.address, ann.address)).reward).to.equal(0n);
    });

    it("earns a delegator (r − c)·own/bond and its validator c on top", async () => {
      const { delegation, settle, one, two, ann, bob, start, epoch } = await loadFixture(bonded);
      await at(start + DAY);
      await settle(epoch, one, [one, two]);
      const r = (DAILY * 4n) / 100n + (DAILY * 48n) / 100n;
      const c = (r * TERMS.commission) / 10_000n;
      expect((await delegation.positionOf(one.address, ann.address)).reward).to.equal(((r - c) * 40n) / 100n);
      expect((await delegation.positionOf(one.address, one.address)).reward).to.equal(c + ((r - c) * 60n) / 100n);
      const two48 = (DAILY * 48n) / 100n;
      expect((await delegation.positionOf(two.address, bob.address)).reward).to.equal((two48 * 9n) / 10n);
      expect((await delegation.positionOf(two.address, two.address)).reward).to.equal(two48 / 10n);
    });

    it("gives an inactive proposer's part to the community", async () => {
      const { delegation, settle, one, two, start, epoch } = await loadFixture(bonded);
      await at(start + DAY);
      await expect(settle(epoch, undefined, [one, two]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch, DAILY, (DAILY * 4n) / 100n);
      expect(await delegation.unsweptCommunity()).to.equal((DAILY * 4n) / 100n);
    });

    it("credits a proposer that did not sign with its 4 % alone", async () => {
      const { delegation, settle, one, two, start, epoch } = await loadFixture(bonded);
      await at(start + DAY);
      await expect(settle(epoch, one, [two]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch, DAILY, 0);
      const commission = (DAILY * 4n) / 1_000n;
      expect((await delegation.positionOf(two.address, two.address)).reward).to.equal((DAILY * 96n) / 1_000n);
      expect((await delegation.positionOf(one.address, one.address)).reward).to.equal(
        commission + (((DAILY * 4n) / 100n - commission) * 6n) / 10n,
      );
    });

    it("gives everything to the community where nobody that signed has a bond or a pool", async () => {
      const { delegation, settle, three, four, ann, start, epoch } = await loadFixture(bonded);
      await at(start + DAY);
      await expect(settle(epoch, ann, [three, four, ann]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch, DAILY, DAILY)
        .and.not.to.emit(delegation, "RewardCredited");
    });

    it("credits a wiped pool with nothing, as proposer either", async () => {
      const { delegation, settle, slash, one, two, start, epoch } = await loadFixture(bonded);
      await slash(one, 10_000n);
      await at(start + DAY);
      await expect(settle(epoch, one, [one, two]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch, DAILY, (DAILY * 4n) / 100n);
      expect((await delegation.positionOf(one.address, one.address)).reward).to.equal(0n);
    });

    it("pays a validator without delegators its commission, and the remainder to the community", async () => {
      const { delegation, settle, three, two, start, epoch } = await loadFixture(bonded);
      await at(start + DAY);
      const commission = (DAILY * 4n) / 1_000n;
      await expect(settle(epoch, three, [two]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(epoch, DAILY, (DAILY * 4n) / 100n - commission);
      expect((await delegation.positionOf(three.address, three.address)).reward).to.equal(commission);
    });

    it("divides a reward among a single share", async () => {
      const { delegation, delegate, settle, three, ann, start, epoch } = await loadFixture(bonded);
      await delegate(ann, three, 1n);
      await at(start + DAY);
      await settle(epoch, undefined, [three]);
      const part = (DAILY * 96n) / 100n;
      expect((await delegation.positionOf(three.address, ann.address)).reward).to.equal(part - part / 10n);
      expect((await delegation.poolOf(three.address)).rewardPerShare).to.equal((part - part / 10n) * SCALE);
    });

    it("gives the dust of every division to the community", async () => {
      const { delegation, delegate, settle, fund, one, two, three, ann } = await loadFixture(deployed);
      await delegate(ann, one, cos(3));
      await delegate(ann, two, cos(3));
      await delegate(ann, three, cos(1));
      const start = await nextEpochStart();
      await at(start);
      await fund(100n * 864n + 7n, start + 86_400n * 864n);
      await at(start + 864n * DAY);
      // 86,407 wei: none a second, all undistributed. Then one wei a second.
      await expect(settle(start / DAY + 863n, one, [one, two, three]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(start / DAY + 863n, 0, 0);
      await fund(8_647n, start + 865n * DAY);
      await at(start + 865n * DAY);
      const dust = await delegation.undistributed();
      const reward = 86_407n + 8_647n - dust;
      const proposer = (reward * 400n) / 10_000n;
      const rest = reward - proposer;
      const parts = [proposer, (rest * 3n) / 7n, (rest * 3n) / 7n, rest / 7n];
      await expect(settle(start / DAY + 864n, one, [one, two, three]))
        .to.emit(delegation, "EpochSettled")
        .withArgs(start / DAY + 864n, reward, reward - parts.reduce((sum, part) => sum + part, 0n));
    });

    it("counts bonds after slashes, and neither unbonding nor withdrawn shares", async () => {
      const { delegation, settle, slash, undelegate, one, two, ann, bob, start, epoch } = await loadFixture(bonded);
      await slash(one, 5_000n);
      await undelegate(ann, one, cos(20));
      await undelegate(bob, two, cos(20));
      await at(start + DAY);
      await settle(epoch, undefined, [one, two]);
      const rest = (DAILY * 96n) / 100n;
      const ofOne = (rest * 40n) / 120n;
      const ofTwo = (rest * 80n) / 120n;
      expect((await delegation.positionOf(two.address, bob.address)).reward).to.equal((ofTwo * 9n) / 10n);
      expect((await delegation.positionOf(one.address, ann.address)).reward).to.equal((ofOne * 9n) / 10n / 4n);
    });
  });

  describe("claim", () => {
    const settled = async () => {
      const fixture = await bonded();
      await at(fixture.start + DAY);
      await fixture.settle(fixture.epoch, undefined, [fixture.one]);
      return { ...fixture, part: (DAILY * 96n) / 100n };
    };

    it("reverts for a zero receiver and where there is nothing", async () => {
      const { delegation, claim, one, two, three, ann } = await loadFixture(settled);
      await expect(delegation.connect(ann.signer).claim(one.address, ZeroAddress)).to.be.revertedWithCustomError(
        delegation,
        "ZeroReceiver",
      );
      for (const [by, validator] of [
        [ann, two],
        [three, three],
        [ann, ann],
      ] as const) {
        await expect(claim(by, validator))
          .to.be.revertedWithCustomError(delegation, "NoReward")
          .withArgs(validator.address, by.address);
      }
    });

    it("pays what was earned, once, where the caller says", async () => {
      const { delegation, token, address, claim, one, ann, bob, part } = await loadFixture(settled);
      const amount = (part * 9n * 4n) / 100n;
      const sent = claim(ann, one, bob);
      await expect(sent).to.changeTokenBalances(token, [address, ann.address, bob.address], [-amount, 0n, amount]);
      await expect(sent).to.emit(delegation, "RewardClaimed").withArgs(one.address, ann.address, bob.address, amount);
      await expect(claim(ann, one)).to.be.revertedWithCustomError(delegation, "NoReward");
    });

    it("pays a validator its commission with what its own bond earned", async () => {
      const { token, claim, one, part } = await loadFixture(settled);
      await expect(claim(one, one)).to.changeTokenBalance(token, one.address, part / 10n + (part * 9n * 6n) / 100n);
    });

    it("pays what was earned before undelegating, before more was delegated, and before a slash", async () => {
      const { delegation, token, delegate, undelegate, claim, slash, settle, one, ann, start, epoch, part } =
        await loadFixture(settled);
      await undelegate(ann, one, cos(40));
      await slash(one, 10_000n);
      const amount = (part * 9n * 4n) / 100n;
      expect((await delegation.positionOf(one.address, ann.address)).reward).to.equal(amount);
      await expect(delegate(ann, one, 1n)).to.be.revertedWithCustomError(delegation, "PoolWiped");
      await at(start + 2n * DAY);
      await settle(epoch + 1n, undefined, [one]);
      await expect(claim(ann, one)).to.changeTokenBalance(token, ann.address, amount);
    });

    it("pays whoever comes later nothing of what was settled before", async () => {
      const { delegation, delegate, settle, one, ann, bob, start, epoch, part } = await loadFixture(settled);
      await delegate(bob, one, cos(100));
      expect((await delegation.positionOf(one.address, bob.address)).reward).to.equal(0n);
      await delegate(ann, one, cos(100));
      await at(start + 2n * DAY);
      await settle(epoch + 1n, undefined, [one]);
      expect((await delegation.positionOf(one.address, bob.address)).reward).to.equal((part * 9n * 10n) / 10n / 30n);
      expect((await delegation.positionOf(one.address, ann.address)).reward).to.equal(
        (part * 9n * 4n) / 100n + (part * 9n * 14n) / 10n / 30n,
      );
    });
  });

  describe("sweepCommunity", () => {
    it("reverts for nothing", async () => {
      const { delegation } = await loadFixture(bonded);
      await expect(delegation.sweepCommunity()).to.be.revertedWithCustomError(delegation, "NothingToSweep");
    });

    it("pays the community's part to its account, once, whoever calls", async () => {
      const { delegation, token, address, settle, community, ann, start, epoch } = await loadFixture(bonded);
      await at(start + 2n * DAY);
      await settle(epoch, undefined, []);
      await settle(epoch + 1n, undefined, []);
      const sent = delegation.connect(ann.signer).sweepCommunity();
      await expect(sent).to.changeTokenBalances(token, [address, community.address], [-2n * DAILY, 2n * DAILY]);
      await expect(sent)
        .to.emit(delegation, "CommunitySwept")
        .withArgs(community.address, 2n * DAILY);
      await expect(delegation.sweepCommunity()).to.be.revertedWithCustomError(delegation, "NothingToSweep");
    });
  });
});
