import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { AbiCoder, ZeroAddress, ZeroHash, keccak256, type Wallet } from "ethers";
import { headerDigest, rotationDigest, type Header, type Rotation, type Target } from "../../protocol/header";
import { sortSigners } from "../../protocol/quorum";
import type { Slashing } from "../../typechain-types";
import { REMOTE_CHAIN, signRotation, signerWallets } from "../crosschain/support";
import {
  DAY,
  DEPOSIT,
  INTERVAL,
  LANE,
  OFFENCE,
  REGISTRY_ROLE,
  RENEW_AFTER,
  SLASHER_ROLE,
  STATUS,
  at,
  claim,
  deployPublished,
  deployRegistered,
  deployRegistry,
  hash,
  header,
  highS,
  messagesEvidence,
  now,
  register,
  setBond,
  signedHeader,
  signedRotation,
} from "./support";

const evidenceOf = (first: string, second: string): string =>
  keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32"], [first, second]));
const stranger = signerWallets(1, "stranger")[0]!;

interface Kind {
  readonly name: "proveMessages" | "proveResults" | "proveBlock";
  readonly offence: bigint;
  readonly second: Partial<Header>;
  /** Like `second`, but somebody may honestly sign it beside the first. */
  readonly otherPosition: Partial<Header>;
  readonly positions: readonly [bigint, bigint];
  readonly sameContent: Partial<Header>;
  readonly content: string | undefined;
}

const KINDS: readonly Kind[] = [
  {
    name: "proveMessages",
    offence: OFFENCE.messages,
    second: { sourceBlock: 404n, acc: ZeroHash },
    otherPosition: { sourceBlock: 404n, acc: ZeroHash, toSeq: 8n },
    positions: [7n, 8n],
    sameContent: { sourceBlock: 404n, ackSeq: 4n, resAcc: hash("33") },
    content: hash("11"),
  },
  {
    name: "proveResults",
    offence: OFFENCE.results,
    second: { sourceBlock: 404n, resAcc: ZeroHash },
    otherPosition: { sourceBlock: 404n, resAcc: ZeroHash, ackSeq: 4n },
    positions: [3n, 4n],
    sameContent: { sourceBlock: 404n, toSeq: 8n, acc: hash("33") },
    content: hash("22"),
  },
  {
    name: "proveBlock",
    offence: OFFENCE.block,
    second: { toSeq: 8n, acc: hash("33") },
    otherPosition: { toSeq: 8n, acc: hash("33"), sourceBlock: 404n },
    positions: [400n, 404n],
    sameContent: {},
    content: undefined,
  },
];

for (const kind of KINDS) {
  describe(`Slashing.${kind.name}`, () => {
    const prove = (slashing: Slashing, key: Wallet, second: Header, first = header(), target: Target = LANE) =>
      slashing[kind.name](target, signedHeader(key, first, target), signedHeader(key, second, target));

    it("reverts when the headers have different sources", async () => {
      const { slashing, members } = await loadFixture(deployPublished);
      await expect(prove(slashing, members[0]!.key, header({ ...kind.second, source: 98n })))
        .to.be.revertedWithCustomError(slashing, "DifferentSources")
        .withArgs(97, 98);
    });

    it("reverts when the headers have different positions", async () => {
      const { slashing, members } = await loadFixture(deployPublished);
      await expect(prove(slashing, members[0]!.key, header(kind.otherPosition)))
        .to.be.revertedWithCustomError(slashing, "DifferentPositions")
        .withArgs(...kind.positions);
    });

    it("reverts when the headers agree", async () => {
      const { slashing, members } = await loadFixture(deployPublished);
      const attempt = expect(prove(slashing, members[0]!.key, header(kind.sameContent))).to.be.revertedWithCustomError(
        slashing,
        "NoConflict",
      );
      await (kind.content === undefined ? attempt : attempt.withArgs(kind.content));
    });

    it("reverts when either signature has a high s or another length", async () => {
      const { slashing, members } = await loadFixture(deployPublished);
      const good = signedHeader(members[0]!.key, header());
      const other = signedHeader(members[0]!.key, header(kind.second));
      for (const break_ of [highS, (s: string) => `${s}00`, (s: string) => s.slice(0, -2)]) {
        await expect(slashing[kind.name](LANE, { ...good, signature: break_(good.signature) }, other))
          .to.be.revertedWithCustomError(slashing, "MalformedSignature")
          .withArgs(0);
        await expect(slashing[kind.name](LANE, good, { ...other, signature: break_(other.signature) }))
          .to.be.revertedWithCustomError(slashing, "MalformedSignature")
          .withArgs(1);
      }
    });

    it("reverts when two members signed one each", async () => {
      const { slashing, members } = await loadFixture(deployPublished);
      const [one, two] = members;
      const attempt = slashing[kind.name](
        LANE,
        signedHeader(one!.key, header()),
        signedHeader(two!.key, header(kind.second)),
      );
      await expect(attempt)
        .to.be.revertedWithCustomError(slashing, "DifferentSigners")
        .withArgs(one!.key.address, two!.key.address);
    });

    it("reverts when one was signed for another lane's chain or gateway", async () => {
      const { slashing, members } = await loadFixture(deployPublished);
      const key = members[0]!.key;
      for (const other of [
        { ...LANE, chainId: REMOTE_CHAIN + 1n },
        { ...LANE, gateway: stranger.address },
      ]) {
        const attempt = slashing[kind.name](
          LANE,
          signedHeader(key, header()),
          signedHeader(key, header(kind.second), other),
        );
        await expect(attempt).to.be.revertedWithCustomError(slashing, "DifferentSigners");
      }
    });

    it("reverts when both were signed for another target than the evidence names", async () => {
      const { slashing, members } = await loadFixture(deployPublished);
      const key = members[0]!.key;
      const other = { ...LANE, gateway: stranger.address };
      const attempt = slashing[kind.name](
        LANE,
        signedHeader(key, header(), other),
        signedHeader(key, header(kind.second), other),
      );
      await expect(attempt).to.be.revertedWithCustomError(slashing, "DifferentSigners");
    });

    it("reverts when the signer is nobody's", async () => {
      const { slashing } = await loadFixture(deployPublished);
      await expect(prove(slashing, stranger, header(kind.second)))
        .to.be.revertedWithCustomError(slashing, "UnknownSigner")
        .withArgs(stranger.address);
    });

    for (const epoch of [0n, 2n]) {
      it(`reverts when either header is of epoch ${epoch}, which the key is not in`, async () => {
        const { slashing, members } = await loadFixture(deployPublished);
        const key = members[0]!.key;
        for (const [first, second] of [
          [header({ epoch }), header(kind.second)],
          [header(), header({ ...kind.second, epoch })],
        ] as const) {
          await expect(prove(slashing, key, second, first))
            .to.be.revertedWithCustomError(slashing, "NotInEpoch")
            .withArgs(key.address, epoch);
        }
      });
    }

    it("takes the whole deposit, whatever the target", async () => {
      const fixture = await loadFixture(deployPublished);
      const { registry, slashing, nodes, delegation, members, home } = fixture;
      const member = members[3]!;
      await setBond(fixture, member, 1_000n);
      const [first, second] = [header(), header(kind.second)];
      const sent = prove(slashing, member.key, second, first, home);
      await expect(sent)
        .to.emit(registry, "OperatorSlashed")
        .withArgs(
          member.address,
          member.key.address,
          kind.offence,
          evidenceOf(headerDigest(first, home), headerDigest(second, home)),
          DEPOSIT,
        );
      await expect(sent).to.not.emit(registry, "PauseDue");
      expect((await registry.operatorOf(member.address)).status).to.equal(STATUS.slashed);
      expect(await nodes.principalOf(member.position)).to.equal(0);
      expect(await delegation.bondOf(member.address)).to.equal(800);
      expect((await delegation.poolOf(member.address)).closed).to.equal(true);
      expect(await nodes.unswept()).to.equal(DEPOSIT);
      expect(await registry.members()).to.equal(4);
      expect(await registry.activeSigners()).to.not.include(member.key.address);
    });
  });
}

describe("Slashing.proveRotations", () => {
  const ROTATION: Rotation = {
    epoch: 2n,
    validUntil: 2_000_000_000n,
    signers: sortSigners(signerWallets(4, "next").map((key) => key.address)),
  };
  const prove = (slashing: Slashing, key: Wallet, second: Rotation, first = ROTATION, target: Target = LANE) =>
    slashing.proveRotations(target, signedRotation(key, first, target), signedRotation(key, second, target));

  it("reverts when the rotations are to different epochs", async () => {
    const { slashing, members } = await loadFixture(deployPublished);
    await expect(prove(slashing, members[0]!.key, { ...ROTATION, epoch: 3n }))
      .to.be.revertedWithCustomError(slashing, "DifferentPositions")
      .withArgs(2, 3);
  });

  it("reverts when the rotations agree", async () => {
    const { slashing, members } = await loadFixture(deployPublished);
    await expect(prove(slashing, members[0]!.key, ROTATION)).to.be.revertedWithCustomError(slashing, "NoConflict");
  });

  it("reverts when they were signed for different targets, by different keys or in another form", async () => {
    const { slashing, members } = await loadFixture(deployPublished);
    const [one, two] = members;
    const first = signedRotation(one!.key, ROTATION);
    const later = { ...ROTATION, validUntil: ROTATION.validUntil + 1n };
    await expect(slashing.proveRotations(LANE, first, signedRotation(two!.key, later)))
      .to.be.revertedWithCustomError(slashing, "DifferentSigners")
      .withArgs(one!.key.address, two!.key.address);
    const elsewhere = signedRotation(one!.key, later, { ...LANE, chainId: 1n });
    await expect(slashing.proveRotations(LANE, first, elsewhere)).to.be.revertedWithCustomError(
      slashing,
      "DifferentSigners",
    );
    const second = signedRotation(one!.key, later);
    await expect(slashing.proveRotations(LANE, first, { ...second, signature: highS(second.signature) }))
      .to.be.revertedWithCustomError(slashing, "MalformedSignature")
      .withArgs(1);
  });

  it("reverts when the signer is nobody's", async () => {
    const { slashing } = await loadFixture(deployPublished);
    await expect(prove(slashing, stranger, { ...ROTATION, validUntil: 1n }))
      .to.be.revertedWithCustomError(slashing, "UnknownSigner")
      .withArgs(stranger.address);
  });

  it("reverts when the key never had a seat", async () => {
    const { registry, slashing, others } = await loadFixture(deployRegistered);
    await register(registry, others[0]!);
    await expect(prove(slashing, others[0]!.key, { ...ROTATION, validUntil: 1n }))
      .to.be.revertedWithCustomError(slashing, "NotInEpochBefore")
      .withArgs(others[0]!.key.address, 2);
  });

  it("reverts when the key joined with the epoch that the rotations are to", async () => {
    const { slashing, members } = await loadFixture(deployPublished);
    const first = { ...ROTATION, epoch: 1n };
    await expect(prove(slashing, members[0]!.key, { ...first, validUntil: 1n }, first))
      .to.be.revertedWithCustomError(slashing, "NotInEpochBefore")
      .withArgs(members[0]!.key.address, 1);
  });

  it("counts the epochs from before the operator left its seat and took one again", async () => {
    const { registry, slashing, members } = await loadFixture(deployPublished);
    const member = members[1]!;
    await registry.connect(member.account).revoke();
    await registry.connect(member.account).unjail();
    expect((await registry.keyOf(member.key.address)).since).to.equal(1);
    await expect(prove(slashing, member.key, { ...ROTATION, validUntil: 1n })).to.emit(registry, "OperatorSlashed");
  });

  for (const [name, change] of [
    ["validities", { validUntil: ROTATION.validUntil + 1n }],
    ["sets", { signers: ROTATION.signers.slice(1) }],
  ] as const) {
    it(`takes the whole deposit for two ${name} of one epoch`, async () => {
      const { registry, slashing, members } = await loadFixture(deployPublished);
      const member = members[1]!;
      const second = { ...ROTATION, ...change };
      await expect(prove(slashing, member.key, second))
        .to.emit(registry, "OperatorSlashed")
        .withArgs(
          member.address,
          member.key.address,
          OFFENCE.rotations,
          evidenceOf(rotationDigest(ROTATION, LANE), rotationDigest(second, LANE)),
          DEPOSIT,
        );
    });
  }
});

describe("ValidatorRegistry.slash", () => {
  it("reverts when anybody but the proofs calls it", async () => {
    const { registry, members, stranger: caller } = await loadFixture(deployPublished);
    await expect(registry.connect(caller).slash(members[0]!.key.address, OFFENCE.messages, ZeroHash))
      .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
      .withArgs(await caller.getAddress());
  });

  it("reverts when nobody registered the key", async () => {
    const { registry, manager, stranger: caller } = await loadFixture(deployPublished);
    await manager.grantRole(SLASHER_ROLE, await caller.getAddress(), 0);
    await expect(registry.connect(caller).slash(stranger.address, OFFENCE.messages, ZeroHash))
      .to.be.revertedWithCustomError(registry, "NotSlashable")
      .withArgs(ZeroAddress, STATUS.none);
  });
});

describe("ValidatorRegistry, slashing in time", () => {
  it("slashes once", async () => {
    const { registry, slashing, members } = await loadFixture(deployPublished);
    const member = members[0]!;
    await slashing.proveMessages(...messagesEvidence(member.key));
    await expect(slashing.proveMessages(...messagesEvidence(member.key)))
      .to.be.revertedWithCustomError(registry, "NotSlashable")
      .withArgs(member.address, STATUS.slashed);
    await expect(registry.connect(member.account).revoke())
      .to.be.revertedWithCustomError(registry, "NotAMember")
      .withArgs(member.address);
    await expect(registry.connect(member.account).unjail())
      .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
      .withArgs(member.address, STATUS.slashed, STATUS.inactive);
    await expect(registry.close(member.address))
      .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
      .withArgs(member.address, STATUS.slashed, STATUS.inactive);
  });

  it("slashes an inactive operator", async () => {
    const fixture = await loadFixture(deployPublished);
    const { registry, slashing, delegation, members } = fixture;
    const member = members[0]!;
    await setBond(fixture, member, 1_000n);
    await registry.connect(member.account).revoke();
    await expect(slashing.proveMessages(...messagesEvidence(member.key)))
      .to.emit(registry, "OperatorSlashed")
      .withArgs(member.address, member.key.address, OFFENCE.messages, () => true, DEPOSIT);
    expect(await delegation.bondOf(member.address)).to.equal(800);
    expect(await registry.members()).to.equal(4);
    await expect(registry.connect(member.account).unjail()).to.be.revertedWithCustomError(
      registry,
      "WrongOperatorStatus",
    );
  });

  it("slashes a closed operator, until its deposit is paid out", async () => {
    const { registry, slashing, nodes, members } = await loadFixture(deployPublished);
    const [late, gone] = members;
    for (const member of [late!, gone!]) await registry.connect(member.account).revoke();
    await time.increaseTo(await registry.closableAt(gone!.address));
    for (const member of [late!, gone!]) await registry.close(member.address);
    await time.increaseTo(await nodes.withdrawableAt(late!.position));
    await nodes.connect(gone!.account).withdraw(gone!.position, gone!.payout);
    await expect(slashing.proveMessages(...messagesEvidence(gone!.key)))
      .to.be.revertedWithCustomError(registry, "NotSlashable")
      .withArgs(gone!.address, STATUS.closed);
    await expect(slashing.proveMessages(...messagesEvidence(late!.key))).to.emit(registry, "OperatorSlashed");
    expect(await nodes.principalOf(late!.position)).to.equal(0);
  });

  it("counts a retired key in its own epochs and in no later one", async () => {
    const { registry, slashing, members } = await loadFixture(deployPublished);
    const member = members[0]!;
    const key = signerWallets(1, "second")[0]!;
    await registry.connect(member.account).setSigner(key.address, await claim(registry, member.address, key));
    await time.increase(INTERVAL);
    await registry.publishEpoch();
    await expect(slashing.proveMessages(...messagesEvidence(member.key, 2n)))
      .to.be.revertedWithCustomError(slashing, "NotInEpoch")
      .withArgs(member.key.address, 2);
    await expect(slashing.proveMessages(...messagesEvidence(key, 1n)))
      .to.be.revertedWithCustomError(slashing, "NotInEpoch")
      .withArgs(key.address, 1);
    await expect(slashing.proveMessages(...messagesEvidence(member.key, 1n)))
      .to.emit(registry, "OperatorSlashed")
      .withArgs(member.address, member.key.address, OFFENCE.messages, () => true, DEPOSIT);
    expect((await registry.operatorOf(member.address)).status).to.equal(STATUS.slashed);
  });

  it("counts headers of two epochs that the key was in", async () => {
    const { registry, slashing, members } = await loadFixture(deployPublished);
    await time.increase(RENEW_AFTER);
    await registry.publishEpoch();
    const key = members[0]!.key;
    const first = signedHeader(key, header({ epoch: 1n }));
    const second = signedHeader(key, header({ epoch: 2n }));
    await expect(slashing.proveBlock(LANE, first, second)).to.emit(registry, "OperatorSlashed");
  });

  it("counts no epoch that others installed", async () => {
    const { registry, slashing, gateway, members, home } = await loadFixture(deployPublished);
    const keys = members.map((member) => member.key);
    await time.increase(INTERVAL);
    const rotation = { epoch: 2n, validUntil: (await now()) + DAY, signers: keys.map((key) => key.address) };
    const proof = signRotation(keys, rotation, home);
    await gateway.rotate(rotation, proof.signers, proof.signatures);
    await registry.publishEpoch();
    await expect(slashing.proveMessages(...messagesEvidence(keys[0]!, 2n)))
      .to.be.revertedWithCustomError(slashing, "NotInEpoch")
      .withArgs(keys[0]!.address, 2);
    await expect(slashing.proveMessages(...messagesEvidence(keys[0]!, 3n))).to.emit(registry, "OperatorSlashed");
  });
});

describe("ValidatorRegistry, pausing when a third is slashed", () => {
  const paused = async (gateway: { laneState: (id: bigint) => Promise<{ paused: boolean }> }): Promise<boolean> =>
    (await gateway.laneState(REMOTE_CHAIN)).paused;

  const deploySix = async () => {
    const fixture = await deployRegistry({ genesis: 6 });
    for (const member of fixture.members) await register(fixture.registry, member);
    await fixture.registry.publishEpoch();
    return fixture;
  };

  it("pauses all lanes with the second of five, and not with the first", async () => {
    const { registry, slashing, gateway, members } = await loadFixture(deployPublished);
    await slashing.proveMessages(...messagesEvidence(members[0]!.key));
    expect(await paused(gateway)).to.equal(false);
    const sent = slashing.proveMessages(...messagesEvidence(members[1]!.key));
    await expect(sent).to.emit(registry, "PauseDue").withArgs(1, 2, 5);
    await expect(sent).to.emit(registry, "PauseDone");
    expect(await paused(gateway)).to.equal(true);
    expect(await registry.pauseDue()).to.equal(false);
    await expect(registry.pauseLanes()).to.be.revertedWithCustomError(registry, "NoPauseDue");
  });

  it("pauses at exactly a third: the second of six", async () => {
    const { registry, slashing, gateway, members } = await loadFixture(deploySix);
    await slashing.proveMessages(...messagesEvidence(members[0]!.key));
    expect(await paused(gateway)).to.equal(false);
    await expect(slashing.proveMessages(...messagesEvidence(members[5]!.key)))
      .to.emit(registry, "PauseDue")
      .withArgs(1, 2, 6);
    expect(await paused(gateway)).to.equal(true);
  });

  it("slashes though the pause fails, and lets anyone do it once", async () => {
    const { registry, slashing, gateway, manager, members, stranger: caller } = await loadFixture(deployPublished);
    await manager.revokeRole(REGISTRY_ROLE, await registry.getAddress());
    await slashing.proveMessages(...messagesEvidence(members[0]!.key));
    const sent = slashing.proveMessages(...messagesEvidence(members[1]!.key));
    await expect(sent).to.emit(registry, "OperatorSlashed");
    await expect(sent).to.emit(registry, "PauseDue").withArgs(1, 2, 5);
    await expect(sent).to.not.emit(registry, "PauseDone");
    expect([await paused(gateway), await registry.pauseDue()]).to.deep.equal([false, true]);
    await expect(registry.pauseLanes()).to.be.revertedWithCustomError(gateway, "AccessManagedUnauthorized");

    await manager.grantRole(REGISTRY_ROLE, await registry.getAddress(), 0);
    await expect(registry.connect(caller).pauseLanes()).to.emit(registry, "PauseDone");
    expect([await paused(gateway), await registry.pauseDue()]).to.deep.equal([true, false]);
    await gateway.unpauseLane(REMOTE_CHAIN);
    await expect(registry.pauseLanes()).to.be.revertedWithCustomError(registry, "NoPauseDue");
  });

  it("stays due when a new set is published first", async () => {
    const { registry, slashing, gateway, manager, members } = await loadFixture(deploySix);
    await manager.revokeRole(REGISTRY_ROLE, await registry.getAddress());
    for (const member of members.slice(0, 2)) await slashing.proveMessages(...messagesEvidence(member.key));
    await manager.grantRole(REGISTRY_ROLE, await registry.getAddress(), 0);
    await registry.publishEpoch();
    expect([await paused(gateway), await registry.pauseDue()]).to.deep.equal([false, true]);
    await registry.pauseLanes();
    expect([await paused(gateway), await registry.pauseDue()]).to.deep.equal([true, false]);
  });

  it("does not pause again for a slash outside the latest set", async () => {
    const { registry, slashing, gateway, members } = await loadFixture(deployPublished);
    const [left, ...rest] = members;
    await registry.connect(left!.account).revoke();
    await at((await now()) + INTERVAL);
    await registry.publishEpoch();
    for (const member of rest.slice(0, 2)) await slashing.proveMessages(...messagesEvidence(member.key));
    expect(await paused(gateway)).to.equal(true);
    await gateway.unpauseLane(REMOTE_CHAIN);
    await expect(slashing.proveMessages(...messagesEvidence(left!.key))).to.not.emit(registry, "PauseDue");
    expect(await paused(gateway)).to.equal(false);
  });
});
