import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative } from "node:path";
import { expect } from "chai";
import { build, type Plugin } from "esbuild";

const SDK = join(__dirname, "../../sdk");
/** What needs Node, and says so in its first words. */
const NODE_ONLY: ReadonlySet<string> = new Set([
  "keys/nativeSignatures.ts",
  "store/fileStore.ts",
  "transport/webSocketServer.ts",
]);

function sources(): string[] {
  const files = readdirSync(SDK, { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).sort();
}

/** Records every import of a module of Node's, and leaves it out. */
function nodeImports(found: string[]): Plugin {
  const names = builtinModules.map((name) => name.replaceAll("/", "\\/")).join("|");
  return {
    name: "node-imports",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^(node:.*|${names})$`) }, ({ path, importer }) => {
        found.push(`${path} in ${relative(SDK, importer)}`);
        return { path, namespace: "node-module" };
      });
      onLoad({ filter: /.*/, namespace: "node-module" }, () => ({ contents: "" }));
    },
  };
}

async function bundled(files: readonly string[]): Promise<{ nodeImports: string[]; bytes: number }> {
  const found: string[] = [];
  const contents = files.map((file) => `export * from ${JSON.stringify(join(SDK, file))};`).join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: SDK },
    bundle: true,
    write: false,
    minify: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    plugins: [nodeImports(found)],
    logLevel: "silent",
  });
  return { nodeImports: found, bytes: outputFiles[0]?.contents.length ?? 0 };
}

describe("the SDK in a browser", () => {
  it("bundles without a module of Node's", async () => {
    const { nodeImports: found, bytes } = await bundled(sources().filter((file) => !NODE_ONLY.has(file)));
    expect(found).to.deep.equal([]);
    expect(bytes).to.be.greaterThan(0);
  });

  for (const file of NODE_ONLY) {
    it(`finds the modules of Node's in ${file}`, async () => {
      expect((await bundled([file])).nodeImports).not.to.deep.equal([]);
    });
  }

  it("says in its README which files need Node", () => {
    const [, named = ""] =
      /only\s+three files need Node: ([^.]*)\./.exec(readFileSync(join(SDK, "README.md"), "utf8")) ?? [];
    expect([...named.matchAll(/`([^`]+)`/g)].map(([, file]) => `${file}.ts`)).to.deep.equal([...NODE_ONLY]);
  });

  it("names no global of Node's in what browsers load", () => {
    for (const file of sources()) {
      if (NODE_ONLY.has(file)) continue;
      const text = readFileSync(join(SDK, file), "utf8").replaceAll(/\/\*.*?\*\/|\/\/.*$/gms, "");
      expect(text, file).not.to.match(/\b(process|Buffer|__dirname|__filename|require)\b[.(]/);
    }
  });
});
