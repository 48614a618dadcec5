import { Kysely, PostgresDialect } from "kysely";
import { Pool, types } from "pg";
import type { StoreEngine } from "./engine";
import type { Schema } from "./schema";

const CONNECTIONS = 10;

/** `int8` as BigInt; everything else as pg does it. */
const bigintTypes: typeof types = Object.assign(Object.create(types) as typeof types, {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === types.builtins.INT8 && format !== "binary"
      ? (value: string) => BigInt(value)
      : types.getTypeParser(oid, format as "text")) as typeof types.getTypeParser,
});

/** A pool over a PostgreSQL server. `onError` hears of connections that break while idle. */
export function openPostgres(url: string, onError: (error: Error) => void): StoreEngine {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: 10_000,
    types: bigintTypes,
    application_name: "relayer",
  });
  pool.on("error", onError);
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  return { kind: "postgres", db, close: () => db.destroy() };
}
