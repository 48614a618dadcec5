import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress, parseEther } from "ethers";
import { SIDE, type MarketOrder } from "../../../protocol/marketOrder";
import { GAME, OTHER_GAME } from "../assets/support";
import { BNB, FEE_BPS, PRICE, deployMarket, divided, fill, held, orderOf, sign, type MarketFixture } from "./support";

const RECEIVER = "0x2000000000000000000000000000000000000002";

interface Signed extends MarketFixture {
  readonly order: MarketOrder;
  readonly signature: string;
}

/** Alice asks for gold. */
async function asked(): Promise<Signed> {
  const fixture = await loadFixture(deployMarket);
  const order = await orderOf(fixture, { token: await fixture.gold.getAddress() });
  return { ...fixture, order, signature: await sign(fixture.venue, fixture.alice, order) };
}

/** Bob bids for four potions. */
async function bid(token: "gold" | "BNB"): Promise<Signed> {
  const fixture = await loadFixture(deployMarket);
  const order = await orderOf(fixture, {
    side: SIDE.bid,
    maker: fixture.bob.address,
    token: token === "gold" ? await fixture.gold.getAddress() : BNB,
  });
  return { ...fixture, order, signature: await sign(fixture.venue, fixture.bob, order) };
}

/** Everything that is owed in `token`, beside the fees. */
async function dues({ market, alice, bob, carol, artist }: MarketFixture, token: string): Promise<bigint> {
  const all = await Promise.all([alice, bob, carol, artist].map((account) => market.owed(account, token)));
  return all.reduce((sum, each) => sum + each, 0n);
}

describe("Marketplace: payments", () => {
  describe("an ask in BNB", () => {
    const listed = async (): Promise<Signed> => {
      const fixture = await loadFixture(deployMarket);
      const order = await orderOf(fixture);
      return { ...fixture, order, signature: await sign(fixture.venue, fixture.alice, order) };
    };

    it("reverts when the buyer sends more or less than it costs", async () => {
      const { market, bob, order, signature } = await listed();
      for (const value of [0n, 2n * PRICE - 1n, 2n * PRICE + 1n]) {
        await expect(fill({ market }, bob, order, signature, 2n, value))
          .to.be.revertedWithCustomError(market, "PaymentMismatch")
          .withArgs(value, 2n * PRICE);
      }
    });

    it("keeps what seller, artist and game get until they fetch it", async () => {
      const fixture = await listed();
      const { market, alice, bob, artist, order, signature } = fixture;
      await expect(fill({ market }, bob, order, signature, 2n)).to.changeEtherBalances(
        [bob, market, alice, artist],
        [-2n * PRICE, 2n * PRICE, 0n, 0n],
      );
      expect((await dues(fixture, BNB)) + (await market.feesOf(GAME, BNB))).to.equal(2n * PRICE);
    });
  });

  describe("an ask in a token", () => {
    it("reverts when BNB comes along", async () => {
      const { market, bob, order, signature } = await asked();
      await expect(fill({ market }, bob, order, signature, 1n, 1n))
        .to.be.revertedWithCustomError(market, "PaymentMismatch")
        .withArgs(1n, 0n);
    });

    it("reverts when the buyer lacks the tokens or has not approved the market", async () => {
      const { market, venue, gold, bob, order, signature } = await asked();
      const { proceeds } = divided(PRICE);
      await gold.connect(bob).approve(venue.market, proceeds - 1n);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(gold, "ERC20InsufficientAllowance")
        .withArgs(venue.market, proceeds - 1n, proceeds);
      await gold.connect(bob).approve(venue.market, PRICE);
      await gold.burn(bob, (await gold.balanceOf(bob)) - PRICE + 1n);
      await expect(fill({ market }, bob, order, signature, 1n)).to.be.revertedWithCustomError(
        gold,
        "ERC20InsufficientBalance",
      );
    });

    it("pays the seller at once and keeps the rest", async () => {
      const fixture = await asked();
      const { market, gold, alice, bob, artist, order, signature } = fixture;
      const { fee, royalty, proceeds } = divided(3n * PRICE);
      await expect(fill({ market }, bob, order, signature, 3n)).to.changeTokenBalances(
        gold,
        [bob, alice, artist, market],
        [-3n * PRICE, proceeds, 0n, fee + royalty],
      );
      expect(await market.owed(artist, gold)).to.equal(royalty);
      expect(await market.owed(alice, gold)).to.equal(0n);
      expect(await market.feesOf(GAME, gold)).to.equal(fee);
      expect(await held(fixture, BNB)).to.equal(0n);
    });
  });

  it("takes no token for the market where royalty and fee round to nothing", async () => {
    const fixture = await loadFixture(deployMarket);
    const { market, venue, gold, alice, bob } = fixture;
    const order = await orderOf(fixture, { token: await gold.getAddress(), unitPrice: 19n });
    const signature = await sign(venue, alice, order);
    const transfers = gold.filters.Transfer(bob.address);
    const before = await gold.queryFilter(transfers);
    await expect(fill({ market }, bob, order, signature, 1n)).to.changeTokenBalance(gold, alice, 19n);
    expect(await gold.queryFilter(transfers)).to.have.lengthOf(before.length + 1);
    await expect(fill({ market }, bob, order, signature, 2n)).to.changeTokenBalances(gold, [alice, market], [37n, 1n]);
  });

  describe("a bid in a token", () => {
    it("reverts when BNB comes along", async () => {
      const { market, alice, order, signature } = await bid("gold");
      await expect(fill({ market }, alice, order, signature, 1n, 1n))
        .to.be.revertedWithCustomError(market, "PaymentMismatch")
        .withArgs(1n, 0n);
    });

    it("takes the tokens from its maker for whoever delivers", async () => {
      const { market, assets, gold, alice, bob, artist, potion, order, signature } = await bid("gold");
      const { fee, royalty, proceeds } = divided(4n * PRICE);
      const sent = fill({ market }, alice, order, signature, 4n);
      await expect(sent).to.changeTokenBalances(gold, [bob, alice, market], [-4n * PRICE, proceeds, fee + royalty]);
      await expect(sent)
        .to.emit(market, "OrderFilled")
        .withArgs(
          await market.hashOf(order),
          bob.address,
          potion,
          alice.address,
          SIDE.bid,
          4n,
          order.token,
          4n * PRICE,
          fee,
          royalty,
          artist.address,
        );
      expect(await assets.balanceOf(bob, potion)).to.equal(4n);
      expect(await assets.balanceOf(alice, potion)).to.equal(6n);
    });
  });

  describe("a bid in BNB", () => {
    it("reverts when BNB comes along", async () => {
      const { market, alice, bob, order, signature } = await bid("BNB");
      await market.connect(bob).deposit({ value: PRICE });
      await expect(fill({ market }, alice, order, signature, 1n, 1n))
        .to.be.revertedWithCustomError(market, "PaymentMismatch")
        .withArgs(1n, 0n);
    });

    it("reverts when its maker's deposit does not suffice", async () => {
      const { market, alice, bob, order, signature } = await bid("BNB");
      await market.connect(bob).deposit({ value: 2n * PRICE - 1n });
      await expect(fill({ market }, alice, order, signature, 2n))
        .to.be.revertedWithCustomError(market, "DepositTooSmall")
        .withArgs(bob.address, 2n * PRICE - 1n, 2n * PRICE);
      await fill({ market }, alice, order, signature, 1n);
      await market.connect(bob).withdraw(BNB, bob);
      await expect(fill({ market }, alice, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "DepositTooSmall")
        .withArgs(bob.address, 0n, PRICE);
    });

    it("is paid from what its maker is owed, to the last wei", async () => {
      const fixture = await bid("BNB");
      const { market, assets, alice, bob, artist, potion, order, signature } = fixture;
      await expect(market.connect(bob).deposit({ value: PRICE }))
        .to.emit(market, "Deposited")
        .withArgs(bob.address, PRICE);
      await market.connect(bob).deposit({ value: 3n * PRICE });
      const { fee, royalty, proceeds } = divided(4n * PRICE);
      await expect(fill({ market }, alice, order, signature, 4n)).to.changeEtherBalances(
        [market, alice, bob],
        [0, 0, 0],
      );
      expect(await market.owed(bob, BNB)).to.equal(0n);
      expect(await market.owed(alice, BNB)).to.equal(proceeds);
      expect(await market.owed(artist, BNB)).to.equal(royalty);
      expect(await market.feesOf(GAME, BNB)).to.equal(fee);
      expect(await assets.balanceOf(bob, potion)).to.equal(4n);
      expect(await market.counterOf(bob)).to.equal(0n);
    });
  });

  describe("fillMany", () => {
    it("reverts when the BNB is not what all cost together", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, venue, alice, bob } = fixture;
      const order = await orderOf(fixture);
      const signature = await sign(venue, alice, order);
      const fills = [
        { order, signature, amount: 1n },
        { order, signature, amount: 2n },
      ];
      for (const value of [3n * PRICE - 1n, 3n * PRICE + 1n, PRICE]) {
        await expect(market.connect(bob).fillMany(fills, { value }))
          .to.be.revertedWithCustomError(market, "PaymentMismatch")
          .withArgs(value, 3n * PRICE);
      }
    });

    it("reverts as a whole when one cannot be filled", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, venue, alice, bob } = fixture;
      const order = await orderOf(fixture);
      const signature = await sign(venue, alice, order);
      const fills = [
        { order, signature, amount: 3n },
        { order, signature, amount: 2n },
      ];
      await expect(market.connect(bob).fillMany(fills, { value: 5n * PRICE }))
        .to.be.revertedWithCustomError(market, "OrderExhausted")
        .withArgs(2n, 1n);
      expect(await market.filled(await market.hashOf(order))).to.equal(0n);
    });

    it("fills orders of several makers in several tokens", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, assets, operator, venue, gold, alice, bob, carol, potion, sword } = fixture;
      await assets.connect(operator).mint(carol, potion, 2n);
      const orders = [
        { by: alice, order: await orderOf(fixture), amount: 2n },
        { by: alice, order: await orderOf(fixture, { id: sword, token: await gold.getAddress() }), amount: 1n },
        { by: carol, order: await orderOf(fixture, { maker: carol.address, unitPrice: 3n }), amount: 2n },
      ];
      const fills = await Promise.all(
        orders.map(async ({ by, order, amount }) => ({ order, amount, signature: await sign(venue, by, order) })),
      );
      await market.connect(bob).fillMany(fills, { value: 2n * PRICE + 6n });
      expect(await assets.balanceOf(bob, potion)).to.equal(4n);
      expect(await assets.balanceOf(bob, sword)).to.equal(1n);
      expect(await market.owed(carol, BNB)).to.equal(6n);
    });
  });

  describe("withdraw", () => {
    it("reverts when nobody would receive it", async () => {
      const { market, alice } = await loadFixture(deployMarket);
      await expect(market.connect(alice).withdraw(BNB, ZeroAddress)).to.be.revertedWithCustomError(
        market,
        "ZeroReceiver",
      );
    });

    it("reverts when nothing is owed, or it was paid", async () => {
      const { market, gold, alice } = await loadFixture(deployMarket);
      for (const token of [BNB, await gold.getAddress()]) {
        await expect(market.connect(alice).withdraw(token, alice))
          .to.be.revertedWithCustomError(market, "NothingOwed")
          .withArgs(token);
      }
      await market.connect(alice).deposit({ value: 5n });
      await market.connect(alice).withdraw(BNB, alice);
      await expect(market.connect(alice).withdraw(BNB, alice))
        .to.be.revertedWithCustomError(market, "NothingOwed")
        .withArgs(BNB);
    });

    it("reverts when the receiver refuses BNB, and pays another", async () => {
      const { market, alice } = await loadFixture(deployMarket);
      const refuser = await ethers.deployContract("OperatorMock");
      await refuser.setRefuses(true);
      await market.connect(alice).deposit({ value: 5n });
      await expect(market.connect(alice).withdraw(BNB, refuser))
        .to.be.revertedWithCustomError(refuser, "CoinRefused")
        .withArgs(5n);
      await expect(market.connect(alice).withdraw(BNB, RECEIVER)).to.changeEtherBalances([market, RECEIVER], [-5n, 5n]);
    });

    it("pays BNB and tokens, each to its own", async () => {
      const fixture = await asked();
      const { market, venue, gold, alice, bob, artist, order, signature } = fixture;
      const inBNB = await orderOf(fixture);
      await fill(fixture, bob, order, signature, 2n);
      await fill(fixture, bob, inBNB, await sign(venue, alice, inBNB), 2n);
      const { royalty, proceeds } = divided(2n * PRICE);
      expect(await market.connect(artist).withdraw.staticCall(gold, RECEIVER)).to.equal(royalty);
      const paid = market.connect(artist).withdraw(gold, RECEIVER);
      await expect(paid).to.changeTokenBalances(gold, [market, RECEIVER], [-royalty, royalty]);
      await expect(paid).to.emit(market, "Withdrawn").withArgs(artist.address, order.token, RECEIVER, royalty);
      expect(await market.owed(artist, BNB)).to.equal(royalty);
      await expect(market.connect(alice).withdraw(BNB, RECEIVER)).to.changeEtherBalances(
        [market, RECEIVER],
        [-proceeds, proceeds],
      );
      await expect(market.connect(artist).withdraw(BNB, artist)).to.changeEtherBalance(artist, royalty);
      expect(await held(fixture, BNB)).to.equal(await market.feesOf(GAME, BNB));
      expect(await held(fixture, gold)).to.equal(await market.feesOf(GAME, gold));
    });

    it("keeps the maker's counter", async () => {
      const { market, alice } = await loadFixture(deployMarket);
      await market.connect(alice).raiseCounter();
      await market.connect(alice).deposit({ value: 5n });
      await market.connect(alice).withdraw(BNB, alice);
      expect(await market.counterOf(alice)).to.equal(1n);
    });
  });

  describe("creditRevenue", () => {
    it("reverts when there are no fees", async () => {
      const { market, gold } = await loadFixture(deployMarket);
      for (const token of [BNB, await gold.getAddress()]) {
        await expect(market.creditRevenue(GAME, token))
          .to.be.revertedWithCustomError(market, "NoFees")
          .withArgs(GAME, token);
      }
    });

    it("divides fees in BNB and in tokens by the game's shares, whoever calls, of a retired game as well", async () => {
      const fixture = await asked();
      const { market, splitter, registry, venue, gold, developer, alice, bob, carol, order, signature } = fixture;
      const inBNB = await orderOf(fixture);
      await fill(fixture, bob, order, signature, 4n);
      await fill(fixture, bob, inBNB, await sign(venue, alice, inBNB), 4n);
      await registry.connect(developer).retire(GAME);
      const { fee } = divided(4n * PRICE);
      for (const token of [BNB, order.token]) {
        expect(await market.connect(carol).creditRevenue.staticCall(GAME, token)).to.equal(fee);
        await expect(market.connect(carol).creditRevenue(GAME, token))
          .to.emit(market, "FeesCredited")
          .withArgs(GAME, token, fee);
        expect(await splitter.developerDue(developer, token)).to.equal((fee * 7n) / 10n);
        expect(await splitter.outstanding(token)).to.equal(fee);
        expect(await market.feesOf(GAME, token)).to.equal(0n);
        expect(await held(fixture, token === BNB ? BNB : gold)).to.equal(await dues(fixture, token));
      }
      await expect(market.creditRevenue(OTHER_GAME, BNB)).to.be.revertedWithCustomError(market, "NoFees");
    });

    it("waits as long as the token is not allowed, while sellers and artists are paid", async () => {
      const { market, splitter, admin, gold, artist, bob, order, signature } = await asked();
      await fill({ market }, bob, order, signature, 2n);
      await splitter.connect(admin).setTokenAllowed(gold, false);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "PaymentTokenNotAllowed")
        .withArgs(order.token);
      await expect(market.creditRevenue(GAME, gold))
        .to.be.revertedWithCustomError(splitter, "TokenNotAllowed")
        .withArgs(order.token);
      const { fee, royalty } = divided(2n * PRICE);
      await expect(market.connect(artist).withdraw(gold, artist)).to.changeTokenBalance(gold, artist, royalty);
      expect(await market.feesOf(GAME, gold)).to.equal(fee);
      await splitter.connect(admin).setTokenAllowed(gold, true);
      await market.creditRevenue(GAME, gold);
      expect(await splitter.outstanding(gold)).to.equal(fee);
    });

    it("lets sales for BNB go on where its fees may not be credited for a while", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, splitter, admin, venue, alice, bob } = fixture;
      const order = await orderOf(fixture);
      await splitter.connect(admin).setTokenAllowed(BNB, false);
      await fill(fixture, bob, order, await sign(venue, alice, order), 1n);
      await expect(market.creditRevenue(GAME, BNB))
        .to.be.revertedWithCustomError(splitter, "TokenNotAllowed")
        .withArgs(BNB);
      await market.connect(alice).withdraw(BNB, alice);
    });
  });

  describe("setFee", () => {
    it("reverts when the caller is not the timelock", async () => {
      const { market, developer } = await loadFixture(deployMarket);
      await expect(market.connect(developer).setFee(0n))
        .to.be.revertedWithCustomError(market, "AccessManagedUnauthorized")
        .withArgs(developer.address);
    });

    it("reverts when it is above a tenth", async () => {
      const { market, admin } = await loadFixture(deployMarket);
      await expect(market.connect(admin).setFee(1_001n))
        .to.be.revertedWithCustomError(market, "FeeOutOfRange")
        .withArgs(1_001n, 1_000n);
    });

    it("concerns later fills", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, admin, venue, alice, bob } = fixture;
      const order = await orderOf(fixture, { maxFeeBps: 1_000n });
      const signature = await sign(venue, alice, order);
      await fill(fixture, bob, order, signature, 1n);
      await expect(market.connect(admin).setFee(1_000n)).to.emit(market, "FeeSet").withArgs(1_000n);
      await fill(fixture, bob, order, signature, 1n);
      expect(await market.feesOf(GAME, BNB)).to.equal((PRICE * (FEE_BPS + 1_000n)) / 10_000n);
    });
  });

  it("owes nobody BNB or tokens that were forced in", async () => {
    const fixture = await loadFixture(deployMarket);
    const { market, gold, alice } = fixture;
    await expect(alice.sendTransaction({ to: market, value: 1n })).to.be.revertedWithoutReason();
    await ethers.provider.send("hardhat_setBalance", [await market.getAddress(), "0x5"]);
    await gold.connect(alice).transfer(market, parseEther("1"));
    expect(await market.owed(alice, gold)).to.equal(0n);
    await expect(market.connect(alice).withdraw(gold, alice)).to.be.revertedWithCustomError(market, "NothingOwed");
    await expect(market.connect(alice).withdraw(BNB, alice)).to.be.revertedWithCustomError(market, "NothingOwed");
  });
});
