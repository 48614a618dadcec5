import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { DAY, HOUR, IDLE, PARAMS, claimOn, loadPlayed, postIdle } from "./support";

describe("the end of a rollup", () => {
  it("comes a window after posting has opened, where nobody posted: at the latest batch", async () => {
    const { rollup, layer2, stranger, sequencer, beginning } = await loadPlayed();
    const { batch, hash } = layer2.latest;
    const at = batch.postedAt + PARAMS.openSeconds + PARAMS.challengeSeconds;
    await time.setNextBlockTimestamp(at - 1n);
    await expect(rollup.connect(stranger).freeze(batch, batch))
      .to.be.revertedWithCustomError(rollup, "FreezeTooEarly")
      .withArgs(at);
    // Not at a batch below the last final one.
    await expect(rollup.connect(stranger).freeze(beginning, batch))
      .to.be.revertedWithCustomError(rollup, "NotTheLastFinal")
      .withArgs(0);
    await expect(rollup.connect(stranger).freeze(batch, beginning)).to.emit(rollup, "RollupFrozen").withArgs(1, hash);
    expect([...(await rollup.head())]).to.deep.equal([1n, batch.time, 2n, batch.postedAt, batch.blockNumber, 2n, true]);
    expect((await rollup.finalState(batch)).root).to.equal(batch.state.root);

    await expect(rollup.freeze(batch, batch)).to.be.revertedWithCustomError(rollup, "RollupIsFrozen");
    await expect(rollup.connect(sequencer).postBatch(await claimOn(layer2), IDLE)).to.be.revertedWithCustomError(
      rollup,
      "RollupIsFrozen",
    );
    await expect(rollup.connect(sequencer).postBlobs(await claimOn(layer2), 1)).to.be.revertedWithCustomError(
      rollup,
      "RollupIsFrozen",
    );
    const value = await rollup.forcePrice("0x01");
    await expect(rollup.force("0x01", { value })).to.be.revertedWithCustomError(rollup, "RollupIsFrozen");
    await expect(layer2.deposit(0, 1n)).to.be.revertedWithCustomError(rollup, "RollupIsFrozen");
    // Bonds leave also then.
    await rollup.connect(sequencer).announceLeaving();
    await time.increase(PARAMS.challengeSeconds);
    await expect(rollup.connect(sequencer).withdrawBond(sequencer)).to.changeEtherBalance(sequencer, PARAMS.bond);
  });

  it("does not come while batches do", async () => {
    const { rollup, layer2 } = await loadPlayed();
    await time.increase(6n * DAY);
    const second = await layer2.run([Uint8Array.of(0)]);
    await time.increaseTo(layer2.batches[0]!.batch.postedAt + 8n * DAY);
    await expect(rollup.freeze(layer2.batches[0]!.batch, second.batch))
      .to.be.revertedWithCustomError(rollup, "FreezeTooEarly")
      .withArgs(second.batch.postedAt + 8n * DAY);
  });

  it("comes a window after an entry has waited for a day, though batches come", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    // More than a batch must take: the last one starves.
    for (let i = 0; i <= 128; i++) await layer2.deposit(0, 1n);
    const { queuedAt } = await rollup.entryOf(130);
    const last = await postIdle(played, layer2.latest, queuedAt + 2n * HOUR, 128n);
    const at = queuedAt + PARAMS.openSeconds + PARAMS.challengeSeconds;
    expect(at).to.be.lessThan(last.batch.postedAt + PARAMS.openSeconds + PARAMS.challengeSeconds);
    await time.setNextBlockTimestamp(at - 1n);
    await expect(rollup.freeze(last.batch, last.batch))
      .to.be.revertedWithCustomError(rollup, "FreezeTooEarly")
      .withArgs(at);
    await expect(rollup.freeze(last.batch, last.batch)).to.emit(rollup, "RollupFrozen").withArgs(2, last.hash);
    expect((await rollup.head()).queue).to.equal(130);
  });

  it("goes back to the last final batch, where later ones are still open to challenge", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    for (let i = 0; i <= 256; i++) await layer2.deposit(0, 1n);
    const { queuedAt } = await rollup.entryOf(258);
    const { batch: first } = layer2.latest;
    const second = await postIdle(played, layer2.latest, queuedAt + 2n * HOUR, 128n);
    const third = await postIdle(played, second, queuedAt + 7n * DAY, 128n);
    const at = queuedAt + PARAMS.openSeconds + PARAMS.challengeSeconds;
    await time.setNextBlockTimestamp(at);
    await expect(rollup.freeze(third.batch, third.batch))
      .to.be.revertedWithCustomError(rollup, "BatchNotFinal")
      .withArgs(3, third.batch.postedAt + PARAMS.challengeSeconds);
    await expect(rollup.freeze(first, second.batch))
      .to.be.revertedWithCustomError(rollup, "NotTheLastFinal")
      .withArgs(1);
    await expect(rollup.freeze(first, third.batch))
      .to.be.revertedWithCustomError(rollup, "NotTheLastFinal")
      .withArgs(1);
    const unknown = { ...third.batch, queueTime: 0n };
    await expect(rollup.freeze(second.batch, unknown)).to.be.revertedWithCustomError(rollup, "NotCanonical");
    await expect(rollup.freeze({ ...second.batch, time: 0n }, third.batch)).to.be.revertedWithCustomError(
      rollup,
      "NotCanonical",
    );
    await expect(rollup.freeze(second.batch, third.batch)).to.emit(rollup, "RollupFrozen").withArgs(2, second.hash);
    const head = await rollup.head();
    expect([head.number, head.queue, head.queueLength, head.frozen]).to.deep.equal([2n, 130n, 259n, true]);
    await expect(rollup.finalState(third.batch))
      .to.be.revertedWithCustomError(rollup, "NotCanonical")
      .withArgs(3, third.hash);
    expect((await rollup.finalState(first)).queue).to.equal(2);
  });
});
