import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { hexlify } from "ethers";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RollupEvent } from "../../../relayer/rollup/events";
import { KzgThreads } from "../../../relayer/rollup/kzgThreads";
import type { NodePeer } from "../../../relayer/rollup/nodePeer";
import { RollupRunner, type RollupDeps } from "../../../relayer/rollup/run";
import { SnapshotFiles } from "../../../relayer/rollup/snapshotFiles";
import { Store } from "../../../relayer/store/store";
import { systemClock } from "../../../relayer/systemClock";
import { crypto } from "../../protocol/ledger/support";
import { until } from "../../relayer/cassini/support/operators";
import { PARAMS, bodyOf } from "../support";
import { ALICE, BOB, openScene, type Scene } from "./lies";
import { InProcessReader } from "./support";

const PATIENCE_MS = 240_000;

describe("a new node of a rollup", function () {
  this.timeout(3 * PATIENCE_MS);
  let directory: string;

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "node-"))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Follows until it stands at the latest batch; ends it then. */
  async function followed(
    { fixture, layer2 }: Scene,
    snapshots: SnapshotFiles,
    peers: readonly NodePeer[] = [],
  ): Promise<{ readonly runner: RollupRunner; readonly events: readonly RollupEvent[] }> {
    const events: RollupEvent[] = [];
    const reader = new InProcessReader() as unknown as RollupDeps["reader"];
    const store = await Store.open({ sqlite: ":memory:" });
    const runner = new RollupRunner({
      rollup: { chainId: 31_337n, rollup: (await fixture.rollup.getAddress()).toLowerCase() },
      gateway: await fixture.gateway.getAddress(),
      startBlock: fixture.beginning.blockNumber,
      pollMs: 10,
      reader,
      store,
      crypto,
      blobProver: new KzgThreads(1),
      clock: systemClock,
      emit: (event) => events.push(event),
      peers: () => peers,
      snapshots,
    });
    const ending = new AbortController();
    const running = runner.run(ending.signal);
    const { hash } = layer2.latest;
    const said = (): string =>
      events.map((event) => `${event.kind} ${"error" in event ? String(event.error) : ""}`).join();
    // The snapshot is written in the same look, behind the step.
    await until(() => runner.node?.replica.at.hash === hash && runner.node.isCurrent, said, PATIENCE_MS);
    ending.abort();
    await running;
    await store.close();
    return { runner, events };
  }

  it("starts from the newest final snapshot of a peer, and arrives at the same root", async () => {
    const scene = await openScene();
    const { layer2, draft, body } = scene;
    await layer2.deposit(ALICE.number, 31n, ALICE.balance);
    await time.increase(PARAMS.challengeSeconds);
    const first = new SnapshotFiles(join(directory, "first"), 3_600n);
    const { runner: old } = await followed(scene, first);
    expect(await first.paths()).to.have.length(1);
    expect(old.node?.replica.final.batch.number).to.equal(2n);

    const transfer = { kind: "Transfer", from: ALICE.balance, to: BOB.balance, amount: 9n } as const;
    await layer2.post(await draft([bodyOf(layer2, 1), body([ALICE.number, transfer, 1n])]));
    // An endpoint of its own would have no log of the entry any more: the snapshot brought it.
    const peer = { endpoint: "memory", snapshot: () => first.newest() } as unknown as NodePeer;
    const { runner, events } = await followed(scene, new SnapshotFiles(join(directory, "second"), 3_600n), [peer]);
    expect(events.flatMap((event) => (event.kind === "batch_applied" ? [event.number] : []))).to.deep.equal([3n]);
    const { replica } = runner.node!;
    expect(hexlify(replica.ledger.state().root)).to.equal(hexlify(layer2.ledger.state().root));
    expect(hexlify(replica.settled!.state().root)).to.equal(layer2.batches[1]!.batch.state.root);
    expect(replica.prove(BOB.balance, "final")?.batch.number).to.equal(2n);
    expect(replica.prove(BOB.balance, "latest")?.batch.number).to.equal(3n);
  });

  it("refuses a snapshot that is none, and begins with the rollup", async () => {
    const scene = await openScene();
    const files = new SnapshotFiles(directory, 3_600n);
    writeFileSync(join(directory, `9-0x${"ab".repeat(32)}.snapshot`), "COSL2/1\nnothing");
    const { events } = await followed(scene, files);
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "snapshot_refused")).to.have.length(1);
    expect(kinds.filter((kind) => kind === "batch_applied")).to.have.length(2);
  });
});
