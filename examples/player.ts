import { Wallet, formatEther, getBytes, toBeHex, type Provider } from "ethers";
import { z } from "zod";
import type { Channel, ChannelVenue, SignedState } from "../protocol/channel";
import { ChannelClient } from "../sdk/channel/channelClient";
import { ChannelContract } from "../sdk/channel/channelContract";
import { Dispute } from "../sdk/channel/dispute";
import { nodeSignatures } from "../sdk/keys/nativeSignatures";
import { RuleBook } from "../sdk/rules/ruleBook";
import type { Rules } from "../sdk/rules/rules";
import { FileStore } from "../sdk/store/fileStore";
import { PeerLink } from "../sdk/transport/peerLink";
import { connectPeer, servePeers } from "../sdk/transport/webSocketServer";
import { WebSocketTransport } from "../sdk/transport/webSocketTransport";
import { providerOf } from "./localChain";

/** One of the two players of the example, in a process of its own: `channel.ts` starts it. */
export const playerConfig = z.object({
  name: z.string(),
  me: z.int().min(0).max(1),
  rpc: z.string(),
  /** Pays the deposit and is paid. */
  account: z.string(),
  /** Signs states: made for these channels, without any coins. */
  sessionKey: z.string(),
  folder: z.string(),
  /** The first player listens here, the second connects. */
  port: z.int(),
  chainId: z.string(),
  channels: z.string(),
  friendly: z.unknown(),
  disputed: z.unknown(),
});

const STAKE = 10n ** 18n;
/** Cells, by player: who wins has three in a row. */
const FIRST_WINS = [
  [0, 1, 2],
  [3, 4],
] as const;
const SECOND_WINS = [
  [0, 1, 8],
  [3, 4, 5],
] as const;

interface Seat {
  readonly client: ChannelClient;
  readonly contract: ChannelContract;
  readonly rules: Rules;
  /** Every state that all have signed, oldest first: who cheats needs an old one. */
  readonly history: SignedState[];
  /** Resolves once the newest state is as asked for. */
  until(isMet: () => boolean): Promise<void>;
}

async function main(): Promise<void> {
  const config = playerConfig.parse(JSON.parse(process.env.PLAYER ?? "{}"));
  const { name, me } = config;
  const say = (text: string): void => console.log(`${name}: ${text}`);
  const provider = providerOf(config.rpc);
  const account = new Wallet(config.account, provider);
  const venue = { chainId: BigInt(config.chainId), channels: config.channels };
  const store = await FileStore.open(config.folder);
  const stopped = new AbortController();
  const { link, close } = await connect(config.me, config.port, stopped.signal);
  const sit = (channel: Channel): Promise<Seat> =>
    takeSeat(channel, venue, config.me, config.sessionKey, provider, store, link);

  const friendly = await sit(parseChannel(config.friendly));
  const disputed = await sit(parseChannel(config.disputed));
  await friendly.contract.deposit(account, me);
  await disputed.contract.deposit(account, me);
  say("paid the deposits of both channels");
  for (const { contract } of [friendly, disputed]) {
    if (!(await contract.opened(50, stopped.signal))) throw new Error("the other did not pay");
  }

  // A friendly game, a rematch for twice the stake, and a close that both sign.
  const played = await playRound(friendly, me, 1n, STAKE, FIRST_WINS, say);
  const settled = await settle(friendly, me, played);
  const rematch = await playRound(friendly, me, settled + 1n, 2n * STAKE, SECOND_WINS, say);
  await settle(friendly, me, rematch);
  const closed = await friendly.client.close();
  if (me === 0) {
    await friendly.contract.close(account, closed);
    say(`closes the first channel on chain: ${closed.balances.map(formatEther).join(" and ")} BNB`);
  }

  // A game that Bob loses and will not settle: he shows an old state instead.
  await playRound(disputed, me, 1n, 5n * STAKE, FIRST_WINS, say);
  const dispute = new Dispute(disputed.client, disputed.contract, disputed.rules, account);
  if (me === 1) {
    const old = disputed.history.find(({ state }) => state.version === 1n);
    if (old === undefined) throw new Error("there is no old state to cheat with");
    say(`has lost, and shows the old state of version ${old.state.version} on chain, in which nobody had moved`);
    await disputed.contract.challenge(account, old);
  } else {
    await dispute.guard({
      everyMs: 50,
      signal: stopped.signal,
      onStep: ({ kind }) => {
        if (kind === "answer") say(`answers with version ${disputed.client.state.version}, which both have signed`);
        if (kind === "conclude") say("concludes: the pot goes by the newest state");
      },
    });
  }
  stopped.abort();
  await close();
  await store.close();
  provider.destroy();
}

async function takeSeat(
  channel: Channel,
  venue: ChannelVenue,
  me: number,
  sessionKey: string,
  provider: Provider,
  store: FileStore,
  link: PeerLink,
): Promise<Seat> {
  const signatures = nodeSignatures();
  const rules = await new RuleBook(provider).rulesAt(channel.rules);
  const history: SignedState[] = [];
  const waiting = new Set<() => void>();
  const client: ChannelClient = await ChannelClient.open({
    channel,
    venue,
    key: signatures.keyOf(sessionKey),
    signatures,
    rules,
    store,
    peers: new Map([[1 - me, link]]),
    acceptTerms: ({ stake }) => stake <= 5n * STAKE,
    onEvent: (event) => {
      if (event.kind === "agreed") history.push(client.agreed);
      for (const wake of waiting) wake();
    },
  });
  const until = async (isMet: () => boolean): Promise<void> => {
    while (!isMet()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  return { client, contract: new ChannelContract(channel, venue, provider), rules, history, until };
}

/** @returns The version of its last state. */
async function playRound(
  { client, rules, until }: Seat,
  me: number,
  /** Version of the state with which it begins. */
  first: bigint,
  stake: bigint,
  moves: readonly (readonly number[])[],
  say: (text: string) => void,
): Promise<bigint> {
  if (me === 0) {
    await client.begin({ stake, setup: "0x" });
    say(`begins a round for ${formatEther(stake)} BNB each`);
  }
  const mine = moves[me] ?? [];
  const last = first + BigInt(moves.reduce((sum, each) => sum + each.length, 0));
  for (const [turn, cell] of mine.entries()) {
    // The first player's moves lead to the states 1, 3, 5, … after the first, the second's to 2, 4, 6, …
    await until(() => client.state.version >= first + BigInt(2 * turn + me));
    await client.play(toBeHex(cell, 1));
    say(`takes cell ${cell}`);
  }
  await until(() => client.state.version >= last);
  const outcome = await rules.outcome(getBytes(client.state.gameState), 2n);
  if (outcome?.over !== true) throw new Error("the game should be over");
  if (outcome.shareBps[me] === 10_000n) say("has won");
  return last;
}

/** @returns The version of the state after it. */
async function settle({ client, until }: Seat, me: number, played: bigint): Promise<bigint> {
  if (me === 0) await client.settle();
  await until(() => client.state.version > played);
  return played + 1n;
}

async function connect(
  me: number,
  port: number,
  signal: AbortSignal,
): Promise<{ link: PeerLink; close: () => Promise<void> }> {
  if (me === 1) {
    return { link: new PeerLink(connectPeer(`ws://127.0.0.1:${port}/bob`, signal)), close: async () => undefined };
  }
  const transport = new WebSocketTransport();
  const server = await servePeers(new Map([["/bob", transport]]), { port });
  return { link: new PeerLink(transport), close: () => server.close() };
}

const channelSchema = z.object({
  gameId: z.string(),
  rules: z.string(),
  token: z.string(),
  participants: z.array(z.object({ account: z.string(), signer: z.string(), deposit: z.string() })),
  challengeSeconds: z.string(),
  lifeSeconds: z.string(),
  nonce: z.string(),
});

function parseChannel(value: unknown): Channel {
  const { gameId, rules, token, participants, challengeSeconds, lifeSeconds, nonce } = channelSchema.parse(value);
  return {
    gameId: BigInt(gameId),
    rules,
    token,
    participants: participants.map((each) => ({ ...each, deposit: BigInt(each.deposit) })),
    challengeSeconds: BigInt(challengeSeconds),
    lifeSeconds: BigInt(lifeSeconds),
    nonce: BigInt(nonce),
  };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
