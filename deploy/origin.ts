import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { CompilationSource } from "./compilation";
import type { ContractName } from "./contracts";
import type { Origin } from "./record";

const REPOSITORY = resolve(__dirname, "..");
/** Records change with every deployment, and change no code. */
const UNRELATED = ":(exclude)deploy/deployments";

/** Compiler of the build and commit of the checkout, for the record. */
export function buildOrigin(compilations: CompilationSource): (name: ContractName) => Promise<Origin> {
  const commit = checkedOut();
  return async (name) => {
    const [{ compiler }, found] = [await compilations(name), await commit];
    return found === undefined ? { compiler } : { compiler, commit: found };
  };
}

async function checkedOut(): Promise<string | undefined> {
  try {
    const commit = await git("rev-parse", "HEAD");
    return (await git("status", "--porcelain", "--", ".", UNRELATED)) === "" ? commit : `${commit}-dirty`;
  } catch {
    return undefined;
  }
}

async function git(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", args, { cwd: REPOSITORY });
  return stdout.trim();
}
