import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { z } from "zod";
import type { LaneEnds } from "../../protocol/hashChain";
import type { Log } from "../log";
import type { Metrics } from "../metrics";
import type { Clock } from "../ports";
import type { ReadinessReport } from "../readiness";
import type { AttestationRepository } from "../store/attestations";
import { nodeRoutes, type NodeRoutesDeps } from "../rollup/nodeRoutes";
import type { BlockRepository } from "../store/blocks";
import type { Submissions } from "../watchtower/submissions";
import { SUBMISSION_BYTES } from "../watchtower/wire";
import { LongPoll } from "./longPoll";
import { Refusal, parseRequest } from "./refusal";
import { PAGE_LIMIT, WAIT_LIMIT_MS, address, toJson, uint64 } from "./wire";

export interface ApiDeps {
  readonly store: {
    readonly attestations: Pick<AttestationRepository, "bySigner" | "rotations">;
    readonly blocks: Pick<BlockRepository, "messages">;
    onAttested(listener: () => void): () => void;
  };
  readonly lanes: readonly LaneEnds[];
  readonly metrics: Metrics;
  readonly readiness: () => Promise<ReadinessReport>;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes channels' states into keeping; absent: this process watches none. */
  readonly watchtower?: Pick<Submissions, "submit" | "kept">;
  /** What a rollup's node tells others; absent: this process follows none. */
  readonly rollup?: NodeRoutesDeps;
}

const boundedInt = (most: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, `give a whole number from 0 to ${most}`)
    .transform((value) => Number(value))
    .refine((value) => value <= most, `give at most ${most}`);

const laneQuery = { source: uint64, target: uint64 };

const attestationsQuery = z.strictObject({
  ...laneQuery,
  after: uint64.default(0n),
  signer: address.optional(),
  waitMs: boundedInt(WAIT_LIMIT_MS).default(0),
});

const rotationsQuery = z.strictObject({ target: uint64, afterEpoch: uint64.default(0n) });

const messagesQuery = z.strictObject({
  ...laneQuery,
  from: uint64.default(1n),
  limit: boundedInt(PAGE_LIMIT).default(PAGE_LIMIT),
});

/** The process's HTTP side: attestations for everybody, health and metrics for its operator. Does not listen yet. */
export function buildApi(deps: ApiDeps): FastifyInstance {
  const { store, lanes, metrics, log } = deps;
  const app = fastify({ logger: false, bodyLimit: 1_024, forceCloseConnections: true });
  const closing = new AbortController();
  const longPoll = new LongPoll(deps.clock, (listener) => store.onAttested(listener));

  const laneOf = (source: bigint, target: bigint): LaneEnds => {
    const lane = lanes.find((each) => each.sourceChainId === source && each.targetChainId === target);
    if (lane === undefined)
      throw new Refusal(404, "UNKNOWN_LANE", `no lane from ${source} to ${target} is served here`);
    return lane;
  };

  app.addHook("preClose", async () => closing.abort());

  app.setNotFoundHandler((request, reply) =>
    answerRefusal(reply, new Refusal(404, "NOT_FOUND", `nothing is served at ${request.method} ${request.url}`)),
  );

  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof Refusal) return answerRefusal(reply, error);
    const status = (error as { readonly statusCode?: number }).statusCode;
    if (status !== undefined && status < 500) {
      return answerRefusal(reply, new Refusal(status, "BAD_REQUEST", (error as Error).message));
    }
    log.error({ error }, "a request failed");
    return answerRefusal(reply, new Refusal(500, "INTERNAL", "the request failed; see this relayer's log"));
  });

  app.get("/attestations", async (request, reply) => {
    const { source, target, after, signer, waitMs } = parseRequest(attestationsQuery, request.query);
    const lane = laneOf(source, target);
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    const attestations = await longPoll.until(
      () => store.attestations.bySigner(lane, signer, after, PAGE_LIMIT),
      waitMs,
      AbortSignal.any([closing.signal, gone.signal]),
    );
    return { attestations: toJson(attestations) };
  });

  app.get("/rotations", async (request) => {
    const { target, afterEpoch } = parseRequest(rotationsQuery, request.query);
    const page = { own: true, limit: PAGE_LIMIT };
    return { rotations: toJson(await store.attestations.rotations(target, afterEpoch, page)) };
  });

  app.get("/messages", async (request) => {
    const { source, target, from, limit } = parseRequest(messagesQuery, request.query);
    const lane = laneOf(source, target);
    return { messages: toJson(await store.blocks.messages(lane, from, from + BigInt(limit) - 1n)) };
  });

  const { watchtower } = deps;
  if (watchtower !== undefined) {
    // Browsers ask from any page: what is taken here is signed by all, and nothing here is secret.
    const open = { "access-control-allow-origin": "*", "access-control-allow-headers": "content-type" };
    app.options("/channels", async (_request, reply) => reply.headers(open).status(204).send());
    app.post("/channels", { bodyLimit: SUBMISSION_BYTES }, async (request, reply) => {
      reply.headers(open);
      return toJson(await watchtower.submit(request.body, request.ip, closing.signal));
    });
    app.get("/channels/:chainId/:channelId", async (request, reply) => {
      reply.headers(open);
      return toJson(await watchtower.kept(request.params));
    });
  }

  if (deps.rollup !== undefined) nodeRoutes(app, deps.rollup);

  app.get("/health", async () => ({ alive: true }));

  app.get("/ready", async (_request, reply) => {
    const report = await deps.readiness();
    return reply.status(report.ready ? 200 : 503).send(report);
  });

  app.get("/metrics", async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );

  return app;
}

function answerRefusal(reply: FastifyReply, { status, code, message }: Refusal): FastifyReply {
  return reply.status(status).send({ error: code, message });
}
