import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contractGas } from "./rollup/contract";
import { endToEnd } from "./rollup/endToEnd";
import { engineRates } from "./rollup/engine";

/** What is measured of the rollup: a function per subject, by name. `SUBJECTS=contract npm run bench:rollup` measures one. */
const SUBJECTS: Readonly<Record<string, () => Promise<Record<string, unknown>>>> = {
  contract: contractGas,
  engine: engineRates,
  endToEnd,
};

async function main(): Promise<void> {
  const folder = join(__dirname, "results");
  const file = join(folder, "rollup.json");
  const chosen = process.env.SUBJECTS?.split(",") ?? Object.keys(SUBJECTS);
  const results: Record<string, unknown> = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>)
    : {};
  for (const name of chosen) {
    const subject = SUBJECTS[name];
    if (subject === undefined)
      throw new RangeError(`SUBJECTS names ${name}: there are ${Object.keys(SUBJECTS).join(", ")}`);
    for (const [key, value] of Object.entries(await subject())) {
      results[key] = value;
      console.log(`${key}: ${JSON.stringify(value)}`);
    }
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
