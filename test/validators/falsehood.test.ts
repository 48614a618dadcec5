import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroHash, concat, keccak256, type Wallet } from "ethers";
import { encodeDelivery } from "../../protocol/delivery";
import { encodeResult, extend, messageSeed, resultLeaf, resultSeed, type ResultRecord } from "../../protocol/hashChain";
import { headerDigest, rotationDigest, type Header, type Rotation, type Target } from "../../protocol/header";
import { DEFAULT_GAS_LIMIT, messageLeaf, parseInteroperableAddress } from "../../protocol/message";
import type { Gateway } from "../../typechain-types";
import { REMOTE_CHAIN, RemoteChain, sendBurst, signRotation, signerWallets } from "../crosschain/support";
import {
  DAY,
  DEPOSIT,
  INTERVAL,
  LANE,
  OFFENCE,
  STATUS,
  claim,
  deployPublished,
  deployRegistered,
  hash,
  highS,
  now,
  register,
  signedHeader,
  signedRotation,
  type RegistryFixture,
} from "./support";

const NOBODY = "0x1111111111111111111111111111111111111111";
const PAYOUT = "0x000000000000000000000000000000000000dEaD";
const FALSE = hash("f0");
const stranger = signerWallets(1, "stranger")[0]!;
const evidenceOf = (digest: string): string => keccak256(concat([digest, ZeroHash]));

/** What the home gateway's lane to the remote chain has been, step by step, computed beside it. */
class History {
  readonly leaves: string[] = [];
  readonly accs: string[];
  readonly records: ResultRecord[] = [];
  readonly resAccs: string[];

  constructor(
    readonly fixture: RegistryFixture,
    readonly remote: RemoteChain,
  ) {
    this.accs = [messageSeed(remote.outbound)];
    this.resAccs = [resultSeed(remote.inbound)];
  }

  get sent(): bigint {
    return BigInt(this.leaves.length);
  }

  get received(): bigint {
    return this.records.at(-1)?.last ?? 0n;
  }

  async send(count: number): Promise<void> {
    const { gateway } = this.fixture;
    await sendBurst(gateway, count);
    const events = await gateway.queryFilter(gateway.filters.MessageSent());
    for (const { args } of events.slice(this.leaves.length)) {
      const leaf = messageLeaf({
        seq: this.sent + 1n,
        sender: parseInteroperableAddress(args.sender).account,
        recipient: parseInteroperableAddress(args.recipient).account,
        gasLimit: DEFAULT_GAS_LIMIT,
        deadline: 0n,
        reclaimable: false,
        payload: args.payload,
      });
      this.leaves.push(leaf);
      this.accs.push(extend(this.accs.at(-1)!, leaf));
    }
    expect((await gateway.laneState(REMOTE_CHAIN)).outAcc).to.equal(this.accs.at(-1));
  }

  /** Delivers the next `count` messages of the remote chain, which all fail. */
  async receive(count: bigint): Promise<void> {
    const { gateway, members } = this.fixture;
    const first = this.received + 1n;
    const last = first + count - 1n;
    while (BigInt(this.remote.messages.length) < last) this.remote.send({ recipient: NOBODY, reclaimable: true });
    const keys = members.map(({ key }) => key);
    const delivery = this.remote.delivery(keys, { from: first });
    await gateway.deliver(encodeDelivery(delivery), { gasLimit: 59_000_000n });
    const record = { first, last, failures: (1n << count) - 1n, payout: PAYOUT };
    this.records.push(record);
    this.resAccs.push(extend(this.resAccs.at(-1)!, resultLeaf(record)));
    expect((await gateway.laneState(REMOTE_CHAIN)).resAcc).to.equal(this.resAccs.at(-1));
  }

  /** The header of the present state, as an honest relayer signs it. */
  header(change: Partial<Header> = {}): Header {
    return {
      source: this.fixture.home.chainId,
      sourceBlock: 400n,
      epoch: 1n,
      toSeq: this.sent,
      acc: this.accs.at(-1)!,
      ackSeq: this.received,
      resAcc: this.resAccs.at(-1)!,
      ...change,
    };
  }

  /** Evidence of the outbox at `toSeq`, for the present length of the lane. */
  head(toSeq: bigint) {
    const end = Math.min((Math.floor(Number(toSeq) / 256) + 1) * 256, this.leaves.length);
    return { acc: this.accs[Number(toSeq)] ?? ZeroHash, leavesAfter: concat(this.leaves.slice(Number(toSeq), end)) };
  }

  /** Evidence of the inbox at `ackSeq`, up to its present end or the next checkpoint. */
  result(ackSeq: bigint, byCheckpoint = false) {
    const index = this.records.findIndex(({ last }) => last > ackSeq);
    if (index === -1) return { resAcc: ZeroHash, next: "0x", leavesAfter: "0x", checkpoint: 0n };
    const checkpoint = byCheckpoint ? ackSeq / 256n + 1n : 0n;
    const end = byCheckpoint
      ? this.records.findIndex(({ last }) => last / 256n >= checkpoint) + 1
      : this.records.length;
    return {
      resAcc: this.resAccs[index]!,
      next: encodeResult(this.records[index]!),
      leavesAfter: concat(this.records.slice(index + 1, end).map(resultLeaf)),
      checkpoint,
    };
  }
}

const historyOf = (fixture: RegistryFixture): History => new History(fixture, new RemoteChain(fixture.home));

async function withHistory(): Promise<RegistryFixture & { readonly history: History }> {
  const fixture = await deployPublished();
  const history = historyOf(fixture);
  await history.send(300);
  for (const count of [3n, 1n, 250n, 10n, 2n, 256n, 1n, 5n]) await history.receive(count);
  return { ...fixture, history };
}

describe("Slashing.proveFalseHead", () => {
  it("reverts when the header is of another chain", async () => {
    const { slashing, members, history, home } = await loadFixture(withHistory);
    const statement = signedHeader(members[0]!.key, history.header({ source: 97n, acc: FALSE }));
    await expect(slashing.proveFalseHead(LANE, statement, history.head(300n)))
      .to.be.revertedWithCustomError(slashing, "NotOfThisChain")
      .withArgs(97, home.chainId);
  });

  it("reverts when no lane leads to the target: a test deployment's signatures prove nothing", async () => {
    const { slashing, gateway, members, history } = await loadFixture(withHistory);
    const key = members[0]!.key;
    const header = history.header({ acc: FALSE, toSeq: 1_000n });
    for (const target of [
      { ...LANE, gateway: stranger.address },
      { ...LANE, chainId: REMOTE_CHAIN + (1n << 64n) },
    ]) {
      await expect(slashing.proveFalseHead(target, signedHeader(key, header, target), history.head(300n)))
        .to.be.revertedWithCustomError(slashing, "UnknownTarget")
        .withArgs(target.chainId, target.gateway);
    }
    const nowhere = { ...LANE, chainId: 57n };
    await expect(
      slashing.proveFalseHead(nowhere, signedHeader(key, header, nowhere), history.head(300n)),
    ).to.be.revertedWithCustomError(gateway, "UnknownLane");
  });

  it("reverts when the leaves are too few or too many, or lead elsewhere", async () => {
    const { slashing, members, history } = await loadFixture(withHistory);
    const statement = signedHeader(members[0]!.key, history.header({ toSeq: 200n, acc: FALSE }));
    const evidence = history.head(200n);
    const cut = { ...evidence, leavesAfter: evidence.leavesAfter.slice(0, -64) };
    const more = { ...evidence, leavesAfter: concat([evidence.leavesAfter, ZeroHash]) };
    for (const wrong of [cut, more]) {
      await expect(slashing.proveFalseHead(LANE, statement, wrong))
        .to.be.revertedWithCustomError(slashing, "LeavesLength")
        .withArgs((wrong.leavesAfter.length - 2) / 2, 56 * 32);
    }
    for (const wrong of [
      { ...evidence, acc: history.accs[199]! },
      { ...evidence, leavesAfter: concat([ZeroHash, `0x${evidence.leavesAfter.slice(66)}`]) },
    ]) {
      await expect(slashing.proveFalseHead(LANE, statement, wrong)).to.be.revertedWithCustomError(
        slashing,
        "NotTheChain",
      );
    }
  });

  it("reverts when nobody registered the key, it was not in the epoch, or the signature is malformed", async () => {
    const { slashing, members, history } = await loadFixture(withHistory);
    const prove = (key: Wallet, header: Header, change = (signature: string): string => signature) => {
      const statement = signedHeader(key, header);
      return slashing.proveFalseHead(
        LANE,
        { ...statement, signature: change(statement.signature) },
        history.head(header.toSeq),
      );
    };
    const header = history.header({ acc: FALSE });
    await expect(prove(stranger, header))
      .to.be.revertedWithCustomError(slashing, "UnknownSigner")
      .withArgs(stranger.address);
    for (const epoch of [0n, 2n]) {
      await expect(prove(members[0]!.key, { ...header, epoch }))
        .to.be.revertedWithCustomError(slashing, "NotInEpoch")
        .withArgs(members[0]!.key.address, epoch);
    }
    await expect(prove(members[0]!.key, header, highS))
      .to.be.revertedWithCustomError(slashing, "MalformedSignature")
      .withArgs(0);
  });

  for (const toSeq of [0n, 1n, 255n, 256n, 257n, 299n, 300n]) {
    it(`tells the true head at ${toSeq} of 300 from a false one, also after 300 more`, async () => {
      const { slashing, members, history } = await loadFixture(withHistory);
      const own = historyOf(history.fixture);
      own.leaves.push(...history.leaves);
      own.accs.push(...history.accs.slice(1));
      const key = members[0]!.key;
      const honest = signedHeader(key, history.header({ toSeq, acc: history.accs[Number(toSeq)]! }));
      const lying = signedHeader(key, history.header({ toSeq, acc: history.accs[Number(toSeq) - 1] ?? FALSE }));
      for (const more of [0, 300]) {
        if (more > 0) await own.send(more);
        await expect(slashing.proveFalseHead(LANE, honest, own.head(toSeq)))
          .to.be.revertedWithCustomError(slashing, "NotFalse")
          .withArgs(honest.header.acc);
        await slashing.proveFalseHead.staticCall(LANE, lying, own.head(toSeq));
      }
      await expect(slashing.proveFalseHead(LANE, lying, own.head(toSeq)))
        .to.emit(history.fixture.registry, "OperatorSlashed")
        .withArgs(
          members[0]!.address,
          key.address,
          OFFENCE.falseHead,
          evidenceOf(headerDigest(lying.header, LANE)),
          DEPOSIT,
        );
    });
  }

  it("takes the deposit for a head beyond the end", async () => {
    const { slashing, registry, members, history } = await loadFixture(withHistory);
    const header = history.header({ toSeq: 301n });
    const ahead = signedHeader(members[0]!.key, header);
    const none = { acc: ZeroHash, leavesAfter: "0x" };
    await slashing.proveFalseHead.staticCall(LANE, ahead, none);
    await expect(slashing.proveFalseHead(LANE, ahead, none))
      .to.emit(registry, "OperatorSlashed")
      .withArgs(members[0]!.address, members[0]!.key.address, OFFENCE.falseHead, () => true, DEPOSIT);
    expect((await registry.operatorOf(members[0]!.address)).status).to.equal(STATUS.slashed);
  });

  it("spares a head that has become true, and one whose block, cadence or order say nothing", async () => {
    const { slashing, gateway, members, history } = await loadFixture(withHistory);
    const own = historyOf(history.fixture);
    own.leaves.push(...history.leaves);
    own.accs.push(...history.accs.slice(1));
    await own.send(1);
    await gateway.setLimits(REMOTE_CHAIN, { cadence: 7, maxGas: 5_000_000, maxBytes: 50_000 });
    for (const sourceBlock of [0n, 3n, 1n << 63n]) {
      const header = history.header({ sourceBlock, toSeq: 301n, acc: own.accs[301]! });
      await expect(
        slashing.proveFalseHead(LANE, signedHeader(members[0]!.key, header), own.head(301n)),
      ).to.be.revertedWithCustomError(slashing, "NotFalse");
    }
  });

  it("counts on a fresh lane the seed alone", async () => {
    const fixture = await loadFixture(deployPublished);
    const { slashing, members } = fixture;
    const history = historyOf(fixture);
    const key = members[0]!.key;
    const honest = signedHeader(key, history.header());
    await expect(slashing.proveFalseHead(LANE, honest, history.head(0n))).to.be.revertedWithCustomError(
      slashing,
      "NotFalse",
    );
    await slashing.proveFalseHead(LANE, signedHeader(key, history.header({ acc: ZeroHash })), history.head(0n));
  });
});

describe("Slashing.proveFalseResult", () => {
  // Records: 1–3, 4, 5–254, 255–264, 265–266, 267–522, 523, 524–528; checkpoints after 264 and 522.
  const BOUNDARIES = [0n, 3n, 4n, 254n, 264n, 266n, 522n, 523n];
  const END = 528n;

  it("reverts when the header is of another chain, or no lane leads to the target", async () => {
    const { slashing, members, history } = await loadFixture(withHistory);
    const key = members[0]!.key;
    const other = signedHeader(key, history.header({ source: 97n, resAcc: FALSE }));
    await expect(slashing.proveFalseResult(LANE, other, history.result(END))).to.be.revertedWithCustomError(
      slashing,
      "NotOfThisChain",
    );
    const target = { ...LANE, gateway: stranger.address };
    const elsewhere = signedHeader(key, history.header({ resAcc: FALSE }), target);
    await expect(slashing.proveFalseResult(target, elsewhere, history.result(END))).to.be.revertedWithCustomError(
      slashing,
      "UnknownTarget",
    );
  });

  it("reverts when the record is not the one that follows, or does not lead to the chain", async () => {
    const { slashing, members, history } = await loadFixture(withHistory);
    const statement = signedHeader(members[0]!.key, history.header({ ackSeq: 4n, resAcc: FALSE }));
    for (const ackSeq of [0n, 3n]) {
      const { first, last } = history.records.find((record) => record.last > ackSeq)!;
      await expect(slashing.proveFalseResult(LANE, statement, history.result(ackSeq)))
        .to.be.revertedWithCustomError(slashing, "WrongRecord")
        .withArgs(first, last, 4);
    }
    await expect(slashing.proveFalseResult(LANE, statement, history.result(254n)))
      .to.be.revertedWithCustomError(slashing, "WrongRecord")
      .withArgs(255, 264, 4);
    const evidence = history.result(4n);
    for (const wrong of [
      { ...evidence, resAcc: history.resAccs[0]! },
      { ...evidence, next: encodeResult({ ...history.records[2]!, failures: 0n }) },
      { ...evidence, leavesAfter: evidence.leavesAfter.slice(0, -64) },
      { ...evidence, checkpoint: 1n },
      { ...evidence, checkpoint: 3n },
    ]) {
      await expect(slashing.proveFalseResult(LANE, statement, wrong)).to.be.revertedWithCustomError(
        slashing,
        "NotTheChain",
      );
    }
  });

  it("reverts when nobody registered the key or it was not in the epoch", async () => {
    const { slashing, members, history } = await loadFixture(withHistory);
    const header = history.header({ resAcc: FALSE });
    await expect(
      slashing.proveFalseResult(LANE, signedHeader(stranger, header), history.result(END)),
    ).to.be.revertedWithCustomError(slashing, "UnknownSigner");
    await expect(
      slashing.proveFalseResult(LANE, signedHeader(members[0]!.key, { ...header, epoch: 2n }), history.result(END)),
    ).to.be.revertedWithCustomError(slashing, "NotInEpoch");
  });

  for (const [index, ackSeq] of [...BOUNDARIES, END].entries()) {
    it(`tells the true results at ${ackSeq} from false ones, by the end and by a checkpoint`, async () => {
      const { slashing, registry, members, history } = await loadFixture(withHistory);
      const key = members[0]!.key;
      const honest = signedHeader(key, history.header({ ackSeq, resAcc: history.resAccs[index]! }));
      const lying = signedHeader(key, history.header({ ackSeq, resAcc: history.resAccs[index - 1] ?? FALSE }));
      // After 522 there is no checkpoint yet.
      for (const byCheckpoint of ackSeq < 522n ? [false, true] : [false]) {
        const evidence = history.result(ackSeq, byCheckpoint);
        await expect(slashing.proveFalseResult(LANE, honest, evidence))
          .to.be.revertedWithCustomError(slashing, "NotFalse")
          .withArgs(honest.header.resAcc);
        await slashing.proveFalseResult.staticCall(LANE, lying, evidence);
      }
      await expect(slashing.proveFalseResult(LANE, lying, history.result(ackSeq)))
        .to.emit(registry, "OperatorSlashed")
        .withArgs(
          members[0]!.address,
          key.address,
          OFFENCE.falseResult,
          evidenceOf(headerDigest(lying.header, LANE)),
          DEPOSIT,
        );
    });
  }

  it("spares the results of the end once more have followed", async () => {
    const { slashing, members, history } = await loadFixture(withHistory);
    const own = historyOf(history.fixture);
    own.records.push(...history.records);
    own.resAccs.push(...history.resAccs.slice(1));
    for (const message of history.remote.messages) own.remote.send(message);
    const honest = signedHeader(members[0]!.key, history.header());
    for (const count of [1n, 250n]) {
      await own.receive(count);
      await expect(slashing.proveFalseResult(LANE, honest, own.result(END))).to.be.revertedWithCustomError(
        slashing,
        "NotFalse",
      );
    }
    await expect(slashing.proveFalseResult(LANE, honest, own.result(END, true))).to.be.revertedWithCustomError(
      slashing,
      "NotFalse",
    );
  });

  it("takes the deposit for a sequence within a batch, whatever it says there", async () => {
    const { slashing, members, history } = await loadFixture(withHistory);
    const key = members[0]!.key;
    for (const ackSeq of [1n, 2n, 5n, 253n, 255n, 263n, 300n, 527n]) {
      const index = history.records.findIndex(({ last }) => last > ackSeq);
      for (const resAcc of [history.resAccs[index]!, history.resAccs[index + 1]!, FALSE]) {
        const statement = signedHeader(key, history.header({ ackSeq, resAcc }));
        await slashing.proveFalseResult.staticCall(LANE, statement, history.result(ackSeq));
      }
    }
  });

  it("takes the deposit for results beyond the end", async () => {
    const { slashing, registry, members, history } = await loadFixture(withHistory);
    const statement = signedHeader(members[0]!.key, history.header({ ackSeq: END + 1n }));
    await expect(slashing.proveFalseResult(LANE, statement, history.result(END))).to.emit(registry, "OperatorSlashed");
  });
});

describe("Slashing.proveFalseRotation", () => {
  const recordOf = async ({ registry }: RegistryFixture, epoch: bigint): Promise<Rotation> => {
    const { validUntil, signers } = await registry.epochRecord(epoch);
    return { epoch, validUntil, signers: [...signers] };
  };
  /** Epoch 2 published by the registry; epoch 1 is shortened at the gateway. */
  const twoEpochs = async (): Promise<RegistryFixture> => {
    const fixture = await deployPublished();
    const member = fixture.members[0]!;
    const key = signerWallets(1, "second")[0]!;
    const { registry } = fixture;
    await registry.connect(member.account).setSigner(key.address, await claim(registry, member.address, key));
    await time.increase(INTERVAL);
    await registry.publishEpoch();
    return fixture;
  };
  const falseOnes = (record: Rotation): Rotation[] => [
    { ...record, validUntil: record.validUntil + 1n },
    { ...record, validUntil: record.validUntil - 1n },
    { ...record, signers: record.signers.slice(1) },
    { ...record, signers: [...record.signers.slice(0, -1), hash("ff").slice(0, 42)] },
    { ...record, signers: [] },
  ];

  it("reverts when no lane leads to the target", async () => {
    const fixture = await loadFixture(twoEpochs);
    const { slashing, members } = fixture;
    const target = { ...LANE, gateway: stranger.address };
    const statement = signedRotation(members[1]!.key, { ...(await recordOf(fixture, 2n)), validUntil: 1n }, target);
    await expect(slashing.proveFalseRotation(target, statement))
      .to.be.revertedWithCustomError(slashing, "UnknownTarget")
      .withArgs(target.chainId, target.gateway);
  });

  it("reverts when the rotation is the published one, also once the gateway has shortened it", async () => {
    const fixture = await loadFixture(twoEpochs);
    const { slashing, gateway, members, home } = fixture;
    const record = await recordOf(fixture, 2n);
    await time.increase(4n * DAY);
    await fixture.registry.publishEpoch();
    expect(await gateway.epochValidUntil(2)).to.be.lessThan(record.validUntil);
    for (const target of [LANE, home]) {
      await expect(
        slashing.proveFalseRotation(target, signedRotation(members[1]!.key, record, target)),
      ).to.be.revertedWithCustomError(slashing, "NotFalse");
    }
  });

  it("takes the deposit for another validity or set of a published epoch, for a lane's gateway or its own", async () => {
    const fixture = await loadFixture(twoEpochs);
    const { slashing, registry, members, home } = fixture;
    const record = await recordOf(fixture, 2n);
    const key = members[1]!.key;
    for (const target of [LANE, home] satisfies readonly Target[]) {
      for (const rotation of falseOnes(record)) {
        await slashing.proveFalseRotation.staticCall(target, signedRotation(key, rotation, target));
      }
    }
    const rotation = falseOnes(record)[0]!;
    await expect(slashing.proveFalseRotation(LANE, signedRotation(key, rotation)))
      .to.emit(registry, "OperatorSlashed")
      .withArgs(
        members[1]!.address,
        key.address,
        OFFENCE.falseRotation,
        evidenceOf(rotationDigest(rotation, LANE)),
        DEPOSIT,
      );
  });

  it("takes the deposit for an epoch that was never published", async () => {
    const fixture = await loadFixture(twoEpochs);
    const record = await recordOf(fixture, 2n);
    await expect(
      fixture.slashing.proveFalseRotation(LANE, signedRotation(fixture.members[1]!.key, { ...record, epoch: 3n })),
    ).to.emit(fixture.registry, "OperatorSlashed");
  });

  it("spares who carried on an epoch that others installed here, and only there", async () => {
    const fixture = await loadFixture(deployPublished);
    const { slashing, gateway, members, home } = fixture;
    const keys = members.map(({ key }) => key);
    await time.increase(INTERVAL);
    const installed = { epoch: 2n, validUntil: (await now()) + DAY, signers: keys.map((key) => key.address) };
    const proof = signRotation(keys, installed, home);
    await (gateway as Gateway).rotate(installed, proof.signers, proof.signatures);
    const prove = (rotation: Rotation, target: Target) =>
      slashing.proveFalseRotation.staticCall(target, signedRotation(keys[0]!, rotation, target));
    await expect(prove(installed, LANE)).to.be.revertedWithCustomError(slashing, "NotFalse");
    await prove({ ...installed, signers: installed.signers.slice(1) }, LANE);
    // Its own gateway takes its epochs from the registry: no quorum may rotate it past that.
    await prove(installed, home);
  });

  it("reverts when the signer is nobody's, joined later, never had a seat, or signed in another form", async () => {
    const fixture = await loadFixture(twoEpochs);
    const { slashing, members } = fixture;
    const rotation = falseOnes(await recordOf(fixture, 2n))[0]!;
    await expect(slashing.proveFalseRotation(LANE, signedRotation(stranger, rotation)))
      .to.be.revertedWithCustomError(slashing, "UnknownSigner")
      .withArgs(stranger.address);
    const joined = signerWallets(1, "second")[0]!;
    await expect(slashing.proveFalseRotation(LANE, signedRotation(joined, rotation)))
      .to.be.revertedWithCustomError(slashing, "NotInEpochBefore")
      .withArgs(joined.address, 2);
    const statement = signedRotation(members[1]!.key, rotation);
    await expect(slashing.proveFalseRotation(LANE, { ...statement, signature: highS(statement.signature) }))
      .to.be.revertedWithCustomError(slashing, "MalformedSignature")
      .withArgs(0);

    const none = await loadFixture(deployRegistered);
    const candidate = none.others[0]!;
    await register(none.registry, candidate);
    await expect(none.slashing.proveFalseRotation(LANE, signedRotation(candidate.key, rotation)))
      .to.be.revertedWithCustomError(none.slashing, "NotInEpochBefore")
      .withArgs(candidate.key.address, 2);
  });
});
