/** A call of a game's rules that the ledger needs answered: it runs no bytecode itself. */
export type RulesCall = { readonly rules: Uint8Array } & (
  | { readonly call: "start"; readonly setup: Uint8Array; readonly players: number }
  | { readonly call: "play"; readonly state: Uint8Array; readonly player: number; readonly move: Uint8Array }
  | { readonly call: "expire"; readonly state: Uint8Array }
  | { readonly call: "outcome"; readonly state: Uint8Array; readonly players: number }
);

/** What `GameCall` makes of it: undefined where the call failed or its answer is malformed. */
export type RulesAnswer = { readonly state: Uint8Array } | Outcome | undefined;

export interface Outcome {
  readonly over: boolean;
  /** A part of the pot for each player, in basis points. */
  readonly shareBps: readonly bigint[];
}

/** Runs, asks for calls of rules on its way, and ends with a result. */
export type Asking<Result> = Generator<RulesCall, Result, RulesAnswer>;
