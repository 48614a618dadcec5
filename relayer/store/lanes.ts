import { dataSlice } from "ethers";
import type { Kysely, Transaction } from "kysely";
import { messageSeed, type LaneEnds } from "../../protocol/hashChain";
import { atomically } from "./atomically";
import type { Schema } from "./schema";

/** Ids that were computed before: every query asks for one. */
const ids = new WeakMap<LaneEnds, string>();

/** Key of a lane in every table: the first 8 bytes of its message seed, so it is the same in every store. */
export function laneId(lane: LaneEnds): string {
  const known = ids.get(lane);
  if (known !== undefined) return known;
  const id = dataSlice(messageSeed(lane), 0, 8);
  ids.set(lane, id);
  return id;
}

/** Inserts the lane unless it is there; returns its id. */
export async function ensureLane(tx: Transaction<Schema>, lane: LaneEnds): Promise<string> {
  const id = laneId(lane);
  await tx
    .insertInto("lanes")
    .values({
      id,
      source_chain_id: lane.sourceChainId,
      source_gateway: lane.sourceGateway.toLowerCase(),
      target_chain_id: lane.targetChainId,
      target_gateway: lane.targetGateway.toLowerCase(),
      cursor: null,
      epoch: null,
      cadence: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return id;
}

/** Lanes, each with how far its source chain was read. */
export class LaneRepository {
  constructor(private readonly db: Kysely<Schema>) {}

  async add(lane: LaneEnds): Promise<void> {
    await atomically(this.db, (tx) => ensureLane(tx, lane));
  }

  /** Last processed block of the lane's source; undefined: none yet. */
  async cursor(lane: LaneEnds): Promise<bigint | undefined> {
    const row = await this.db.selectFrom("lanes").select("cursor").where("id", "=", laneId(lane)).executeTakeFirst();
    return row?.cursor ?? undefined;
  }

  /** Where the watcher goes on: the last processed block, with the lane's epoch and cadence at its end. */
  async position(
    lane: LaneEnds,
  ): Promise<{ readonly block: bigint; readonly epoch: bigint; readonly cadence: bigint } | undefined> {
    const row = await this.db
      .selectFrom("lanes")
      .select(["cursor", "epoch", "cadence"])
      .where("id", "=", laneId(lane))
      .executeTakeFirst();
    if (row === undefined || row.cursor === null) return undefined;
    return { block: row.cursor, epoch: row.epoch ?? 0n, cadence: row.cadence ?? 0n };
  }

  async all(): Promise<readonly LaneEnds[]> {
    const rows = await this.db.selectFrom("lanes").selectAll().orderBy("source_chain_id").orderBy("id").execute();
    return rows.map((row) => ({
      sourceChainId: row.source_chain_id,
      sourceGateway: row.source_gateway,
      targetChainId: row.target_chain_id,
      targetGateway: row.target_gateway,
    }));
  }
}
