import { AbiCoder, concat, keccak256 } from "ethers";

/** Who receives how much, in wei. */
export interface AirdropEntry {
  readonly account: string;
  readonly amount: bigint;
}

/** A round's list: the order of the entries is that of their indices. */
export interface AirdropTree {
  readonly root: string;
  readonly total: bigint;
  /** From the entry's sibling up to a child of the root, by index. */
  readonly proofs: readonly (readonly string[])[];
}

/** Hashed twice, so that no inner node, 64 bytes hashed once, is ever a leaf. */
export function airdropLeaf(index: bigint, { account, amount }: AirdropEntry): string {
  const encoded = AbiCoder.defaultAbiCoder().encode(["uint256", "address", "uint256"], [index, account, amount]);
  return keccak256(keccak256(encoded));
}

/**
 * The tree over the entries as they stand: neighbours are hashed in ascending order, and a node without a neighbour goes
 * up as it is.
 */
export function airdropTree(entries: readonly AirdropEntry[]): AirdropTree {
  const proofs: string[][] = entries.map(() => []);
  let level = entries.map((entry, index) => airdropLeaf(BigInt(index), entry));
  for (let depth = 0; level.length > 1; ++depth) {
    for (const [index, proof] of proofs.entries()) {
      const sibling = level[(index >> depth) ^ 1];
      if (sibling !== undefined) proof.push(sibling);
    }
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, parent) => {
      const [left, right] = level.slice(2 * parent, 2 * parent + 2);
      return right === undefined ? (left as string) : hashPair(left as string, right);
    });
  }
  const [root] = level;
  if (root === undefined) throw new RangeError("an airdrop has at least one entry");
  return { root, total: entries.reduce((sum, { amount }) => sum + amount, 0n), proofs };
}

function hashPair(a: string, b: string): string {
  return keccak256(BigInt(a) < BigInt(b) ? concat([a, b]) : concat([b, a]));
}
