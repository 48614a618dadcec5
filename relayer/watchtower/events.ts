interface OfChannel {
  readonly chainId: bigint;
  readonly channelId: string;
}

/** Everything that happens around watched channels: what logs and metrics are made of, by exhaustive switch. */
export type WatchtowerEvent =
  | ({ readonly kind: "state_kept"; readonly version: bigint } & OfChannel)
  | { readonly kind: "state_refused"; readonly code: string; readonly message: string }
  /** A state older than the kept one is shown on chain. */
  | ({ readonly kind: "stale_challenge"; readonly disputed: bigint; readonly version: bigint } & OfChannel)
  | ({ readonly kind: "answered"; readonly version: bigint; readonly transactionHash: string } & OfChannel)
  /** The contract refuses an answer for another reason than that it came too late. */
  | ({ readonly kind: "answer_refused"; readonly version: bigint; readonly reason: string } & OfChannel)
  /** The time to answer passed, and an older state stands. */
  | ({ readonly kind: "answer_missed"; readonly disputed: bigint; readonly version: bigint } & OfChannel)
  | ({ readonly kind: "forgotten" } & OfChannel)
  | { readonly kind: "looked"; readonly chainId: bigint; readonly watched: number }
  | {
      readonly kind: "failed";
      readonly chainId: bigint;
      readonly channelId?: string;
      readonly error: unknown;
      readonly retryInMs?: number;
    };

export type EmitWatchtower = (event: WatchtowerEvent) => void;
