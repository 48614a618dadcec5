import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { DAY, PARAMS, loadPlayed } from "./support";

const NEVER = (1n << 64n) - 1n;

describe("halts of moves", () => {
  it("are announced a window and a day ahead, one after the other, for at most 30 days, by the timelock alone", async () => {
    const { rollup, stranger, layer2 } = await loadPlayed();
    await expect(rollup.connect(stranger).setMovesHalt(0, 1)).to.be.revertedWithCustomError(
      rollup,
      "AccessManagedUnauthorized",
    );
    const now = (await layer2.now()) + 10n;
    const least = now + PARAMS.challengeSeconds + DAY;
    const refused = async (from: bigint, to: bigint, bound = least) => {
      await expect(rollup.setMovesHalt(from, to))
        .to.be.revertedWithCustomError(rollup, "MovesHaltOutOfRange")
        .withArgs(from, to, bound);
    };
    await time.setNextBlockTimestamp(now);
    await refused(least - 1n, least + DAY);
    await time.setNextBlockTimestamp(now + 1n);
    await refused(least + 1n, least + 1n, least + 1n);
    await time.setNextBlockTimestamp(now + 2n);
    await refused(least + 2n, least + 2n + 30n * DAY + 1n, least + 2n);
    await time.setNextBlockTimestamp(now + 3n);
    const [from, to] = [least + 3n, least + 3n + 30n * DAY];
    await expect(rollup.setMovesHalt(from, to)).to.emit(rollup, "MovesHaltSet").withArgs(from, to);
    // A day between two, in which sessions can be settled.
    const next = to + DAY;
    await refused(next - 1n, next + DAY, next);
    await expect(rollup.setMovesHalt(next, next + DAY))
      .to.emit(rollup, "MovesHaltSet")
      .withArgs(next, next + DAY);
  });

  it("are for batches whose clock is in them, for ever", async () => {
    const { rollup, layer2 } = await loadPlayed();
    expect(await rollup.movesHaltAt(await layer2.now())).to.equal(NEVER);
    const from = (await layer2.now()) + PARAMS.challengeSeconds + 2n * DAY;
    await rollup.setMovesHalt(from, from + DAY);
    await rollup.setMovesHalt(from + 5n * DAY, from + 6n * DAY);
    const at = (clock: bigint) => rollup.movesHaltAt(clock);
    const check = async () => {
      expect(await at(from - 1n)).to.equal(NEVER);
      expect(await at(from)).to.equal(from);
      expect(await at(from + DAY - 1n)).to.equal(from);
      expect(await at(from + DAY)).to.equal(NEVER);
      expect(await at(from + 5n * DAY - 1n)).to.equal(NEVER);
      expect(await at(from + 6n * DAY - 1n)).to.equal(from + 5n * DAY);
      expect(await at(from + 6n * DAY)).to.equal(NEVER);
    };
    await check();
    // What a past batch leads to does not change by a later halt.
    await time.increaseTo(from + 20n * DAY);
    const next = from + 40n * DAY;
    await rollup.setMovesHalt(next, next + DAY);
    await check();
    expect(await at(next)).to.equal(next);
  });

  it("are found among many at a cost that does not grow with their number", async () => {
    const { rollup, layer2 } = await loadPlayed();
    const from = (await layer2.now()) + PARAMS.challengeSeconds + 2n * DAY;
    const COUNT = 70n;
    // A second each.
    const begin = (index: bigint) => from + 2n * DAY * index;
    for (let index = 0n; index < COUNT; index++) await rollup.setMovesHalt(begin(index), begin(index) + 1n);
    for (let index = 0n; index < COUNT; index++) {
      expect(await rollup.movesHaltAt(begin(index))).to.equal(begin(index));
      expect(await rollup.movesHaltAt(begin(index) + 1n)).to.equal(NEVER);
    }
    // A cold read is 2,100 gas (EIP-2929): seven bisect 70, one is the length. Reading all would be 147,000.
    const CALL = 21_000n + 2_000n;
    for (const clock of [from - 1n, from, begin(COUNT)]) {
      expect(await rollup.movesHaltAt.estimateGas(clock)).to.be.at.most(CALL + 8n * 2_500n);
    }
  });
});
