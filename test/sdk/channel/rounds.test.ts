import { expect } from "chai";
import { stateDigest, channelDomain, type SignedState } from "../../../protocol/channel";
import { signedStateFault } from "../../../protocol/channelFault";
import { SdkError } from "../../../sdk/errors";
import { heapOf, take } from "./countdown";
import { DEPOSIT, VENUE, channelOf, join, mesh, table, type Party } from "./support";

const SETUP = "0x05";
const ANYONE_SETUP = "0x0601";

async function all(parties: readonly Party[], version: bigint): Promise<void> {
  // A client that has everything answers at once; the others once the last signature has come.
  for (const { client } of parties) {
    while (client.state.version < version) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SdkError) return error.code;
    throw error;
  }
  return "done";
}

/** What each has, which has to be the same, and what the contract would take. */
function agreedBy(parties: readonly Party[]): SignedState {
  const [first, ...others] = parties.map(({ client }) => client.agreed);
  if (first === undefined) throw new Error("nobody");
  const domain = channelDomain(VENUE);
  for (const { state } of others) expect(stateDigest(state, domain)).to.equal(stateDigest(first.state, domain));
  expect(signedStateFault(channelOf(parties.length), VENUE, first)).to.equal(undefined);
  return first;
}

describe("ChannelClient: rounds", () => {
  it("plays a round to its end and pays it out by the rules", async () => {
    const parties = await table(2);
    const [one, two] = parties.map(({ client }) => client) as [Party["client"], Party["client"]];
    await one.begin({ stake: 100n, setup: SETUP });
    await all(parties, 1n);
    await one.play(take(3));
    await all(parties, 2n);
    await two.play(take(2));
    await all(parties, 3n);
    expect(heapOf(agreedBy(parties).state.gameState)).to.equal(0);
    await two.settle();
    await all(parties, 4n);
    const { state } = agreedBy(parties);
    expect(state.balances).to.deep.equal([DEPOSIT - 100n, DEPOSIT + 100n]);
    expect(state.gameState).to.equal("0x");
    expect(state.stake).to.equal(0n);
  });

  it("plays a second round in the same channel for another stake", async () => {
    const parties = await table(2);
    const [one, two] = parties.map(({ client }) => client) as [Party["client"], Party["client"]];
    await two.begin({ stake: 100n, setup: "0x03" });
    await all(parties, 1n);
    await one.play(take(3));
    await all(parties, 2n);
    await one.settle();
    await all(parties, 3n);
    await one.begin({ stake: 900n, setup: "0x01" });
    await all(parties, 4n);
    await one.play(take(1));
    await one.settle();
    await all(parties, 6n);
    expect(agreedBy(parties).state.balances).to.deep.equal([2n * DEPOSIT, 0n]);
  });

  it("plays with four, in turn", async () => {
    const parties = await table(4);
    await parties[2]?.client.begin({ stake: 10n, setup: "0x09" });
    await all(parties, 1n);
    for (const [move, player] of [0, 1, 2, 3, 0].entries()) {
      await parties[player]?.client.play(take(move === 4 ? 1 : 2));
      await all(parties, BigInt(move) + 2n);
    }
    await parties[3]?.client.settle();
    await all(parties, 7n);
    expect(agreedBy(parties).state.balances).to.deep.equal([
      DEPOSIT + 30n,
      DEPOSIT - 10n,
      DEPOSIT - 10n,
      DEPOSIT - 10n,
    ]);
  });

  it("orders the moves of a game in which anyone may move, when all move at once", async () => {
    const parties = await table(3);
    await parties[0]?.client.begin({ stake: 10n, setup: ANYONE_SETUP });
    await all(parties, 1n);
    await Promise.all(parties.map(({ client }) => client.play(take(1))));
    await Promise.all(parties.map(({ client }) => client.play(take(1))));
    await all(parties, 7n);
    expect(heapOf(agreedBy(parties).state.gameState)).to.equal(0);
    await Promise.all(parties.map(({ client }) => codeOf(client.settle())));
    await all(parties, 8n);
    const { balances } = agreedBy(parties).state;
    expect([...balances].sort()).to.deep.equal([DEPOSIT + 20n, DEPOSIT - 10n, DEPOSIT - 10n]);
  });

  it("refuses an own move that the rules refuse, and signs nothing", async () => {
    const parties = await table(2);
    const [one, two] = parties.map(({ client }) => client) as [Party["client"], Party["client"]];
    await one.begin({ stake: 1n, setup: SETUP });
    await all(parties, 1n);
    expect(await codeOf(one.play(take(4)))).to.equal("ILLEGAL_MOVE");
    expect(await codeOf(two.play(take(1)))).to.equal("NOT_YOUR_TURN");
    expect(await codeOf(one.settle())).to.equal("NOT_OVER");
    expect(await codeOf(two.settle())).to.equal("NOT_OVER");
    await one.play(take(1));
    await all(parties, 2n);
  });

  it("tells who asks the first participant for an illegal move, and lets it move otherwise", async () => {
    const parties = await table(2);
    const [one, two] = parties.map(({ client }) => client) as [Party["client"], Party["client"]];
    await one.begin({ stake: 1n, setup: ANYONE_SETUP });
    await all(parties, 1n);
    expect(await codeOf(two.play(take(4)))).to.equal("ILLEGAL_MOVE");
    await two.play(take(2));
    await two.play(take(2));
    await all(parties, 3n);
    expect(heapOf(agreedBy(parties).state.gameState)).to.equal(2);
  });

  it("refuses to begin what cannot begin", async () => {
    const parties = await table(2);
    const [one] = parties.map(({ client }) => client) as [Party["client"]];
    expect(await codeOf(one.play(take(1)))).to.equal("NO_ROUND");
    expect(await codeOf(one.begin({ stake: DEPOSIT + 1n, setup: SETUP }))).to.equal("STAKE_TOO_HIGH");
    expect(await codeOf(one.begin({ stake: 1n, setup: "0x" }))).to.equal("BAD_SETUP");
    await one.begin({ stake: 1n, setup: SETUP });
    expect(await codeOf(one.begin({ stake: 1n, setup: SETUP }))).to.equal("ROUND_RUNS");
    expect(await codeOf(one.close())).to.equal("NOT_CLOSABLE");
  });

  it("begins no round that one of them declines, and then one that all accept", async () => {
    const parties = await table(3, (me) => ({ acceptTerms: ({ stake }) => me !== 2 || stake < 50n }));
    expect(await codeOf(parties[1]?.client.begin({ stake: 50n, setup: SETUP }) as Promise<void>)).to.equal(
      "TERMS_DECLINED",
    );
    expect(parties[1]?.client.state.version).to.equal(0n);
    while (!parties[0]?.events.some(({ kind }) => kind === "declined")) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await parties[1]?.client.begin({ stake: 49n, setup: SETUP });
    await all(parties, 1n);
    expect(agreedBy(parties).state.stake).to.equal(49n);
  });

  it("accepts no round where the program does not say so", async () => {
    const parties = await table(2, () => ({ acceptTerms: undefined }));
    expect(await codeOf(parties[0]?.client.begin({ stake: 1n, setup: SETUP }) as Promise<void>)).to.equal(
      "TERMS_DECLINED",
    );
  });

  it("signs to close between rounds, with what the contract takes, and nothing afterwards", async () => {
    const parties = await table(3);
    const [one, two] = parties.map(({ client }) => client) as [Party["client"], Party["client"]];
    const [closed, again] = await Promise.all([one.close(), two.close()]);
    expect(closed.balances).to.deep.equal([DEPOSIT, DEPOSIT, DEPOSIT]);
    expect(again.signatures).to.deep.equal(closed.signatures);
    expect(await codeOf(one.begin({ stake: 1n, setup: SETUP }))).to.equal("CLOSING");
    expect(await codeOf(two.begin({ stake: 1n, setup: SETUP }))).to.equal("CLOSING");
    expect(one.isEnding).to.equal(true);
  });

  it("signs no state once it is stopped for a dispute, but still to close", async () => {
    const parties = await table(2);
    const [one, two] = parties.map(({ client }) => client) as [Party["client"], Party["client"]];
    await one.stop();
    expect(await codeOf(one.begin({ stake: 1n, setup: SETUP }))).to.equal("STOPPED");
    expect(await codeOf(two.begin({ stake: 1n, setup: SETUP }))).to.equal("STOPPED");
    await two.close();
    expect(one.signedClose?.balances).to.deep.equal([DEPOSIT, DEPOSIT]);
  });

  it("gives up waiting when the caller does, and is done once the peer answers", async () => {
    const channel = channelOf(2);
    const [links0, links1] = mesh(2) as [Parameters<typeof join>[2], Parameters<typeof join>[2]];
    const one = await join(channel, 0, links0);
    const aborted = new AbortController();
    const begun = codeOf(one.client.begin({ stake: 1n, setup: SETUP }, aborted.signal));
    aborted.abort();
    expect(await begun).to.equal("PEER_SILENT");
    const two = await join(channel, 1, links1);
    await one.client.ready();
    await two.client.begin({ stake: 1n, setup: SETUP });
    await all([one, two], 1n);
    expect(agreedBy([one, two]).state.version).to.equal(1n);
  });
});
