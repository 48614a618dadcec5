import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { hexlify } from "ethers";
import type { SealedBatch } from "../../../../relayer/rollup/sequencer/engine";
import { Store } from "../../../../relayer/store/store";
import { ChallengerRig } from "../../../rollup/adversary/support";
import {
  DAY,
  HOUR,
  Layer2,
  PARAMS,
  bodyOf,
  commit,
  deployRollup,
  hashOf,
  postIdle,
  type RollupFixture,
} from "../../../rollup/support";
import { Layer1Rig } from "./layer1Rig";

const FUNDS = 1_000n;
const MINUTE = 60n;
const PAY = { kind: "Transfer", from: 2, to: 4, amount: 7n } as const;

/** Two deposits wait: alice's account is to be 1, her balance 2; bob's 3 and 4. */
async function deposited(): Promise<RollupFixture> {
  const fixture = await deployRollup();
  const layer2 = new Layer2(fixture);
  for (const number of [0, 1]) await layer2.deposit(number, FUNDS);
  return fixture;
}

async function begin() {
  const fixture = await loadFixture(deposited);
  const rig = await Layer1Rig.start(fixture);
  const { layer1, signal } = rig;
  return { fixture, rig, layer1, signal, rollup: fixture.rollup };
}

/** The first batch, of both deposits and a payment. */
async function sealFirst(rig: Layer1Rig): Promise<SealedBatch> {
  return rig.seal(await rig.header(), [PAY, 0n]);
}

describe("the layer 1 of a sequencer, over the contract", () => {
  it("reads the head that the contract has, and the hash of its batch", async () => {
    const { layer1, signal, fixture, rollup } = await begin();
    const { beginning } = fixture;
    const head = await layer1.head(signal);
    expect({ ...head, hash: hexlify(head.hash) }).to.deep.equal({
      number: 0n,
      hash: hashOf(beginning),
      time: beginning.time,
      postedAt: beginning.postedAt,
      blockNumber: beginning.blockNumber,
      frozen: false,
      now: BigInt(await time.latest()),
    });
    const latest = { batch: beginning, hash: hashOf(beginning) };
    const posted = await postIdle(fixture, latest, head.now + 100n, 2n);
    const next = await layer1.head(signal);
    expect([next.number, hexlify(next.hash), next.blockNumber]).to.deep.equal([
      1n,
      posted.hash,
      posted.batch.blockNumber,
    ]);
    expect(hexlify(next.hash)).to.equal(await rollup.batchHashOf(1));
  });

  it("reads the queue in its order, as many entries as are asked for, at final blocks alone", async () => {
    const { layer1, signal, fixture, rig } = await begin();
    const layer2 = new Layer2(fixture);
    await layer2.deposit(2, 5n);
    await mine(4);
    const entriesFrom = async (from: bigint, limit: number): Promise<readonly number[]> => {
      const { entries } = await layer1.queue(from, limit, signal);
      return entries.map((entry) => entry.at(-1)!);
    };
    // The last byte of each is of its amount.
    const [first, third] = [Number(FUNDS & 255n), 5];
    expect(await entriesFrom(0n, 9)).to.deep.equal([first, first, third]);
    expect(await entriesFrom(0n, 2)).to.deep.equal([first, first]);
    expect(await entriesFrom(2n, 9)).to.deep.equal([third]);
    expect(await entriesFrom(3n, 9)).to.deep.equal([]);
    rig.reader.behind = 5n;
    const { entries, knownUntil } = await layer1.queue(0n, 9, signal);
    expect(entries).to.have.length(2);
    expect(knownUntil).to.equal((await rig.reader.finalized()).timestamp);
  });

  it("reads of which halt of moves a clock is", async () => {
    const { layer1, signal, rollup } = await begin();
    const now = BigInt(await time.latest());
    const from = now + PARAMS.challengeSeconds + 2n * DAY;
    await rollup.setMovesHalt(from, from + DAY);
    expect(await layer1.movesHaltAt(from - 1n, signal)).to.equal(2n ** 64n - 1n);
    expect(await layer1.movesHaltAt(from, signal)).to.equal(from);
  });

  it("posts what was sealed, batch upon batch, and finds each again; a node that re-executes them agrees", async () => {
    const { rig, layer1, signal, fixture, rollup } = await begin();
    const first = await sealFirst(rig);
    const outcome = await rig.post(first);
    expect(outcome).to.have.property("kind", "posted");
    const [log] = await rollup.queryFilter(rollup.filters.BatchPosted(1));
    const receipt = await log!.getTransactionReceipt();
    expect(outcome).to.include({ transactionHash: receipt.hash, gasUsed: receipt.gasUsed });
    expect(receipt.from).to.equal(await fixture.sequencer.getAddress());

    const head = await layer1.head(signal);
    expect([head.number, head.time, hexlify(head.hash)]).to.deep.equal([
      1n,
      first.header.time,
      await rollup.batchHashOf(1),
    ]);
    expect(await layer1.isPosted(first, head, signal)).to.equal(true);
    const second = await rig.seal(await rig.header(), [PAY, 1n]);
    expect(await layer1.isPosted({ ...second, header: { ...second.header, number: 1n } }, head, signal)).to.equal(
      false,
    );
    expect(await rig.post(second)).to.have.property("kind", "posted");
    expect(await layer1.isPosted(second, await layer1.head(signal), signal)).to.equal(true);

    const node = await ChallengerRig.start(fixture);
    await node.settle();
    expect(node.ofKind("batch_false")).to.deep.equal([]);
    expect(node.node.replica.at.hash).to.equal(await rollup.batchHashOf(2));
    expect(hexlify(node.node.replica.ledger.state().hash)).to.equal(hexlify(second.state.hash));
  });

  it("does not post twice, whatever a process that ended has left", async () => {
    const fixture = await loadFixture(deposited);
    const store = await Store.open({ sqlite: ":memory:" });
    const before = await Layer1Rig.start(fixture, fixture.sequencer, store);
    const parent = await before.layer1.head(before.signal);
    const sealed = await sealFirst(before);
    expect(await before.post(sealed)).to.have.property("kind", "posted");
    const after = await Layer1Rig.start(fixture, fixture.sequencer, store);
    // On the head that it had read before it ended, and on the one that it finds.
    expect(await after.layer1.post(sealed, parent, after.signal)).to.include({
      kind: "refused",
      error: "NotOnTheLatest",
    });
    expect(await after.layer1.isPosted(sealed, await after.layer1.head(after.signal), after.signal)).to.equal(true);
    expect((await fixture.rollup.head()).number).to.equal(1n);
  });

  it("tells a batch of somebody else from its own of the same number", async () => {
    const { rig, layer1, signal, fixture } = await begin();
    const sealed = await sealFirst(rig);
    const { beginning } = fixture;
    await postIdle(fixture, { batch: beginning, hash: hashOf(beginning) }, BigInt(await time.latest()) + 9n, 2n);
    expect(await layer1.isPosted(sealed, await layer1.head(signal), signal)).to.equal(false);
  });

  it("tells how far batches are final on its chain", async () => {
    const { rig, layer1, signal } = await begin();
    await rig.post(await sealFirst(rig));
    await mine(2);
    expect(await layer1.settledNumber(signal)).to.equal(1n);
    rig.reader.behind = 3n;
    expect(await layer1.settledNumber(signal)).to.equal(0n);
    expect((await layer1.head(signal)).number).to.equal(1n);
  });

  it("goes back with the contract where a batch is proven false, and says which was", async () => {
    const { layer1, signal, fixture, rollup } = await begin();
    const layer2 = new Layer2(fixture);
    const { beginning } = fixture;
    const logs = await rollup.queryFilter(rollup.filters.EntryQueued());
    for (const { args } of logs) layer2.entries.push(Uint8Array.from(Buffer.from(args[1].slice(2), "hex")));
    const lie = await layer2.post(Layer2.lie(await layer2.draft([bodyOf(layer2, 2)]), 0));
    const hash = (await layer1.head(signal)).hash;
    expect(await layer1.isProvenFalse(hash, signal)).to.equal(false);
    await commit(fixture, lie, 0);
    await rollup.proveFraud(layer2.proofOf(lie, 0, await fixture.prover.getAddress()));
    expect(await layer1.isProvenFalse(hash, signal)).to.equal(true);
    const head = await layer1.head(signal);
    expect([head.number, hexlify(head.hash)]).to.deep.equal([0n, hashOf(beginning)]);
  });

  describe("is refused, by the name of the contract's error,", () => {
    type Refused = (scene: Awaited<ReturnType<typeof begin>>) => Promise<unknown>;
    const cases: Readonly<Record<string, readonly [error: string, post: Refused]>> = {
      "a batch on another than the latest": [
        "NotOnTheLatest",
        async ({ rig, layer1, signal }) => {
          const head = await layer1.head(signal);
          return layer1.post(await sealFirst(rig), { ...head, hash: new Uint8Array(32) }, signal);
        },
      ],
      "a batch that names another block for its parent": [
        "WrongParentBlock",
        async ({ rig, layer1, signal }) => {
          const head = await layer1.head(signal);
          return layer1.post(await sealFirst(rig), { ...head, blockNumber: head.blockNumber + 1n }, signal);
        },
      ],
      "a batch whose clock is too old": [
        "BatchTimeOutOfRange",
        async ({ rig }) => {
          const sealed = await sealFirst(rig);
          await time.increase(16n * MINUTE);
          return rig.post(sealed);
        },
      ],
      "a batch that says to know the queue beyond its clock": [
        "QueueTimeTooLate",
        async ({ rig }) => {
          const header = await rig.header();
          return rig.post(await rig.seal({ ...header, queueTime: header.time + 1n }));
        },
      ],
      "a batch that says to know nothing of the queue": [
        "QueueTimeTooEarly",
        async ({ rig }) => {
          const header = await rig.header();
          return rig.post(await rig.seal({ ...header, queueTime: header.time - HOUR - 1n }));
        },
      ],
      "a batch that leaves an entry which is an hour old": [
        "QueueSkipped",
        async ({ rig }) => {
          await time.increase(HOUR);
          const header = await rig.header();
          return rig.post(await rig.seal({ ...header, entries: header.entries.slice(0, 1) }));
        },
      ],
      "a batch of somebody who is no sequencer, before posting is open": [
        "PostingNotOpen",
        async ({ fixture }) => {
          const other = await Layer1Rig.start(fixture, fixture.other);
          return other.post(await sealFirst(other));
        },
      ],
      "a batch of a sequencer whose bond is gone": [
        "BondMissing",
        async ({ fixture, rollup, rig }) => {
          await rollup.setSequencer(fixture.stranger, true);
          const unbonded = await Layer1Rig.start(fixture, fixture.stranger);
          return unbonded.post(await sealFirst(rig));
        },
      ],
      "a batch behind the end": [
        "RollupIsFrozen",
        async ({ rig, fixture, rollup }) => {
          await time.increase(PARAMS.challengeSeconds + PARAMS.openSeconds);
          await rollup.freeze(fixture.beginning, fixture.beginning);
          return rig.post(await sealFirst(rig));
        },
      ],
    };
    for (const [name, [error, post]] of Object.entries(cases)) {
      it(name, async () => {
        const scene = await begin();
        expect(await post(scene)).to.include({ kind: "refused", error });
        expect((await scene.rollup.head()).number).to.equal(0n);
      });
    }
  });
});
