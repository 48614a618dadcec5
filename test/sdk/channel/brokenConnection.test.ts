import { expect } from "chai";
import { WebSocket } from "ws";
import type { ChannelClient } from "../../../sdk/channel/channelClient";
import { PeerLink } from "../../../sdk/transport/peerLink";
import { servePeers, type PeerServer } from "../../../sdk/transport/webSocketServer";
import { WebSocketTransport, keepConnected, type SocketLike } from "../../../sdk/transport/webSocketTransport";
import { take } from "./countdown";
import { DEPOSIT, channelOf, join, type Party } from "./support";

const STAKE = 100n;
/** The second byte lets anyone move: the second participant then asks the first to propose. */
const SETUPS = { inTurn: "0x03", anyone: "0x0301" } as const;
/** What each participant sends in these rounds. */
const MESSAGES = [
  ["hello", "invite", "propose", "signed", "close"],
  ["hello", "invite", "accept", "propose", "signed", "request", "close"],
] as const;

/** Ends the connection in the place of the first message of a type. */
class Cutter {
  cut = 0;

  constructor(private readonly type: string) {}

  /** Whether this text is the one that is lost. */
  isLost(text: string): boolean {
    const { body } = JSON.parse(text) as { readonly body: { readonly type: string } };
    if (this.cut > 0 || body.type !== this.type) return false;
    this.cut += 1;
    return true;
  }

  wrap(socket: WebSocket): SocketLike {
    const send = (text: string): void => {
      if (this.isLost(text)) socket.terminate();
      else socket.send(text);
    };
    return {
      get readyState() {
        return socket.readyState;
      },
      send,
      close: () => socket.close(),
      addEventListener: socket.addEventListener.bind(socket) as unknown as SocketLike["addEventListener"],
    };
  }
}

type Wrap = (socket: WebSocket) => SocketLike;
const asItIs: Wrap = (socket) => socket as unknown as SocketLike;

/** The serving end, whose sockets are wrapped too. */
class ServingTransport extends WebSocketTransport {
  constructor(private readonly wrap: Wrap) {
    super();
  }

  override attach(socket: SocketLike): void {
    super.attach(this.wrap(socket as unknown as WebSocket));
  }
}

describe("ChannelClient: a connection that breaks", () => {
  let server: PeerServer;
  let stopped: AbortController;

  beforeEach(() => {
    stopped = new AbortController();
  });

  afterEach(async () => {
    stopped.abort();
    await server.close();
  });

  /** Participant 0 serves and 1 connects, each by what its `wrap` makes of a socket. */
  async function seated(wraps: readonly [Wrap, Wrap], channels = [channelOf(2)]): Promise<Party[][]> {
    const [serving, connecting] = wraps;
    const transport = new ServingTransport(serving);
    server = await servePeers(new Map([["/one", transport]]));
    const url = `ws://127.0.0.1:${server.port}/one`;
    const client = keepConnected(() => connecting(new WebSocket(url)), stopped.signal);
    const links = [new PeerLink(transport), new PeerLink(client)];
    return Promise.all(
      channels.map((channel) => Promise.all(links.map((link, me) => join(channel, me, new Map([[1 - me, link]]))))),
    );
  }

  async function version(clients: readonly ChannelClient[], newest: bigint): Promise<void> {
    for (const client of clients) {
      while (client.state.version < newest) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Two rounds, one of each kind, and a close. */
  async function playAll([one, two]: readonly [ChannelClient, ChannelClient]): Promise<void> {
    await Promise.all([one.begin({ stake: STAKE, setup: SETUPS.inTurn }), version([one, two], 1n)]);
    await Promise.all([one.play(take(1)), version([one, two], 2n)]);
    await Promise.all([two.play(take(2)), version([one, two], 3n)]);
    await Promise.all([two.settle(), version([one, two], 4n)]);
    await Promise.all([two.begin({ stake: STAKE, setup: SETUPS.anyone }), version([one, two], 5n)]);
    await Promise.all([two.play(take(3)), version([one, two], 6n)]);
    await Promise.all([one.settle(), version([one, two], 7n)]);
    const [closed, same] = await Promise.all([one.close(), two.close()]);
    expect(closed.balances).to.deep.equal([DEPOSIT - 2n * STAKE, DEPOSIT + 2n * STAKE]);
    expect(same).to.deep.equal(closed);
  }

  for (const [participant, types] of MESSAGES.entries()) {
    for (const type of types) {
      it(`loses nothing where it breaks in the place of participant ${participant}'s ${type}`, async () => {
        const cutter = new Cutter(type);
        const cutting: Wrap = (socket) => cutter.wrap(socket);
        const [parties] = (await seated(participant === 0 ? [cutting, asItIs] : [asItIs, cutting])) as [Party[]];
        await playAll(parties.map(({ client }) => client) as [ChannelClient, ChannelClient]);
        expect(cutter.cut).to.equal(1);
        for (const { events } of parties) expect(events.filter(({ kind }) => kind === "fault")).to.deep.equal([]);
      });
    }
  }

  it("carries two channels over one connection, and both go on after it broke", async () => {
    let broken: WebSocket | undefined;
    const breaking: Wrap = (socket) => asItIs((broken = socket));
    const seats = await seated([asItIs, breaking], [channelOf(2), channelOf(2, 2n)]);
    const [first, second] = seats as [Party[], Party[]];
    const both = [first, second].map((parties) => parties.map(({ client }) => client));
    const begun = both.map(([one]) => one?.begin({ stake: STAKE, setup: SETUPS.inTurn }));
    await Promise.all([...begun, ...both.map((clients) => version(clients, 1n))]);
    broken?.terminate();
    const moved = both.map(([one], channel) => one?.play(take(channel + 1)));
    await Promise.all([...moved, ...both.map((clients) => version(clients, 2n))]);
    expect(both.map(([, two]) => two?.state.gameState)).to.deep.equal(["0x02010200", "0x01010200"]);
  });
});
