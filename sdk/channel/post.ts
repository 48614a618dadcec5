import type { SdkErrorCode } from "../errors";
import type { Side } from "./side";
import type { Message, MessageType, Unsigned } from "./wire";

/** What one participant says to the others. */
export class Post {
  constructor(private readonly side: Side) {}

  send(peer: number, message: Message): void {
    const { checks, options } = this.side;
    options.peers.get(peer)?.send(checks.id, message);
  }

  sendAll(message: Message): void {
    for (const peer of this.side.options.peers.keys()) this.send(peer, message);
  }

  /** Says what is no state, under the own signature. */
  async author(peer: number, unsigned: Unsigned): Promise<void> {
    const { checks, options } = this.side;
    const signature = await options.key.sign(checks.authorDigest(unsigned));
    this.send(peer, { ...unsigned, signature });
  }

  async authorAll(unsigned: Unsigned): Promise<void> {
    for (const peer of this.side.options.peers.keys()) await this.author(peer, unsigned);
  }

  async refuse(peer: number, of: MessageType | "", version: bigint, code: SdkErrorCode): Promise<void> {
    this.side.emit({ kind: "fault", by: peer, code, of });
    await this.author(peer, { type: "refuse", of, version, code });
  }

  /** Says what this side has. With `reply` the peer is asked for the same. */
  hello(peer: number, reply: boolean): void {
    const { agreed, pending, closing } = this.side.record;
    this.send(peer, { type: "hello", agreed, pending, closing, reply });
  }
}
