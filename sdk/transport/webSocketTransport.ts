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
  private closed = false;

  get isClosed(): boolean {
    return this.closed;
  }

  /** From now on texts go over this socket; where the transport is closed, the socket is too. */
  attach(socket: SocketLike): void {
    if (this.closed) return socket.close();
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
    this.closed = true;
    this.socket?.close();
    this.socket = undefined;
  }

  private receive(text: string): void {
    if (this.textListener !== undefined) this.textListener(text);
    else if (this.early.length < MAX_EARLY) this.early.push(text);
  }
}

/** Does something after so many milliseconds; returns how to call it off. */
export type Later = (work: () => void, milliseconds: number) => () => void;

const later: Later = (work, milliseconds) => {
  const timer = setTimeout(work, milliseconds);
  return () => clearTimeout(timer);
};

/**
 * Connects, and again whenever the connection ends, until it is closed or the signal aborted. `connect` makes a socket:
 * `() => new WebSocket(url)`. A peer that says nothing is asked ever more seldom.
 */
export function keepConnected(connect: () => SocketLike, signal: AbortSignal, after = later): WebSocketTransport {
  const transport = new WebSocketTransport();
  let waitMs = FIRST_RETRY_MS;
  let callOff = (): void => undefined;
  const again = (): void => {
    if (transport.isClosed) return;
    callOff = after(open, waitMs);
    waitMs = Math.min(waitMs * 2, LAST_RETRY_MS);
  };
  const open = (): void => {
    if (transport.isClosed) return;
    const socket = connect();
    // Not when it opens: who takes connections only to end them would be asked for ever as fast as at first.
    socket.addEventListener("message", () => (waitMs = FIRST_RETRY_MS));
    // A socket that fails closes too: that is when the next one is tried.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", again);
    transport.attach(socket);
  };
  const stop = (): void => {
    callOff();
    transport.close();
  };
  if (signal.aborted) stop();
  else open();
  signal.addEventListener("abort", stop, { once: true });
  return transport;
}
