import { expect } from "chai";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { player } from "../protocol/ledger/support";
import { Layer2, PARAMS, bodyOf, commit, deployRollup, hashOf, stateHashOf } from "./support";

const ALICE = player(0);
const BURNED = "0x000000000000000000000000000000000000dEaD";

/** Two players with balances: Alice's is leaf 2, Bob's leaf 4. */
async function deployPlayed() {
  const fixture = await deployRollup();
  const layer2 = new Layer2(fixture);
  await layer2.deposit(0, 1_000n);
  await layer2.deposit(1, 1_000n);
  await layer2.run([bodyOf(layer2, 2)]);
  return { ...fixture, layer2 };
}

describe("Rollup", () => {
  it("takes a true batch, and rolls back a false one that is proven, with its poster's bond", async () => {
    const { layer2, ...fixture } = await loadFixture(deployPlayed);
    const { rollup, sequencer, prover } = fixture;
    const first = layer2.batches[0]!;
    expect(await rollup.batchHashOf(0)).to.equal(hashOf(fixture.beginning));
    expect(await rollup.batchHashOf(1)).to.equal(first.hash);

    const transfer = { kind: "Transfer", from: 2, to: 4, amount: 7n } as const;
    const bodies = [bodyOf(layer2, 0, [ALICE.key, transfer, 0n]), bodyOf(layer2, 0, [ALICE.key, transfer, 1n])];
    const draft = await layer2.draft(bodies);
    const posted = await layer2.post(Layer2.lie(draft, 0));
    expect(await rollup.batchHashOf(2)).to.equal(posted.hash);

    await commit(fixture, posted, 0);
    const proof = layer2.proofOf(posted, 0, await prover.getAddress());
    const reward = PARAMS.bond / 2n;
    const proving = rollup.proveFraud(proof);
    await expect(proving)
      .to.emit(rollup, "FraudProven")
      .withArgs(2, posted.hash, await sequencer.getAddress(), await prover.getAddress(), reward);
    await expect(proving).to.changeEtherBalances([rollup, BURNED], [-reward, reward]);
    expect(await rollup.batchHashOf(2)).to.equal(`0x${"0".repeat(64)}`);
    expect((await rollup.head()).number).to.equal(1);
    expect(await rollup.isProvenFalse(posted.hash)).to.equal(true);
    expect(await rollup.isProvenFalse(first.hash)).to.equal(false);
    await expect(rollup.connect(prover).withdrawReward(prover)).to.changeEtherBalance(prover, reward);
  });

  it("gives the state of a batch once it is final, and refuses to prove a true segment", async () => {
    const { layer2, ...fixture } = await loadFixture(deployPlayed);
    const { rollup, prover } = fixture;
    const posted = layer2.batches[0]!;
    await commit(fixture, posted, 0);
    const proof = layer2.proofOf(posted, 0, await prover.getAddress());
    await expect(rollup.proveFraud(proof)).to.be.revertedWithCustomError(rollup, "BatchIsTrue").withArgs(1, 0);

    const finalAt = posted.batch.postedAt + PARAMS.challengeSeconds;
    await expect(rollup.finalState(posted.batch))
      .to.be.revertedWithCustomError(rollup, "BatchNotFinal")
      .withArgs(1, finalAt);
    await time.increaseTo(finalAt);
    const { root, nextLeaf, queue } = await rollup.finalState(posted.batch);
    expect(stateHashOf({ root, nextLeaf: Number(nextLeaf), queue })).to.equal(stateHashOf(posted.batch.state));
    await expect(rollup.proveFraud(proof)).to.be.revertedWithCustomError(rollup, "BatchIsFinal").withArgs(1);
  });
});
