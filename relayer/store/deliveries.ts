import type { Kysely, Selectable } from "kysely";
import type { LaneEnds } from "../../protocol/hashChain";
import { atomically } from "./atomically";
import { ensureLane, laneId } from "./lanes";
import type { Schema } from "./schema";

export type DeliveryStatus = "planned" | "delivered" | "failed";

/** A delivery as it was planned from the target lane's state. */
export interface DeliveryPlan {
  /** Unique per lane; also the transaction's key. */
  readonly key: string;
  readonly sourceBlock: bigint;
  /** State of the target's inbox and outbox that it was planned on. */
  readonly inSeq: bigint;
  readonly ackSeq: bigint;
  /** Messages that it executes; none where `last < first`. */
  readonly first: bigint;
  readonly last: bigint;
  /** Number of result records that it brings. */
  readonly results: bigint;
  /** Unix milliseconds. */
  readonly plannedAt: number;
}

export interface DeliveryRow extends DeliveryPlan {
  readonly status: DeliveryStatus;
  readonly transactionHash: string | undefined;
  readonly gasUsed: bigint | undefined;
  /** Why it failed. */
  readonly reason: string | undefined;
  readonly settledAt: number | undefined;
}

function readDelivery(row: Selectable<Schema["deliveries"]>): DeliveryRow {
  return {
    key: row.key,
    sourceBlock: row.source_block,
    inSeq: row.in_seq,
    ackSeq: row.ack_seq,
    first: row.first,
    last: row.last,
    results: row.results,
    status: row.status as DeliveryStatus,
    transactionHash: row.transaction_hash ?? undefined,
    gasUsed: row.gas_used ?? undefined,
    reason: row.reason ?? undefined,
    plannedAt: Number(row.planned_at),
    settledAt: row.settled_at === null ? undefined : Number(row.settled_at),
  };
}

/** What the deliverer planned and what became of it. */
export class DeliveryRepository {
  constructor(private readonly db: Kysely<Schema>) {}

  /** Stores a plan, or returns the one that was stored under its key. */
  async plan(lane: LaneEnds, plan: DeliveryPlan): Promise<DeliveryRow> {
    return atomically(this.db, async (tx) => {
      const id = await ensureLane(tx, lane);
      await tx
        .insertInto("deliveries")
        .values({
          lane: id,
          key: plan.key,
          source_block: plan.sourceBlock,
          in_seq: plan.inSeq,
          ack_seq: plan.ackSeq,
          first: plan.first,
          last: plan.last,
          results: plan.results,
          status: "planned",
          transaction_hash: null,
          gas_used: null,
          reason: null,
          planned_at: BigInt(plan.plannedAt),
          settled_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const row = await tx
        .selectFrom("deliveries")
        .selectAll()
        .where("lane", "=", id)
        .where("key", "=", plan.key)
        .executeTakeFirstOrThrow();
      return readDelivery(row);
    });
  }

  /** Records the outcome of a planned delivery; a settled one stays as it is. */
  async settle(
    lane: LaneEnds,
    key: string,
    outcome: {
      readonly status: "delivered" | "failed";
      readonly transactionHash?: string | undefined;
      readonly gasUsed?: bigint | undefined;
      readonly reason?: string | undefined;
      readonly settledAt: number;
    },
  ): Promise<void> {
    await atomically(this.db, async (tx) => {
      await tx
        .updateTable("deliveries")
        .set({
          status: outcome.status,
          transaction_hash: outcome.transactionHash ?? null,
          gas_used: outcome.gasUsed ?? null,
          reason: outcome.reason ?? null,
          settled_at: BigInt(outcome.settledAt),
        })
        .where("lane", "=", laneId(lane))
        .where("key", "=", key)
        .where("status", "=", "planned")
        .execute();
    });
  }

  /** Planned and not settled, oldest first: what a crash may have left. */
  async planned(lane: LaneEnds): Promise<readonly DeliveryRow[]> {
    const rows = await this.db
      .selectFrom("deliveries")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("status", "=", "planned")
      .orderBy("planned_at")
      .execute();
    return rows.map(readDelivery);
  }

  /** Deliveries that were to execute message `seq`, oldest first. */
  async ofMessage(lane: LaneEnds, seq: bigint): Promise<readonly DeliveryRow[]> {
    const rows = await this.db
      .selectFrom("deliveries")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("last", ">=", seq)
      .where("first", "<=", seq)
      .orderBy("planned_at")
      .execute();
    return rows.map(readDelivery);
  }
}
