import { expect } from "chai";
import {
  channelDomain,
  channelId,
  closeDigest,
  initialState,
  stateDigest,
  type ChannelState,
} from "../../../protocol/channel";
import type { ChannelClient } from "../../../sdk/channel/channelClient";
import { authorDigest, toWire, type Unsigned } from "../../../sdk/channel/wire";
import { MemoryStore } from "../../../sdk/store/memoryStore";
import type { StateStore } from "../../../sdk/store/stateStore";
import { memoryTransports } from "../../../sdk/transport/memoryTransport";
import { PeerLink } from "../../../sdk/transport/peerLink";
import type { Transport } from "../../../sdk/transport/transport";
import { heapOf, take } from "./countdown";
import { DEPOSIT, VENUE, channelOf, join, keyOf, stranger, type Party, type Stranger } from "./support";

const DOMAIN = channelDomain(VENUE);
const STAKE = 10n;
const SETUPS = { inTurn: "0x04", anyone: "0x0401" } as const;

/** Remembers every record that it was ever given: each is a backup. */
class BackedUpStore extends MemoryStore {
  readonly backups: string[] = [];

  override async save(id: string, record: string): Promise<void> {
    this.backups.push(record);
    await super.save(id, record);
  }
}

async function restored(id: string, backup: string | undefined): Promise<StateStore> {
  const store = new MemoryStore();
  if (backup !== undefined) await store.save(id, backup);
  return store;
}

interface Said {
  readonly type: string;
  readonly version?: string;
  readonly signature?: string;
  readonly state?: { readonly version: string };
  readonly agreed?: { readonly state: { readonly version: string }; readonly signatures: readonly string[] };
  readonly pending?: { readonly state: { readonly version: string }; readonly signatures: readonly (string | null)[] };
}

/** Every signature of one participant that leaves it, by version. The keys sign one content in one way only. */
class Witness {
  readonly seen = new Map<string, Set<string>>();

  constructor(private readonly participant: number) {}

  over(transport: Transport): Transport {
    return {
      send: (text) => {
        this.note((JSON.parse(text) as { readonly body: Said }).body);
        transport.send(text);
      },
      onText: (listener) => transport.onText(listener),
      onOpen: (listener) => transport.onOpen(listener),
      close: () => transport.close(),
    };
  }

  /** Fails where two contents of one version were signed. */
  check(): void {
    for (const [version, signatures] of this.seen)
      expect(signatures.size, `contents of version ${version}`).to.equal(1);
  }

  private note({ type, version, signature, state, agreed, pending }: Said): void {
    const signed = [
      type === "signed" ? [version, signature] : [],
      type === "propose" ? [state?.version, signature] : [],
      [agreed?.state.version, agreed?.signatures[this.participant]],
      [pending?.state.version, pending?.signatures[this.participant]],
    ];
    for (const [of, by] of signed) {
      if (typeof of === "string" && typeof by === "string") this.seen.set(of, (this.seen.get(of) ?? new Set()).add(by));
    }
  }
}

async function version(clients: readonly ChannelClient[], newest: bigint): Promise<void> {
  for (const client of clients) {
    while (client.state.version < newest) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A round to its end, from whatever has been agreed on so far. */
async function playRound(clients: readonly [ChannelClient, ChannelClient], setup: string): Promise<void> {
  for (;;) {
    const { version: before, gameState } = clients[0].state;
    if (gameState === "0x") await clients[0].begin({ stake: STAKE, setup });
    else if (heapOf(gameState) === 0) await clients[1].settle();
    else await clients[gameState.startsWith("00", 4) || heapOf(gameState) === 4 ? 0 : 1].play(take(1));
    await version(clients, before + 1n);
    if (heapOf(gameState === "0x" ? "0x01" : gameState) === 0) return;
  }
}

describe("ChannelClient: a store that is put back to a backup", () => {
  for (const me of [0, 1]) {
    for (const [title, setup] of Object.entries(SETUPS)) {
      it(`never signs a second content for a version, whichever record participant ${me} has (${title})`, async () => {
        const channel = channelOf(2);
        const store = new BackedUpStore();
        const witness = new Witness(me);
        const ends = memoryTransports();
        const links = ends.map((end, at) => new PeerLink(at === me ? witness.over(end) : end));
        const seat = (at: number, given: StateStore): Promise<Party> =>
          join(channel, at, new Map([[1 - at, links[at] as PeerLink]]), { store: given });
        const peer = await seat(1 - me, new MemoryStore());
        let own = await seat(me, store);
        const clients = (): [ChannelClient, ChannelClient] =>
          me === 0 ? [own.client, peer.client] : [peer.client, own.client];
        await playRound(clients(), setup);
        const backups = [undefined, ...store.backups];
        expect(backups.length).to.be.greaterThan(6);
        for (const backup of backups) {
          await own.client.leaveChannel();
          own = await seat(me, await restored(own.client.id, backup));
          await own.client.ready();
          expect(own.client.agreed).to.deep.equal(peer.client.agreed);
          await playRound(clients(), setup);
        }
        witness.check();
        expect(witness.seen.size).to.equal(Number(own.client.state.version));
      });
    }
  }

  it("signs no state any more where it had signed to close", async () => {
    const channel = channelOf(2);
    const store = new BackedUpStore();
    const links = memoryTransports().map((end) => new PeerLink(end)) as [PeerLink, PeerLink];
    const peer = await join(channel, 1, new Map([[0, links[1]]]));
    const own = await join(channel, 0, new Map([[1, links[0]]]), { store });
    await playRound([own.client, peer.client], SETUPS.inTurn);
    const before = store.backups.at(-1);
    const closed = await own.client.close();
    await own.client.leaveChannel();
    const again = await join(channel, 0, new Map([[1, links[0]]]), { store: await restored(own.client.id, before) });
    expect(again.client.isEnding).to.equal(false);
    await again.client.ready();
    expect(again.client.isEnding).to.equal(true);
    expect(again.client.signedClose).to.deep.equal(closed);
  });
});

/** Three at a table where one was restored, and the others speak one after the other. */
interface Table {
  readonly client: ChannelClient;
  readonly store: StateStore;
  /** By participant; nobody at the restored one's place. */
  readonly peers: readonly Stranger[];
  /** Resolves once the restored one has read all that this peer has said, with all that it heard of a type since. */
  heardOf(peer: number, type: string): Promise<readonly Record<string, unknown>[]>;
}

const channel = channelOf(3);
const ID = channelId(channel, VENUE);

async function signed(by: number, state: ChannelState): Promise<string> {
  return keyOf(by).sign(stateDigest(state, DOMAIN));
}

async function agreedBy(players: readonly number[], state: ChannelState): Promise<unknown> {
  if (state.version === 0n) return { state, signatures: [] };
  return { state, signatures: await Promise.all(players.map((player) => signed(player, state))) };
}

async function hello(
  state: ChannelState,
  pending: {
    readonly proposer: number;
    readonly step: unknown;
    readonly state: ChannelState;
    by: number[];
  } | null = null,
): Promise<unknown> {
  const signatures = await Promise.all(
    [0, 1, 2].map((player) => (pending?.by.includes(player) ? signed(player, pending.state) : null)),
  );
  const signedPending =
    pending === null ? null : { proposer: pending.proposer, step: pending.step, state: pending.state, signatures };
  return toWire({
    type: "hello",
    agreed: await agreedBy([0, 1, 2], state),
    pending: signedPending,
    closing: null,
    reply: false,
  });
}

async function authored(by: number, unsigned: Unsigned): Promise<unknown> {
  return toWire({ ...unsigned, signature: await keyOf(by).sign(authorDigest(ID, unsigned)) });
}

async function restoredTable(me: number): Promise<Table> {
  const peers: Stranger[] = [];
  const links = new Map<number, PeerLink>();
  for (const peer of [0, 1, 2]) {
    const [theirs, mine] = memoryTransports();
    peers.push(stranger(theirs, channel));
    if (peer !== me) links.set(peer, new PeerLink(mine));
  }
  const { client, store } = await join(channel, me, links);
  return {
    client,
    store,
    peers,
    async heardOf(peer, type) {
      const { heard, say, next } = peers[peer] as Stranger;
      // What is said in a channel is read in order: the answer to this comes after all others.
      say("nonsense");
      await next("refuse");
      return heard.filter(({ body }) => body.type === type).map(({ body }) => body);
    },
  };
}

const INITIAL = initialState(channel, VENUE);
/** All at the heap of 9 and anyone may move; the first participant proposes. */
const BEGUN: ChannelState = { ...INITIAL, version: 1n, stake: STAKE, gameState: "0x09ff0300" };
const taken = (count: number): ChannelState => ({ ...BEGUN, version: 2n, gameState: `0x0${9 - count}ff0300` });
const moveOf = (player: number, count: number): { kind: "move"; player: number; move: string } => ({
  kind: "move",
  player,
  move: take(count),
});

describe("ChannelClient: who was restored hears everyone before it signs", () => {
  it("proposes no other move than the one that it proposed before", async () => {
    const { client, peers, heardOf } = await restoredTable(0);
    const [, one, two] = peers as [Stranger, Stranger, Stranger];
    // Of the second participant's move, which was proposed, the third knows nothing.
    two.say(await hello(BEGUN));
    two.say(await authored(2, { type: "request", version: 1n, step: moveOf(2, 3) }));
    expect(await heardOf(2, "propose")).to.deep.equal([]);
    one.say(await hello(BEGUN, { proposer: 0, step: moveOf(1, 1), state: taken(1), by: [0, 1] }));
    const proposed = (await two.next("propose")) as { state: unknown; signature: string };
    expect(proposed.state).to.deep.equal(toWire(taken(1)));
    expect(proposed.signature).to.equal(await signed(0, taken(1)));
    // And then the move that was asked for.
    two.say(toWire({ type: "signed", version: 2n, signature: await signed(2, taken(1)) }));
    const { state } = (await two.next("propose")) as { state: unknown };
    expect(state).to.deep.equal(toWire({ ...taken(4), version: 3n }));
    expect(client.state).to.deep.equal(taken(1));
  });

  it("signs no other proposal than the one that it signed before", async () => {
    const { client, peers, heardOf } = await restoredTable(1);
    const [zero, , two] = peers as [Stranger, Stranger, Stranger];
    zero.say(await hello(BEGUN));
    const other = { type: "propose", proposer: 0, step: moveOf(2, 3), state: taken(3) };
    zero.say(toWire({ ...other, signature: await signed(0, taken(3)) }));
    expect(await heardOf(0, "signed")).to.deep.equal([]);
    two.say(await hello(taken(1)));
    const { code } = await zero.next("refuse");
    expect(code).to.equal("OLD_VERSION");
    expect(await heardOf(0, "signed")).to.deep.equal([]);
    expect(client.state).to.deep.equal(taken(1));
  });

  it("signs what was proposed meanwhile, once it has heard everyone", async () => {
    const { client, peers } = await restoredTable(1);
    const [zero, , two] = peers as [Stranger, Stranger, Stranger];
    zero.say(await hello(BEGUN));
    const proposal = { type: "propose", proposer: 0, step: moveOf(2, 1), state: taken(1) };
    zero.say(toWire({ ...proposal, signature: await signed(0, taken(1)) }));
    two.say(await hello(BEGUN));
    expect((await two.next("signed")).signature).to.equal(await signed(1, taken(1)));
    expect(client.state).to.deep.equal(BEGUN);
  });

  it("begins no round that it has begun already on other terms", async () => {
    const { client, peers, heardOf } = await restoredTable(0);
    const [, one, two] = peers as [Stranger, Stranger, Stranger];
    const terms = { version: 0n, stake: STAKE, setup: "0x05" } as const;
    one.say(await hello(INITIAL));
    one.say(await authored(1, { type: "invite", ...terms }));
    // Its program says yes; then only the third is missing.
    await heardOf(1, "propose");
    two.say(await authored(2, { type: "accept", ...terms }));
    expect(await heardOf(2, "propose")).to.deep.equal([]);
    two.say(await hello(BEGUN));
    await heardOf(2, "propose");
    expect(client.state).to.deep.equal(BEGUN);
    expect(await heardOf(1, "propose")).to.deep.equal([]);
  });

  it("signs to close with no balances from before", async () => {
    const { client, peers, heardOf } = await restoredTable(1);
    const [zero, , two] = peers as [Stranger, Stranger, Stranger];
    const balances = [DEPOSIT, DEPOSIT, DEPOSIT];
    zero.say(await hello(INITIAL));
    const signature = await keyOf(0).sign(closeDigest(ID, balances, DOMAIN));
    zero.say(toWire({ type: "close", balances, signature }));
    expect(await heardOf(0, "close")).to.deep.equal([]);
    const settled = { ...INITIAL, version: 4n, balances: [DEPOSIT - STAKE, DEPOSIT + 2n * STAKE, DEPOSIT - STAKE] };
    two.say(await hello(settled));
    expect((await zero.next("refuse")).code).to.equal("WRONG_BALANCES");
    expect(await heardOf(2, "close")).to.deep.equal([]);
    expect(client.isEnding).to.equal(false);
    expect(client.state).to.deep.equal(settled);
  });
});
