import type { Kysely } from "kysely";
import type { Schema } from "./schema";

/** A database that the store runs on. */
export interface StoreEngine {
  readonly kind: "sqlite" | "postgres";
  readonly db: Kysely<Schema>;
  close(): Promise<void>;
}
