import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { Wallet, id, parseEther } from "ethers";
import { DAY, KIND, LOCK, PRICE, STATE, at, deployNodes, fund, now } from "./support";

const COS_PER_SECOND = parseEther("2");

describe("A node's life", () => {
  it("runs from the pledge over two years of rewards to the renewal of one node and the end of another", async () => {
    const nodes = await deployNodes({ cellularCap: 2 });
    const { pool, cos, alice, bob, carol, operators } = nodes;
    const purse = new Wallet(id("a purse that holds nothing yet")).address;

    // The ecosystem vault funds three years: 2 COS a second.
    const start = (await now()) + 100n;
    const funded = 1_095n * DAY;
    await at(start);
    await fund(nodes, pool, COS_PER_SECOND * funded, start + funded);

    // Alice pledges first, for rewards that last two years at least. For a day all of them are hers.
    await at(start + DAY);
    await pool.connect(alice).pledge(KIND.cellular, start + LOCK, { value: PRICE[0] });
    const alices = await pool.lastPosition();

    // Bob comes a day later and takes the last place: from now on anyone may pledge a core node.
    await at(start + 2n * DAY);
    await expect(pool.connect(bob).pledge(KIND.cellular, 0, { value: PRICE[0] })).to.emit(pool, "CoreOpened");
    const bobs = await pool.lastPosition();

    // The day before they began streamed to nobody: it waits for the next funding.
    expect(await pool.undistributed()).to.equal(COS_PER_SECOND * DAY);

    // Two years later, not a second earlier, Alice has her reward: a day alone, then half until her end.
    const aliceEnds = start + DAY + LOCK;
    await at(aliceEnds - 1n);
    await expect(pool.connect(alice).withdraw(alices, purse)).to.be.revertedWithCustomError(pool, "NodeLocked");
    await at(aliceEnds);
    await pool.connect(alice).claim(alices, purse);
    expect(await cos.balanceOf(purse)).to.equal(COS_PER_SECOND * DAY + (COS_PER_SECOND * (LOCK - DAY)) / 2n);

    // She stays. Her place is hers, so the coin never moves, and two more years begin.
    await at(aliceEnds + 3_600n);
    await expect(pool.connect(alice).repledge(alices, 0)).to.changeEtherBalance(pool, 0);
    const renewed = await pool.lastPosition();
    expect(await pool.stateOf(alices)).to.equal(STATE.renewed);
    expect(await pool.endOf(renewed)).to.equal(aliceEnds + 3_600n + LOCK);

    // Bob leaves: his BNB in one call, his COS in another, whenever he likes.
    const bobEnds = start + 2n * DAY + LOCK;
    await at(bobEnds);
    await expect(pool.connect(bob).withdraw(bobs, bob)).to.changeEtherBalance(pool, -PRICE[0]);
    await time.increase(90n * DAY);
    // A day less an hour and a second lie between the renewal and his end; for an hour he earned alone.
    const half = (COS_PER_SECOND * (LOCK - 3_600n)) / 2n;
    await expect(pool.connect(bob).claim(bobs, bob)).to.changeTokenBalance(cos, bob, half + COS_PER_SECOND * 3_600n);

    // Carol takes the place that he left; an operator that signs puts a core node behind its signatures.
    await pool.connect(carol).pledge(KIND.cellular, 0, { value: PRICE[0] });
    await pool.connect(operators[0]!).pledge(KIND.core, 0, { value: PRICE[1] });
    expect(await pool.places(KIND.cellular)).to.equal(2);
    expect(await pool.totalPrincipal()).to.equal(2n * PRICE[0] + PRICE[1]);

    // When the rewards have run out, everyone still leaves with what they put in, and every wei of COS is accounted for.
    await time.increase(LOCK);
    for (const [owner, position] of [
      [alice, renewed],
      [carol, renewed + 1n],
      [operators[0]!, renewed + 2n],
    ] as const) {
      await pool.connect(owner).claim(position, purse);
      await pool.connect(owner).withdraw(position, purse);
    }
    expect(await pool.rewardRate()).to.equal(0);
    expect(await ethers.provider.getBalance(pool)).to.equal(0);
    expect(await ethers.provider.getBalance(purse)).to.equal(2n * PRICE[0] + PRICE[1]);
    const [emitted, paid, undistributed] = [await pool.emitted(), await pool.paid(), await pool.undistributed()];
    expect(emitted + undistributed).to.equal(COS_PER_SECOND * funded);
    expect(await cos.balanceOf(pool)).to.equal(undistributed + emitted - paid);
    expect(emitted - paid).to.be.at.most(5n);
  });
});
