import { ZeroAddress, id, toBeHex } from "ethers";
import { channelId, type Channel, type ChannelVenue } from "../../../protocol/channel";
import { ChannelClient } from "../../../sdk/channel/channelClient";
import type { ChannelEvent } from "../../../sdk/channel/channelEvent";
import type { ChannelOptions } from "../../../sdk/channel/channelOptions";
import { nodeSignatures } from "../../../sdk/keys/nativeSignatures";
import { MemoryStore } from "../../../sdk/store/memoryStore";
import type { StateStore } from "../../../sdk/store/stateStore";
import { memoryTransports } from "../../../sdk/transport/memoryTransport";
import { PeerLink } from "../../../sdk/transport/peerLink";
import type { Transport } from "../../../sdk/transport/transport";
import { CountdownRules } from "./countdown";

export const signatures = nodeSignatures();
export const VENUE: ChannelVenue = { chainId: 31_337n, channels: toBeHex(0xc4a, 20) };
export const DEPOSIT = 1_000n;

/** The key of a participant, the same in every process. */
export function keyOf(participant: number): ReturnType<typeof signatures.keyOf> {
  return signatures.keyOf(id(`participant ${participant}`));
}

export function channelOf(players: number, nonce = 1n): Channel {
  return {
    gameId: 1n,
    rules: toBeHex(0x1234, 20),
    token: ZeroAddress,
    participants: Array.from({ length: players }, (_, index) => ({
      account: toBeHex(index + 1, 20),
      signer: keyOf(index).address,
      deposit: DEPOSIT,
    })),
    challengeSeconds: 3_600n,
    lifeSeconds: 360_000n,
    nonce,
  };
}

export interface Party {
  readonly client: ChannelClient;
  readonly events: ChannelEvent[];
  readonly store: StateStore;
  readonly options: ChannelOptions;
}

export function optionsOf(
  channel: Channel,
  me: number,
  peers: ReadonlyMap<number, PeerLink>,
  given: Partial<ChannelOptions> = {},
): { readonly options: ChannelOptions; readonly events: ChannelEvent[] } {
  const events: ChannelEvent[] = [];
  const options = {
    channel,
    venue: VENUE,
    key: keyOf(me),
    signatures,
    rules: new CountdownRules(),
    store: new MemoryStore(),
    peers,
    acceptTerms: () => true,
    onEvent: (event: ChannelEvent) => void events.push(event),
    ...given,
  };
  return { options, events };
}

export async function join(
  channel: Channel,
  me: number,
  peers: ReadonlyMap<number, PeerLink>,
  given: Partial<ChannelOptions> = {},
): Promise<Party> {
  const { options, events } = optionsOf(channel, me, peers, given);
  return { client: await ChannelClient.open(options), events, store: options.store, options };
}

/** Links between all participants: `links[a].get(b)`. */
export function mesh(players: number): ReadonlyMap<number, PeerLink>[] {
  const links = Array.from({ length: players }, () => new Map<number, PeerLink>());
  for (let a = 0; a < players; a++) {
    for (let b = a + 1; b < players; b++) {
      const [one, two] = memoryTransports();
      links[a]?.set(b, new PeerLink(one));
      links[b]?.set(a, new PeerLink(two));
    }
  }
  return links;
}

/** All participants of one channel, each with a store of its own. */
export async function table(
  players: number,
  given: (me: number) => Partial<ChannelOptions> = () => ({}),
): Promise<readonly Party[]> {
  const channel = channelOf(players);
  const links = mesh(players);
  return Promise.all(links.map((peers, me) => join(channel, me, peers, given(me))));
}

/** A participant that is no client: it says whatever a test wants, over a raw transport. */
export interface Stranger {
  readonly transport: Transport;
  readonly heard: { readonly channel: string; readonly body: Record<string, unknown> }[];
  say(body: unknown): void;
  /** Resolves with the first message of a type, now or later. */
  next(type: string): Promise<Record<string, unknown>>;
}

export function stranger(transport: Transport, channel: Channel): Stranger {
  const heard: Stranger["heard"] = [];
  const waiting: { readonly type: string; resolve(body: Record<string, unknown>): void }[] = [];
  transport.onText((text) => {
    const message = JSON.parse(text) as Stranger["heard"][number];
    const at = waiting.findIndex(({ type }) => type === message.body.type);
    if (at >= 0) waiting.splice(at, 1)[0]?.resolve(message.body);
    else heard.push(message);
  });
  return {
    transport,
    heard,
    say: (body) => transport.send(JSON.stringify({ channel: channelId(channel, VENUE), body })),
    next(type) {
      const at = heard.findIndex(({ body }) => body.type === type);
      if (at >= 0) return Promise.resolve(heard.splice(at, 1)[0]?.body as Record<string, unknown>);
      return new Promise((resolve) => waiting.push({ type, resolve }));
    },
  };
}
