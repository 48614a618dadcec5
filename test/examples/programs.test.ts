import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { expect } from "chai";

const REPOSITORY = resolve(__dirname, "../..");

/** Runs a program of `examples` as `npm run example:…` does once all is compiled; its exit code and what it said. */
async function run(program: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const args = [require.resolve("tsx/cli"), join("examples", program)];
  const child = spawn(process.execPath, args, {
    cwd: REPOSITORY,
    // Of this test runner's TypeScript the program knows nothing.
    env: { ...process.env, NODE_OPTIONS: "", EXAMPLE_RPC: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (said += data.toString()));
  const killWithParent = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithParent);
  const [code] = (await once(child, "close")) as [number | null];
  process.removeListener("exit", killWithParent);
  return { code, said };
}

describe("the examples", () => {
  // Not layer2.ts: it waits out the window of a minute in which its batches can be challenged.
  for (const [program, title] of [
    ["onchain.ts", "plays on a local chain, and is paid as it was played"],
    ["channel.ts", "plays in a channel between two processes, and the cheat loses"],
  ] as const) {
    it(title, async () => {
      const { code, said } = await run(program);
      expect(code, said).to.equal(0);
    });
  }
});
