import { time, mine } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { getBytes, hexlify, id } from "ethers";
import type { OperatorMock } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { player } from "../protocol/ledger/support";
import { Random } from "../support/random";
import {
  DAY,
  IDLE,
  Layer2,
  PARAMS,
  bodyOf,
  claimOn,
  commit,
  commitmentOf,
  deployRollupFrom,
  hashOf,
  loadPlayed,
  stateHashOf,
  type Draft,
  type Played,
} from "./support";

const ALICE = player(0);
const TRANSFER = { kind: "Transfer", from: 2, to: 4, amount: 7n } as const;
const REWARD = PARAMS.bond / 2n;
const BURNED = "0x000000000000000000000000000000000000dEaD";
const ZERO = ethers.ZeroHash;

/** Three segments, each of a transfer. */
async function draftThree(layer2: Layer2): Promise<Draft> {
  return layer2.draft([0n, 1n, 2n].map((nonce) => bodyOf(layer2, 0, [ALICE.key, TRANSFER, nonce])));
}

async function postFalse(played: Played, at = 1, poster = played.sequencer) {
  return played.layer2.post(Layer2.lie(await draftThree(played.layer2), at), poster);
}

describe("proving fraud", () => {
  for (const at of [0, 1, 2]) {
    it(`rolls back a batch that lies about the state after segment ${at} of three`, async () => {
      const played = await loadPlayed();
      const { rollup, layer2, prover, stranger, sequencer } = played;
      const posted = await postFalse(played, at);
      await commit(played, posted, at);
      const proving = rollup.connect(stranger).proveFraud(layer2.proofOf(posted, at, await prover.getAddress()));
      await expect(proving)
        .to.emit(rollup, "FraudProven")
        .withArgs(2, posted.hash, await sequencer.getAddress(), await prover.getAddress(), REWARD);
      await expect(proving).to.changeEtherBalances([rollup, BURNED, stranger], [-REWARD, REWARD, 0]);
      const { batch } = layer2.batches[0]!;
      const head = await rollup.head();
      expect([...head]).to.deep.equal([1n, batch.time, 2n, batch.postedAt, batch.blockNumber, 2n, false]);
      expect(await rollup.batchHashOf(2)).to.equal(ZERO);
      expect(await rollup.isProvenFalse(posted.hash)).to.equal(true);
      expect((await rollup.posterOf(sequencer)).bond).to.equal(0);
    });
  }

  it("proves that a batch takes entries which its segments do not consume", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover } = played;
    await layer2.deposit(0, 5n);
    const draft = await layer2.draft([bodyOf(layer2, 0)]);
    const posted = await layer2.post(Layer2.lie(draft, 0, (state) => ({ ...state, queue: 3n })));
    await commit(played, posted, 0);
    await expect(rollup.proveFraud(layer2.proofOf(posted, 0, await prover.getAddress()))).to.emit(
      rollup,
      "FraudProven",
    );
  });

  it("refuses every proof against a true batch", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover } = played;
    await layer2.deposit(2, 9n);
    const transfers = [0n, 1n, 2n].map((nonce) => bodyOf(layer2, 0, [ALICE.key, TRANSFER, nonce]));
    const posted = await layer2.run([bodyOf(layer2, 1), ...transfers]);
    for (const at of posted.segments.keys()) {
      await commit(played, posted, at);
      await expect(rollup.proveFraud(layer2.proofOf(posted, at, await prover.getAddress())))
        .to.be.revertedWithCustomError(rollup, "BatchIsTrue")
        .withArgs(2, at);
    }
  });

  it("never lets a changed witness win against a true batch", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover } = played;
    await layer2.deposit(2, 9n);
    const posted = await layer2.run([bodyOf(layer2, 1, [ALICE.key, TRANSFER, 0n])]);
    await commit(played, posted, 0);
    const proof = layer2.proofOf(posted, 0, await prover.getAddress());
    const random = new Random(11);
    const bent = (bytes: string): string => {
      const changed = getBytes(bytes);
      if (changed.length === 0) return "0x01";
      changed[random.below(changed.length)]! ^= 1 + random.below(255);
      return hexlify(changed);
    };
    const replace = <Value>(list: readonly Value[], by: (value: Value) => Value): Value[] => {
      const at = random.below(list.length);
      return list.map((value, i) => (i === at ? by(value) : value));
    };
    const without = <Value>(list: readonly Value[]): Value[] => {
      const at = random.below(list.length);
      return list.filter((_, i) => i !== at);
    };
    const { witness } = proof;
    const changes: readonly (() => typeof proof)[] = [
      () => ({ ...proof, witness: { ...witness, leaves: replace(witness.leaves, bent) } }),
      () => ({ ...proof, witness: { ...witness, siblings: replace(witness.siblings, bent) } }),
      () => ({ ...proof, witness: { ...witness, siblings: without(witness.siblings) } }),
      () => ({ ...proof, witness: { ...witness, siblings: [...witness.siblings, id("one more")] } }),
      () => ({ ...proof, witness: { ...witness, entries: replace(witness.entries, bent) } }),
      () => ({ ...proof, witness: { ...witness, entries: [] } }),
      () => ({ ...proof, witness: { ...witness, entries: [...witness.entries, bent(witness.entries[0]!)] } }),
      () => ({ ...proof, witness: { ...witness, indices: replace(witness.indices, (index) => index + 1n) } }),
      () => ({ ...proof, witness: { ...witness, indices: [...witness.indices].reverse() } }),
      () => {
        const at = random.below(witness.leaves.length);
        const rest = <Value>(list: readonly Value[]): Value[] => list.filter((_, i) => i !== at);
        return { ...proof, witness: { ...witness, indices: rest(witness.indices), leaves: rest(witness.leaves) } };
      },
      () => ({ ...proof, witness: { ...witness, leaves: witness.leaves.map(() => "0x") } }),
      () => ({
        ...proof,
        opening: Layer2.openingOf({ ...posted, segments: [{ ...posted.segments[0]!, body: Uint8Array.of(0) }] }, 0),
      }),
      () => ({ ...proof, opening: bent(proof.opening) }),
      () => ({ ...proof, before: { ...proof.before, nextLeaf: proof.before.nextLeaf + 1 } }),
      () => ({ ...proof, before: { ...proof.before, queue: 0n } }),
      () => ({ ...proof, batch: { ...proof.batch, queueTime: 0n } }),
      () => ({ ...proof, parent: { ...proof.parent, time: 0n } }),
    ];
    for (const change of [...changes, ...changes, ...changes]) {
      await expect(rollup.proveFraud.staticCall(change()), String(change)).to.be.reverted;
    }
    expect((await rollup.head()).number).to.equal(2);
  });

  it("names what does not fit: the state before, the parent, the segment, its bytes, the entries", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover, calldataSegments, beginning } = played;
    await layer2.deposit(2, 9n);
    const bodies = [bodyOf(layer2, 1), bodyOf(layer2, 0, [ALICE.key, TRANSFER, 0n])];
    const posted = await layer2.run(bodies);
    const proverAddress = await prover.getAddress();
    for (const at of [0, 1, 2]) await commit(played, posted, at);
    const proof = layer2.proofOf(posted, 0, proverAddress);
    const second = layer2.proofOf(posted, 1, proverAddress);
    const refused = (changed: typeof proof, error: string, contract: { interface: object } = rollup) =>
      expect(rollup.proveFraud(changed)).to.be.revertedWithCustomError(contract as never, error);

    const wrong = { ...proof.before, nextLeaf: 77 };
    await refused({ ...proof, before: wrong }, "WrongStateBefore").withArgs(
      stateHashOf(wrong),
      stateHashOf(proof.before),
    );
    // What the segment before claims is committed to with its bytes.
    await refused({ ...second, before: wrong }, "WrongSegment", calldataSegments);
    await refused({ ...proof, parent: beginning }, "WrongParent").withArgs(hashOf(beginning), posted.batch.parent);
    await refused({ ...proof, segment: 2n }, "SegmentOutOfRange").withArgs(2, 2);
    await refused({ ...second, opening: proof.opening }, "WrongSegment", calldataSegments);
    const other = { ...posted, segments: posted.segments.slice(0, 1) };
    await refused({ ...proof, opening: Layer2.openingOf(other, 0) }, "WrongSegments", calldataSegments);
    const entry = "0x1234";
    await refused({ ...proof, witness: { ...proof.witness, entries: [entry] } }, "WrongEntry").withArgs(
      2,
      ethers.keccak256(entry).slice(0, 56),
      ethers.keccak256(layer2.entries[2]!).slice(0, 56),
    );
  });

  it("refuses the beginning, and a batch of another rollup", async () => {
    const played = await loadPlayed();
    const { rollup, beginning, layer2, prover, manager, gateway, wallets } = played;
    const posted = layer2.batches[0]!;
    const begun = { ...posted, batch: beginning, hash: hashOf(beginning) };
    await commit(played, begun, 0);
    const proof = layer2.proofOf(posted, 0, await prover.getAddress());
    await expect(rollup.proveFraud({ ...proof, batch: beginning, parent: beginning }))
      .to.be.revertedWithCustomError(rollup, "WrongParent")
      .withArgs(hashOf(beginning), ZERO);

    const elsewhere = await deployRollupFrom(await ethers.getSigners(), PARAMS, undefined, {
      manager,
      gateway,
      wallets,
    });
    const foreign = new Layer2(elsewhere);
    const there = await foreign.post(Layer2.lie(await foreign.draft([Uint8Array.of(0)]), 0));
    await commit(played, there, 0);
    await expect(rollup.proveFraud(foreign.proofOf(there, 0, await prover.getAddress())))
      .to.be.revertedWithCustomError(rollup, "NotCanonical")
      .withArgs(1, there.hash);
    // Signatures are for one rollup: there, what was signed here does nothing.
    const [transfer] = [bodyOf(layer2, 0, [ALICE.key, TRANSFER, 0n])];
    await foreign.deposit(0, 1_000n);
    await foreign.deposit(1, 1_000n);
    foreign.forgetFrom(there);
    const { segments } = await foreign.draft([bodyOf(foreign, 2), transfer!]);
    expect(segments[1]!.after.root).to.deep.equal(segments[1]!.before.root);
  });

  it("pays the one who committed, though another copies the proof from the mempool", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover, stranger } = played;
    const posted = await postFalse(played);
    await commit(played, posted, 1);
    const proof = layer2.proofOf(posted, 1, await prover.getAddress());
    // The copy names its thief: it was never committed to, or is by now, too late.
    const thief = await stranger.getAddress();
    const copy = { ...proof, prover: thief };
    const commitment = commitmentOf(posted.hash, 1, thief);
    await expect(rollup.connect(stranger).proveFraud(copy))
      .to.be.revertedWithCustomError(rollup, "NoCommitment")
      .withArgs(commitment);
    const committing = await rollup.connect(stranger).commitProof(commitment);
    await expect(rollup.connect(stranger).proveFraud(copy))
      .to.be.revertedWithCustomError(rollup, "CommitmentTooYoung")
      .withArgs(commitment, committing.blockNumber! + 2);
    await expect(rollup.connect(stranger).proveFraud(proof)).to.emit(rollup, "FraudProven");
    expect(await rollup.rewardOf(prover)).to.equal(REWARD);
    expect(await rollup.rewardOf(thief)).to.equal(0);
  });

  it("counts a commitment from when it was made first", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover, stranger } = played;
    const posted = await postFalse(played);
    const commitment = commitmentOf(posted.hash, 1, await prover.getAddress());
    const committing = await rollup.connect(prover).commitProof(commitment);
    await expect(committing)
      .to.emit(rollup, "ProofCommitted")
      .withArgs(commitment, await prover.getAddress());
    await rollup.connect(stranger).commitProof(commitment);
    expect(await rollup.committedAt(commitment)).to.equal(committing.blockNumber);
    await expect(rollup.proveFraud(layer2.proofOf(posted, 1, await prover.getAddress()))).to.emit(
      rollup,
      "FraudProven",
    );
  });

  it("rolls back what was built on a false batch, and leaves their posters' bonds alone", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover, other, admin } = played;
    const posted = await postFalse(played, 2);
    await rollup.connect(admin).setSequencer(other, true);
    const above: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { hash } = await layer2.post(await layer2.draft([Uint8Array.of(0)]), other);
      above.push(hash);
    }
    expect((await rollup.head()).number).to.equal(5);
    await commit(played, posted, 2);
    await rollup.proveFraud(layer2.proofOf(posted, 2, await prover.getAddress()));
    expect((await rollup.head()).number).to.equal(1);
    expect((await rollup.posterOf(other)).bond).to.equal(PARAMS.bond);
    for (const hash of above) expect(await rollup.isProvenFalse(hash)).to.equal(false);
    for (const number of [2, 3, 4, 5]) expect(await rollup.batchHashOf(number)).to.equal(ZERO);

    // What is gone is no batch any more, and the true one takes its number.
    await expect(rollup.proveFraud(layer2.proofOf(posted, 2, await prover.getAddress())))
      .to.be.revertedWithCustomError(rollup, "NotCanonical")
      .withArgs(2, posted.hash);
    layer2.forgetFrom(posted);
    const honest = await layer2.post(await draftThree(layer2), other);
    expect(await rollup.batchHashOf(2)).to.equal(honest.hash);
    for (const number of [3, 4, 5]) expect(await rollup.batchHashOf(number)).to.equal(ZERO);
    await commit(played, honest, 2);
    await expect(rollup.proveFraud(layer2.proofOf(honest, 2, await prover.getAddress())))
      .to.be.revertedWithCustomError(rollup, "BatchIsTrue")
      .withArgs(2, 2);
  });

  it("takes a bond once, and rolls back also where nothing of it is left", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover, sequencer } = played;
    const proverAddress = await prover.getAddress();
    const first = await postFalse(played, 2);
    const drafted = await layer2.draft([Uint8Array.of(0)]);
    const second = await layer2.post(Layer2.lie(drafted, 0, (state) => ({ ...state, nextLeaf: 99 })));
    // A second falsehood, on the first: its before-state is the one that the first claims.
    const lied = first.batch.state;
    const proof = { ...layer2.proofOf(second, 0, proverAddress), before: lied };
    await commit(played, second, 0);
    await expect(rollup.proveFraud(proof))
      .to.emit(rollup, "FraudProven")
      .withArgs(3, second.hash, await sequencer.getAddress(), proverAddress, REWARD);
    await expect(rollup.connect(sequencer).postBatch(await claimOn(layer2), IDLE))
      .to.be.revertedWithCustomError(rollup, "BondMissing")
      .withArgs(await sequencer.getAddress(), 0, PARAMS.bond);
    layer2.forgetFrom(second);
    await commit(played, first, 2);
    await expect(rollup.proveFraud(layer2.proofOf(first, 2, proverAddress)))
      .to.emit(rollup, "FraudProven")
      .withArgs(2, first.hash, await sequencer.getAddress(), proverAddress, 0);
    expect(await rollup.rewardOf(prover)).to.equal(REWARD);
    expect((await rollup.head()).number).to.equal(1);
  });

  it("is possible until the last second of the window, and no more from then on", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover } = played;
    const posted = await postFalse(played);
    await commit(played, posted, 1);
    const proof = layer2.proofOf(posted, 1, await prover.getAddress());
    const finalAt = posted.batch.postedAt + PARAMS.challengeSeconds;
    const snapshot = (await ethers.provider.send("evm_snapshot", [])) as string;
    await time.setNextBlockTimestamp(finalAt);
    await expect(rollup.proveFraud(proof)).to.be.revertedWithCustomError(rollup, "BatchIsFinal").withArgs(2);
    await ethers.provider.send("evm_revert", [snapshot]);
    await time.setNextBlockTimestamp(finalAt - 1n);
    await expect(rollup.proveFraud(proof)).to.emit(rollup, "FraudProven");
  });

  it("pays a reward once, though its receiver calls again", async () => {
    const played = await loadPlayed();
    const { rollup, layer2 } = played;
    const receiver = await deploy<OperatorMock>("OperatorMock");
    const posted = await postFalse(played);
    const call = rollup.interface.encodeFunctionData("commitProof", [
      commitmentOf(posted.hash, 1, await receiver.getAddress()),
    ]);
    await receiver.execute(rollup, call);
    await mine(2);
    await rollup.proveFraud(layer2.proofOf(posted, 1, await receiver.getAddress()));
    const withdrawal = rollup.interface.encodeFunctionData("withdrawReward", [await receiver.getAddress()]);
    await receiver.setReaction(rollup, withdrawal);
    const taking = receiver.execute(rollup, withdrawal);
    await expect(taking)
      .to.emit(rollup, "RewardWithdrawn")
      .withArgs(await receiver.getAddress(), await receiver.getAddress(), REWARD);
    await expect(taking).to.changeEtherBalances([rollup, receiver], [-REWARD, REWARD]);
    expect(await receiver.reacted()).to.equal(false);
    await expect(receiver.execute(rollup, withdrawal))
      .to.be.revertedWithCustomError(rollup, "NothingToWithdraw")
      .withArgs(await receiver.getAddress());
    await receiver.setRefuses(true);
  });

  it("does not let who is rolled back every day delay what is final, nor keep the rollup from its end", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, prover, sequencer } = played;
    const honest = layer2.batches[0]!;
    const { postedAt } = honest.batch;
    for (let day = 1n; ; day++) {
      await time.increaseTo(postedAt + day * DAY);
      if ((await rollup.posterOf(sequencer)).bond === 0n)
        await rollup.connect(sequencer).payBond({ value: PARAMS.bond });
      const posted = await layer2.post(Layer2.lie(await layer2.draft([Uint8Array.of(0)]), 0));
      await commit(played, posted, 0);
      const proving = rollup.proveFraud(layer2.proofOf(posted, 0, await prover.getAddress()));
      await expect(proving).to.emit(rollup, "FraudProven");
      layer2.forgetFrom(posted);
      if (day < 8n) {
        await expect(proving).not.to.emit(rollup, "RollupFrozen");
        continue;
      }
      await expect(proving).to.emit(rollup, "RollupFrozen").withArgs(1, honest.hash);
      break;
    }
    expect((await rollup.head()).frozen).to.equal(true);
    expect((await rollup.finalState(honest.batch)).root).to.equal(honest.batch.state.root);
  });
});
