import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroHash, hexlify, id } from "ethers";
import { ethers } from "hardhat";
import { LedgerTree, rootOf } from "../../protocol/ledger/tree";
import { crypto } from "../protocol/ledger/support";
import { Random } from "../support/random";

async function deployTree() {
  return ethers.deployContract("LedgerTreeMock");
}

/** Some leaves of a tree, empty ones among them, with what they become and their proof. */
function sample(random: Random) {
  const tree = new LedgerTree(crypto.keccak256);
  const size = 1 + random.below(60);
  const empty = new Uint8Array(32);
  const hashes = Array.from({ length: size }, () => (random.below(4) === 0 ? empty : random.bytes(32)));
  hashes.forEach((hash, index) => tree.set(index, hash));
  const root = tree.root();
  const chosen = new Set(Array.from({ length: 1 + random.below(12) }, () => random.below(size + 4)));
  if (random.below(3) === 0) chosen.add(4_294_967_295);
  const indices = [...chosen].sort((a, b) => a - b);
  const older = indices.map((index) => hashes[index] ?? empty);
  const newer = older.map((hash) => random.pick([hash, empty, random.bytes(32)]));
  const siblings = tree.prove(indices);
  return { root, indices, older, newer, siblings };
}

describe("LedgerTree in Solidity", () => {
  it("finds the roots that its plain twin and TypeScript find, for less than half of the plain one's gas", async () => {
    const mock = await loadFixture(deployTree);
    const random = new Random(7);
    for (let round = 0; round < 60; round++) {
      const { root, indices, older, newer, siblings } = sample(random);
      const [before, current, gas] = await mock.roots(indices, older, newer, [...siblings]);
      const plain = await mock.plainRoots(indices, older, newer, [...siblings]);
      const expected = rootOf(crypto.keccak256, indices, newer, siblings) as Uint8Array;
      expect([before, current], `round ${round}`).to.deep.equal([hexlify(root), hexlify(expected)]);
      expect([plain[0], plain[1]]).to.deep.equal([before, current]);
      expect(2n * gas).to.be.lessThan(plain[2]);
    }
  });

  it("reverts for a sibling too few or too many", async () => {
    const mock = await loadFixture(deployTree);
    const leaf = id("leaf");
    const siblings = Array<string>(33).fill(ZeroHash);
    for (const call of [mock.roots, mock.plainRoots]) {
      await expect(call([5], [leaf], [leaf], siblings.slice(2)))
        .to.be.revertedWithCustomError(mock, "SiblingsMissing")
        .withArgs(31);
      await expect(call([5], [leaf], [leaf], siblings))
        .to.be.revertedWithCustomError(mock, "SiblingsLeft")
        .withArgs(33, 32);
    }
  });
});
