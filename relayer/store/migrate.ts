import { sql, type Kysely } from "kysely";
import { RelayerError } from "../errors";
import type { StoreEngine } from "./engine";
import { MIGRATIONS, applyMigration, type Migration } from "./migrations";
import type { Schema } from "./schema";

/** Any constant of this program's own; PostgreSQL only. */
const ADVISORY_LOCK = 7_117_003n;

interface Versioned {
  readonly version: bigint | null;
}

async function appliedVersion(db: Kysely<Schema>): Promise<number> {
  const { rows } = await sql<Versioned>`select max(version) as version from schema_version`.execute(db);
  return Number(rows[0]?.version ?? 0n);
}

/**
 * Brings the database to the last version, all steps in one transaction under a lock, so that any number of processes
 * may start at once. Refuses a database that a newer program has migrated.
 */
export async function migrate(
  engine: StoreEngine,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<{ readonly from: number; readonly to: number }> {
  return engine.db.transaction().execute(async (tx) => {
    if (engine.kind === "postgres") await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(tx);
    await sql`create table if not exists schema_version (version bigint primary key, name text not null)`.execute(tx);
    const from = await appliedVersion(tx);
    if (from > migrations.length) {
      throw new RelayerError("STORE_INCOMPATIBLE", "the store was written by a newer version of this program", {
        context: { storeVersion: from, programVersion: migrations.length },
      });
    }
    for (const [offset, migration] of migrations.slice(from).entries()) {
      await applyMigration(tx, migration);
      const version = BigInt(from + offset + 1);
      await sql`insert into schema_version (version, name) values (${version}, ${migration.name})`.execute(tx);
    }
    return { from, to: migrations.length };
  });
}

/** Version of the database, 0 where it was never migrated. */
export async function storeVersion(engine: StoreEngine): Promise<number> {
  const tables = await engine.db.introspection.getTables();
  return tables.some((table) => table.name === "schema_version") ? appliedVersion(engine.db) : 0;
}
