/** Wakes loops when there is something new for them; a ring that nobody waited for is not lost. */
export class Bell {
  private rings = 0;
  private waiting = new Set<() => void>();

  ring(): void {
    this.rings += 1;
    const waiting = this.waiting;
    this.waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** Each listener hears every ring once, however late it listens. */
  listen(): { heard(milliseconds: number, signal: AbortSignal): Promise<boolean> } {
    let seen = this.rings;
    return {
      heard: async (milliseconds, signal) => {
        if (this.rings === seen && milliseconds > 0 && !signal.aborted) await this.next(milliseconds, signal);
        const heard = this.rings !== seen;
        seen = this.rings;
        return heard;
      },
    };
  }

  private next(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", done);
      this.waiting.add(done);
    });
  }
}
