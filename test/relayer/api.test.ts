import { expect } from "chai";
import { id } from "ethers";
import type { FastifyInstance } from "fastify";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildApi } from "../../relayer/api/api";
import { WAIT_LIMIT_MS, parseAttestations, parseRotations } from "../../relayer/api/wire";
import { createLog } from "../../relayer/log";
import { Metrics } from "../../relayer/metrics";
import { Readiness } from "../../relayer/readiness";
import { Store } from "../../relayer/store/store";
import { systemClock } from "../../relayer/systemClock";
import { LANE, headerAt, messagesUpTo, testSigner } from "./storeSamples";

const QUERY = "source=31337&target=31338";

describe("relayer API", () => {
  let directory: string;
  let store: Store;
  let api: FastifyInstance;
  let readiness: Readiness;
  let now: number;
  const signer = testSigner("one");
  const log = createLog({ operator: "test", level: "silent" });

  const get = async (url: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> => {
    const response = await api.inject({ method: "GET", url });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "relayer-api-"));
    store = await Store.open({ sqlite: join(directory, "store.sqlite") });
    now = 1_000_000;
    readiness = new Readiness(
      [{ name: "chain 31337", toleranceMs: 1_000 }],
      { now: () => now },
      { store: () => store.check() },
    );
    api = buildApi({
      store,
      lanes: [LANE],
      metrics: new Metrics(),
      readiness: () => readiness.report(),
      clock: systemClock,
      log,
    });
  });

  afterEach(async () => {
    await api.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  const wrong: readonly (readonly [string, string])[] = [
    ["/attestations?target=31338", "source"],
    [`/attestations?${QUERY}&after=-1`, "after"],
    [`/attestations?${QUERY}&after=0x10`, "after"],
    [`/attestations?${QUERY}&after=9223372036854775808`, "after"],
    [`/attestations?${QUERY}&waitMs=${WAIT_LIMIT_MS + 1}`, "waitMs"],
    [`/attestations?${QUERY}&signer=0x12`, "signer"],
    [`/attestations?${QUERY}&since=1`, "since"],
    [`/attestations?${QUERY}&after=1&after=2`, "after"],
    ["/rotations", "target"],
    [`/messages?${QUERY}&limit=257`, "limit"],
  ];
  for (const [url, parameter] of wrong) {
    it(`answers 400 and names ${parameter} for ${url}`, async () => {
      const { status, body } = await get(url);
      expect(status).to.equal(400);
      expect(body.error).to.equal("BAD_REQUEST");
      expect(body.message).to.match(new RegExp(`^${parameter}: `));
    });
  }

  it("answers 404 for a lane that is not served, and for any other path", async () => {
    expect((await get("/attestations?source=1&target=31338")).body.error).to.equal("UNKNOWN_LANE");
    expect((await get("/nothing")).status).to.equal(404);
  });

  it("serves own attestations by block, as the other side parses them", async () => {
    const signed = [];
    for (const block of [10n, 20n, 30n]) {
      signed.push(await store.attestations.sign(LANE, headerAt(block, block, id(`acc ${block}`)), signer));
    }
    const { status, body } = await get(`/attestations?${QUERY}&after=10`);
    expect(status).to.equal(200);
    expect(parseAttestations(body)).to.deep.equal(signed.slice(1));
    const other = await get(`/attestations?${QUERY}&signer=${testSigner("two").address}`);
    expect(other.body).to.deep.equal({ attestations: [] });
    expect(parseAttestations((await get(`/attestations?${QUERY}&signer=${signer.address}`)).body)).to.have.length(3);
  });

  it("answers a waiting request as soon as there is an attestation", async () => {
    const waiting = get(`/attestations?${QUERY}&after=0&waitMs=${WAIT_LIMIT_MS}`);
    const signed = await store.attestations.sign(LANE, headerAt(10n, 3n, id("acc")), signer);
    expect(parseAttestations((await waiting).body)).to.deep.equal([signed]);
  });

  it("answers a waiting request with nothing when its time is over", async () => {
    expect((await get(`/attestations?${QUERY}&waitMs=30`)).body).to.deep.equal({ attestations: [] });
  });

  it("ends waiting requests when it closes", async () => {
    const waiting = get(`/attestations?${QUERY}&waitMs=${WAIT_LIMIT_MS}`);
    await api.ready();
    await api.close();
    expect((await waiting).body).to.deep.equal({ attestations: [] });
  });

  it("serves rotations after an epoch", async () => {
    const target = { chainId: LANE.targetChainId, gateway: LANE.targetGateway.toLowerCase() };
    const rotation = { epoch: 2n, validUntil: 99n, signers: [signer.address] };
    const signed = await store.attestations.signRotation(target, rotation, signer);
    expect(parseRotations((await get("/rotations?target=31338")).body)).to.deep.equal([signed]);
    expect((await get("/rotations?target=31338&afterEpoch=2")).body).to.deep.equal({ rotations: [] });
  });

  it("serves a bounded page of messages", async () => {
    await store.blocks.record(LANE, { cursor: 9n, messages: messagesUpTo(300n), results: [], header: undefined });
    const page = async (query: string): Promise<readonly { readonly seq: string }[]> =>
      (await get(`/messages?${QUERY}${query}`)).body.messages as { readonly seq: string }[];
    expect(await page("")).to.have.length(256);
    const found = await page("&from=299&limit=9");
    expect(found.map(({ seq }) => seq)).to.deep.equal(["299", "300"]);
  });

  it("is healthy while the process lives, and ready only with reasons to be", async () => {
    expect((await get("/health")).status).to.equal(200);
    const early = await get("/ready");
    expect(early.status).to.equal(503);
    expect(early.body).to.deep.equal({ ready: false, reasons: ["chain 31337: no success yet"] });
    readiness.succeeded("chain 31337");
    expect(await get("/ready")).to.deep.equal({ status: 200, body: { ready: true, reasons: [] } });
    now += 5_000;
    readiness.failed("chain 31337", "ENDPOINT_UNAVAILABLE");
    expect((await get("/ready")).body.reasons).to.deep.equal([
      "chain 31337: no success for 5 s (ENDPOINT_UNAVAILABLE)",
    ]);
  });

  it("is not ready when the store does not answer", async () => {
    readiness = new Readiness([], systemClock, { store: () => Promise.reject(new Error("disk full")) });
    expect((await get("/ready")).body).to.deep.equal({ ready: false, reasons: ["store: disk full"] });
  });

  it("is not ready while any condition does not hold", async () => {
    const conditions = { store: () => store.check(), sequencer: () => Promise.reject(new Error("being recovered")) };
    readiness = new Readiness([], systemClock, conditions);
    expect(await get("/ready")).to.deep.equal({
      status: 503,
      body: { ready: false, reasons: ["sequencer: being recovered"] },
    });
  });

  it("serves metrics in the text format", async () => {
    const response = await api.inject({ method: "GET", url: "/metrics" });
    expect(response.headers["content-type"]).to.match(/^text\/plain/);
    expect(response.body).to.include("relayer_headers_signed_total");
  });

  it("keeps the reason of an unexpected failure to its log", async () => {
    await store.close();
    const { status, body } = await get(`/messages?${QUERY}`);
    expect(status).to.equal(500);
    expect(body.error).to.equal("INTERNAL");
    expect(JSON.stringify(body)).not.to.match(/sqlite|database/i);
    store = await Store.open({ sqlite: join(directory, "store.sqlite") });
  });
});
