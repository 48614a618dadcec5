import { expect } from "chai";
import type { FastifyInstance } from "fastify";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channelId } from "../../../protocol/channel";
import { buildApi } from "../../../relayer/api/api";
import { createLog } from "../../../relayer/log";
import { Metrics } from "../../../relayer/metrics";
import { Readiness } from "../../../relayer/readiness";
import { Store } from "../../../relayer/store/store";
import { systemClock } from "../../../relayer/systemClock";
import type { WatchtowerEvent } from "../../../relayer/watchtower/events";
import { RateLimit } from "../../../relayer/watchtower/rateLimit";
import { Submissions } from "../../../relayer/watchtower/submissions";
import { LANE } from "../storeSamples";
import { FakeChannels, VENUE, kinds, sampleChannel, sampleState, signaturesOf, submission } from "./support";

type Body = Record<string, unknown>;

describe("watchtower submissions", () => {
  let directory: string;
  let store: Store;
  let chain: FakeChannels;
  let api: FastifyInstance;
  let events: WatchtowerEvent[];
  let now: number;
  const channel = sampleChannel(1n);
  const channelOf = (body: Body): Record<string, unknown> => body.channel as Record<string, unknown>;
  const stateOf = (body: Body): Record<string, unknown> => body.state as Record<string, unknown>;

  const post = async (body: unknown): Promise<{ readonly status: number; readonly body: Body }> => {
    const response = await api.inject({ method: "POST", url: "/channels", payload: body as object });
    return { status: response.statusCode, body: response.json<Body>() };
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "watchtower-"));
    store = await Store.open({ sqlite: join(directory, "store.sqlite") });
    chain = new FakeChannels();
    chain.set(channel, { phase: "open" });
    events = [];
    now = 1_000_000;
    const watched = { ...VENUE, reader: chain.asReader() };
    const clock = { now: () => now };
    api = buildApi({
      store,
      lanes: [LANE],
      metrics: new Metrics(),
      readiness: () => new Readiness([], clock, { store: () => store.check() }).report(),
      clock: systemClock,
      log: createLog({ operator: "test", level: "silent" }),
      watchtower: new Submissions(new Map([[VENUE.chainId, watched]]), {
        store,
        clock,
        emit: (event) => events.push(event),
        maxChannels: 2,
      }),
    });
  });

  afterEach(async () => {
    await api.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  const refused: readonly (readonly [title: string, change: (body: Body) => void, status: number, code: string])[] = [
    ["a body without a state", (body) => delete body.state, 400, "BAD_REQUEST"],
    ["a key that it does not know", (body) => (body.hurry = true), 400, "BAD_REQUEST"],
    ["a number that is none", (body) => (stateOf(body).version = "0x1"), 400, "BAD_REQUEST"],
    ["a version above 64 bits", (body) => (stateOf(body).version = (1n << 64n).toString()), 400, "BAD_REQUEST"],
    ["a signature of 65 bytes", (body) => (body.signatures = [`0x${"11".repeat(65)}`]), 400, "BAD_REQUEST"],
    ["another chain", (body) => (body.chainId = "56"), 404, "UNKNOWN_CHAIN"],
    ["version 0", (body) => (stateOf(body).version = "0"), 422, "NOTHING_TO_KEEP"],
    ["a channel that cannot be", (body) => (channelOf(body).challengeSeconds = "1"), 422, "STATE_REFUSED"],
    ["balances that are not the deposits", (body) => (stateOf(body).balances = ["1", "2"]), 422, "STATE_REFUSED"],
    ["too few signatures", (body) => (body.signatures as string[]).pop(), 422, "STATE_REFUSED"],
    ["swapped signatures", (body) => (body.signatures as string[]).reverse(), 422, "STATE_REFUSED"],
    ["signatures of another version", (body) => (stateOf(body).version = "8"), 422, "STATE_REFUSED"],
    ["signatures of another channel", (body) => (channelOf(body).nonce = "2"), 422, "STATE_REFUSED"],
  ];
  for (const [title, change, status, code] of refused) {
    it(`refuses ${title} with ${code}, and keeps nothing`, async () => {
      const body = submission(channel, 7n);
      change(body);
      const answer = await post(body);
      expect([answer.status, answer.body.error]).to.deep.equal([status, code]);
      expect(await store.channels.count(VENUE)).to.equal(0);
      expect(chain.calls).to.equal(0);
      expect(kinds(events)).to.deep.equal(["state_refused"]);
    });
  }

  it("refuses a body that is too long before it reads it", async () => {
    const body = submission(channel, 7n);
    stateOf(body).gameState = `0x${"00".repeat(10_000)}`;
    expect((await post(body)).status).to.equal(413);
  });

  for (const [title, view] of [
    ["is unknown on chain", { phase: "none" }],
    ["is not funded", { phase: "funding" }],
    ["is closed", { phase: "closed" }],
    ["is played on chain", { phase: "playing" }],
    ["is disputed with a newer state", { phase: "disputed", version: 7n }],
  ] as const) {
    it(`refuses a state of a channel that ${title}`, async () => {
      chain.set(channel, view);
      const answer = await post(submission(channel, 7n));
      expect([answer.status, answer.body.error]).to.deep.equal([409, "CHANNEL_NOT_OPEN"]);
      expect(await store.channels.count(VENUE)).to.equal(0);
    });
  }

  it("keeps a state that all signed, of a funded channel, and says so to who asks", async () => {
    const kept = { channelId: channelId(channel, VENUE), version: "7" };
    expect(await post(submission(channel, 7n))).to.deep.equal({ status: 200, body: kept });
    expect(kinds(events)).to.deep.equal(["state_kept"]);
    const asked = await api.inject({ method: "GET", url: `/channels/${VENUE.chainId}/${kept.channelId}` });
    expect(asked.json()).to.deep.equal(kept);
    const unknown = await api.inject({ method: "GET", url: `/channels/${VENUE.chainId}/0x${"00".repeat(32)}` });
    expect([unknown.statusCode, unknown.json<Body>().error]).to.deep.equal([404, "NOT_KEPT"]);
  });

  it("keeps a state of a channel that is disputed with an older one", async () => {
    chain.challenge(channel, 6n);
    expect((await post(submission(channel, 7n))).status).to.equal(200);
  });

  it("keeps only newer states, and takes the same again as the same", async () => {
    await post(submission(channel, 7n));
    const older = await post(submission(channel, 6n));
    expect([older.status, older.body.error]).to.deep.equal([409, "STATE_NOT_NEWER"]);
    expect((await post(submission(channel, 7n))).status).to.equal(200);
    expect((await post(submission(channel, 8n))).status).to.equal(200);
    expect((await store.channels.find(VENUE, channelId(channel, VENUE)))?.version).to.equal(8n);
    expect(kinds(events)).to.deep.equal(["state_kept", "state_refused", "state_kept"]);
  });

  it("does not take the word of one who knows a kept version for a signature", async () => {
    await post(submission(channel, 7n));
    const forged = submission(channel, 7n);
    const [one] = signaturesOf(sampleState(channel, 9n));
    forged.signatures = [one, one];
    expect((await post(forged)).body.error).to.equal("STATE_REFUSED");
  });

  it("refuses a state of a channel that was answered for three times", async () => {
    await post(submission(channel, 7n));
    for (let answer = 0; answer < 3; answer++) await store.channels.countAnswer(VENUE, channelId(channel, VENUE));
    const answer = await post(submission(channel, 8n));
    expect([answer.status, answer.body.error]).to.deep.equal([409, "ANSWERS_SPENT"]);
  });

  it("asks again about a channel that was seen to be over, and about a window that passed", async () => {
    await post(submission(channel, 7n));
    const kept = { channelId: channelId(channel, VENUE), version: 7n };
    await store.channels.looked(VENUE, kept, { checkAt: 0, endedAt: now });
    chain.set(channel, { phase: "closed" });
    expect((await post(submission(channel, 8n))).body.error).to.equal("CHANNEL_NOT_OPEN");
    chain.set(channel, { phase: "disputed", version: 1n, deadline: BigInt(now / 1_000) - 1n });
    expect((await post(submission(channel, 8n))).body.error).to.equal("CHANNEL_NOT_OPEN");
    chain.set(channel, { phase: "disputed", version: 1n, deadline: BigInt(now / 1_000) });
    expect((await post(submission(channel, 8n))).status).to.equal(200);
  });

  it("keeps no more channels than it can watch, and goes on with those it has", async () => {
    for (const nonce of [1n, 2n]) {
      chain.set(sampleChannel(nonce), { phase: "open" });
      await post(submission(sampleChannel(nonce), 1n));
    }
    const third = await post(submission(sampleChannel(3n), 1n));
    expect([third.status, third.body.error]).to.deep.equal([503, "WATCHTOWER_FULL"]);
    expect((await post(submission(channel, 2n))).status).to.equal(200);
  });

  it("takes so much a second from one address", async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 45; index++) statuses.push((await post({})).status);
    expect(statuses.filter((status) => status === 400)).to.have.length(40);
    expect(statuses.slice(40)).to.deep.equal(Array.from({ length: 5 }, () => 429));
    now += 1_000;
    expect((await post(submission(channel, 7n))).status).to.equal(200);
  });

  it("limits each address apart, and remembers only so many", () => {
    const limit = new RateLimit(1, 1, { now: () => 0 });
    expect([limit.allows("a"), limit.allows("a"), limit.allows("b")]).to.deep.equal([true, false, true]);
    for (let index = 0; index < 10_000; index++) limit.allows(`other ${index}`);
    expect(limit.allows("a")).to.equal(true);
  });
});
