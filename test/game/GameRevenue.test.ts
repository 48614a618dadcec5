import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { zeroPadValue, toBeHex } from "ethers";
import { BNB, EPOCH, POOL, at, begin, now, startOf } from "../staking/revenueSupport";
import { GAME_CREDITOR_ROLE, RAKE_BPS, STAKE, deployRoom, play, scripted } from "./roomSupport";

const SALE = 10_000n;
const RECEIVER = "0x4000000000000000000000000000000000000004";

const loaded = () => loadFixture(deployRoom);

describe("GameRevenue", () => {
  describe("credit", () => {
    it("reverts for whoever neither has the role nor speaks for the game", async () => {
      const { revenue, alice, registry, developer } = await loaded();
      await expect(revenue.connect(alice).credit(1, BNB, SALE, { value: SALE }))
        .to.be.revertedWithCustomError(revenue, "AccessManagedUnauthorized")
        .withArgs(alice);
      await registry.connect(developer).setOperator(1, alice, true);
      await revenue.connect(alice).credit(1, BNB, SALE, { value: SALE });
      await registry.connect(alice).registerGame((await registry.gameOf(1)).rules, 0, "");
      await expect(revenue.connect(developer).credit(2, BNB, SALE, { value: SALE }))
        .to.be.revertedWithCustomError(revenue, "AccessManagedUnauthorized")
        .withArgs(developer);
    });

    it("reverts for an unknown game, also for who has the role", async () => {
      const { revenue, manager, registry, alice } = await loaded();
      await manager.grantRole(GAME_CREDITOR_ROLE, alice, 0);
      await expect(revenue.connect(alice).credit(2, BNB, SALE, { value: SALE }))
        .to.be.revertedWithCustomError(registry, "UnknownGame")
        .withArgs(2);
    });

    it("reverts where the value is not the amount in BNB, or comes with a token", async () => {
      const { revenue, developer, gold } = await loaded();
      await expect(revenue.connect(developer).credit(1, BNB, SALE, { value: SALE - 1n }))
        .to.be.revertedWithCustomError(revenue, "RevenueValueMismatch")
        .withArgs(SALE - 1n, SALE);
      await expect(revenue.connect(developer).credit(1, gold, SALE, { value: SALE }))
        .to.be.revertedWithCustomError(revenue, "RevenueValueMismatch")
        .withArgs(SALE, 0);
    });

    it("reverts for nothing, and in a token that the splitter does not allow", async () => {
      const { revenue, splitter, developer, gold } = await loaded();
      await expect(revenue.connect(developer).credit(1, BNB, 0))
        .to.be.revertedWithCustomError(splitter, "NothingReceived")
        .withArgs(BNB);
      await splitter.setTokenAllowed(gold, false);
      await gold.mint(developer, SALE);
      await gold.connect(developer).approve(revenue, SALE);
      await expect(revenue.connect(developer).credit(1, gold, SALE))
        .to.be.revertedWithCustomError(splitter, "TokenNotAllowed")
        .withArgs(gold);
      expect(await gold.balanceOf(developer)).to.equal(SALE);
    });

    it("divides BNB and tokens by the game's shares, for its present developer, and keeps nothing", async () => {
      const { revenue, registry, splitter, developer, alice, gold } = await loaded();
      await registry.setShares(0, 10_000, 0);
      await registry.connect(developer).setOperator(1, alice, true);
      await registry.connect(developer).retire(1);
      await gold.connect(alice).approve(revenue, SALE);
      for (const token of [BNB, await gold.getAddress()]) {
        const value = token === BNB ? SALE : 0n;
        const sent = revenue.connect(alice).credit(1, token, SALE, { value });
        await expect(sent).to.emit(revenue, "GamePaid").withArgs(1, alice, token, SALE);
        const source = zeroPadValue(toBeHex(1), 32);
        const epoch = (await now()) / EPOCH;
        await expect(sent)
          .to.emit(splitter, "RevenueCredited")
          .withArgs(source, token, developer, epoch, 7_000, 1_000, 1_200, 800);
        expect(await splitter.developerDue(developer, token)).to.equal(7_000);
      }
      expect(await ethers.provider.getBalance(revenue)).to.equal(0);
      expect(await gold.balanceOf(revenue)).to.equal(0);
      expect(await gold.allowance(revenue, splitter)).to.equal(0);
    });

    it("divides what arrives of a token that takes a fee on each way", async () => {
      const { revenue, splitter, registry, developer, alice, gold } = await loaded();
      await registry.connect(developer).setOperator(1, alice, true);
      await gold.connect(alice).approve(revenue, SALE);
      await gold.setFee(1_000);
      await expect(revenue.connect(alice).credit(1, gold, SALE))
        .to.emit(revenue, "GamePaid")
        .withArgs(1, alice, gold, 9_000);
      expect(await splitter.outstanding(gold)).to.equal(8_100);
      expect(await gold.balanceOf(revenue)).to.equal(0);
    });

    it("passes on only what came, whatever was forced in before", async () => {
      const { revenue, splitter, registry, developer, alice, gold } = await loaded();
      await registry.connect(developer).setOperator(1, alice, true);
      await gold.mint(revenue, 77n);
      await gold.connect(alice).approve(revenue, SALE);
      await revenue.connect(alice).credit(1, gold, SALE);
      expect(await splitter.outstanding(gold)).to.equal(SALE);
      expect(await gold.balanceOf(revenue)).to.equal(77);
    });

    it("is closed while a token moves", async () => {
      const { revenue, registry, developer, alice, gold } = await loaded();
      await registry.connect(developer).setOperator(1, alice, true);
      await registry.connect(developer).setOperator(1, gold, true);
      await gold.connect(alice).approve(revenue, SALE);
      await gold.setReaction(revenue, revenue.interface.encodeFunctionData("credit", [1, BNB, 0]));
      await revenue.connect(alice).credit(1, gold, SALE);
      expect(await gold.reacted()).to.equal(false);
      expect(revenue.interface.parseError(await gold.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
    });
  });
});

describe("the life of a game's stakes", () => {
  it("goes from two players to the winner, and its rake to developer, treasury, nodes and pledges", async () => {
    const fixture = await loaded();
    const { engine, splitter, nodes, pledges, developer, treasury, alice, bob, players, gold } = fixture;
    // One staker in either pool, before and after.
    const [node, pledge] = [await begin(nodes, players[5]!), await begin(pledges, players[6]!)];
    const stake = STAKE * 1_000_000n;
    const epoch = (await now()) / EPOCH;
    const sessionId = await play(fixture, { token: gold, stake });
    await engine.connect(alice).playGame(sessionId, scripted("nothing", "nothing", [5_000, 5_000]));
    await engine.connect(bob).playGame(sessionId, scripted("finish", "nothing", [0, 10_000]));

    const rake = (2n * stake * RAKE_BPS) / 10_000n;
    await expect(engine.connect(bob).withdraw(gold, bob)).to.changeTokenBalance(gold, bob, 2n * stake - rake);
    await engine.creditRevenue(1, gold);
    expect(await gold.balanceOf(engine)).to.equal(0);

    const before = await gold.balanceOf(treasury);
    await splitter.payTreasury(gold);
    expect((await gold.balanceOf(treasury)) - before).to.equal(rake / 10n);
    await splitter.connect(developer).withdraw(gold, RECEIVER);
    expect(await gold.balanceOf(RECEIVER)).to.equal((rake * 7n) / 10n);

    // A week later the stakers' part has streamed: 60 % of it to the nodes.
    await at(startOf(epoch + 2n));
    const claims = [
      [POOL.node, node, players[5]!, (rake * 12n) / 100n],
      [POOL.cos, pledge, players[6]!, (rake * 8n) / 100n],
    ] as const;
    for (const [pool, position, owner, due] of claims) {
      const had = await gold.balanceOf(owner);
      await splitter.connect(owner).claim(pool, position, gold, owner);
      expect((await gold.balanceOf(owner)) - had).to.be.within(due - 1n, due);
    }
    expect(await gold.balanceOf(splitter)).to.be.at.most(2n);
  });
});
