import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress, ZeroHash, concat, parseEther, type ContractTransactionResponse, type Wallet } from "ethers";
import { headerDigest, type Header } from "../../protocol/header";
import { sortSigners } from "../../protocol/quorum";
import type { Liveness, ReleaseMock } from "../../typechain-types";
import type { RewardCreditedEvent } from "../../typechain-types/contracts/validators/Delegation";
import { REMOTE_CHAIN, deploy, signDigest, signRotation, signerWallets } from "../crosschain/support";
import {
  ABSENCE,
  DAY,
  INTERVAL,
  JAILER_ROLE,
  LANE,
  RENEW_AFTER,
  STATUS,
  at,
  deployPublished,
  hash,
  header,
  highS,
  now,
  register,
  setBond,
  type Member,
  type RegistryFixture,
} from "./support";

const SLOTS = 24n;
const SLOT = DAY / SLOTS;
const GRACE = 3_600n;
/** Of each member. */
const BOND = parseEther("1000");
/** A wei for each wei of each bond a second would still divide exactly. */
const STREAM = parseEther("365000");
/** What a period is worth, and what of it is its proposer's. */
const REWARD = (STREAM / (365n * DAY)) * DAY;
const PROPOSER = (REWARD * 4n) / 100n;

interface LivenessFixture extends RegistryFixture {
  readonly liveness: Liveness;
  readonly schedule: ReleaseMock;
}

/** Epoch 1 of five members with equal bonds, at the start of a period; rewards stream for 365 periods from it on. */
async function deployLive(): Promise<LivenessFixture> {
  const fixture = await deployPublished();
  const { vault, cos, delegation, members } = fixture;
  const schedule = await deploy<ReleaseMock>("ReleaseMock", []);
  const liveness = await makeLiveness(fixture, schedule);
  for (const member of members) await setBond(fixture, member, BOND);
  const start = ((await now()) / DAY + 1n) * DAY;
  await at(start);
  await vault.fund(cos, delegation, STREAM, start + 365n * DAY);
  await time.increase(GRACE);
  await liveness.closePeriod();
  return { ...fixture, liveness, schedule };
}

async function makeLiveness(
  { manager, registry }: RegistryFixture,
  schedule: ReleaseMock,
  slots = SLOTS,
  grace = GRACE,
): Promise<Liveness> {
  const addresses = [await registry.getAddress(), await schedule.getAddress()];
  const liveness = await deploy<Liveness>("Liveness", [...addresses, slots, grace]);
  await manager.grantRole(JAILER_ROLE, await liveness.getAddress(), 0);
  return liveness;
}

/** The members in the order of their keys: the set's. */
const inOrder = (members: readonly Member[]): Member[] =>
  [...members].sort((a, b) => (BigInt(a.key.address) < BigInt(b.key.address) ? -1 : 1));

/** A header of this chain, of the latest block. */
async function fresh(change: Partial<Header> = {}): Promise<Header> {
  return header({ source: 31_337n, sourceBlock: BigInt(await ethers.provider.getBlockNumber()), ...change });
}

/** Bitmap and signatures of the set's members at `indices`. */
function signatures(set: readonly Member[], digest: string, indices: readonly number[]) {
  const ascending = [...indices].sort((a, b) => a - b);
  return {
    bits: ascending.reduce((bits, index) => bits | (1n << BigInt(index)), 0n),
    bytes: concat(ascending.map((index) => signDigest(set[index]!.key, digest))),
  };
}

/** Opens the slot's sample with the signatures of the set's members at `indices`. */
async function open(fixture: LivenessFixture, indices: readonly number[], of?: Header): Promise<bigint> {
  const shown = of ?? (await fresh());
  const { bits, bytes } = signatures(inOrder(fixture.members), headerDigest(shown, LANE), indices);
  const slot = await fixture.liveness.currentSlot();
  await fixture.liveness.openSample(REMOTE_CHAIN, shown, bits, bytes);
  return slot;
}

/** Puts the next block into the next slot. */
async function nextSlot(liveness: Liveness): Promise<void> {
  await at(((await liveness.currentSlot()) + 1n) * SLOT);
  await mine();
}

/** A member misses 31 samples in two periods that nobody closed yet. */
async function missMany(fixture: LivenessFixture): Promise<Member> {
  const absent = inOrder(fixture.members)[1]!;
  for (let missed = 0; missed < 31; ++missed) {
    await open(fixture, [0, 2, 3, 4]);
    await nextSlot(fixture.liveness);
  }
  return absent;
}

/** Closes the open period; returns who was credited how much for it. */
async function close(fixture: LivenessFixture): Promise<ReadonlyMap<string, bigint>> {
  const { liveness } = fixture;
  const from = await liveness.closableAt();
  if ((await now()) < from) await time.increaseTo(from);
  return creditedBy(fixture, await liveness.closePeriod());
}

/** What the bonds of each operator were credited in a transaction. */
async function creditedBy(
  { delegation }: LivenessFixture,
  sent: ContractTransactionResponse,
): Promise<ReadonlyMap<string, bigint>> {
  const credited = new Map<string, bigint>();
  for (const log of (await sent.wait())?.logs ?? []) {
    const event = delegation.interface.parseLog(log);
    if (event?.name !== "RewardCredited") continue;
    const { validator, commission, toDelegators } = event.args as unknown as RewardCreditedEvent.OutputObject;
    credited.set(validator, (credited.get(validator) ?? 0n) + commission + toDelegators);
  }
  return credited;
}

const operatorsOf = (members: readonly Member[]): string[] => members.map(({ address }) => address);

describe("Liveness", () => {
  describe("constructor", () => {
    for (const slots of [0n, 7n]) {
      it(`reverts when there are ${slots} slots, which do not divide the period`, async () => {
        const fixture = await loadFixture(deployPublished);
        const none = await ethers.getContractAt("Liveness", ZeroAddress);
        const schedule = await deploy<ReleaseMock>("ReleaseMock", []);
        await expect(makeLiveness(fixture, schedule, slots))
          .to.be.revertedWithCustomError(none, "InvalidSlots")
          .withArgs(slots, DAY);
      });
    }

    it("reverts when the grace is longer than a period", async () => {
      const fixture = await loadFixture(deployPublished);
      const none = await ethers.getContractAt("Liveness", ZeroAddress);
      const schedule = await deploy<ReleaseMock>("ReleaseMock", []);
      await expect(makeLiveness(fixture, schedule, SLOTS, DAY + 1n))
        .to.be.revertedWithCustomError(none, "GraceTooLong")
        .withArgs(DAY + 1n, DAY);
      await makeLiveness(fixture, schedule, SLOTS, DAY);
    });

    it("reverts when the schedule is no contract", async () => {
      const { registry, stranger } = await loadFixture(deployPublished);
      const factory = await ethers.getContractFactory("Liveness");
      await expect(factory.deploy(registry, stranger, SLOTS, GRACE))
        .to.be.revertedWithCustomError(factory, "NotAContract")
        .withArgs(await stranger.getAddress());
    });

    it("takes period and gateway from the registry", async () => {
      const fixture = await loadFixture(deployPublished);
      const schedule = await deploy<ReleaseMock>("ReleaseMock", []);
      const liveness = await makeLiveness(fixture, schedule);
      expect(await liveness.SCHEDULE()).to.equal(await schedule.getAddress());
      expect(await liveness.REGISTRY()).to.equal(await fixture.registry.getAddress());
      expect(await liveness.DELEGATION()).to.equal(await fixture.delegation.getAddress());
      expect(await liveness.GATEWAY()).to.equal(await fixture.gateway.getAddress());
      expect([await liveness.PERIOD(), await liveness.SLOTS(), await liveness.GRACE()]).to.deep.equal([
        DAY,
        SLOTS,
        GRACE,
      ]);
      expect(await liveness.openPeriod()).to.equal((await now()) / DAY);
    });
  });

  describe("openSample", () => {
    const setup = async () => {
      const fixture = await loadFixture(deployLive);
      const set = inOrder(fixture.members);
      const call = async (
        of: Header,
        indices: readonly number[],
        change: { bits?: bigint; bytes?: string; target?: bigint } = {},
      ) => {
        const { bits, bytes } = signatures(set, headerDigest(of, LANE), indices);
        return fixture.liveness.openSample(
          change.target ?? REMOTE_CHAIN,
          of,
          change.bits ?? bits,
          change.bytes ?? bytes,
        );
      };
      return { ...fixture, set, call };
    };

    it("reverts when the slot has a sample", async () => {
      const { liveness, call } = await setup();
      await call(await fresh(), [0, 1, 2, 3]);
      await expect(call(await fresh(), [0, 1, 2, 3]))
        .to.be.revertedWithCustomError(liveness, "SampleExists")
        .withArgs(await liveness.currentSlot());
    });

    it("reverts when the header is of another chain", async () => {
      const { liveness, call } = await setup();
      await expect(call(await fresh({ source: 97n }), [0, 1, 2, 3]))
        .to.be.revertedWithCustomError(liveness, "WrongSource")
        .withArgs(97, 31_337);
    });

    it("reverts when the header's block is 257 blocks back, and takes one that is 256 back", async () => {
      const { liveness, call } = await setup();
      await mine(300);
      const next = BigInt(await ethers.provider.getBlockNumber()) + 1n;
      await expect(call(await fresh({ sourceBlock: next - 257n }), [0, 1, 2, 3]))
        .to.be.revertedWithCustomError(liveness, "SourceBlockOutOfRange")
        .withArgs(next - 257n, next - 256n, next - 1n);
      await call(await fresh({ sourceBlock: next + 1n - 256n }), [0, 1, 2, 3]);
    });

    it("reverts when the header's block is not yet", async () => {
      const { liveness, call } = await setup();
      const next = BigInt(await ethers.provider.getBlockNumber()) + 1n;
      await expect(call(await fresh({ sourceBlock: next }), [0, 1, 2, 3])).to.be.revertedWithCustomError(
        liveness,
        "SourceBlockOutOfRange",
      );
    });

    it("reverts when the header's block was sampled, or one after it", async () => {
      const { liveness, call } = await setup();
      const first = await fresh();
      await call(first, [0, 1, 2, 3]);
      await nextSlot(liveness);
      await expect(call(first, [0, 1, 2, 3]))
        .to.be.revertedWithCustomError(liveness, "SourceBlockOutOfRange")
        .withArgs(first.sourceBlock, first.sourceBlock + 1n, await ethers.provider.getBlockNumber());
      await call({ ...first, sourceBlock: first.sourceBlock + 1n }, [0, 1, 2, 3]);
    });

    it("reverts when the registry did not publish the epoch", async () => {
      const { liveness, call } = await setup();
      for (const epoch of [0n, 2n]) {
        await expect(call(await fresh({ epoch }), [0, 1, 2, 3]))
          .to.be.revertedWithCustomError(liveness, "NotAnEpochOfRegistry")
          .withArgs(epoch);
      }
    });

    it("reverts when the gateway does not accept the epoch any more", async () => {
      const { registry, liveness, gateway, call } = await setup();
      await time.increase(RENEW_AFTER);
      await registry.publishEpoch();
      const validUntil = await gateway.epochValidUntil(1);
      await at(validUntil + 1n);
      await expect(call(await fresh(), [0, 1, 2, 3]))
        .to.be.revertedWithCustomError(liveness, "SamplesEpochExpired")
        .withArgs(1, validUntil + 1n, validUntil);
    });

    it("takes a header of the epoch before, as long as the gateway does", async () => {
      const { registry, liveness, gateway, call } = await setup();
      await time.increase(RENEW_AFTER);
      await registry.publishEpoch();
      await at(await gateway.epochValidUntil(1));
      await call(await fresh(), [0, 1, 2, 3]);
      expect((await liveness.sampleOf(await liveness.currentSlot())).epoch).to.equal(1);
    });

    it("reverts when the lane is unknown", async () => {
      const { gateway, call } = await setup();
      await expect(call(await fresh(), [0, 1, 2, 3], { target: 1n }))
        .to.be.revertedWithCustomError(gateway, "UnknownLane")
        .withArgs(1);
    });

    it("reverts when a signature is none, or one too few, or a signer outside the set", async () => {
      const { liveness, call } = await setup();
      await expect(call(await fresh(), [0, 1, 2, 3], { bits: 0n }))
        .to.be.revertedWithCustomError(liveness, "SignersOutsideSet")
        .withArgs(0, 5);
      await expect(call(await fresh(), [0, 1, 2, 3], { bits: 0b101111n }))
        .to.be.revertedWithCustomError(liveness, "SignersOutsideSet")
        .withArgs(0b101111n, 5);
      await expect(call(await fresh(), [0, 1, 2, 3], { bits: 0b11111n }))
        .to.be.revertedWithCustomError(liveness, "SignaturesMismatch")
        .withArgs(256, 320);
    });

    it("reverts when one signature is another's, or has a high s", async () => {
      const { liveness, set, call } = await setup();
      const shown = await fresh();
      const digest = headerDigest(shown, LANE);
      const good = [0, 1, 2, 3].map((index) => signDigest(set[index]!.key, digest));
      const other = signDigest(set[4]!.key, digest);
      await expect(call(shown, [0, 1, 2, 3], { bytes: concat([good[0]!, good[1]!, other, good[3]!]) }))
        .to.be.revertedWithCustomError(liveness, "NotSignedByMember")
        .withArgs(2, set[4]!.key.address, set[2]!.key.address);
      await expect(call(shown, [0, 1, 2, 3], { bytes: concat([highS(good[0]!), ...good.slice(1)]) }))
        .to.be.revertedWithCustomError(liveness, "NotSignedByMember")
        .withArgs(0, ZeroAddress, set[0]!.key.address);
    });

    it("reverts below a quorum: three of five", async () => {
      const { liveness, call } = await setup();
      await expect(call(await fresh(), [0, 2, 4]))
        .to.be.revertedWithCustomError(liveness, "NoQuorum")
        .withArgs(3, 5);
    });

    it("keeps the sample with who signed, whoever calls", async () => {
      const { liveness, set, stranger } = await setup();
      const shown = await fresh();
      const digest = headerDigest(shown, LANE);
      const { bits, bytes } = signatures(set, digest, [0, 2, 3, 4]);
      const slot = await liveness.currentSlot();
      await expect(liveness.connect(stranger).openSample(REMOTE_CHAIN, shown, bits, bytes))
        .to.emit(liveness, "SampleOpened")
        .withArgs(slot, REMOTE_CHAIN, 1, shown.sourceBlock, digest, 0b11101n);
      expect(await liveness.sampleOf(slot)).to.deep.equal([digest, 1n, 0b11101n]);
      expect(await liveness.lastSampledBlock()).to.equal(shown.sourceBlock);
    });
  });

  describe("addSignatures", () => {
    it("reverts when there is no sample", async () => {
      const { liveness } = await loadFixture(deployLive);
      const slot = await liveness.currentSlot();
      await expect(liveness.addSignatures(slot, 1, "0x"))
        .to.be.revertedWithCustomError(liveness, "NoSample")
        .withArgs(slot);
    });

    it("reverts when the signature is not the member's", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness } = fixture;
      const set = inOrder(fixture.members);
      const shown = await fresh();
      const slot = await open(fixture, [0, 1, 2, 3], shown);
      const wrong = signDigest(set[4]!.key, headerDigest({ ...shown, acc: ZeroHash }, LANE));
      await expect(liveness.addSignatures(slot, 0b10000n, wrong)).to.be.revertedWithCustomError(
        liveness,
        "NotSignedByMember",
      );
    });

    it("reverts when the period is closed, and takes one in the last second before", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, stranger } = fixture;
      const set = inOrder(fixture.members);
      const shown = await fresh();
      const slot = await open(fixture, [0, 1, 2, 3], shown);
      const late = signatures(set, headerDigest(shown, LANE), [4, 0]);
      const period = await liveness.openPeriod();
      await at((await liveness.closableAt()) - 1n);
      await expect(liveness.connect(stranger).addSignatures(slot, late.bits, late.bytes))
        .to.emit(liveness, "SignaturesAdded")
        .withArgs(slot, 0b10001n);
      expect((await liveness.sampleOf(slot)).signed).to.equal(0b11111n);
      await liveness.closePeriod();
      await expect(liveness.addSignatures(slot, late.bits, late.bytes))
        .to.be.revertedWithCustomError(liveness, "PeriodAlreadyClosed")
        .withArgs(period, period + 1n);
    });
  });

  describe("closePeriod", () => {
    it("reverts before the grace after the period's end is over", async () => {
      const { liveness } = await loadFixture(deployLive);
      const period = await liveness.openPeriod();
      const from = (period + 1n) * DAY + GRACE;
      expect(await liveness.closableAt()).to.equal(from);
      await at(from - 1n);
      await expect(liveness.closePeriod())
        .to.be.revertedWithCustomError(liveness, "PeriodStillOpen")
        .withArgs(period, from - 1n, from);
      await at(from);
      await liveness.closePeriod();
      expect(await liveness.openPeriod()).to.equal(period + 1n);
    });

    it("closes one period after the other, however late", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, delegation } = fixture;
      const period = await liveness.openPeriod();
      await time.increase(3n * DAY);
      for (const offset of [0n, 1n, 2n]) {
        await liveness.closePeriod();
        expect(await delegation.nextRewardEpoch()).to.equal(period + offset + 1n);
      }
      await expect(liveness.closePeriod()).to.be.revertedWithCustomError(liveness, "PeriodStillOpen");
    });

    it("has the schedule release what is due, and closes as well where that fails", async () => {
      const fixture = await loadFixture(deployLive);
      const { delegation, schedule } = fixture;
      const [releases, settled] = [await schedule.releases(), await delegation.nextRewardEpoch()];
      await close(fixture);
      expect([await schedule.releases(), await delegation.nextRewardEpoch()]).to.deep.equal([
        releases + 1n,
        settled + 1n,
      ]);
      await schedule.setBroken(true);
      await close(fixture);
      expect([await schedule.releases(), await delegation.nextRewardEpoch()]).to.deep.equal([
        releases + 1n,
        settled + 2n,
      ]);
    });

    it("punishes nobody and pays all that have a seat where there was nothing to sample", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, registry, delegation, members } = fixture;
      await registry.connect(members[3]!.account).revoke();
      const period = await liveness.openPeriod();
      const credited = await close(fixture);
      expect(await delegation.nextRewardEpoch()).to.equal(period + 1n);
      expect([...credited.keys()]).to.have.members(operatorsOf(members.filter((member) => member !== members[3])));
      for (const member of members) expect(await liveness.missedOf(member.address)).to.equal(0);
    });

    it("pays who signed seven tenths of the samples, late signatures included, and nobody else", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, members } = fixture;
      const set = inOrder(members);
      for (let sample = 0; sample < 10; ++sample) {
        // The fifth signs in time six times, the fourth seven times.
        const signers = sample < 7 ? [0, 1, 2, 3] : [0, 1, 2, 4];
        if (sample >= 4 && sample < 7) signers.push(4);
        await open(fixture, signers);
        await nextSlot(liveness);
      }
      const credited = await close(fixture);
      expect([...credited.keys()]).to.have.members(operatorsOf(set.slice(0, 4)));
      const attendance = await liveness.attendanceOf(set[4]!.address);
      expect([attendance.sampled, attendance.missed]).to.deep.equal([10n, 4n]);
      expect((await liveness.attendanceOf(set[3]!.address)).missed).to.equal(3);
      expect(await liveness.missedOf(set[4]!.address)).to.equal(400);
      expect(attendance.window).to.equal(0b1111000000n);
    });

    it("counts a missing signature that was added in time as signed", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, members } = fixture;
      const set = inOrder(members);
      const shown = await fresh();
      const slot = await open(fixture, [0, 1, 2, 3], shown);
      const late = signatures(set, headerDigest(shown, LANE), [4]);
      await liveness.addSignatures(slot, late.bits, late.bytes);
      const credited = await close(fixture);
      expect([...credited.keys()]).to.have.members(operatorsOf(members));
      expect(await liveness.missedOf(set[4]!.address)).to.equal(0);
    });

    it("pays nobody who was in no sampled set", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, registry, members, others } = fixture;
      await open(fixture, [0, 1, 2, 3, 4]);
      const newcomer = others[0]!;
      await register(registry, newcomer);
      await setBond(fixture, newcomer, BOND);
      for (const member of members) await registry.connect(member.account).vote(newcomer.address);
      await registry.admit(newcomer.address);
      expect([...(await close(fixture)).keys()]).to.have.members(operatorsOf(members));
      // Nor for what another period counted.
      await nextSlot(liveness);
      expect([...(await close(fixture)).keys()]).to.have.members(operatorsOf([...members, newcomer]));
    });

    it("measures each sample by the set of its own epoch", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, registry, members } = fixture;
      const set = inOrder(members);
      await open(fixture, [0, 1, 2, 3]);
      await registry.connect(set[4]!.account).revoke();
      await time.increase(INTERVAL);
      await registry.publishEpoch();
      await nextSlot(liveness);
      await open(fixture, [0, 1, 2], await fresh({ epoch: 2n }));
      const credited = await close(fixture);
      expect((await liveness.attendanceOf(set[4]!.address)).sampled).to.equal(1);
      expect((await liveness.attendanceOf(set[3]!.address)).sampled).to.equal(2);
      expect((await liveness.attendanceOf(set[3]!.address)).missed).to.equal(1);
      expect([...credited.keys()]).to.have.members(operatorsOf(set.slice(0, 3)));
    });

    it("jails who missed more than 3,000 of the last 10,000 attestations, for 0.01 % of its bond", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, registry, delegation, members } = fixture;
      const set = inOrder(members);
      const absent = set[2]!;
      let missed = 0;
      for (; missed < 30; ++missed) {
        await open(fixture, [0, 1, 3, 4]);
        await nextSlot(liveness);
      }
      while ((await liveness.openPeriod()) < (await now()) / DAY) await close(fixture);
      // 30 missed samples, in two periods: 3,000 are not more than 3,000.
      await time.increase(GRACE);
      await close(fixture);
      expect(await liveness.missedOf(absent.address)).to.equal(3_000);
      expect((await registry.operatorOf(absent.address)).status).to.equal(STATUS.active);

      await nextSlot(liveness);
      await open(fixture, [0, 1, 3, 4]);
      const period = await liveness.openPeriod();
      await time.increaseTo(await liveness.closableAt());
      const sent = liveness.closePeriod();
      await expect(sent).to.emit(liveness, "AttendanceMissed").withArgs(absent.address, period, 3_100);
      await expect(sent).to.emit(registry, "StatusSet").withArgs(absent.address, STATUS.inactive, ABSENCE.missed);
      expect(await delegation.bondOf(absent.address)).to.equal((BOND * 9_999n) / 10_000n);
      const credited = await creditedBy(fixture, await sent);
      expect([...credited.keys()]).to.have.members(operatorsOf(members.filter((member) => member !== absent)));
      expect(await liveness.missedOf(absent.address)).to.equal(0);

      // Who returns starts anew, and who is away is not jailed twice.
      await registry.connect(absent.account).unjail();
      expect((await registry.operatorOf(absent.address)).status).to.equal(STATUS.active);
    });

    it("forgets a sample after 100 later ones", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, registry, members } = fixture;
      const set = inOrder(members);
      for (let sample = 0; sample < 101; ++sample) {
        const epoch = await registry.latestEpoch();
        await open(fixture, sample === 0 ? [1, 2, 3, 4] : [0, 1, 2, 3, 4], await fresh({ epoch }));
        await nextSlot(liveness);
        while ((await now()) >= (await liveness.closableAt())) await close(fixture);
        if ((await now()) >= (await registry.publishableFrom())) await registry.publishEpoch();
        if (sample === 90) {
          expect(await liveness.missedOf(set[0]!.address)).to.equal(100);
        }
      }
      await close(fixture);
      expect(await liveness.missedOf(set[0]!.address)).to.equal(0);
      expect((await registry.operatorOf(set[0]!.address)).status).to.equal(STATUS.active);
    });

    it("takes 0.01 % from who left before it was counted, and leaves it as it is", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, registry, delegation } = fixture;
      const absent = await missMany(fixture);
      await registry.connect(absent.account).revoke();
      const { inactiveSince } = await registry.operatorOf(absent.address);
      await close(fixture);
      await close(fixture);
      expect(await delegation.bondOf(absent.address)).to.equal((BOND * 9_999n) / 10_000n);
      const record = await registry.operatorOf(absent.address);
      expect([record.status, record.absence]).to.deep.equal([STATUS.inactive, ABSENCE.revoked]);
      expect(record.inactiveSince).to.equal(inactiveSince);
      expect(await registry.members()).to.equal(4);
      expect(await liveness.missedOf(absent.address)).to.equal(0);
    });

    it("takes nothing from who is closed", async () => {
      const fixture = await loadFixture(deployLive);
      const { registry, delegation } = fixture;
      const absent = await missMany(fixture);
      await registry.connect(absent.account).revoke();
      await registry.publishEpoch();
      await time.increaseTo(await registry.closableAt(absent.address));
      await registry.close(absent.address);
      await close(fixture);
      await close(fixture);
      expect(await delegation.bondOf(absent.address)).to.equal(BOND);
      expect((await registry.operatorOf(absent.address)).status).to.equal(STATUS.closed);
    });
  });

  describe("proposer", () => {
    it("is elected by turns in proportion to the bonds, a wei for who has none", async () => {
      const published = await loadFixture(deployPublished);
      const { members } = published;
      const weights = [3n, 1n, 0n, 4n, 1n];
      for (const [index, member] of members.entries()) await setBond(published, member, weights[index]!);
      // Whoever had its turn before the bonds changed would wait for its next one by what they were.
      const schedule = await deploy<ReleaseMock>("ReleaseMock", []);
      const liveness = await makeLiveness(published, schedule);
      const fixture = { ...published, liveness, schedule };
      const turns = new Map<string, number>();
      const rounds = 28;
      for (let round = 0; round < rounds; ++round) {
        await close(fixture);
        const elected = await liveness.proposer();
        turns.set(elected, (turns.get(elected) ?? 0) + 1);
      }
      const total = weights.reduce((sum, weight) => sum + weight + 1n, 0n);
      for (const [index, member] of members.entries()) {
        const share = (Number(weights[index]! + 1n) * rounds) / Number(total);
        expect(turns.get(member.address) ?? 0).to.be.closeTo(share, 1);
      }
    });

    it("owes a bond that was there for a moment one turn, not a hundred", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, members } = fixture;
      const passing = [members[0]!, members[1]!];
      for (const member of passing) await setBond(fixture, member, 100n * BOND);
      await close(fixture);
      for (const member of passing) await setBond(fixture, member, BOND);
      const turns = new Map<string, number>();
      for (let round = 0; round < 20; ++round) {
        await close(fixture);
        const elected = await liveness.proposer();
        turns.set(elected, (turns.get(elected) ?? 0) + 1);
      }
      // Four each, give or take the one that is owed, or paid back.
      for (const { address } of members) expect(turns.get(address) ?? 0, address).to.be.within(3, 5);
    });

    it("is paid its part beside its share if it signed the period that it was elected for", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, members } = fixture;
      const elected = await liveness.proposer();
      expect(elected).to.not.equal(ZeroAddress);
      const credited = await close(fixture);
      for (const address of operatorsOf(members)) {
        const part = address === elected ? PROPOSER : 0n;
        expect(credited.get(address)).to.equal((REWARD - PROPOSER) / 5n + part);
      }
      expect(await liveness.proposer()).to.not.equal(elected);
    });

    it("leaves its part to the community if it did not sign, or left", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, registry, delegation, members } = fixture;
      const set = inOrder(members);
      const elected = await liveness.proposer();
      const away = set.findIndex(({ address }) => address === elected);
      await open(
        fixture,
        [0, 1, 2, 3, 4].filter((one) => one !== away),
      );
      const unsigned = await close(fixture);
      const others = operatorsOf(set).filter((address) => address !== elected);
      expect([...unsigned.keys()]).to.have.members(others);
      for (const address of others) expect(unsigned.get(address)).to.equal((REWARD - PROPOSER) / 4n);
      expect(await delegation.unsweptCommunity()).to.equal(PROPOSER);

      const next = set.find(({ address }) => address !== elected)!;
      await setBond(fixture, next, 1_000n * BOND);
      await close(fixture);
      expect(await liveness.proposer()).to.equal(next.address);
      const community = await delegation.unsweptCommunity();
      await registry.connect(next.account).revoke();
      const left = await close(fixture);
      expect([...left.keys()]).to.have.members(operatorsOf(set.filter((member) => member !== next)));
      expect(await delegation.unsweptCommunity()).to.equal(community + PROPOSER);
    });

    it("is nobody where nobody has a seat: all is the community's", async () => {
      const fixture = await loadFixture(deployLive);
      const { liveness, registry, delegation, members } = fixture;
      for (const member of members) await registry.connect(member.account).revoke();
      expect((await close(fixture)).size).to.equal(0);
      expect(await liveness.proposer()).to.equal(ZeroAddress);
      expect(await delegation.unsweptCommunity()).to.equal(REWARD);
    });
  });

  it("does not sample an epoch that others installed", async () => {
    const fixture = await loadFixture(deployLive);
    const { liveness, gateway, members, home } = fixture;
    const others: Wallet[] = signerWallets(4, "another set");
    const rotation = {
      epoch: 2n,
      validUntil: (await now()) + DAY,
      signers: sortSigners(others.map(({ address }) => address)),
    };
    const proof = signRotation(
      members.map(({ key }) => key),
      rotation,
      home,
    );
    await gateway.rotate({ ...rotation, signers: [...rotation.signers] }, proof.signers, proof.signatures);
    const shown = await fresh({ epoch: 2n, acc: hash("33") });
    const digest = headerDigest(shown, LANE);
    const bytes = concat(others.map((key) => signDigest(key, digest)));
    await expect(liveness.openSample(REMOTE_CHAIN, shown, 0b1111n, bytes))
      .to.be.revertedWithCustomError(liveness, "NotAnEpochOfRegistry")
      .withArgs(2);
  });
});
