import type { ChannelState } from "../../protocol/channel";
import { SdkError, type SdkErrorCode } from "../errors";
import { ChannelChecks } from "./channelChecks";
import type { ChannelEvent } from "./channelEvent";
import type { ChannelOptions } from "./channelOptions";
import { Condition } from "./condition";
import { encodeRecord, type ChannelRecord } from "./record";

/** The participant that proposes where no single player is to: it sets the order, and cannot do more than that. */
export const FIRST = 0;
/** Game state of a channel in which no round runs. */
export const NO_ROUND = "0x";

/** Why something is refused; undefined: it is done. */
export type Verdict = SdkErrorCode | undefined;

/** What one participant has of a channel: its record, which it keeps, and a queue in which it does one thing at a time. */
export class Side {
  /** The own participant number; -1 where the key is none of the channel's. */
  readonly me: number;
  readonly count: number;
  readonly checks: ChannelChecks;
  /** Told of every change. */
  readonly changed = new Condition();
  /** Peers that have said what they have. */
  readonly heard = new Set<number>();
  /** What peers have refused, by what and at which version, for whoever waits for it. */
  readonly refusals = new Map<string, SdkErrorCode>();
  private tail: Promise<unknown> = Promise.resolve();
  private failure: unknown;

  constructor(
    readonly options: ChannelOptions,
    private kept: ChannelRecord,
  ) {
    const { channel, venue, key, signatures } = options;
    this.checks = new ChannelChecks(channel, venue, signatures);
    this.count = channel.participants.length;
    this.me = channel.participants.findIndex(({ signer }) => BigInt(signer) === BigInt(key.address));
  }

  get record(): ChannelRecord {
    return this.kept;
  }

  /** The newest state that all have signed. */
  get state(): ChannelState {
    return this.kept.agreed.state;
  }

  /** Whether every peer has said what it has. Before that nothing is signed: an old backup is so found out. */
  get isReady(): boolean {
    return this.heard.size === this.options.peers.size;
  }

  /** Whether a signature to close was given, or the channel is in dispute: no state is signed any more. */
  get isEnding(): boolean {
    return this.endingVerdict !== undefined;
  }

  /** Why no state is signed any more. */
  get endingVerdict(): "STOPPED" | "CLOSING" | undefined {
    if (this.kept.stopped) return "STOPPED";
    return this.kept.closing === null ? undefined : "CLOSING";
  }

  /** Throws STOPPED or CLOSING. */
  requireSigning(): void {
    if (this.endingVerdict !== undefined) throw new SdkError(this.endingVerdict);
  }

  /** Room for a signature of each participant. */
  noSignatures(): null[] {
    return new Array<null>(this.count).fill(null);
  }

  /** Does this after all that was begun before, and before all that comes later. */
  enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.tail.then(() => {
      if (this.failure !== undefined) throw this.failure;
      return work();
    });
    this.tail = done.catch(() => undefined);
    return done;
  }

  /** Resolves when all that was begun is done. */
  async drain(): Promise<void> {
    await this.tail;
  }

  /** Changes the record; resolves when it is stored. */
  async update(changes: Partial<ChannelRecord>): Promise<void> {
    this.kept = { ...this.kept, ...changes };
    this.changed.notify();
    try {
      await this.options.store.save(this.checks.id, encodeRecord(this.kept));
    } catch (error) {
      // What was not stored must not be signed again: this side is over.
      this.failure = error;
      throw error;
    }
  }

  emit(event: ChannelEvent): void {
    this.changed.notify();
    this.options.onEvent?.(event);
  }
}
