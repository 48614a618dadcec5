import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { signerWallets } from "../crosschain/support";
import { BOND } from "../staking/support";
import {
  ABSENCE,
  DAY,
  DEPOSIT,
  INTERVAL,
  REGISTRY_ROLE,
  RETURN,
  STATUS,
  at,
  claim,
  deployPublished,
  deployRegistered,
  now,
  setBond,
  type RegistryFixture,
} from "./support";

async function deployRevoked(): Promise<RegistryFixture & { since: bigint }> {
  const fixture = await deployPublished();
  await fixture.registry.connect(fixture.members[0]!.account).revoke();
  return { ...fixture, since: await now() };
}

describe("ValidatorRegistry, status", () => {
  describe("revoke, jail, jailMissing", () => {
    it("reverts when the operator is no member", async () => {
      const { registry, members, stranger } = await loadFixture(deployRevoked);
      const [gone, never] = [members[0]!, await stranger.getAddress()];
      await expect(registry.connect(gone.account).revoke())
        .to.be.revertedWithCustomError(registry, "NotAMember")
        .withArgs(gone.address);
      await expect(registry.connect(stranger).revoke())
        .to.be.revertedWithCustomError(registry, "NotAMember")
        .withArgs(never);
      await expect(registry.jail(gone.address))
        .to.be.revertedWithCustomError(registry, "NotAMember")
        .withArgs(gone.address);
      await expect(registry.jailMissing(never)).to.be.revertedWithCustomError(registry, "NotAMember").withArgs(never);
    });

    it("reverts when the caller may not jail", async () => {
      const { registry, members, stranger } = await loadFixture(deployPublished);
      const as = registry.connect(stranger);
      for (const jail of [as.jail, as.jailMissing]) {
        await expect(jail(members[0]!.address))
          .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
          .withArgs(await stranger.getAddress());
      }
    });

    it("takes a seat, a vote and nothing else", async () => {
      const fixture = await loadFixture(deployPublished);
      const { registry, nodes, delegation, members } = fixture;
      for (const member of members.slice(0, 3)) await setBond(fixture, member, 10_000n);
      for (const [index, absence, leave, bond] of [
        [0, ABSENCE.revoked, () => registry.connect(members[0]!.account).revoke(), 10_000n],
        [1, ABSENCE.jailed, () => registry.jail(members[1]!.address), 10_000n],
        [2, ABSENCE.missed, () => registry.jailMissing(members[2]!.address), 9_999n],
      ] as const) {
        const { address, key, position } = members[index]!;
        await expect(leave()).to.emit(registry, "StatusSet").withArgs(address, STATUS.inactive, absence);
        const record = await registry.operatorOf(address);
        expect([record.status, record.absence, record.inactiveSince]).to.deep.equal([
          STATUS.inactive,
          absence,
          await now(),
        ]);
        expect(await registry.members()).to.equal(4 - index);
        expect(await registry.activeSigners()).to.not.include(key.address);
        expect(await delegation.bondOf(address)).to.equal(bond);
        expect(await nodes.principalOf(position)).to.equal(DEPOSIT);
        expect(await nodes.boundPosition(address)).to.equal(position);
      }
    });
  });

  describe("unjail", () => {
    it("reverts when the caller is not inactive", async () => {
      const { registry, members, stranger } = await loadFixture(deployRevoked);
      await expect(registry.connect(members[1]!.account).unjail())
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(members[1]!.address, STATUS.active, STATUS.inactive);
      await expect(registry.connect(stranger).unjail()).to.be.revertedWithCustomError(registry, "WrongOperatorStatus");
    });

    it("reverts 28,800 seconds after", async () => {
      const { registry, members, since } = await loadFixture(deployRevoked);
      await at(since + RETURN);
      await expect(registry.connect(members[0]!.account).unjail())
        .to.be.revertedWithCustomError(registry, "ReturnTooLate")
        .withArgs(since + RETURN, since + RETURN);
    });

    it("returns to a seat in the last second", async () => {
      const { registry, members, since } = await loadFixture(deployRevoked);
      await at(since + RETURN - 1n);
      await expect(registry.connect(members[0]!.account).unjail())
        .to.emit(registry, "StatusSet")
        .withArgs(members[0]!.address, STATUS.active, ABSENCE.revoked);
      expect((await registry.operatorOf(members[0]!.address)).status).to.equal(STATUS.active);
      expect(await registry.activeSigners()).to.include(members[0]!.key.address);
      expect(await registry.members()).to.equal(5);
      expect(await registry.closableAt(members[0]!.address)).to.equal(0);
    });
  });

  describe("close", () => {
    it("reverts when the operator is not inactive", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      await expect(registry.close(members[0]!.address))
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(members[0]!.address, STATUS.active, STATUS.inactive);
    });

    it("closes after exactly 28,800 seconds, whoever calls, and not a second before", async () => {
      const { registry, nodes, delegation, members, stranger, since } = await loadFixture(deployRevoked);
      const { address } = members[0]!;
      await time.increase(INTERVAL);
      await registry.publishEpoch();
      expect(await registry.closableAt(address)).to.equal(since + RETURN);
      await at(since + RETURN - 1n);
      await expect(registry.close(address))
        .to.be.revertedWithCustomError(registry, "CloseTooEarly")
        .withArgs(since + RETURN - 1n, since + RETURN);
      await at(since + RETURN);
      await expect(registry.connect(stranger).close(address))
        .to.emit(registry, "StatusSet")
        .withArgs(address, STATUS.closed, ABSENCE.revoked);
      expect(await nodes.bondOf(address)).to.deep.equal([members[0]!.position, since + RETURN + BOND]);
      expect((await delegation.poolOf(address)).closed).to.equal(true);
      await expect(registry.close(address))
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(address, STATUS.closed, STATUS.inactive);
    });

    it("waits for the end of the latest set while it holds the operator's key", async () => {
      const { registry, members } = await loadFixture(deployRevoked);
      const { address } = members[0]!;
      const { validUntil } = await registry.epochRecord(1);
      expect(await registry.closableAt(address)).to.equal(validUntil);
      await at(validUntil - 1n);
      await expect(registry.close(address))
        .to.be.revertedWithCustomError(registry, "CloseTooEarly")
        .withArgs(validUntil - 1n, validUntil);
      await at(validUntil);
      await registry.close(address);
    });

    it("waits for a replaced key as well", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const member = members[0]!;
      const as = registry.connect(member.account);
      const key = signerWallets(1, "second")[0]!;
      await as.setSigner(key.address, await claim(registry, member.address, key));
      await as.revoke();
      const { validUntil } = await registry.epochRecord(1);
      expect(await registry.closableAt(member.address)).to.equal(validUntil);
    });

    it("waits for no set where the operator was in none", async () => {
      const { registry, members } = await loadFixture(deployRegistered);
      const { address, account } = members[0]!;
      await registry.connect(account).revoke();
      expect(await registry.closableAt(address)).to.equal((await now()) + RETURN);
    });

    it("needs no role, no publication and no lane", async () => {
      const { registry, gateway, manager, admin, members } = await loadFixture(deployRevoked);
      await manager.grantRole(REGISTRY_ROLE, await admin.getAddress(), 0);
      await gateway.pauseAll();
      await manager.revokeRole(REGISTRY_ROLE, await registry.getAddress());
      await manager.setTargetClosed(await registry.getAddress(), true);
      await time.increase(8n * DAY);
      await registry.close(members[0]!.address);
      expect((await registry.operatorOf(members[0]!.address)).status).to.equal(STATUS.closed);
    });
  });
});
