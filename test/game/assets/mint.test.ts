import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers, network } from "hardhat";
import { ZeroAddress } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { GameAssets } from "../../../typechain-types";
import {
  GAME,
  MAX_UINT128,
  OTHER_GAME,
  VOUCHER_TYPES,
  assetDomain,
  idOf,
  malleated,
  mint,
  now,
  params,
  withItems,
} from "./support";

interface Voucher {
  readonly to: string;
  readonly itemId: bigint;
  readonly amount: bigint;
  readonly nonce: bigint;
  readonly expiry: bigint;
}

async function retired() {
  const fixture = await withItems();
  await fixture.registry.connect(fixture.developer).retire(GAME);
  return fixture;
}

/** A voucher for two potions of alice's, and what the operator makes of it. */
async function withVoucher() {
  const fixture = await withItems();
  const { assets, alice, operator, potion } = fixture;
  const voucher: Voucher = { to: alice.address, itemId: potion, amount: 2n, nonce: 5n, expiry: (await now()) + 1_000n };
  return { ...fixture, voucher, signature: await sign(assets, operator, voucher) };
}

async function sign(assets: GameAssets, by: HardhatEthersSigner, voucher: Voucher): Promise<string> {
  return by.signTypedData(await assetDomain(assets), VOUCHER_TYPES, voucher);
}

describe("GameAssets: mint", () => {
  describe("mint", () => {
    it("reverts when the caller does not speak for the item's game", async () => {
      const { assets, rival, potion } = await loadFixture(withItems);
      await expect(assets.connect(rival).mint(rival, potion, 1n))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, rival.address);
    });

    it("reverts when the developer admits the operator no longer", async () => {
      const { assets, registry, developer, operator, alice, potion } = await loadFixture(withItems);
      await registry.connect(developer).setOperator(GAME, operator, false);
      await expect(assets.connect(operator).mint(alice, potion, 1n))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, operator.address);
    });

    it("reverts when the game is retired", async () => {
      const { assets, registry, operator, alice, potion } = await loadFixture(retired);
      await expect(assets.connect(operator).mint(alice, potion, 1n))
        .to.be.revertedWithCustomError(registry, "GameIsRetired")
        .withArgs(GAME);
    });

    it("reverts when there is no such item, or it is a piece's id", async () => {
      const fixture = await loadFixture(withItems);
      const { assets, operator, alice, hero } = fixture;
      const piece = await mint(fixture, alice, hero);
      for (const unknown of [idOf("item", 99n), piece, idOf("item", 3n, { unique: true })]) {
        await expect(assets.connect(operator).mint(alice, unknown, 1n))
          .to.be.revertedWithCustomError(assets, "UnknownAsset")
          .withArgs(unknown);
      }
    });

    it("reverts when it would mint nothing", async () => {
      const { assets, operator, alice, potion } = await loadFixture(withItems);
      await expect(assets.connect(operator).mint(alice, potion, 0n))
        .to.be.revertedWithCustomError(assets, "MintsNothing")
        .withArgs(potion);
    });

    it("reverts when more than the cap would have been minted, what was burned included", async () => {
      const fixture = await loadFixture(withItems);
      const { assets, operator, alice, crown } = fixture;
      const first = await mint(fixture, alice, crown, 7n);
      await expect(assets.connect(operator).mint(alice, crown, 4n))
        .to.be.revertedWithCustomError(assets, "ItemCapExceeded")
        .withArgs(crown, 4n, 3n);
      await assets.connect(alice).burn(alice, first, 1n);
      await expect(assets.connect(operator).mint(alice, crown, 4n))
        .to.be.revertedWithCustomError(assets, "ItemCapExceeded")
        .withArgs(crown, 4n, 3n);
      await assets.connect(operator).mint(alice, crown, 3n);
      await expect(assets.connect(operator).mint(alice, crown, 1n))
        .to.be.revertedWithCustomError(assets, "ItemCapExceeded")
        .withArgs(crown, 1n, 0n);
    });

    it("reverts when nobody or somebody who refuses would receive it", async () => {
      const { assets, registry, operator, potion, hero } = await loadFixture(withItems);
      await expect(assets.connect(operator).mint(ZeroAddress, potion, 1n))
        .to.be.revertedWithCustomError(assets, "ERC1155InvalidReceiver")
        .withArgs(ZeroAddress);
      await expect(assets.connect(operator).mint(registry, hero, 2n))
        .to.be.revertedWithCustomError(assets, "ERC1155InvalidReceiver")
        .withArgs(await registry.getAddress());
    });

    it("mints pieces that are alike", async () => {
      const { assets, operator, alice, potion } = await loadFixture(withItems);
      expect(await assets.connect(operator).mint.staticCall(alice, potion, 5n)).to.equal(potion);
      await expect(assets.connect(operator).mint(alice, potion, 5n))
        .to.emit(assets, "TransferSingle")
        .withArgs(operator.address, ZeroAddress, alice.address, potion, 5n);
      expect(await assets.balanceOf(alice, potion)).to.equal(5n);
      expect(await assets.supplyOf(potion)).to.equal(5n);
    });

    it("mints as many as 128 bits can count", async () => {
      const { assets, operator, alice, potion } = await loadFixture(withItems);
      await assets.connect(operator).defineItem(GAME, params({ cap: MAX_UINT128 }));
      const dust = idOf("item", 7n);
      await assets.connect(operator).mint(alice, dust, MAX_UINT128);
      await expect(assets.connect(operator).mint(alice, dust, 1n))
        .to.be.revertedWithCustomError(assets, "ItemCapExceeded")
        .withArgs(dust, 1n, 0n);
      await expect(assets.connect(operator).mint(alice, potion, MAX_UINT128 + 2n)).to.be.revertedWithCustomError(
        assets,
        "ItemCapExceeded",
      );
      await assets.connect(alice).burn(alice, dust, MAX_UINT128);
      expect(await assets.supplyOf(dust)).to.equal(0n);
    });

    it("mints unique pieces with consecutive serials", async () => {
      const { assets, operator, alice, bob, hero } = await loadFixture(withItems);
      await expect(assets.connect(operator).mint(alice, hero, 1n))
        .to.emit(assets, "TransferSingle")
        .withArgs(operator.address, ZeroAddress, alice.address, hero + 1n, 1n)
        .and.not.to.emit(assets, "Locked");
      expect(await assets.connect(operator).mint.staticCall(bob, hero, 2n)).to.equal(hero + 2n);
      await expect(assets.connect(operator).mint(bob, hero, 2n))
        .to.emit(assets, "TransferBatch")
        .withArgs(operator.address, ZeroAddress, bob.address, [hero + 2n, hero + 3n], [1n, 1n]);
      expect(await assets.supplyOf(hero)).to.equal(3n);
      expect(await assets.balanceOf(bob, hero + 3n)).to.equal(1n);
    });

    it("locks each piece that is bound", async () => {
      const { assets, operator, alice, soul, medal } = await loadFixture(withItems);
      const sent = assets.connect(operator).mint(alice, soul, 2n);
      await expect(sent)
        .to.emit(assets, "Locked")
        .withArgs(soul + 1n);
      await expect(sent)
        .to.emit(assets, "Locked")
        .withArgs(soul + 2n);
      await expect(assets.connect(operator).mint(alice, medal, 2n)).not.to.emit(assets, "Locked");
    });
  });

  describe("mintBatch", () => {
    it("reverts when the caller does not speak for the game", async () => {
      const { assets, rival, potion } = await loadFixture(withItems);
      await expect(assets.connect(rival).mintBatch(GAME, rival, [potion], [1n]))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, rival.address);
    });

    it("reverts when the game is retired", async () => {
      const { assets, registry, operator, alice, potion } = await loadFixture(retired);
      await expect(assets.connect(operator).mintBatch(GAME, alice, [potion], [1n]))
        .to.be.revertedWithCustomError(registry, "GameIsRetired")
        .withArgs(GAME);
    });

    it("reverts when the lists differ in length", async () => {
      const { assets, operator, alice, potion } = await loadFixture(withItems);
      await expect(assets.connect(operator).mintBatch(GAME, alice, [potion], [1n, 1n]))
        .to.be.revertedWithCustomError(assets, "ERC1155InvalidArrayLength")
        .withArgs(1n, 2n);
    });

    it("reverts when an item is another game's", async () => {
      const { assets, rival, potion } = await loadFixture(withItems);
      await assets.connect(rival).defineItem(OTHER_GAME, params());
      const own = idOf("item", 1n, { gameId: OTHER_GAME });
      await expect(assets.connect(rival).mintBatch(OTHER_GAME, rival, [own, potion], [1n, 1n]))
        .to.be.revertedWithCustomError(assets, "AssetOfOtherGame")
        .withArgs(potion, OTHER_GAME);
    });

    it("mints all of it in one transfer", async () => {
      const { assets, operator, alice, potion, hero, medal } = await loadFixture(withItems);
      const by = assets.connect(operator);
      const items = [potion, hero, medal, hero];
      const amounts = [4n, 2n, 1n, 1n];
      expect([...(await by.mintBatch.staticCall(GAME, alice, items, amounts))]).to.deep.equal([
        potion,
        hero + 1n,
        medal,
        hero + 3n,
      ]);
      await expect(by.mintBatch(GAME, alice, items, amounts))
        .to.emit(assets, "TransferBatch")
        .withArgs(
          operator.address,
          ZeroAddress,
          alice.address,
          [potion, hero + 1n, hero + 2n, medal, hero + 3n],
          [4n, 1n, 1n, 1n, 1n],
        );
      expect(await assets.supplyOf(hero)).to.equal(3n);
      await expect(by.mintBatch(GAME, alice, [potion, potion], [1_000_000n, 1n]))
        .to.be.revertedWithCustomError(assets, "ItemCapExceeded")
        .withArgs(potion, 1_000_000n, 999_996n);
    });

    it("tells a receiver of a batch, also of one, and of a single piece", async () => {
      const { assets, operator, potion, hero } = await loadFixture(withItems);
      const receiver = await ethers.deployContract("AssetReceiverMock");
      await assets.connect(operator).mintBatch(GAME, receiver, [potion], [1n]);
      expect([await receiver.singles(), await receiver.batches()]).to.deep.equal([0n, 1n]);
      await assets.connect(operator).mint(receiver, potion, 1n);
      expect([await receiver.singles(), await receiver.batches()]).to.deep.equal([1n, 1n]);
      await assets.connect(operator).mint(receiver, hero, 1n);
      expect([await receiver.singles(), await receiver.batches()]).to.deep.equal([2n, 1n]);
      await assets.connect(operator).mint(receiver, hero, 2n);
      expect([await receiver.singles(), await receiver.batches()]).to.deep.equal([2n, 2n]);
    });
  });

  describe("redeem", () => {
    it("reverts when the voucher has expired", async () => {
      const { assets, bob, operator, voucher, signature } = await loadFixture(withVoucher);
      await time.setNextBlockTimestamp(voucher.expiry);
      await expect(assets.connect(bob).redeem(voucher, operator, signature))
        .to.be.revertedWithCustomError(assets, "VoucherExpired")
        .withArgs(voucher.expiry, voucher.expiry);
    });

    it("reverts when it was redeemed already, whoever signed it", async () => {
      const { assets, bob, operator, developer, voucher, signature } = await loadFixture(withVoucher);
      await assets.connect(bob).redeem(voucher, operator, signature);
      const again = { ...voucher, amount: 1n };
      for (const by of [operator, developer]) {
        await expect(assets.connect(bob).redeem(again, by, await sign(assets, by, again)))
          .to.be.revertedWithCustomError(assets, "VoucherUsed")
          .withArgs(GAME, 5n);
      }
    });

    it("reverts when the signer speaks for the game no longer", async () => {
      const { assets, registry, bob, developer, operator, voucher, signature } = await loadFixture(withVoucher);
      await registry.connect(developer).setOperator(GAME, operator, false);
      await expect(assets.connect(bob).redeem(voucher, operator, signature))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, operator.address);
    });

    it("reverts when the signer speaks for another game only", async () => {
      const { assets, bob, rival, voucher } = await loadFixture(withVoucher);
      await expect(assets.connect(bob).redeem(voucher, rival, await sign(assets, rival, voucher)))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, rival.address);
    });

    it("reverts when the game is retired", async () => {
      const { assets, registry, bob, developer, operator, voucher, signature } = await loadFixture(withVoucher);
      await registry.connect(developer).retire(GAME);
      await expect(assets.connect(bob).redeem(voucher, operator, signature))
        .to.be.revertedWithCustomError(registry, "GameIsRetired")
        .withArgs(GAME);
    });

    it("reverts when any part differs from what was signed", async () => {
      const { assets, bob, operator, hero, voucher, signature } = await loadFixture(withVoucher);
      const changes: readonly Partial<Voucher>[] = [
        { to: bob.address },
        { itemId: hero },
        { amount: 3n },
        { nonce: 6n },
        { expiry: voucher.expiry + 1n },
      ];
      for (const change of changes) {
        await expect(assets.connect(bob).redeem({ ...voucher, ...change }, operator, signature))
          .to.be.revertedWithCustomError(assets, "VoucherNotSigned")
          .withArgs(operator.address);
      }
    });

    it("reverts when another signed, or the signature is malleated, short or empty", async () => {
      const { assets, bob, operator, developer, voucher, signature } = await loadFixture(withVoucher);
      const { compactSerialized } = ethers.Signature.from(signature);
      const bad = [await sign(assets, developer, voucher), malleated(signature), compactSerialized, "0x"];
      for (const each of bad) {
        await expect(assets.connect(bob).redeem(voucher, operator, each))
          .to.be.revertedWithCustomError(assets, "VoucherNotSigned")
          .withArgs(operator.address);
      }
    });

    it("reverts when it was signed for another chain or contract", async () => {
      const { assets, registry, bob, operator, voucher } = await loadFixture(withVoucher);
      const domains = [
        await assetDomain(assets, { chainId: 56n }),
        await assetDomain(assets, { at: await registry.getAddress() }),
      ];
      for (const domain of domains) {
        const signature = await operator.signTypedData(domain, VOUCHER_TYPES, voucher);
        await expect(assets.connect(bob).redeem(voucher, operator, signature))
          .to.be.revertedWithCustomError(assets, "VoucherNotSigned")
          .withArgs(operator.address);
      }
    });

    it("reverts when the cap is reached meanwhile", async () => {
      const { assets, bob, operator, alice, crown, voucher } = await loadFixture(withVoucher);
      const crowns = { ...voucher, itemId: crown };
      const signature = await sign(assets, operator, crowns);
      await assets.connect(operator).mint(alice, crown, 9n);
      await expect(assets.connect(bob).redeem(crowns, operator, signature))
        .to.be.revertedWithCustomError(assets, "ItemCapExceeded")
        .withArgs(crown, 2n, 1n);
      expect(await assets.isVoucherUsed(GAME, 5n)).to.equal(false);
    });

    it("mints to whom the voucher names, whoever redeems, up to the last second", async () => {
      const { assets, bob, alice, operator, potion, voucher, signature } = await loadFixture(withVoucher);
      await time.setNextBlockTimestamp(voucher.expiry - 1n);
      await expect(assets.connect(bob).redeem(voucher, operator, signature))
        .to.emit(assets, "VoucherRedeemed")
        .withArgs(GAME, 5n, operator.address)
        .and.to.emit(assets, "TransferSingle")
        .withArgs(bob.address, ZeroAddress, alice.address, potion, 2n);
      expect(await assets.isVoucherUsed(GAME, 5n)).to.equal(true);
      expect(await assets.isVoucherUsed(OTHER_GAME, 5n)).to.equal(false);
      expect(await assets.isVoucherUsed(GAME, 4n)).to.equal(false);
    });

    it("says which id the first piece has", async () => {
      const { assets, bob, operator, hero, voucher } = await loadFixture(withVoucher);
      const heroes = { ...voucher, itemId: hero };
      const signature = await sign(assets, operator, heroes);
      expect(await assets.connect(bob).redeem.staticCall(heroes, operator, signature)).to.equal(hero + 1n);
    });

    it("takes the signature of a contract that speaks for the game", async () => {
      const { assets, registry, bob, developer, voucher } = await loadFixture(withVoucher);
      const owner = ethers.Wallet.createRandom();
      const wallet = await ethers.deployContract("SignatureWalletMock", [owner.address]);
      await registry.connect(developer).setOperator(GAME, wallet, true);
      const digest = await assets.voucherDigest(voucher);
      const bad = new ethers.SigningKey(ethers.id("another")).sign(digest).serialized;
      await expect(assets.connect(bob).redeem(voucher, wallet, bad))
        .to.be.revertedWithCustomError(assets, "VoucherNotSigned")
        .withArgs(await wallet.getAddress());
      const good = new ethers.SigningKey(owner.privateKey).sign(digest).serialized;
      await expect(assets.connect(bob).redeem(voucher, wallet, good)).to.emit(assets, "VoucherRedeemed");
    });

    it("takes the key's signature of an account that has code as well", async () => {
      const { assets, bob, operator, voucher, signature } = await loadFixture(withVoucher);
      const wallet = await ethers.deployContract("SignatureWalletMock", [bob.address]);
      const code = await ethers.provider.getCode(wallet);
      await network.provider.send("hardhat_setCode", [operator.address, code]);
      await expect(assets.connect(bob).redeem(voucher, operator, signature)).to.emit(assets, "VoucherRedeemed");
      await network.provider.send("hardhat_setCode", [operator.address, "0x"]);
    });
  });

  describe("voidVouchers", () => {
    it("reverts when the caller does not speak for the game", async () => {
      const { assets, alice } = await loadFixture(withVoucher);
      await expect(assets.connect(alice).voidVouchers(GAME, [5n]))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, alice.address);
    });

    it("voids the others where one of them is redeemed first", async () => {
      const { assets, operator, voucher, signature } = await loadFixture(withVoucher);
      await assets.redeem(voucher, operator, signature);
      const voided = assets.connect(operator).voidVouchers(GAME, [5n, 6n]);
      await expect(voided).to.emit(assets, "VoucherVoided").withArgs(GAME, 6n);
      expect(await assets.queryFilter(assets.filters.VoucherVoided(GAME, 5n))).to.have.lengthOf(0);
    });

    it("voids them, of this game", async () => {
      const { assets, operator, voucher, signature } = await loadFixture(withVoucher);
      await expect(assets.connect(operator).voidVouchers(GAME, [5n, 6n]))
        .to.emit(assets, "VoucherVoided")
        .withArgs(GAME, 5n)
        .and.to.emit(assets, "VoucherVoided")
        .withArgs(GAME, 6n);
      await expect(assets.redeem(voucher, operator, signature))
        .to.be.revertedWithCustomError(assets, "VoucherUsed")
        .withArgs(GAME, 5n);
      expect(await assets.isVoucherUsed(OTHER_GAME, 5n)).to.equal(false);
    });
  });

  it("is signed as EIP-712 says", async () => {
    const { assets, voucher } = await loadFixture(withVoucher);
    const expected = ethers.TypedDataEncoder.hash(await assetDomain(assets), VOUCHER_TYPES, voucher);
    expect(await assets.voucherDigest(voucher)).to.equal(expected);
  });
});
