import { loadFixture, mine } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import type { Transaction } from "../../../protocol/ledger/transactions";
import { Random } from "../../support/random";
import { player, segmentOf } from "../../protocol/ledger/support";
import { Layer2, PARAMS, bodyOf, commitmentOf, deployRollup, type PostedBatch, type RollupFixture } from "../support";
import { ChallengerRig } from "./support";

const BATCHES = 5;
const SEGMENTS = 3;

/** Bodies as an honest sequencer may post them: what is invalid, forged or garbage in them does nothing. */
function bodies(layer2: Layer2, random: Random, nonces: bigint[]): readonly Uint8Array[] {
  return Array.from({ length: SEGMENTS }, () => {
    if (random.below(6) === 0) return Uint8Array.from([0, ...random.bytes(random.below(200))]);
    const transactions = Array.from({ length: 1 + random.below(3) }, () => {
      const who = random.below(2);
      const to = 4 - 2 * who;
      const from = 2 + 2 * who;
      const amount = BigInt(random.pick([0, 1, 500, 40_000_000]));
      const make: readonly Transaction[] = [
        { kind: "Transfer", from, to, amount },
        { kind: "Transfer", from: to, to: from, amount },
        { kind: "Withdraw", from, amount },
        { kind: "TransferToNew", from, to: player(5).address, amount },
        { kind: "OpenBalance", account: from - 1, asset: random.below(2) },
        { kind: "RevokeKey", account: from - 1 },
        { kind: "SessionMove", session: 6, player: 0, move: random.bytes(1) },
        { kind: "CollectFees", game: 5 },
      ];
      const transaction = random.pick(make);
      const nonce = (nonces[who] ?? 0n) + BigInt(random.below(2));
      const signed = transaction.kind === "CollectFees" ? [] : [layer2.sign(player(who).key, transaction, nonce)];
      return [transaction, ...signed] as const;
    });
    return segmentOf(0, ...transactions);
  });
}

/** An honest sequencer's batches. */
async function honestBatches() {
  const fixture = await deployRollup();
  const layer2 = new Layer2(fixture);
  const random = new Random(7);
  await layer2.deposit(0, 1_000_000n);
  await layer2.deposit(1, 1_000_000n);
  await layer2.post(await layer2.draft([bodyOf(layer2, 2)]));
  for (let i = 1; i < BATCHES; i++) {
    const nonces = [1, 3].map((account) => {
      const leaf = layer2.ledger.leaf(account);
      return leaf?.kind === "Account" ? leaf.nonce : 0n;
    });
    layer2.ledger.discard();
    await layer2.deposit(random.below(2), 5n, 2 + 2 * random.below(2));
    const [first, ...rest] = bodies(layer2, random, nonces);
    const consuming = Uint8Array.from([1, ...(first as Uint8Array).subarray(1)]);
    await layer2.post(await layer2.draft([consuming, ...rest]));
  }
  return { fixture, layer2 };
}

async function commitAll({ rollup, prover }: RollupFixture, posted: PostedBatch): Promise<void> {
  const address = await prover.getAddress();
  for (const segment of posted.segments.keys()) {
    await rollup.connect(prover).commitProof(commitmentOf(posted.hash, segment, address));
  }
  await mine(2);
}

describe("an honest sequencer", () => {
  it("is not slashed, whichever segment of whichever batch is challenged", async () => {
    const { fixture, layer2 } = await loadFixture(honestBatches);
    const { rollup, verifier, sequencer, prover } = fixture;
    expect(await verifier.getAddress()).to.equal(await rollup.VERIFIER());
    for (const posted of layer2.batches) {
      await commitAll(fixture, posted);
      for (const segment of posted.segments.keys()) {
        const proof = layer2.proofOf(posted, segment, await prover.getAddress());
        await expect(rollup.connect(prover).proveFraud.staticCall(proof))
          .to.be.revertedWithCustomError(rollup, "BatchIsTrue")
          .withArgs(posted.batch.number, segment);
      }
    }
    expect((await rollup.posterOf(sequencer)).bond).to.equal(PARAMS.bond);
  });

  it("is followed by a challenger that finds nothing", async () => {
    const { fixture, layer2 } = await loadFixture(honestBatches);
    const rig = await ChallengerRig.start(fixture);
    await rig.settle();
    expect(rig.node.replica.at.hash).to.equal(layer2.latest.hash);
    expect(rig.ofKind("batch_applied").map(({ number }) => number)).to.deep.equal(
      layer2.batches.map(({ batch }) => batch.number),
    );
    expect(rig.ofKind("batch_false")).to.deep.equal([]);
    expect(rig.ofKind("proof_committed")).to.deep.equal([]);
  });

  type Proof = ReturnType<Layer2["proofOf"]>;
  type Spoil = (proof: Proof, layer2: Layer2) => Proof;
  const flip = (hex: string): string => `0x${((parseInt(hex[2] as string, 16) ^ 1) & 15).toString(16)}${hex.slice(3)}`;
  const witness = (proof: Proof, change: Partial<Proof["witness"]>): Proof => ({
    ...proof,
    witness: { ...proof.witness, ...change },
  });
  const spoils: Readonly<Record<string, readonly [error: string, spoil: Spoil]>> = {
    "a leaf with other bytes": [
      "WrongRoot",
      (proof) =>
        witness(proof, { leaves: proof.witness.leaves.map((leaf, i) => (i === 0 ? `${leaf.slice(0, -2)}7f` : leaf)) }),
    ],
    "a leaf that is said to be empty": [
      "LeafMissing",
      (proof) => witness(proof, { leaves: proof.witness.leaves.map((leaf, i) => (i === 0 ? "0x" : leaf)) }),
    ],
    "a leaf left out": [
      "LeafMissing",
      (proof) => witness(proof, { leaves: proof.witness.leaves.slice(1), indices: proof.witness.indices.slice(1) }),
    ],
    "no leaves at all": ["LeafMissing", (proof) => witness(proof, { leaves: [], indices: [], siblings: [] })],
    "an index without a leaf": [
      "LeavesUnpaired",
      (proof) => witness(proof, { indices: [...proof.witness.indices, 2n ** 32n - 1n] }),
    ],
    "a leaf at another place": [
      "LeavesNotAscending",
      (proof) => witness(proof, { indices: proof.witness.indices.map((index, i) => (i === 0 ? index + 90n : index)) }),
    ],
    "another sibling": [
      "WrongRoot",
      (proof) => witness(proof, { siblings: proof.witness.siblings.map((each, i) => (i === 0 ? flip(each) : each)) }),
    ],
    "a sibling left out": [
      "SiblingsMissing",
      (proof) => witness(proof, { siblings: proof.witness.siblings.slice(0, -1) }),
    ],
    "a sibling too many": [
      "SiblingsLeft",
      (proof) => witness(proof, { siblings: [...proof.witness.siblings, ethers.ZeroHash] }),
    ],
    "no entries": ["EntryMissing", (proof) => witness(proof, { entries: [] })],
    "an entry of its own": [
      "WrongEntry",
      (proof) => witness(proof, { entries: proof.witness.entries.map((each) => `${each}00`) }),
    ],
    "the entries of another place": [
      "WrongEntry",
      (proof, layer2) => witness(proof, { entries: [ethers.hexlify(layer2.entries[0] as Uint8Array)] }),
    ],
    "another state before": [
      "WrongStateBefore",
      (proof) => ({ ...proof, before: { ...proof.before, root: flip(proof.before.root) } }),
    ],
    "another place in the queue before": [
      "WrongStateBefore",
      (proof) => ({
        ...proof,
        before: { ...proof.before, queue: proof.before.queue + 1n },
      }),
    ],
    "another first unused leaf before": [
      "WrongStateBefore",
      (proof) => ({
        ...proof,
        before: { ...proof.before, nextLeaf: proof.before.nextLeaf + 1 },
      }),
    ],
    "another parent": [
      "WrongParent",
      (proof, layer2) => ({ ...proof, parent: (layer2.batches[0] as PostedBatch).batch }),
    ],
    "another batch": [
      "NotCanonical",
      (proof) => ({ ...proof, batch: { ...proof.batch, time: proof.batch.time - 1n } }),
    ],
    "a segment beyond the last": [
      "SegmentOutOfRange",
      (proof) => ({ ...proof, segment: BigInt(proof.batch.segments) }),
    ],
    "the data of another batch": [
      "WrongSegments",
      (proof, layer2) => ({
        ...proof,
        opening: Layer2.openingOf(layer2.batches[1] as PostedBatch, 0),
      }),
    ],
    "the data of another segment": [
      "WrongSegment",
      (proof, layer2) => ({
        ...proof,
        opening: Layer2.openingOf(layer2.batches.at(-1) as PostedBatch, 1),
      }),
    ],
  };
  for (const [name, [error, spoil]] of Object.entries(spoils)) {
    it(`is not slashed by a proof with ${name}`, async () => {
      const { fixture, layer2 } = await loadFixture(honestBatches);
      const { rollup, prover, sequencer } = fixture;
      const posted = layer2.batches.at(-1) as PostedBatch;
      await commitAll(fixture, posted);
      await rollup
        .connect(prover)
        .commitProof(commitmentOf(posted.hash, posted.batch.segments, await prover.getAddress()));
      await mine(2);
      const proof = spoil(layer2.proofOf(posted, 0, await prover.getAddress()), layer2);
      const parts = [rollup, fixture.verifier, fixture.calldataSegments];
      const errors = new Set(parts.flatMap((part) => part.interface.fragments.map((each) => each.format("full"))));
      const refusing = { interface: new ethers.Interface([...errors].filter((each) => each.startsWith("error "))) };
      await expect(rollup.connect(prover).proveFraud(proof)).to.be.revertedWithCustomError(refusing, error);
      expect(await rollup.batchHashOf(posted.batch.number)).to.equal(posted.hash);
      expect((await rollup.posterOf(sequencer)).bond).to.equal(PARAMS.bond);
      expect(await rollup.rewardOf(prover)).to.equal(0n);
    });
  }
});
