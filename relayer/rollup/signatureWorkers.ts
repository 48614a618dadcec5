import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { packItems, unpackAnswers, type SignatureItem } from "./signatureBatch";

/** Items of one message: enough to make its cost small, and few enough that all threads have work. */
const ITEMS_IN_MESSAGE = 128;

interface Job {
  readonly resolve: (answers: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** One thread, and what it has not answered yet, in its order. */
class SignatureThread {
  private readonly worker: Worker;
  private readonly jobs: Job[] = [];
  private failure: Error | undefined;

  constructor() {
    this.worker = new Worker(join(__dirname, "signatureThread.ts"), {
      execArgv: ["--require", require.resolve("tsx/cjs")],
    });
    // Whoever waits for an answer keeps the process alive, not the threads.
    this.worker.unref();
    this.worker.on("message", (answers: Uint8Array) => {
      this.jobs.shift()?.resolve(answers);
      if (this.jobs.length === 0) this.worker.unref();
    });
    this.worker.on("error", (error) => this.fail(error instanceof Error ? error : new Error(String(error))));
    this.worker.on("exit", (code) => this.fail(new Error(`a signature thread ended with code ${code}`)));
  }

  get waiting(): number {
    return this.jobs.length;
  }

  answer(items: readonly SignatureItem[]): Promise<(Uint8Array | undefined)[]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const packed = packItems(items);
    return new Promise<Uint8Array>((resolve, reject) => {
      this.jobs.push({ resolve, reject });
      this.worker.ref();
      this.worker.postMessage(packed, [packed.buffer]);
    }).then(unpackAnswers);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const job of this.jobs.splice(0)) job.reject(this.failure);
  }
}

/** Whose signatures these are, found by threads while the caller's thread executes. */
export class SignatureWorkers {
  private constructor(private readonly threads: readonly SignatureThread[]) {}

  static start(threads = availableParallelism()): SignatureWorkers {
    if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`${threads} threads`);
    return new SignatureWorkers(Array.from({ length: threads }, () => new SignatureThread()));
  }

  /** Addresses in the order of `items`; undefined for a malformed or high-s signature. Rejects once a thread has ended. */
  async recover(items: readonly SignatureItem[]): Promise<(Uint8Array | undefined)[]> {
    const parts: Promise<(Uint8Array | undefined)[]>[] = [];
    for (let from = 0; from < items.length; from += ITEMS_IN_MESSAGE) {
      parts.push(this.idlest().answer(items.slice(from, from + ITEMS_IN_MESSAGE)));
    }
    return (await Promise.all(parts)).flat();
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private idlest(): SignatureThread {
    return this.threads.reduce((least, thread) => (thread.waiting < least.waiting ? thread : least));
  }
}
