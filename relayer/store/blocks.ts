import type { Kysely, Selectable } from "kysely";
import type { LaneEnds, ResultRecord } from "../../protocol/hashChain";
import { headerDigest, type Header } from "../../protocol/header";
import { atomically } from "./atomically";
import { ensureLane, laneId } from "./lanes";
import type { Schema } from "./schema";

/** A message as the source's outbox accepted it. */
export interface StoredMessage {
  readonly seq: bigint;
  /** Its packed bytes. */
  readonly packed: string;
  readonly leaf: string;
  /** The outbox's accumulator after it. */
  readonly acc: string;
  readonly block: bigint;
  readonly transactionHash: string;
}

/** A record of the source's inbox, about messages of the opposite direction: it travels with this lane's headers. */
export interface StoredResult extends ResultRecord {
  /** 1 for the inbox's first record. */
  readonly index: bigint;
  /** The inbox's result accumulator after it. */
  readonly acc: string;
  readonly block: bigint;
  readonly transactionHash: string;
}

export interface StoredHeader {
  readonly header: Header;
  readonly digest: string;
}

/** What one step of the watcher found: everything after the cursor before it, up to and including `cursor`. */
export interface BlockRecord {
  readonly cursor: bigint;
  /** The lane's epoch and cadence at the end of that block; absent: as at the cursor before. */
  readonly epoch?: bigint;
  readonly cadence?: bigint;
  readonly messages: readonly StoredMessage[];
  readonly results: readonly StoredResult[];
  /** Absent where the lane did not change. */
  readonly header: Header | undefined;
}

/** Rows per INSERT, below SQLite's and PostgreSQL's limits on parameters. */
const ROWS_PER_INSERT = 500;

function chunks<T>(rows: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(rows.length / ROWS_PER_INSERT) }, (_, index) =>
    rows.slice(index * ROWS_PER_INSERT, (index + 1) * ROWS_PER_INSERT),
  );
}

export function readHeader(lane: LaneEnds, row: Selectable<Schema["headers"]>): StoredHeader {
  return {
    digest: row.digest,
    header: {
      source: lane.sourceChainId,
      sourceBlock: row.source_block,
      epoch: row.epoch,
      toSeq: row.to_seq,
      acc: row.acc,
      ackSeq: row.ack_seq,
      resAcc: row.res_acc,
    },
  };
}

export function headerRow(lane: LaneEnds, id: string, header: Header, verified: boolean): Schema["headers"] {
  return {
    lane: id,
    digest: headerDigest(header, { chainId: lane.targetChainId, gateway: lane.targetGateway }),
    source_block: header.sourceBlock,
    epoch: header.epoch,
    to_seq: header.toSeq,
    acc: header.acc,
    ack_seq: header.ackSeq,
    res_acc: header.resAcc,
    verified: verified ? 1n : 0n,
  };
}

function readMessage(row: Selectable<Schema["messages"]>): StoredMessage {
  return {
    seq: row.seq,
    packed: row.packed,
    leaf: row.leaf,
    acc: row.acc,
    block: row.block,
    transactionHash: row.transaction_hash,
  };
}

function readResult(row: Selectable<Schema["results"]>): StoredResult {
  return {
    index: row.idx,
    first: row.first,
    last: row.last,
    failures: BigInt(row.failures),
    payout: row.payout,
    acc: row.acc,
    block: row.block,
    transactionHash: row.transaction_hash,
  };
}

/** What the watcher found on a source chain, verified: messages, results and headers of a lane. */
export class BlockRepository {
  constructor(private readonly db: Kysely<Schema>) {}

  /**
   * Stores what was found and moves the cursor, in one transaction. Returns false, and changes nothing, where another
   * process has recorded this block or a later one. The schema allows one verified header per block.
   */
  async record(lane: LaneEnds, record: BlockRecord): Promise<boolean> {
    return atomically(this.db, async (tx) => {
      const id = await ensureLane(tx, lane);
      const moved = await tx
        .updateTable("lanes")
        .set({
          cursor: record.cursor,
          ...(record.epoch !== undefined && { epoch: record.epoch }),
          ...(record.cadence !== undefined && { cadence: record.cadence }),
        })
        .where("id", "=", id)
        .where((where) => where.or([where("cursor", "is", null), where("cursor", "<", record.cursor)]))
        .executeTakeFirst();
      if (moved.numUpdatedRows === 0n) return false;
      for (const messages of chunks(record.messages)) {
        await tx
          .insertInto("messages")
          .values(
            messages.map((message) => ({
              lane: id,
              seq: message.seq,
              packed: message.packed,
              leaf: message.leaf,
              acc: message.acc,
              block: message.block,
              transaction_hash: message.transactionHash,
            })),
          )
          .execute();
      }
      for (const results of chunks(record.results)) {
        await tx
          .insertInto("results")
          .values(
            results.map((result) => ({
              lane: id,
              idx: result.index,
              first: result.first,
              last: result.last,
              failures: result.failures.toString(),
              payout: result.payout.toLowerCase(),
              acc: result.acc,
              block: result.block,
              transaction_hash: result.transactionHash,
            })),
          )
          .execute();
      }
      if (record.header !== undefined) {
        await tx
          .insertInto("headers")
          .values(headerRow(lane, id, record.header, true))
          .onConflict((conflict) => conflict.columns(["lane", "digest"]).doUpdateSet({ verified: 1n }))
          .execute();
      }
      return true;
    });
  }

  /** Messages `from … to`, in order; fewer where the store has fewer. */
  async messages(lane: LaneEnds, from: bigint, to: bigint): Promise<readonly StoredMessage[]> {
    const rows = await this.db
      .selectFrom("messages")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("seq", ">=", from)
      .where("seq", "<=", to)
      .orderBy("seq")
      .execute();
    return rows.map(readMessage);
  }

  /** Leaves of messages `from … to`, in order. */
  async leaves(lane: LaneEnds, from: bigint, to: bigint): Promise<readonly string[]> {
    const rows = await this.db
      .selectFrom("messages")
      .select("leaf")
      .where("lane", "=", laneId(lane))
      .where("seq", ">=", from)
      .where("seq", "<=", to)
      .orderBy("seq")
      .execute();
    return rows.map((row) => row.leaf);
  }

  async lastMessage(lane: LaneEnds): Promise<StoredMessage | undefined> {
    const row = await this.db
      .selectFrom("messages")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .orderBy("seq", "desc")
      .limit(1)
      .executeTakeFirst();
    return row && readMessage(row);
  }

  /** Result records that cover messages after `ackSeq` up to `toSeq`, in order. */
  async results(lane: LaneEnds, ackSeq: bigint, toSeq: bigint): Promise<readonly StoredResult[]> {
    const rows = await this.db
      .selectFrom("results")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("first", ">", ackSeq)
      .where("last", "<=", toSeq)
      .orderBy("idx")
      .execute();
    return rows.map(readResult);
  }

  async lastResult(lane: LaneEnds): Promise<StoredResult | undefined> {
    const row = await this.db
      .selectFrom("results")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .orderBy("idx", "desc")
      .limit(1)
      .executeTakeFirst();
    return row && readResult(row);
  }

  /** Record that covers message `seq` of the opposite direction. */
  async resultOf(lane: LaneEnds, seq: bigint): Promise<StoredResult | undefined> {
    const row = await this.db
      .selectFrom("results")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("first", "<=", seq)
      .where("last", ">=", seq)
      .executeTakeFirst();
    return row && readResult(row);
  }

  /** Own headers of blocks after `after`, oldest first. */
  async headers(lane: LaneEnds, after: bigint, limit: number): Promise<readonly StoredHeader[]> {
    const rows = await this.db
      .selectFrom("headers")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("verified", "=", 1n)
      .where("source_block", ">", after)
      .orderBy("source_block")
      .limit(limit)
      .execute();
    return rows.map((row) => readHeader(lane, row));
  }

  async lastHeader(lane: LaneEnds): Promise<StoredHeader | undefined> {
    const row = await this.db
      .selectFrom("headers")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("verified", "=", 1n)
      .orderBy("source_block", "desc")
      .limit(1)
      .executeTakeFirst();
    return row && readHeader(lane, row);
  }

  /** Own header of exactly this block. */
  async header(lane: LaneEnds, sourceBlock: bigint): Promise<StoredHeader | undefined> {
    const row = await this.db
      .selectFrom("headers")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("verified", "=", 1n)
      .where("source_block", "=", sourceBlock)
      .executeTakeFirst();
    return row && readHeader(lane, row);
  }

  /** Block of the last own header that a target with this state is through with; undefined: none. */
  async lastPassed(lane: LaneEnds, inSeq: bigint, ackSeq: bigint): Promise<bigint | undefined> {
    const row = await this.db
      .selectFrom("headers")
      .select("source_block")
      .where("lane", "=", laneId(lane))
      .where("verified", "=", 1n)
      .where("to_seq", "<=", inSeq)
      .where("ack_seq", "<=", ackSeq)
      .orderBy("source_block", "desc")
      .limit(1)
      .executeTakeFirst();
    return row?.source_block;
  }

  /** First own header that covers message `seq`. */
  async headerOfMessage(lane: LaneEnds, seq: bigint): Promise<StoredHeader | undefined> {
    const row = await this.db
      .selectFrom("headers")
      .selectAll()
      .where("lane", "=", laneId(lane))
      .where("verified", "=", 1n)
      .where("to_seq", ">=", seq)
      .orderBy("to_seq")
      .orderBy("source_block")
      .limit(1)
      .executeTakeFirst();
    return row && readHeader(lane, row);
  }
}
