import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { MaxUint256, ZeroAddress, ZeroHash, encodeBytes32String, toBeHex } from "ethers";
import { itemOf, KIND, readAssetId } from "../../../protocol/assetId";
import {
  GAME,
  MAX_UINT128,
  OTHER_GAME,
  TYPE,
  deployAssets,
  idOf,
  key,
  mint,
  params,
  withItems,
  word,
  type AssetFixture,
} from "./support";

const NOBODY = "0x000000000000000000000000000000000000dEaD";
const POWER = key("power", TYPE.uint);

async function retired(): Promise<AssetFixture> {
  const fixture = await withItems();
  await fixture.registry.connect(fixture.developer).retire(GAME);
  return fixture;
}

describe("GameAssets: items", () => {
  describe("constructor", () => {
    it("reverts when the registry has no code", async () => {
      const { assets } = await loadFixture(deployAssets);
      await expect(ethers.deployContract("GameAssets", [NOBODY]))
        .to.be.revertedWithCustomError(assets, "NotAContract")
        .withArgs(NOBODY);
    });

    it("keeps the registry, and nothing else to administer", async () => {
      const { assets, registry } = await loadFixture(deployAssets);
      expect(await assets.REGISTRY()).to.equal(await registry.getAddress());
      expect(await assets.MAX_ROYALTY_BPS()).to.equal(1_000n);
    });
  });

  describe("defineItem", () => {
    it("reverts when the caller does not speak for the game", async () => {
      const { assets, rival, operator } = await loadFixture(deployAssets);
      await expect(assets.connect(rival).defineItem(GAME, params()))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, rival.address);
      await expect(assets.connect(operator).defineItem(OTHER_GAME, params()))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(OTHER_GAME, operator.address);
    });

    it("reverts when there is no such game", async () => {
      const { assets, operator } = await loadFixture(deployAssets);
      for (const unknown of [0n, 3n, GAME + 2n ** 64n]) {
        await expect(assets.connect(operator).defineItem(unknown, params()))
          .to.be.revertedWithCustomError(assets, "NotSpeaker")
          .withArgs(unknown, operator.address);
      }
    });

    it("reverts when the game is retired", async () => {
      const { assets, registry, developer } = await loadFixture(retired);
      await expect(assets.connect(developer).defineItem(GAME, params()))
        .to.be.revertedWithCustomError(registry, "GameIsRetired")
        .withArgs(GAME);
    });

    it("reverts when a character is not unique", async () => {
      const { assets, operator } = await loadFixture(deployAssets);
      await expect(
        assets.connect(operator).defineItem(GAME, params({ kind: KIND.character })),
      ).to.be.revertedWithCustomError(assets, "CharacterNotUnique");
    });

    it("reverts when nothing could ever be minted", async () => {
      const { assets, operator } = await loadFixture(deployAssets);
      await expect(assets.connect(operator).defineItem(GAME, params({ cap: 0n }))).to.be.revertedWithCustomError(
        assets,
        "ZeroCap",
      );
    });

    it("reverts when the royalty is above a tenth", async () => {
      const { assets, operator } = await loadFixture(deployAssets);
      const high = params({ royaltyReceiver: operator.address, royaltyBps: 1_001n });
      await expect(assets.connect(operator).defineItem(GAME, high))
        .to.be.revertedWithCustomError(assets, "RoyaltyTooHigh")
        .withArgs(1_001n, 1_000n);
    });

    it("reverts when nobody would get the royalty", async () => {
      const { assets, operator } = await loadFixture(deployAssets);
      await expect(assets.connect(operator).defineItem(GAME, params({ royaltyBps: 1n })))
        .to.be.revertedWithCustomError(assets, "RoyaltyReceiverMissing")
        .withArgs(1n);
    });

    it("defines an item, with a royalty of up to a tenth", async () => {
      const { assets, operator, artist } = await loadFixture(deployAssets);
      const id = idOf("equipment", 1n);
      const given = params({ kind: KIND.equipment, royaltyReceiver: artist.address, royaltyBps: 1_000n, cap: 7n });
      await expect(assets.connect(operator).defineItem(GAME, given))
        .to.emit(assets, "ItemDefined")
        .withArgs(GAME, id, KIND.equipment, false, false, 7n, "ipfs://thing/{id}.json")
        .and.to.emit(assets, "RoyaltySet")
        .withArgs(id, artist.address, 1_000n)
        .and.to.emit(assets, "URI")
        .withArgs("ipfs://thing/{id}.json", id)
        .and.not.to.emit(assets, "Locked");
      expect([...(await assets.itemOf(id))]).to.deep.equal([7n, 0n, 0n, 1_000n, artist.address, given.uri]);
      expect(await assets.supplyOf(id)).to.equal(0n);
      expect(await assets.uri(id)).to.equal(given.uri);
    });

    it("locks a bound item that is stackable at once, and a unique one piece by piece", async () => {
      const { assets, operator } = await loadFixture(deployAssets);
      await expect(assets.connect(operator).defineItem(GAME, params({ bound: true })))
        .to.emit(assets, "Locked")
        .withArgs(idOf("item", 1n, { bound: true }));
      await expect(assets.connect(operator).defineItem(GAME, params({ bound: true, unique: true }))).not.to.emit(
        assets,
        "Locked",
      );
    });

    it("numbers the items of each game from 1, in ids that tell what they are", async () => {
      const { assets, operator, rival } = await loadFixture(deployAssets);
      const kinds = ["character", "item", "equipment"] as const;
      let number = 0n;
      for (const kind of kinds) {
        for (const bound of [false, true]) {
          const given = params({ kind: KIND[kind], unique: true, bound });
          const id = await assets.connect(operator).defineItem.staticCall(GAME, given);
          await assets.connect(operator).defineItem(GAME, given);
          expect(readAssetId(id)).to.deep.equal({
            gameId: GAME,
            kind,
            unique: true,
            bound,
            number: ++number,
            serial: 0n,
          });
        }
      }
      expect(await assets.itemCount(GAME)).to.equal(number);
      expect(await assets.connect(rival).defineItem.staticCall(OTHER_GAME, params())).to.equal(
        idOf("item", 1n, { gameId: OTHER_GAME }),
      );
      expect(await assets.itemCount(OTHER_GAME)).to.equal(0n);
    });
  });

  describe("setURI", () => {
    it("reverts when the caller does not speak for the game", async () => {
      const { assets, alice, potion } = await loadFixture(withItems);
      await expect(assets.connect(alice).setURI(potion, "ipfs://mine"))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, alice.address);
    });

    it("reverts when there is no such item, or it is a piece's id", async () => {
      const { assets, operator, hero } = await loadFixture(withItems);
      for (const unknown of [idOf("item", 99n), hero + 1n]) {
        await expect(assets.connect(operator).setURI(unknown, "ipfs://new"))
          .to.be.revertedWithCustomError(assets, "UnknownAsset")
          .withArgs(unknown);
      }
    });

    it("changes a stackable item's metadata, and says so", async () => {
      const { assets, operator, potion } = await loadFixture(withItems);
      await expect(assets.connect(operator).setURI(potion, "ipfs://new"))
        .to.emit(assets, "URI")
        .withArgs("ipfs://new", potion)
        .and.to.emit(assets, "MetadataUpdate")
        .withArgs(potion);
      expect(await assets.uri(potion)).to.equal("ipfs://new");
    });

    it("changes that of all pieces of a unique one", async () => {
      const fixture = await loadFixture(withItems);
      const { assets, operator, hero, alice } = fixture;
      const piece = await mint(fixture, alice, hero);
      await expect(assets.connect(operator).setURI(hero, "ipfs://new"))
        .to.emit(assets, "BatchMetadataUpdate")
        .withArgs(hero, hero + MAX_UINT128);
      expect(await assets.uri(piece)).to.equal("ipfs://new");
    });

    it("works for a retired game", async () => {
      const { assets, developer } = await loadFixture(retired);
      await assets.connect(developer).setURI(idOf("item", 3n), "ipfs://kept");
      expect(await assets.uri(idOf("item", 3n))).to.equal("ipfs://kept");
    });
  });

  describe("uri", () => {
    it("reverts for an unknown item", async () => {
      const { assets } = await loadFixture(withItems);
      await expect(assets.uri(5n)).to.be.revertedWithCustomError(assets, "UnknownAsset").withArgs(0n);
      const unknown = idOf("item", 99n);
      await expect(assets.itemOf(unknown)).to.be.revertedWithCustomError(assets, "UnknownAsset").withArgs(unknown);
      await expect(assets.supplyOf(unknown)).to.be.revertedWithCustomError(assets, "UnknownAsset").withArgs(unknown);
    });
  });

  describe("setRoyalty", () => {
    it("reverts when the caller does not speak for the game", async () => {
      const { assets, artist, sword } = await loadFixture(withItems);
      await expect(assets.connect(artist).setRoyalty(sword, artist, 0n))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, artist.address);
    });

    it("reverts when there is no such item", async () => {
      const { assets, operator } = await loadFixture(withItems);
      const unknown = idOf("item", 99n);
      await expect(assets.connect(operator).setRoyalty(unknown, operator, 0n))
        .to.be.revertedWithCustomError(assets, "UnknownAsset")
        .withArgs(unknown);
    });

    it("reverts when the royalty would rise", async () => {
      const { assets, operator, sword } = await loadFixture(withItems);
      await expect(assets.connect(operator).setRoyalty(sword, operator, 501n))
        .to.be.revertedWithCustomError(assets, "RoyaltyTooHigh")
        .withArgs(501n, 500n);
      await assets.connect(operator).setRoyalty(sword, operator, 100n);
      await expect(assets.connect(operator).setRoyalty(sword, operator, 101n))
        .to.be.revertedWithCustomError(assets, "RoyaltyTooHigh")
        .withArgs(101n, 100n);
    });

    it("reverts when nobody would get it", async () => {
      const { assets, operator, sword } = await loadFixture(withItems);
      await expect(assets.connect(operator).setRoyalty(sword, ZeroAddress, 1n))
        .to.be.revertedWithCustomError(assets, "RoyaltyReceiverMissing")
        .withArgs(1n);
    });

    it("changes who gets it, and lowers it down to nothing", async () => {
      const { assets, operator, bob, sword } = await loadFixture(withItems);
      await expect(assets.connect(operator).setRoyalty(sword, bob, 500n))
        .to.emit(assets, "RoyaltySet")
        .withArgs(sword, bob.address, 500n);
      expect([...(await assets.royaltyInfo(sword, 10_001n))]).to.deep.equal([bob.address, 500n]);
      await assets.connect(operator).setRoyalty(sword, ZeroAddress, 0n);
      expect([...(await assets.royaltyInfo(sword, 10_000n))]).to.deep.equal([ZeroAddress, 0n]);
    });
  });

  describe("royaltyInfo", () => {
    it("is that of the item for every piece, rounded down, of any price", async () => {
      const { assets, hero, artist } = await loadFixture(withItems);
      expect([...(await assets.royaltyInfo(hero + 77n, 39n))]).to.deep.equal([artist.address, 1n]);
      expect([...(await assets.royaltyInfo(hero, MaxUint256))]).to.deep.equal([artist.address, MaxUint256 / 20n]);
      expect([...(await assets.royaltyInfo(idOf("item", 99n), 10_000n))]).to.deep.equal([ZeroAddress, 0n]);
    });
  });

  describe("setAttributes", () => {
    it("reverts when the caller does not speak for the game", async () => {
      const { assets, rival, potion } = await loadFixture(withItems);
      await expect(assets.connect(rival).setAttributes(potion, [{ key: POWER, value: word(1n) }]))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(GAME, rival.address);
    });

    it("reverts when there is no such item or piece", async () => {
      const fixture = await loadFixture(withItems);
      const { assets, operator, hero, potion, alice } = fixture;
      const piece = await mint(fixture, alice, hero);
      for (const unknown of [idOf("item", 99n), piece + 1n, potion + 1n]) {
        await expect(assets.connect(operator).setAttributes(unknown, [{ key: POWER, value: word(1n) }]))
          .to.be.revertedWithCustomError(assets, "UnknownAsset")
          .withArgs(unknown);
      }
    });

    const malformed = {
      "has no name": toBeHex(1, 32),
      "has no type": key("power", TYPE.none),
      "has an unknown type": key("power", 6),
      "has something after its name's end": `0x61006200${"00".repeat(27)}01`,
      "begins with a zero byte": `0x0061${"00".repeat(29)}01`,
    };
    for (const [reason, bad] of Object.entries(malformed)) {
      it(`reverts when a key ${reason}`, async () => {
        const { assets, operator, potion } = await loadFixture(withItems);
        await expect(assets.connect(operator).setAttributes(potion, [{ key: bad, value: ZeroHash }]))
          .to.be.revertedWithCustomError(assets, "AttributeKeyMalformed")
          .withArgs(bad);
      });
    }

    const wrong: readonly (readonly [string, number, string])[] = [
      ["truth", TYPE.bool, word(2n)],
      ["text", TYPE.text, `0x610062${"00".repeat(29)}`],
      ["address", TYPE.address, word(2n ** 160n)],
    ];
    for (const [type, number, value] of wrong) {
      it(`reverts when a value is no ${type}`, async () => {
        const { assets, operator, potion } = await loadFixture(withItems);
        const bad = key("name", number);
        await expect(assets.connect(operator).setAttributes(potion, [{ key: bad, value }]))
          .to.be.revertedWithCustomError(assets, "AttributeValueMalformed")
          .withArgs(bad, value);
      });
    }

    it("sets values of every type, and takes them away", async () => {
      const { assets, operator, potion, artist } = await loadFixture(withItems);
      const attributes = [
        { key: key("a", TYPE.uint), value: word(MaxUint256) },
        { key: key("name of thirty-one bytes, all o", TYPE.int), value: word(MaxUint256) },
        { key: key("rare", TYPE.bool), value: word(1n) },
        { key: key("motto", TYPE.text), value: `0x${"61".repeat(32)}` },
        { key: key("short", TYPE.text), value: encodeBytes32String("abc") },
        { key: key("smith", TYPE.address), value: word(BigInt(artist.address)) },
        { key: key("last", TYPE.address), value: word(2n ** 160n - 1n) },
      ];
      const sent = assets.connect(operator).setAttributes(potion, attributes);
      await expect(sent).to.emit(assets, "MetadataUpdate").withArgs(potion);
      for (const { key: name, value } of attributes) {
        await expect(sent).to.emit(assets, "AttributeSet").withArgs(potion, name, value);
        expect(await assets.attributeOf(potion, name)).to.equal(value);
      }
      const gone = attributes.map(({ key: name }) => ({ key: name, value: ZeroHash }));
      await assets.connect(operator).setAttributes(potion, gone);
      for (const { key: name } of attributes) expect(await assets.attributeOf(potion, name)).to.equal(ZeroHash);
    });

    it("lets what is set for an item hold for all pieces without a value of their own", async () => {
      const fixture = await loadFixture(withItems);
      const { assets, operator, hero, alice } = fixture;
      const first = await mint(fixture, alice, hero, 2n);
      await expect(assets.connect(operator).setAttributes(hero, [{ key: POWER, value: word(5n) }]))
        .to.emit(assets, "BatchMetadataUpdate")
        .withArgs(hero, hero + MAX_UINT128);
      await expect(assets.connect(operator).setAttributes(first, [{ key: POWER, value: word(9n) }]))
        .to.emit(assets, "MetadataUpdate")
        .withArgs(first);
      expect(await assets.attributeOf(first, POWER)).to.equal(word(9n));
      expect(await assets.attributeOf(first + 1n, POWER)).to.equal(word(5n));
      expect(itemOf(first)).to.equal(hero);
    });
  });

  describe("supportsInterface", () => {
    it("claims ERC-165, ERC-1155, its metadata and ERC-2981, and no extension of ERC-721", async () => {
      const { assets } = await loadFixture(deployAssets);
      for (const id of ["0x01ffc9a7", "0xd9b67a26", "0x0e89341c", "0x2a55205a"]) {
        expect(await assets.supportsInterface(id), id).to.equal(true);
      }
      for (const id of ["0x80ac58cd", "0xb45a3c0e", "0x49064906", "0xffffffff"]) {
        expect(await assets.supportsInterface(id), id).to.equal(false);
      }
    });
  });

  describe("multicall", () => {
    it("does all that the caller may do, or nothing", async () => {
      const { assets, operator, rival, alice } = await loadFixture(deployAssets);
      const id = idOf("item", 1n);
      const { interface: coder } = assets;
      const calls = [
        coder.encodeFunctionData("defineItem", [GAME, params()]),
        coder.encodeFunctionData("mint", [alice.address, id, 3n]),
      ];
      await expect(assets.connect(rival).multicall(calls)).to.be.revertedWithCustomError(assets, "NotSpeaker");
      await assets.connect(operator).multicall(calls);
      expect(await assets.balanceOf(alice, id)).to.equal(3n);
    });
  });
});
