import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { hexlify } from "ethers";
import type { RollupTarget } from "../../protocol/certificate";
import { Refusal, parseRequest } from "../api/refusal";
import { toJson } from "../api/wire";
import type { Store } from "../store/store";
import type { SnapshotFiles } from "./snapshotFiles";
import { NODE_PAGE, certificatesQuery, entriesQuery } from "./wire";

export interface NodeRoutesDeps {
  readonly rollup: RollupTarget;
  readonly store: Pick<Store, "rollup">;
  /** Absent: none are written here. */
  readonly snapshots?: Pick<SnapshotFiles, "newest">;
}

/** What a rollup's node tells others: its certificates, the queue, a snapshot. All of it is public, none is believed. */
export function nodeRoutes(app: FastifyInstance, { rollup, store, snapshots }: NodeRoutesDeps): void {
  app.get("/rollup/certificates", async (request) => {
    const { after } = parseRequest(certificatesQuery, request.query);
    return { certificates: toJson(await store.rollup.certificates(rollup, after, { own: true, limit: NODE_PAGE })) };
  });

  app.get("/rollup/entries", async (request) => {
    const { from, limit } = parseRequest(entriesQuery, request.query);
    const entries = await store.rollup.entries(rollup, from, from + BigInt(limit));
    return { entries: [...entries].map(([number, entry]) => ({ number: number.toString(), entry: hexlify(entry) })) };
  });

  app.get("/rollup/snapshot", async (_request, reply) => {
    const found = await snapshots?.newest();
    if (found === undefined) throw new Refusal(404, "NO_SNAPSHOT", "no snapshot is kept here: ask another node");
    return reply.type("application/octet-stream").send(Readable.from(found));
  });
}
