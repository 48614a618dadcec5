import type { Closings } from "./closings";
import type { Post } from "./post";
import type { Proposals } from "./proposals";
import { FIRST, type Side, type Verdict } from "./side";
import type { Signing } from "./signing";
import type { MessageOf } from "./wire";

/** Peers tell each other what they have whenever they are connected: so nobody goes on from an old backup. */
export class Meeting {
  constructor(
    private readonly side: Side,
    private readonly post: Post,
    private readonly signing: Signing,
    private readonly proposals: Proposals,
    private readonly closings: Closings,
    /** Goes on with what was asked for before everyone had said what it has. */
    private readonly goOn: () => Promise<void>,
  ) {}

  /** Says what this side has and asks for the same. Within the queue, so that nothing is told that is not stored. */
  greet(peer: number): void {
    void this.side.enqueue(async () => this.post.hello(peer, true)).catch(() => undefined);
  }

  /** The others' knowledge, adopted where it is newer: every state in it carries all signatures, this one's included. */
  async onHello(peer: number, hello: MessageOf<"hello">): Promise<Verdict> {
    const verdict = await this.learn(peer, hello);
    const wasReady = this.side.isReady;
    this.side.heard.add(peer);
    if (hello.reply) this.post.hello(peer, false);
    await this.repeat(peer);
    if (!wasReady && this.side.isReady) await this.goOn();
    return verdict;
  }

  private async learn(peer: number, { agreed, closing, pending }: MessageOf<"hello">): Promise<Verdict> {
    if (agreed.state.version > this.side.state.version) {
      if (!this.side.checks.isSignedByAll(agreed)) return "BAD_SIGNATURE";
      await this.signing.agree(agreed, undefined);
    }
    const verdict = closing === null ? undefined : await this.closings.onClosing(peer, closing);
    if (verdict !== undefined) return verdict;
    if (pending === null || pending.state.version !== this.side.state.version + 1n) return undefined;
    return this.proposals.onPending(peer, pending);
  }

  /** Says again what carries no state: the connection may have broken before it arrived. */
  private async repeat(peer: number): Promise<void> {
    const { isEnding, record, state } = this.side;
    const { request, accepted, pending } = record;
    if (pending !== null || isEnding) return;
    if (request !== null && peer === FIRST) await this.post.author(FIRST, { type: "request", ...request });
    // An invitation says that the sender accepts, and asks for the other's acceptance.
    if (accepted !== null) await this.post.author(peer, { type: "invite", version: state.version, ...accepted });
  }
}
