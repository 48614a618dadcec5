import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { differences, settled, type Figures } from "./differences";

/**
 * Measures the gas of everything again, from receipts, and prints what differs from `bench/results`. With `CHECK=1` the files
 * are left as they were, and a difference ends it with 1.
 */
const REPOSITORY = resolve(__dirname, "../..");
const BENCHES = [
  { script: "gas", results: "crosschain-gas" },
  { script: "economy", results: "economy-gas" },
  { script: "game", results: "game-gas" },
  { script: "rollup", results: "rollup", environment: { SUBJECTS: "contract" } },
] as const;

/** Each figure by its path, such as `deliver.7.32.100`. */
function figures(value: unknown, path = ""): readonly (readonly [string, unknown])[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => figures(inner, path === "" ? key : `${path}.${key}`));
}

function main(): void {
  const check = process.env.CHECK === "1";
  for (const bench of BENCHES) {
    const file = join(REPOSITORY, "bench/results", `${bench.results}.json`);
    const before = existsSync(file) ? readFileSync(file, "utf8") : "{}";
    console.log(`measuring bench/${bench.script}.ts`);
    const environment = "environment" in bench ? bench.environment : {};
    const { status } = spawnSync(
      process.execPath,
      [require.resolve("hardhat/internal/cli/cli"), "run", "--no-compile", `bench/${bench.script}.ts`],
      { cwd: REPOSITORY, env: { ...process.env, ...environment }, stdio: ["ignore", "ignore", "inherit"] },
    );
    if (status !== 0) throw new Error(`bench/${bench.script}.ts ended with ${status}`);
    const read = (text: string): Figures => Object.fromEntries(figures(JSON.parse(text)));
    const was = read(before);
    const changed = differences(was, settled(was, read(readFileSync(file, "utf8"))));
    for (const line of changed) console.log(`bench/results/${bench.results}.json: ${line}`);
    if (!check) continue;
    writeFileSync(file, before);
    if (changed.length > 0) process.exitCode = 1;
  }
  if (process.exitCode === 1) {
    console.error("The gas is not as recorded. If that is meant: npm run gas, and say why in the commit.");
  }
}

main();
