import { expect } from "chai";
import { encodeTransaction } from "../../../protocol/ledger/transactions";
import { encodeSegments } from "../../../protocol/ledger/batch";
import { player } from "../../protocol/ledger/support";
import { until } from "../../relayer/cassini/support/operators";
import { HOUR, PARAMS, bodyOf } from "../support";
import { Layer1Process, NEVER_MS, PATIENCE_MS, leafOf, onLayer1, refusalOf } from "./support";

const [ALICE, BOB] = [0, 1];
const FUNDS = 1_000n;
const FORCED = 300n;
const PAID = 5n;
/** The first leaf behind those of both players. */
const EXIT = 5;
const MINUTE = 60n;

describe("a sequencer that starves the forced queue", function () {
  this.timeout(4 * PATIENCE_MS);
  let layer1: Layer1Process;

  before(async () => (layer1 = await Layer1Process.start(2, FUNDS)));
  after(() => layer1?.stop());

  it("is overtaken by anybody with a bond a day after the entry, and goes on behind that batch, or not at all", async () => {
    const { fixture, layer2, keys } = layer1;
    const { rollup } = fixture;
    const nodes = await layer1.observer();

    // It has acknowledged a payment of Bob's that it has not posted, and dies.
    const starving = await layer1.sequencer({ name: "starving", key: keys.sequencer, ageMs: NEVER_MS });
    await layer1.taking(starving);
    const receipt = await (await starving.player(BOB)).transfer(leafOf.balance(BOB), leafOf.balance(ALICE), PAID);
    expect(receipt.status).to.equal("pending");
    await starving.kill();

    // Alice goes by layer 1.
    const leave = encodeTransaction({ kind: "Withdraw", from: leafOf.balance(ALICE), amount: FORCED });
    const entry = await layer2.force(await onLayer1(layer1, ALICE), leave);
    const { queuedAt } = await rollup.entryOf(entry);

    // Its key posts once more without her, as long as the contract lets it, and keeps the head young.
    await layer1.pass(HOUR - 10n * MINUTE);
    await layer2.post(await layer2.draft([bodyOf(layer2, 0)]));
    await layer1.pass(11n * MINUTE);
    const next = await layer2.draft([bodyOf(layer2, 0)], { queueTime: queuedAt - 1n });
    const without = rollup.connect(fixture.sequencer).postBatch;
    const segments = encodeSegments(next.segments);
    const stale = layer2.claimOf(next);
    expect(await refusalOf(fixture, without.staticCall(stale, segments))).to.deep.equal([
      "QueueSkipped",
      entry,
      queuedAt,
    ]);

    // Somebody else has a bond, and is no sequencer: not yet.
    const anybody = await layer1.sequencer({ name: "anybody", key: keys.other, ageMs: 50 });
    await until(() => anybody.said().includes("PostingNotOpen"), anybody.said, PATIENCE_MS);
    expect((await rollup.head()).queue).to.equal(entry);

    await layer1.pass(queuedAt + PARAMS.openSeconds - (await layer2.now()));
    const { postedAt } = await rollup.head();
    expect(postedAt + PARAMS.openSeconds > (await layer2.now())).to.equal(true);
    await until(async () => (await rollup.head()).queue > entry, anybody.said, PATIENCE_MS);
    const posters = [keys.sequencer, keys.sequencer, keys.other].map(({ address }) => address);
    expect((await layer1.posters()).slice(0, 3)).to.deep.equal(posters);
    await nodes.sees(EXIT, "Exit", ({ amount, owner }) => {
      expect(Buffer.from(owner)).to.deep.equal(Buffer.from(player(ALICE).address));
      return amount === FORCED;
    });
    await nodes.sees(leafOf.balance(ALICE), "Balance", ({ amount }) => amount === FUNDS - FORCED);

    // What the starving key had in hand is worth nothing now.
    await anybody.stop();
    const latest = await rollup.batchHashOf((await rollup.head()).number);
    expect(await refusalOf(fixture, without.staticCall(stale, segments))).to.deep.equal([
      "NotOnTheLatest",
      stale.parent,
      latest,
    ]);
    await starving.start().catch(() => undefined);
    await until(() => starving.said().includes("FOREIGN_BATCH"), starving.said, PATIENCE_MS);
    await starving.kill();

    // By its operator's word it goes on from there, with what it had acknowledged.
    const { number } = await rollup.head();
    const again = await layer1.sequencer({ name: "starving", key: keys.sequencer, ageMs: 50, takeOver: true });
    await nodes.sees(leafOf.balance(ALICE), "Balance", ({ amount }) => amount === FUNDS - FORCED + PAID);
    await nodes.sees(leafOf.balance(BOB), "Balance", ({ amount }) => amount === FUNDS - PAID);
    const moved = await again.api.receipt(receipt.hash);
    expect(moved).to.include({ batch: number + 1n });
    expect((await layer1.posters())[Number(number)]).to.equal(keys.sequencer.address);
  });
});
