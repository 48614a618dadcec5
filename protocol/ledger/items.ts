import { authorized, type Authority, type BatchContext } from "./authority";
import type { LeafOf } from "./leaves";
import { REFUSAL, type Refusal } from "./refusal";
import { SCOPE, type TransactionOf } from "./transactions";
import { AMOUNT_LIMIT } from "./transfers";
import { hasRoom, leafOf, type LedgerView } from "./view";

const ITEM_LIMIT = 1n << 64n;
const ITEMS = { scope: SCOPE.Items };

type Item = LeafOf<"Item">;

export function mintItem(
  view: LedgerView,
  transaction: TransactionOf<"ItemMint">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const allowance = leafOf(view, transaction.allowance, "Allowance");
  const account = allowance && leafOf(view, allowance.account, "Account");
  const to = leafOf(view, transaction.to, "Account");
  if (allowance === undefined || account === undefined || to === undefined) return REFUSAL.WrongLeaf;
  const { amount } = transaction;
  if (amount === 0n || amount > allowance.amount) return REFUSAL.WrongAmount;
  if (!hasRoom(view, 1)) return REFUSAL.TreeFull;
  const after = authorized(account, transaction, authority, 0, clock, context, ITEMS);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(allowance.account, after);
  view.put(transaction.allowance, { ...allowance, amount: allowance.amount - amount });
  view.append({ kind: "Item", account: transaction.to, id: allowance.id, amount });
  return REFUSAL.Applied;
}

export function transferItem(
  view: LedgerView,
  transaction: TransactionOf<"ItemTransfer">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const item = leafOf(view, transaction.item, "Item");
  const account = item && leafOf(view, item.account, "Account");
  const to = leafOf(view, transaction.to, "Account");
  if (item === undefined || account === undefined || to === undefined) return REFUSAL.WrongLeaf;
  const move = { ...transaction, account: transaction.to };
  const refusal = refuseMove(view, item, move);
  if (refusal !== REFUSAL.Applied) return refusal;
  const after = authorized(account, transaction, authority, 0, clock, context, ITEMS);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(item.account, after);
  moveItem(view, item, move);
  return REFUSAL.Applied;
}

export function burnItem(
  view: LedgerView,
  transaction: TransactionOf<"ItemBurn">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const item = leafOf(view, transaction.item, "Item");
  const account = item && leafOf(view, item.account, "Account");
  if (item === undefined || account === undefined) return REFUSAL.WrongLeaf;
  const { amount } = transaction;
  if (amount === 0n || amount > item.amount) return REFUSAL.WrongAmount;
  const after = authorized(account, transaction, authority, 0, clock, context, ITEMS);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(item.account, after);
  takeItem(view, transaction.item, item, amount);
  return REFUSAL.Applied;
}

export function withdrawItem(
  view: LedgerView,
  transaction: TransactionOf<"ItemWithdraw">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const item = leafOf(view, transaction.item, "Item");
  const account = item && leafOf(view, item.account, "Account");
  if (item === undefined || account === undefined) return REFUSAL.WrongLeaf;
  const { amount } = transaction;
  if (amount === 0n || amount > item.amount) return REFUSAL.WrongAmount;
  if (!hasRoom(view, 1)) return REFUSAL.TreeFull;
  const after = authorized(account, transaction, authority, 0, clock, context);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(item.account, after);
  takeItem(view, transaction.item, item, amount);
  view.append({ kind: "ItemExit", owner: account.owner, id: item.id, amount });
  return REFUSAL.Applied;
}

/** An item for a price, both or neither: the seller signs first, then the buyer. */
export function swapItem(
  view: LedgerView,
  transaction: TransactionOf<"ItemSwap">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const item = leafOf(view, transaction.item, "Item");
  const pay = leafOf(view, transaction.pay, "Balance");
  const receive = leafOf(view, transaction.receive, "Balance");
  if (item === undefined || pay === undefined || receive === undefined) return REFUSAL.WrongLeaf;
  const seller = leafOf(view, item.account, "Account");
  const buyer = leafOf(view, pay.account, "Account");
  if (seller === undefined || buyer === undefined || item.account === pay.account) return REFUSAL.WrongLeaf;
  if (receive.account !== item.account || receive.asset !== pay.asset) return REFUSAL.WrongLeaf;
  const move = { ...transaction, account: pay.account };
  const refusal = refuseMove(view, item, move);
  if (refusal !== REFUSAL.Applied) return refusal;
  const { price } = transaction;
  if (price === 0n || price > pay.amount) return REFUSAL.WrongAmount;
  if (receive.amount + price >= AMOUNT_LIMIT) return REFUSAL.Overflow;
  const sold = authorized(seller, transaction, authority, 0, clock, context, ITEMS);
  const bought = sold && authorized(buyer, transaction, authority, 1, clock, context, { scope: SCOPE.Transfers });
  if (sold === undefined || bought === undefined) return REFUSAL.NotAuthorized;

  view.put(item.account, sold);
  view.put(pay.account, bought);
  view.put(transaction.pay, { ...pay, amount: pay.amount - price });
  view.put(transaction.receive, { ...receive, amount: receive.amount + price });
  moveItem(view, item, move);
  return REFUSAL.Applied;
}

interface ItemMove {
  /** Where the item is. */
  readonly item: number;
  /** The account that gets it. */
  readonly account: number;
  /** The item leaf of that account which grows, or 0. */
  readonly into: number;
  readonly amount: bigint;
}

function refuseMove(view: LedgerView, item: Item, { item: from, account, into, amount }: ItemMove): Refusal {
  const target = into === 0 ? undefined : leafOf(view, into, "Item");
  if (into !== 0 && (into === from || target?.id !== item.id || target.account !== account)) return REFUSAL.WrongLeaf;
  if (amount === 0n || amount > item.amount) return REFUSAL.WrongAmount;
  if (target !== undefined && target.amount + amount >= ITEM_LIMIT) return REFUSAL.Overflow;
  if (into === 0 && amount < item.amount && !hasRoom(view, 1)) return REFUSAL.TreeFull;
  return REFUSAL.Applied;
}

/** The whole of a leaf goes with its leaf; a part grows another leaf, or gets one of its own. */
function moveItem(view: LedgerView, item: Item, { item: from, account, into, amount }: ItemMove): void {
  if (into !== 0) {
    const target = leafOf(view, into, "Item") as Item;
    view.put(into, { ...target, amount: target.amount + amount });
    takeItem(view, from, item, amount);
  } else if (amount === item.amount) {
    view.put(from, { ...item, account });
  } else {
    takeItem(view, from, item, amount);
    view.append({ ...item, account, amount });
  }
}

function takeItem(view: LedgerView, index: number, item: Item, amount: bigint): void {
  view.put(index, amount === item.amount ? undefined : { ...item, amount: item.amount - amount });
}
