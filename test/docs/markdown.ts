import { readdir } from "node:fs/promises";
import { posix } from "node:path";

const DOCUMENTED = ["bench", "contracts", "deploy", "docs", "relayer", "sdk", "tasks"];

/** Paths of all documents. */
export async function documents(): Promise<readonly string[]> {
  const nested = await Promise.all(
    DOCUMENTED.map(async (folder) => {
      const entries = await readdir(folder, { recursive: true });
      return entries.map((entry) => posix.join(folder, entry));
    }),
  );
  return [...(await readdir(".")), ...nested.flat()].filter((path) => path.endsWith(".md"));
}

/** The anchor that forges give a heading: lower case, without punctuation, hyphens for spaces. */
export function anchorOf(heading: string): string {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
  return words
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}
