import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  type CompiledQuery,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from "kysely";
import LibsqlDatabase from "libsql";
import type { StoreEngine } from "./engine";
import type { Schema } from "./schema";

/** How long a statement blocks this thread for another process's lock; longer waits are asynchronous. */
const BUSY_TIMEOUT_MS = 50;
/** Attempts to begin a transaction while another connection writes, 5 ms apart beside the busy timeout. */
const BEGIN_ATTEMPTS = 500;

class SqliteConnection implements DatabaseConnection {
  constructor(private readonly database: LibsqlDatabase.Database) {}

  executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.database.prepare(sql);
    if (statement.reader) return Promise.resolve({ rows: statement.all([...parameters]) as R[] });
    const { changes } = statement.run([...parameters]);
    return Promise.resolve({ rows: [], numAffectedRows: BigInt(changes) });
  }

  // eslint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("the SQLite store does not stream");
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");

/** One connection, one user of it at a time, in the order of asking; transactions take the write lock at once. */
class SqliteDriver implements Driver {
  private readonly connection: SqliteConnection;
  private tail: Promise<void> = Promise.resolve();
  private release: () => void = () => undefined;

  constructor(private readonly database: LibsqlDatabase.Database) {
    this.connection = new SqliteConnection(database);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.tail;
    let release: () => void = () => undefined;
    this.tail = new Promise((resolve) => (release = resolve));
    await before;
    this.release = release;
    return this.connection;
  }

  async releaseConnection(): Promise<void> {
    this.release();
  }

  // Not as prepared statements: one that was refused keeps its snapshot until it is collected as garbage.
  async beginTransaction(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.database.exec("begin immediate");
        return;
      } catch (error) {
        if (!isBusy(error) || attempt === BEGIN_ATTEMPTS) throw error;
        await delay(5);
      }
    }
  }

  async commitTransaction(): Promise<void> {
    this.database.exec("commit");
  }

  async rollbackTransaction(): Promise<void> {
    this.database.exec("rollback");
  }

  async destroy(): Promise<void> {
    this.database.close();
  }
}

class SqliteDialect implements Dialect {
  constructor(private readonly database: LibsqlDatabase.Database) {}

  createDriver = (): Driver => new SqliteDriver(this.database);
  createQueryCompiler = (): SqliteQueryCompiler => new SqliteQueryCompiler();
  createAdapter = (): SqliteAdapter => new SqliteAdapter();
  createIntrospector = (db: Kysely<unknown>): SqliteIntrospector => new SqliteIntrospector(db);
}

/** Opens or creates a SQLite file whose commits survive a power cut. */
export function openSqlite(path: string): StoreEngine {
  mkdirSync(dirname(path), { recursive: true });
  const database = new LibsqlDatabase(path, { timeout: BUSY_TIMEOUT_MS });
  database.defaultSafeIntegers(true);
  for (const pragma of ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"]) database.pragma(pragma);
  const db = new Kysely<Schema>({ dialect: new SqliteDialect(database) });
  return { kind: "sqlite", db, close: () => db.destroy() };
}
