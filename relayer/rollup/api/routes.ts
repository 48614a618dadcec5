import type { FastifyInstance } from "fastify";
import { hexlify } from "ethers";
import { Refusal, parseRequest } from "../../api/refusal";
import type { DataRoute } from "../../config";
import type { Clock } from "../../ports";
import { RateLimit } from "../../watchtower/rateLimit";
import type { Batch, PostedSegment } from "../../../protocol/ledger/batch";
import type { Leaf } from "../../../protocol/ledger/leaves";
import { TRANSACTIONS } from "../../../protocol/ledger/transactions";
import { readTransaction } from "../../../protocol/ledger/transactions";
import { WireReader } from "../../../protocol/ledger/wire";
import type { Sequencer } from "../sequencer/sequencer";
import { jsonOf, leafJson, type JsonValue } from "./leafJson";
import {
  busyMessage,
  leavesOfOwner,
  receiptJson,
  resultJson,
  sessionJson,
  sessionsOfOwner,
  type PendingState,
} from "./view";
import {
  MAX_BODY_BYTES,
  MAX_SUBMITTED,
  addressParams,
  batchParams,
  hashParams,
  indexParams,
  ownerQuery,
  page,
  proofQuery,
  segmentParams,
  submission,
} from "./wire";

/** A leaf of a batch's state, with its path. */
export interface LeafProof {
  readonly batch: Batch;
  readonly hash: Uint8Array;
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly siblings: readonly Uint8Array[];
}

/** What a node that re-executes the chain knows beside the sequencer. */
export interface ChainArchive {
  /** Undefined where the leaf is not in the latest batch that is so far, or there is none. */
  prove(leaf: number, at: "posted" | "final", signal: AbortSignal): Promise<LeafProof | undefined>;
  batch(
    number: bigint,
    signal: AbortSignal,
  ): Promise<
    { readonly batch: Batch; readonly hash: Uint8Array; readonly segments: readonly PostedSegment[] } | undefined
  >;
}

export interface RollupApiDeps {
  readonly chainId: bigint;
  readonly rollup: string;
  readonly mode: DataRoute;
  readonly sequencer: Pick<Sequencer, "door" | "state" | "progress" | "receipts" | "batch">;
  readonly archive?: ChainArchive;
}

/** Lets each network address submit so many transactions. */
export class SubmissionRate {
  private readonly limit: RateLimit;

  constructor(
    private readonly perSecond: number,
    burst: number,
    clock: Pick<Clock, "now">,
  ) {
    this.limit = new RateLimit(perSecond, burst, clock);
  }

  require(source: string, count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.limit.allows(source)) continue;
      throw new Refusal(429, "RATE_LIMITED", `at most ${this.perSecond} transactions a second from one address: wait`);
    }
  }
}

/** Signed transactions that stand one after another. */
export function splitTransactions(bytes: Uint8Array): readonly Uint8Array[] {
  const reader = new WireReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.left > 0) {
    const start = reader.offset;
    const transaction = readTransaction(reader);
    const signatures =
      transaction === undefined ? undefined : reader.take(64 * TRANSACTIONS[transaction.kind].signatures);
    if (signatures === undefined || found.length === MAX_SUBMITTED) {
      const problem = found.length === MAX_SUBMITTED ? `more than ${MAX_SUBMITTED} transactions` : "no transaction";
      throw new Refusal(400, "BAD_REQUEST", `${problem} at byte ${start}: nothing of it was taken`);
    }
    found.push(bytes.subarray(start, reader.offset));
  }
  if (found.length === 0) throw new Refusal(400, "BAD_REQUEST", "give at least one transaction");
  return found;
}

const notFound = (code: string, message: string): Refusal => new Refusal(404, code, message);

/** Layer 2 over HTTP: everybody may read and submit; nothing that is shown is secret. */
export function addRollupRoutes(app: FastifyInstance, deps: RollupApiDeps, rate: SubmissionRate): void {
  const { sequencer, archive, chainId, rollup, mode } = deps;
  const { progress } = sequencer;
  const statusOf = progress.statusOf.bind(progress);
  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());

  const state = (): PendingState & NonNullable<typeof sequencer.state> => {
    if (sequencer.state === undefined) throw new Refusal(503, "BUSY", busyMessage);
    return sequencer.state;
  };
  const leafAt = (index: number): Leaf => {
    const leaf = state().leaf(index);
    if (leaf === undefined) throw notFound("EMPTY_LEAF", `there is nothing at leaf ${index}`);
    return leaf;
  };
  const pageOf = (indices: readonly number[], query: unknown): JsonValue => {
    const { after, limit } = parseRequest(page, query);
    const rest = indices.filter((index) => index > after);
    const shown = rest.slice(0, limit);
    const leaves = shown.map((index) => leafJson(index, leafAt(index)));
    return { leaves, ...(rest.length > limit && { next: shown.at(-1) as number }) };
  };

  app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );

  app.addHook("onRequest", async (request, reply) => {
    if (!request.url.startsWith("/rollup")) return;
    reply.headers({ "access-control-allow-origin": "*", "access-control-allow-headers": "content-type" });
  });
  app.options("/rollup/transactions", async (_request, reply) => reply.status(204).send());

  app.get("/rollup", async () => {
    const { engine } = state();
    const { open } = engine;
    return {
      chainId: chainId.toString(),
      rollup,
      mode,
      pending: {
        batch: (engine.sealed + 1n).toString(),
        ...(open !== undefined && { time: open.header.time.toString() }),
        nextLeaf: engine.ledger.nextLeaf,
        queue: engine.ledger.queue.toString(),
        transactions: open?.transactions ?? 0,
      },
      ...(jsonOf({ ...progress }) as object),
    };
  });

  app.post("/rollup/transactions", { bodyLimit: 2 * MAX_BODY_BYTES + 4_096 }, async (request) => {
    const { body, ip } = request;
    const transactions =
      body instanceof Uint8Array ? splitTransactions(body) : parseRequest(submission, body).transactions;
    if (transactions.reduce((sum, { length }) => sum + length, 0) > MAX_BODY_BYTES) {
      throw new Refusal(413, "OVERSIZED", `at most ${MAX_BODY_BYTES} bytes of transactions`);
    }
    rate.require(ip, transactions.length);
    const results = await sequencer.door.submit(ip, transactions);
    return { results: results.map((result) => resultJson(result, statusOf)) };
  });

  app.get("/rollup/transactions/:hash", async (request) => {
    const { hash } = parseRequest(hashParams, request.params);
    const receipt = sequencer.receipts.get(hash);
    if (receipt !== undefined) return receiptJson(receipt, statusOf);
    throw notFound("UNKNOWN_TRANSACTION", "no receipt of this transaction is kept: it was never taken, or long ago");
  });

  app.get("/rollup/leaves/:index", async (request) => {
    const { index } = parseRequest(indexParams, request.params);
    return leafJson(index, leafAt(index));
  });

  app.get("/rollup/accounts/:index/nonce", async (request) => {
    const { index } = parseRequest(indexParams, request.params);
    const leaf = leafAt(index);
    if (leaf.kind !== "Account") throw notFound("NOT_AN_ACCOUNT", `leaf ${index} is no account but ${leaf.kind}`);
    return { account: index, nonce: sequencer.door.nextNonce(index, leaf.nonce).toString() };
  });

  app.get("/rollup/owners/:address", async (request) => {
    const { address } = parseRequest(addressParams, request.params);
    return { owner: hexlify(address), ...(pageOf(leavesOfOwner(state(), address), request.query) as object) };
  });

  app.get("/rollup/keys/:address", async (request) => {
    const { address } = parseRequest(addressParams, request.params);
    return { key: hexlify(address), ...(pageOf(state().index.accountsOfKey(address), request.query) as object) };
  });

  app.get("/rollup/sessions/:index", async (request) => {
    const { index } = parseRequest(indexParams, request.params);
    const session = sessionJson(state(), index);
    if (session === undefined) throw notFound("NOT_A_SESSION", `there is no session at leaf ${index}`);
    return session;
  });

  app.get("/rollup/sessions", async (request) => {
    const { owner } = parseRequest(ownerQuery, request.query);
    return { sessions: [...sessionsOfOwner(state(), owner)] };
  });

  app.get("/rollup/games", async () => ({ games: state().index.games.map((index) => leafJson(index, leafAt(index))) }));

  app.get("/rollup/proofs/:index", async (request) => {
    const { index } = parseRequest(indexParams, request.params);
    const { at } = parseRequest(proofQuery, request.query);
    const proof = await archive?.prove(index, at, closing.signal);
    if (proof === undefined)
      throw notFound("NOT_IN_BATCH", `leaf ${index} is not in the latest ${at} batch that is known here`);
    return jsonOf(proof);
  });

  app.get("/rollup/batches/:number", async (request) => {
    const { number } = parseRequest(batchParams, request.params);
    const sealed = sequencer.batch(number);
    const found = number > progress.posted ? undefined : await archive?.batch(number, closing.signal);
    const unknown = notFound("UNKNOWN_BATCH", `batch ${number} is not known here`);
    if (sealed === undefined && found === undefined) throw unknown;
    const { time, queueTime } = sealed?.header ?? found?.batch ?? refuse(unknown);
    const { root, nextLeaf, queue } = sealed?.state ?? found?.batch.state ?? refuse(unknown);
    return jsonOf({
      number,
      status: statusOf(number),
      time,
      queueTime,
      state: { root, nextLeaf, queue },
      segments: sealed?.segments.length ?? found?.batch.segments,
      ...(sealed !== undefined && { transactions: sealed.transactions }),
      ...(found !== undefined && { hash: found.hash, batch: found.batch }),
    });
  });

  app.get("/rollup/batches/:number/segments/:segment", async (request) => {
    const { number, segment } = parseRequest(segmentParams, request.params);
    const sealed = sequencer.batch(number);
    const posted = sealed ?? (await archive?.batch(number, closing.signal));
    const found = posted?.segments[segment];
    if (found === undefined) throw notFound("UNKNOWN_BATCH", `segment ${segment} of batch ${number} is not known here`);
    return jsonOf({ ...found, ...(sealed !== undefined && { results: sealed.results[segment] }) });
  });
}

function refuse(refusal: Refusal): never {
  throw refusal;
}
