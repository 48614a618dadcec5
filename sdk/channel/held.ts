import type { Message } from "./wire";

const MAX_HELD = 8;

/** Messages about what is not there yet: with several peers they overtake each other. */
export class Held {
  private readonly held = new Map<number, Message[]>();

  constructor(private readonly read: (peer: number, message: Message) => void) {}

  hold(peer: number, message: Message): undefined {
    const held = this.held.get(peer) ?? [];
    if (held.length < MAX_HELD) this.held.set(peer, [...held, message]);
    return undefined;
  }

  /** Has them read again, now that something has changed. */
  release(): void {
    if (this.held.size === 0) return;
    const held = [...this.held];
    this.held.clear();
    for (const [peer, messages] of held) {
      for (const message of messages) this.read(peer, message);
    }
  }
}
