import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

type Secrets = Readonly<Record<string, string>>;

/** What was kept under what is public of it; undefined where this machine does not know it. */
export async function findSecret(file: string, publicValue: string): Promise<string | undefined> {
  return (await readAll(file))[publicValue];
}

/** Keeps secrets beside those of before: a move that seemed to fail may be mined later. On disk before it is used. */
export async function keepSecrets(file: string, secrets: Secrets): Promise<void> {
  const all = { ...(await readAll(file)), ...secrets };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(all, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

async function readAll(file: string): Promise<Secrets> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}
