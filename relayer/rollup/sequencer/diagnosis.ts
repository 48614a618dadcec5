import { mayAct, same } from "../../../protocol/ledger/authority";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { REFUSAL, type Refusal } from "../../../protocol/ledger/refusal";
import type { SignedTransaction, Transaction, TransactionDigests } from "../../../protocol/ledger/transactions";
import { authorsOf, type Author, type Leaves } from "./authors";
import { LEDGER_REFUSALS, refused, type RefusedTransaction } from "./refusals";

/** Nonces on either side that are tried, to tell a wrong nonce from a forgery. */
const NONCES_TRIED = 8n;

export interface DiagnosisDeps {
  readonly digests: TransactionDigests;
  readonly crypto: LedgerCrypto;
}

/** Whether `address` is one that could ever speak for the author's account: its owner or its session key. */
export function speaksFor({ account }: Author, address: Uint8Array): boolean {
  return same(account.owner, address) || (account.keyExpiry !== 0n && same(account.key, address));
}

/** Whether `address` may do it at `clock`. */
export function isAdmitted({ account, right, anyKey }: Author, address: Uint8Array, clock: bigint): boolean {
  return anyKey ? speaksFor({ account, right, anyKey, index: 0 }, address) : mayAct(account, address, clock, right);
}

/** Which nonce near `nonce` was signed, and by whom; undefined where none was, by nobody who speaks for the account. */
export function signedNonce(
  author: Author,
  transaction: Transaction,
  signature: Uint8Array,
  nonce: bigint,
  { digests, crypto }: DiagnosisDeps,
): { readonly nonce: bigint; readonly address: Uint8Array } | undefined {
  const tried = (candidate: bigint): Uint8Array | undefined => {
    const address = crypto.recover(digests.digest(transaction, candidate), signature);
    return address !== undefined && speaksFor(author, address) ? address : undefined;
  };
  for (let distance = 0n; distance <= NONCES_TRIED; distance++) {
    for (const candidate of distance === 0n ? [nonce] : [nonce + distance, nonce - distance]) {
      if (candidate < 0n) continue;
      const address = tried(candidate);
      if (address !== undefined) return { nonce: candidate, address };
    }
  }
  return undefined;
}

/** Why a signature does not do, for an account whose next nonce is `nonce`. */
export function diagnoseSignature(
  author: Author,
  transaction: Transaction,
  signature: Uint8Array,
  nonce: bigint,
  clock: bigint,
  deps: DiagnosisDeps,
): RefusedTransaction {
  const signed = signedNonce(author, transaction, signature, nonce, deps);
  if (signed === undefined) return refused("FORGED", nonce);
  if (signed.nonce < nonce) return refused("NONCE_USED", nonce);
  if (signed.nonce > nonce) return refused("NONCE_AHEAD", nonce);
  return refused(clock >= author.account.keyExpiry && author.right !== undefined ? "KEY_EXPIRED" : "WRONG_SCOPE");
}

/** What the ledger's refusal of a transaction means, over the state that it was refused in. */
export function diagnose(
  leaves: Leaves,
  { transaction, signatures }: SignedTransaction,
  refusal: Exclude<Refusal, 0>,
  clock: bigint,
  deps: DiagnosisDeps,
): RefusedTransaction {
  if (refusal === REFUSAL.WrongAmount) {
    const amounts = Object.entries(transaction).filter(([name]) => name === "amount" || name === "price");
    return refused(amounts.some(([, value]) => value === 0n) ? "WRONG_AMOUNT" : "UNDERFUNDED");
  }
  if (refusal !== REFUSAL.NotAuthorized) return refused(LEDGER_REFUSALS[refusal]);
  for (const [i, author] of (authorsOf(leaves, transaction) ?? []).entries()) {
    const { nonce } = author.account;
    const signature = signatures[i] as Uint8Array;
    const address = deps.crypto.recover(deps.digests.digest(transaction, nonce), signature);
    if (address !== undefined && isAdmitted(author, address, clock)) continue;
    return diagnoseSignature(author, transaction, signature, nonce, clock, deps);
  }
  return refused("FORGED");
}
