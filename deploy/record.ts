import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ContractName } from "./contracts";
import { DeploymentError } from "./deploymentError";

/** One created contract. */
export interface ContractRecord {
  readonly address: string;
  /** Block that created it, or one not far before: where to start reading its logs. */
  readonly block: number;
  /** Absent where the contract was found on the chain, created by a run that could not record it. */
  readonly transaction?: string;
  /** Constructor arguments; whole numbers as decimal strings. */
  readonly args: readonly unknown[];
  /** keccak256 of the code. */
  readonly codeHash: string;
  /** Version of the compiler, with its commit. */
  readonly compiler?: string;
  /** Commit of the repository; with `-dirty` where files differed from it. Absent outside a checkout. */
  readonly commit?: string;
}

/** Where a contract's code comes from. */
export type Origin = Pick<ContractRecord, "compiler" | "commit">;

export interface LaneRecord {
  /** Decimal. */
  readonly chainId: string;
  readonly gateway: string;
}

/** What a deployment left on one chain: `deploy/deployments/<network>.json`. */
export interface DeploymentRecord {
  readonly network: string;
  readonly chainId: number;
  readonly deployer: string;
  readonly contracts: Readonly<Partial<Record<ContractName, ContractRecord>>>;
  readonly lanes: readonly LaneRecord[];
  /** Whether the deployer has given everything away. */
  readonly handedOver: boolean;
}

/** Keeps a record between runs. */
export interface Recorder {
  load(): Promise<DeploymentRecord | undefined>;
  save(record: DeploymentRecord): Promise<void>;
}

export function memoryRecorder(): Recorder {
  let kept: string | undefined;
  return {
    load: () => Promise.resolve(kept === undefined ? undefined : (JSON.parse(kept) as DeploymentRecord)),
    save(record) {
      kept = JSON.stringify(record);
      return Promise.resolve();
    },
  };
}

/** A file that is replaced whole: a crash leaves the record before or the one after. */
export function fileRecorder(path: string): Recorder {
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(path, "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
      try {
        return JSON.parse(text) as DeploymentRecord;
      } catch (cause) {
        throw new DeploymentError(`${path} is not JSON: restore it from version control`, { cause });
      }
    },
    async save(record) {
      await mkdir(dirname(path), { recursive: true });
      const draft = `${path}.${process.pid}.tmp`;
      const file = await open(draft, "w");
      try {
        await file.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    },
  };
}

/** Where the records of this checkout are. */
export function recordPath(network: string, directory = resolve(__dirname, "deployments")): string {
  return resolve(directory, `${network}.json`);
}

/** The record's form of constructor arguments. */
export function recordableArgs(args: readonly unknown[]): readonly unknown[] {
  return JSON.parse(
    JSON.stringify(args, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value)),
  ) as readonly unknown[];
}
