import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { expect } from "chai";
import { anchorOf, documents } from "./markdown";

const DOCUMENT = "docs/INVARIANTS.md";
const HELD_BY = /^\[`[^`]+`\]\((\.\.\/test\/[^)]+)\): (.+)$/;

interface Row {
  readonly number: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

interface Room {
  readonly readme: string;
  readonly anchor: string;
  readonly rows: readonly Row[];
}

function roomsOf(text: string): readonly Room[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [, target = "", anchor = ""] = /\]\(([^)#]+README\.md)#([^)]+)\)/.exec(section) ?? [];
      const rows = section.split("\n").filter((line) => /^\| [A-Z]?\d/.test(line));
      return { readme: posix.join("docs", target), anchor, rows: rows.map(rowOf) };
    });
}

function rowOf(line: string): Row {
  const [number = "", , heldBy = ""] = line
    .split("|")
    .slice(1)
    .map((cell) => cell.trim());
  const tests = heldBy.split("<br>").map((entry) => {
    const [, file, title] = HELD_BY.exec(entry) ?? [];
    if (file === undefined || title === undefined) throw new Error(`no test: ${entry}`);
    return { file: posix.join("docs", file), title };
  });
  return { number, tests };
}

/** Numbers of the list under a heading; with a letter where there are such. */
function numbersUnder(readme: string, anchor: string): readonly string[] {
  const sections = readme.split(/^#{2,} /m);
  const section = sections.find((each) => anchorOf(each.split("\n")[0] ?? "") === anchor);
  if (section === undefined) throw new Error(`no heading ${anchor}`);
  const lettered = Array.from(section.matchAll(/^- ([A-Z]\d+)\. /gm), ([, number = ""]) => number);
  return lettered.length > 0 ? lettered : Array.from(section.matchAll(/^(\d+)\. /gm), ([, number = ""]) => number);
}

/** Titles of a test file; of a template only what comes before its first value. */
function titlesOf(source: string): { readonly whole: ReadonlySet<string>; readonly begun: readonly string[] } {
  const found = Array.from(source.matchAll(/\bit\(\s*(?:"((?:[^"\\]|\\.)*)"|`([^`$]*)(\$\{)?)/g));
  return {
    whole: new Set(
      found.filter(([, , , open]) => open === undefined).map(([, quoted, plain]) => quoted ?? plain ?? ""),
    ),
    begun: found.filter(([, , , open]) => open !== undefined).map(([, , begun = ""]) => begun.trim()),
  };
}

describe("The tables of docs/INVARIANTS.md", () => {
  it("have a line for every numbered invariant of the READMEs that they gather", async () => {
    for (const { readme, anchor, rows } of roomsOf(await readFile(DOCUMENT, "utf8"))) {
      const numbers = numbersUnder(await readFile(readme, "utf8"), anchor);
      expect(
        rows.map(({ number }) => number),
        readme,
      ).to.deep.equal(numbers);
    }
  });

  it("gather every list of invariants that a README has", async () => {
    const gathered = roomsOf(await readFile(DOCUMENT, "utf8")).map(({ readme, anchor }) => `${readme}#${anchor}`);
    for (const readme of (await documents()).filter((path) => path.endsWith("/README.md"))) {
      const headings = (await readFile(readme, "utf8")).matchAll(/^#{2,} (Invariants.*)$/gm);
      for (const [, heading = ""] of headings) expect(gathered).to.include(`${readme}#${anchorOf(heading)}`);
    }
  });

  it("name files and titles of tests that are there", async () => {
    const tests = roomsOf(await readFile(DOCUMENT, "utf8")).flatMap(({ rows }) => rows.flatMap((row) => row.tests));
    for (const { file, title } of tests) {
      const { whole, begun } = titlesOf(await readFile(file, "utf8"));
      const found = title.endsWith("…") ? begun.includes(title.slice(0, -1).trim()) : whole.has(title);
      expect(found, `${file}: ${title}`).to.equal(true);
    }
  });
});
