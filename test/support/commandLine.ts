import { spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";

const REPOSITORY = resolve(__dirname, "../..");
const CLI = join(dirname(require.resolve("hardhat/package.json")), "internal/cli/cli.js");

export interface Outcome {
  /** null: it was killed. */
  readonly code: number | null;
  readonly output: string;
}

/** `npx hardhat …` as a user runs it, without a terminal; killed once it has said `killAt`. */
export function hardhat(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  killAt?: string,
): Promise<Outcome> {
  const env: NodeJS.ProcessEnv = { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true", ...environment };
  // Those of the Hardhat that runs this test.
  for (const key of Object.keys(env)) if (/^HARDHAT_(NETWORK|CONFIG|VERBOSE)$/.test(key)) delete env[key];
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: REPOSITORY, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const hear = (data: Buffer): void => {
      output += data.toString();
      if (killAt !== undefined && output.includes(killAt)) child.kill("SIGKILL");
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", failed);
    child.on("close", (code) => done({ code, output }));
  });
}
