import { readFile } from "node:fs/promises";
import { readAirdropFile, type AirdropFile } from "../../protocol/airdropList";
import { Refusal } from "../refusal";

export async function readText(key: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Refusal(`--${key} ${path}: cannot be read`, cause);
  }
}

/** A tree file, after its tree was built again from its entries. */
export async function loadTree(path: string): Promise<AirdropFile> {
  const file = readAirdropFile(await readText("tree", path));
  if (file === undefined) {
    throw new Refusal(`--tree ${path}: not a file of airdrop:build, or changed since: build it again from the list`);
  }
  return file;
}
