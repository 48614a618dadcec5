import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channelId, type Channel } from "../../../protocol/channel";
import { Store } from "../../../relayer/store/store";
import type { WatchtowerEvent } from "../../../relayer/watchtower/events";
import { ChannelGuard } from "../../../relayer/watchtower/guard";
import { encodeAnswer } from "../../../relayer/watchtower/submissions";
import { FakeChannels, VENUE, kinds, sampleChannel, sampleState, signaturesOf } from "./support";

const { signal } = new AbortController();
const HOUR_MS = 3_600_000;

describe("watchtower guard", () => {
  let directory: string;
  let store: Store;
  let chain: FakeChannels;
  let events: WatchtowerEvent[];
  let now: number;
  let guard: ChannelGuard;
  const channel = sampleChannel(1n);

  const start = (): ChannelGuard =>
    new ChannelGuard(
      { ...VENUE, reader: chain.asReader() },
      { sender: chain.sender(), store, clock: { now: () => now }, emit: (event) => events.push(event) },
    );

  const keep = async (of: Channel, version: bigint): Promise<void> => {
    const state = sampleState(of, version);
    const answer = encodeAnswer(of, state, signaturesOf(state));
    const { challengeSeconds } = of;
    await store.channels.keep(VENUE, { channelId: channelId(of, VENUE), version, challengeSeconds, answer }, now);
  };

  const step = async (): Promise<void> => {
    chain.number += 1n;
    await guard.step(signal);
    await guard.settled();
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "watchtower-"));
    store = await Store.open({ sqlite: join(directory, "store.sqlite") });
    chain = new FakeChannels();
    chain.set(channel, { phase: "open" });
    events = [];
    now = 1_000_000;
    guard = start();
  });

  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("does nothing while nobody challenges, and asks seldom", async () => {
    await keep(channel, 7n);
    await step();
    const { calls } = chain;
    for (let index = 0; index < 10; index++) await step();
    expect([chain.calls, chain.sent.length]).to.deep.equal([calls, 0]);
    now += HOUR_MS / 4;
    await step();
    expect(chain.calls).to.equal(calls + 1);
    expect(kinds(events)).to.deep.equal([]);
  });

  it("answers a stale challenge that the logs tell of, once", async () => {
    await keep(channel, 7n);
    await step();
    chain.challenge(channel, 3n);
    await step();
    await step();
    expect(chain.sent.map(({ key }) => key)).to.deep.equal([
      `answer:${VENUE.channels}:${channelId(channel, VENUE)}:7:0`,
    ]);
    expect(chain.get(channel)?.version).to.equal(7n);
    expect(kinds(events)).to.deep.equal(["stale_challenge", "answered"]);
  });

  it("answers one that an endpoint keeps to itself, well within the time", async () => {
    await keep(channel, 7n);
    await step();
    chain.withholdsLogs = true;
    chain.challenge(channel, 3n);
    await step();
    expect(chain.sent).to.have.length(0);
    now += HOUR_MS / 4;
    await step();
    expect(chain.get(channel)?.version).to.equal(7n);
  });

  it("answers one that came while it was not running", async () => {
    await keep(channel, 7n);
    await step();
    chain.challenge(channel, 3n);
    guard = start();
    await step();
    expect(chain.get(channel)?.version).to.equal(7n);
  });

  it("answers with a state that came after the challenge", async () => {
    await keep(channel, 3n);
    await step();
    chain.challenge(channel, 3n);
    await step();
    expect(chain.sent).to.have.length(0);
    await keep(channel, 7n);
    await step();
    expect(chain.get(channel)?.version).to.equal(7n);
  });

  it("answers again where a newer state came while it answered", async () => {
    await keep(channel, 7n);
    chain.challenge(channel, 3n);
    await step();
    await keep(channel, 8n);
    await step();
    expect(chain.get(channel)?.version).to.equal(8n);
    expect(chain.sent).to.have.length(2);
  });

  it("answers three times for one channel at most: nobody spends its money on states of his own", async () => {
    await keep(channel, 2n);
    chain.challenge(channel, 1n);
    for (let version = 3n; version < 10n; version++) {
      await step();
      await keep(channel, version);
    }
    expect(chain.sent).to.have.length(3);
    expect(chain.get(channel)?.version).to.equal(4n);
    expect(kinds(events)).to.include("answer_refused");
  });

  it("leaves a challenge with the kept state or a newer one alone", async () => {
    for (const version of [7n, 8n]) {
      await keep(channel, 7n);
      chain.challenge(channel, version);
      await step();
    }
    expect(chain.sent).to.have.length(0);
    expect(kinds(events)).to.deep.equal([]);
  });

  it("tells of an answer that the contract refuses, and tries it again later", async () => {
    const broken = sampleChannel(2n);
    for (const each of [broken, channel]) {
      await keep(each, 7n);
      chain.challenge(each, 1n);
    }
    chain.revert = "0xdeadbeef";
    await step();
    expect(kinds(events).filter((kind) => kind === "answer_refused")).to.have.length(2);
    chain.revert = undefined;
    await step();
    expect(chain.sent).to.have.length(0);
    now += 5_000;
    await step();
    expect([chain.get(channel)?.version, chain.get(broken)?.version]).to.deep.equal([7n, 7n]);
  });

  it("says when it is too late, once, and sends nothing", async () => {
    await keep(channel, 7n);
    chain.challenge(channel, 3n);
    chain.timestamp += channel.challengeSeconds + 1n;
    for (let index = 0; index < 3; index++) {
      await step();
      now += HOUR_MS / 4;
    }
    expect(chain.sent).to.have.length(0);
    expect(kinds(events)).to.deep.equal(["answer_missed"]);
  });

  it("answers in the last second of the window", async () => {
    await keep(channel, 7n);
    chain.challenge(channel, 3n);
    chain.timestamp += channel.challengeSeconds;
    await step();
    expect(chain.get(channel)?.version).to.equal(7n);
  });

  it("forgets what is over, after a while in which it stays so", async () => {
    await keep(channel, 7n);
    chain.set(channel, { phase: "closed" });
    await step();
    // The block that closed it was undone.
    chain.set(channel, { phase: "open" });
    now += 2 * HOUR_MS;
    await step();
    chain.set(channel, { phase: "closed" });
    now += HOUR_MS;
    await step();
    expect(await store.channels.count(VENUE)).to.equal(1);
    now += HOUR_MS;
    await step();
    expect(await store.channels.count(VENUE)).to.equal(0);
    expect(kinds(events)).to.deep.equal(["forgotten"]);
  });

  it("tells of a failure of one answer and tries it again", async () => {
    await keep(channel, 7n);
    chain.challenge(channel, 3n);
    const failing = { ...chain.sender(), submit: () => Promise.reject(new Error("no endpoint answers")) };
    const deps = { store, clock: { now: () => now }, emit: (event: WatchtowerEvent) => events.push(event) };
    guard = new ChannelGuard({ ...VENUE, reader: chain.asReader() }, { ...deps, sender: failing });
    await step();
    expect(kinds(events)).to.deep.equal(["stale_challenge", "failed"]);
    guard = new ChannelGuard({ ...VENUE, reader: chain.asReader() }, { ...deps, sender: chain.sender() });
    now += 5_000;
    await step();
    expect(chain.get(channel)?.version).to.equal(7n);
  });
});
