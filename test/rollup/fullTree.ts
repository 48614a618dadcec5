import { decodeLeaf, encodeLeaf, type Leaf } from "../../protocol/ledger/leaves";
import { rootOf, type Multiproof } from "../../protocol/ledger/tree";
import { TREE_CAPACITY, type LedgerView } from "../../protocol/ledger/view";
import { crypto } from "../protocol/ledger/support";
import type { Random } from "../support/random";

const INDEX_BITS = 32;
const SPREAD_BITS = 8;

/**
 * Some leaves of a tree that is full: no sibling of a path is empty, and paths have as little in common as so many can. The
 * longest witness there is for whatever is executed over it.
 */
export class FullTree implements LedgerView {
  nextLeaf = TREE_CAPACITY - 2 ** 20;
  private readonly before = new Map<number, Uint8Array>();
  private readonly touched = new Map<number, Leaf | undefined>();
  private planted = 0;

  constructor(private readonly random: Random) {}

  /** Puts a leaf far from all others, and returns its index. */
  plant(leaf: Leaf): number {
    let index = this.random.below(2 ** (INDEX_BITS - SPREAD_BITS));
    // The number's lowest bit decides the half, the next one the quarter …
    for (let bit = 0; bit < SPREAD_BITS; bit++) {
      if (((this.planted >> bit) & 1) === 1) index += 2 ** (INDEX_BITS - 1 - bit);
    }
    this.planted++;
    this.before.set(index, encodeLeaf(leaf));
    return index;
  }

  /** A leaf as it was planted, without touching it. */
  peek(index: number): Leaf | undefined {
    const bytes = this.before.get(index);
    return bytes && decodeLeaf(bytes);
  }

  leaf(index: number): Leaf | undefined {
    if (!this.touched.has(index)) {
      const bytes = this.before.get(index);
      this.touched.set(index, bytes && decodeLeaf(bytes));
    }
    return this.touched.get(index);
  }

  put(index: number, leaf: Leaf | undefined): void {
    this.touched.set(index, leaf);
  }

  append(leaf: Leaf): number {
    this.put(this.nextLeaf, leaf);
    return this.nextLeaf++;
  }

  /** What was touched, with siblings that make up the rest of the tree, and the roots before and after. */
  proof() {
    const indices = [...this.touched.keys()].sort((a, b) => a - b);
    const leaves = indices.map((index) => this.before.get(index) ?? new Uint8Array());
    const siblings = siblingsOf(indices, this.random);
    const after = indices.map((index) => {
      const leaf = this.touched.get(index);
      return leaf === undefined ? new Uint8Array() : encodeLeaf(leaf);
    });
    return {
      indices,
      leaves,
      siblings,
      before: rootOver(indices, leaves, siblings),
      after: rootOver(indices, after, siblings),
    };
  }
}

function rootOver(indices: readonly number[], leaves: readonly Uint8Array[], siblings: Multiproof): Uint8Array {
  // Nothing is read: any root will do.
  if (indices.length === 0) return new Uint8Array(32).fill(0x5a);
  const hashes = leaves.map((leaf) => (leaf.length === 0 ? new Uint8Array(32) : crypto.keccak256(leaf)));
  const root = rootOf(crypto.keccak256, indices, hashes, siblings);
  if (root === undefined) throw new Error("the siblings do not fit the leaves");
  return root;
}

/** As many siblings as the joint path of these leaves needs, none of them empty. */
function siblingsOf(indices: readonly number[], random: Random): Multiproof {
  const siblings: Uint8Array[] = [];
  let nodes = [...indices];
  for (let depth = 0; depth < INDEX_BITS; depth++) {
    const level = new Set(nodes);
    for (const node of nodes) {
      if (!level.has(node % 2 === 0 ? node + 1 : node - 1)) siblings.push(nonZero(random, 32));
    }
    nodes = [...new Set(nodes.map((node) => Math.floor(node / 2)))];
  }
  return siblings;
}

/** Bytes that cost most in calldata. */
export function nonZero(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => 1 + random.below(255));
}
