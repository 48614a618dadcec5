import { Transaction, type Kysely } from "kysely";
import type { Schema } from "./schema";

/** Runs `step` in the transaction that `db` is, or in one of its own. */
export function atomically<T>(db: Kysely<Schema>, step: (tx: Transaction<Schema>) => Promise<T>): Promise<T> {
  return db instanceof Transaction ? step(db) : db.transaction().execute(step);
}
