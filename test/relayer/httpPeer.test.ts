import { expect } from "chai";
import { id } from "ethers";
import type { FastifyInstance } from "fastify";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildApi } from "../../relayer/api/api";
import { HttpPeer } from "../../relayer/api/httpPeer";
import { RelayerError } from "../../relayer/errors";
import { createLog } from "../../relayer/log";
import { Metrics } from "../../relayer/metrics";
import { Store } from "../../relayer/store/store";
import { systemClock } from "../../relayer/systemClock";
import { LANE, headerAt, testSigner } from "./storeSamples";

const QUERY = { source: LANE.sourceChainId, target: LANE.targetChainId, after: 0n, waitMs: 20_000 };

describe("HttpPeer", () => {
  let directory: string;
  let store: Store;
  let api: FastifyInstance;
  let peer: HttpPeer;
  const { signal } = new AbortController();
  const signer = testSigner("one");

  const refused = async (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => expect.fail("it was not refused"),
      (error: unknown) => error,
    );

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "relayer-peer-"));
    store = await Store.open({ sqlite: join(directory, "store.sqlite") });
    api = buildApi({
      store,
      lanes: [LANE],
      metrics: new Metrics(),
      readiness: async () => ({ ready: true, reasons: [] }),
      clock: systemClock,
      log: createLog({ operator: "test", level: "silent" }),
    });
    peer = new HttpPeer(await api.listen({ host: "127.0.0.1", port: 0 }));
  });

  afterEach(async () => {
    await api.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("brings attestations as they were signed, also when it has to wait for one", async () => {
    const waiting = peer.attestations(QUERY, signal);
    const signed = await store.attestations.sign(LANE, headerAt(10n, 3n, id("acc")), signer);
    expect(await waiting).to.deep.equal([signed]);
    expect(await peer.attestations({ ...QUERY, signer: signer.address }, signal)).to.deep.equal([signed]);
    expect(await peer.attestations({ ...QUERY, after: 10n, waitMs: 0 }, signal)).to.deep.equal([]);
  });

  it("brings rotations as they were signed", async () => {
    const target = { chainId: LANE.targetChainId, gateway: LANE.targetGateway.toLowerCase() };
    const rotation = { epoch: 2n, validUntil: 99n, signers: [signer.address] };
    const signed = await store.attestations.signRotation(target, rotation, signer);
    expect(await peer.rotations({ target: target.chainId, afterEpoch: 1n }, signal)).to.deep.equal([signed]);
  });

  it("says which peer did not answer", async () => {
    await api.close();
    const error = await refused(peer.attestations(QUERY, signal));
    expect(error).to.be.instanceOf(RelayerError);
    expect((error as RelayerError).code).to.equal("ENDPOINT_UNAVAILABLE");
    expect((error as RelayerError).context.peer).to.equal(peer.endpoint);
  });

  it("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = refused(peer.attestations(QUERY, controller.signal));
    controller.abort(reason);
    expect(await waiting).to.equal(reason);
  });

  const answers: readonly (readonly [string, string])[] = [
    ["is not JSON", "<html>"],
    ["lacks the list", "{}"],
    ["has a number for an integer", JSON.stringify({ attestations: [{ header: { source: 1 } }] })],
    ["is longer than any page", `{"attestations":[],"more":"${"x".repeat(1_100_000)}"}`],
  ];
  for (const [what, body] of answers) {
    it(`refuses an answer that ${what}`, async () => {
      const server: Server = createServer((_request, response) => response.end(body)).listen(0, "127.0.0.1");
      await once(server, "listening");
      const liar = new HttpPeer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      await refused(liar.attestations(QUERY, signal));
      server.closeAllConnections();
      server.close();
    });
  }
});
