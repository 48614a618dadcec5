import type { LedgerCrypto } from "./crypto";
import { decodeLeaf, encodeLeaf, type Leaf } from "./leaves";
import { LeafStore } from "./leafStore";
import { stateHash } from "./segment";
import { LedgerTree, type Multiproof } from "./tree";
import type { LedgerView } from "./view";

const EMPTY = new Uint8Array(32);

/** A state as three numbers; `hash` commits to them. */
export interface LedgerState {
  readonly root: Uint8Array;
  readonly nextLeaf: number;
  readonly queue: bigint;
  readonly hash: Uint8Array;
}

/** What a segment changed, to take it back. */
export interface Undo {
  readonly leaves: ReadonlyMap<number, Uint8Array | undefined>;
  readonly nextLeaf: number;
  readonly queue: bigint;
}

/** What a verifier needs to execute a segment without the state: every leaf that was read, and their joint path. */
export interface Witness {
  /** Ascending. */
  readonly leaves: readonly { readonly index: number; readonly bytes: Uint8Array }[];
  readonly siblings: Multiproof;
}

/** The whole state in memory. A segment works on a copy of the leaves that it touches; `commit` makes them the state. */
export class Ledger implements LedgerView {
  private readonly leaves = new LeafStore();
  private readonly tree: LedgerTree;
  private touched = new Map<number, Leaf | undefined>();
  private changed = new Set<number>();
  private next = 1;
  private committedNext = 1;
  private position = 0n;

  constructor(private readonly crypto: LedgerCrypto) {
    this.tree = new LedgerTree(crypto.keccak256);
  }

  get nextLeaf(): number {
    return this.next;
  }

  /** Entries of the queue that were consumed. */
  get queue(): bigint {
    return this.position;
  }

  leaf(index: number): Leaf | undefined {
    if (this.touched.has(index)) return this.touched.get(index);
    const leaf = this.committedLeaf(index);
    this.touched.set(index, leaf);
    return leaf;
  }

  /** What is committed of a leaf; undefined for an empty one. */
  bytes(index: number): Uint8Array | undefined {
    return this.leaves.get(index)?.slice();
  }

  /** As it was committed last; not part of any witness. */
  committedLeaf(index: number): Leaf | undefined {
    const bytes = this.leaves.get(index);
    return bytes === undefined ? undefined : decodeLeaf(bytes);
  }

  put(index: number, leaf: Leaf | undefined): void {
    this.touched.set(index, leaf);
    this.changed.add(index);
  }

  append(leaf: Leaf): number {
    const index = this.next++;
    this.put(index, leaf);
    return index;
  }

  /** The witness of what was touched since the last commit, against the state before. */
  witness(): Witness {
    const indices = [...this.touched.keys()].sort((a, b) => a - b);
    const leaves = indices.map((index) => ({ index, bytes: this.leaves.get(index)?.slice() ?? new Uint8Array() }));
    return { leaves, siblings: this.tree.prove(indices) };
  }

  /** Makes what was touched the state. */
  commit(queue: bigint): Undo {
    const before = new Map<number, Uint8Array | undefined>();
    for (const index of this.changed) {
      before.set(index, this.leaves.get(index)?.slice());
      const leaf = this.touched.get(index);
      this.write(index, leaf === undefined ? undefined : encodeLeaf(leaf));
    }
    const undo = { leaves: before, nextLeaf: this.committedNext, queue: this.position };
    this.committedNext = this.next;
    this.position = queue;
    this.forget();
    return undo;
  }

  /** Drops what was touched since the last commit. */
  discard(): void {
    this.next = this.committedNext;
    this.forget();
  }

  /** Takes back the latest commit that is not taken back yet. */
  revert(undo: Undo): void {
    this.discard();
    for (const [index, bytes] of undo.leaves) this.write(index, bytes);
    this.next = this.committedNext = undo.nextLeaf;
    this.position = undo.queue;
  }

  /** Of what is committed. */
  state(): LedgerState {
    const root = this.tree.root();
    const { committedNext: nextLeaf, position: queue } = this;
    return { root, nextLeaf, queue, hash: stateHash(this.crypto, root, nextLeaf, queue) };
  }

  /** Siblings of a committed leaf's path, from the leaf upwards. */
  prove(index: number): Multiproof {
    this.tree.root();
    return this.tree.prove([index]);
  }

  private write(index: number, bytes: Uint8Array | undefined): void {
    this.leaves.set(index, bytes);
    // Hashed where it lies: WebAssembly and native code read a view of a large buffer quicker than an array of its own.
    const stored = this.leaves.get(index);
    this.tree.set(index, stored === undefined ? EMPTY : this.crypto.keccak256(stored));
  }

  private forget(): void {
    this.touched = new Map();
    this.changed = new Set();
  }
}
