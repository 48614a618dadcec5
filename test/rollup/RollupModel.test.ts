import { mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { AbiCoder, concat, getBytes, hexlify, type ContractTransactionResponse, type Signer } from "ethers";
import { Random } from "../support/random";
import {
  DAY,
  HOUR,
  PARAMS,
  SALT,
  commitmentOf,
  deployRollup,
  hashOf,
  stateHashOf,
  type BatchStruct,
  type RollupFixture,
  type StateStruct,
} from "./support";

const OPERATIONS = 1_200;
const SEEDS = [1, 2, 3, 4];
const MINUTE = 60n;
const MAX_FORCED = 128n;
const PROOF_DELAY = 2;
const { bond: BOND, challengeSeconds: CHALLENGE, openSeconds: OPEN } = PARAMS;
/** Bytes that are no transaction: consumed, they change nothing but the queue's position. */
const GARBAGE = "0xff";

interface Known {
  readonly batch: BatchStruct;
  readonly hash: string;
  readonly parent: Known | undefined;
  /** Entries that its one segment says to consume. */
  readonly body: number;
}

interface Account {
  readonly signer: Signer;
  readonly address: string;
  bond: bigint;
  leavingAt: bigint;
  sequencer: boolean;
}

/** The rollup as its README has it, in plain numbers. */
class Model {
  readonly canonical: Known[];
  readonly all: Known[];
  readonly entries: { readonly queuedAt: bigint; readonly bytes: string }[] = [];
  readonly commitments = new Map<string, number>();
  readonly provenFalse = new Set<string>();
  reward = 0n;
  fees = 0n;
  frozen = false;

  constructor(
    beginning: BatchStruct,
    readonly accounts: readonly Account[],
  ) {
    this.canonical = [{ batch: beginning, hash: hashOf(beginning), parent: undefined, body: 0 }];
    this.all = [...this.canonical];
  }

  get latest(): Known {
    return this.canonical.at(-1)!;
  }

  openAt(): bigint {
    const { postedAt, state } = this.latest.batch;
    const waiting = this.entries[Number(state.queue)]?.queuedAt ?? postedAt;
    return (waiting < postedAt ? waiting : postedAt) + OPEN;
  }

  isCanonical = ({ batch, hash }: Known): boolean => this.canonical[Number(batch.number)]?.hash === hash;

  isFinal = ({ batch }: Known, now: bigint): boolean => now >= batch.postedAt + CHALLENGE;

  /** What executing garbage leads to: the same leaves, a later position. */
  isTrue({ batch, parent, body }: Known): boolean {
    const { state } = parent!.batch;
    const consumed = batch.state.queue - state.queue < BigInt(body) ? batch.state.queue - state.queue : BigInt(body);
    const expected = { ...state, queue: state.queue + consumed };
    return stateHashOf(expected) === stateHashOf(batch.state);
  }

  refusesPost(poster: Account, state: StateStruct, clock: bigint, queueTime: bigint, now: bigint): string | undefined {
    const { batch } = this.latest;
    if (this.frozen) return "RollupIsFrozen";
    if (poster.bond !== BOND) return "BondMissing";
    if (poster.leavingAt !== 0n) return "PosterIsLeaving";
    if (!poster.sequencer && now < this.openAt()) return "PostingNotOpen";
    if (clock > now || clock < now - 15n * MINUTE || clock < batch.time) return "BatchTimeOutOfRange";
    if (queueTime > clock) return "QueueTimeTooLate";
    const { queue } = state;
    if (queue < batch.state.queue || queue > BigInt(this.entries.length)) return "QueueOutOfRange";
    const next = this.entries[Number(queue)];
    let least = clock - HOUR;
    if (next !== undefined) {
      const due = now - next.queuedAt >= HOUR && queue - batch.state.queue < MAX_FORCED;
      if (due || next.queuedAt <= queueTime) return "QueueSkipped";
      if (next.queuedAt <= least) least = next.queuedAt - 1n;
    }
    return queueTime < least ? "QueueTimeTooEarly" : undefined;
  }

  refusesProof(known: Known, commitment: string, now: bigint, block: number): string | undefined {
    if (!this.isCanonical(known)) return "NotCanonical";
    if (this.isFinal(known, now)) return "BatchIsFinal";
    const made = this.commitments.get(commitment);
    if (made === undefined) return "NoCommitment";
    if (block < made + PROOF_DELAY) return "CommitmentTooYoung";
    return this.isTrue(known) ? "BatchIsTrue" : undefined;
  }

  refusesFreeze(last: Known, next: Known, now: bigint): string | undefined {
    if (this.frozen) return "RollupIsFrozen";
    if (now < this.openAt() + CHALLENGE) return "FreezeTooEarly";
    if (!this.isCanonical(last)) return "NotCanonical";
    if (!this.isFinal(last, now)) return "BatchNotFinal";
    if (last === this.latest) return undefined;
    if (!this.isCanonical(next)) return "NotCanonical";
    return next.batch.number !== last.batch.number + 1n || this.isFinal(next, now) ? "NotTheLastFinal" : undefined;
  }

  rollBackTo(known: Known): void {
    this.canonical.length = Number(known.batch.number) + 1;
  }
}

class Run {
  readonly seen = new Map<string, number>();
  private readonly model: Model;
  private now = 0n;

  constructor(
    private readonly fixture: RollupFixture,
    accounts: readonly Account[],
    private readonly random: Random,
  ) {
    this.model = new Model(fixture.beginning, accounts);
  }

  async step(): Promise<void> {
    const { random } = this;
    const pause = random.pick([
      0n,
      0n,
      1n,
      MINUTE,
      10n * MINUTE,
      HOUR,
      HOUR,
      5n * HOUR,
      random.below(12) === 0 ? 2n * DAY : 2n,
    ]);
    this.now = BigInt(await time.latest()) + 1n + pause;
    await time.setNextBlockTimestamp(this.now);
    const operations: readonly (() => Promise<void>)[] = [
      () => this.force(),
      () => this.force(),
      () => this.post(),
      () => this.post(),
      () => this.post(),
      () => this.post(),
      () => this.commit(),
      () => this.prove(),
      () => this.prove(),
      () => this.bond(),
      () => this.sequencer(),
      () => this.freeze(),
      () => this.withdrawReward(),
    ];
    await random.pick(operations)();
  }

  /** Sends what the model allows, and has to be refused what it refuses. */
  private async send(
    name: string,
    refusal: string | undefined,
    call: () => Promise<ContractTransactionResponse>,
  ): Promise<ContractTransactionResponse | undefined> {
    const key = refusal ?? name;
    this.seen.set(key, (this.seen.get(key) ?? 0) + 1);
    if (refusal === undefined) return call();
    await expect(call(), name).to.be.revertedWithCustomError(this.fixture.rollup, refusal);
    return undefined;
  }

  private async force(): Promise<void> {
    const { rollup, stranger } = this.fixture;
    const value = 130_000_000n;
    const refusal = this.model.frozen ? "RollupIsFrozen" : undefined;
    const sent = await this.send("force", refusal, () => rollup.connect(stranger).force(GARBAGE, { value }));
    if (sent === undefined) return;
    const bytes = concat([ethers.toBeHex(this.now, 8), "0x03", await stranger.getAddress(), GARBAGE]);
    this.model.entries.push({ queuedAt: this.now, bytes });
    this.model.fees += value;
  }

  private async post(): Promise<void> {
    const { random, model, now } = this;
    const { latest } = model;
    const poster = random.pick(model.accounts);
    const waiting = model.entries.length - Number(latest.batch.state.queue);
    const consumed = random.pick([waiting, waiting, 0, random.below(waiting + 2)]);
    const body = random.below(10) === 0 ? random.below(4) : Math.min(consumed, 16);
    const queue = latest.batch.state.queue + BigInt(Math.min(consumed, random.below(8) === 0 ? 200 : 16));
    const root = random.below(8) === 0 ? hexlify(random.bytes(32)) : latest.batch.state.root;
    const state = { ...latest.batch.state, root, queue };
    const clock = now - random.pick([0n, 0n, 0n, 5n, 16n * MINUTE, -1n]);
    const next = model.entries[Number(queue)];
    const queueTime = random.pick([next === undefined ? clock : next.queuedAt - 1n, latest.batch.queueTime, clock]);
    const claim = { parent: latest.hash, parentBlock: latest.batch.blockNumber, state, time: clock, queueTime };
    const refusal = model.refusesPost(poster, state, clock, queueTime, now);
    const segments = concat(["0x0001", Uint8Array.of(body)]);
    const sent = await this.send("postBatch", refusal, () =>
      this.fixture.rollup.connect(poster.signer).postBatch(claim, segments),
    );
    if (sent === undefined) return;
    const segment = ethers.keccak256(concat([stateHashOf(state), ethers.keccak256(Uint8Array.of(body))]));
    const batch = {
      number: latest.batch.number + 1n,
      parent: latest.hash,
      state,
      time: clock,
      queueTime,
      postedAt: now,
      blockNumber: BigInt(sent.blockNumber!),
      poster: poster.address,
      mode: 0,
      segments: 1,
      data: ethers.keccak256(segment),
    };
    const known = { batch, hash: hashOf(batch), parent: latest, body };
    model.canonical.push(known);
    model.all.push(known);
  }

  /** A recent batch, now and then one that is gone. */
  private batch(): Known | undefined {
    const { random, model } = this;
    const some = random.below(5) === 0 ? model.all.slice(1) : model.canonical.slice(1);
    return some[some.length - 1 - random.below(Math.min(4, some.length))];
  }

  private async commit(): Promise<void> {
    const { rollup, prover } = this.fixture;
    const known = this.batch();
    if (known === undefined) return;
    const commitment = commitmentOf(known.hash, 0, await prover.getAddress());
    const { blockNumber } = (await this.send("commitProof", undefined, () =>
      rollup.connect(prover).commitProof(commitment),
    ))!;
    if (!this.model.commitments.has(commitment)) this.model.commitments.set(commitment, blockNumber!);
    if (this.random.below(2) === 0) await mine(1);
  }

  private async prove(): Promise<void> {
    const { model, now } = this;
    const { rollup, prover } = this.fixture;
    const known = this.batch();
    if (known === undefined) return;
    const { batch, parent, body } = known;
    const proverAddress = await prover.getAddress();
    const block = (await ethers.provider.getBlockNumber()) + 1;
    const refusal = model.refusesProof(known, commitmentOf(known.hash, 0, proverAddress), now, block);
    const coder = AbiCoder.defaultAbiCoder();
    const hash = ethers.keccak256(concat([stateHashOf(batch.state), ethers.keccak256(Uint8Array.of(body))]));
    const opening = coder.encode(
      ["tuple(bytes32[],bytes32,bytes,bytes32)"],
      [[[hash], ethers.ZeroHash, Uint8Array.of(body), ethers.ZeroHash]],
    );
    const from = Number(parent!.batch.state.queue);
    const to = Math.min(Number(batch.state.queue), from + body);
    const entries = model.entries.slice(from, to).map(({ bytes }) => bytes);
    const witness = { indices: [], leaves: [], siblings: [], entries };
    const { state: before } = parent!.batch;
    const proof = {
      batch,
      parent: parent!.batch,
      segment: 0,
      before,
      opening,
      witness,
      prover: proverAddress,
      salt: SALT,
    };
    if ((await this.send("proveFraud", refusal, () => rollup.proveFraud(proof))) === undefined) return;

    model.rollBackTo(parent!);
    model.provenFalse.add(known.hash);
    const poster = model.accounts.find(({ address }) => address === batch.poster)!;
    model.reward += poster.bond / 2n;
    poster.bond = 0n;
    if (now >= parent!.batch.postedAt + OPEN + CHALLENGE) model.frozen = true;
  }

  private async bond(): Promise<void> {
    const { now, random } = this;
    const { rollup } = this.fixture;
    const poster = random.pick(this.model.accounts);
    const as = rollup.connect(poster.signer);
    const kind = random.pick(["pay", "pay", "pay", "leave", "withdraw"] as const);
    if (kind === "pay") {
      const refusal = poster.bond === 0n ? undefined : "WrongBond";
      if ((await this.send("payBond", refusal, () => as.payBond({ value: BOND }))) === undefined) return;
      [poster.bond, poster.leavingAt] = [BOND, 0n];
    } else if (kind === "leave") {
      const refusal = poster.bond === 0n ? "BondMissing" : poster.leavingAt === 0n ? undefined : "PosterIsLeaving";
      if ((await this.send("announceLeaving", refusal, () => as.announceLeaving())) === undefined) return;
      poster.leavingAt = now;
    } else {
      const early = now < poster.leavingAt + CHALLENGE ? "BondInUse" : undefined;
      const staying = poster.leavingAt === 0n ? "PosterIsNotLeaving" : early;
      const refusal = poster.bond === 0n ? "NothingToWithdraw" : staying;
      if ((await this.send("withdrawBond", refusal, () => as.withdrawBond(poster.address))) === undefined) return;
      [poster.bond, poster.leavingAt] = [0n, 0n];
    }
  }

  private async sequencer(): Promise<void> {
    const poster = this.random.pick(this.model.accounts);
    const admitted = this.random.below(4) !== 0;
    await this.send("setSequencer", undefined, () => this.fixture.rollup.setSequencer(poster.address, admitted));
    poster.sequencer = admitted;
  }

  private async freeze(): Promise<void> {
    const { model, now, random } = this;
    const final = model.canonical.filter((known) => model.isFinal(known, now));
    const last = random.below(2) === 0 ? (final.at(-1) ?? model.latest) : random.pick(model.all);
    const next = model.canonical[Number(last.batch.number) + 1] ?? last;
    const refusal = model.refusesFreeze(last, next, now);
    if ((await this.send("freeze", refusal, () => this.fixture.rollup.freeze(last.batch, next.batch))) === undefined)
      return;
    model.rollBackTo(last);
    model.frozen = true;
  }

  private async withdrawReward(): Promise<void> {
    const { rollup, prover } = this.fixture;
    const refusal = this.model.reward === 0n ? "NothingToWithdraw" : undefined;
    const as = rollup.connect(prover);
    const sent = await this.send("withdrawReward", refusal, async () => as.withdrawReward(await prover.getAddress()));
    if (sent !== undefined) this.model.reward = 0n;
  }

  /** All that layer 1 says, against the model. Invariants 3 and 6. */
  async check(): Promise<void> {
    const { model } = this;
    const { rollup } = this.fixture;
    const { batch } = model.latest;
    expect([...(await rollup.head())]).to.deep.equal([
      batch.number,
      batch.time,
      batch.state.queue,
      batch.postedAt,
      batch.blockNumber,
      BigInt(model.entries.length),
      model.frozen,
    ]);
    const bonds = model.accounts.reduce((sum, { bond }) => sum + bond, 0n);
    expect(await ethers.provider.getBalance(rollup)).to.equal(bonds + model.reward + model.fees);
    for (const { address, bond, leavingAt, sequencer } of model.accounts) {
      expect([...(await rollup.posterOf(address))]).to.deep.equal([bond, leavingAt, sequencer]);
    }
  }

  async checkAll(): Promise<void> {
    const { model } = this;
    const { rollup } = this.fixture;
    await this.check();
    const now = BigInt(await time.latest());
    for (const known of model.all) {
      const { batch, hash } = known;
      expect(await rollup.isProvenFalse(hash)).to.equal(model.provenFalse.has(hash));
      expect(await rollup.batchHashOf(batch.number)).to.equal(
        model.canonical[Number(batch.number)]?.hash ?? ethers.ZeroHash,
      );
      const final = rollup.finalState(batch);
      if (!model.isCanonical(known)) await expect(final).to.be.revertedWithCustomError(rollup, "NotCanonical");
      else if (!model.isFinal(known, now)) await expect(final).to.be.revertedWithCustomError(rollup, "BatchNotFinal");
      else expect((await final).root).to.equal(batch.state.root);
    }
    for (const [number, { queuedAt, bytes }] of model.entries.entries()) {
      const entry = await rollup.entryOf(number);
      expect([...entry]).to.deep.equal([hexlify(getBytes(ethers.keccak256(bytes)).slice(0, 27)), queuedAt]);
    }
  }
}

describe("Rollup against a model", () => {
  const seen = new Map<string, number>();

  for (const seed of SEEDS) {
    it(`does what the model does, seed ${seed}`, async () => {
      const fixture = await deployRollup();
      const { sequencer, other, admin } = fixture;
      const accounts = await Promise.all(
        [sequencer, other, admin].map(async (signer, i) => ({
          signer,
          address: await signer.getAddress(),
          bond: i === 2 ? 0n : BOND,
          leavingAt: 0n,
          sequencer: i === 0,
        })),
      );
      const run = new Run(fixture, accounts, new Random(seed));
      for (let operation = 0; operation < OPERATIONS / SEEDS.length; operation++) {
        await run.step();
        if (operation % 10 === 0) await run.check();
      }
      await run.checkAll();
      for (const [key, count] of run.seen) seen.set(key, (seen.get(key) ?? 0) + count);
    });
  }

  it("has reached what it is for", () => {
    const reached = ["postBatch", "proveFraud", "freeze", "withdrawBond", "withdrawReward", "payBond", "force"];
    const refused = [
      "BatchIsTrue",
      "BatchIsFinal",
      "NotCanonical",
      "QueueSkipped",
      "QueueTimeTooEarly",
      "PostingNotOpen",
      "BondMissing",
    ];
    for (const name of [...reached, ...refused]) expect(seen.get(name) ?? 0, name).to.be.greaterThan(0);
  });
});
