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

/** Those that are named replace the default. */
const OPTIMIZER_STEPS = {
  orderLiterals: true,
  inliner: true,
  jumpdestRemover: true,
  peephole: true,
  deduplicate: true,
  constantOptimizer: true,
  yul: true,
  cse: false,
};

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
 * Creation code of the named contracts, with one source replaced; undefined where it does not compile. Only what they
 * import is compiled, in this process, with the settings of the build but for one step of the optimizer, which changes no
 * meaning and takes more than half of the time.
 */
export function compile(
  contracts: Readonly<Record<string, string>>,
  changed = "",
  text = "",
): ReadonlyMap<string, string> | undefined {
  const sources: Record<string, { content: string }> = {};
  const outputSelection: Record<string, Record<string, string[]>> = {};
  for (const [name, path] of Object.entries(contracts)) {
    const file = `contracts/${path}`;
    closure(file, `contracts/${changed}`, text, sources);
    outputSelection[file] = { [name]: ["evm.bytecode.object"] };
  }
  const [compiler] = config.solidity.compilers;
  const { optimizer, ...rest } = compiler?.settings as { readonly optimizer: object };
  const settings = { ...rest, optimizer: { ...optimizer, details: OPTIMIZER_STEPS }, outputSelection };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings }))) as Output;
  if (output.errors?.some(({ severity }) => severity === "error") === true) return undefined;
  return new Map(
    Object.entries(contracts).map(([name, path]) => {
      const { object } = output.contracts?.[`contracts/${path}`]?.[name]?.evm.bytecode ?? { object: "" };
      return [name, `0x${object}`];
    }),
  );
}
