import type { Transport } from "./transport";

/** One end of a connection within a process. Texts arrive later, never within `send`. */
class MemoryTransport implements Transport {
  other: MemoryTransport | undefined;
  private listener: ((text: string) => void) | undefined;
  private readonly early: string[] = [];
  private isClosed = false;

  send(text: string): void {
    const { other } = this;
    if (this.isClosed || other === undefined) return;
    queueMicrotask(() => other.receive(text));
  }

  onText(listener: (text: string) => void): void {
    this.listener = listener;
    for (const text of this.early.splice(0)) listener(text);
  }

  onOpen(listener: () => void): void {
    if (!this.isClosed) queueMicrotask(listener);
  }

  close(): void {
    this.isClosed = true;
  }

  private receive(text: string): void {
    if (this.isClosed) return;
    if (this.listener === undefined) this.early.push(text);
    else this.listener(text);
  }
}

/** Two ends that are connected. */
export function memoryTransports(): readonly [Transport, Transport] {
  const one = new MemoryTransport();
  const two = new MemoryTransport();
  one.other = two;
  two.other = one;
  return [one, two];
}
