import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import type { OperatorMock, Rollup } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { startAnvil } from "../../scripts/local/nodes";
import { DAY, IDLE, Layer2, PARAMS, claimOn, commit, loadPlayed } from "./support";

describe("bonds of posters", () => {
  it("are exactly the bond, and paid once", async () => {
    const { rollup, stranger, sequencer } = await loadPlayed();
    for (const value of [0n, PARAMS.bond - 1n, PARAMS.bond + 1n]) {
      await expect(rollup.connect(stranger).payBond({ value }))
        .to.be.revertedWithCustomError(rollup, "WrongBond")
        .withArgs(value, PARAMS.bond);
    }
    for (const value of [0n, PARAMS.bond]) {
      await expect(rollup.connect(sequencer).payBond({ value }))
        .to.be.revertedWithCustomError(rollup, "WrongBond")
        .withArgs(value, 0);
    }
    const paying = rollup.connect(stranger).payBond({ value: PARAMS.bond });
    await expect(paying)
      .to.emit(rollup, "BondPaid")
      .withArgs(await stranger.getAddress(), PARAMS.bond);
    expect([...(await rollup.posterOf(stranger))]).to.deep.equal([PARAMS.bond, 0n, false]);
  });

  it("are free a challenge window after their poster has stopped, not before", async () => {
    const { rollup, sequencer, stranger, layer2 } = await loadPlayed();
    const account = await sequencer.getAddress();
    await expect(rollup.connect(stranger).withdrawBond(stranger))
      .to.be.revertedWithCustomError(rollup, "NothingToWithdraw")
      .withArgs(await stranger.getAddress());
    await expect(rollup.connect(sequencer).withdrawBond(account))
      .to.be.revertedWithCustomError(rollup, "PosterIsNotLeaving")
      .withArgs(account);
    await expect(rollup.connect(stranger).announceLeaving())
      .to.be.revertedWithCustomError(rollup, "BondMissing")
      .withArgs(await stranger.getAddress(), 0, PARAMS.bond);

    const posted = await layer2.run([Uint8Array.of(0)]);
    const leaving = rollup.connect(sequencer).announceLeaving();
    await expect(leaving).to.emit(rollup, "LeavingAnnounced");
    const until = (await layer2.now()) + PARAMS.challengeSeconds;
    await expect(leaving).to.emit(rollup, "LeavingAnnounced").withArgs(account, until);
    expect(until).to.be.greaterThanOrEqual(posted.batch.postedAt + PARAMS.challengeSeconds);
    await expect(rollup.connect(sequencer).announceLeaving())
      .to.be.revertedWithCustomError(rollup, "PosterIsLeaving")
      .withArgs(account);
    await time.setNextBlockTimestamp(until - 1n);
    await expect(rollup.connect(sequencer).withdrawBond(account))
      .to.be.revertedWithCustomError(rollup, "BondInUse")
      .withArgs(until);
    await time.setNextBlockTimestamp(until);
    const receiver = ethers.Wallet.createRandom().address;
    const withdrawing = rollup.connect(sequencer).withdrawBond(receiver);
    await expect(withdrawing).to.emit(rollup, "BondWithdrawn").withArgs(account, receiver, PARAMS.bond);
    await expect(withdrawing).to.changeEtherBalances([rollup, receiver], [-PARAMS.bond, PARAMS.bond]);
    expect([...(await rollup.posterOf(sequencer))]).to.deep.equal([0n, 0n, true]);

    // It may come back.
    await rollup.connect(sequencer).payBond({ value: PARAMS.bond });
    await layer2.run([Uint8Array.of(0)]);
  });

  it("are gone where they were slashed while leaving, and a new one has to be announced anew", async () => {
    const played = await loadPlayed();
    const { rollup, sequencer, prover, layer2 } = played;
    const account = await sequencer.getAddress();
    const posted = await layer2.post(Layer2.lie(await layer2.draft([Uint8Array.of(0)]), 0));
    await rollup.connect(sequencer).announceLeaving();
    await commit(played, posted, 0);
    await rollup.proveFraud(layer2.proofOf(posted, 0, await prover.getAddress()));
    await time.increase(PARAMS.challengeSeconds + DAY);
    await expect(rollup.connect(sequencer).withdrawBond(account))
      .to.be.revertedWithCustomError(rollup, "NothingToWithdraw")
      .withArgs(account);
    await rollup.connect(sequencer).payBond({ value: PARAMS.bond });
    await expect(rollup.connect(sequencer).withdrawBond(account)).to.be.revertedWithCustomError(
      rollup,
      "PosterIsNotLeaving",
    );
    layer2.forgetFrom(posted);
    await expect(rollup.connect(sequencer).postBatch(await claimOn(layer2), IDLE)).to.emit(rollup, "BatchPosted");
  });

  it("are paid out once, though their receiver calls again, and stay where it refuses", async () => {
    const { rollup } = await loadPlayed();
    const poster = await deploy<OperatorMock>("OperatorMock");
    const account = await poster.getAddress();
    await poster.execute(rollup, rollup.interface.encodeFunctionData("payBond"), { value: PARAMS.bond });
    await poster.execute(rollup, rollup.interface.encodeFunctionData("announceLeaving"));
    await time.increase(PARAMS.challengeSeconds);
    const withdrawal = rollup.interface.encodeFunctionData("withdrawBond", [account]);
    await poster.setRefuses(true);
    await expect(poster.execute(rollup, withdrawal))
      .to.be.revertedWithCustomError(poster, "CoinRefused")
      .withArgs(PARAMS.bond);
    await poster.setRefuses(false);
    await poster.setReaction(rollup, withdrawal);
    await expect(poster.execute(rollup, withdrawal)).to.changeEtherBalances(
      [rollup, poster],
      [-PARAMS.bond, PARAMS.bond],
    );
    expect(await poster.reacted()).to.equal(false);
  });

  it("are admitted by the administration alone, as sequencers", async () => {
    const { rollup, stranger } = await loadPlayed();
    await expect(rollup.connect(stranger).setSequencer(stranger, true))
      .to.be.revertedWithCustomError(rollup, "AccessManagedUnauthorized")
      .withArgs(await stranger.getAddress());
  });

  it("are above zero, with windows in which a proof can be included: a day where money is real", async () => {
    const { rollup, manager, gateway, verifier, calldataSegments, blobSegments } = await loadPlayed();
    const parts = await Promise.all(
      [manager, gateway, verifier, calldataSegments, blobSegments].map((each) => each.getAddress()),
    );
    const making = (params: object) => deploy<Rollup>("Rollup", [...parts, { ...PARAMS, ...params }]);
    await expect(making({ bond: 0n })).to.be.revertedWithCustomError(rollup, "ZeroBond");
    await expect(making({ challengeSeconds: 0n }))
      .to.be.revertedWithCustomError(rollup, "WindowTooShort")
      .withArgs(0, 1);
    await expect(making({ openSeconds: 0n }))
      .to.be.revertedWithCustomError(rollup, "WindowTooShort")
      .withArgs(0, 1);
    const node = await startAnvil({ chainId: 97, args: ["--disable-code-size-limit"] });
    try {
      const provider = new ethers.JsonRpcProvider(node.url, 97, { staticNetwork: true, batchMaxCount: 1 });
      const factory = await ethers.getContractFactory("Rollup");
      const dataOf = async (challengeSeconds: bigint) =>
        (
          await factory.getDeployTransaction(...(parts as [string, string, string, string, string]), {
            ...PARAMS,
            challengeSeconds,
          })
        ).data;
      await expect(provider.call({ data: await dataOf(DAY - 1n) }))
        .to.be.revertedWithCustomError(rollup, "WindowTooShort")
        .withArgs(DAY - 1n, DAY);
      expect(await provider.call({ data: await dataOf(DAY) })).to.have.length.greaterThan(2);
      provider.destroy();
    } finally {
      await node.stop();
    }
  });
});
