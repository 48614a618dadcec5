import { attempted } from "../cassini/attempts";
import { ContractRevert } from "../errors";
import type { ChainReader, Clock, TransactionSender } from "../ports";
import type { WatchedChannel } from "../store/channels";
import type { Store } from "../store/store";
import { CHANNELS, answerRefusal, isPhase, type ChannelView } from "./channelsInterface";
import type { EmitWatchtower } from "./events";
import { MAX_ANSWERS, viewChannel, type WatchedChain } from "./submissions";

/** Channels that are looked at in one step, and at once. */
const LOOKS_PER_STEP = 128;
const CONCURRENT_LOOKS = 8;
/** Looks at a channel in the time of one challenge, whatever the logs say or leave out. */
const LOOKS_PER_CHALLENGE = 4n;
/** What is over is kept a while: a block that says so may be undone. */
const FORGET_AFTER_MS = 3_600_000;

/** From an answer that failed to the next. */
const RETRY_MS = 5_000;

const CHALLENGED = CHANNELS.getEvent("Challenged")?.topicHash ?? "";

/**
 * Answers stale challenges of one contract. Logs tell of challenges soon; a look at each channel several times in the
 * time of a challenge finds those that an endpoint left out, and at the start those of the time before.
 */
export class ChannelGuard {
  /** Last block whose logs were read; undefined: none since the start. */
  private cursor: bigint | undefined;
  private readonly answering = new Map<string, Promise<void>>();

  constructor(
    private readonly chain: WatchedChain & { readonly reader: ChainReader },
    private readonly deps: {
      readonly sender: TransactionSender;
      readonly store: Pick<Store, "channels" | "transactions">;
      readonly clock: Pick<Clock, "now">;
      readonly emit: EmitWatchtower;
    },
  ) {}

  /** Looks at what is due; does not wait for the answers that it sends. */
  async step(signal: AbortSignal): Promise<void> {
    const { store, clock, emit } = this.deps;
    const { reader, channels, chainId } = this.chain;
    const { number, timestamp } = await reader.finalized(signal);
    if (this.cursor === undefined) {
      await store.channels.makeDue(this.chain);
    } else if (number > this.cursor) {
      const query = { address: channels, topics: [CHALLENGED], from: this.cursor + 1n, to: number, attempt: 0 };
      for (const { topics } of await reader.logs(query, signal)) {
        await store.channels.makeDue(this.chain, topics[1]);
      }
    }
    this.cursor = number;
    const due = await store.channels.due(this.chain, clock.now(), LOOKS_PER_STEP);
    for (let at = 0; at < due.length; at += CONCURRENT_LOOKS) {
      const some = due.slice(at, at + CONCURRENT_LOOKS);
      await Promise.all(some.map((channel) => this.look(channel, timestamp, signal)));
    }
    emit({ kind: "looked", chainId, watched: await store.channels.count(this.chain) });
  }

  /** Resolves when no answer is on its way. */
  async settled(): Promise<void> {
    while (this.answering.size > 0) await Promise.all(this.answering.values());
  }

  private async look(channel: WatchedChannel, timestamp: bigint, signal: AbortSignal): Promise<void> {
    const { store, clock, emit } = this.deps;
    const { chainId } = this.chain;
    const { channelId, version } = channel;
    const view = await viewChannel(this.chain, channelId, signal);
    const now = clock.now();
    const isStale = isPhase(view, "disputed") && view.version < version;
    const isOver = hasEnded(view, timestamp);
    if (isOver && channel.endedAt !== undefined && now - channel.endedAt >= FORGET_AFTER_MS) {
      await store.channels.forget(this.chain, channelId);
      emit({ kind: "forgotten", chainId, channelId });
      return;
    }
    if (isOver && isStale && channel.endedAt === undefined) {
      emit({ kind: "answer_missed", chainId, channelId, disputed: view.version, version });
    }
    if (!isOver && isStale) this.startAnswer(channel, view.version, signal);
    const checkAt = now + Number((channel.challengeSeconds * 1_000n) / LOOKS_PER_CHALLENGE);
    await store.channels.looked(this.chain, channel, {
      checkAt,
      endedAt: isOver ? (channel.endedAt ?? now) : undefined,
    });
  }

  private startAnswer(channel: WatchedChannel, disputed: bigint, signal: AbortSignal): void {
    const { store, emit } = this.deps;
    const { chainId } = this.chain;
    const { channelId, version } = channel;
    if (this.answering.has(channelId)) return;
    if (channel.answers >= MAX_ANSWERS) {
      emit({ kind: "answer_refused", chainId, channelId, version, reason: "ANSWERS_SPENT" });
      return;
    }
    emit({ kind: "stale_challenge", chainId, channelId, disputed, version });
    const again = (): Promise<void> => {
      const checkAt = this.deps.clock.now() + RETRY_MS;
      return store.channels.looked(this.chain, channel, { checkAt, endedAt: undefined });
    };
    const running = this.answer(channel, signal)
      // A newer state may have come meanwhile: the next look tells.
      .then((sent) => (sent ? store.channels.makeDue(this.chain, channelId) : again()))
      .catch(async (error: unknown) => {
        if (signal.aborted) return;
        emit({ kind: "failed", chainId, channelId, error, retryInMs: RETRY_MS });
        await again();
      })
      .finally(() => this.answering.delete(channelId));
    this.answering.set(channelId, running);
  }

  /** Whether the answer was mined and did what it should. */
  private async answer({ channelId, version, answer: data }: WatchedChannel, signal: AbortSignal): Promise<boolean> {
    const { sender, store, emit } = this.deps;
    const { chainId, channels: to, reader } = this.chain;
    let gas: bigint;
    try {
      gas = await reader.estimateGas({ from: sender.address, to, data }, signal);
    } catch (error) {
      if (!(error instanceof ContractRevert)) throw error;
      const reason = answerRefusal(error.data);
      if (reason !== undefined) emit({ kind: "answer_refused", chainId, channelId, version, reason });
      return false;
    }
    const request = { chainId, key: `answer:${to}:${channelId}:${version}`, to, data, gasLimit: gas + gas / 4n };
    const { succeeded, hash } = await attempted(store, sender, request, signal);
    await store.channels.countAnswer(this.chain, channelId);
    if (succeeded) emit({ kind: "answered", chainId, channelId, version, transactionHash: hash });
    return succeeded;
  }
}

/** No newer state counts any more. */
function hasEnded(view: ChannelView, timestamp: bigint): boolean {
  if (isPhase(view, "disputed")) return timestamp > view.deadline;
  return !isPhase(view, "open");
}
