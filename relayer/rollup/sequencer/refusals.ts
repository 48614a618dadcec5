import { REFUSAL, type Refusal } from "../../../protocol/ledger/refusal";

/** Why a transaction is refused at the door, as clients see it. */
export type RefusalCode =
  | "MALFORMED"
  | "OVERSIZED"
  | "FORGED"
  | "NONCE_USED"
  | "NONCE_AHEAD"
  | "KEY_EXPIRED"
  | "WRONG_SCOPE"
  | "UNKNOWN_LEAF"
  | "UNDERFUNDED"
  | "WRONG_AMOUNT"
  | "OVERFLOW"
  | "TREE_FULL"
  | "WRONG_TERMS"
  | "WRONG_PHASE"
  | "WRONG_TIME"
  | "RULES_REFUSED"
  | "RATE_LIMITED"
  | "BUSY";

/** A transaction that is not taken, with what its author can do. */
export interface RefusedTransaction {
  readonly code: RefusalCode;
  readonly message: string;
  /** The nonce that its account signs next, where that is what is wrong. */
  readonly nonce?: bigint;
}

/** What to do about it. */
export const REMEDIES: Readonly<Record<RefusalCode, string>> = {
  MALFORMED: "these bytes are no signed transaction: encode it again",
  OVERSIZED: "it is longer than any transaction: give one transaction, or as a batch several",
  FORGED: "no signature of the account's owner or of its session key over this content: sign with the right key",
  NONCE_USED: "this nonce was used: sign again with the account's next one",
  NONCE_AHEAD: "a transaction with an earlier nonce is missing or was refused: sign again with the account's next one",
  KEY_EXPIRED: "the session key has expired: grant a new one, or let the owner sign",
  WRONG_SCOPE: "the session key may not do this: grant one with this scope and game, or let the owner sign",
  UNKNOWN_LEAF: "a leaf that it names is not there, or not of the kind, asset or account that is needed: read it again",
  UNDERFUNDED: "there is less than this amount: read the balance again",
  WRONG_AMOUNT: "the amount must be above zero",
  OVERFLOW: "the receiver can hold no such sum",
  TREE_FULL: "layer 2 has no room for another leaf",
  WRONG_TERMS: "the terms are outside of what is allowed: see the README of contracts/rollup",
  WRONG_PHASE: "the session is not in the phase for this, or there is no such player: read it again",
  WRONG_TIME: "it is too late for this, or too early",
  RULES_REFUSED: "the game's rules refuse it, or the game is not over",
  RATE_LIMITED: "the account's quota is used up: wait, stake COS, or play a sponsored game",
  BUSY: "nothing can be taken right now: try again in a second",
};

export function refused(code: RefusalCode, nonce?: bigint): RefusedTransaction {
  return { code, message: REMEDIES[code], ...(nonce !== undefined && { nonce }) };
}

/** Codes of what the ledger itself refuses; amounts and authority are looked at more closely. */
export const LEDGER_REFUSALS: Readonly<Record<Exclude<Refusal, 0>, RefusalCode>> = {
  [REFUSAL.WrongLeaf]: "UNKNOWN_LEAF",
  [REFUSAL.WrongAmount]: "UNDERFUNDED",
  [REFUSAL.Overflow]: "OVERFLOW",
  [REFUSAL.NotAuthorized]: "FORGED",
  [REFUSAL.TreeFull]: "TREE_FULL",
  [REFUSAL.WrongTerms]: "WRONG_TERMS",
  [REFUSAL.WrongPhase]: "WRONG_PHASE",
  [REFUSAL.WrongTime]: "WRONG_TIME",
  [REFUSAL.RulesRefused]: "RULES_REFUSED",
  [REFUSAL.Malformed]: "MALFORMED",
};
