import type { ChildProcess } from "node:child_process";
import type { Transport } from "./transport";

/** Node: a parent and the child that it has forked. `new ProcessTransport(child)` here, `new ProcessTransport(process)` there. */
export class ProcessTransport implements Transport {
  constructor(private readonly other: ChildProcess | NodeJS.Process) {}

  send(text: string): void {
    // A process that has just died is noticed by whoever started it.
    if (this.other.connected) this.other.send?.(text, undefined, {}, () => undefined);
  }

  onText(listener: (text: string) => void): void {
    (this.other as NodeJS.EventEmitter).on("message", (message: unknown) => {
      if (typeof message === "string") listener(message);
    });
  }

  onOpen(listener: () => void): void {
    if (this.other.connected) queueMicrotask(listener);
  }

  close(): void {
    if (this.other.connected) this.other.disconnect?.();
  }
}
