import type { Leaf, LeafKind } from "./leaves";

/** The leaves as a transition sees and changes them. */
export interface LedgerView {
  readonly nextLeaf: number;
  /** Undefined for an empty leaf. */
  leaf(index: number): Leaf | undefined;
  /** Writes a leaf, or empties it. */
  put(index: number, leaf: Leaf | undefined): void;
  /** Writes to the first index never used, and returns it. */
  append(leaf: Leaf): number;
}

/** Leaves of a tree: so that the first index never used has 32 bits, too. */
export const TREE_CAPACITY = 2 ** 32 - 1;

export function hasRoom(view: LedgerView, leaves: number): boolean {
  return view.nextLeaf + leaves <= TREE_CAPACITY;
}

/** The leaf at `index` if it is of this kind. */
export function leafOf<Kind extends LeafKind>(
  view: LedgerView,
  index: number,
  kind: Kind,
): Extract<Leaf, { readonly kind: Kind }> | undefined {
  const leaf = view.leaf(index);
  return leaf?.kind === kind ? (leaf as Extract<Leaf, { readonly kind: Kind }>) : undefined;
}
