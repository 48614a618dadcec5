import { join } from "node:path";
import { Worker } from "node:worker_threads";

interface Job {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** One thread that answers buffers with buffers in the order in which they come, and what it has not answered yet. */
export class JobThread {
  private readonly worker: Worker;
  private readonly jobs: Job[] = [];
  private failure: Error | undefined;

  /** @param program Name of a file beside this one. */
  constructor(program: string) {
    this.worker = new Worker(join(__dirname, program), { execArgv: ["--require", require.resolve("tsx/cjs")] });
    // Whoever waits for an answer keeps the process alive, not the threads.
    this.worker.unref();
    this.worker.on("message", (answer: Uint8Array) => {
      this.jobs.shift()?.resolve(answer);
      if (this.jobs.length === 0) this.worker.unref();
    });
    this.worker.on("error", (error) => this.fail(error instanceof Error ? error : new Error(String(error))));
    this.worker.on("exit", (code) => this.fail(new Error(`the thread of ${program} ended with code ${code}`)));
  }

  get waiting(): number {
    return this.jobs.length;
  }

  /** Takes the buffer away from the caller. */
  answer(question: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise<Uint8Array>((resolve, reject) => {
      this.jobs.push({ resolve, reject });
      this.worker.ref();
      this.worker.postMessage(question, [question.buffer]);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const job of this.jobs.splice(0)) job.reject(this.failure);
  }
}
