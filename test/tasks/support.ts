import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import hre from "hardhat";
import { deploy, type Deployment } from "../../deploy/deployment";
import { fileRecorder } from "../../deploy/record";
import { Refusal } from "../../tasks/refusal";
import { homeParameters, optionsFor, startValidators } from "../support/deployment";

export interface TasksFixture {
  readonly deployment: Deployment;
  /** Where the deployment is recorded. */
  readonly file: string;
}

/** A file that does not exist, in a folder that does. */
export async function recordFile(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), "deployment-")), "record.json");
}

/** The home chain as it runs. */
export async function running(): Promise<TasksFixture> {
  const file = await recordFile();
  const deployment = await deploy({ ...(await optionsFor(await homeParameters())), recorder: fileRecorder(file) });
  await startValidators(deployment);
  return { deployment, file };
}

export function run<Result = unknown>(
  file: string,
  name: string,
  args: Readonly<Record<string, unknown>>,
): Promise<Result> {
  return hre.run(name, { deployment: file, quiet: true, ...args }) as Promise<Result>;
}

/** The words of a task that refused. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error, error?.stack).to.be.instanceOf(Refusal);
  return error?.message ?? "";
}

/** What a task prints while `action` runs, beside its result. */
export async function recordingSay<Result extends object>(
  action: () => Promise<Result>,
): Promise<Result & { readonly lines: readonly string[] }> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => void lines.push(line);
  try {
    return { ...(await action()), lines };
  } finally {
    console.log = log;
  }
}
