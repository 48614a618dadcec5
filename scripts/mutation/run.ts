import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { reset } from "@nomicfoundation/hardhat-network-helpers";
import { artifacts } from "hardhat";
import Mocha from "mocha";
import { compile } from "./compiler";
import { EQUIVALENT } from "./equivalent";
import { mutantsOf, type Mutant } from "./operators";
import { TARGETS, type Target } from "./targets";

/**
 * Wrong edits of the contracts that hold value, one at a time: a test must fail for each. Nothing is written but the
 * report; a mutant lives in this process only. `MUTANTS` says how many of each room (default 80, `all` for all), `SEED`
 * which, `ROOM` one room alone; the report keeps what it says of other rooms. `AFTER` goes on after so many of the room,
 * and adds to the report.
 */
const COUNT = process.env.MUTANTS === "all" ? Number.MAX_SAFE_INTEGER : Number(process.env.MUTANTS ?? 80);
const SEED = Number(process.env.SEED ?? 1);
const AFTER = Number(process.env.AFTER ?? 0);
const ROOMS = process.env.ROOM === undefined ? [...new Set(TARGETS.map(({ room }) => room))] : [process.env.ROOM];
const ROOT = resolve(__dirname, "../..");
const REPORT = join(ROOT, "bench/results/mutation.json");

interface Job {
  readonly target: Target;
  readonly mutant: Mutant;
}

type Verdict = "killed" | "survived" | "equivalent" | "stillborn";

/** Deterministic 32-bit generator (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function shuffled<Item>(items: readonly Item[], below: (below: number) => number): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; --last) {
    const other = below(last + 1);
    [order[last], order[other]] = [order[other] as Item, order[last] as Item];
  }
  return order;
}

/** The contracts that tests deploy from now on: the build's, but for those in `codes`. */
function replaceCode(codes: ReadonlyMap<string, string>): () => void {
  const original = artifacts.readArtifact.bind(artifacts);
  artifacts.readArtifact = async (name) => {
    const artifact = await original(name);
    const code = codes.get(artifact.contractName);
    return code === undefined ? artifact : { ...artifact, bytecode: code };
  };
  return () => {
    artifacts.readArtifact = original;
  };
}

interface Failure {
  readonly file: string;
  /** Its title and error. */
  readonly test: string;
}

/** Runs test files one by one up to the first failure; undefined where all pass. */
async function firstFailure(files: readonly string[]): Promise<Failure | undefined> {
  await reset();
  for (const file of files) {
    const test = await firstFailureOf(join(ROOT, "test", file));
    if (test !== undefined) return { file, test };
  }
  return undefined;
}

async function firstFailureOf(file: string): Promise<string | undefined> {
  const mocha = new Mocha({ bail: true, timeout: 120_000, reporter: class {} as unknown as string });
  Reflect.deleteProperty(require.cache, file);
  mocha.addFile(file);
  return new Promise((done) => {
    let failed: string | undefined;
    const runner = mocha.run(() => {
      mocha.dispose();
      done(failed);
    });
    runner.on("fail", (test, error: Error) => (failed ??= `${test.fullTitle()}: ${error.message.split("\n")[0]}`));
  });
}

/** What killed so far: a mutant of a line near by meets the same tests first. */
const kills: { readonly source: string; readonly line: number; readonly file: string }[] = [];

function likeliestFirst(tests: readonly string[], { source, line }: Mutant): readonly string[] {
  const distance = (test: string): number =>
    Math.min(
      Number.MAX_SAFE_INTEGER,
      ...kills.filter((kill) => kill.source === source && kill.file === test).map((kill) => Math.abs(kill.line - line)),
    );
  return [...tests].sort((a, b) => distance(a) - distance(b));
}

async function judge({ target, mutant }: Job): Promise<{ readonly verdict: Verdict; readonly by?: string }> {
  const codes = compile(target.contracts, mutant.source, mutant.text);
  if (codes === undefined) return { verdict: "stillborn" };
  const restore = replaceCode(codes);
  try {
    const failure = await firstFailure(likeliestFirst(target.tests, mutant));
    if (failure !== undefined) {
      kills.push({ source: mutant.source, line: mutant.line, file: failure.file });
      return { verdict: "killed", by: failure.test };
    }
    return { verdict: reasonFor(mutant) === undefined ? "survived" : "equivalent" };
  } finally {
    restore();
  }
}

function reasonFor(mutant: Mutant): string | undefined {
  return EQUIVALENT.find(
    ({ source, before, after }) => source === mutant.source && before === mutant.before && after === mutant.after,
  )?.reason;
}

/** What became of a room's mutants. */
interface RoomReport {
  readonly seed: number;
  /** All that the rules make of the sources. */
  readonly known: number;
  /** Those that compiled, each of which was killed, survived or is equivalent. */
  readonly tried: number;
  readonly killed: number;
  readonly survived: number;
  readonly equivalent: number;
  readonly stillborn: number;
  readonly survivors: readonly Omit<Mutant, "text">[];
  readonly equivalents: readonly (Omit<Mutant, "text"> & { readonly reason: string })[];
}

/** Tells `save` after each mutant: what was found outlives a run that ends early. */
async function tryRoom(room: string, save: (report: RoomReport) => void): Promise<void> {
  const chosen = TARGETS.filter((target) => target.room === room);
  const jobs = chosen.flatMap((target) =>
    target.sources.flatMap((source) =>
      mutantsOf(source, readFileSync(join(ROOT, "contracts", source), "utf8")).map((mutant) => ({ target, mutant })),
    ),
  );
  const failed = AFTER > 0 ? undefined : await firstFailure([...new Set(chosen.flatMap(({ tests }) => tests))]);
  if (failed !== undefined) throw new Error(`${room} fails without any mutant: ${failed.test}`);
  console.log(`${room}: ${jobs.length} mutants known (seed ${SEED})`);

  const started = Date.now();
  const count: Record<Verdict, number> = { killed: 0, survived: 0, equivalent: 0, stillborn: 0 };
  const survivors: Omit<Mutant, "text">[] = [];
  const equivalents: (Omit<Mutant, "text"> & { readonly reason: string })[] = [];
  let tried = 0;
  for (const job of shuffled(jobs, random(SEED)).slice(AFTER)) {
    if (tried + count.stillborn === COUNT) break;
    const { verdict, by } = await judge(job);
    ++count[verdict];
    if (verdict === "stillborn") continue;
    ++tried;
    const { source, line, rule, before, after } = job.mutant;
    const shown = { source, line, rule, before, after };
    if (verdict === "survived") survivors.push(shown);
    if (verdict === "equivalent") equivalents.push({ ...shown, reason: reasonFor(job.mutant) ?? "" });
    save({ seed: SEED, known: jobs.length, tried, ...count, survivors, equivalents });
    console.log(`${tried} ${verdict} ${source}:${line} ${before} → ${after}${by === undefined ? "" : ` (${by})`}`);
  }
  const perMinute = Math.round((tried * 60_000) / (Date.now() - started));
  console.log(
    `${room}: ${tried} mutants, ${count.killed} killed, ${count.survived} survived, ${count.equivalent} equivalent; ` +
      `${count.stillborn} more did not compile; ${perMinute} a minute`,
  );
  if (count.survived > 0) process.exitCode = 1;
}

function sum(first: RoomReport, second: RoomReport): RoomReport {
  return {
    ...second,
    tried: first.tried + second.tried,
    killed: first.killed + second.killed,
    survived: first.survived + second.survived,
    equivalent: first.equivalent + second.equivalent,
    stillborn: first.stillborn + second.stillborn,
    survivors: [...first.survivors, ...second.survivors],
    equivalents: [...first.equivalents, ...second.equivalents],
  };
}

function reports(): Readonly<Record<string, RoomReport>> {
  return existsSync(REPORT) ? (JSON.parse(readFileSync(REPORT, "utf8")) as Record<string, RoomReport>) : {};
}

async function main(): Promise<void> {
  for (const room of ROOMS) {
    const earlier = AFTER > 0 ? reports()[room] : undefined;
    await tryRoom(room, (report) => {
      const whole = earlier === undefined ? report : sum(earlier, report);
      writeFileSync(REPORT, `${JSON.stringify({ ...reports(), [room]: whole }, undefined, 2)}\n`);
    });
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
