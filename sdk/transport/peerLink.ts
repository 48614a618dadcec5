import { MAX_MESSAGE_CHARACTERS, toText, type Message } from "../channel/wire";
import type { SdkErrorCode } from "../errors";
import type { Transport } from "./transport";

/** One channel's side of a link. */
export interface ChannelEnd {
  /** Some JSON value that claims to be of this channel. */
  receive(body: unknown): void;
  /** A connection is there. */
  opened(): void;
}

/** A peer, over one transport: any number of channels share it. */
export class PeerLink {
  private readonly ends = new Map<string, ChannelEnd>();

  constructor(private readonly transport: Transport) {
    transport.onText((text) => this.read(text));
    transport.onOpen(() => {
      this.isOpen = true;
      for (const end of this.ends.values()) end.opened();
    });
  }

  private isOpen = false;

  /** Returns how to leave. */
  join(channelId: string, end: ChannelEnd): () => void {
    this.ends.set(channelId, end);
    if (this.isOpen) end.opened();
    return () => {
      if (this.ends.get(channelId) === end) this.ends.delete(channelId);
    };
  }

  send(channelId: string, message: Message): void {
    this.transport.send(toText({ channel: channelId, body: message }));
  }

  private read(text: string): void {
    const envelope = text.length <= MAX_MESSAGE_CHARACTERS ? parse(text) : undefined;
    if (envelope === undefined) return this.refuse("", "GARBAGE");
    const end = this.ends.get(envelope.channel);
    if (end !== undefined) end.receive(envelope.body);
    // Whoever refuses is not refused: two that do not know each other's channels would never end.
    else if (!isRefusal(envelope.body)) this.refuse(envelope.channel, "UNKNOWN_CHANNEL");
  }

  private refuse(channelId: string, code: SdkErrorCode): void {
    this.send(channelId, { type: "refuse", of: "", version: 0n, code, signature: null });
  }
}

interface Envelope {
  readonly channel: string;
  readonly body: unknown;
}

function parse(text: string): Envelope | undefined {
  try {
    const value = JSON.parse(text) as Partial<Envelope> | null;
    return typeof value?.channel === "string" ? { channel: value.channel, body: value.body } : undefined;
  } catch {
    return undefined;
  }
}

function isRefusal(body: unknown): boolean {
  return typeof body === "object" && body !== null && "type" in body && body.type === "refuse";
}
