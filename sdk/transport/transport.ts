/**
 * A connection to one peer that delivers texts whole and in order, or not at all. It should be authenticated and encrypted
 * (TLS): a stranger on it cannot take anything, but can be in the way.
 */
export interface Transport {
  /** Sends, or drops where there is no connection: states are exchanged anew when there is one. */
  send(text: string): void;
  /** One listener; what arrives before there is one waits for it. */
  onText(listener: (text: string) => void): void;
  /** Called each time a connection is there, at once where it is already. */
  onOpen(listener: () => void): void;
  /** For good. */
  close(): void;
}
