import { expect } from "chai";
import { toBeHex } from "ethers";
import {
  channelDomain,
  channelId,
  closeDigest,
  initialState,
  stateDigest,
  type ChannelState,
} from "../../../protocol/channel";
import { authorDigest, toWire, type Unsigned } from "../../../sdk/channel/wire";
import type { ChannelClient } from "../../../sdk/channel/channelClient";
import { memoryTransports } from "../../../sdk/transport/memoryTransport";
import { PeerLink } from "../../../sdk/transport/peerLink";
import { take } from "./countdown";
import { DEPOSIT, VENUE, channelOf, join, keyOf, stranger, type Party, type Stranger } from "./support";

const channel = channelOf(2);
const DOMAIN = channelDomain(VENUE);
const STAKE = 100n;

async function signed(by: number, state: ChannelState): Promise<string> {
  return keyOf(by).sign(stateDigest(state, DOMAIN));
}

async function authored(by: number, unsigned: Unsigned): Promise<unknown> {
  return toWire({ ...unsigned, signature: await keyOf(by).sign(authorDigest(channelId(channel, VENUE), unsigned)) });
}

async function proposal(proposer: number, step: unknown, state: ChannelState): Promise<unknown> {
  return toWire({ type: "propose", proposer, step, state, signature: await signed(proposer, state) });
}

interface Scene {
  readonly party: Party;
  readonly client: ChannelClient;
  readonly peer: Stranger;
  /** Sends a message and returns the code it is refused with; nothing the client has may have changed by it. */
  refusedWith(body: unknown): Promise<unknown>;
}

/** An honest participant 1 against a participant 0 that says what a test wants. */
async function scene(): Promise<Scene> {
  const [one, two] = memoryTransports();
  const peer = stranger(one, channel);
  const party = await join(channel, 1, new Map([[0, new PeerLink(two)]]));
  const { client } = party;
  peer.say(toWire({ type: "hello", agreed: client.agreed, pending: null, closing: null, reply: false }));
  await client.ready();
  return {
    party,
    client,
    peer,
    async refusedWith(body) {
      const before = JSON.stringify(toWire(client.agreed));
      const stored = await party.store.load(client.id);
      peer.say(body);
      const { code } = await peer.next("refuse");
      expect(JSON.stringify(toWire(client.agreed))).to.equal(before);
      expect(await party.store.load(client.id)).to.equal(stored);
      return code;
    },
  };
}

/** The same with a round begun, in which it is the bad participant's turn. */
async function running(setup = "0x09"): Promise<Scene> {
  const it = await scene();
  it.peer.say(await authored(0, { type: "invite", version: 0n, stake: STAKE, setup }));
  await it.peer.next("accept");
  const turn = setup.length === 4 ? "00" : "ff";
  const state = {
    ...initialState(channel, VENUE),
    version: 1n,
    stake: STAKE,
    gameState: `0x${setup.slice(2, 4)}${turn}0200`,
  };
  it.peer.say(await proposal(0, { kind: "begin", stake: STAKE, setup }, state));
  await it.peer.next("signed");
  expect(it.client.state.version).to.equal(1n);
  return it;
}

/** The state after the bad participant took 3 of 9. */
const NEXT = { version: 2n, gameState: "0x06010200" };
const MOVE = { kind: "move", player: 0, move: take(3) };

describe("ChannelClient: bad peers", () => {
  for (const [title, text] of [
    ["no JSON", "{"],
    ["JSON without a channel", "[]"],
    ["null", "null"],
    ["more than any message has", JSON.stringify({ channel: channelId(channel, VENUE), body: "x".repeat(40_000) })],
  ] as const) {
    it(`answers ${title} with GARBAGE`, async () => {
      const { peer, client } = await scene();
      peer.transport.send(text);
      expect((await peer.next("refuse")).code).to.equal("GARBAGE");
      expect(client.state.version).to.equal(0n);
    });
  }

  it("answers a message of another channel with UNKNOWN_CHANNEL, unless it is a refusal", async () => {
    const { peer } = await scene();
    const other = channelId(channelOf(2, 9n), VENUE);
    peer.transport.send(JSON.stringify({ channel: other, body: { type: "refuse" } }));
    peer.transport.send(JSON.stringify({ channel: other, body: { type: "hello" } }));
    expect((await peer.next("refuse")).code).to.equal("UNKNOWN_CHANNEL");
    expect(peer.heard.filter(({ body }) => body.type === "refuse")).to.deep.equal([]);
  });

  for (const [title, body] of [
    ["no object", 7],
    ["an unknown type", { type: "pay" }],
    ["a missing field", { type: "signed", version: "1" }],
    ["a surplus field", { type: "signed", version: "1", signature: `0x${"00".repeat(64)}`, more: 1 }],
    ["a number as a number", { type: "signed", version: 1, signature: `0x${"00".repeat(64)}` }],
    [
      "a version beyond 64 bits",
      { type: "signed", version: "18446744073709551616", signature: `0x${"00".repeat(64)}` },
    ],
    ["a negative version", { type: "signed", version: "-1", signature: `0x${"00".repeat(64)}` }],
    ["a signature of 65 bytes", { type: "signed", version: "1", signature: `0x${"00".repeat(65)}` }],
    ["a code that is none", { type: "refuse", of: "", version: "0", code: "toString", signature: null }],
  ] as const) {
    it(`answers ${title} with GARBAGE`, async () => {
      const { refusedWith } = await scene();
      expect(await refusedWith(body)).to.equal("GARBAGE");
    });
  }

  it("refuses an illegal move", async () => {
    const { refusedWith, client } = await running();
    const state = { ...client.state, version: 2n, gameState: "0x05010200" };
    expect(await refusedWith(await proposal(0, { ...MOVE, move: take(4) }, state))).to.equal("ILLEGAL_MOVE");
  });

  it("refuses a move that it did not make", async () => {
    const { refusedWith, client } = await running("0x0901");
    const state = { ...client.state, version: 2n, gameState: "0x06ff0200" };
    expect(await refusedWith(await proposal(0, { ...MOVE, player: 1 }, state))).to.equal("NOT_MY_MOVE");
  });

  it("refuses other balances than the round's", async () => {
    const { refusedWith, client } = await running();
    const state = { ...client.state, ...NEXT, balances: [DEPOSIT + 1n, DEPOSIT - 1n] };
    expect(await refusedWith(await proposal(0, MOVE, state))).to.equal("WRONG_BALANCES");
    const many = { ...state, balances: [DEPOSIT, DEPOSIT, 0n] };
    expect(await refusedWith(await proposal(0, MOVE, many))).to.equal("WRONG_BALANCES");
  });

  it("refuses another stake than the round's", async () => {
    const { refusedWith, client } = await running();
    expect(await refusedWith(await proposal(0, MOVE, { ...client.state, ...NEXT, stake: 0n }))).to.equal("WRONG_STAKE");
  });

  it("refuses another game state than the rules give", async () => {
    const { refusedWith, client } = await running();
    const state = { ...client.state, ...NEXT, gameState: "0x06000200" };
    expect(await refusedWith(await proposal(0, MOVE, state))).to.equal("WRONG_GAME_STATE");
  });

  it("refuses a state of another channel", async () => {
    const { refusedWith, client } = await running();
    const state = { ...client.state, ...NEXT, channelId: channelId(channelOf(2, 2n), VENUE) };
    expect(await refusedWith(await proposal(0, MOVE, state))).to.equal("UNKNOWN_CHANNEL");
  });

  it("refuses an old version, and shows the newest state", async () => {
    const { refusedWith, client, peer } = await running();
    peer.heard.length = 0;
    const state = { ...client.state, balances: [DEPOSIT + 1n, DEPOSIT - 1n] };
    expect(await refusedWith(await proposal(0, MOVE, state))).to.equal("OLD_VERSION");
    expect((await peer.next("hello")).agreed).to.deep.equal(toWire(client.agreed));
  });

  it("refuses wrong signatures", async () => {
    const { refusedWith, client } = await running();
    const state = { ...client.state, ...NEXT };
    const honest = (await proposal(0, MOVE, state)) as { signature: string };
    for (const signature of [
      await signed(1, state),
      await keyOf(0).sign(stateDigest(state, channelDomain({ ...VENUE, chainId: 1n }))),
      await keyOf(0).sign(stateDigest({ ...state, version: 3n }, DOMAIN)),
      `0x${"00".repeat(64)}`,
      `0x${"ff".repeat(64)}`,
      // The same signature with the high s: no contract takes it.
      highS(honest.signature),
    ]) {
      expect(await refusedWith({ ...honest, signature })).to.equal("BAD_SIGNATURE");
    }
  });

  it("refuses a second state of a version that it has signed, even with everything right", async () => {
    const { client, peer, refusedWith } = await running();
    const state = { ...client.state, ...NEXT };
    peer.say(await proposal(0, MOVE, state));
    await peer.next("signed");
    const other = { ...state, gameState: "0x07010200" };
    expect(await refusedWith(await proposal(0, { ...MOVE, move: take(2) }, other))).to.equal("OLD_VERSION");
  });

  it("signs no state once it is stopped for a dispute, even with everything right", async () => {
    const { refusedWith, client } = await running();
    const next = await proposal(0, MOVE, { ...client.state, ...NEXT });
    await client.stop();
    expect(await refusedWith(next)).to.equal("STOPPED");
  });

  it("begins no round that it has accepted once it has signed to close", async () => {
    const { peer, refusedWith, client } = await scene();
    peer.say(await authored(0, { type: "invite", version: 0n, stake: STAKE, setup: "0x09" }));
    await peer.next("accept");
    void client.close();
    await peer.next("close");
    const first = { ...client.state, version: 1n, stake: STAKE, gameState: "0x09000200" };
    const begin = await proposal(0, { kind: "begin", stake: STAKE, setup: "0x09" }, first);
    expect(await refusedWith(begin)).to.equal("CLOSING");
  });

  it("refuses proposals of whoever may not propose", async () => {
    const { client, refusedWith } = await running();
    const state = { ...client.state, ...NEXT };
    expect(await refusedWith(await proposal(1, MOVE, state))).to.equal("NOT_THE_PROPOSER");
    expect(await refusedWith({ ...((await proposal(0, MOVE, state)) as object), proposer: 2 })).to.equal(
      "NOT_THE_PROPOSER",
    );
    expect(
      await refusedWith({ ...((await proposal(0, { ...MOVE, player: 1 }, state)) as object), proposer: 1 }),
    ).to.equal("NOT_THE_PROPOSER");
  });

  it("refuses to settle what is not over", async () => {
    const { client, refusedWith } = await running();
    const state = {
      ...client.state,
      version: 2n,
      stake: 0n,
      balances: [DEPOSIT + STAKE, DEPOSIT - STAKE],
      gameState: "0x",
    };
    expect(await refusedWith(await proposal(0, { kind: "settle" }, state))).to.equal("NOT_OVER");
  });

  it("begins no round on terms that it has not accepted", async () => {
    const { refusedWith, peer } = await scene();
    const begun = { ...initialState(channel, VENUE), version: 1n, stake: STAKE, gameState: "0x09000200" };
    const step = { kind: "begin", stake: STAKE, setup: "0x09" };
    expect(await refusedWith(await proposal(0, step, begun))).to.equal("NOT_ACCEPTED");
    peer.say(await authored(0, { type: "invite", version: 0n, stake: STAKE - 1n, setup: "0x09" }));
    await peer.next("accept");
    expect(await refusedWith(await proposal(0, step, begun))).to.equal("NOT_ACCEPTED");
  });

  it("refuses invitations that nobody can accept, and those of strangers", async () => {
    const { refusedWith, peer } = await scene();
    const invitation = { type: "invite", version: 0n, stake: STAKE, setup: "0x09" } as const;
    expect(await refusedWith(await authored(1, invitation))).to.equal("BAD_SIGNATURE");
    expect(await refusedWith(await authored(0, { ...invitation, stake: DEPOSIT + 1n }))).to.equal("STAKE_TOO_HIGH");
    expect(await refusedWith(await authored(0, { ...invitation, setup: "0x" }))).to.equal("BAD_SETUP");
    peer.say(await authored(0, invitation));
    await peer.next("accept");
    expect(await refusedWith(await authored(0, { ...invitation, stake: STAKE + 1n }))).to.equal("SUPERSEDED");
  });

  it("asks nobody but the first participant to propose", async () => {
    const { refusedWith } = await running("0x0901");
    const request = { type: "request", version: 1n, step: MOVE } as Unsigned;
    expect(await refusedWith(await authored(0, request))).to.equal("NOT_THE_PROPOSER");
  });

  it("adopts no state that it has not signed itself", async () => {
    const { client, refusedWith } = await running();
    const state = { ...client.state, version: 9n, balances: [2n * DEPOSIT, 0n], stake: 0n };
    for (const signatures of [
      [await signed(0, state), await signed(0, state)],
      [await signed(0, state)],
      [],
      [await signed(0, state), `0x${"00".repeat(64)}`],
    ]) {
      const hello = { type: "hello", agreed: { state, signatures }, pending: null, closing: null, reply: false };
      expect(await refusedWith(toWire(hello))).to.equal("BAD_SIGNATURE");
    }
  });

  it("closes with nothing but the agreed balances, and not during a round", async () => {
    const idle = await scene();
    const close = async (balances: readonly bigint[], by = 0): Promise<unknown> => {
      const signature = await keyOf(by).sign(closeDigest(channelId(channel, VENUE), balances, DOMAIN));
      return toWire({ type: "close", balances, signature });
    };
    expect(await idle.refusedWith(await close([DEPOSIT + 1n, DEPOSIT - 1n]))).to.equal("WRONG_BALANCES");
    expect(await idle.refusedWith(await close([DEPOSIT, DEPOSIT], 1))).to.equal("BAD_SIGNATURE");
    expect(idle.client.isEnding).to.equal(false);
    const { refusedWith } = await running();
    expect(await refusedWith(await close([DEPOSIT, DEPOSIT]))).to.equal("NOT_CLOSABLE");
  });

  it("goes on with an honest move after all of it", async () => {
    const { client, peer, refusedWith } = await running();
    const state = { ...client.state, ...NEXT };
    await refusedWith("garbage");
    await refusedWith(await proposal(0, MOVE, { ...state, stake: 0n }));
    peer.say(await proposal(0, MOVE, state));
    await peer.next("signed");
    expect(client.state).to.deep.equal(state);
    const played = client.play(take(1));
    const { state: proposed } = (await peer.next("propose")) as { state: { version: string } };
    const mine = { ...state, version: 3n, gameState: "0x05000200" };
    expect(proposed).to.deep.equal(toWire(mine));
    peer.say(toWire({ type: "signed", version: 3n, signature: await signed(0, mine) }));
    await played;
    expect(client.agreed.state).to.deep.equal(mine);
  });
});

/** An honest participant 0, which proposes, against a participant 1 that says what a test wants. */
async function proposing(): Promise<Pick<Scene, "client" | "peer">> {
  const [one, two] = memoryTransports();
  const peer = stranger(two, channel);
  const { client } = await join(channel, 0, new Map([[1, new PeerLink(one)]]));
  peer.say(toWire({ type: "hello", agreed: client.agreed, pending: null, closing: null, reply: false }));
  await client.ready();
  return { client, peer };
}

describe("ChannelClient: bad peers of who proposes", () => {
  const terms = { stake: STAKE, setup: "0x09ff" };

  async function accept(peer: Stranger, accepted: { stake: bigint; setup: string }): Promise<void> {
    peer.say(await authored(1, { type: "accept", version: 0n, ...accepted }));
  }

  async function sign({ client, peer }: Pick<Scene, "client" | "peer">, changes: Partial<ChannelState>): Promise<void> {
    const state = { ...client.state, ...changes };
    peer.say(toWire({ type: "signed", version: state.version, signature: await signed(1, state) }));
  }

  it("begins no round on other terms than both have accepted", async () => {
    const { client, peer } = await proposing();
    void client.begin(terms);
    await peer.next("invite");
    await accept(peer, { ...terms, stake: STAKE - 1n });
    await accept(peer, { ...terms, setup: "0x09" });
    peer.say("garbage");
    await peer.next("refuse");
    expect(peer.heard.filter(({ body }) => body.type === "propose")).to.deep.equal([]);
    await accept(peer, terms);
    expect((await peer.next("propose")).step).to.deep.equal(toWire({ kind: "begin", ...terms }));
  });

  it("proposes once what it was asked for twice", async () => {
    const it = await proposing();
    const { client, peer } = it;
    const begun = client.begin(terms);
    await peer.next("invite");
    await accept(peer, terms);
    await peer.next("propose");
    await sign(it, { version: 1n, stake: STAKE, gameState: "0x09ff0200" });
    await begun;
    const request = await authored(1, {
      type: "request",
      version: 1n,
      step: { kind: "move", player: 1, move: take(1) },
    });
    peer.say(request);
    expect((await peer.next("propose")).step).to.deep.equal({ kind: "move", player: 1, move: take(1) });
    await sign(it, { version: 2n, gameState: "0x08ff0200" });
    peer.say(request);
    void client.play(take(2));
    expect((await peer.next("propose")).step).to.deep.equal({ kind: "move", player: 0, move: take(2) });
  });
});

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const PARITY = 1n << 255n;

function highS(signature: string): string {
  const word = BigInt(`0x${signature.slice(66)}`);
  const s = ORDER - (word & (PARITY - 1n));
  const parity = (word & PARITY) === 0n ? PARITY : 0n;
  return `${signature.slice(0, 66)}${toBeHex((s % PARITY) | parity, 32).slice(2)}`;
}
