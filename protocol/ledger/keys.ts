import { advanced, authorized, same, speaker, type Authority, type BatchContext } from "./authority";
import { REFUSAL, type Refusal } from "./refusal";
import { SCOPE, type TransactionOf } from "./transactions";
import { NO_KEY } from "./transfers";
import { leafOf, type LedgerView } from "./view";

const ALL_SCOPES = SCOPE.Transfers | SCOPE.Items | SCOPE.Games;

export function grantKey(
  view: LedgerView,
  transaction: TransactionOf<"GrantKey">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const account = leafOf(view, transaction.account, "Account");
  if (account === undefined) return REFUSAL.WrongLeaf;
  const { key, expiry, scope, game } = transaction;
  if (expiry <= clock || scope === 0 || scope > ALL_SCOPES || key.every((byte) => byte === 0))
    return REFUSAL.WrongTerms;
  const after = authorized(account, transaction, authority, 0, clock, context);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(transaction.account, { ...after, key, keyExpiry: expiry, keyScope: scope, keyGame: game });
  return REFUSAL.Applied;
}

/** Its owner takes a key back, or the key gives itself up. */
export function revokeKey(
  view: LedgerView,
  transaction: TransactionOf<"RevokeKey">,
  authority: Authority,
  context: BatchContext,
): Refusal {
  const account = leafOf(view, transaction.account, "Account");
  if (account === undefined) return REFUSAL.WrongLeaf;
  if (account.keyExpiry === 0n) return REFUSAL.WrongTerms;
  const address = speaker(transaction, authority, 0, account.nonce, context);
  if (address === undefined || !(same(address, account.owner) || same(address, account.key))) {
    return REFUSAL.NotAuthorized;
  }

  view.put(transaction.account, { ...advanced(account, authority), ...NO_KEY });
  return REFUSAL.Applied;
}
