import type { KeyRight } from "../../../protocol/ledger/authority";
import type { Leaf, LeafOf } from "../../../protocol/ledger/leaves";
import { SCOPE, type Transaction } from "../../../protocol/ledger/transactions";

/** Whose signature a transaction needs, and what a session key must be admitted for; without a right: the owner's own. */
export interface Author {
  readonly index: number;
  readonly account: LeafOf<"Account">;
  readonly right: KeyRight | undefined;
  /** A key may sign whatever its scope is. */
  readonly anyKey: boolean;
}

/** What is read of the ledger. */
export interface Leaves {
  leaf(index: number): Leaf | undefined;
}

const TRANSFERS: KeyRight = { scope: SCOPE.Transfers };
const ITEMS: KeyRight = { scope: SCOPE.Items };
const ANY: KeyRight = { scope: SCOPE.Transfers | SCOPE.Items | SCOPE.Games };

/** The authors in the order of their signatures; undefined where a leaf on the way to them is missing. */
export function authorsOf(leaves: Leaves, transaction: Transaction): readonly Author[] | undefined {
  const found = authorAccounts(leaves, transaction).map(({ index, right, anyKey = false }): Author | undefined => {
    const account = index === undefined ? undefined : leaves.leaf(index);
    if (index === undefined || account?.kind !== "Account") return undefined;
    return { index, account, right, anyKey };
  });
  return found.some((author) => author === undefined) ? undefined : (found as Author[]);
}

/** The game's leaf that a transaction plays. */
export function gameOf(leaves: Leaves, transaction: Transaction): number | undefined {
  switch (transaction.kind) {
    case "SessionOpen":
    case "CollectFees":
      return transaction.game;
    case "SessionJoin":
    case "SessionLeave":
    case "SessionMove":
    case "SessionTimeout":
    case "SessionSettle": {
      const session = leaves.leaf(transaction.session);
      return session?.kind === "Session" ? session.game : undefined;
    }
    default:
      return undefined;
  }
}

interface Wanted {
  readonly index: number | undefined;
  readonly right: KeyRight | undefined;
  readonly anyKey?: boolean;
}

function authorAccounts(leaves: Leaves, transaction: Transaction): readonly Wanted[] {
  const holder = (index: number): number | undefined => {
    const leaf = leaves.leaf(index);
    return leaf?.kind === "Balance" || leaf?.kind === "Item" || leaf?.kind === "Allowance" ? leaf.account : undefined;
  };
  switch (transaction.kind) {
    case "Transfer":
    case "TransferToNew":
      return [{ index: holder(transaction.from), right: TRANSFERS }];
    case "Withdraw":
      return [{ index: holder(transaction.from), right: undefined }];
    case "OpenBalance":
      return [{ index: transaction.account, right: ANY }];
    case "GrantKey":
      return [{ index: transaction.account, right: undefined }];
    case "RevokeKey":
      return [{ index: transaction.account, right: undefined, anyKey: true }];
    case "ItemMint":
      return [{ index: holder(transaction.allowance), right: ITEMS }];
    case "ItemTransfer":
    case "ItemBurn":
      return [{ index: holder(transaction.item), right: ITEMS }];
    case "ItemWithdraw":
      return [{ index: holder(transaction.item), right: undefined }];
    case "ItemSwap":
      return [
        { index: holder(transaction.item), right: ITEMS },
        { index: holder(transaction.pay), right: TRANSFERS },
      ];
    case "SessionOpen":
      return [{ index: holder(transaction.balance), right: { scope: SCOPE.Games, game: transaction.game } }];
    case "SessionJoin":
      return [{ index: holder(transaction.balance), right: gameRight(leaves, transaction) }];
    case "SessionLeave":
    case "SessionMove": {
      const session = leaves.leaf(transaction.session);
      const seat = session?.kind === "Session" ? (session.balances[transaction.player] ?? 0) : 0;
      return [{ index: holder(seat), right: gameRight(leaves, transaction) }];
    }
    case "SessionTimeout":
    case "SessionSettle":
    case "CollectFees":
      return [];
  }
}

function gameRight(leaves: Leaves, transaction: Transaction): KeyRight {
  const game = gameOf(leaves, transaction);
  return game === undefined ? { scope: SCOPE.Games } : { scope: SCOPE.Games, game };
}
