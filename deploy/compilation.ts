import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { compiledName, sourceOf, type ContractName } from "./contracts";
import { DeploymentError } from "./deploymentError";

/** What a compiler needs to make one contract's code again, and the code. */
export interface Compilation {
  /** `path:Name`. */
  readonly qualifiedName: string;
  /** With its commit, as in `0.8.30+commit.73712a01`. */
  readonly compiler: string;
  /** Standard JSON with the sources of this contract alone: those of others would change nothing. */
  readonly input: StandardInput;
  /** Code on the chain, immutables zero. */
  readonly deployedBytecode: string;
  readonly immutables: readonly CodeRange[];
}

export interface StandardInput {
  readonly language: string;
  readonly sources: Readonly<Record<string, { readonly content: string }>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

interface CodeRange {
  readonly start: number;
  readonly length: number;
}

interface CompiledOutput {
  readonly metadata: string;
  readonly evm: {
    readonly deployedBytecode: {
      readonly object: string;
      readonly immutableReferences?: Readonly<Record<string, readonly CodeRange[]>>;
    };
  };
}

interface BuildInfo {
  readonly input: StandardInput;
  readonly output: { readonly contracts: Readonly<Record<string, Readonly<Record<string, CompiledOutput>>>> };
}

export type CompilationSource = (name: ContractName) => Promise<Compilation>;

/** Compilations of the build. */
export function buildCompilations(root = resolve(__dirname, "../artifacts")): CompilationSource {
  const infos = new Map<string, Promise<BuildInfo>>();
  const infoAt = (path: string): Promise<BuildInfo> => {
    const info = infos.get(path) ?? read<BuildInfo>(path);
    infos.set(path, info);
    return info;
  };
  return async (name) => {
    const [source, contract] = [sourceOf(name), compiledName(name)];
    const pointer = join(root, source, `${contract}.dbg.json`);
    const { buildInfo } = await read<{ readonly buildInfo: string }>(pointer);
    const { input, output } = await infoAt(resolve(dirname(pointer), buildInfo));
    const compiled = output.contracts[source]?.[contract];
    if (compiled === undefined)
      throw new DeploymentError(`${pointer} names a build without ${contract}: compile again`);
    const { compiler, sources } = JSON.parse(compiled.metadata) as {
      readonly compiler: { readonly version: string };
      readonly sources: Readonly<Record<string, unknown>>;
    };
    const { object, immutableReferences = {} } = compiled.evm.deployedBytecode;
    return {
      qualifiedName: `${source}:${contract}`,
      compiler: compiler.version,
      input: {
        ...input,
        sources: Object.fromEntries(Object.entries(input.sources).filter(([path]) => path in sources)),
      },
      deployedBytecode: `0x${object}`,
      immutables: Object.values(immutableReferences).flat(),
    };
  };
}

/** Whether `code` is that of a compilation, whatever its immutables are. */
export function isCodeOf(code: string, { deployedBytecode, immutables }: Compilation): boolean {
  if (code.length !== deployedBytecode.length) return false;
  const bare = Buffer.from(code.slice(2), "hex");
  for (const { start, length } of immutables) bare.fill(0, start, start + length);
  return `0x${bare.toString("hex")}` === deployedBytecode;
}

async function read<Content>(path: string): Promise<Content> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Content;
  } catch (cause) {
    throw new DeploymentError(`${path} cannot be read: run \`npx hardhat compile --force\` first`, { cause });
  }
}
