import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import ts from "typescript";

const REPOSITORY = join(__dirname, "../..");
const SDK = join(REPOSITORY, "sdk");
/** What the SDK's README shows as TypeScript, one block after the other, as a reader would put it into one program. */
const SHOWN = join(SDK, "readme.shown.ts");

/** What a reader has to bring: the README's words say what each is. */
const BROUGHT = `
declare const provider: Provider;
declare const signal: AbortSignal;
declare const show: (happened: unknown) => void;
declare const engine: string;
declare const gameId: bigint;
declare const terms: SessionTerms;
declare const shown: SessionPrice;
declare const alice: Signer;
declare const bob: Signer;
declare const aliceAddress: string;
declare const token: string;
declare const channels: string;
declare const channel: Channel;
declare const sessionSecret: string;
declare const stake: bigint;
declare const most: bigint;
declare const account: Signer;
declare const rollup: string;
declare const vault: string;
declare const expiry: bigint;
`;

/** Every name that the SDK and what it builds on export, by the module that a reader imports it from. */
function exportedNames(): ReadonlyMap<string, string> {
  const found = new Map([
    ["Provider", "ethers"],
    ["Signer", "ethers"],
    ["Channel", "../protocol/channel"],
    ["SCOPE", "../protocol/ledger/transactions"],
  ]);
  for (const file of readdirSync(SDK, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const text = readFileSync(join(SDK, file), "utf8");
    const exports = text.matchAll(/^export (?:abstract )?(?:async )?(?:class|function|const|interface|type) (\w+)/gm);
    for (const [, name] of exports) found.set(name as string, `./${file.slice(0, -".ts".length)}`);
  }
  return found;
}

function blocks(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code as string);
}

/** The blocks as one module that imports what it names. */
function program(shown: readonly string[]): string {
  const body = [BROUGHT, "export async function readersProgram(): Promise<void> {", ...shown, "}"].join("\n");
  const used = new Set(body.match(/\b\w+\b/g));
  const imports = [...exportedNames()].filter(([name]) => used.has(name));
  return [...imports.map(([name, from]) => `import { ${name} } from ${JSON.stringify(from)};`), body].join("\n");
}

/** What the compiler says about a module that is on no disk, with this repository's settings. */
function complaints(source: string): readonly string[] {
  const config = ts.readConfigFile(join(REPOSITORY, "tsconfig.json"), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, REPOSITORY);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === SHOWN || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === SHOWN ? ts.createSourceFile(path, source, rest[0]) : getSourceFile(path, ...rest);
  // The README's reader is in a browser too.
  const lib = [...(options.lib ?? []), "lib.dom.d.ts"];
  const compiled = ts.createProgram([SHOWN], { ...options, lib, types: ["node"] }, host);
  const file = compiled.getSourceFile(SHOWN);
  const found = [...compiled.getSyntacticDiagnostics(file), ...compiled.getSemanticDiagnostics(file)];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

describe("the SDK's README", () => {
  const shown = blocks(readFileSync(join(SDK, "README.md"), "utf8"));

  it("shows programs that compile", () => {
    expect(shown).to.have.length.greaterThan(5);
    expect(complaints(program(shown))).to.deep.equal([]);
  });
});
