import { mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { encodeTransaction } from "../../../protocol/ledger/transactions";
import { DAY, Layer2, PARAMS, bodyOf } from "../support";
import { ALICE, BOB, expectCaught, openScene } from "./lies";
import { ChallengerRig } from "./support";

describe("a challenger as a process", () => {
  it("goes on after a restart between its commitment and its proof", async () => {
    const scene = await openScene();
    const { fixture, layer2, draft, body } = scene;
    const { rollup } = fixture;
    const lie = await layer2.post(Layer2.lie(await draft([body()]), 0));
    const first = await ChallengerRig.start(fixture);
    await first.look();
    expect(first.ofKind("proof_committed").map(({ number }) => number)).to.deep.equal([lie.batch.number]);
    expect(first.ofKind("fraud_proven")).to.deep.equal([]);

    const second = await ChallengerRig.start(fixture, first.store);
    await second.settle();
    expect(second.ofKind("fraud_proven").map(({ number }) => number)).to.deep.equal([lie.batch.number]);
    expect(await rollup.queryFilter(rollup.filters.ProofCommitted())).to.have.length(1);
    expect(await rollup.isProvenFalse(lie.hash)).to.equal(true);
  });

  it("proves two lies one after the other, and follows the honest batch after them", async () => {
    const scene = await openScene();
    const { fixture, layer2, draft, body } = scene;
    const { rollup, other, sequencer } = fixture;
    const lie = await layer2.post(Layer2.lie(await draft([body()]), 0));
    const rig = await expectCaught(scene, lie, 0);
    layer2.forgetFrom(lie);

    await rollup.connect(sequencer).payBond({ value: PARAMS.bond });
    const again = await layer2.post(Layer2.lie(await draft([body()]), 0));
    await rig.settle();
    expect(await rollup.isProvenFalse(again.hash)).to.equal(true);
    expect(rig.ofKind("reward_withdrawn").map(({ amount }) => amount)).to.deep.equal([
      PARAMS.bond / 2n,
      PARAMS.bond / 2n,
    ]);
    layer2.forgetFrom(again);

    await time.increase(DAY);
    const transfer = { kind: "Transfer", from: ALICE.balance, to: BOB.balance, amount: 9n } as const;
    const honest = await layer2.post(await draft([body([ALICE.number, transfer, 1n])]), other);
    await rig.look();
    expect(rig.node.replica.at.hash).to.equal(honest.hash);
    expect(rig.ofKind("fraud_proven").map(({ number }) => number)).to.deep.equal([
      lie.batch.number,
      again.batch.number,
    ]);
  });

  it("takes its second reward too where its node sees the rollback before it has the proof's receipt", async () => {
    const scene = await openScene();
    const { fixture, layer2, draft, body } = scene;
    const { rollup, sequencer } = fixture;
    const lie = await layer2.post(Layer2.lie(await draft([body()]), 0));
    const rig = await expectCaught(scene, lie, 0);
    layer2.forgetFrom(lie);

    await rollup.connect(sequencer).payBond({ value: PARAMS.bond });
    const again = await layer2.post(Layer2.lie(await draft([body()]), 0));
    // The head is again the one at which the first reward was taken. Blocks come while receipts are awaited.
    rig.sender.meanwhile = async () => {
      await mine(2);
      await rig.node.step(rig.signal);
    };
    await rig.settle();
    expect(await rollup.isProvenFalse(again.hash)).to.equal(true);
    expect(rig.ofKind("reward_withdrawn").map(({ amount }) => amount)).to.deep.equal([
      PARAMS.bond / 2n,
      PARAMS.bond / 2n,
    ]);
    expect(await rollup.rewardOf(rig.sender.address)).to.equal(0n);
  });

  it("executes forced transactions whose logs nobody has any more", async () => {
    const { fixture, layer2, draft } = await openScene();
    const transaction = encodeTransaction({ kind: "Withdraw", from: ALICE.balance, amount: 1n });
    await layer2.force(fixture.stranger, transaction);
    const posted = await layer2.post(await draft([bodyOf(layer2, 1)]));
    const rig = await ChallengerRig.start(fixture);
    // What the vault queued came by a contract's own call: that much was read in time.
    await rig.node.step(rig.signal);
    const late = await ChallengerRig.start(fixture, rig.store);
    await rig.store.rollup.dropEntry({ chainId: 31_337n, rollup: await fixture.rollup.getAddress() }, 3n);
    late.reader.forgetsLogs = true;
    await late.node.step(late.signal);
    expect(late.node.replica.at.hash).to.equal(posted.hash);
  });

  it("freezes a rollup that nobody has served for a whole window", async () => {
    const { fixture, layer2 } = await openScene();
    const { rollup } = fixture;
    const rig = await ChallengerRig.start(fixture);
    await time.increase(PARAMS.openSeconds + PARAMS.challengeSeconds - 60n);
    await rig.look();
    expect((await rollup.head()).frozen).to.equal(false);
    await time.increase(60n);
    await rig.look();
    await rig.look();
    const { frozen, number } = await rollup.head();
    expect([frozen, number]).to.deep.equal([true, layer2.latest.batch.number]);
    expect(rig.ofKind("freeze_sent").map((event) => event.number)).to.deep.equal([number]);
    expect(rig.ofKind("frozen").map((event) => event.number)).to.deep.equal([number]);
  });
});
