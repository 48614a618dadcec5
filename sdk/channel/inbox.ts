import type { Closings } from "./closings";
import type { Invitations } from "./invitations";
import type { Meeting } from "./meeting";
import type { Post } from "./post";
import type { Proposals } from "./proposals";
import type { Requests } from "./requests";
import type { Side, Verdict } from "./side";
import { parseMessage, type Authored, type Message, type MessageOf } from "./wire";

/** Messages of one peer that wait to be read. More is not a game. */
const MAX_WAITING = 256;

/** Who answers which messages. */
export interface Desks {
  readonly meeting: Meeting;
  readonly proposals: Proposals;
  readonly requests: Requests;
  readonly invitations: Invitations;
  readonly closings: Closings;
}

/** What peers send: read one after the other, and refused with a code or done. */
export class Inbox {
  private readonly waiting = new Map<number, number>();

  constructor(
    private readonly side: Side,
    private readonly post: Post,
    private readonly desks: Desks,
  ) {}

  /** Takes some JSON value that a peer has sent. */
  receive(peer: number, body: unknown): void {
    const waiting = this.waiting.get(peer) ?? 0;
    if (waiting >= MAX_WAITING) return;
    this.waiting.set(peer, waiting + 1);
    const read = this.side.enqueue(() => this.read(peer, body));
    read.catch(() => undefined).finally(() => this.waiting.set(peer, (this.waiting.get(peer) as number) - 1));
  }

  /** Takes a message that was held. */
  readAgain(peer: number, message: Message): void {
    void this.side.enqueue(() => this.answer(peer, message)).catch(() => undefined);
  }

  private async read(peer: number, body: unknown): Promise<void> {
    const message = parseMessage(body);
    if (message === undefined) return this.post.refuse(peer, "", 0n, "GARBAGE");
    await this.answer(peer, message);
  }

  private async answer(peer: number, message: Message): Promise<void> {
    const code = await this.handle(peer, message);
    if (code !== undefined) await this.post.refuse(peer, message.type, this.versionOf(message), code);
    this.side.changed.notify();
  }

  private versionOf(message: Message): bigint {
    if (message.type === "propose") return message.state.version;
    return "version" in message ? message.version : this.side.state.version;
  }

  private async handle(peer: number, message: Message): Promise<Verdict> {
    const { meeting, proposals, closings } = this.desks;
    switch (message.type) {
      case "hello":
        return meeting.onHello(peer, message);
      case "propose":
        return proposals.onPropose(peer, message);
      case "signed":
        return proposals.onSigned(peer, message);
      case "close":
        return closings.onClose(peer, message);
      case "refuse":
        return this.onRefuse(peer, message);
      default:
        if (!this.side.checks.isAuthor(peer, message)) return "BAD_SIGNATURE";
        return this.onAuthored(peer, message);
    }
  }

  private async onAuthored(peer: number, message: Exclude<Authored, { type: "refuse" }>): Promise<Verdict> {
    const { requests, invitations } = this.desks;
    switch (message.type) {
      case "request":
        return requests.onRequest(peer, message);
      case "invite":
        return invitations.onInvite(peer, message);
      case "accept":
        return invitations.onAccept(peer, message);
      case "decline":
        await invitations.onDecline(peer, message);
        return undefined;
    }
  }

  private async onRefuse(peer: number, refused: MessageOf<"refuse">): Promise<undefined> {
    const { of, version, code } = refused;
    const { proposals, requests, invitations } = this.desks;
    this.side.emit({ kind: "refused", by: peer, code, of });
    // Only what the peer itself says has a consequence.
    if (refused.signature === null || !this.side.checks.isAuthor(peer, refused)) return;
    if (of === "propose") proposals.onRefusal(version, code);
    if (of === "invite") await invitations.onRefusal(version, code);
    if (of === "request") await requests.onRefusal(peer, version, code);
  }
}
