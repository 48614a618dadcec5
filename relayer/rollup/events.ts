import type { FalseSegment, KnownBatch } from "./replica";

/** A part of a rollup's node, as failures name it. */
export type RollupPart = "node" | "queue" | "challenger" | "certifier" | "certificate collector" | "snapshots";

/** Everything that happens around a rollup: what logs and metrics are made of, by exhaustive switch. */
export type RollupEvent =
  | {
      readonly kind: "batch_applied";
      readonly number: bigint;
      readonly batchHash: string;
      readonly transactions: number;
    }
  | { readonly kind: "batch_false"; readonly proof: FalseSegment }
  /** A false batch is final: no proof helps any more. */
  | { readonly kind: "false_batch_final"; readonly number: bigint; readonly batchHash: string }
  /** Layer 1 took back every batch after this one. */
  | { readonly kind: "rolled_back"; readonly to: KnownBatch; readonly from: bigint }
  | { readonly kind: "followed"; readonly number: bigint; readonly final: bigint; readonly queueLength: bigint }
  | { readonly kind: "frozen"; readonly number: bigint }
  | {
      readonly kind: "proof_committed";
      readonly number: bigint;
      readonly segment: number;
      readonly transactionHash: string;
    }
  | {
      readonly kind: "fraud_proven";
      readonly number: bigint;
      readonly segment: number;
      readonly transactionHash: string;
    }
  /** The contract refuses the proof for another reason than that somebody was faster. */
  | { readonly kind: "proof_refused"; readonly number: bigint; readonly segment: number; readonly reason: string }
  | { readonly kind: "reward_withdrawn"; readonly amount: bigint; readonly transactionHash: string }
  | { readonly kind: "freeze_sent"; readonly number: bigint; readonly transactionHash: string }
  | { readonly kind: "certificate_signed"; readonly number: bigint; readonly batchHash: string; readonly epoch: bigint }
  | {
      readonly kind: "certifying_refused";
      readonly number: bigint;
      readonly batchHash: string;
      readonly error: unknown;
    }
  | { readonly kind: "certificates_collected"; readonly peer: string; readonly signatures: number }
  | { readonly kind: "peer_misbehaved"; readonly peer: string; readonly reason: string }
  | {
      readonly kind: "certified";
      readonly number: bigint;
      readonly batchHash: string;
      readonly transactionHash: string;
    }
  | { readonly kind: "snapshot_written"; readonly number: bigint; readonly leaves: number }
  | { readonly kind: "snapshot_refused"; readonly source: string; readonly reason: string }
  | { readonly kind: "failed"; readonly part: RollupPart; readonly error: unknown; readonly retryInMs?: number };

export type EmitRollup = (event: RollupEvent) => void;
