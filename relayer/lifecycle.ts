import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "./log";

/** Part of the process that is closed at its end. */
export interface Closable {
  readonly name: string;
  close(): Promise<void>;
}

export interface LifecycleOptions {
  readonly log: Log;
  /** Longest that the work may take to end once it is told to. */
  readonly drainMs: number;
  /** Where SIGTERM and SIGINT come from. */
  readonly signals: Pick<NodeJS.EventEmitter, "on" | "removeListener">;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs `work` until it ends or a signal arrives, then aborts it, waits a bounded time, and closes `closables` in their
 * order. Resolves to the exit code: 0 after an orderly end. What had to be abandoned is safe to be resumed.
 */
export async function runUntilStopped(
  work: (signal: AbortSignal) => Promise<void>,
  closables: readonly Closable[],
  { log, drainMs, signals }: LifecycleOptions,
): Promise<number> {
  const controller = new AbortController();
  const stop = (): void => {
    if (!controller.signal.aborted) log.info("stopping");
    controller.abort();
  };
  for (const signal of SIGNALS) signals.on(signal, stop);

  let exitCode = 0;
  const working = work(controller.signal).catch((error: unknown) => {
    if (controller.signal.aborted) return;
    exitCode = 1;
    log.fatal({ error }, "the work ended by an error");
  });
  await Promise.race([working, aborted(controller.signal)]);
  controller.abort();

  const late = new AbortController();
  const drained = await Promise.race([
    working.then(() => true),
    delay(drainMs, false, { signal: late.signal }).catch(() => true),
  ]);
  late.abort();
  if (!drained) {
    exitCode = 1;
    log.error({ drainMs }, "the work did not end in time and is abandoned");
  }
  for (const closable of closables) {
    await closable.close().catch((error: unknown) => {
      exitCode = 1;
      log.error({ part: closable.name, error }, "a part did not close");
    });
  }
  for (const signal of SIGNALS) signals.removeListener(signal, stop);
  log.info({ exitCode }, "stopped");
  return exitCode;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
