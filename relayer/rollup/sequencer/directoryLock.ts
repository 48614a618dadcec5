import { join } from "node:path";
import LibsqlDatabase from "libsql";
import { RelayerError } from "../../errors";

/**
 * The right of one process to a directory. The operating system gives it back when the process ends, however it ends:
 * a lock of the kind that SQLite takes on its file.
 */
export class DirectoryLock {
  private constructor(private readonly database: LibsqlDatabase.Database) {}

  /** Throws LOG_LOCKED where another process has it. */
  static take(directory: string): DirectoryLock {
    const database = new LibsqlDatabase(join(directory, "lock.sqlite"));
    try {
      database.exec("begin exclusive");
    } catch (error) {
      database.close();
      throw new RelayerError("LOG_LOCKED", "another process writes this log: stop it, or give each its own directory", {
        context: { directory },
        cause: error,
      });
    }
    return new DirectoryLock(database);
  }

  release(): void {
    this.database.close();
  }
}
