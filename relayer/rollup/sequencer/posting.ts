import type { Clock } from "../../ports";
import type { Batcher } from "./batcher";
import type { EmitSequencer } from "./events";
import { isPassing } from "./passing";

/** After a failure; doubled with each that follows, up to the longest. */
export const RETRY_MS = 1_000;
export const MAX_RETRY_MS = 15_000;

export interface PostingDeps {
  readonly batcher: Batcher;
  readonly clock: Clock;
  readonly emit: EmitSequencer;
  /** Between two looks at layer 1. */
  readonly pollMs: number;
  /** Hears after each look how far layer 1 is. */
  readonly posted: (number: bigint) => void;
}

/** Posts sealed batches until `signal` aborts, or something happened that trying again does not mend. */
export async function postBatches(deps: PostingDeps, signal: AbortSignal): Promise<void> {
  const { batcher, clock, emit, pollMs, posted } = deps;
  for (let retryInMs = RETRY_MS; !signal.aborted;) {
    try {
      const more = await batcher.step(signal);
      posted(batcher.posted);
      retryInMs = RETRY_MS;
      if (!more) await clock.sleep(pollMs, signal).catch(() => undefined);
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      emit({ kind: "failed", part: "batcher", error, retryInMs });
      await clock.sleep(retryInMs, signal).catch(() => undefined);
      retryInMs = Math.min(2 * retryInMs, MAX_RETRY_MS);
    }
  }
}
