import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { buildSync } from "esbuild";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { opposite } from "../../../relayer/cassini/lane";
import { Store } from "../../../relayer/store/store";
import { startAnvil } from "../../../scripts/local/nodes";
import type { CrashReport } from "./support/crashChild";
import { epochOf } from "./support/operators";
import { RealChain, laneBetween } from "./support/realChains";

const REPOSITORY = join(__dirname, "../../..");
const CHILD = join(__dirname, "support/crashChild.ts");
/** More than there are; a run that is never through would not end otherwise. */
const MOST_POINTS = 600;

/** Every so many points one is tried; `npm run crash` tries all of them. */
const STRIDE = Number(process.env.CRASH_STRIDE ?? 10);

describe("a relayer that is killed at every await of the delivery path", function () {
  this.timeout(1_200_000);
  const children = new Set<ChildProcess>();
  let home: RealChain;
  let away: RealChain;
  let folder: string;
  let bundle: string;

  before(async () => {
    // In memory where there is such a place: a process that is killed loses nothing that it has written there.
    folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "crash-"));
    // One file starts several times faster than its parts, and it starts some hundred times.
    bundle = join(folder, "child.cjs");
    buildSync({ entryPoints: [CHILD], outfile: bundle, bundle: true, platform: "node", external: ["libsql", "pg"] });
    const genesis = epochOf(1n, ["alice", "bob"], BigInt(Math.floor(Date.now() / 1000)) + 86_400n);
    const [first, second] = await Promise.all([startAnvil({ chainId: 31337 }), startAnvil({ chainId: 31338 })]);
    [home, away] = await Promise.all([RealChain.deploy(first, genesis, 2n), RealChain.deploy(second, genesis, 2n)]);
    await Promise.all([home.openLane(away), away.openLane(home)]);
  });

  after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all([home?.stop(), away?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Started ahead of time: it does nothing before it gets its order. */
  function standby(): ChildProcess {
    const child = spawn(process.execPath, [bundle], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NODE_OPTIONS: "", NODE_PATH: join(REPOSITORY, "node_modules") },
    });
    children.add(child);
    return child;
  }

  /**
   * Lets a relayer finish what the one before left, gives it something to do, and lets it run until it is through or
   * kills itself at point `crashAt`; undefined: it was killed.
   */
  async function run(child: ChildProcess, crashAt: number): Promise<CrashReport | undefined> {
    let errors = "";
    child.stderr?.on("data", (data: Buffer) => (errors += data.toString()));
    const exited = once(child, "exit") as Promise<[number | null, string | null]>;
    const { sourceChainId, sourceGateway, targetChainId, targetGateway } = laneBetween(home, away);
    const order = {
      database: join(folder, "relayer.sqlite"),
      lane: { sourceChainId: `${sourceChainId}`, sourceGateway, targetChainId: `${targetChainId}`, targetGateway },
      urls: { "31337": home.node.url, "31338": away.node.url },
      crashAt,
    };
    child.stdin?.write(`${JSON.stringify(order)}\n`);
    let report: CrashReport | undefined;
    for await (const line of createInterface({ input: child.stdout as Readable })) {
      if (line !== "ready") {
        report = JSON.parse(line) as CrashReport;
        continue;
      }
      await home.send(away);
      child.stdin?.write("go\n");
    }
    const [code, killedBy] = await exited;
    children.delete(child);
    if (killedBy === "SIGKILL") return undefined;
    if (code !== 0) throw new Error(`the run that was to crash at ${crashAt} failed: ${errors}`);
    return report;
  }

  it("executes every message exactly once and keeps its store consistent", async () => {
    let next = standby();
    let crashes = 0;
    let report: CrashReport | undefined;
    for (let crashAt = 1; report === undefined && crashAt <= MOST_POINTS; crashAt += STRIDE) {
      const child = next;
      next = standby();
      report = await run(child, crashAt);
      if (report === undefined) crashes += 1;
    }
    expect(Math.ceil((report?.points ?? 0) / STRIDE)).to.equal(crashes);
    console.log(`      killed ${crashes} times, over ${report?.points} points`);

    const messages = BigInt(crashes) + 1n;
    const all = Array.from({ length: Number(messages) }, (_, index) => BigInt(index) + 1n);
    expect(await away.received()).to.deep.equal(all);
    const { outSeq, ackSeq } = await home.lane(away);
    expect({ outSeq, ackSeq }).to.deep.equal({ outSeq: messages, ackSeq: messages });
    const lane = laneBetween(home, away);
    const store = await Store.open({ sqlite: join(folder, "relayer.sqlite") });
    try {
      expect((await store.blocks.messages(lane, 1n, messages)).map(({ seq }) => seq)).to.deep.equal(all);
      const results = await store.blocks.results(opposite(lane), 0n, messages);
      expect(results.map(({ first, last, failures }) => [first, last, failures])).to.deep.equal(
        all.map((seq) => [seq, seq, 0n]),
      );
      for (const each of [lane, opposite(lane)]) {
        const last = await store.blocks.lastHeader(each);
        expect((await store.lanes.cursor(each)) ?? 0n).to.be.at.least(last?.header.sourceBlock);
        expect(await store.deliveries.planned(each)).to.deep.equal([]);
      }
    } finally {
      await store.close();
    }
  });
});
