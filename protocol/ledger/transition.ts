import type { Authority, BatchContext } from "./authority";
import type { Entry } from "./entries";
import { burnItem, mintItem, swapItem, transferItem, withdrawItem } from "./items";
import { grantKey, revokeKey } from "./keys";
import { deposit, depositItem, listGame } from "./queue";
import { REFUSAL, type Refusal } from "./refusal";
import type { Asking } from "./rulesCall";
import { collectFees, joinSession, leaveSession, openSession, playMove, settle, timeOut } from "./sessions";
import type { Transaction } from "./transactions";
import { openBalance, transfer, transferToNew, withdraw } from "./transfers";
import type { LedgerView } from "./view";

/** One transaction. Total: whatever it is, it is applied whole or changes nothing. */
export function* applyTransaction(
  view: LedgerView,
  transaction: Transaction,
  authority: Authority,
  clock: bigint,
  queue: bigint,
  context: BatchContext,
): Asking<Refusal> {
  switch (transaction.kind) {
    case "Transfer":
      return transfer(view, transaction, authority, clock, context);
    case "TransferToNew":
      return transferToNew(view, transaction, authority, clock, context);
    case "OpenBalance":
      return openBalance(view, transaction, authority, clock, context);
    case "Withdraw":
      return withdraw(view, transaction, authority, clock, context);
    case "ItemMint":
      return mintItem(view, transaction, authority, clock, context);
    case "ItemTransfer":
      return transferItem(view, transaction, authority, clock, context);
    case "ItemBurn":
      return burnItem(view, transaction, authority, clock, context);
    case "ItemSwap":
      return swapItem(view, transaction, authority, clock, context);
    case "ItemWithdraw":
      return withdrawItem(view, transaction, authority, clock, context);
    case "GrantKey":
      return grantKey(view, transaction, authority, clock, context);
    case "RevokeKey":
      return revokeKey(view, transaction, authority, context);
    case "SessionOpen":
      return openSession(view, transaction, authority, clock, context);
    case "SessionJoin":
      return yield* joinSession(view, transaction, authority, clock, context);
    case "SessionLeave":
      return leaveSession(view, transaction, authority, clock, context);
    case "SessionMove":
      return yield* playMove(view, transaction, authority, clock, context);
    case "SessionTimeout":
      return yield* timeOut(view, transaction, queue, context);
    case "SessionSettle":
      return yield* settle(view, transaction, context);
    case "CollectFees":
      return collectFees(view, transaction);
  }
}

/** One entry of the queue; `queue` is its successor's number. */
export function* applyEntry(view: LedgerView, entry: Entry, queue: bigint, context: BatchContext): Asking<Refusal> {
  switch (entry.kind) {
    case "Deposit":
      return deposit(view, entry);
    case "ItemDeposit":
    case "Allow":
      return depositItem(view, entry);
    case "ListGame":
      return listGame(view, entry);
    case "Forced": {
      const { transaction, sender, queuedAt } = entry;
      if (transaction === undefined) return REFUSAL.Malformed;
      return yield* applyTransaction(view, transaction, { sender }, queuedAt, queue, context);
    }
  }
}
