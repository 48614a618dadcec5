/** Why a transaction or an entry changed nothing; 0 where it was applied. The same numbers in Solidity. */
export const REFUSAL = {
  Applied: 0,
  /** A leaf that it names is not of the kind that is needed, or not of the same asset, item or account. */
  WrongLeaf: 1,
  /** Zero where it may not be, or more than there is. */
  WrongAmount: 2,
  /** A sum would not fit. */
  Overflow: 3,
  /** Neither the owner nor a key that may do this signed it with the account's nonce. */
  NotAuthorized: 4,
  TreeFull: 5,
  /** Terms of a session or key that are out of their bounds. */
  WrongTerms: 6,
  /** The session is not in the phase that is needed, or the seat is not. */
  WrongPhase: 7,
  /** Too late, or too early. */
  WrongTime: 8,
  /** The rules refused, or the game is not over. */
  RulesRefused: 9,
  /** Not a transaction. */
  Malformed: 10,
} as const;

export type Refusal = (typeof REFUSAL)[keyof typeof REFUSAL];
