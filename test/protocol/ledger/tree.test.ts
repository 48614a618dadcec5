import { expect } from "chai";
import { concat, getBytes, hexlify, id, keccak256, ZeroHash } from "ethers";
import { LedgerTree, TREE_DEPTH, rootOf } from "../../../protocol/ledger/tree";
import { crypto } from "./support";

/** The tree by its definition, over the leaves that are there. */
function naiveRoot(leaves: ReadonlyMap<number, string>, depth = TREE_DEPTH, first = 0): string {
  if (![...leaves.keys()].some((index) => index >= first && index < first + 2 ** depth)) return ZeroHash;
  if (depth === 0) return leaves.get(first) as string;
  const left = naiveRoot(leaves, depth - 1, first);
  const right = naiveRoot(leaves, depth - 1, first + 2 ** (depth - 1));
  return left === ZeroHash && right === ZeroHash ? ZeroHash : keccak256(concat([left, right]));
}

describe("LedgerTree", () => {
  it("has the root of its definition after every change, an emptied leaf included", () => {
    const tree = new LedgerTree(crypto.keccak256);
    const leaves = new Map<number, string>();
    expect(hexlify(tree.root())).to.equal(ZeroHash);
    for (const [index, leaf] of [
      [1, "a"],
      [2, "b"],
      [3, "c"],
      [1, "d"],
      [5_000, "e"],
      [2, ""],
      [1, ""],
    ] as const) {
      const hash = leaf === "" ? ZeroHash : id(leaf);
      tree.set(index, getBytes(hash));
      leaves.set(index, hash);
      if (leaf === "") leaves.delete(index);
      expect(hexlify(tree.root())).to.equal(naiveRoot(leaves));
    }
  });

  it("proves leaves together, empty ones too, and nothing else fits the proof", () => {
    const tree = new LedgerTree(crypto.keccak256);
    const hash = (index: number): Uint8Array => (index % 7 === 0 ? new Uint8Array(32) : getBytes(id(`${index}`)));
    for (let index = 1; index < 100; index++) tree.set(index, hash(index));
    const root = hexlify(tree.root());
    const indices = [1, 2, 7, 63, 64, 99, 100, 4_000_000_000];
    const hashes = indices.map((index) => (index < 100 ? hash(index) : new Uint8Array(32)));
    const proof = tree.prove(indices);

    expect(hexlify(rootOf(crypto.keccak256, indices, hashes, proof) as Uint8Array)).to.equal(root);
    expect(rootOf(crypto.keccak256, indices, hashes, proof.slice(1))).to.equal(undefined);
    expect(rootOf(crypto.keccak256, indices, hashes, [...proof, new Uint8Array(32)])).to.equal(undefined);
    const other = hashes.map((leaf, i) => (i === 3 ? getBytes(id("another")) : leaf));
    expect(hexlify(rootOf(crypto.keccak256, indices, other, proof) as Uint8Array)).not.to.equal(root);
  });
});
