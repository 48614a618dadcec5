/** Everything that can go wrong, in words: what it means, and what to do. The codes also travel between peers. */
export const SDK_ERRORS = {
  // Rules
  RULES_MISSING: [
    "there is no code at the rules' address",
    "check the address, and that the endpoint is of this chain",
  ],
  RULES_IMPURE: ["the rules contain an opcode that rules may not have", "do not play this game"],
  ILLEGAL_MOVE: ["the rules refuse the move", "choose another move"],
  BAD_SETUP: ["the rules refuse this setup or number of players", "use a setup that the game knows"],

  // Turns and rounds
  NOT_YOUR_TURN: ["it is another player's turn", "wait for its move"],
  NO_ROUND: ["no round runs in this channel", "agree on a round first"],
  ROUND_RUNS: ["a round runs", "finish and settle it first"],
  NOT_OVER: ["the rules say that the game is not over", "play on, or dispute once the other does not move"],
  STAKE_TOO_HIGH: ["a player's balance is below the stake", "agree on a lower stake, or close and open with more"],
  TERMS_DECLINED: ["a player does not want this round", "propose other terms, or close the channel"],
  OTHER_TERMS: ["the session is not played for what the player was shown", "show its stake and asset, and ask again"],

  // Messages of peers
  GARBAGE: ["the message is not one of this protocol", "use the same version of the SDK on both sides"],
  UNKNOWN_CHANNEL: ["the peer does not hold this channel", "the peer has to open its side of the channel first"],
  OLD_VERSION: ["the state is not newer than the one that all have signed", "take the newest state that was sent back"],
  CONFLICT: ["another state of this version is signed already", "never run one key in two places"],
  NOT_THE_PROPOSER: [
    "this participant may not propose this step",
    "let the player whose turn it is, or the first, propose",
  ],
  NOT_MY_MOVE: ["the state contains a move that its player did not make", "dispute: the first participant cheats"],
  NOT_ACCEPTED: ["a round is begun on terms that were not accepted", "invite to the round first"],
  WRONG_STAKE: ["the state has another stake than agreed", "dispute if it is repeated"],
  WRONG_BALANCES: ["the state has other balances than the rules give", "dispute if it is repeated"],
  WRONG_GAME_STATE: ["the state has another game state than the rules give", "dispute if it is repeated"],
  BAD_SIGNATURE: ["the signature is not the participant's", "check the key, the channel's id and the chain"],

  // A channel's end
  CLOSING: ["a signature for closing was given: nothing is signed any more", "close the channel on chain"],
  STOPPED: ["the channel is in dispute on chain: nothing is signed any more", "play on chain, or conclude"],
  NOT_CLOSABLE: ["the channel is closed together only between rounds", "settle the round first"],

  // Waiting, keeping, asking
  PEER_SILENT: ["not everyone answered in time", "call again later; what is signed stays valid; or dispute"],
  SUPERSEDED: ["another step came before this one", "look at the new state and try again"],
  STORE_LOCKED: [
    "another process holds this store",
    "end it first: two processes with one key could sign against each other",
  ],
  STORE_CORRUPT: ["a stored record cannot be read", "restore it; the peers will send what is missing"],
  NOT_A_PARTICIPANT: ["the key is none of the channel's", "use the key that the channel was opened with"],

  // The chain and services
  CHAIN_REVERTED: ["the contract refuses", "see the contract error by its name"],
  CHAIN_FAILED: ["the endpoint did not answer, or not usefully", "try again or use another endpoint"],
  STATE_UNKNOWN: ["the disputed state is neither stored nor in the logs", "use an endpoint that still has the logs"],
  WATCHTOWER_SILENT: ["the watchtower does not answer", "try again, or use another watchtower"],
  WATCHTOWER_REFUSED: ["the watchtower did not take the state", "see its answer; use another watchtower"],

  // Layer 2
  SEQUENCER_SILENT: ["the sequencer does not answer", "try again, or force the transaction on layer 1"],
  SEQUENCER_REFUSED: ["the sequencer did not take the request", "see its code and message"],
  SEQUENCER_FAILED: ["the sequencer's answer is not one of this protocol", "use the same version of the SDK"],
  LEDGER_REFUSED: ["the transaction would change nothing, and was not taken", "see the sequencer's code and message"],
  UNKNOWN_LEDGER_ACCOUNT: ["there is no such account on layer 2", "deposit to it first"],
  AMOUNT_NOT_PAYABLE: [
    "a transfer carries 35 bits of digits and a power of ten: this amount has more digits",
    "use the nearest amount (`payable`); a withdrawal carries any",
  ],
  TWO_SIGNATURES: ["both parties sign this transaction", "have it signed by both speakers and submit it yourself"],
  TRANSACTION_LOST: ["the batch was rolled back and the transaction is not valid any more", "sign it anew"],
} as const satisfies Readonly<Record<string, readonly [means: string, remedy: string]>>;

export type SdkErrorCode = keyof typeof SDK_ERRORS;

export function isSdkErrorCode(code: string): code is SdkErrorCode {
  return Object.hasOwn(SDK_ERRORS, code);
}

export class SdkError extends Error {
  readonly code: SdkErrorCode;
  /** What to do about it. */
  readonly remedy: string;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(
    code: SdkErrorCode,
    options: { readonly context?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    const [means, remedy] = SDK_ERRORS[code];
    super(`${code}: ${means}`, { cause: options.cause });
    this.name = "SdkError";
    this.code = code;
    this.remedy = remedy;
    this.context = options.context ?? {};
  }
}
