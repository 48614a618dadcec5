import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { expect } from "chai";
import { anchorOf, documents } from "./markdown";

/** Links of a text to files, outside of its code. */
function linksOf(text: string): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "");
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target).filter(
    (target) => !target.includes("://"),
  );
}

function anchorsOf(text: string): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "");
  return Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, heading = ""]) => anchorOf(heading));
}

describe("The links of the documents", () => {
  it("lead to files and headings that are there", async () => {
    const broken: string[] = [];
    for (const document of await documents()) {
      for (const link of linksOf(await readFile(document, "utf8"))) {
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? document : posix.join(posix.dirname(document), path);
        const isThere =
          existsSync(target) && (anchor === undefined || anchorsOf(await readFile(target, "utf8")).includes(anchor));
        if (!isThere) broken.push(`${document}: ${link}`);
      }
    }
    expect(broken).to.deep.equal([]);
  });
});
