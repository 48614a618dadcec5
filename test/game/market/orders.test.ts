import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers, network } from "hardhat";
import { MaxUint256, Signature, SigningKey, ZeroAddress, concat, id, toBeHex } from "ethers";
import { ORDER_TYPES, SIDE, marketDomain, orderHash, type MarketOrder } from "../../../protocol/marketOrder";
import { GAME, MAX_UINT128, OTHER_GAME, idOf, malleated, params } from "../assets/support";
import { BNB, CHAIN, FEE_BPS, PRICE, deployMarket, divided, fill, orderOf, sign, type MarketFixture } from "./support";

const NOBODY = "0x000000000000000000000000000000000000dEaD";
const CANCELLED = MaxUint256;

interface Listed extends MarketFixture {
  readonly order: MarketOrder;
  readonly signature: string;
  readonly hash: string;
}

async function listedWith(change: Partial<MarketOrder>): Promise<Listed> {
  const fixture = await loadFixture(deployMarket);
  const order = await orderOf(fixture, change);
  const signature = await sign(fixture.venue, fixture.alice, order);
  return { ...fixture, order, signature, hash: orderHash(order, fixture.venue) };
}

/** Alice's ask for four potions. */
const listed = (): Promise<Listed> => listedWith({});

describe("Marketplace: orders", () => {
  describe("constructor", () => {
    for (const [index, part] of ["authority", "assets", "revenue"].entries()) {
      it(`reverts when the ${part} has no code`, async () => {
        const { market, manager, assets, revenue } = await loadFixture(deployMarket);
        const args = [manager, assets, revenue].map((each, at) => (at === index ? NOBODY : each));
        await expect(ethers.deployContract("Marketplace", [...args, FEE_BPS]))
          .to.be.revertedWithCustomError(market, "NotAContract")
          .withArgs(NOBODY);
      });
    }

    it("reverts when the fee is above a tenth", async () => {
      const { market, manager, assets, revenue } = await loadFixture(deployMarket);
      await expect(ethers.deployContract("Marketplace", [manager, assets, revenue, 1_001n]))
        .to.be.revertedWithCustomError(market, "FeeOutOfRange")
        .withArgs(1_001n, 1_000n);
    });

    it("keeps its parts", async () => {
      const { market, manager, assets, revenue, splitter } = await loadFixture(deployMarket);
      expect(await market.authority()).to.equal(await manager.getAddress());
      expect(await market.ASSETS()).to.equal(await assets.getAddress());
      expect(await market.REVENUE()).to.equal(await revenue.getAddress());
      expect(await market.SPLITTER()).to.equal(await splitter.getAddress());
      expect(await market.feeBps()).to.equal(FEE_BPS);
      expect(await market.MAX_FEE_BPS()).to.equal(1_000n);
    });
  });

  describe("fill", () => {
    it("reverts when it fills nothing", async () => {
      const { market, bob, order, signature, hash } = await listed();
      await expect(fill({ market }, bob, order, signature, 0n))
        .to.be.revertedWithCustomError(market, "FillsNothing")
        .withArgs(hash);
    });

    it("reverts when the price is zero", async () => {
      const { market, bob, order, signature, hash } = await listedWith({ unitPrice: 0n });
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "ZeroPrice")
        .withArgs(hash);
    });

    it("reverts when the order was cancelled", async () => {
      const { market, alice, bob, order, signature, hash } = await listed();
      await market.connect(alice).cancel([order]);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "OrderIsCancelled")
        .withArgs(hash);
    });

    it("reverts when somebody else was faster and less is left than asked for", async () => {
      const { market, assets, potion, bob, carol, order, signature } = await listed();
      await fill({ market }, carol, order, signature, 3n);
      await expect(fill({ market }, bob, order, signature, 2n))
        .to.be.revertedWithCustomError(market, "OrderExhausted")
        .withArgs(2n, 1n);
      await fill({ market }, bob, order, signature, 1n);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "OrderExhausted")
        .withArgs(1n, 0n);
      expect([await assets.balanceOf(carol, potion), await assets.balanceOf(bob, potion)]).to.deep.equal([3n, 1n]);
    });

    it("reverts when the order is for nothing", async () => {
      const { market, bob, order, signature } = await listedWith({ amount: 0n });
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "OrderExhausted")
        .withArgs(1n, 0n);
    });

    it("reverts when the whole would cost more than 128 bits", async () => {
      for (const [amount, unitPrice, max] of [
        [1n, MAX_UINT128 + 1n, MAX_UINT128],
        [4n, MAX_UINT128 / 4n + 1n, MAX_UINT128 / 4n],
        [MaxUint256, 2n, 0n],
      ] as const) {
        const { market, bob, order, signature } = await listedWith({ amount, unitPrice });
        await expect(fill({ market }, bob, order, signature, 1n, 0n))
          .to.be.revertedWithCustomError(market, "PriceOutOfRange")
          .withArgs(unitPrice, max);
      }
    });

    it("reverts when the order has expired", async () => {
      const { market, bob, order, signature } = await listed();
      await time.setNextBlockTimestamp(order.expiry);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "OrderExpired")
        .withArgs(order.expiry, order.expiry);
    });

    it("reverts when the order is for another taker", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, alice, bob, carol, venue } = fixture;
      const order = await orderOf(fixture, { taker: carol.address });
      const signature = await sign(venue, alice, order);
      await expect(fill(fixture, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "NotTheTaker")
        .withArgs(bob.address, carol.address);
      await fill(fixture, carol, order, signature, 1n);
    });

    it("reverts when maker and taker are one", async () => {
      const { market, alice, order, signature } = await listed();
      await expect(fill({ market }, alice, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "SelfTrade")
        .withArgs(alice.address);
    });

    it("reverts when the fee was raised above what was signed", async () => {
      const { market, admin, bob, order, signature } = await listed();
      await market.connect(admin).setFee(FEE_BPS + 1n);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "FeeAboveSigned")
        .withArgs(FEE_BPS + 1n, FEE_BPS);
      await market.connect(admin).setFee(FEE_BPS);
      await fill({ market }, bob, order, signature, 1n);
    });

    it("reverts when the maker has raised the counter", async () => {
      const { market, alice, bob, order, signature } = await listed();
      await expect(market.connect(alice).raiseCounter()).to.emit(market, "CounterRaised").withArgs(alice.address, 1n);
      expect(await market.counterOf(alice)).to.equal(1n);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "CounterMismatch")
        .withArgs(0n, 1n);
    });

    it("reverts when the order was signed for a counter to come", async () => {
      const { market, bob, order, signature } = await listedWith({ counter: 1n });
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "CounterMismatch")
        .withArgs(1n, 0n);
    });

    it("reverts when revenue may not come in the token", async () => {
      const { market, bob, order, signature } = await listedWith({ token: NOBODY });
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "PaymentTokenNotAllowed")
        .withArgs(NOBODY);
    });

    it("reverts when any part differs from what was signed", async () => {
      const { market, bob, sword, gold, order, signature } = await listed();
      const changes: readonly Partial<MarketOrder>[] = [
        { side: SIDE.bid },
        { maker: "0x90F79bf6EB2c4f870365E785982E1f101E93b906" },
        { taker: bob.address },
        { id: sword },
        { amount: 5n },
        { token: await gold.getAddress() },
        { unitPrice: PRICE - 1n },
        { maxFeeBps: FEE_BPS + 1n },
        { expiry: order.expiry + 1n },
        { salt: 8n },
      ];
      for (const change of changes) {
        const other = { ...order, ...change };
        await expect(fill({ market }, bob, other, signature, 1n), JSON.stringify(Object.keys(change)))
          .to.be.revertedWithCustomError(market, "OrderNotSigned")
          .withArgs(other.maker);
      }
    });

    it("reverts when the side is neither of the two", async () => {
      const { market, bob, order, signature } = await listed();
      const data = market.interface.encodeFunctionData("fill", [order, signature, 1n]);
      const offset = 10;
      const bad = `${data.slice(0, offset)}${"2".padStart(64, "0")}${data.slice(offset + 64)}`;
      expect(data.slice(offset, offset + 64)).to.equal("0".repeat(64));
      await expect(bob.sendTransaction({ to: market, data: bad, value: PRICE })).to.be.revertedWithoutReason();
    });

    it("reverts when the signature is another's, malleated, short, or empty", async () => {
      const { market, venue, alice, bob, order, signature } = await listed();
      const { r, s, v, compactSerialized } = Signature.from(signature);
      const bad = [
        await sign(venue, bob, order),
        malleated(signature),
        compactSerialized,
        concat([r, s, toBeHex(v - 27, 1)]),
        `0x${"00".repeat(65)}`,
        "0x",
      ];
      for (const each of bad) {
        await expect(fill({ market }, bob, order, each, 1n))
          .to.be.revertedWithCustomError(market, "OrderNotSigned")
          .withArgs(alice.address);
      }
    });

    it("reverts when nobody is the maker", async () => {
      const { market, bob, order } = await listed();
      await expect(fill({ market }, bob, { ...order, maker: ZeroAddress }, `0x${"00".repeat(65)}`, 1n))
        .to.be.revertedWithCustomError(market, "OrderNotSigned")
        .withArgs(ZeroAddress);
    });

    it("reverts when the order was signed for another chain, or another market", async () => {
      const { market, venue, alice, bob, order, assets } = await listed();
      for (const elsewhere of [
        { ...venue, chainId: 56n },
        { ...venue, market: await assets.getAddress() },
      ]) {
        await expect(fill({ market }, bob, order, await sign(elsewhere, alice, order), 1n))
          .to.be.revertedWithCustomError(market, "OrderNotSigned")
          .withArgs(alice.address);
      }
    });

    it("reverts when the chain was forked since, and the order is the other branch's", async () => {
      const { market, venue, alice, bob, order, signature } = await listed();
      const [cached, other] = [CHAIN, 56n].map((chain) => toBeHex(chain, 32).slice(2));
      const code = await ethers.provider.getCode(market);
      expect(code.split(cached!), "the chain id of its creation").to.have.lengthOf(2);
      // As if it had been created on chain 56, whose fork this is.
      await network.provider.send("hardhat_setCode", [venue.market, code.replace(cached!, other!)]);
      await expect(fill({ market }, bob, order, await sign({ ...venue, chainId: 56n }, alice, order), 1n))
        .to.be.revertedWithCustomError(market, "OrderNotSigned")
        .withArgs(alice.address);
      await fill({ market }, bob, order, signature, 1n);
    });

    it("reverts when the seller no longer has it", async () => {
      const { market, assets, alice, bob, carol, hero, order, signature } = await listedWith({
        id: idOf("character", 2n, { unique: true, serial: 1n }),
        amount: 1n,
      });
      await assets.connect(alice).safeTransferFrom(alice, carol, hero + 1n, 1n, "0x");
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(assets, "ERC1155InsufficientBalance")
        .withArgs(alice.address, 0n, 1n, hero + 1n);
    });

    it("reverts when the seller's character or piece is equipped, and works once it is taken off", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, assets, venue, operator, alice, bob, hero, sword } = fixture;
      await assets.connect(alice).setConsent(GAME, true);
      await assets.connect(operator).equip(alice, hero + 1n, 0, sword);
      const character = await orderOf(fixture, { id: hero + 1n, amount: 1n });
      const pieces = await orderOf(fixture, { id: sword, amount: 3n });
      const signatures = [await sign(venue, alice, character), await sign(venue, alice, pieces)] as const;
      await expect(fill(fixture, bob, character, signatures[0], 1n))
        .to.be.revertedWithCustomError(assets, "CharacterDressed")
        .withArgs(hero + 1n, 1n);
      await fill(fixture, bob, pieces, signatures[1], 2n);
      await expect(fill(fixture, bob, pieces, signatures[1], 1n))
        .to.be.revertedWithCustomError(assets, "AssetWorn")
        .withArgs(sword, 0n, 1n);
      await assets.connect(alice).unequip(hero + 1n, 0);
      await fill({ market }, bob, character, signatures[0], 1n);
      await fill({ market }, bob, pieces, signatures[1], 1n);
      expect(await assets.balanceOf(bob, sword)).to.equal(3n);
    });

    it("reverts when it is bound", async () => {
      const fixture = await loadFixture(deployMarket);
      const { assets, venue, operator, alice, bob, medal } = fixture;
      await assets.connect(operator).mint(alice, medal, 1n);
      const order = await orderOf(fixture, { id: medal, amount: 1n });
      await expect(fill(fixture, bob, order, await sign(venue, alice, order), 1n))
        .to.be.revertedWithCustomError(assets, "AssetBound")
        .withArgs(medal);
    });

    it("reverts when the seller has not approved the market", async () => {
      const { market, assets, venue, alice, bob, order, signature } = await listed();
      await assets.connect(alice).setApprovalForAll(venue.market, false);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(assets, "ERC1155MissingApprovalForAll")
        .withArgs(venue.market, alice.address);
    });

    it("fills in parts, each at exactly its price, up to the last second", async () => {
      const { market, assets, alice, bob, carol, artist, potion, order, signature, hash } = await listedWith({
        unitPrice: 39_999n,
      });
      const { fee, royalty, proceeds } = divided(39_999n * 3n);
      expect([fee, royalty]).to.deep.equal([2_999n, 5_999n]);
      await expect(fill({ market }, bob, order, signature, 3n))
        .to.emit(market, "OrderFilled")
        .withArgs(hash, alice.address, potion, bob.address, SIDE.ask, 3n, BNB, 119_997n, fee, royalty, artist.address)
        .and.to.emit(assets, "TransferSingle")
        .withArgs(await market.getAddress(), alice.address, bob.address, potion, 3n);
      expect(await market.filled(hash)).to.equal(3n);
      expect(await market.owed(alice, BNB)).to.equal(proceeds);
      expect(await market.owed(artist, BNB)).to.equal(royalty);
      expect(await market.feesOf(GAME, BNB)).to.equal(fee);
      await time.setNextBlockTimestamp(order.expiry - 1n);
      await fill({ market }, carol, order, signature, 1n);
      expect(await market.filled(hash)).to.equal(4n);
      const last = divided(39_999n);
      expect(await market.owed(alice, BNB)).to.equal(proceeds + last.proceeds);
      expect(await market.feesOf(GAME, BNB)).to.equal(fee + last.fee);
      expect(await assets.balanceOf(carol, potion)).to.equal(1n);
    });

    it("fills orders of a retired game", async () => {
      const { market, registry, developer, bob, order, signature } = await listed();
      await registry.connect(developer).retire(GAME);
      await expect(fill({ market }, bob, order, signature, 4n)).to.emit(market, "OrderFilled");
    });

    it("keeps the fees of each game apart, and pays none where there is neither royalty nor fee", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, assets, venue, admin, rival, bob } = fixture;
      await assets.connect(rival).defineItem(OTHER_GAME, params());
      const foreign = idOf("item", 1n, { gameId: OTHER_GAME });
      await assets.connect(rival).mint(rival, foreign, 2n);
      const order = await orderOf(fixture, { maker: rival.address, id: foreign, amount: 2n });
      const signature = await sign(venue, rival, order);
      await fill(fixture, bob, order, signature, 1n);
      expect(await market.feesOf(OTHER_GAME, BNB)).to.equal(divided(PRICE).fee);
      expect(await market.feesOf(GAME, BNB)).to.equal(0n);
      await market.connect(admin).setFee(0n);
      await fill(fixture, bob, order, signature, 1n);
      expect(await market.feesOf(OTHER_GAME, BNB)).to.equal(divided(PRICE).fee);
      expect(await market.owed(rival, BNB)).to.equal(2n * PRICE - divided(PRICE).fee);
      expect(await market.owed(ZeroAddress, BNB)).to.equal(0n);
    });

    it("takes the orders of a maker that is a contract, as long as it stands by them", async () => {
      const fixture = await loadFixture(deployMarket);
      const { market, assets, operator, venue, alice, bob, potion } = fixture;
      const owner = new SigningKey(id("owner"));
      const wallet = await ethers.deployContract("AssetWalletMock", [ethers.computeAddress(owner)]);
      await assets.connect(operator).mint(wallet, potion, 1n);
      const approval = assets.interface.encodeFunctionData("setApprovalForAll", [venue.market, true]);
      await wallet.execute(assets, approval);
      const order = await orderOf(fixture, { maker: await wallet.getAddress(), amount: 1n });
      await expect(fill(fixture, bob, order, await sign(venue, alice, order), 1n))
        .to.be.revertedWithCustomError(market, "OrderNotSigned")
        .withArgs(order.maker);
      const signature = owner.sign(orderHash(order, venue)).serialized;
      await fill(fixture, bob, order, signature, 1n);
      expect(await market.owed(wallet, BNB)).to.equal(divided(PRICE).proceeds);
    });

    it("takes the key's order of an account that has code as well", async () => {
      const { market, bob, alice, order, signature } = await listed();
      const wallet = await ethers.deployContract("SignatureWalletMock", [bob.address]);
      await network.provider.send("hardhat_setCode", [alice.address, await ethers.provider.getCode(wallet)]);
      await fill({ market }, bob, order, signature, 1n);
      await network.provider.send("hardhat_setCode", [alice.address, "0x"]);
    });
  });

  describe("cancel", () => {
    it("reverts when another made one of the orders", async () => {
      const { market, alice, bob, order } = await listed();
      const own = { ...order, maker: bob.address };
      await expect(market.connect(bob).cancel([own, order]))
        .to.be.revertedWithCustomError(market, "NotTheMaker")
        .withArgs(bob.address, alice.address);
    });

    it("voids what is left of each, for good", async () => {
      const { market, alice, bob, order, signature, venue, hash } = await listed();
      const second = { ...order, salt: 8n };
      await fill({ market }, bob, order, signature, 1n);
      const sent = market.connect(alice).cancel([order, second]);
      for (const each of [order, second]) {
        await expect(sent).to.emit(market, "OrderCancelled").withArgs(orderHash(each, venue), alice.address);
      }
      expect(await market.filled(hash)).to.equal(CANCELLED);
      await expect(fill({ market }, bob, order, signature, 1n))
        .to.be.revertedWithCustomError(market, "OrderIsCancelled")
        .withArgs(hash);
      await market.connect(alice).cancel([order]);
      expect(await market.filled(hash)).to.equal(CANCELLED);
    });

    it("leaves other orders alone", async () => {
      const { market, venue, alice, bob, order, signature } = await listed();
      await market.connect(alice).cancel([{ ...order, salt: 8n }]);
      await fill({ market }, bob, order, signature, 1n);
      expect(await market.counterOf(alice)).to.equal(0n);
      expect(await market.hashOf(order)).to.equal(orderHash(order, venue));
    });
  });

  describe("raiseCounter", () => {
    it("is for the caller's orders alone, and says the new one", async () => {
      const { market, alice, bob, order, signature } = await listed();
      expect(await market.connect(bob).raiseCounter.staticCall()).to.equal(1n);
      await market.connect(bob).raiseCounter();
      await fill({ market }, bob, order, signature, 1n);
      await market.connect(alice).raiseCounter();
      await market.connect(alice).raiseCounter();
      expect(await market.counterOf(alice)).to.equal(2n);
      expect(await market.owed(alice, BNB)).to.equal(divided(PRICE).proceeds);
    });
  });

  it("is signed as EIP-712 says", async () => {
    const { market, venue, order } = await listed();
    expect(ethers.TypedDataEncoder.hash(marketDomain(venue), ORDER_TYPES, order)).to.equal(await market.hashOf(order));
  });
});
