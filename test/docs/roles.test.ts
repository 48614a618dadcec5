import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { ROLES } from "../../deploy/roles";

const DOCUMENT = "docs/ROLES.md";

/** The first three cells of each row of the table that begins with `role`. */
function rowsOf(text: string): readonly (readonly string[])[] {
  const rows = text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .split("|")
        .slice(1, 4)
        .map((cell) => cell.trim()),
    );
  return rows.slice(rows.findIndex(([first]) => first === "role") + 1);
}

describe("The table in docs/ROLES.md", () => {
  it("has the roles of the deployment, with their holders and delays", async () => {
    const expected = ROLES.map(({ name, holders }) => [
      name,
      holders.map(({ holder }) => holder).join(", "),
      [...new Set(holders.map(({ delay }) => delay))].join(", "),
    ]);
    const rows = rowsOf(await readFile(DOCUMENT, "utf8")).filter(([name]) => !name?.startsWith("-"));
    expect(rows).to.deep.equal(expected);
  });
});
