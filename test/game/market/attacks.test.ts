import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { MaxUint256, ZeroAddress, parseEther } from "ethers";
import type { QSC } from "../../../typechain-types";
import { SIDE } from "../../../protocol/marketOrder";
import { paramsOf, actors as tokenActors } from "../../qsc/support";
import { GAME, OTHER_GAME, idOf, params } from "../assets/support";
import { BNB, PRICE, deployMarket, divided, fill, held, orderOf, sign, type MarketFixture } from "./support";

const TOKENS = parseEther("1000");

/** A QSC that the splitter allows; alice has all, bob's share of it may be taken by the market. */
async function withQSC(): Promise<MarketFixture & { readonly qsc: QSC; readonly freezer: string }> {
  const fixture = await deployMarket();
  const of = await tokenActors();
  const gateway = await ethers.deployContract("GatewayMock", [31_337n]);
  const holdings = [{ account: fixture.bob.address, amount: TOKENS }];
  const qsc = await ethers.deployContract("QSC", [paramsOf(of, { cap: 10n * TOKENS, holdings }), gateway]);
  await fixture.splitter.connect(fixture.admin).setTokenAllowed(qsc, true);
  await qsc.connect(fixture.bob).approve(fixture.venue.market, MaxUint256);
  return { ...fixture, qsc, freezer: of.freezer.address };
}

describe("Marketplace: attacks", () => {
  for (const side of ["ask", "bid"] as const) {
    describe(`a hostile token in ${side === "ask" ? "an ask" : "a bid"}`, () => {
      const traded = async () => {
        const fixture = await loadFixture(deployMarket);
        const { gold, venue, alice, bob } = fixture;
        const maker = side === "ask" ? alice : bob;
        const order = await orderOf(fixture, {
          side: SIDE[side],
          maker: maker.address,
          token: await gold.getAddress(),
        });
        const signature = await sign(venue, maker, order);
        const taker = side === "ask" ? bob : alice;
        return { ...fixture, order, signature, go: () => fill(fixture, taker, order, signature, 1n) };
      };

      it("that keeps a fee moves nothing", async () => {
        const { market, assets, gold, alice, potion, go } = await traded();
        const { proceeds } = divided(PRICE);
        await gold.setFee(100n);
        await expect(go())
          .to.be.revertedWithCustomError(market, "TokenMovedOther")
          .withArgs(await gold.getAddress(), (proceeds * 99n) / 100n, proceeds);
        expect(await assets.balanceOf(alice, potion)).to.equal(10n);
      });

      it("that answers false moves nothing", async () => {
        const { market, gold, go } = await traded();
        await gold.setAnswersFalse(true);
        await expect(go())
          .to.be.revertedWithCustomError(market, "SafeERC20FailedOperation")
          .withArgs(await gold.getAddress());
      });

      it("that re-enters finds every door closed", async () => {
        const { market, gold, order, signature, go } = await traded();
        const coder = market.interface;
        const doors = [
          coder.encodeFunctionData("fill", [order, signature, 1n]),
          coder.encodeFunctionData("fillMany", [[]]),
          coder.encodeFunctionData("withdraw", [order.token, order.maker]),
          coder.encodeFunctionData("creditRevenue", [GAME, order.token]),
        ];
        for (const door of doors) {
          await gold.setReaction(market, door);
          await go();
          expect(await gold.reacted()).to.equal(false);
          expect(await gold.answer()).to.equal(coder.encodeErrorResult("ReentrancyGuardReentrantCall", []));
        }
        expect(await market.filled(await market.hashOf(order))).to.equal(4n);
      });
    });
  }

  it("a token that hides what arrived at the market is refused, too", async () => {
    const fixture = await loadFixture(deployMarket);
    const { market, gold, venue, alice, bob } = fixture;
    const order = await orderOf(fixture, { token: await gold.getAddress() });
    // The market's own balance is lowered while it is paid.
    await gold.mint(market, 10n);
    await gold.setReaction(gold, gold.interface.encodeFunctionData("burn", [venue.market, 1n]));
    await expect(fill(fixture, bob, order, await sign(venue, alice, order), 1n)).to.be.revertedWithCustomError(
      market,
      "TokenMovedOther",
    );
  });

  it("a receiver of the item that re-enters finds every door closed, and what it may do changes nothing", async () => {
    const fixture = await loadFixture(deployMarket);
    const { market, venue, alice, potion, assets } = fixture;
    const buyer = await ethers.deployContract("AssetReceiverMock");
    const order = await orderOf(fixture);
    const signature = await sign(venue, alice, order);
    const coder = market.interface;
    const call = coder.encodeFunctionData("fill", [order, signature, 1n]);
    const doors = [
      call,
      coder.encodeFunctionData("fillMany", [[{ order, signature, amount: 1n }]]),
      coder.encodeFunctionData("withdraw", [BNB, await buyer.getAddress()]),
      coder.encodeFunctionData("creditRevenue", [GAME, BNB]),
    ];
    for (const door of doors) {
      await buyer.setReaction(market, door);
      await buyer.execute(market, call, { value: PRICE });
      expect(await buyer.reacted()).to.equal(false);
      expect(await buyer.answer()).to.equal(coder.encodeErrorResult("ReentrancyGuardReentrantCall", []));
    }
    expect(await assets.balanceOf(buyer, potion)).to.equal(4n);
    expect(await market.owed(alice, BNB)).to.equal(4n * divided(PRICE).proceeds);
    expect(await held(fixture, BNB)).to.equal(4n * PRICE);
  });

  it("a receiver of BNB that re-enters is paid once", async () => {
    const fixture = await loadFixture(deployMarket);
    const { market, alice } = fixture;
    const account = await ethers.deployContract("OperatorMock");
    const address = await account.getAddress();
    const coder = market.interface;
    await account.execute(market, coder.encodeFunctionData("deposit"), { value: 5n });
    await market.connect(alice).deposit({ value: 5n });
    await account.setReaction(market, coder.encodeFunctionData("withdraw", [BNB, address]));
    await account.execute(market, coder.encodeFunctionData("withdraw", [BNB, address]));
    expect(await account.reacted()).to.equal(false);
    expect(await account.answer()).to.equal(coder.encodeErrorResult("ReentrancyGuardReentrantCall", []));
    expect(await ethers.provider.getBalance(account)).to.equal(5n);
    expect(await held(fixture, BNB)).to.equal(5n);
  });

  it("a buyer that refuses items buys none", async () => {
    const fixture = await loadFixture(deployMarket);
    const { market, assets, venue, alice } = fixture;
    const buyer = await ethers.deployContract("OperatorMock");
    const order = await orderOf(fixture);
    const call = market.interface.encodeFunctionData("fill", [order, await sign(venue, alice, order), 1n]);
    await expect(buyer.execute(market, call, { value: PRICE }))
      .to.be.revertedWithCustomError(assets, "ERC1155InvalidReceiver")
      .withArgs(await buyer.getAddress());
  });

  it("a developer that claims the royalty for a contract without a door stops no sale", async () => {
    const fixture = await loadFixture(deployMarket);
    const { market, assets, registry, operator, venue, alice, bob, potion } = fixture;
    await assets.connect(operator).setRoyalty(potion, registry, 500n);
    const order = await orderOf(fixture);
    await fill(fixture, bob, order, await sign(venue, alice, order), 1n);
    expect(await market.owed(registry, BNB)).to.equal(divided(PRICE).royalty);
  });

  it("another game's item with the same number is another item", async () => {
    const fixture = await loadFixture(deployMarket);
    const { assets, rival, venue, bob } = fixture;
    await assets.connect(rival).defineItem(OTHER_GAME, params());
    const foreign = idOf("item", 1n, { gameId: OTHER_GAME });
    await assets.connect(rival).mint(rival, foreign, 1n);
    const order = await orderOf(fixture, { maker: rival.address, amount: 1n });
    await expect(fill(fixture, bob, order, await sign(venue, rival, order), 1n))
      .to.be.revertedWithCustomError(assets, "ERC1155InsufficientBalance")
      .withArgs(rival.address, 0n, 1n, order.id);
  });

  describe("a frozen QSC", () => {
    it("of the buyer's buys nothing", async () => {
      const fixture = await loadFixture(withQSC);
      const { qsc, freezer, venue, alice, bob } = fixture;
      const order = await orderOf(fixture, { token: await qsc.getAddress() });
      const signature = await sign(venue, alice, order);
      await qsc.connect(await ethers.getSigner(freezer)).frozen(bob, TOKENS);
      await expect(fill(fixture, bob, order, signature, 1n)).to.be.revertedWithCustomError(
        qsc,
        "ERC7943InsufficientUnfrozenBalance",
      );
      await qsc.connect(await ethers.getSigner(freezer)).unfrozen(bob, TOKENS);
      await fill(fixture, bob, order, signature, 1n);
    });

    it("of the seller's is still received", async () => {
      const fixture = await loadFixture(withQSC);
      const { qsc, freezer, venue, alice, bob } = fixture;
      const order = await orderOf(fixture, { token: await qsc.getAddress() });
      await qsc.connect(await ethers.getSigner(freezer)).frozen(alice, TOKENS);
      await expect(fill(fixture, bob, order, await sign(venue, alice, order), 1n)).to.changeTokenBalance(
        qsc,
        alice,
        divided(PRICE).proceeds,
      );
    });

    it("of the market's holds back its own royalties and fees, and nothing else", async () => {
      const fixture = await loadFixture(withQSC);
      const { market, qsc, freezer, venue, alice, bob, artist } = fixture;
      const order = await orderOf(fixture, { token: await qsc.getAddress() });
      const signature = await sign(venue, alice, order);
      await fill(fixture, bob, order, signature, 1n);
      await qsc.connect(await ethers.getSigner(freezer)).frozen(market, TOKENS);
      for (const attempt of [
        () => market.connect(artist).withdraw(qsc, artist),
        () => market.creditRevenue(GAME, qsc),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(qsc, "ERC7943InsufficientUnfrozenBalance");
      }
      await expect(fill(fixture, bob, order, signature, 1n)).to.changeTokenBalance(qsc, alice, divided(PRICE).proceeds);
      const inBNB = await orderOf(fixture);
      await fill(fixture, bob, inBNB, await sign(venue, alice, inBNB), 1n);
      await market.connect(artist).withdraw(BNB, artist);
      await qsc.connect(await ethers.getSigner(freezer)).unfrozen(market, TOKENS);
      await market.connect(artist).withdraw(qsc, artist);
      await market.creditRevenue(GAME, qsc);
      expect(await qsc.balanceOf(market)).to.equal(0n);
    });
  });

  it("a bid for what its maker sells fills neither with itself", async () => {
    const fixture = await loadFixture(deployMarket);
    const { market, venue, alice } = fixture;
    const order = await orderOf(fixture, { side: SIDE.bid, taker: ZeroAddress });
    await market.connect(alice).deposit({ value: PRICE });
    await expect(fill(fixture, alice, order, await sign(venue, alice, order), 1n))
      .to.be.revertedWithCustomError(market, "SelfTrade")
      .withArgs(alice.address);
  });
});
