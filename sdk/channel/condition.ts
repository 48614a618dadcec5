import { SdkError } from "../errors";

interface Waiter {
  readonly isMet: () => boolean;
  resolve(): void;
}

/** Lets callers wait until something holds that others bring about. */
export class Condition {
  private readonly waiters = new Set<Waiter>();

  notify(): void {
    for (const waiter of this.waiters) {
      if (!waiter.isMet()) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Rejects with PEER_SILENT where the signal is aborted first. */
  until(isMet: () => boolean, signal?: AbortSignal): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.waiters.delete(waiter);
        reject(new SdkError("PEER_SILENT", { cause: signal?.reason }));
      };
      const waiter: Waiter = {
        isMet,
        resolve: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      if (signal?.aborted === true) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.waiters.add(waiter);
    });
  }
}
