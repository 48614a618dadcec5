import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { UNBONDING, actions, at, cos, deployDelegation, now, type Account } from "./support";

async function bonded() {
  const fixture = await deployDelegation();
  const acts = actions(fixture);
  const [validator, other] = fixture.validators as [Account, Account];
  const [ann, bob] = fixture.delegators as [Account, Account];
  await acts.delegate(validator, validator, cos(50));
  await acts.delegate(ann, validator, cos(30));
  await acts.delegate(bob, validator, cos(20));
  return { ...fixture, ...acts, validator, other, ann, bob };
}

/** Slashes that leave exactly a billionth: the least that is not wiped. */
const TO_A_BILLIONTH = [9_999n, 9_999n, 9_000n] as const;

describe("Delegation: slashing", () => {
  it("reverts for anybody but the registry", async () => {
    const { delegation, ann, validator } = await loadFixture(bonded);
    await expect(delegation.connect(ann.signer).slash(validator.address, 1))
      .to.be.revertedWithCustomError(delegation, "AccessManagedUnauthorized")
      .withArgs(ann.address);
  });

  it("reverts for more than everything", async () => {
    const { delegation, slash, validator } = await loadFixture(bonded);
    await expect(slash(validator, 10_001n))
      .to.be.revertedWithCustomError(delegation, "SlashOutOfRange")
      .withArgs(10_001, 10_000);
  });

  it("takes nothing where there was never a pool", async () => {
    const { delegation, registry, slash, ann } = await loadFixture(bonded);
    expect(await delegation.connect(registry.signer).slash.staticCall(ann.address, 10_000n)).to.equal(0n);
    await expect(slash(ann, 10_000n)).not.to.emit(delegation, "BondSlashed");
  });

  it("takes the same part of the own bond, of delegations and of what is unbonding, and of no other pool", async () => {
    const { delegation, delegate, undelegate, slash, ann, bob, validator, other, registry } = await loadFixture(bonded);
    await delegate(ann, other, cos(9));
    await undelegate(bob, validator, cos(15));
    expect(await delegation.connect(registry.signer).slash.staticCall(validator.address, 2_000n)).to.equal(cos(20));
    await expect(slash(validator, 2_000n))
      .to.emit(delegation, "BondSlashed")
      .withArgs(validator.address, 2_000, 8n * 10n ** 26n, cos(20));
    expect(await delegation.bondOf(validator.address)).to.equal(cos(68));
    expect((await delegation.positionOf(validator.address, validator.address)).bond).to.equal(cos(40));
    expect((await delegation.positionOf(validator.address, ann.address)).bond).to.equal(cos(24));
    expect((await delegation.positionOf(validator.address, bob.address)).bond).to.equal(cos(4));
    expect((await delegation.unbondingOf(validator.address, bob.address, 0)).amount).to.equal(cos(12));
    expect(await delegation.unsweptSlashed()).to.equal(cos(20));
    expect(await delegation.bondOf(other.address)).to.equal(cos(9));
  });

  it("reaches what was undelegated in the block before", async () => {
    const { delegation, token, undelegate, withdraw, slash, ann, validator } = await loadFixture(bonded);
    await undelegate(ann, validator, cos(30));
    const undelegatedAt = await now();
    await at(undelegatedAt + 1n);
    await slash(validator, 2_000n);
    await at(undelegatedAt + UNBONDING);
    await expect(withdraw(ann, validator, 0)).to.changeTokenBalance(token, ann.address, cos(24));
    expect((await delegation.poolOf(validator.address)).unbondingShares).to.equal(0n);
  });

  it("reaches an unbonding that is ready until it is paid, and a closed pool", async () => {
    const { token, undelegate, withdraw, slash, close, ann, validator } = await loadFixture(bonded);
    await undelegate(ann, validator, cos(10));
    await undelegate(ann, validator, cos(20));
    await close(validator);
    await at((await now()) + UNBONDING);
    await expect(withdraw(ann, validator, 0)).to.changeTokenBalance(token, ann.address, cos(10));
    await slash(validator, 5_000n);
    await expect(withdraw(ann, validator, 1)).to.changeTokenBalance(token, ann.address, cos(10));
  });

  it("does not reach what comes after it", async () => {
    const { delegation, delegate, slash, undelegate, ann, bob, validator } = await loadFixture(bonded);
    await slash(validator, 2_000n);
    await delegate(bob, validator, cos(8));
    expect((await delegation.positionOf(validator.address, bob.address)).bond).to.equal(cos(24));
    expect((await delegation.positionOf(validator.address, ann.address)).bond).to.equal(cos(24));
    await undelegate(bob, validator, cos(10));
    expect((await delegation.unbondingOf(validator.address, bob.address, 0)).amount).to.equal(cos(8));
    await slash(validator, 5_000n);
    expect((await delegation.unbondingOf(validator.address, bob.address, 0)).amount).to.equal(cos(4));
  });

  it("takes nothing with 0 basis points and one ten-thousandth with 1", async () => {
    const { delegation, slash, validator } = await loadFixture(bonded);
    await slash(validator, 0n);
    expect(await delegation.bondOf(validator.address)).to.equal(cos(100));
    await slash(validator, 1n);
    expect(await delegation.bondOf(validator.address)).to.equal(cos("99.99"));
    expect(await delegation.unsweptSlashed()).to.equal(cos("0.01"));
  });

  it("rounds what is left of a share down", async () => {
    const { delegation, slash, validator } = await loadFixture(bonded);
    let left = 10n ** 27n;
    for (let times = 0; times < 8; ++times) {
      await slash(validator, 3_333n);
      left = (left * 6_667n) / 10_000n;
    }
    // 0.6667 to the eighth has 32 decimals: the last five are cut off.
    expect((await delegation.poolOf(validator.address)).index).to.equal(left);
    expect(left).to.equal(6_667n ** 8n / 10n ** 5n);
  });

  it("leaves nothing with 10,000 basis points: everybody may still leave, for nothing", async () => {
    const { delegation, token, undelegate, withdraw, slash, ann, bob, validator } = await loadFixture(bonded);
    await undelegate(ann, validator, cos(30));
    await expect(slash(validator, 10_000n))
      .to.emit(delegation, "BondSlashed")
      .withArgs(validator.address, 10_000, 0, cos(100));
    expect(await delegation.bondOf(validator.address)).to.equal(0n);
    await undelegate(bob, validator, cos(20));
    await at((await now()) + UNBONDING);
    await expect(withdraw(ann, validator, 0)).to.changeTokenBalance(token, ann.address, 0n);
    await expect(withdraw(bob, validator, 0)).to.changeTokenBalance(token, bob.address, 0n);
    await expect(slash(validator, 10_000n)).not.to.emit(delegation, "BondSlashed");
  });

  it("to a billionth leaves a pool that takes new bonds and returns them whole", async () => {
    const { delegation, token, delegate, undelegate, withdraw, slash, ann, bob, validator } = await loadFixture(bonded);
    for (const bps of TO_A_BILLIONTH) await slash(validator, bps);
    expect((await delegation.poolOf(validator.address)).index).to.equal(10n ** 18n);
    expect(await delegation.bondOf(validator.address)).to.equal(10n ** 11n);
    const all = await token.balanceOf(bob.address);
    await delegate(bob, validator, all);
    expect((await delegation.positionOf(validator.address, bob.address)).bond).to.equal(all + 2n * 10n ** 10n);
    expect((await delegation.positionOf(validator.address, ann.address)).bond).to.equal(3n * 10n ** 10n);
    await undelegate(bob, validator, all * 10n ** 9n);
    await at((await now()) + UNBONDING);
    await expect(withdraw(bob, validator, 0)).to.changeTokenBalance(token, bob.address, all);
  });

  it("below a billionth takes the rest", async () => {
    const { delegation, slash, validator } = await loadFixture(bonded);
    for (const bps of TO_A_BILLIONTH) await slash(validator, bps);
    await slash(validator, 1n);
    expect((await delegation.poolOf(validator.address)).index).to.equal(0n);
    expect(await delegation.unsweptSlashed()).to.equal(cos(100));
  });

  it("rounds a delegation down, in favour of the pool", async () => {
    const { delegation, token, delegate, undelegate, withdraw, slash, ann, validator, other } =
      await loadFixture(bonded);
    await delegate(ann, other, 10n);
    await slash(other, 3_000n);
    await delegate(ann, other, 1n);
    // A wei is 1.43 shares: one is given, worth 0.7 wei.
    expect(await delegation.positionOf(other.address, ann.address)).to.deep.equal([11n, 7n, 0n, 0n]);
    for (let index = 0; index < 11; ++index) await undelegate(ann, other, 1n);
    await at((await now()) + UNBONDING);
    await expect(withdraw(ann, other, 5)).to.changeTokenBalance(token, ann.address, 0n);
    expect(await delegation.bondOf(validator.address)).to.equal(cos(100));
  });

  it("takes to the wei what the shares of a pool are worth less, a fraction included", async () => {
    const { delegation, delegate, undelegate, slash, ann, other } = await loadFixture(bonded);
    await delegate(ann, other, 10n);
    await undelegate(ann, other, 3n);
    // Ten shares are worth 6.667 wei after it: six whole ones.
    await expect(slash(other, 3_333n))
      .to.emit(delegation, "BondSlashed")
      .withArgs(other.address, 3_333, 6_667n * 10n ** 23n, 4);
    expect(await delegation.unsweptSlashed()).to.equal(4n);
  });

  describe("sweepSlashed", () => {
    it("reverts for nothing", async () => {
      const { delegation } = await loadFixture(bonded);
      await expect(delegation.sweepSlashed()).to.be.revertedWithCustomError(delegation, "NothingToSweep");
    });

    it("pays all slashes to the treasury, once, whoever calls", async () => {
      const { delegation, token, address, slash, ann, treasury, validator } = await loadFixture(bonded);
      await slash(validator, 2_000n);
      await slash(validator, 5_000n);
      const sent = delegation.connect(ann.signer).sweepSlashed();
      await expect(sent).to.changeTokenBalances(token, [address, treasury.address], [-cos(60), cos(60)]);
      await expect(sent).to.emit(delegation, "SlashedBondSwept").withArgs(treasury.address, cos(60));
      await expect(delegation.sweepSlashed()).to.be.revertedWithCustomError(delegation, "NothingToSweep");
    });
  });
});
