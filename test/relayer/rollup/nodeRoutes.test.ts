import { expect } from "chai";
import { hexlify, id } from "ethers";
import type { FastifyInstance } from "fastify";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildApi } from "../../../relayer/api/api";
import { RelayerError } from "../../../relayer/errors";
import { KeySigner } from "../../../relayer/keystore";
import { createLog } from "../../../relayer/log";
import { Metrics } from "../../../relayer/metrics";
import { NodePeer } from "../../../relayer/rollup/nodePeer";
import { SnapshotFiles } from "../../../relayer/rollup/snapshotFiles";
import { NODE_PAGE } from "../../../relayer/rollup/wire";
import { Store } from "../../../relayer/store/store";
import { systemClock } from "../../../relayer/systemClock";

const ROLLUP = { chainId: 31_337n, rollup: `0x${"ab".repeat(20)}` };
const ELSEWHERE = { ...ROLLUP, rollup: `0x${"cd".repeat(20)}` };
const QUEUED = NODE_PAGE + 2;

describe("what a rollup's node tells others", () => {
  const signal = new AbortController().signal;
  const signer = new KeySigner(id("a certifier"));
  const stranger = new KeySigner(id("another certifier"));
  let directory: string;
  let store: Store;
  let app: FastifyInstance;
  let peer: NodePeer;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "node-routes-"));
    store = await Store.open({ sqlite: ":memory:" });
    const entries = Array.from({ length: QUEUED }, (_, i) => [BigInt(i), Uint8Array.of(i >> 8, i & 255)] as const);
    await store.rollup.keepEntries(ROLLUP, new Map(entries), 9n);
    await store.rollup.keepEntries(ELSEWHERE, new Map([[9_999n, Uint8Array.of(1)]]), 9n);
    for (const number of [3n, 1n, 2n]) {
      await store.rollup.sign(ROLLUP, { batchHash: id(`batch ${number}`), number, epoch: 1n }, signer);
    }
    const foreign = { batchHash: id("batch 2"), number: 2n, epoch: 1n };
    const signature = stranger.signCertificate(foreign, ROLLUP);
    await store.rollup.collect(ROLLUP, [{ ...foreign, signer: stranger.address.toLowerCase(), signature }]);
    app = buildApi({
      ...{ store, lanes: [], metrics: new Metrics(), clock: systemClock },
      readiness: () => Promise.resolve({ ready: true, reasons: [] }),
      log: createLog({ operator: "node", level: "silent" }),
      rollup: { rollup: ROLLUP, store, snapshots: new SnapshotFiles(directory, 3_600n) },
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    peer = new NodePeer(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
  });
  after(async () => {
    await app?.close();
    await store?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const get = (url: string) => app.inject({ method: "GET", url });

  it("are its own certificates behind a number, lowest first, and nobody else's", async () => {
    const all = await peer.certificates({ after: 0n }, signal);
    expect(all.map(({ number }) => number)).to.deep.equal([1n, 2n, 3n]);
    expect(new Set(all.map((each) => each.signer.toLowerCase()))).to.deep.equal(
      new Set([signer.address.toLowerCase()]),
    );
    const certificate = { batchHash: id("batch 3"), number: 3n, epoch: 1n };
    expect(await peer.certificates({ after: 2n }, signal)).to.deep.equal([
      { ...certificate, signer: signer.address, signature: signer.signCertificate(certificate, ROLLUP) },
    ]);
    expect(await peer.certificates({ after: 3n }, signal)).to.deep.equal([]);
  });

  it("are entries of the queue as they are kept, a page at a time, of this rollup alone", async () => {
    const first = await peer.entries({ from: 0n, limit: NODE_PAGE }, signal);
    expect(first.size).to.equal(NODE_PAGE);
    const rest = await peer.entries({ from: BigInt(NODE_PAGE), limit: NODE_PAGE }, signal);
    expect([...rest].map(([number, entry]) => [number, hexlify(entry)])).to.deep.equal([
      [256n, "0x0100"],
      [257n, "0x0101"],
    ]);
    expect([...(await peer.entries({ from: 5n, limit: 1 }, signal)).keys()]).to.deep.equal([5n]);
    expect((await peer.entries({ from: 9_999n, limit: 1 }, signal)).size).to.equal(0);
  });

  it("is its newest snapshot, byte by byte, and a refusal where it has none", async () => {
    const none = await get("/rollup/snapshot");
    expect([none.statusCode, none.json<{ error: string }>().error]).to.deep.equal([404, "NO_SNAPSHOT"]);
    const failure = await peer.snapshot(signal).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(RelayerError).and.include({ code: "ENDPOINT_UNAVAILABLE" });

    const newest = new Uint8Array(200_000).map((_, i) => i % 251);
    await writeFile(join(directory, `9-${id("nine")}.snapshot`), Uint8Array.of(1));
    await writeFile(join(directory, `10-${id("ten")}.snapshot`), newest);
    await writeFile(join(directory, "11-unfinished.snapshot.tmp"), Uint8Array.of(2));
    const chunks: Uint8Array[] = [];
    for await (const chunk of await peer.snapshot(signal)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(newest)).to.equal(true);
  });

  for (const [url, why] of [
    ["/rollup/entries", "from nowhere"],
    ["/rollup/entries?from=-1", "from below zero"],
    ["/rollup/entries?from=0&limit=0", "none of them"],
    [`/rollup/entries?from=0&limit=${NODE_PAGE + 1}`, "more than a page"],
    ["/rollup/entries?from=0&to=9", "by a parameter that there is not"],
    [`/rollup/certificates?after=${1n << 64n}`, "behind a number that is none"],
    ["/rollup/certificates?after=1&own=false", "of others"],
  ] as const) {
    it(`are not told ${why}`, async () => {
      expect((await get(url)).statusCode).to.equal(400);
    });
  }

  it("is nothing where a process follows no rollup", async () => {
    const bare = buildApi({
      ...{ store, lanes: [], metrics: new Metrics(), clock: systemClock },
      readiness: () => Promise.resolve({ ready: true, reasons: [] }),
      log: createLog({ operator: "bare", level: "silent" }),
    });
    const statuses = await Promise.all(
      ["certificates", "entries?from=0", "snapshot"].map(async (path) => {
        const { statusCode } = await bare.inject({ method: "GET", url: `/rollup/${path}` });
        return statusCode;
      }),
    );
    await bare.close();
    expect(statuses).to.deep.equal([404, 404, 404]);
  });
});
