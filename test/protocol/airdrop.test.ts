import { expect } from "chai";
import { concat, keccak256 } from "ethers";
import { airdropLeaf, airdropTree, type AirdropEntry } from "../../protocol/airdrop";

const entries = (count: number): readonly AirdropEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    account: `0x${(index + 1).toString(16).padStart(40, "0")}`,
    amount: 10n ** 18n * BigInt(index + 1),
  }));

function rootOf(leaf: string, proof: readonly string[]): string {
  return proof.reduce(
    (node, sibling) => keccak256(BigInt(node) < BigInt(sibling) ? concat([node, sibling]) : concat([sibling, node])),
    leaf,
  );
}

describe("airdropTree", () => {
  it("hashes an entry twice", () => {
    const [entry] = entries(1) as [AirdropEntry];
    // keccak256 of keccak256 of index 0, account 1 and 10^18, 32 bytes each.
    expect(airdropLeaf(0n, entry)).to.equal("0xa07c47999914533524b061ea33d8d650b5c240ce14f38b2868b31bc63fb252ee");
  });

  it("proves every entry of lists of every shape", () => {
    for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100]) {
      const list = entries(count);
      const { root, proofs, total } = airdropTree(list);
      expect(total).to.equal((10n ** 18n * BigInt(count * (count + 1))) / 2n);
      for (const [index, entry] of list.entries()) {
        const proof = proofs[index] ?? [];
        expect(rootOf(airdropLeaf(BigInt(index), entry), proof), `${index} of ${count}`).to.equal(root);
        expect(proof.length).to.be.at.most(Math.ceil(Math.log2(count)));
      }
    }
  });

  it("depends on the order of the entries", () => {
    const list = entries(4);
    expect(airdropTree([...list].reverse()).root).not.to.equal(airdropTree(list).root);
  });

  it("refuses an empty list", () => {
    expect(() => airdropTree([])).to.throw(RangeError);
  });
});
