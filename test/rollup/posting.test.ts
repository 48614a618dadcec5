import { setCode, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { concat, type Signer } from "ethers";
import type { OperatorMock } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { HOUR, IDLE, PARAMS, claimOn, hashOf, loadPlayed, type ClaimStruct, type Played } from "./support";

const MINUTE = 60n;
const MAX_FORCED = 128;

async function post(played: Played, change: Partial<ClaimStruct> = {}, poster: Signer = played.sequencer) {
  return played.rollup.connect(poster).postBatch(await claimOn(played.layer2, change), IDLE);
}

/** A state that consumes the queue up to there. */
const consuming = ({ layer2 }: Played, queue: bigint) => ({ state: { ...layer2.latest.batch.state, queue } });

describe("posting", () => {
  it("takes the batch that follows the latest, and keeps its hash and the head", async () => {
    const played = await loadPlayed();
    const { rollup, sequencer, layer2 } = played;
    const { batch, hash } = layer2.latest;
    const at = (await layer2.now()) + MINUTE;
    await time.setNextBlockTimestamp(at);
    const posting = await post(played, { time: at - 5n });
    const expected = {
      ...batch,
      number: 2n,
      parent: hash,
      time: at - 5n,
      queueTime: at - 5n,
      postedAt: at,
      blockNumber: BigInt(posting.blockNumber!),
      poster: await sequencer.getAddress(),
      segments: 1,
      data: ethers.keccak256(ethers.keccak256(concat([await stateHash(played), ethers.keccak256("0x00")]))),
    };
    await expect(posting).to.emit(rollup, "BatchPosted").withArgs(2, hashOf(expected));
    expect(await rollup.batchHashOf(2)).to.equal(hashOf(expected));
    expect([...(await rollup.head())]).to.deep.equal([2n, at - 5n, 2n, at, BigInt(posting.blockNumber!), 2n, false]);
  });

  it("refuses a contract, and an account that acts by code", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, sequencer, verifier } = played;
    const contract = await deploy<OperatorMock>("OperatorMock");
    const call = rollup.interface.encodeFunctionData("postBatch", [await claimOn(layer2), IDLE]);
    await expect(contract.connect(sequencer).execute(rollup, call))
      .to.be.revertedWithCustomError(rollup, "NotPostedDirectly")
      .withArgs(await contract.getAddress());

    // EIP-7702: its transaction may be one to itself, where nobody looks for the batch.
    const account = await sequencer.getAddress();
    await setCode(account, concat(["0xef0100", await verifier.getAddress()]));
    await expect(post(played)).to.be.revertedWithCustomError(rollup, "NotPostedDirectly").withArgs(account);
    await setCode(account, "0x");
    await expect(post(played)).to.emit(rollup, "BatchPosted");
  });

  it("refuses a sequencer without its bond, or one that leaves", async () => {
    const played = await loadPlayed();
    const { rollup, stranger, sequencer } = played;
    await rollup.setSequencer(stranger, true);
    await expect(post(played, {}, stranger))
      .to.be.revertedWithCustomError(rollup, "BondMissing")
      .withArgs(await stranger.getAddress(), 0, PARAMS.bond);
    await rollup.connect(sequencer).announceLeaving();
    await expect(post(played))
      .to.be.revertedWithCustomError(rollup, "PosterIsLeaving")
      .withArgs(await sequencer.getAddress());
  });

  it("refuses a sequencer that is no more one", async () => {
    const played = await loadPlayed();
    const { rollup, sequencer, layer2 } = played;
    const account = await sequencer.getAddress();
    await expect(rollup.setSequencer(account, false)).to.emit(rollup, "SequencerSet").withArgs(account, false);
    await expect(post(played))
      .to.be.revertedWithCustomError(rollup, "PostingNotOpen")
      .withArgs(account, layer2.latest.batch.postedAt + PARAMS.openSeconds);
    expect((await rollup.posterOf(account)).bond).to.equal(PARAMS.bond);
  });

  it("opens to every bonded account a day after the latest batch", async () => {
    const played = await loadPlayed();
    const { rollup, other, stranger, layer2 } = played;
    const openAt = layer2.latest.batch.postedAt + PARAMS.openSeconds;
    await time.setNextBlockTimestamp(openAt - 1n);
    await expect(post(played, { time: openAt - 1n }, other))
      .to.be.revertedWithCustomError(rollup, "PostingNotOpen")
      .withArgs(await other.getAddress(), openAt);
    await time.setNextBlockTimestamp(openAt);
    await expect(post(played, { time: openAt }, stranger)).to.be.revertedWithCustomError(rollup, "BondMissing");
    await time.setNextBlockTimestamp(openAt + 1n);
    await expect(post(played, { time: openAt }, other)).to.emit(rollup, "BatchPosted");
  });

  it("opens where the first entry that waits is a day old, though batches come", async () => {
    const played = await loadPlayed();
    const { rollup, other, layer2, sequencer } = played;
    // More entries are due than a batch has to take.
    for (let i = 0; i <= MAX_FORCED; i++) await layer2.deposit(0, 1n);
    const last = await rollup.entryOf(130);
    await time.increase(23n * HOUR);
    const now = (await layer2.now()) + 1n;
    await time.setNextBlockTimestamp(now);
    const claim = await claimOn(layer2, { ...consuming(played, 130n), time: now });
    const posting = await rollup.connect(sequencer).postBatch(claim, IDLE);
    const head = await rollup.head();
    expect([head.postedAt, head.queue]).to.deep.equal([now, 130n]);
    const next = {
      parent: await rollup.batchHashOf(2),
      parentBlock: posting.blockNumber!,
      state: claim.state,
    };

    const openAt = last.queuedAt + PARAMS.openSeconds;
    const tryAt = async (at: bigint) => {
      await time.setNextBlockTimestamp(at);
      const state = { ...claim.state, queue: 131n };
      return rollup.connect(other).postBatch({ ...next, state, time: at, queueTime: at }, IDLE);
    };
    await expect(tryAt(openAt - 1n))
      .to.be.revertedWithCustomError(rollup, "PostingNotOpen")
      .withArgs(await other.getAddress(), openAt);
    await expect(tryAt(openAt)).to.emit(rollup, "BatchPosted");
  });

  it("refuses what is not built on the latest batch, or hides where that one is", async () => {
    const played = await loadPlayed();
    const { rollup, beginning, layer2 } = played;
    const { batch, hash } = layer2.latest;
    await expect(post(played, { parent: hashOf(beginning) }))
      .to.be.revertedWithCustomError(rollup, "NotOnTheLatest")
      .withArgs(hashOf(beginning), hash);
    await expect(post(played, { parentBlock: batch.blockNumber - 1n }))
      .to.be.revertedWithCustomError(rollup, "WrongParentBlock")
      .withArgs(batch.blockNumber - 1n, batch.blockNumber);
  });

  it("refuses a clock that lies: behind the parent's, too far behind the block, or ahead of it", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    const { batch } = layer2.latest;
    const soon = batch.time + 5n * MINUTE;
    const late = batch.time + 60n * MINUTE;
    const refused = async (at: bigint, clock: bigint, least: bigint) => {
      await time.setNextBlockTimestamp(at);
      await expect(post(played, { time: clock }))
        .to.be.revertedWithCustomError(rollup, "BatchTimeOutOfRange")
        .withArgs(clock, least, at);
    };
    await refused(soon, batch.time - 1n, batch.time);
    await refused(soon + 1n, soon + 2n, batch.time);
    await refused(late, late - 15n * MINUTE - 1n, late - 15n * MINUTE);
    await time.setNextBlockTimestamp(late + 1n);
    await expect(post(played, { time: late + 1n - 15n * MINUTE })).to.emit(rollup, "BatchPosted");
  });

  it("refuses a queue's time that lies", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    const clock = await layer2.now();
    await expect(post(played, { time: clock, queueTime: clock + 1n }))
      .to.be.revertedWithCustomError(rollup, "QueueTimeTooLate")
      .withArgs(clock + 1n, clock);
    await layer2.deposit(0, 1n);
    const { queuedAt } = await rollup.entryOf(2);
    await expect(post(played, { time: queuedAt, queueTime: queuedAt }))
      .to.be.revertedWithCustomError(rollup, "QueueSkipped")
      .withArgs(2, queuedAt);
    await expect(post(played, { time: queuedAt, queueTime: queuedAt - 1n })).to.emit(rollup, "BatchPosted");
  });

  it("refuses a queue's time of more than an hour before the batch: no time-out would ever apply", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    const clock = (await layer2.now()) + 2n * HOUR;
    for (const queueTime of [0n, clock - HOUR - 1n]) {
      await time.setNextBlockTimestamp(clock + (queueTime === 0n ? 0n : 1n));
      await expect(post(played, { time: clock, queueTime }))
        .to.be.revertedWithCustomError(rollup, "QueueTimeTooEarly")
        .withArgs(queueTime, clock - HOUR);
    }
    await expect(post(played, { time: clock, queueTime: clock - HOUR })).to.emit(rollup, "BatchPosted");
  });

  it("takes an earlier one where a starved queue admits no other, and not one earlier still", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    for (let i = 0; i <= MAX_FORCED; i++) await layer2.deposit(0, 1n);
    const { queuedAt } = await rollup.entryOf(130);
    await time.increase(2n * HOUR);
    const state = consuming(played, 130n);
    await expect(post(played, { ...state, queueTime: queuedAt - 2n }))
      .to.be.revertedWithCustomError(rollup, "QueueTimeTooEarly")
      .withArgs(queuedAt - 2n, queuedAt - 1n);
    await expect(post(played, { ...state, queueTime: queuedAt - 1n })).to.emit(rollup, "BatchPosted");
  });

  it("refuses a batch that gives back entries, or takes some that are not there", async () => {
    const played = await loadPlayed();
    const { rollup } = played;
    for (const queue of [1n, 3n]) {
      await expect(post(played, consuming(played, queue)))
        .to.be.revertedWithCustomError(rollup, "QueueOutOfRange")
        .withArgs(queue, 2, 2);
    }
  });

  it("refuses to skip an entry that is an hour old", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    await layer2.deposit(0, 1n);
    const { queuedAt } = await rollup.entryOf(2);
    await time.setNextBlockTimestamp(queuedAt + HOUR);
    await expect(post(played, { time: queuedAt + HOUR }))
      .to.be.revertedWithCustomError(rollup, "QueueSkipped")
      .withArgs(2, queuedAt);
    await time.setNextBlockTimestamp(queuedAt + HOUR + 1n);
    await expect(post(played, { ...consuming(played, 3n), time: queuedAt + HOUR })).to.emit(rollup, "BatchPosted");
  });

  it("lets an entry wait that is younger than an hour", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    await layer2.deposit(0, 1n);
    const { queuedAt } = await rollup.entryOf(2);
    await time.setNextBlockTimestamp(queuedAt + HOUR - 1n);
    await expect(post(played, { time: queuedAt + HOUR - 1n })).to.emit(rollup, "BatchPosted");
  });

  it("asks no more of a starved queue than the greatest part that a batch must take", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    expect(await rollup.MAX_FORCED()).to.equal(MAX_FORCED);
    for (let i = 0; i <= MAX_FORCED; i++) await layer2.deposit(0, 1n);
    await time.increase(2n * HOUR);
    const skipped = await rollup.entryOf(129);
    await expect(post(played, consuming(played, 129n)))
      .to.be.revertedWithCustomError(rollup, "QueueSkipped")
      .withArgs(129, skipped.queuedAt);
    await expect(post(played, consuming(played, 130n))).to.emit(rollup, "BatchPosted");
  });

  it("refuses segments that are malformed, too long or too many", async () => {
    const played = await loadPlayed();
    const { rollup, calldataSegments, sequencer, layer2 } = played;
    const posting = async (segments: string) => rollup.connect(sequencer).postBatch(await claimOn(layer2), segments);
    const word = "11".repeat(32);
    await expect(posting("0x")).to.be.revertedWithCustomError(calldataSegments, "SegmentsMalformed").withArgs(0);
    await expect(posting("0x00")).to.be.revertedWithCustomError(calldataSegments, "SegmentsMalformed").withArgs(0);
    await expect(posting("0x000200")).to.be.revertedWithCustomError(calldataSegments, "SegmentsMalformed").withArgs(2);
    await expect(posting("0x00010011"))
      .to.be.revertedWithCustomError(calldataSegments, "SegmentsMalformed")
      .withArgs(3);
    await expect(posting(`0x000100${word}`))
      .to.be.revertedWithCustomError(calldataSegments, "SegmentsMalformed")
      .withArgs(35);
    const long = `0x000100${word}1771${"00".repeat(6_001)}`;
    await expect(posting(long))
      .to.be.revertedWithCustomError(calldataSegments, "SegmentTooLong")
      .withArgs(1, 6_001, 6_000);
    await expect(posting(`0x${`0000${word}`.repeat(256)}0000`))
      .to.be.revertedWithCustomError(calldataSegments, "TooManySegments")
      .withArgs(256);
    await expect(posting(`0x${`0000${word}`.repeat(255)}0000`)).to.emit(rollup, "BatchPosted");
  });
});

async function stateHash({ layer2 }: Played): Promise<string> {
  const { root, nextLeaf, queue } = layer2.latest.batch.state;
  return ethers.solidityPackedKeccak256(["bytes32", "uint32", "uint64"], [root, nextLeaf, queue]);
}
