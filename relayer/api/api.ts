import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { z } from "zod";
import type { LaneEnds } from "../../protocol/hashChain";
import type { Log } from "../log";
import type { Metrics } from "../metrics";
import type { Clock } from "../ports";
import type { ReadinessReport } from "../readiness";
import type { AttestationRepository } from "../store/attestations";
import type { BlockRepository } from "../store/blocks";
import { LongPoll } from "./longPoll";
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

/** An answer other than 200, in words. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

function parseQuery<T extends z.ZodType>(schema: T, query: unknown): z.output<T> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) =>
    issue.code === "unrecognized_keys"
      ? `${issue.keys.join(", ")}: no such parameter`
      : `${issue.path.join(".")}: ${issue.code === "invalid_type" ? "is missing" : issue.message}`,
  );
  throw new Refusal(400, "BAD_REQUEST", problems.join("; "));
}

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
    const { source, target, after, signer, waitMs } = parseQuery(attestationsQuery, request.query);
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
    const { target, afterEpoch } = parseQuery(rotationsQuery, request.query);
    const page = { own: true, limit: PAGE_LIMIT };
    return { rotations: toJson(await store.attestations.rotations(target, afterEpoch, page)) };
  });

  app.get("/messages", async (request) => {
    const { source, target, from, limit } = parseQuery(messagesQuery, request.query);
    const lane = laneOf(source, target);
    return { messages: toJson(await store.blocks.messages(lane, from, from + BigInt(limit) - 1n)) };
  });

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
