import type { Clock } from "../ports";

/** First wait after a failure; doubled with each further one. */
const BACKOFF_MS = 100;

/**
 * Repeats `step` until `signal` aborts. A step waits for its own work; one that throws is reported and tried again
 * later, so a loop never ends by an error and never stops another.
 */
export async function repeat(
  step: (signal: AbortSignal) => Promise<void>,
  options: {
    readonly clock: Clock;
    readonly maxBackoffMs: number;
    readonly onError: (error: unknown, retryInMs: number) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await step(signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      const retryInMs = Math.min(BACKOFF_MS * 2 ** Math.min(failures, 20), options.maxBackoffMs);
      failures += 1;
      options.onError(error, retryInMs);
      await options.clock.sleep(retryInMs, signal).catch(() => undefined);
    }
  }
}
