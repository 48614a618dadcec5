import type { LeafOf } from "./leaves";
import type { Transaction, TransactionDigests } from "./transactions";
import type { LedgerCrypto } from "./crypto";

/** What all transactions of a batch have in common. */
export interface BatchContext {
  /** The batch's clock, in Unix seconds. */
  readonly time: bigint;
  /** All entries queued until then are consumed by the batch. */
  readonly queueTime: bigint;
  /** Where the batch ends in the queue. */
  readonly queueTo: bigint;
  /** From this time on rules are not called any more. */
  readonly movesHalt: bigint;
  readonly digests: TransactionDigests;
  readonly crypto: LedgerCrypto;
}

/** Who stands behind a transaction: signatures over its digest, or a sender whom layer 1 has authenticated. */
export type Authority = { readonly signatures: readonly Uint8Array[] } | { readonly sender: Uint8Array };

type Account = LeafOf<"Account">;

/** What is asked of a session key: a scope's bit, and for games the session's game. Undefined: the owner alone. */
export interface KeyRight {
  readonly scope: number;
  readonly game?: number;
}

/** Address that speaks as number `index` for `transaction`, if anybody does. */
export function speaker(
  transaction: Transaction,
  authority: Authority,
  index: number,
  nonce: bigint,
  context: BatchContext,
): Uint8Array | undefined {
  if ("sender" in authority) {
    // Nobody is the zero address, though accounts may be its.
    const isSomebody = authority.sender.some((byte) => byte !== 0);
    return index === 0 && isSomebody ? authority.sender : undefined;
  }
  const signature = authority.signatures[index];
  if (signature === undefined) return undefined;
  return context.crypto.recover(context.digests.digest(transaction, nonce), signature);
}

/** Whether `address` may do this for `account` at `clock`. */
export function mayAct(account: Account, address: Uint8Array, clock: bigint, right: KeyRight | undefined): boolean {
  if (same(account.owner, address)) return true;
  if (right === undefined || clock >= account.keyExpiry || !same(account.key, address)) return false;
  if ((account.keyScope & right.scope) === 0) return false;
  return right.game === undefined || account.keyGame === 0 || account.keyGame === right.game;
}

/** The account after what was authorised: a signature uses up its nonce, a forced transaction does not. */
export function advanced(account: Account, authority: Authority): Account {
  return "sender" in authority ? account : { ...account, nonce: account.nonce + 1n };
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The account as it is after the transaction, where the one behind it may do this; undefined otherwise. */
export function authorized(
  account: Account,
  transaction: Transaction,
  authority: Authority,
  index: number,
  clock: bigint,
  context: BatchContext,
  right?: KeyRight,
): Account | undefined {
  const address = speaker(transaction, authority, index, account.nonce, context);
  return address !== undefined && mayAct(account, address, clock, right) ? advanced(account, authority) : undefined;
}
