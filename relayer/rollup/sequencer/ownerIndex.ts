import type { Leaf } from "../../../protocol/ledger/leaves";
import type { Change } from "./draft";

/** Twenty bytes as a key of a map. */
export const addressKey = (address: Uint8Array): string =>
  Buffer.from(address.buffer, address.byteOffset, address.length).toString("latin1");

/** Ascending indices by key; one is kept without a list around it. */
class Lists<Key> {
  private readonly lists = new Map<Key, number | number[]>();

  get(key: Key): readonly number[] {
    const found = this.lists.get(key);
    return found === undefined ? [] : typeof found === "number" ? [found] : found;
  }

  clear(): void {
    this.lists.clear();
  }

  add(key: Key, index: number): void {
    const found = this.lists.get(key);
    if (found === undefined) return void this.lists.set(key, index);
    const list = typeof found === "number" ? [found] : found;
    const at = lowerBound(list, index);
    if (list[at] !== index) list.splice(at, 0, index);
    this.lists.set(key, list);
  }

  remove(key: Key, index: number): void {
    const found = this.lists.get(key);
    if (found === undefined) return;
    const list = typeof found === "number" ? [found] : found;
    const at = lowerBound(list, index);
    if (list[at] === index) list.splice(at, 1);
    if (list.length === 0) this.lists.delete(key);
    else this.lists.set(key, list.length === 1 ? (list[0] as number) : list);
  }
}

function lowerBound(list: readonly number[], index: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Which leaves belong to whom: the ledger itself knows only which account a leaf names. */
export class OwnerIndex {
  /** Accounts and exits by owner. */
  private readonly owners = new Lists<string>();
  private readonly keys = new Lists<string>();
  /** Balances, items and allowances by account. */
  private readonly holdings = new Lists<number>();
  /** Sessions by a balance that plays in them. */
  private readonly seats = new Lists<number>();
  private readonly gameLeaves = new Lists<"all">();

  update(changes: readonly Change[]): void {
    for (const { index, before, after } of changes) {
      if (before !== undefined) this.link(index, before, "remove");
      if (after !== undefined) this.link(index, after, "add");
    }
  }

  /** Everything of a ledger, from its first leaf on. */
  rebuild(nextLeaf: number, leaf: (index: number) => Leaf | undefined): void {
    for (const lists of [this.owners, this.keys, this.holdings, this.seats, this.gameLeaves]) lists.clear();
    for (let index = 1; index < nextLeaf; index++) {
      const found = leaf(index);
      if (found !== undefined) this.link(index, found, "add");
    }
  }

  get games(): readonly number[] {
    return this.gameLeaves.get("all");
  }

  accountsOf(owner: Uint8Array): readonly number[] {
    return this.owners.get(addressKey(owner));
  }

  /** Accounts for which `key` may speak. */
  accountsOfKey(key: Uint8Array): readonly number[] {
    return this.keys.get(addressKey(key));
  }

  holdingsOf(account: number): readonly number[] {
    return this.holdings.get(account);
  }

  /** Sessions in which a balance plays. */
  sessionsOf(balance: number): readonly number[] {
    return this.seats.get(balance);
  }

  private link(index: number, leaf: Leaf, way: "add" | "remove"): void {
    switch (leaf.kind) {
      case "Account":
        this.owners[way](addressKey(leaf.owner), index);
        if (leaf.keyExpiry !== 0n) this.keys[way](addressKey(leaf.key), index);
        return;
      case "Exit":
      case "ItemExit":
        return this.owners[way](addressKey(leaf.owner), index);
      case "Balance":
      case "Item":
      case "Allowance":
        return this.holdings[way](leaf.account, index);
      case "Session":
        for (const balance of leaf.balances) if (balance !== 0) this.seats[way](balance, index);
        return;
      case "Game":
        return this.gameLeaves[way]("all", index);
      case "FeeExit":
        return;
    }
  }
}
