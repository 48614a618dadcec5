import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { BOND } from "../staking/support";
import {
  ABSENCE,
  STATUS,
  VOTING,
  at,
  deployPublished,
  deployRegistry,
  messagesEvidence,
  now,
  register,
  type Member,
  type RegistryFixture,
} from "./support";

/** Five members, and one candidate. */
async function deployCandidate(): Promise<RegistryFixture & { candidate: Member; expiresAt: bigint }> {
  const fixture = await deployPublished();
  const candidate = fixture.others[0]!;
  await register(fixture.registry, candidate);
  return { ...fixture, candidate, expiresAt: (await now()) + VOTING };
}

async function voteBy({ registry }: RegistryFixture, voters: readonly Member[], candidate: Member): Promise<void> {
  for (const voter of voters) await registry.connect(voter.account).vote(candidate.address);
}

describe("Admission", () => {
  describe("vote", () => {
    it("reverts when the caller is no member", async () => {
      const { registry, members, others, candidate, stranger } = await loadFixture(deployCandidate);
      await register(registry, others[1]!);
      await registry.connect(members[0]!.account).revoke();
      for (const account of [stranger, others[1]!.account, members[0]!.account]) {
        await expect(registry.connect(account).vote(candidate.address))
          .to.be.revertedWithCustomError(registry, "NotAMember")
          .withArgs(await account.getAddress());
      }
    });

    it("reverts when nobody asks for it", async () => {
      const { registry, members, others } = await loadFixture(deployCandidate);
      for (const account of [members[1]!, others[2]!]) {
        await expect(registry.connect(members[0]!.account).vote(account.address))
          .to.be.revertedWithCustomError(registry, "NotACandidate")
          .withArgs(account.address);
      }
    });

    it("reverts when the proposal expires, and not a second before", async () => {
      const { registry, members, candidate, expiresAt } = await loadFixture(deployCandidate);
      await at(expiresAt - 1n);
      await registry.connect(members[0]!.account).vote(candidate.address);
      await at(expiresAt);
      await expect(registry.connect(members[1]!.account).vote(candidate.address))
        .to.be.revertedWithCustomError(registry, "ProposalExpired")
        .withArgs(candidate.address, expiresAt, expiresAt);
    });

    it("reverts a second vote", async () => {
      const fixture = await loadFixture(deployCandidate);
      const { registry, members, candidate } = fixture;
      await voteBy(fixture, [members[0]!], candidate);
      await expect(registry.connect(members[0]!.account).vote(candidate.address))
        .to.be.revertedWithCustomError(registry, "VotedAlready")
        .withArgs(candidate.address, members[0]!.address);
      // Nor does leaving and returning give a second one.
      await registry.connect(members[0]!.account).revoke();
      await registry.connect(members[0]!.account).unjail();
      await expect(registry.connect(members[0]!.account).vote(candidate.address)).to.be.revertedWithCustomError(
        registry,
        "VotedAlready",
      );
    });

    it("counts for one candidate", async () => {
      const fixture = await loadFixture(deployCandidate);
      const { registry, members, others, candidate } = fixture;
      await register(registry, others[1]!);
      const sent = registry.connect(members[0]!.account).vote(candidate.address);
      await expect(sent).to.emit(registry, "AdmissionVoted").withArgs(candidate.address, members[0]!.address);
      expect(await registry.presentVotes(candidate.address)).to.equal(1);
      expect(await registry.presentVotes(others[1]!.address)).to.equal(0);
      await voteBy(fixture, [members[0]!], others[1]!);
      expect((await registry.proposalOf(others[1]!.address)).voters).to.deep.equal([members[0]!.address]);
    });
  });

  describe("admit", () => {
    it("reverts when nobody asks for it", async () => {
      const { registry, members } = await loadFixture(deployCandidate);
      await expect(registry.admit(members[0]!.address))
        .to.be.revertedWithCustomError(registry, "NotACandidate")
        .withArgs(members[0]!.address);
    });

    it("reverts when the proposal expires, and not a second before", async () => {
      const fixture = await loadFixture(deployCandidate);
      const { registry, members, candidate, expiresAt } = fixture;
      await voteBy(fixture, members, candidate);
      await at(expiresAt - 1n);
      await registry.admit.staticCall(candidate.address);
      await at(expiresAt);
      await expect(registry.admit(candidate.address))
        .to.be.revertedWithCustomError(registry, "ProposalExpired")
        .withArgs(candidate.address, expiresAt, expiresAt);
    });

    it("needs more than half of five members: three", async () => {
      const fixture = await loadFixture(deployCandidate);
      const { registry, members, candidate, stranger } = fixture;
      await voteBy(fixture, members.slice(0, 2), candidate);
      await expect(registry.admit(candidate.address))
        .to.be.revertedWithCustomError(registry, "TooFewVotes")
        .withArgs(candidate.address, 20_000, 25_000);
      await voteBy(fixture, members.slice(2, 3), candidate);
      const sent = registry.connect(stranger).admit(candidate.address);
      await expect(sent).to.emit(registry, "AdmissionExecuted").withArgs(candidate.address, 3, 5);
      await expect(sent).to.emit(registry, "StatusSet").withArgs(candidate.address, STATUS.active, ABSENCE.none);
      expect(await registry.members()).to.equal(6);
      expect(await registry.activeSigners()).to.include(candidate.key.address);
    });

    it("needs more than half of six members: three are not enough", async () => {
      const fixture = await loadFixture(deployCandidate);
      const { registry, members, others, candidate } = fixture;
      await voteBy(fixture, members.slice(0, 3), candidate);
      await registry.admit(candidate.address);
      await register(registry, others[1]!);
      await voteBy(fixture, members.slice(0, 3), others[1]!);
      await expect(registry.admit(others[1]!.address))
        .to.be.revertedWithCustomError(registry, "TooFewVotes")
        .withArgs(others[1]!.address, 30_000, 30_000);
    });

    it("counts at least four members: a single one admits nobody, nor do two", async () => {
      const fixture = await loadFixture(deployRegistry);
      const { registry, members, others } = fixture;
      const candidate = others[0]!;
      await register(registry, candidate);
      for (const member of members.slice(0, 2)) {
        await register(registry, member);
        await voteBy(fixture, [member], candidate);
        await expect(registry.admit(candidate.address)).to.be.revertedWithCustomError(registry, "TooFewVotes");
      }
      await register(registry, members[2]!);
      await voteBy(fixture, [members[2]!], candidate);
      await registry.admit(candidate.address);
    });

    it("does not count a yes-voter that was removed before the execution", async () => {
      const fixture = await loadFixture(deployCandidate);
      const { registry, slashing, members, candidate } = fixture;
      await voteBy(fixture, members.slice(0, 3), candidate);
      await slashing.proveMessages(...messagesEvidence(members[0]!.key));
      expect(await registry.presentVotes(candidate.address)).to.equal(2);
      await expect(registry.admit(candidate.address))
        .to.be.revertedWithCustomError(registry, "TooFewVotes")
        .withArgs(candidate.address, 20_000, 20_000);
    });

    it("counts a yes-voter that left and returned", async () => {
      const fixture = await loadFixture(deployCandidate);
      const { registry, members, candidate } = fixture;
      await voteBy(fixture, members.slice(0, 3), candidate);
      await registry.connect(members[0]!.account).revoke();
      await expect(registry.admit(candidate.address)).to.be.revertedWithCustomError(registry, "TooFewVotes");
      await registry.connect(members[0]!.account).unjail();
      await registry.admit(candidate.address);
      expect((await registry.operatorOf(candidate.address)).status).to.equal(STATUS.active);
    });
  });

  describe("propose", () => {
    it("reverts when the caller is no candidate", async () => {
      const { registry, members } = await loadFixture(deployCandidate);
      await expect(registry.connect(members[0]!.account).propose())
        .to.be.revertedWithCustomError(registry, "NotACandidate")
        .withArgs(members[0]!.address);
    });

    it("reverts while the proposal is open", async () => {
      const { registry, candidate, expiresAt } = await loadFixture(deployCandidate);
      await at(expiresAt - 1n);
      await expect(registry.connect(candidate.account).propose())
        .to.be.revertedWithCustomError(registry, "ProposalOpen")
        .withArgs(candidate.address, expiresAt - 1n, expiresAt);
    });

    it("asks anew, without the old votes", async () => {
      const fixture = await loadFixture(deployCandidate);
      const { registry, members, candidate, expiresAt } = fixture;
      await voteBy(fixture, members.slice(0, 3), candidate);
      await at(expiresAt);
      await expect(registry.connect(candidate.account).propose())
        .to.emit(registry, "AdmissionProposed")
        .withArgs(candidate.address, expiresAt + VOTING);
      expect(await registry.presentVotes(candidate.address)).to.equal(0);
      await voteBy(fixture, members.slice(0, 2), candidate);
      await expect(registry.admit(candidate.address)).to.be.revertedWithCustomError(registry, "TooFewVotes");
      await voteBy(fixture, members.slice(2, 3), candidate);
      await registry.admit(candidate.address);
    });
  });

  it("closes a candidate that gives up, and frees its node 15 days later", async () => {
    const { registry, nodes, delegation, members, candidate } = await loadFixture(deployCandidate);
    await expect(registry.connect(candidate.account).revoke())
      .to.emit(registry, "StatusSet")
      .withArgs(candidate.address, STATUS.closed, ABSENCE.none);
    expect(await nodes.bondOf(candidate.address)).to.deep.equal([candidate.position, (await now()) + BOND]);
    expect((await delegation.poolOf(candidate.address)).closed).to.equal(true);
    await expect(registry.connect(members[0]!.account).vote(candidate.address)).to.be.revertedWithCustomError(
      registry,
      "NotACandidate",
    );
    await time.increase(1);
    await expect(register(registry, candidate))
      .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
      .withArgs(candidate.address, STATUS.closed, STATUS.none);
  });
});
