/** Levels above the leaves. */
export const TREE_DEPTH = 32;

const HASH_BYTES = 32;
/** Hashes of a page as a power of two: more than one, so that neighbours lie together. */
const PAGE_BITS = 9;
const HASHES_IN_PAGE = 1 << PAGE_BITS;

type Hash = (bytes: Uint8Array) => Uint8Array;

/** The hashes of one level, in pages: those that were never written are zero. */
class Level {
  private readonly pages: Uint8Array[] = [];

  get(index: number): Uint8Array {
    const page = this.pages[index >>> PAGE_BITS];
    if (page === undefined) return ZERO;
    const start = startOf(index);
    return page.subarray(start, start + HASH_BYTES);
  }

  /** Two neighbours, of which the first has an even index. */
  pair(index: number): Uint8Array {
    const start = startOf(index);
    return this.page(index).subarray(start, start + 2 * HASH_BYTES);
  }

  set(index: number, hash: Uint8Array): void {
    this.page(index).set(hash, startOf(index));
  }

  private page(index: number): Uint8Array {
    return (this.pages[index >>> PAGE_BITS] ??= new Uint8Array(HASHES_IN_PAGE * HASH_BYTES));
  }
}

/** Where the hash with this index begins in its page. */
function startOf(index: number): number {
  return (index & (HASHES_IN_PAGE - 1)) * HASH_BYTES;
}

const ZERO = new Uint8Array(HASH_BYTES);

/** Siblings of the joint path of some leaves, in the order in which a verifier needs them: level by level, ascending. */
export type Multiproof = readonly Uint8Array[];

/**
 * The sparse tree over leaf hashes. Leaves are used from index 0 upwards, so each level has its hashes side by side; a node
 * is zero where both its children are. Changes are collected, and each node above them is hashed once by `root`.
 */
export class LedgerTree {
  private readonly levels = Array.from({ length: TREE_DEPTH + 1 }, () => new Level());
  private changed = new Set<number>();

  constructor(private readonly keccak256: Hash) {}

  /** @param hash Zero empties the leaf. */
  set(index: number, hash: Uint8Array): void {
    (this.levels[0] as Level).set(index, hash);
    this.changed.add(index);
  }

  root(): Uint8Array {
    const nodes = Uint32Array.from(this.changed).sort();
    let count = nodes.length;
    this.changed = new Set();
    for (let depth = 0; depth < TREE_DEPTH; depth++) {
      const level = this.levels[depth] as Level;
      const above = this.levels[depth + 1] as Level;
      let parents = 0;
      for (let i = 0; i < count; i++) {
        const parent = (nodes[i] as number) >>> 1;
        // Neighbours have one parent.
        if (parents > 0 && nodes[parents - 1] === parent) continue;
        above.set(parent, this.node(level.pair(2 * parent)));
        nodes[parents++] = parent;
      }
      count = parents;
    }
    return (this.levels[TREE_DEPTH] as Level).get(0).slice();
  }

  /** @param indices Ascending, each once; `root` was called since the last change. */
  prove(indices: readonly number[]): Multiproof {
    const siblings: Uint8Array[] = [];
    let nodes = [...indices];
    for (const level of this.levels.slice(0, TREE_DEPTH)) {
      const parents: number[] = [];
      for (let i = 0; i < nodes.length; i++) {
        const node = nodes[i] as number;
        const sibling = node % 2 === 0 ? node + 1 : node - 1;
        if (node % 2 === 0 && nodes[i + 1] === sibling) i++;
        else siblings.push(level.get(sibling).slice());
        parents.push(Math.floor(node / 2));
      }
      nodes = parents;
    }
    return siblings;
  }

  private node(pair: Uint8Array): Uint8Array {
    return isZero(pair) ? ZERO : this.keccak256(pair);
  }
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** The root that a multiproof leads to; undefined where it has too few or too many siblings. */
export function rootOf(
  keccak256: Hash,
  indices: readonly number[],
  hashes: readonly Uint8Array[],
  proof: Multiproof,
): Uint8Array | undefined {
  let nodes = indices.map((index, i) => ({ index, hash: hashes[i] as Uint8Array }));
  let used = 0;
  for (let depth = 0; depth < TREE_DEPTH; depth++) {
    const parents: { index: number; hash: Uint8Array }[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const { index, hash } = nodes[i] as { index: number; hash: Uint8Array };
      const next = nodes[i + 1];
      const joined = index % 2 === 0 && next?.index === index + 1;
      const sibling = joined ? next.hash : proof[used++];
      if (sibling === undefined) return undefined;
      if (joined) i++;
      const pair = new Uint8Array(2 * HASH_BYTES);
      pair.set(index % 2 === 0 ? hash : sibling, 0);
      pair.set(index % 2 === 0 ? sibling : hash, HASH_BYTES);
      parents.push({ index: Math.floor(index / 2), hash: isZero(pair) ? ZERO : keccak256(pair) });
    }
    nodes = parents;
  }
  return used === proof.length && nodes.length === 1 ? nodes[0]?.hash : undefined;
}
