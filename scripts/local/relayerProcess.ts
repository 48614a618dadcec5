import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LocalOperator } from "./network";

/** One operator's relayer, a process of its own. */
export interface RelayerProcess {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** Asks it to drain, and ends it where it does not within ten seconds. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const REPOSITORY = resolve(__dirname, "../..");

/** Runs `relayer run` on a configuration that is written into the operator's folder, with its log beside it. */
export async function startRelayerProcess(yaml: string, operator: LocalOperator): Promise<RelayerProcess> {
  const config = join(operator.directory, "relayer.yaml");
  const logPath = join(operator.directory, "relayer.log");
  writeFileSync(config, yaml);
  const child = spawn(process.execPath, ["--import", "tsx", "relayer/cli.ts", "run", "--config", config], {
    cwd: REPOSITORY,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logPath);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const killWithParent = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithParent);
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;

  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (ended()) throw new Error(`${operator.name} did not start: ${readFileSync(logPath, "utf8").slice(-2_000)}`);
    if (Date.now() > deadline) throw new Error(`${operator.name} is not up after ${START_TIMEOUT_MS} ms: ${logPath}`);
    const up = await fetch(`${operator.url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) break;
    await delay(100);
  }

  return {
    name: operator.name,
    url: operator.url,
    pid: child.pid as number,
    async stop() {
      process.removeListener("exit", killWithParent);
      if (!ended()) {
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        const kill = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
        await exited;
        clearTimeout(kill);
      }
      log.end();
    },
  };
}
