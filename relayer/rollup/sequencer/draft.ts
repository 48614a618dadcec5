import type { Leaf } from "../../../protocol/ledger/leaves";
import type { LedgerView } from "../../../protocol/ledger/view";

/** A leaf that one transaction or entry changed. */
export interface Change {
  readonly index: number;
  readonly before: Leaf | undefined;
  readonly after: Leaf | undefined;
}

/**
 * What one transaction would change, kept apart until it is known to apply: rules that cannot be asked in the middle of it
 * leave the ledger as it was.
 */
export class Draft implements LedgerView {
  private readonly changed = new Map<number, Leaf | undefined>();
  private readonly first: number;
  private next: number;

  constructor(private readonly base: LedgerView) {
    this.first = this.next = base.nextLeaf;
  }

  get nextLeaf(): number {
    return this.next;
  }

  leaf(index: number): Leaf | undefined {
    return this.changed.has(index) ? this.changed.get(index) : this.base.leaf(index);
  }

  put(index: number, leaf: Leaf | undefined): void {
    this.changed.set(index, leaf);
  }

  append(leaf: Leaf): number {
    const index = this.next++;
    this.changed.set(index, leaf);
    return index;
  }

  /** Writes it into the base, which has not changed since. */
  apply(): readonly Change[] {
    const changes: Change[] = [];
    for (const [index, after] of this.changed) {
      if (index >= this.first) continue;
      changes.push({ index, before: this.base.leaf(index), after });
      this.base.put(index, after);
    }
    for (let index = this.first; index < this.next; index++) {
      const after = this.changed.get(index);
      if (after === undefined) throw new TypeError(`leaf ${index} was made and emptied at once`);
      this.base.append(after);
      changes.push({ index, before: undefined, after });
    }
    return changes;
  }
}
