import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { artifacts } from "hardhat";
import { differences } from "./differences";
import { abiOf, layoutOf, sizeOf, type Compiled } from "./views";

/**
 * Writes what the production contracts are made of into `snapshots/`: deployed sizes, storage layouts, ABIs. A reviewer reads
 * the change of these files. With `CHECK=1` nothing is written: prints what differs and ends with 1. `ONLY=size` does one.
 */
const VIEWS = { size: sizeOf, layout: layoutOf, abi: abiOf } as const;
const FOLDER = resolve(__dirname, "../../snapshots");

/** Every contract that is deployed: what only tests need is not, nor a library whose functions are all internal. */
async function production(): Promise<readonly Compiled[]> {
  const names = (await artifacts.getAllFullyQualifiedNames()).filter(
    (name) => name.startsWith("contracts/") && !/^contracts\/(mocks|games)\//.test(name),
  );
  const all = await Promise.all(
    names.map(async (qualified): Promise<Compiled> => {
      const artifact = await artifacts.readArtifact(qualified);
      const build = await artifacts.getBuildInfo(qualified);
      const output = build?.output.contracts[artifact.sourceName]?.[artifact.contractName];
      if (output === undefined) throw new Error(`${qualified} was not compiled: run npm run compile`);
      return { name: artifact.contractName, deployedBytecode: artifact.deployedBytecode, abi: artifact.abi, output };
    }),
  );
  return all
    .filter(({ deployedBytecode, abi }) => deployedBytecode !== "0x" && abi.some(({ type }) => type === "function"))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function viewsAsked(): readonly (keyof typeof VIEWS)[] {
  const all = Object.keys(VIEWS) as (keyof typeof VIEWS)[];
  const { ONLY } = process.env;
  if (ONLY === undefined) return all;
  const asked = all.filter((view) => view === ONLY);
  if (asked.length === 0) throw new RangeError(`ONLY names ${ONLY}: there are ${all.join(", ")}`);
  return asked;
}

async function main(): Promise<void> {
  const contracts = await production();
  const check = process.env.CHECK === "1";
  for (const view of viewsAsked()) {
    const file = join(FOLDER, `${view}.json`);
    const now = Object.fromEntries(contracts.map((contract) => [contract.name, VIEWS[view](contract)]));
    const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
    const changed = differences(before, now);
    const name = relative(process.cwd(), file);
    for (const line of changed) console.log(`${name}: ${line}`);
    if (changed.length === 0) console.log(`${name}: ${contracts.length} contracts, as before`);
    else if (check) process.exitCode = 1;
    if (check) continue;
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, `${JSON.stringify(now, null, 2)}\n`);
  }
  if (process.exitCode === 1) {
    console.error(
      "The contracts are not as the snapshots say. If that is meant: npm run snapshot, and say why in the commit.",
    );
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
