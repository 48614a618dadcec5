import type { RefusalCode } from "./refusals";

/** What happens in a sequencer, for logs and metrics. */
export type SequencerEvent =
  | {
      readonly kind: "recovered";
      readonly batch: bigint;
      readonly transactions: number;
      readonly milliseconds: number;
    }
  | { readonly kind: "rebased"; readonly from: bigint; readonly again: number; readonly dropped: number }
  | { readonly kind: "accepted"; readonly count: number; readonly waiting: number }
  | { readonly kind: "transaction_refused"; readonly code: RefusalCode }
  | {
      readonly kind: "sealed";
      readonly batch: bigint;
      readonly transactions: number;
      readonly segments: number;
      readonly entries: number;
      readonly bytes: number;
    }
  | {
      readonly kind: "posted";
      readonly batch: bigint;
      readonly transactionHash: string;
      readonly gasUsed: bigint;
      /** 0: by calldata. */
      readonly blobs: number;
      readonly transactions: number;
    }
  | { readonly kind: "blobs_proven"; readonly batch: bigint; readonly blobs: number; readonly milliseconds: number }
  | { readonly kind: "posting_refused"; readonly batch: bigint; readonly error: string; readonly message: string }
  | { readonly kind: "rolled_back"; readonly to: bigint; readonly from: bigint }
  | { readonly kind: "checkpointed"; readonly batch: bigint; readonly milliseconds: number }
  | { readonly kind: "failed"; readonly part: string; readonly error: unknown; readonly retryInMs: number };

export type EmitSequencer = (event: SequencerEvent) => void;
