import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect } from "chai";

const DOCUMENT = "docs/BOUNDS.md";
const CONSTANT_ROW = /^\| `([A-Z]\w+)\.(\w+)` +\| `([^`]+)` +\|/gm;
const MEASURED_ROW = /^\| `([a-z-]+)\.([\w.]+)` +\| `([\d_]+)` +\|/gm;

/** Constants of the sources, by the file's name. */
async function constantsOfSources(): Promise<ReadonlyMap<string, string>> {
  const constants = new Map<string, string>();
  const entries = await readdir("contracts", { recursive: true });
  for (const entry of entries.filter((name) => name.endsWith(".sol") && !name.startsWith("mocks"))) {
    const source = await readFile(join("contracts", entry), "utf8");
    for (const [, name = "", value = ""] of source.matchAll(/\bconstant (\w+) = ([^;]+);/g)) {
      constants.set(`${basename(entry, ".sol")}.${name}`, value);
    }
  }
  return constants;
}

async function measured(results: string, keys: readonly string[]): Promise<unknown> {
  let value: unknown = JSON.parse(await readFile(join("bench", "results", `${results}.json`), "utf8"));
  for (const key of keys) value = (value as Readonly<Record<string, unknown>>)[key];
  return value;
}

describe("The tables of docs/BOUNDS.md", () => {
  it("have the values of the sources", async () => {
    const constants = await constantsOfSources();
    const rows = Array.from((await readFile(DOCUMENT, "utf8")).matchAll(CONSTANT_ROW));
    expect(rows).not.to.be.empty;
    for (const [, file = "", name = "", value = ""] of rows) {
      expect(constants.get(`${file}.${name}`), `${file}.${name}`).to.equal(value);
    }
  });

  it("have bounds above what was measured", async () => {
    const rows = Array.from((await readFile(DOCUMENT, "utf8")).matchAll(MEASURED_ROW));
    expect(rows).not.to.be.empty;
    for (const [, results = "", keys = "", bound = ""] of rows) {
      const gas = await measured(results, keys.split("."));
      expect(gas, `${results}.${keys}`).to.be.a("number");
      expect(gas, `${results}.${keys}`).to.be.below(Number(bound.replaceAll("_", "")));
    }
  });
});
