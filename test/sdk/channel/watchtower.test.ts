import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { expect } from "chai";
import type { FastifyInstance } from "fastify";
import { CHANNEL_PHASE, type SignedState } from "../../../protocol/channel";
import { buildApi } from "../../../relayer/api/api";
import { createLog } from "../../../relayer/log";
import { Metrics } from "../../../relayer/metrics";
import { Readiness } from "../../../relayer/readiness";
import { Store } from "../../../relayer/store/store";
import { systemClock } from "../../../relayer/systemClock";
import { CHANNELS } from "../../../relayer/watchtower/channelsInterface";
import { Submissions } from "../../../relayer/watchtower/submissions";
import { Watchtower, WatchtowerFeed } from "../../../sdk/channel/watchtower";
import type { Fetch } from "../../../sdk/transport/fetch";
import { SdkError } from "../../../sdk/errors";
import { LANE } from "../../relayer/storeSamples";
import { take } from "./countdown";
import { VENUE, channelOf, table, type Party } from "./support";

const channel = channelOf(2);
const ZERO = `0x${"00".repeat(32)}`;
const MOVES = 6n;

/** What a relayer answered with, or that it did not answer. */
async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    return error.code === "WATCHTOWER_REFUSED" ? [error.context.status, error.context.code] : error.code;
  }
  return "kept";
}

describe("Watchtower, over a relayer's own API", () => {
  let directory: string;
  let store: Store;
  let api: FastifyInstance;
  let endpoint: string;
  let phase: keyof typeof CHANNEL_PHASE;
  let tower: Watchtower;
  let parties: readonly Party[];
  /** Every state that both signed, oldest first. */
  let history: SignedState[];

  const reader = {
    call: async () => CHANNELS.encodeFunctionResult("statusOf", [[CHANNEL_PHASE[phase], 0, 0n, 0n, 0, ZERO]]),
  };

  beforeEach(async () => {
    directory = await mkdtemp(joinPath(tmpdir(), "tower-"));
    store = await Store.open({ sqlite: joinPath(directory, "store.sqlite") });
    phase = "open";
    api = buildApi({
      store,
      lanes: [LANE],
      metrics: new Metrics(),
      readiness: () => new Readiness([], systemClock, { store: () => store.check() }).report(),
      clock: systemClock,
      log: createLog({ operator: "test", level: "silent" }),
      watchtower: new Submissions(new Map([[VENUE.chainId, { ...VENUE, reader }]]), {
        store,
        clock: systemClock,
        emit: () => undefined,
      }),
    });
    await api.listen({ host: "127.0.0.1", port: 0 });
    endpoint = `http://127.0.0.1:${(api.server.address() as AddressInfo).port}`;
    tower = new Watchtower(endpoint, fetch);

    history = [];
    parties = await table(2);
    const [one, two] = parties.map(({ client }) => client) as [Party["client"], Party["client"]];
    await one.begin({ stake: 1n, setup: "0x09" });
    for (let version = 1n; version < MOVES; version++) {
      const mover = version % 2n === 1n ? one : two;
      while (mover.state.version < version) await new Promise((resolve) => setImmediate(resolve));
      history.push(mover.agreed);
      await mover.play(take(1));
    }
    while (one.state.version < MOVES) await new Promise((resolve) => setImmediate(resolve));
    history.push(one.agreed);
  });

  afterEach(async () => {
    await api.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  const stateOf = (version: number): SignedState => history[version - 1] as SignedState;

  it("keeps the newest of the states that it was handed, and says which", async () => {
    expect(await tower.newest(channel, VENUE)).to.equal(undefined);
    await tower.keep(channel, VENUE, stateOf(2));
    expect(await tower.newest(channel, VENUE)).to.equal(2n);
    await tower.keep(channel, VENUE, stateOf(5));
    await tower.keep(channel, VENUE, stateOf(5));
    expect(await tower.newest(channel, VENUE)).to.equal(5n);
    expect(await refusalOf(tower.keep(channel, VENUE, stateOf(4)))).to.deep.equal([409, "STATE_NOT_NEWER"]);
    expect(await tower.newest(channel, VENUE)).to.equal(5n);
  });

  it("says why a state is refused", async () => {
    const { state, signatures } = stateOf(3);
    const keep = (given: Partial<SignedState>, venue = VENUE, of = channel): Promise<unknown> =>
      refusalOf(tower.keep(of, venue, { state, signatures, ...given }));
    expect(await keep({}, { ...VENUE, chainId: 1n })).to.deep.equal([404, "UNKNOWN_CHAIN"]);
    expect(await keep({ signatures: [...signatures].reverse() })).to.deep.equal([422, "STATE_REFUSED"]);
    expect(await keep({ state: { ...state, version: 4n } })).to.deep.equal([422, "STATE_REFUSED"]);
    expect(await keep({}, VENUE, channelOf(2, 2n))).to.deep.equal([422, "STATE_REFUSED"]);
    expect(await keep({ state: { ...state, version: 0n }, signatures: [] })).to.deep.equal([422, "NOTHING_TO_KEEP"]);
    expect(await keep({ signatures: ["0x"] })).to.deep.equal([400, "BAD_REQUEST"]);
    const huge = { ...state, gameState: `0x${"00".repeat(20_000)}` };
    expect(((await keep({ state: huge })) as unknown[])[0]).to.equal(413);
    phase = "closed";
    expect(await keep({})).to.deep.equal([409, "CHANNEL_NOT_OPEN"]);
    expect(await refusalOf(tower.newest(channel, { ...VENUE, chainId: 1n }))).to.deep.equal([404, "UNKNOWN_CHAIN"]);
    expect(await tower.newest(channel, VENUE)).to.equal(undefined);
  });

  it("says that a watchtower is silent, or is none", async () => {
    const other = new Watchtower(`${endpoint}/elsewhere`, fetch);
    expect(((await refusalOf(other.keep(channel, VENUE, stateOf(3)))) as unknown[])[0]).to.equal(404);
    expect(((await refusalOf(other.newest(channel, VENUE))) as unknown[])[0]).to.equal(404);
    const answering = (text: string): Watchtower =>
      new Watchtower(endpoint, async () => ({ ok: true, status: 200, text: async () => text }));
    for (const text of ["<html>", "null", "7", "{}", '{"version":"-1"}', '{"version":7}']) {
      expect(await refusalOf(answering(text).newest(channel, VENUE)), text).to.deep.equal([200, undefined]);
    }
    await api.close();
    expect(await refusalOf(tower.keep(channel, VENUE, stateOf(3)))).to.equal("WATCHTOWER_SILENT");
    expect(await refusalOf(tower.newest(channel, VENUE))).to.equal("WATCHTOWER_SILENT");
  });

  describe("WatchtowerFeed", () => {
    let errors: unknown[];
    let posts: string[];

    beforeEach(() => {
      errors = [];
      posts = [];
    });

    function feedOf({ client }: Party, fetcher: Fetch = fetch): WatchtowerFeed {
      const noting: Fetch = (url, init) => {
        posts.push(JSON.parse(init.body ?? "{}").state.version as string);
        return fetcher(url, init);
      };
      return new WatchtowerFeed(client, channel, VENUE, new Watchtower(endpoint, noting), (error) =>
        errors.push(error),
      );
    }

    it("hands over the newest state, once", async () => {
      const feed = feedOf(parties[0] as Party);
      for (let times = 0; times < 5; times++) feed.push();
      await feed.flush();
      await feed.flush();
      expect(posts).to.deep.equal([`${MOVES}`]);
      expect(await tower.newest(channel, VENUE)).to.equal(MOVES);
      expect(errors).to.deep.equal([]);
    });

    it("goes on with what was agreed on meanwhile, and leaves out what was overtaken", async () => {
      let answer = (): void => undefined;
      const waiting = new Promise<void>((resolve) => (answer = resolve));
      const [one, two] = parties as [Party, Party];
      const feed = feedOf(one, async (url, init) => {
        await waiting;
        return fetch(url, init);
      });
      feed.push();
      await two.client.play(take(1));
      await one.client.play(take(1));
      feed.push();
      answer();
      await feed.flush();
      expect(posts).to.deep.equal([`${MOVES}`, `${MOVES + 2n}`]);
      expect(await tower.newest(channel, VENUE)).to.equal(MOVES + 2n);
    });

    it("tells what failed, and hands the state over with the next push", async () => {
      let isBroken = true;
      const feed = feedOf(parties[1] as Party, (url, init) =>
        isBroken ? Promise.reject(new Error("no connection")) : fetch(url, init),
      );
      await feed.flush();
      expect(errors.map((error) => (error as SdkError).code)).to.deep.equal(["WATCHTOWER_SILENT"]);
      expect(await tower.newest(channel, VENUE)).to.equal(undefined);
      isBroken = false;
      await feed.flush();
      expect(await tower.newest(channel, VENUE)).to.equal(MOVES);
    });

    it("hands over nothing before there is a signed state", async () => {
      const [fresh] = await table(2);
      await feedOf(fresh as Party).flush();
      expect([posts, errors]).to.deep.equal([[], []]);
    });

    it("lets both participants have one watchtower", async () => {
      await Promise.all(parties.map((party) => feedOf(party).flush()));
      expect(errors).to.deep.equal([]);
      expect(await tower.newest(channel, VENUE)).to.equal(MOVES);
    });
  });
});
