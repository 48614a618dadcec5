import { same } from "./authority";
import type { PlainEntryOf } from "./entries";
import type { LeafOf } from "./leaves";
import { REFUSAL, type Refusal } from "./refusal";
import { AMOUNT_LIMIT, NO_KEY, openAccount } from "./transfers";
import { hasRoom, leafOf, type LedgerView } from "./view";

/** To the balance that was named, where it is the receiver's and of that asset; else to a new account. */
export function deposit(view: LedgerView, entry: PlainEntryOf<"Deposit">): Refusal {
  const { to, asset, amount } = entry;
  const balance = leafOf(view, entry.balance, "Balance");
  if (balance !== undefined && balance.asset === asset && owns(view, balance.account, to)) {
    if (balance.amount + amount >= AMOUNT_LIMIT) return REFUSAL.Overflow;
    view.put(entry.balance, { ...balance, amount: balance.amount + amount });
    return REFUSAL.Applied;
  }
  if (!hasRoom(view, 2)) return REFUSAL.TreeFull;
  openAccount(view, to, asset, amount);
  return REFUSAL.Applied;
}

/** To a new leaf of the account that was named, where it is the receiver's; else of a new account. */
export function depositItem(view: LedgerView, entry: PlainEntryOf<"ItemDeposit" | "Allow">): Refusal {
  if (!hasRoom(view, 2)) return REFUSAL.TreeFull;
  const { to, id, amount } = entry;
  const account = owns(view, entry.account, to)
    ? entry.account
    : view.append({ kind: "Account", owner: to, nonce: 0n, ...NO_KEY });
  view.append({ kind: entry.kind === "Allow" ? "Allowance" : "Item", account, id, amount });
  return REFUSAL.Applied;
}

export function listGame(view: LedgerView, entry: PlainEntryOf<"ListGame">): Refusal {
  if (!hasRoom(view, 1)) return REFUSAL.TreeFull;
  const { gameId, rules, asset, rakeBps } = entry;
  view.append({ kind: "Game", gameId, rules, asset, rakeBps, fees: 0n });
  return REFUSAL.Applied;
}

function owns(view: LedgerView, index: number, owner: Uint8Array): boolean {
  const account: LeafOf<"Account"> | undefined = leafOf(view, index, "Account");
  return account !== undefined && same(account.owner, owner);
}
