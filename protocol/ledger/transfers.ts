import { authorized, type Authority, type BatchContext } from "./authority";
import { REFUSAL, type Refusal } from "./refusal";
import { SCOPE, type TransactionOf } from "./transactions";
import { hasRoom, leafOf, type LedgerView } from "./view";

/** No sum of an asset reaches this. */
export const AMOUNT_LIMIT = 1n << 128n;

export const NO_KEY = { key: new Uint8Array(20), keyExpiry: 0n, keyScope: 0, keyGame: 0 } as const;

export function transfer(
  view: LedgerView,
  transaction: TransactionOf<"Transfer">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const from = leafOf(view, transaction.from, "Balance");
  const to = leafOf(view, transaction.to, "Balance");
  if (from === undefined || to === undefined || from.asset !== to.asset || transaction.from === transaction.to) {
    return REFUSAL.WrongLeaf;
  }
  const account = leafOf(view, from.account, "Account");
  if (account === undefined) return REFUSAL.WrongLeaf;
  const { amount } = transaction;
  if (amount === 0n || amount > from.amount) return REFUSAL.WrongAmount;
  if (to.amount + amount >= AMOUNT_LIMIT) return REFUSAL.Overflow;
  const after = authorized(account, transaction, authority, 0, clock, context, { scope: SCOPE.Transfers });
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(from.account, after);
  view.put(transaction.from, { ...from, amount: from.amount - amount });
  view.put(transaction.to, { ...to, amount: to.amount + amount });
  return REFUSAL.Applied;
}

export function transferToNew(
  view: LedgerView,
  transaction: TransactionOf<"TransferToNew">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const from = leafOf(view, transaction.from, "Balance");
  const account = from && leafOf(view, from.account, "Account");
  if (from === undefined || account === undefined) return REFUSAL.WrongLeaf;
  const { amount } = transaction;
  if (amount === 0n || amount > from.amount) return REFUSAL.WrongAmount;
  if (!hasRoom(view, 2)) return REFUSAL.TreeFull;
  const after = authorized(account, transaction, authority, 0, clock, context, { scope: SCOPE.Transfers });
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(from.account, after);
  view.put(transaction.from, { ...from, amount: from.amount - amount });
  openAccount(view, transaction.to, from.asset, amount);
  return REFUSAL.Applied;
}

export function openBalance(
  view: LedgerView,
  transaction: TransactionOf<"OpenBalance">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const account = leafOf(view, transaction.account, "Account");
  if (account === undefined) return REFUSAL.WrongLeaf;
  if (!hasRoom(view, 1)) return REFUSAL.TreeFull;
  const anyScope = SCOPE.Transfers | SCOPE.Items | SCOPE.Games;
  const after = authorized(account, transaction, authority, 0, clock, context, { scope: anyScope });
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(transaction.account, after);
  view.append({ kind: "Balance", account: transaction.account, asset: transaction.asset, amount: 0n });
  return REFUSAL.Applied;
}

export function withdraw(
  view: LedgerView,
  transaction: TransactionOf<"Withdraw">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const from = leafOf(view, transaction.from, "Balance");
  const account = from && leafOf(view, from.account, "Account");
  if (from === undefined || account === undefined) return REFUSAL.WrongLeaf;
  const { amount } = transaction;
  if (amount === 0n || amount > from.amount) return REFUSAL.WrongAmount;
  if (!hasRoom(view, 1)) return REFUSAL.TreeFull;
  const after = authorized(account, transaction, authority, 0, clock, context);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(from.account, after);
  view.put(transaction.from, { ...from, amount: from.amount - amount });
  view.append({ kind: "Exit", owner: account.owner, asset: from.asset, amount });
  return REFUSAL.Applied;
}

/** A new account of `owner` with a balance; there is room for two leaves. */
export function openAccount(view: LedgerView, owner: Uint8Array, asset: number, amount: bigint): void {
  const account = view.append({ kind: "Account", owner, nonce: 0n, ...NO_KEY });
  view.append({ kind: "Balance", account, asset, amount });
}
