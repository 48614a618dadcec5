import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect } from "chai";

const DOCUMENT = "docs/BOUNDS.md";
const ROW = /^\| `(\w+)\.(\w+)` +\| `([^`]+)` +\|/gm;

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

describe("The table of limits in docs/BOUNDS.md", () => {
  it("has the values of the sources", async () => {
    const constants = await constantsOfSources();
    const rows = Array.from((await readFile(DOCUMENT, "utf8")).matchAll(ROW));
    expect(rows).not.to.be.empty;
    for (const [, file = "", name = "", value = ""] of rows) {
      expect(constants.get(`${file}.${name}`), `${file}.${name}`).to.equal(value);
    }
  });
});
