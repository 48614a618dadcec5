import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress } from "ethers";
import {
  CONSENT_TYPES,
  GAME,
  OTHER_GAME,
  assetDomain,
  idOf,
  malleated,
  mint,
  now,
  params,
  withItems,
  type AssetFixture,
  type Items,
} from "./support";
import { KIND } from "../../../protocol/assetId";

const SLOT = 3;

type Dressed = AssetFixture & Items & { readonly alicesHero: bigint; readonly alicesCrown: bigint };

/** Alice has a hero, three swords, a crown, five potions and two medals, and lets the game play with them. */
async function withHoldings(): Promise<Dressed> {
  const fixture = await withItems();
  const { assets, alice, hero, sword, crown, potion, medal } = fixture;
  const alicesHero = await mint(fixture, alice, hero);
  const alicesCrown = await mint(fixture, alice, crown);
  await mint(fixture, alice, sword, 3n);
  await mint(fixture, alice, potion, 5n);
  await mint(fixture, alice, medal, 2n);
  await assets.connect(alice).setConsent(GAME, true);
  return { ...fixture, alicesHero, alicesCrown };
}

/** Her hero wears a sword. */
async function dressed(): Promise<Dressed> {
  const fixture = await withHoldings();
  const { assets, operator, alice, alicesHero, sword } = fixture;
  await assets.connect(operator).equip(alice, alicesHero, SLOT, sword);
  return fixture;
}

describe("GameAssets: what holders and games may do", () => {
  describe("setConsent", () => {
    it("is asked of each holder for each game, and withdrawn at any time", async () => {
      const { assets, alice, bob } = await loadFixture(withItems);
      expect(await assets.consents(alice, GAME)).to.equal(false);
      await expect(assets.connect(alice).setConsent(GAME, true))
        .to.emit(assets, "ConsentSet")
        .withArgs(alice.address, GAME, true);
      expect(await assets.consents(alice, GAME)).to.equal(true);
      expect(await assets.consents(alice, OTHER_GAME)).to.equal(false);
      expect(await assets.consents(bob, GAME)).to.equal(false);
      await assets.connect(alice).setConsent(GAME, false);
      expect(await assets.consents(alice, GAME)).to.equal(false);
    });
  });

  describe("setConsentFor", () => {
    const signed = async (change: { readonly given?: boolean; readonly chainId?: bigint } = {}) => {
      const fixture = await loadFixture(withItems);
      const { assets, alice } = fixture;
      const expiry = (await now()) + 1_000n;
      const message = { holder: alice.address, gameId: GAME, given: change.given ?? true, nonce: 0n, expiry };
      const domain = await assetDomain(assets, change.chainId === undefined ? {} : { chainId: change.chainId });
      return { ...fixture, expiry, signature: await alice.signTypedData(domain, CONSENT_TYPES, message) };
    };

    it("reverts when the signature has expired", async () => {
      const { assets, bob, alice, expiry, signature } = await signed();
      await time.setNextBlockTimestamp(expiry);
      await expect(assets.connect(bob).setConsentFor(alice, GAME, true, expiry, signature))
        .to.be.revertedWithCustomError(assets, "ConsentExpired")
        .withArgs(expiry, expiry);
    });

    it("reverts when the holder did not sign exactly this", async () => {
      const { assets, bob, alice, expiry, signature } = await signed();
      const by = assets.connect(bob);
      const tries = [
        () => by.setConsentFor(bob, GAME, true, expiry, signature),
        () => by.setConsentFor(alice, OTHER_GAME, true, expiry, signature),
        () => by.setConsentFor(alice, GAME, false, expiry, signature),
        () => by.setConsentFor(alice, GAME, true, expiry + 1n, signature),
        () => by.setConsentFor(alice, GAME, true, expiry, malleated(signature)),
      ];
      for (const [index, attempt] of tries.entries()) {
        await expect(attempt())
          .to.be.revertedWithCustomError(assets, "ConsentNotSigned")
          .withArgs(index === 0 ? bob.address : alice.address);
      }
    });

    it("reverts when it was signed for another chain", async () => {
      const { assets, bob, alice, expiry, signature } = await signed({ chainId: 56n });
      await expect(assets.connect(bob).setConsentFor(alice, GAME, true, expiry, signature))
        .to.be.revertedWithCustomError(assets, "ConsentNotSigned")
        .withArgs(alice.address);
    });

    it("reverts when it was used before", async () => {
      const { assets, bob, alice, expiry, signature } = await signed();
      await assets.connect(bob).setConsentFor(alice, GAME, true, expiry, signature);
      await expect(assets.connect(bob).setConsentFor(alice, GAME, true, expiry, signature))
        .to.be.revertedWithCustomError(assets, "ConsentNotSigned")
        .withArgs(alice.address);
    });

    it("reverts when the holder has decided otherwise since", async () => {
      const { assets, bob, alice, expiry, signature } = await signed();
      await assets.connect(alice).setConsent(GAME, false);
      await expect(assets.connect(bob).setConsentFor(alice, GAME, true, expiry, signature))
        .to.be.revertedWithCustomError(assets, "ConsentNotSigned")
        .withArgs(alice.address);
    });

    it("gives and withdraws what the holder signed, up to the last second", async () => {
      for (const given of [true, false]) {
        const { assets, bob, alice, expiry, signature } = await signed({ given });
        await time.setNextBlockTimestamp(expiry - 1n);
        await expect(assets.connect(bob).setConsentFor(alice, GAME, given, expiry, signature))
          .to.emit(assets, "ConsentSet")
          .withArgs(alice.address, GAME, given);
        expect(await assets.consents(alice, GAME)).to.equal(given);
      }
    });

    it("takes the consent of a holder that is a contract", async () => {
      const { assets } = await loadFixture(withItems);
      const owner = new ethers.SigningKey(ethers.id("owner"));
      const wallet = await ethers.deployContract("SignatureWalletMock", [ethers.computeAddress(owner)]);
      const expiry = (await now()) + 1_000n;
      const digest = await assets.consentDigest(wallet, GAME, true, expiry);
      await assets.setConsentFor(wallet, GAME, true, expiry, owner.sign(digest).serialized);
      expect(await assets.consents(wallet, GAME)).to.equal(true);
    });
  });

  describe("equip", () => {
    it("reverts when the caller does not speak for the game", async () => {
      const { assets, alice, alicesHero, sword } = await loadFixture(withHoldings);
      await expect(assets.connect(alice).equip(alice, alicesHero, SLOT, sword))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, alice.address);
    });

    it("reverts when the holder has not consented", async () => {
      const { assets, operator, alice, alicesHero, sword } = await loadFixture(withHoldings);
      await assets.connect(alice).setConsent(GAME, false);
      await expect(assets.connect(operator).equip(alice, alicesHero, SLOT, sword))
        .to.be.revertedWithCustomError(assets, "ConsentMissing")
        .withArgs(alice.address, GAME);
    });

    it("reverts when the piece is another game's", async () => {
      const { assets, rival, operator, alice, alicesHero } = await loadFixture(withHoldings);
      await assets.connect(rival).defineItem(OTHER_GAME, params({ kind: KIND.equipment }));
      const foreign = idOf("equipment", 1n, { gameId: OTHER_GAME });
      await assets.connect(rival).mint(alice, foreign, 1n);
      await expect(assets.connect(operator).equip(alice, alicesHero, SLOT, foreign))
        .to.be.revertedWithCustomError(assets, "AssetOfOtherGame")
        .withArgs(foreign, GAME);
    });

    it("reverts when what would wear it is no character", async () => {
      const { assets, operator, alice, potion, sword } = await loadFixture(withHoldings);
      await expect(assets.connect(operator).equip(alice, potion, SLOT, sword))
        .to.be.revertedWithCustomError(assets, "NotACharacter")
        .withArgs(potion);
    });

    it("reverts when what would be worn is no equipment", async () => {
      const { assets, operator, alice, alicesHero, potion } = await loadFixture(withHoldings);
      for (const other of [potion, alicesHero]) {
        await expect(assets.connect(operator).equip(alice, alicesHero, SLOT, other))
          .to.be.revertedWithCustomError(assets, "NotEquipment")
          .withArgs(other);
      }
    });

    it("reverts when the holder has no such character", async () => {
      const { assets, operator, alice, bob, alicesHero, sword } = await loadFixture(withHoldings);
      await assets.connect(alice).safeTransferFrom(alice, bob, alicesHero, 1n, "0x");
      await expect(assets.connect(operator).equip(alice, alicesHero, SLOT, sword))
        .to.be.revertedWithCustomError(assets, "NothingToEquip")
        .withArgs(alice.address, alicesHero);
    });

    it("reverts when the holder has no piece that is not worn", async () => {
      const { assets, operator, alice, alicesHero, sword, crown, alicesCrown } = await loadFixture(withHoldings);
      const by = assets.connect(operator);
      await expect(by.equip(alice, alicesHero, SLOT, crown))
        .to.be.revertedWithCustomError(assets, "NothingToEquip")
        .withArgs(alice.address, crown);
      for (const slot of [0, 1, 2]) await by.equip(alice, alicesHero, slot, sword);
      await by.equip(alice, alicesHero, 4, alicesCrown);
      for (const worn of [sword, alicesCrown]) {
        await expect(by.equip(alice, alicesHero, SLOT, worn))
          .to.be.revertedWithCustomError(assets, "NothingToEquip")
          .withArgs(alice.address, worn);
      }
    });

    it("reverts when the slot is taken", async () => {
      const { assets, operator, alice, alicesHero, alicesCrown, sword } = await loadFixture(dressed);
      await expect(assets.connect(operator).equip(alice, alicesHero, SLOT, alicesCrown))
        .to.be.revertedWithCustomError(assets, "SlotTaken")
        .withArgs(alicesHero, SLOT, sword);
    });

    it("puts pieces on, in any slots, also of a retired game", async () => {
      const { assets, registry, developer, operator, alice, alicesHero, alicesCrown, sword } =
        await loadFixture(withHoldings);
      await registry.connect(developer).retire(GAME);
      await expect(assets.connect(operator).equip(alice, alicesHero, 0, sword))
        .to.emit(assets, "Equipped")
        .withArgs(alicesHero, 0n, sword, alice.address)
        .and.to.emit(assets, "MetadataUpdate")
        .withArgs(alicesHero);
      await assets.connect(operator).equip(alice, alicesHero, 255, sword);
      await assets.connect(operator).equip(alice, alicesHero, 7, alicesCrown);
      expect(await assets.wornOf(alice, sword)).to.equal(2n);
      expect(await assets.transferableOf(alice, sword)).to.equal(1n);
      expect(await assets.transferableOf(alice, alicesCrown)).to.equal(0n);
      expect(await assets.transferableOf(alice, alicesHero)).to.equal(0n);
      expect(await assets.piecesOn(alicesHero)).to.equal(3n);
      expect(await assets.equippedIn(alicesHero, 255)).to.equal(sword);
      expect(await assets.equippedIn(alicesHero, 7)).to.equal(alicesCrown);
      expect(await assets.equippedIn(alicesHero, 1)).to.equal(0n);
    });
  });

  describe("unequip", () => {
    it("reverts when the caller neither speaks for the game nor holds the character", async () => {
      const { assets, bob, alicesHero } = await loadFixture(dressed);
      await expect(assets.connect(bob).unequip(alicesHero, SLOT))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, bob.address);
    });

    it("reverts when the slot is empty", async () => {
      const { assets, alice, operator, alicesHero } = await loadFixture(dressed);
      for (const by of [alice, operator]) {
        await expect(assets.connect(by).unequip(alicesHero, SLOT + 1))
          .to.be.revertedWithCustomError(assets, "SlotEmpty")
          .withArgs(alicesHero, SLOT + 1);
      }
    });

    for (const who of ["alice", "operator"] as const) {
      it(`takes a piece off for ${who === "alice" ? "the holder, without asking the game" : "the game"}`, async () => {
        const fixture = await loadFixture(dressed);
        const { assets, alice, bob, alicesHero, sword } = fixture;
        await assets.connect(alice).setConsent(GAME, false);
        await expect(assets.connect(fixture[who]).unequip(alicesHero, SLOT))
          .to.emit(assets, "Unequipped")
          .withArgs(alicesHero, SLOT, sword, fixture[who].address)
          .and.to.emit(assets, "MetadataUpdate")
          .withArgs(alicesHero);
        expect(await assets.wornOf(alice, sword)).to.equal(0n);
        expect(await assets.piecesOn(alicesHero)).to.equal(0n);
        expect(await assets.equippedIn(alicesHero, SLOT)).to.equal(0n);
        await assets.connect(alice).safeBatchTransferFrom(alice, bob, [alicesHero, sword], [1n, 3n], "0x");
        expect(await assets.balanceOf(bob, sword)).to.equal(3n);
      });
    }

    it("leaves the character to its next holder", async () => {
      const { assets, operator, alice, bob, alicesHero, sword } = await loadFixture(dressed);
      await assets.connect(alice).unequip(alicesHero, SLOT);
      await assets.connect(alice).safeBatchTransferFrom(alice, bob, [alicesHero, sword], [1n, 1n], "0x");
      await assets.connect(bob).setConsent(GAME, true);
      await assets.connect(operator).equip(bob, alicesHero, SLOT, sword);
      await expect(assets.connect(alice).unequip(alicesHero, SLOT))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, alice.address);
      expect(await assets.wornOf(bob, sword)).to.equal(1n);
      expect(await assets.wornOf(alice, sword)).to.equal(0n);
    });
  });

  describe("a transfer", () => {
    it("reverts when a character that wears something would go", async () => {
      const { assets, alice, bob, alicesHero } = await loadFixture(dressed);
      await expect(assets.connect(alice).safeTransferFrom(alice, bob, alicesHero, 1n, "0x"))
        .to.be.revertedWithCustomError(assets, "CharacterDressed")
        .withArgs(alicesHero, 1n);
      await expect(assets.connect(alice).burn(alice, alicesHero, 1n))
        .to.be.revertedWithCustomError(assets, "CharacterDressed")
        .withArgs(alicesHero, 1n);
    });

    it("reverts when a piece that is worn would go, in parts of a batch as well", async () => {
      const { assets, alice, bob, sword } = await loadFixture(dressed);
      const by = assets.connect(alice);
      await by.safeTransferFrom(alice, bob, sword, 1n, "0x");
      for (const attempt of [
        () => by.safeTransferFrom(alice, bob, sword, 2n, "0x"),
        () => by.safeBatchTransferFrom(alice, bob, [sword, sword], [1n, 1n], "0x"),
        () => by.burn(alice, sword, 2n),
        () => by.burnBatch(alice, [sword, sword], [1n, 1n]),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(assets, "AssetWorn").withArgs(sword, 0n, 1n);
      }
      await by.safeTransferFrom(alice, bob, sword, 1n, "0x");
    });

    it("reverts when what is bound would change hands", async () => {
      const fixture = await loadFixture(withHoldings);
      const { assets, alice, bob, medal, soul } = fixture;
      const alicesSoul = await mint(fixture, alice, soul);
      for (const id of [medal, alicesSoul]) {
        for (const amount of [1n, 0n]) {
          await expect(assets.connect(alice).safeTransferFrom(alice, bob, id, amount, "0x"))
            .to.be.revertedWithCustomError(assets, "AssetBound")
            .withArgs(id);
        }
        await assets.connect(alice).setApprovalForAll(bob, true);
        await expect(assets.connect(bob).safeBatchTransferFrom(alice, bob, [id], [1n], "0x"))
          .to.be.revertedWithCustomError(assets, "AssetBound")
          .withArgs(id);
        expect(await assets.transferableOf(alice, id)).to.equal(0n);
        expect(await assets.locked(id)).to.equal(true);
      }
    });

    it("reverts when neither the holder nor somebody approved asks for it, the game included", async () => {
      const { assets, alice, operator, developer, potion } = await loadFixture(withHoldings);
      for (const by of [operator, developer]) {
        await expect(assets.connect(by).safeTransferFrom(alice, by, potion, 1n, "0x"))
          .to.be.revertedWithCustomError(assets, "ERC1155MissingApprovalForAll")
          .withArgs(by.address, alice.address);
        await expect(assets.connect(by).burn(alice, potion, 1n))
          .to.be.revertedWithCustomError(assets, "ERC1155MissingApprovalForAll")
          .withArgs(by.address, alice.address);
        await expect(assets.connect(by).burnBatch(alice, [potion], [1n]))
          .to.be.revertedWithCustomError(assets, "ERC1155MissingApprovalForAll")
          .withArgs(by.address, alice.address);
      }
    });

    it("moves everything else for good, of a retired game as well", async () => {
      const { assets, registry, developer, alice, bob, carol, alicesHero, alicesCrown, potion } =
        await loadFixture(withHoldings);
      await registry.connect(developer).retire(GAME);
      expect(await assets.transferableOf(alice, potion)).to.equal(5n);
      const ids = [alicesHero, alicesCrown, potion];
      await assets.connect(alice).safeBatchTransferFrom(alice, bob, ids, [1n, 1n, 5n], "0x");
      await assets.connect(bob).setApprovalForAll(carol, true);
      await assets.connect(carol).safeTransferFrom(bob, carol, potion, 2n, "0x");
      expect(await assets.balanceOf(bob, alicesHero)).to.equal(1n);
      expect(await assets.balanceOf(carol, potion)).to.equal(2n);
      expect(await assets.locked(potion)).to.equal(false);
    });
  });

  describe("locked", () => {
    it("reverts for what was never minted", async () => {
      const { assets, soul, potion } = await loadFixture(withItems);
      for (const unknown of [soul + 1n, potion + 1n, idOf("item", 99n)]) {
        await expect(assets.locked(unknown)).to.be.revertedWithCustomError(assets, "UnknownAsset").withArgs(unknown);
      }
      expect(await assets.locked(soul)).to.equal(true);
    });
  });

  describe("burn", () => {
    it("is the holder's at any time, of bound pieces and of a retired game as well", async () => {
      const fixture = await loadFixture(withHoldings);
      const { assets, registry, developer, alice, medal, alicesCrown, crown } = fixture;
      await registry.connect(developer).retire(GAME);
      await expect(assets.connect(alice).burn(alice, medal, 1n))
        .to.emit(assets, "TransferSingle")
        .withArgs(alice.address, alice.address, ZeroAddress, medal, 1n);
      await assets.connect(alice).burnBatch(alice, [medal, alicesCrown], [1n, 1n]);
      expect(await assets.supplyOf(medal)).to.equal(0n);
      expect(await assets.supplyOf(crown)).to.equal(0n);
      const { minted, burned } = await assets.itemOf(alicesCrown);
      expect([minted, burned]).to.deep.equal([1n, 1n]);
    });
  });

  describe("consume", () => {
    it("reverts when the caller does not speak for the game", async () => {
      const { assets, rival, alice, potion } = await loadFixture(withHoldings);
      await expect(assets.connect(rival).consume(GAME, alice, [potion], [1n]))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, rival.address);
    });

    it("reverts when the holder has not consented", async () => {
      const { assets, operator, bob, potion } = await loadFixture(withHoldings);
      await expect(assets.connect(operator).consume(GAME, bob, [potion], [1n]))
        .to.be.revertedWithCustomError(assets, "ConsentMissing")
        .withArgs(bob.address, GAME);
    });

    it("reverts when one is another game's", async () => {
      const { assets, rival, alice, potion } = await loadFixture(withHoldings);
      await assets.connect(rival).defineItem(OTHER_GAME, params());
      const own = idOf("item", 1n, { gameId: OTHER_GAME });
      await assets.connect(rival).mint(alice, own, 1n);
      await assets.connect(alice).setConsent(OTHER_GAME, true);
      await expect(assets.connect(rival).consume(OTHER_GAME, alice, [own, potion], [1n, 1n]))
        .to.be.revertedWithCustomError(assets, "AssetOfOtherGame")
        .withArgs(potion, OTHER_GAME);
    });

    it("reverts when the holder has less, or wears it", async () => {
      const { assets, operator, alice, alicesHero, potion, sword } = await loadFixture(dressed);
      const by = assets.connect(operator);
      await expect(by.consume(GAME, alice, [potion], [6n]))
        .to.be.revertedWithCustomError(assets, "ERC1155InsufficientBalance")
        .withArgs(alice.address, 5n, 6n, potion);
      await expect(by.consume(GAME, alice, [sword], [3n]))
        .to.be.revertedWithCustomError(assets, "AssetWorn")
        .withArgs(sword, 0n, 1n);
      await expect(by.consume(GAME, alice, [alicesHero], [1n]))
        .to.be.revertedWithCustomError(assets, "CharacterDressed")
        .withArgs(alicesHero, 1n);
      await expect(by.consume(GAME, alice, [potion], [1n, 1n]))
        .to.be.revertedWithCustomError(assets, "ERC1155InvalidArrayLength")
        .withArgs(1n, 2n);
    });

    it("burns what the game used up, bound pieces as well", async () => {
      const { assets, operator, alice, potion, medal, alicesCrown } = await loadFixture(withHoldings);
      const ids = [potion, medal, alicesCrown];
      await expect(assets.connect(operator).consume(GAME, alice, ids, [4n, 1n, 1n]))
        .to.emit(assets, "Consumed")
        .withArgs(GAME, alice.address, ids, [4n, 1n, 1n])
        .and.to.emit(assets, "TransferBatch")
        .withArgs(operator.address, alice.address, ZeroAddress, ids, [4n, 1n, 1n]);
      expect(await assets.balanceOf(alice, potion)).to.equal(1n);
      expect(await assets.supplyOf(potion)).to.equal(1n);
      expect(await assets.supplyOf(medal)).to.equal(1n);
    });
  });
});
