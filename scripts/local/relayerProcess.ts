import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Where a process is: its folder, and the URL at which it answers. */
export interface ProcessPlace {
  readonly name: string;
  readonly url: string;
  readonly directory: string;
}

/** One operator's relayer, a process of its own. */
export interface RelayerProcess {
  readonly name: string;
  readonly url: string;
  /** Its configuration file. */
  readonly config: string;
  /** Runs it again after `stop` or `kill`; resolves when it answers. */
  start(): Promise<void>;
  /** Asks it to drain, and ends it where it does not within ten seconds. */
  stop(): Promise<void>;
  /** Ends it at once, as a loss of power would. */
  kill(): Promise<void>;
}

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 10_000;
const REPOSITORY = resolve(__dirname, "../..");

/** Runs `relayer run` on a configuration that is written into the operator's folder, with its log beside it. */
export async function startRelayerProcess(yaml: string, operator: ProcessPlace): Promise<RelayerProcess> {
  const { name, url, directory } = operator;
  const config = join(directory, "relayer.yaml");
  writeFileSync(config, yaml);
  let running: Running | undefined;
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    const ending = running;
    running = undefined;
    await ending?.end(signal);
  };
  const relayer: RelayerProcess = {
    name,
    url,
    config,
    start: async () => {
      running ??= await run(operator, config);
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
  await relayer.start();
  return relayer;
}

interface Running {
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

async function run({ name, url, directory }: ProcessPlace, config: string): Promise<Running> {
  const logPath = join(directory, "relayer.log");
  const child = spawn(process.execPath, ["--import", "tsx", "relayer/cli.ts", "run", "--config", config], {
    cwd: REPOSITORY,
    // Of a parent that runs inside Hardhat, the child is to know nothing.
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logPath, { flags: "a" });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const killWithParent = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithParent);
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;

  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (ended()) throw new Error(`${name} did not start: ${readFileSync(logPath, "utf8").slice(-2_000)}`);
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`${name} is not up after ${START_TIMEOUT_MS} ms: ${logPath}`);
    }
    const up = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) break;
    await delay(100);
  }

  return {
    async end(signal) {
      process.removeListener("exit", killWithParent);
      if (!ended()) {
        const exited = once(child, "exit");
        child.kill(signal);
        const kill = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
        await exited;
        clearTimeout(kill);
      }
      log.end();
    },
  };
}
