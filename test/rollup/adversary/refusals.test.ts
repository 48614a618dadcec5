import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { encodeSegments } from "../../../protocol/ledger/batch";
import { HOUR } from "../support";
import { ALICE, openScene } from "./lies";

describe("a sequencer whose batch layer 1 does not take", () => {
  it("cannot pass over an entry that is an hour old", async () => {
    const { fixture, layer2, draft, body } = await openScene();
    const { rollup, sequencer } = fixture;
    const entry = await layer2.deposit(ALICE.number, 5n);
    await time.increase(HOUR);
    const skipping = await draft([body()]);
    const { queuedAt } = await rollup.entryOf(entry);
    await expect(rollup.connect(sequencer).postBatch(layer2.claimOf(skipping), encodeSegments(skipping.segments)))
      .to.be.revertedWithCustomError(rollup, "QueueSkipped")
      .withArgs(entry, queuedAt);
  });

  it("cannot build on another batch than the latest", async () => {
    const { fixture, layer2, draft, body } = await openScene();
    const { rollup, sequencer } = fixture;
    const honest = await draft([body()]);
    const parent = ethers.id("another");
    const claim = { ...layer2.claimOf(honest), parent };
    await expect(rollup.connect(sequencer).postBatch(claim, encodeSegments(honest.segments)))
      .to.be.revertedWithCustomError(rollup, "NotOnTheLatest")
      .withArgs(parent, layer2.latest.hash);
  });

  it("cannot post data that is shorter than it says", async () => {
    const { fixture, layer2, draft, body } = await openScene();
    const { rollup, calldataSegments, sequencer } = fixture;
    const honest = await draft([body(), body()]);
    const data = encodeSegments(honest.segments).slice(0, -1);
    await expect(rollup.connect(sequencer).postBatch(layer2.claimOf(honest), data))
      .to.be.revertedWithCustomError(calldataSegments, "SegmentsMalformed")
      .withArgs(data.length);
  });

  it("cannot post data that is longer than it says", async () => {
    const { fixture, layer2, draft, body } = await openScene();
    const { rollup, calldataSegments, sequencer } = fixture;
    const honest = await draft([body()]);
    const data = Uint8Array.from([...encodeSegments(honest.segments), 0]);
    await expect(rollup.connect(sequencer).postBatch(layer2.claimOf(honest), data))
      .to.be.revertedWithCustomError(calldataSegments, "SegmentsMalformed")
      .withArgs(data.length - 1);
  });
});
