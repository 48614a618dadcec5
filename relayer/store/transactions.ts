import { getAddress, getBytes, hexlify } from "ethers";
import { sql, type Kysely, type Selectable, type Transaction } from "kysely";
import type {
  MinedOutcome,
  TransactionAccount,
  TransactionAttempt,
  TransactionId,
  TransactionRequest,
  TransactionRow,
  TransactionStatus,
  TransactionStore,
} from "../chain/transactionStore";
import type { SidecarBlob } from "../ports";
import { atomically } from "./atomically";
import type { Schema } from "./schema";

const OPEN: readonly TransactionStatus[] = ["reserved", "pending"];

const isOpen = (status: string): boolean => OPEN.some((open) => open === status);

const senderOf = (account: TransactionAccount): string => account.sender.toLowerCase();

/**
 * Makes this transaction the only one that changes the account until it ends: SQLite has one writer anyway,
 * PostgreSQL locks the row.
 */
async function lockAccount(tx: Transaction<Schema>, account: TransactionAccount): Promise<void> {
  await tx
    .insertInto("accounts")
    .values({ chain_id: account.chainId, sender: senderOf(account) })
    .onConflict((conflict) => conflict.columns(["chain_id", "sender"]).doUpdateSet({ sender: senderOf(account) }))
    .execute();
}

async function nextNonce(tx: Transaction<Schema>, account: TransactionAccount, floor: bigint): Promise<bigint> {
  let next = floor;
  for (const table of ["transactions", "transaction_attempts"] as const) {
    const row = await tx
      .selectFrom(table)
      .select((select) => select.fn.max("nonce").as("nonce"))
      .where("chain_id", "=", account.chainId)
      .where("sender", "=", senderOf(account))
      .executeTakeFirst();
    const highest = row?.nonce ?? undefined;
    if (highest !== undefined && highest >= next) next = highest + 1n;
  }
  return next;
}

function readAttempt(row: Selectable<Schema["transaction_attempts"]>): TransactionAttempt {
  return {
    hash: row.hash,
    raw: row.raw,
    nonce: row.nonce,
    kind: row.kind as TransactionAttempt["kind"],
    maxFeePerGas: BigInt(row.max_fee_per_gas),
    maxPriorityFeePerGas: BigInt(row.max_priority_fee_per_gas),
    ...(row.max_fee_per_blob_gas !== null && { maxFeePerBlobGas: BigInt(row.max_fee_per_blob_gas) }),
    createdAt: Number(row.created_at),
  };
}

function readOutcome(row: Selectable<Schema["transactions"]>): MinedOutcome | undefined {
  if (row.status !== "mined") return undefined;
  return {
    hash: row.mined_hash as string,
    succeeded: row.mined_succeeded === 1n,
    blockNumber: row.mined_block as bigint,
    gasUsed: row.mined_gas_used as bigint,
  };
}

type RowOf = Selectable<Schema["transactions"]>;

async function withAttempts(db: Kysely<Schema>, rows: readonly RowOf[]): Promise<readonly TransactionRow[]> {
  const [account] = rows;
  if (account === undefined) return [];
  const attempts = await db
    .selectFrom("transaction_attempts")
    .selectAll()
    .where("chain_id", "=", account.chain_id)
    .where("sender", "=", account.sender)
    .where(
      "key",
      "in",
      rows.map((row) => row.key),
    )
    .orderBy("idx")
    .execute();
  const blobs = await blobsOf(db, rows);
  return rows.map((row) => {
    const carried = blobs.get(row.key);
    return {
      chainId: row.chain_id,
      sender: getAddress(row.sender),
      key: row.key,
      to: row.to_address,
      data: row.data,
      gasLimit: row.gas_limit,
      ...(carried !== undefined && { blobs: carried }),
      createdAt: Number(row.created_at),
      nonce: row.nonce,
      status: row.status as TransactionStatus,
      attempts: attempts.filter((attempt) => attempt.key === row.key).map(readAttempt),
      outcome: readOutcome(row),
    };
  });
}

/** What these rows carry, by their keys. */
async function blobsOf(db: Kysely<Schema>, rows: readonly RowOf[]): Promise<ReadonlyMap<string, SidecarBlob[]>> {
  const [account] = rows as [RowOf];
  const found = new Map<string, SidecarBlob[]>();
  const kept = await db
    .selectFrom("transaction_blobs")
    .selectAll()
    .where("chain_id", "=", account.chain_id)
    .where("sender", "=", account.sender)
    .where(
      "key",
      "in",
      rows.map((row) => row.key),
    )
    .orderBy("idx")
    .execute();
  for (const { key, content, commitment, proof } of kept) {
    const blob = { blob: getBytes(content), commitment: getBytes(commitment), proof: getBytes(proof) };
    found.set(key, [...(found.get(key) ?? []), blob]);
  }
  return found;
}

async function keep(tx: Transaction<Schema>, id: TransactionId, blobs: readonly SidecarBlob[]): Promise<void> {
  for (const [at, { blob, commitment, proof }] of blobs.entries()) {
    await tx
      .insertInto("transaction_blobs")
      .values({
        chain_id: id.chainId,
        sender: senderOf(id),
        key: id.key,
        idx: BigInt(at),
        content: hexlify(blob),
        commitment: hexlify(commitment),
        proof: hexlify(proof),
      })
      .onConflict((conflict) => conflict.columns(["chain_id", "sender", "key", "idx"]).doNothing())
      .execute();
  }
}

/** A settled transaction is on chain, or never will be: its blobs are large, and needed no more. */
async function forgetBlobs(tx: Transaction<Schema>, id: TransactionId): Promise<void> {
  await tx
    .deleteFrom("transaction_blobs")
    .where("chain_id", "=", id.chainId)
    .where("sender", "=", senderOf(id))
    .where("key", "=", id.key)
    .execute();
}

const selectAccount = (db: Kysely<Schema>, account: TransactionAccount) =>
  db
    .selectFrom("transactions")
    .selectAll()
    .where("chain_id", "=", account.chainId)
    .where("sender", "=", senderOf(account));

const updateRow = (db: Kysely<Schema>, id: TransactionId) =>
  db
    .updateTable("transactions")
    .where("chain_id", "=", id.chainId)
    .where("sender", "=", senderOf(id))
    .where("key", "=", id.key);

async function findRow(db: Kysely<Schema>, id: TransactionId): Promise<RowOf | undefined> {
  return selectAccount(db, id).where("key", "=", id.key).executeTakeFirst();
}

async function existing(db: Kysely<Schema>, id: TransactionId): Promise<TransactionRow> {
  const [row] = await withAttempts(db, [
    await selectAccount(db, id).where("key", "=", id.key).executeTakeFirstOrThrow(),
  ]);
  return row as TransactionRow;
}

async function holder(db: Kysely<Schema>, account: TransactionAccount, nonce: bigint): Promise<RowOf | undefined> {
  return selectAccount(db, account).where("nonce", "=", nonce).where("status", "in", OPEN).executeTakeFirst();
}

async function insert(tx: Transaction<Schema>, request: TransactionRequest, nonce: bigint): Promise<TransactionRow> {
  await tx
    .insertInto("transactions")
    .values({
      chain_id: request.chainId,
      sender: senderOf(request),
      key: request.key,
      to_address: request.to,
      data: request.data,
      gas_limit: request.gasLimit,
      nonce,
      status: "reserved",
      mined_hash: null,
      mined_succeeded: null,
      mined_block: null,
      mined_gas_used: null,
      created_at: BigInt(request.createdAt),
    })
    .execute();
  if (request.blobs !== undefined) await keep(tx, request, request.blobs);
  return existing(tx, request);
}

/** Transactions of the sender accounts, in SQL. */
export class TransactionRepository implements TransactionStore {
  constructor(private readonly db: Kysely<Schema>) {}

  async reserve(request: TransactionRequest, floor: bigint): Promise<TransactionRow> {
    return this.locked(request, async (tx) => {
      if ((await findRow(tx, request)) !== undefined) return existing(tx, request);
      return insert(tx, request, await nextNonce(tx, request, floor));
    });
  }

  async reserveAt(request: TransactionRequest, nonce: bigint): Promise<TransactionRow | undefined> {
    return this.locked(request, async (tx) => {
      if ((await findRow(tx, request)) !== undefined) return existing(tx, request);
      return (await holder(tx, request, nonce)) === undefined ? insert(tx, request, nonce) : undefined;
    });
  }

  async reassign(id: TransactionId, nonce: bigint, floor: bigint): Promise<TransactionRow> {
    return this.locked(id, async (tx) => {
      const row = await findRow(tx, id);
      if (row?.nonce === nonce) {
        const next = await nextNonce(tx, id, floor);
        await updateRow(tx, id)
          .set({
            nonce: next,
            status: "reserved",
            mined_hash: null,
            mined_succeeded: null,
            mined_block: null,
            mined_gas_used: null,
          })
          .execute();
      }
      return existing(tx, id);
    });
  }

  async addAttempt(id: TransactionId, attempt: TransactionAttempt): Promise<boolean> {
    return this.locked(id, async (tx) => {
      const row = await findRow(tx, id);
      if (row === undefined || !isOpen(row.status) || row.nonce !== attempt.nonce) return false;
      const { count } = await tx
        .selectFrom("transaction_attempts")
        .select(sql<bigint>`count(*)`.as("count"))
        .where("chain_id", "=", id.chainId)
        .where("sender", "=", senderOf(id))
        .where("key", "=", id.key)
        .executeTakeFirstOrThrow();
      await tx
        .insertInto("transaction_attempts")
        .values({
          hash: attempt.hash,
          chain_id: id.chainId,
          sender: senderOf(id),
          key: id.key,
          idx: count,
          raw: attempt.raw,
          nonce: attempt.nonce,
          kind: attempt.kind,
          max_fee_per_gas: attempt.maxFeePerGas.toString(),
          max_priority_fee_per_gas: attempt.maxPriorityFeePerGas.toString(),
          max_fee_per_blob_gas: attempt.maxFeePerBlobGas?.toString() ?? null,
          created_at: BigInt(attempt.createdAt),
        })
        .onConflict((conflict) => conflict.column("hash").doNothing())
        .execute();
      await updateRow(tx, id).set({ status: "pending" }).execute();
      return true;
    });
  }

  async keepBlobs(id: TransactionId, blobs: readonly SidecarBlob[]): Promise<TransactionRow> {
    return this.locked(id, async (tx) => {
      await keep(tx, id, blobs);
      return existing(tx, id);
    });
  }

  async settleMined(id: TransactionId, outcome: MinedOutcome): Promise<void> {
    await this.locked(id, async (tx) => {
      await updateRow(tx, id)
        .set({
          status: "mined",
          mined_hash: outcome.hash,
          mined_succeeded: outcome.succeeded ? 1n : 0n,
          mined_block: outcome.blockNumber,
          mined_gas_used: outcome.gasUsed,
        })
        .where("status", "in", [...OPEN, "mined"])
        .execute();
      await forgetBlobs(tx, id);
    });
  }

  async settleAbandoned(id: TransactionId): Promise<void> {
    await this.locked(id, async (tx) => {
      await updateRow(tx, id).set({ status: "abandoned" }).where("status", "in", OPEN).execute();
      await forgetBlobs(tx, id);
    });
  }

  async reopen(id: TransactionId): Promise<TransactionRow> {
    return this.locked(id, async (tx) => {
      const row = await findRow(tx, id);
      if (row?.status === "mined" && (await holder(tx, id, row.nonce)) === undefined) {
        await updateRow(tx, id)
          .set({ status: "pending", mined_hash: null, mined_succeeded: null, mined_block: null, mined_gas_used: null })
          .execute();
      }
      return existing(tx, id);
    });
  }

  async find(id: TransactionId): Promise<TransactionRow | undefined> {
    const row = await findRow(this.db, id);
    return row && (await withAttempts(this.db, [row]))[0];
  }

  async findByNonce(account: TransactionAccount, nonce: bigint): Promise<readonly TransactionRow[]> {
    const rows = await selectAccount(this.db, account)
      .where((where) =>
        where.or([
          where("nonce", "=", nonce),
          where(
            "key",
            "in",
            where
              .selectFrom("transaction_attempts")
              .select("transaction_attempts.key")
              .where("transaction_attempts.chain_id", "=", account.chainId)
              .where("transaction_attempts.sender", "=", senderOf(account))
              .where("transaction_attempts.nonce", "=", nonce),
          ),
        ]),
      )
      .orderBy("created_at")
      .execute();
    return withAttempts(this.db, rows);
  }

  async open(account: TransactionAccount): Promise<readonly TransactionRow[]> {
    const rows = await selectAccount(this.db, account).where("status", "in", OPEN).orderBy("nonce").execute();
    return withAttempts(this.db, rows);
  }

  private locked<T>(account: TransactionAccount, step: (tx: Transaction<Schema>) => Promise<T>): Promise<T> {
    return atomically(this.db, async (tx) => {
      await lockAccount(tx, account);
      return step(tx);
    });
  }
}
