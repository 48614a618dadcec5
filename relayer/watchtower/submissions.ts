import {
  channelDomain,
  channelId,
  packSignatures,
  stateDigest,
  type Channel,
  type ChannelState,
} from "../../protocol/channel";
import { channelFault, signaturesFault, stateFault } from "../../protocol/channelFault";
import { Refusal, parseRequest } from "../api/refusal";
import type { ChainReader, Clock } from "../ports";
import type { Store } from "../store/store";
import { CHANNELS, isPhase, phaseName, type ChannelView } from "./channelsInterface";
import type { EmitWatchtower } from "./events";
import { RateLimit } from "./rateLimit";
import { keptQuery, submissionCodec, type Submission } from "./wire";

/** Submissions of one address: a second, and at once after a silence. */
const PER_SECOND = 20;
const BURST = 40;
/** Channels of one contract that are watched at most. */
export const MAX_CHANNELS = 10_000;
/**
 * Answers that are sent for one channel: two for an honest player, whose newest state may come after the first. With no
 * end to them, participants who are all one could have each of many states of theirs answered at this operator's cost.
 */
export const MAX_ANSWERS = 3;

/** One chain's `StateChannels`. */
export interface WatchedChain {
  readonly chainId: bigint;
  readonly channels: string;
  readonly reader: Pick<ChainReader, "call">;
}

export interface Kept {
  readonly channelId: string;
  readonly version: bigint;
}

/** Reads a channel as it is now. */
export async function viewChannel(
  { channels, reader }: WatchedChain,
  id: string,
  signal: AbortSignal,
): Promise<ChannelView> {
  const answer = await reader.call(channels, CHANNELS.encodeFunctionData("statusOf", [id]), signal);
  const [status] = CHANNELS.decodeFunctionResult("statusOf", answer) as unknown as [ChannelView];
  return status;
}

/**
 * Takes the newest state of a channel into keeping. Whoever brings it need not be known: only what all participants
 * signed is kept, of channels that hold deposits on chain, and never an older state in the place of a newer.
 */
export class Submissions {
  private readonly rate: RateLimit;

  constructor(
    private readonly chains: ReadonlyMap<bigint, WatchedChain>,
    private readonly deps: {
      readonly store: Pick<Store, "channels">;
      readonly clock: Pick<Clock, "now">;
      readonly emit: EmitWatchtower;
      readonly maxChannels?: number;
    },
  ) {
    this.rate = new RateLimit(PER_SECOND, BURST, deps.clock);
  }

  /** Keeps what `body` says, or rejects with a Refusal. Durable when it resolves. */
  async submit(body: unknown, from: string, signal: AbortSignal): Promise<Kept> {
    try {
      if (!this.rate.allows(from)) {
        throw new Refusal(429, "TOO_MANY_REQUESTS", `at most ${PER_SECOND} states a second from one address`);
      }
      return await this.accept(parseRequest(submissionCodec, body), signal);
    } catch (error) {
      if (error instanceof Refusal) {
        this.deps.emit({ kind: "state_refused", code: error.code, message: error.message });
      }
      throw error;
    }
  }

  /** What is kept of a channel. */
  async kept(query: unknown): Promise<Kept> {
    const { chainId, channelId: id } = parseRequest(keptQuery, query);
    const found = await this.deps.store.channels.find(this.chainOf(chainId), id);
    if (found === undefined) throw new Refusal(404, "NOT_KEPT", "no state of this channel is kept here");
    return { channelId: found.channelId, version: found.version };
  }

  private async accept({ chainId, channel, state: given, signatures }: Submission, signal: AbortSignal): Promise<Kept> {
    const { store, clock, emit } = this.deps;
    const chain = this.chainOf(chainId);
    const id = channelId(channel, chain);
    const state: ChannelState = { channelId: id, ...given };
    const { version } = state;
    if (version === 0n) throw new Refusal(422, "NOTHING_TO_KEEP", "version 0 needs no signature and no keeper");
    refuseFault(channelFault(channel) ?? stateFault(channel, chain, state));

    const known = await store.channels.find(chain, id);
    if (known !== undefined && known.version > version) {
      throw new Refusal(409, "STATE_NOT_NEWER", `version ${known.version} of this channel is kept already`);
    }
    if (known !== undefined && known.answers >= MAX_ANSWERS) {
      const message = `this channel was answered for ${known.answers} times: answer yourself`;
      throw new Refusal(409, "ANSWERS_SPENT", message);
    }
    const max = this.deps.maxChannels ?? MAX_CHANNELS;
    if (known === undefined && (await store.channels.count(chain)) >= max) {
      throw new Refusal(503, "WATCHTOWER_FULL", `${max} channels are watched already: ask another watchtower`);
    }
    refuseFault(signaturesFault(channel, stateDigest(state, channelDomain(chain)), signatures));
    // Asked for the first time: sent again, for the answer may have been lost.
    if (known?.version === version) return { channelId: id, version };
    if (known === undefined || known.endedAt !== undefined) await this.requireOpen(chain, id, version, signal);

    const answer = encodeAnswer(channel, state, signatures);
    const { challengeSeconds } = channel;
    const kept = await store.channels.keep(chain, { channelId: id, version, challengeSeconds, answer }, clock.now());
    if (!kept) throw new Refusal(409, "STATE_NOT_NEWER", "a newer state of this channel came at the same time");
    emit({ kind: "state_kept", chainId, channelId: id, version });
    return { channelId: id, version };
  }

  /** A channel whose deposits are there, and for which a newer state still counts. */
  private async requireOpen(chain: WatchedChain, id: string, version: bigint, signal: AbortSignal): Promise<void> {
    const view = await viewChannel(chain, id, signal);
    const now = BigInt(Math.floor(this.deps.clock.now() / 1_000));
    const isInTime = isPhase(view, "disputed") && view.version < version && now <= view.deadline;
    if (isPhase(view, "open") || isInTime) return;
    throw new Refusal(409, "CHANNEL_NOT_OPEN", `the channel is ${phaseName(view)} on chain: this state helps nobody`);
  }

  private chainOf(chainId: bigint): WatchedChain {
    const chain = this.chains.get(chainId);
    if (chain === undefined)
      throw new Refusal(404, "UNKNOWN_CHAIN", `no channels of chain ${chainId} are watched here`);
    return chain;
  }
}

function refuseFault(fault: string | undefined): void {
  if (fault !== undefined) throw new Refusal(422, "STATE_REFUSED", `the contract would refuse this state: ${fault}`);
}

/** The call that shows a state in the place of an older one. */
export function encodeAnswer(channel: Channel, state: ChannelState, signatures: readonly string[]): string {
  return CHANNELS.encodeFunctionData("answer", [channel, state, packSignatures(signatures)]);
}
