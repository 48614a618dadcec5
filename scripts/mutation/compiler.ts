import { readFileSync } from "node:fs";
import { posix, resolve } from "node:path";
import solc from "solc";
import { config } from "hardhat";

const ROOT = resolve(__dirname, "../..");

interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<
    Record<string, Readonly<Record<string, { readonly evm: { readonly bytecode: { readonly object: string } } }>>>
  >;
}

const known = new Map<string, string>();

function textOf(file: string): string {
  const text = known.get(file) ?? readFileSync(resolve(ROOT, file.startsWith("@") ? "node_modules" : "", file), "utf8");
  known.set(file, text);
  return text;
}

/** The file and everything that it imports, with one of them replaced. */
function closure(file: string, changed: string, text: string, found: Record<string, { content: string }>): void {
  if (found[file] !== undefined) return;
  const content = file === changed ? text : textOf(file);
  found[file] = { content };
  for (const match of content.matchAll(/^import\s+(?:[^"]*?from\s+)?"([^"]+)";/gm)) {
    const path = match[1] ?? "";
    closure(path.startsWith(".") ? posix.join(posix.dirname(file), path) : path, changed, text, found);
  }
}

/**
 * Creation code of the named contracts, with one source replaced and the settings of the build; undefined where it does
 * not compile. Only what they import is compiled, in this process.
 */
export function compile(
  contracts: Readonly<Record<string, string>>,
  changed: string,
  text: string,
): ReadonlyMap<string, string> | undefined {
  const sources: Record<string, { content: string }> = {};
  const outputSelection: Record<string, Record<string, string[]>> = {};
  for (const [name, path] of Object.entries(contracts)) {
    const file = `contracts/${path}`;
    closure(file, `contracts/${changed}`, text, sources);
    outputSelection[file] = { [name]: ["evm.bytecode.object"] };
  }
  const [compiler] = config.solidity.compilers;
  const settings = { ...(compiler?.settings as object), outputSelection };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings }))) as Output;
  if (output.errors?.some(({ severity }) => severity === "error") === true) return undefined;
  return new Map(
    Object.entries(contracts).map(([name, path]) => {
      const { object } = output.contracts?.[`contracts/${path}`]?.[name]?.evm.bytecode ?? { object: "" };
      return [name, `0x${object}`];
    }),
  );
}
