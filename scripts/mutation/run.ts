import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { reset } from "@nomicfoundation/hardhat-network-helpers";
import { artifacts, network } from "hardhat";
import Mocha from "mocha";
import { generator } from "../../test/support/random";
import { handMadeOf } from "./byHand";
import { compile } from "./compiler";
import { EQUIVALENT } from "./equivalent";
import { mutantsOf, type Mutant } from "./operators";
import { TARGETS, type Target } from "./targets";

/**
 * Wrong edits of the contracts that hold value, one at a time: a test must fail for each. Nothing is written but the
 * report; a mutant lives in this process only. `MUTANTS` says how many of each room (default 120, `all` for all): those
 * made by hand first, then others in an order that `SEED` gives. `ROOM` runs one room alone; the report keeps what it
 * says of other rooms. `AFTER` goes on after so many of the room, and adds to the report. `AGAIN=1` tries the survivors
 * of the report once more, and corrects it.
 */
const COUNT = process.env.MUTANTS === "all" ? Number.MAX_SAFE_INTEGER : Number(process.env.MUTANTS ?? 120);
const SEED = Number(process.env.SEED ?? 1);
const AFTER = Number(process.env.AFTER ?? 0);
const AGAIN = process.env.AGAIN === "1";
const ROOMS = process.env.ROOM === undefined ? [...new Set(TARGETS.map(({ room }) => room))] : [process.env.ROOM];
/** Long: a slow machine kills no mutant. */
const TIMEOUT = 1_800_000;
const ROOT = resolve(__dirname, "../..");
const REPORT = join(ROOT, "bench/results/mutation.json");

interface Job {
  /** Those whose contracts the source is part of. */
  readonly targets: readonly Target[];
  readonly mutant: Mutant;
}

type Verdict = "killed" | "survived" | "equivalent" | "stillborn";

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

/** Runs a test file up to its first failure, with the code of these contracts in place of the build's. */
async function firstFailure(codes: ReadonlyMap<string, string>, file: string): Promise<string | undefined> {
  const restore = replaceCode(codes);
  try {
    await reset();
    return await run(join(ROOT, "test", file));
  } finally {
    restore();
  }
}

async function run(file: string): Promise<string | undefined> {
  const mocha = new Mocha({ bail: true, timeout: TIMEOUT, reporter: class {} as unknown as string });
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

interface Trial {
  readonly target: Target;
  readonly file: string;
}

/** What killed so far: a mutant of a line near by meets the same tests first. */
const kills: { readonly source: string; readonly line: number; readonly file: string }[] = [];

/** The likeliest test first; models, which take long, last. */
function trialsOf({ targets, mutant: { source, line } }: Job): readonly Trial[] {
  const distance = ({ file }: Trial): number =>
    Math.min(
      Number.MAX_SAFE_INTEGER,
      ...kills.filter((kill) => kill.source === source && kill.file === file).map((kill) => Math.abs(kill.line - line)),
    );
  const isModel = ({ file }: Trial): number => (/model/i.test(file) ? 1 : 0);
  return targets
    .flatMap((target) => target.tests.map((file) => ({ target, file })))
    .sort((a, b) => isModel(a) - isModel(b) || distance(a) - distance(b));
}

async function judge(job: Job): Promise<{ readonly verdict: Verdict; readonly by?: string }> {
  const { source, line, text } = job.mutant;
  const compiled = new Map<Target, ReadonlyMap<string, string>>();
  for (const { target, file } of trialsOf(job)) {
    const codes = compiled.get(target) ?? compile(target.contracts, source, text);
    if (codes === undefined) return { verdict: "stillborn" };
    compiled.set(target, codes);
    const by = await firstFailure(codes, file);
    if (by === undefined) continue;
    kills.push({ source, line, file });
    return { verdict: "killed", by };
  }
  return { verdict: reasonFor(job.mutant) === undefined ? "survived" : "equivalent" };
}

/** A mutant's death means something only where its contract passes without it, compiled alike. */
async function requirePassing(targets: readonly Target[]): Promise<void> {
  const passed = new Set<string>();
  for (const { contracts, tests } of targets) {
    const codes = compile(contracts) ?? new Map<string, string>();
    for (const file of tests) {
      const subject = `${Object.keys(contracts).join()} ${file}`;
      const failed = passed.has(subject) ? undefined : await firstFailure(codes, file);
      if (failed !== undefined) throw new Error(`fails without any mutant: ${failed}`);
      passed.add(subject);
    }
  }
}

function reasonFor(mutant: Mutant): string | undefined {
  return EQUIVALENT.find(
    ({ source, before, after }) => source === mutant.source && before === mutant.before && after === mutant.after,
  )?.reason;
}

type Shown = Omit<Mutant, "text">;

/** What became of a room's mutants. */
interface RoomReport {
  readonly seed: number;
  /** All that the rules make of the sources, and those made by hand. */
  readonly known: number;
  /** Those that compiled, each of which was killed, survived or is equivalent. */
  readonly tried: number;
  readonly killed: number;
  readonly survived: number;
  readonly equivalent: number;
  readonly stillborn: number;
  readonly survivors: readonly Shown[];
  readonly equivalents: readonly (Shown & { readonly reason: string })[];
}

const NOTHING = { tried: 0, killed: 0, survived: 0, equivalent: 0, stillborn: 0, survivors: [], equivalents: [] };

function counted(report: RoomReport, mutant: Mutant, verdict: Verdict): RoomReport {
  const { source, line, rule, before, after } = mutant;
  const shown = { source, line, rule, before, after };
  return {
    ...report,
    tried: report.tried + (verdict === "stillborn" ? 0 : 1),
    [verdict]: report[verdict] + 1,
    survivors: verdict === "survived" ? [...report.survivors, shown] : report.survivors,
    equivalents:
      verdict === "equivalent"
        ? [...report.equivalents, { ...shown, reason: reasonFor(mutant) ?? "" }]
        : report.equivalents,
  };
}

const isOf =
  (mutant: Mutant) =>
  ({ source, line, before, after }: Shown): boolean =>
    source === mutant.source && line === mutant.line && before === mutant.before && after === mutant.after;

function withoutSurvivor(report: RoomReport, mutant: Mutant): RoomReport {
  const survivors = report.survivors.filter((survivor) => !isOf(mutant)(survivor));
  const gone = report.survivors.length - survivors.length;
  return { ...report, tried: report.tried - gone, survived: report.survived - gone, survivors };
}

/** All of a room's mutants, in the order in which they are tried. */
function jobsOf(targets: readonly Target[]): readonly Job[] {
  const all = [...new Set(targets.flatMap(({ sources }) => sources))];
  const jobs = (make: typeof mutantsOf): readonly Job[] =>
    all.flatMap((source) =>
      make(source, readFileSync(join(ROOT, "contracts", source), "utf8")).map((mutant) => ({
        targets: targets.filter(({ sources }) => sources.includes(source)),
        mutant,
      })),
    );
  return [...jobs(handMadeOf), ...shuffled(jobs(mutantsOf), generator(SEED))];
}

async function tryRoom(room: string): Promise<void> {
  const targets = TARGETS.filter((target) => target.room === room);
  const known = jobsOf(targets);
  const earlier = AFTER > 0 || AGAIN ? reports()[room] : undefined;
  if (earlier === undefined) await requirePassing(targets);
  console.log(`${room}: ${known.length} mutants known (seed ${SEED})`);

  const started = Date.now();
  let report: RoomReport = { ...NOTHING, ...earlier, seed: SEED, known: known.length };
  const jobs = AGAIN
    ? known.filter(({ mutant }) => report.survivors.some(isOf(mutant)))
    : known.slice(AFTER, AFTER + COUNT);
  for (const [index, job] of jobs.entries()) {
    const { mutant } = job;
    const { verdict, by } = await judge(job);
    report = counted(AGAIN ? withoutSurvivor(report, mutant) : report, mutant, verdict);
    // After each, so that what was found outlives a run that ends early.
    writeFileSync(REPORT, `${JSON.stringify({ ...reports(), [room]: report }, undefined, 2)}\n`);
    const { source, line, before, after } = mutant;
    console.log(`${index + 1} ${verdict} ${source}:${line} ${before} → ${after}${by === undefined ? "" : ` (${by})`}`);
  }
  const perMinute = Math.round((jobs.length * 60_000) / (Date.now() - started));
  const { tried, killed, survived, equivalent, stillborn } = report;
  console.log(
    `${room}: ${tried} mutants, ${killed} killed, ${survived} survived, ${equivalent} equivalent; ` +
      `${stillborn} more did not compile; ${perMinute} a minute`,
  );
  if (survived > 0) process.exitCode = 1;
}

function reports(): Readonly<Record<string, RoomReport>> {
  return existsSync(REPORT) ? (JSON.parse(readFileSync(REPORT, "utf8")) as Record<string, RoomReport>) : {};
}

async function main(): Promise<void> {
  // Compiled without one step of the optimizer, a contract may be longer than one may be.
  Object.assign(network.config, { allowUnlimitedContractSize: true });
  for (const room of ROOMS) await tryRoom(room);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
