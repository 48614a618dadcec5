import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { id, parseEther } from "ethers";
import { BNB, EPOCH, POOL, at, deploySplitterOverPools, startOf, type Shares } from "./revenueSupport";

const GAME = id("tic-tac-toe");
const SALE = parseEther("1000");
/** Of a sale: 12 % for the nodes and 8 % for the pledges, by the fixture's 60 %. */
const [NODES, PLEDGES] = [parseEther("120"), parseEther("80")];
const RECEIVER = "0x2000000000000000000000000000000000000002";
/** Smallest units that the rounding of one claim may keep: weights and streams here are small. */
const DUST = 2n;

describe("the life of a game's revenue", () => {
  it("goes from two weeks of sales to the developer, the treasury, nodes and pledges, to the last unit but dust", async () => {
    const fixture = await loadFixture(deploySplitterOverPools);
    const { splitter, address, nodes, pledges, gold, creditor, developer, treasury, first } = fixture;
    const [alice, bob, carol, dave] = fixture.owners;
    const shares: Shares = { developer, developerBps: 7_000n, stakersBps: 2_000n, treasuryBps: 1_000n };
    const sell = () => splitter.connect(creditor).credit(GAME, gold, SALE, shares);

    // Before the first sale Alice and Bob run a node each, and Carol has pledged COS.
    for (const owner of [alice!, bob!]) await nodes.connect(owner).pledge(0, 0, { value: parseEther("1") });
    await pledges.connect(carol!).pledge(0, parseEther("300"), 0);

    // The first week: a sale in gold and one in BNB. Nothing streams yet.
    await sell();
    await splitter.connect(creditor).credit(GAME, BNB, SALE, shares, { value: SALE });
    await expect(splitter.connect(alice!).claim(POOL.node, 1, gold, RECEIVER)).to.be.revertedWithCustomError(
      splitter,
      "NothingDue",
    );

    // The second: the sales stream, and there is another one. In its middle Dave pledges as much as Carol.
    await at(startOf(first + 1n) + EPOCH / 2n);
    await pledges.connect(dave!).pledge(0, parseEther("300"), 0);
    await sell();

    // The third: the second sale streams. In its middle Carol leaves.
    await at(startOf(first + 2n) + EPOCH / 2n);
    await pledges.connect(carol!).leave(1);

    // Much later everybody comes.
    await at(startOf(first + 9n));
    await splitter.closeEpoch(POOL.node, gold, 100);
    const claims = [
      { owner: alice!, pool: POOL.node, position: 1n, token: gold, due: (2n * NODES) / 2n },
      { owner: bob!, pool: POOL.node, position: 2n, token: gold, due: (2n * NODES) / 2n },
      { owner: carol!, pool: POOL.cos, position: 1n, token: gold, due: (PLEDGES * 3n) / 4n + PLEDGES / 4n },
      { owner: dave!, pool: POOL.cos, position: 2n, token: gold, due: PLEDGES / 4n + (PLEDGES * 3n) / 4n },
      { owner: alice!, pool: POOL.node, position: 1n, token: BNB, due: NODES / 2n },
      { owner: bob!, pool: POOL.node, position: 2n, token: BNB, due: NODES / 2n },
      { owner: carol!, pool: POOL.cos, position: 1n, token: BNB, due: (PLEDGES * 3n) / 4n },
      { owner: dave!, pool: POOL.cos, position: 2n, token: BNB, due: PLEDGES / 4n },
    ];
    for (const { owner, pool, position, token, due } of claims) {
      const paid = await splitter.connect(owner).claim.staticCall(pool, position, token, RECEIVER);
      expect(paid).to.be.at.most(due);
      expect(paid).to.be.at.least(due - DUST);
      await splitter.connect(owner).claim(pool, position, token, RECEIVER);
      await expect(splitter.connect(owner).claim(pool, position, token, RECEIVER)).to.be.revertedWithCustomError(
        splitter,
        "NothingDue",
      );
    }
    await splitter.connect(developer).withdraw(gold, RECEIVER);
    await splitter.connect(developer).withdraw(BNB, RECEIVER);
    for (const token of [gold, BNB]) await splitter.payTreasury(token);
    expect(await gold.balanceOf(treasury)).to.equal((2n * SALE) / 10n);
    expect(await ethers.provider.getBalance(treasury)).to.equal(SALE / 10n);

    // Nothing is left but the rounding of four claims in each token.
    expect(await gold.balanceOf(address)).to.be.at.most(4n * DUST);
    expect(await ethers.provider.getBalance(address)).to.be.at.most(4n * DUST);
    expect(await splitter.outstanding(gold)).to.equal(await gold.balanceOf(address));
    expect(await splitter.outstanding(BNB)).to.equal(await ethers.provider.getBalance(address));
  });
});
