import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { MaxUint256 } from "ethers";
import type { AccessManager, Delegation, HostileERC20Mock } from "../../../typechain-types";
import { deploy } from "../../crosschain/support";
import { DAY, UNBONDING, cos } from "./support";

/** A pool with 100 bonded, 10 of them ready to be withdrawn, a reward to claim, and something to sweep for everybody. */
async function deployed() {
  const [admin, vault, ann, validator] = await ethers.getSigners();
  if (!admin || !vault || !ann || !validator) throw new Error("too few accounts");
  const manager = await deploy<AccessManager>("AccessManager", [admin.address]);
  const token = await deploy<HostileERC20Mock>("HostileERC20Mock");
  const delegation = await deploy<Delegation>("Delegation", [
    await manager.getAddress(),
    {
      cos: await token.getAddress(),
      vault: vault.address,
      treasury: admin.address,
      community: admin.address,
      epochSeconds: DAY,
    },
  ]);
  const address = await delegation.getAddress();
  for (const account of [vault, ann]) {
    await token.mint(account.address, cos(1_000));
    await token.connect(account).approve(address, MaxUint256);
  }
  // The admin holds every role here.
  await delegation.open(validator.address, 0, 0, 0);
  await delegation.connect(ann).delegate(validator.address, cos(100));
  await delegation.connect(ann).undelegate(validator.address, cos(10));
  await delegation.connect(vault).fund(cos(100), BigInt(await time.latest()) + UNBONDING);
  await time.increase(UNBONDING);
  await delegation.settle((await delegation.currentRewardEpoch()) - 1n, validator.address, []);
  await delegation.slash(validator.address, 1_000);
  return { delegation, address, token, vault, ann, validator };
}

describe("Delegation with a token that is not COS", () => {
  it("pays its delegators without a commission of zero being booked", async () => {
    const { delegation, ann, validator } = await loadFixture(deployed);
    expect((await delegation.positionOf(validator.address, validator.address)).reward).to.equal(0n);
    expect((await delegation.positionOf(validator.address, ann.address)).reward).to.be.greaterThan(0n);
  });

  const moves: Record<string, (fixture: Awaited<ReturnType<typeof deployed>>) => Promise<unknown>> = {
    delegate: ({ delegation, ann, validator }) => delegation.connect(ann).delegate(validator.address, cos(1)),
    withdraw: ({ delegation, ann, validator }) => delegation.connect(ann).withdraw(validator.address, 0, ann.address),
    claim: ({ delegation, ann, validator }) => delegation.connect(ann).claim(validator.address, ann.address),
    fund: async ({ delegation, vault }) => delegation.connect(vault).fund(cos(1), BigInt(await time.latest()) + 100n),
    credit: async ({ delegation, ann }) => delegation.connect(ann).credit(cos(1)),
    sweepSlashed: ({ delegation }) => delegation.sweepSlashed(),
    sweepCommunity: ({ delegation }) => delegation.sweepCommunity(),
  };

  for (const [name, move] of Object.entries(moves)) {
    it(`lets nobody re-enter ${name}`, async () => {
      const fixture = await loadFixture(deployed);
      const { delegation, address, token, validator, ann } = fixture;
      const guarded: readonly string[] = [
        delegation.interface.encodeFunctionData("delegate", [validator.address, 1]),
        delegation.interface.encodeFunctionData("withdraw", [validator.address, 0, ann.address]),
        delegation.interface.encodeFunctionData("claim", [validator.address, ann.address]),
        delegation.interface.encodeFunctionData("fund", [1, 2n ** 63n]),
        delegation.interface.encodeFunctionData("credit", [1]),
        delegation.interface.encodeFunctionData("sweepSlashed"),
        delegation.interface.encodeFunctionData("sweepCommunity"),
      ];
      let snapshot = (await ethers.provider.send("evm_snapshot", [])) as string;
      for (const call of guarded) {
        await token.setReaction(address, call);
        await move(fixture);
        expect(await token.reacted()).to.equal(false);
        const answer = delegation.interface.parseError(await token.answer());
        expect(answer?.name).to.equal("ReentrancyGuardReentrantCall");
        await ethers.provider.send("evm_revert", [snapshot]);
        snapshot = (await ethers.provider.send("evm_snapshot", [])) as string;
      }
    });

    it(`reverts ${name} where the token answers false`, async () => {
      const fixture = await loadFixture(deployed);
      await fixture.token.setAnswersFalse(true);
      await expect(move(fixture))
        .to.be.revertedWithCustomError(fixture.delegation, "SafeERC20FailedOperation")
        .withArgs(await fixture.token.getAddress());
    });
  }

  it("streams what arrives, not what was named", async () => {
    const { delegation, token, vault } = await loadFixture(deployed);
    await token.setFee(100);
    const left = await delegation.undistributed();
    const start = BigInt(await time.latest()) + 10n;
    await time.setNextBlockTimestamp(start);
    const rate = (cos(99) + left) / 99n;
    await expect(delegation.connect(vault).fund(cos(100), start + 99n))
      .to.emit(delegation, "RewardFunded")
      .withArgs(cos(99), rate, start + 99n, cos(99) + left - 99n * rate);
  });
});
