import type { Transport } from "./transport";

/** What is used of a WebSocket: the browser's, Node's from version 22 on, and that of the package `ws` are ones. */
export interface SocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

const OPEN = 1;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
const MAX_EARLY = 64;

/** One peer over one WebSocket after another: a new one takes the old one's place. */
export class WebSocketTransport implements Transport {
  private socket: SocketLike | undefined;
  private textListener: ((text: string) => void) | undefined;
  private openListener: (() => void) | undefined;
  private readonly early: string[] = [];

  /** From now on texts go over this socket. */
  attach(socket: SocketLike): void {
    const previous = this.socket;
    this.socket = socket;
    if (previous !== undefined && previous !== socket) previous.close();
    socket.addEventListener("message", ({ data }) => {
      if (this.socket === socket && typeof data === "string") this.receive(data);
    });
    if (socket.readyState === OPEN) this.openListener?.();
    else {
      socket.addEventListener("open", () => {
        if (this.socket === socket) this.openListener?.();
      });
    }
  }

  send(text: string): void {
    if (this.socket?.readyState === OPEN) this.socket.send(text);
  }

  onText(listener: (text: string) => void): void {
    this.textListener = listener;
    for (const text of this.early.splice(0)) listener(text);
  }

  onOpen(listener: () => void): void {
    this.openListener = listener;
    if (this.socket?.readyState === OPEN) listener();
  }

  close(): void {
    this.socket?.close();
    this.socket = undefined;
  }

  private receive(text: string): void {
    if (this.textListener !== undefined) this.textListener(text);
    else if (this.early.length < MAX_EARLY) this.early.push(text);
  }
}

/**
 * Connects, and again whenever the connection ends, until the signal is aborted. `connect` makes a socket:
 * `() => new WebSocket(url)`.
 */
export function keepConnected(connect: () => SocketLike, signal: AbortSignal): WebSocketTransport {
  const transport = new WebSocketTransport();
  let waitMs = FIRST_RETRY_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = (): void => {
    if (signal.aborted) return;
    timer = setTimeout(open, waitMs);
    waitMs = Math.min(waitMs * 2, LAST_RETRY_MS);
  };
  const open = (): void => {
    const socket = connect();
    socket.addEventListener("open", () => (waitMs = FIRST_RETRY_MS));
    // A socket that fails closes too: that is when the next one is tried.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", again);
    transport.attach(socket);
  };
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    transport.close();
  });
  open();
  return transport;
}
