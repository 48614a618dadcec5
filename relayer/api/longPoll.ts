import type { Clock } from "../ports";

/** Between two looks where another process may have stored something. */
const LOOK_MS = 500;

/** Requests that may wait at a time; further ones get their answer at once. */
const WAITING_LIMIT = 256;

/** Waits until there is something to answer with, for a bounded time and a bounded number of requests. */
export class LongPoll {
  private waiting = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onNews: (listener: () => void) => () => void,
  ) {}

  /** Asks `page` until it is not empty, `waitMs` have passed or `signal` aborts. */
  async until<T>(page: () => Promise<readonly T[]>, waitMs: number, signal: AbortSignal): Promise<readonly T[]> {
    const deadline = this.clock.now() + (this.waiting < WAITING_LIMIT ? waitMs : 0);
    let wake: () => void = () => undefined;
    let news = 0;
    const stopListening = this.onNews(() => {
      news++;
      wake();
    });
    this.waiting++;
    try {
      for (;;) {
        const seen = news;
        const found = await page();
        const left = deadline - this.clock.now();
        if (found.length > 0 || left <= 0 || signal.aborted) return found;
        const pause = new AbortController();
        wake = () => pause.abort();
        // What arrived while the page was read woke nobody.
        if (news !== seen) continue;
        await this.clock.sleep(Math.min(left, LOOK_MS), AbortSignal.any([signal, pause.signal])).catch(() => undefined);
      }
    } finally {
      this.waiting--;
      stopListening();
    }
  }
}
