import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress, keccak256, solidityPacked, type Wallet } from "ethers";
import { sortSigners } from "../../protocol/quorum";
import type { ValidatorRegistry } from "../../typechain-types";
import { deploy, signDigest, signRotation, signerWallets } from "../crosschain/support";
import { STATE } from "../staking/support";
import {
  ABSENCE,
  ADMISSION_BPS,
  DAY,
  ENDPOINT,
  INTERVAL,
  REGISTRY_ROLE,
  RENEW_AFTER,
  SEATS,
  STATUS,
  TERMS,
  VALIDITY,
  VOTING,
  admit,
  at,
  claim,
  claimDigest,
  deployFull,
  deployPublished,
  deployRegistered,
  deployRegistry,
  highS,
  messagesEvidence,
  now,
  register,
  registration,
  registryParams,
  setBond,
  type Member,
} from "./support";

const fresh = (label: string): Wallet => signerWallets(1, label)[0]!;
const addresses = (keys: readonly Wallet[]): string[] => sortSigners(keys.map((key) => key.address));

describe("ValidatorRegistry", () => {
  describe("constructor", () => {
    type Params = Awaited<ReturnType<typeof registryParams>>;
    const make = async (
      change: { authority?: string; gateway?: string } & Partial<Params>,
    ): Promise<ValidatorRegistry> => {
      const { manager, gateway, nodes, delegation } = await loadFixture(deployRegistry);
      const { authority, gateway: target, ...params } = change;
      return deploy<ValidatorRegistry>("ValidatorRegistry", [
        authority ?? (await manager.getAddress()),
        target ?? (await gateway.getAddress()),
        { ...(await registryParams(nodes, delegation)), ...params },
      ]);
    };
    const nowhere = async () => ethers.getContractAt("ValidatorRegistry", ZeroAddress);

    for (const key of ["authority", "gateway", "nodes", "delegation"] as const) {
      it(`reverts when the ${key} has no code`, async () => {
        const account = fresh("nobody").address;
        const none = await nowhere();
        await expect(make({ [key]: account }))
          .to.be.revertedWithCustomError(none, "NotAContract")
          .withArgs(account);
      });
    }

    for (const [name, renewAfter] of [
      ["sooner than a changed one", INTERVAL - 1n],
      ["only after it ended", VALIDITY],
    ] as const) {
      it(`reverts when an unchanged set could be renewed ${name}`, async () => {
        const none = await nowhere();
        await expect(make({ renewAfter }))
          .to.be.revertedWithCustomError(none, "RenewalOutOfRange")
          .withArgs(renewAfter, INTERVAL, VALIDITY - 1n);
      });
    }

    for (const admissionBps of [4_999n, 10_000n]) {
      it(`reverts when an admission needs ${admissionBps} parts of 10,000`, async () => {
        const none = await nowhere();
        await expect(make({ admissionBps }))
          .to.be.revertedWithCustomError(none, "AdmissionShareOutOfRange")
          .withArgs(admissionBps, 5_000, 9_999);
      });
    }

    for (const votingSeconds of [0n, 90n * DAY + 1n]) {
      it(`reverts when a proposal is open for ${votingSeconds} seconds`, async () => {
        const none = await nowhere();
        await expect(make({ votingSeconds }))
          .to.be.revertedWithCustomError(none, "VotingPeriodOutOfRange")
          .withArgs(votingSeconds, 1, 90n * DAY);
      });
    }

    it("takes the limits of its parameters", async () => {
      for (const change of [
        { renewAfter: INTERVAL, admissionBps: 9_999n, votingSeconds: 1n },
        { renewAfter: VALIDITY - 1n, admissionBps: 5_000n, votingSeconds: 90n * DAY },
      ]) {
        const registry = await make(change);
        expect(await registry.RENEW_AFTER()).to.equal(change.renewAfter);
        expect(await registry.ADMISSION_BPS()).to.equal(change.admissionBps);
        expect(await registry.VOTING_SECONDS()).to.equal(change.votingSeconds);
      }
    });

    it("keeps what it was made with", async () => {
      const { registry, gateway, manager, nodes, delegation } = await loadFixture(deployRegistry);
      expect(await registry.authority()).to.equal(await manager.getAddress());
      expect(await registry.GATEWAY()).to.equal(await gateway.getAddress());
      expect(await registry.NODES()).to.equal(await nodes.getAddress());
      expect(await registry.DELEGATION()).to.equal(await delegation.getAddress());
      expect(await registry.RENEW_AFTER()).to.equal(RENEW_AFTER);
      expect(await registry.MIN_INTERVAL()).to.equal(INTERVAL);
      expect(await registry.MIN_SEATS()).to.equal(4);
      expect(await registry.ADMISSION_BPS()).to.equal(ADMISSION_BPS);
      expect(await registry.VOTING_SECONDS()).to.equal(VOTING);
    });
  });

  describe("register", () => {
    const setup = async () => {
      const fixture = await loadFixture(deployRegistry);
      const member = fixture.members[0]!;
      type Given = Awaited<ReturnType<typeof registration>>;
      const call = async (change: Partial<Given> = {}, as: Member = member) =>
        fixture.registry.connect(as.account).register({ ...(await registration(fixture.registry, as)), ...change });
      return { ...fixture, member, call };
    };

    it("reverts when the caller is registered", async () => {
      const { registry, member, call } = await setup();
      await call();
      await expect(call())
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(member.address, STATUS.active, STATUS.none);
    });

    it("reverts when the signer is zero", async () => {
      const { registry, call } = await setup();
      await expect(call({ signer: ZeroAddress })).to.be.revertedWithCustomError(registry, "ZeroSigner");
    });

    it("reverts when the signer belongs to another operator", async () => {
      const { registry, members, call } = await setup();
      const other = members[1]!;
      await register(registry, other);
      await expect(call({ signer: other.key.address }))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(other.key.address, other.address);
    });

    it("reverts when the key's consent was given to another operator", async () => {
      const { registry, members, member, call } = await setup();
      const consent = await claim(registry, members[1]!.address, member.key);
      await expect(call({ consent })).to.be.revertedWithCustomError(registry, "NotSignedBySigner");
    });

    it("reverts when another key consented", async () => {
      const { registry, member, call } = await setup();
      const other = fresh("other");
      const consent = signDigest(other, await claimDigest(registry, member.address, member.key.address));
      await expect(call({ consent }))
        .to.be.revertedWithCustomError(registry, "NotSignedBySigner")
        .withArgs(other.address, member.key.address);
    });

    it("reverts when the consent was given to another registry", async () => {
      const { registry, manager, gateway, nodes, delegation, member, call } = await setup();
      const other = await deploy<ValidatorRegistry>("ValidatorRegistry", [
        await manager.getAddress(),
        await gateway.getAddress(),
        await registryParams(nodes, delegation),
      ]);
      const consent = await claim(other, member.address, member.key);
      await expect(call({ consent })).to.be.revertedWithCustomError(registry, "NotSignedBySigner");
    });

    it("reverts when the consent has a high s or another length", async () => {
      const { registry, member, call } = await setup();
      const consent = await claim(registry, member.address, member.key);
      for (const bad of [highS(consent), `${consent}00`, consent.slice(0, -2), "0x"]) {
        await expect(call({ consent: bad }))
          .to.be.revertedWithCustomError(registry, "NotSignedBySigner")
          .withArgs(ZeroAddress, member.key.address);
      }
    });

    it("reverts when the payout is zero", async () => {
      const { registry, call } = await setup();
      await expect(call({ payout: ZeroAddress })).to.be.revertedWithCustomError(registry, "ZeroPayout");
    });

    for (const length of [0, 257]) {
      it(`reverts when the endpoint has ${length} bytes`, async () => {
        const { registry, call } = await setup();
        await expect(call({ endpoint: "a".repeat(length) }))
          .to.be.revertedWithCustomError(registry, "EndpointLengthOutOfRange")
          .withArgs(length, 1, 256);
      });
    }

    it("reverts when the node is another owner's", async () => {
      const { nodes, members, member, call } = await setup();
      const { position } = members[1]!;
      await expect(call({ position }))
        .to.be.revertedWithCustomError(nodes, "NotPositionOwner")
        .withArgs(member.address, members[1]!.address);
    });

    it("reverts when the node is cellular", async () => {
      const { nodes, admin, member, members, call } = await setup();
      // The one that opened core nodes to everyone.
      const position = BigInt(members.length) + 1n;
      const owner = { ...member, account: admin, address: await admin.getAddress(), position };
      await expect(call({}, owner)).to.be.revertedWithCustomError(nodes, "NotCore").withArgs(position);
    });

    it("reverts when the node was paid out", async () => {
      const { nodes, member, call } = await setup();
      const { position } = member;
      await time.increaseTo(await nodes.withdrawableAt(position));
      await nodes.connect(member.account).withdraw(position, member.address);
      await expect(call())
        .to.be.revertedWithCustomError(nodes, "WrongNodeState")
        .withArgs(position, STATE.withdrawn, STATE.held);
    });

    it("reverts when its commission exceeds the most that it may ever be", async () => {
      const { delegation, call } = await setup();
      await expect(call({ commissionBps: TERMS.maxCommissionBps + 1n }))
        .to.be.revertedWithCustomError(delegation, "CommissionOutOfRange")
        .withArgs(TERMS.maxCommissionBps + 1n, TERMS.maxCommissionBps);
    });

    it("makes a genesis operator a member, with its key, its node and its bond", async () => {
      const { registry, nodes, delegation, member, call } = await setup();
      const endpoint = "a".repeat(256);
      const sent = call({ endpoint });
      await expect(sent).to.emit(registry, "OperatorRegistered").withArgs(member.address, member.position);
      await expect(sent).to.emit(registry, "SignerChanged").withArgs(member.address, member.key.address);
      await expect(sent).to.emit(registry, "PayoutSet").withArgs(member.address, member.payout);
      await expect(sent).to.emit(registry, "EndpointSet").withArgs(member.address, endpoint);
      await expect(sent).to.emit(registry, "StatusSet").withArgs(member.address, STATUS.active, ABSENCE.none);
      await expect(sent).to.not.emit(registry, "AdmissionProposed");
      expect(await registry.operatorOf(member.address)).to.deep.equal([
        STATUS.active,
        ABSENCE.none,
        0n,
        member.key.address,
        member.payout,
        endpoint,
      ]);
      expect(await registry.keyOf(member.key.address)).to.deep.equal([member.address, 1n]);
      expect(await registry.operators()).to.deep.equal([member.address]);
      expect(await registry.activeOperators()).to.deep.equal([member.address]);
      expect(await registry.activeSigners()).to.deep.equal([member.key.address]);
      expect(await registry.members()).to.equal(1);
      expect(await nodes.boundPosition(member.address)).to.equal(member.position);
      const { opened, closed, maxCommissionBps, maxChangeBps, commissionBps } = await delegation.poolOf(member.address);
      expect([opened, closed]).to.deep.equal([true, false]);
      expect([maxCommissionBps, maxChangeBps, commissionBps]).to.deep.equal([
        TERMS.maxCommissionBps,
        TERMS.maxChangeBps,
        TERMS.commissionBps,
      ]);
      expect(await registry.signerClaimDigest(member.address, member.key.address)).to.equal(
        await claimDigest(registry, member.address, member.key.address),
      );
    });

    it("makes anyone else a candidate with an open proposal", async () => {
      const { registry, nodes, others, call } = await setup();
      const other = others[0]!;
      const timestamp = (await now()) + 5n;
      await at(timestamp);
      const sent = call({}, other);
      await expect(sent)
        .to.emit(registry, "AdmissionProposed")
        .withArgs(other.address, timestamp + VOTING);
      expect((await registry.operatorOf(other.address)).status).to.equal(STATUS.candidate);
      expect(await registry.proposalOf(other.address)).to.deep.equal([timestamp + VOTING, []]);
      expect(await registry.members()).to.equal(0);
      expect(await registry.activeSigners()).to.deep.equal([]);
      expect(await nodes.boundPosition(other.address)).to.equal(other.position);
    });
  });

  describe("setSigner, setPayout, setEndpoint", () => {
    it("reverts when the caller is not registered, closed or slashed", async () => {
      const { registry, slashing, members, others } = await loadFixture(deployPublished);
      const [never, closed, slashed] = [others[0]!, members[0]!, members[1]!];
      await registry.connect(closed.account).revoke();
      await time.increaseTo(await registry.closableAt(closed.address));
      await registry.close(closed.address);
      await slashing.proveMessages(...messagesEvidence(slashed.key));
      for (const [member, status] of [
        [never, STATUS.none],
        [closed, STATUS.closed],
        [slashed, STATUS.slashed],
      ] as const) {
        const as = registry.connect(member.account);
        for (const attempt of [
          () => as.setSigner(fresh("key").address, "0x"),
          () => as.setPayout(member.address),
          () => as.setEndpoint(ENDPOINT),
        ]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(registry, "NotRegistered")
            .withArgs(member.address, status);
        }
      }
    });

    it("refuses the zero key, a key in use, a retired key and one without consent", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const [member, other] = members;
      const as = registry.connect(member!.account);
      await expect(as.setSigner(ZeroAddress, "0x")).to.be.revertedWithCustomError(registry, "ZeroSigner");
      await expect(as.setSigner(other!.key.address, "0x"))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(other!.key.address, other!.address);
      const key = fresh("second");
      await expect(as.setSigner(key.address, "0x"))
        .to.be.revertedWithCustomError(registry, "NotSignedBySigner")
        .withArgs(ZeroAddress, key.address);
      await as.setSigner(key.address, await claim(registry, member!.address, key));
      const back = await claim(registry, member!.address, member!.key);
      await expect(as.setSigner(member!.key.address, back))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(member!.key.address, member!.address);
    });

    it("keeps a key with its operator after the operator left", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const [member, other] = members;
      await registry.connect(member!.account).revoke();
      const consent = await claim(registry, other!.address, member!.key);
      await expect(registry.connect(other!.account).setSigner(member!.key.address, consent))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(member!.key.address, member!.address);
    });

    it("replaces a key from the next epoch on", async () => {
      const { registry, gateway, members } = await loadFixture(deployPublished);
      const member = members[2]!;
      const key = fresh("second");
      const consent = await claim(registry, member.address, key);
      await expect(registry.connect(member.account).setSigner(key.address, consent))
        .to.emit(registry, "SignerChanged")
        .withArgs(member.address, key.address);
      expect(await gateway.signersOf(1)).to.include(member.key.address);
      expect(await registry.keyOf(member.key.address)).to.deep.equal([member.address, 1n]);

      await time.increase(INTERVAL);
      await registry.publishEpoch();
      const keys = members.map((one) => (one === member ? key : one.key));
      expect(await gateway.signersOf(2)).to.deep.equal(addresses(keys));
      expect(await registry.keyOf(member.key.address)).to.deep.equal([member.address, 1n]);
      expect(await registry.keyOf(key.address)).to.deep.equal([member.address, 2n]);
    });

    it("never seats a key that was replaced before an epoch", async () => {
      const { registry, gateway, members } = await loadFixture(deployPublished);
      const member = members[0]!;
      const [second, third] = [fresh("second"), fresh("third")];
      for (const key of [second, third]) {
        await registry.connect(member.account).setSigner(key.address, await claim(registry, member.address, key));
      }
      await time.increase(INTERVAL);
      await registry.publishEpoch();
      expect(await gateway.signersOf(2))
        .to.include(third.address)
        .and.not.include(second.address);
      expect((await registry.epochRecord(2)).signers).to.not.include(second.address);
    });

    it("replaces the key of an operator without a seat, for when it has one", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const member = members[4]!;
      const as = registry.connect(member.account);
      await as.revoke();
      const key = fresh("second");
      await as.setSigner(key.address, await claim(registry, member.address, key));
      expect(await registry.activeSigners()).to.deep.equal(addresses(members.slice(0, 4).map((one) => one.key)));
      await as.unjail();
      expect(await registry.activeSigners())
        .to.include(key.address)
        .and.not.include(member.key.address);
    });

    it("changes payout and endpoint", async () => {
      const { registry, members, stranger } = await loadFixture(deployRegistered);
      const member = members[0]!;
      const as = registry.connect(member.account);
      await expect(as.setPayout(ZeroAddress)).to.be.revertedWithCustomError(registry, "ZeroPayout");
      await expect(as.setEndpoint("")).to.be.revertedWithCustomError(registry, "EndpointLengthOutOfRange");
      const payout = await stranger.getAddress();
      await expect(as.setPayout(payout)).to.emit(registry, "PayoutSet").withArgs(member.address, payout);
      await expect(as.setEndpoint("http://a")).to.emit(registry, "EndpointSet").withArgs(member.address, "http://a");
      const record = await registry.operatorOf(member.address);
      expect([record.payout, record.endpoint]).to.deep.equal([payout, "http://a"]);
    });
  });

  describe("publishEpoch", () => {
    it("reverts below the gateway's smallest set", async () => {
      const { registry, members } = await loadFixture(deployRegistry);
      for (const member of members.slice(0, 3)) await register(registry, member);
      await expect(registry.publishEpoch()).to.be.revertedWithCustomError(registry, "TooFewOperators").withArgs(3, 4);
    });

    it("reverts while the registry has no role at the gateway", async () => {
      const { registry, gateway, manager } = await loadFixture(deployRegistered);
      await manager.revokeRole(REGISTRY_ROLE, await registry.getAddress());
      await expect(registry.publishEpoch()).to.be.revertedWithCustomError(gateway, "AccessManagedUnauthorized");
    });

    it("installs the first set at once, ascending and valid for 7 days", async () => {
      const { registry, gateway, members, stranger } = await loadFixture(deployRegistered);
      const signers = addresses(members.map((member) => member.key));
      expect(await registry.publishableFrom()).to.equal(0);
      const timestamp = (await now()) + 10n;
      await at(timestamp);
      const sent = registry.connect(stranger).publishEpoch();
      const setHash = keccak256(solidityPacked(["address[]"], [signers]));
      await expect(sent)
        .to.emit(registry, "EpochPublished")
        .withArgs(1, timestamp + VALIDITY, setHash);
      await expect(sent)
        .to.emit(gateway, "EpochRotated")
        .withArgs(1, timestamp + VALIDITY, signers);
      expect(await registry.latestEpoch()).to.equal(1);
      expect(await registry.epochRecord(1)).to.deep.equal([timestamp + VALIDITY, signers]);
      expect(await registry.keyOf(signers[0]!)).to.deep.equal([
        members.find(({ key }) => key.address === signers[0])!.address,
        1n,
      ]);
      expect(await registry.publishableFrom()).to.equal(timestamp + RENEW_AFTER);
    });

    it("renews an unchanged set at RENEW_AFTER and not a second before", async () => {
      const { registry, gateway, members } = await loadFixture(deployPublished);
      const earliest = (await now()) + RENEW_AFTER;
      await at(earliest - 1n);
      await expect(registry.publishEpoch())
        .to.be.revertedWithCustomError(registry, "PublishedTooEarly")
        .withArgs(earliest - 1n, earliest);
      await at(earliest);
      await registry.publishEpoch();
      expect(await gateway.currentEpoch()).to.equal(2);
      expect(await registry.keyOf(members[0]!.key.address)).to.deep.equal([members[0]!.address, 1n]);
    });

    it("publishes a changed set after the gateway's rotation delay and not a second before", async () => {
      const { registry, gateway, members } = await loadFixture(deployPublished);
      const earliest = (await now()) + INTERVAL;
      await registry.connect(members[0]!.account).revoke();
      expect(await registry.publishableFrom()).to.equal(earliest);
      await at(earliest - 1n);
      await expect(registry.publishEpoch())
        .to.be.revertedWithCustomError(registry, "PublishedTooEarly")
        .withArgs(earliest - 1n, earliest);
      await at(earliest);
      await registry.publishEpoch();
      expect(await gateway.signersOf(2)).to.deep.equal(addresses(members.slice(1).map((member) => member.key)));
    });

    it("keeps the validity of a replaced epoch, which the gateway shortens", async () => {
      const { registry, gateway, members } = await loadFixture(deployPublished);
      const before = await registry.epochRecord(1);
      await registry.connect(members[0]!.account).revoke();
      await time.increase(INTERVAL);
      await registry.publishEpoch();
      expect(await gateway.epochValidUntil(1)).to.be.lessThan(before.validUntil);
      expect(await registry.epochRecord(1)).to.deep.equal(before);
    });

    it("follows an epoch that others installed at the gateway, after the rotation delay", async () => {
      const { registry, gateway, members, home } = await loadFixture(deployPublished);
      const published = await now();
      const rotation = {
        epoch: 7n,
        validUntil: published + DAY,
        signers: addresses(signerWallets(4, "another set")),
      };
      await time.increase(INTERVAL);
      const proof = signRotation(
        members.map((member) => member.key),
        rotation,
        home,
      );
      await gateway.rotate({ ...rotation, signers: [...rotation.signers] }, proof.signers, proof.signatures);
      expect(await registry.publishableFrom()).to.equal(published + INTERVAL);
      await registry.publishEpoch();
      expect(await gateway.currentEpoch()).to.equal(8);
      expect(await registry.latestEpoch()).to.equal(8);
      expect(await registry.epochRecord(7)).to.deep.equal([0n, []]);
    });

    it("publishes at once where the latest set holds a slashed key", async () => {
      const { registry, slashing, gateway, members } = await loadFixture(deployPublished);
      await slashing.proveMessages(...messagesEvidence(members[1]!.key));
      expect(await registry.publishableFrom()).to.equal(0);
      await registry.publishEpoch();
      expect(await gateway.signersOf(2)).to.not.include(members[1]!.key.address);
      const earliest = (await now()) + RENEW_AFTER;
      expect(await registry.publishableFrom()).to.equal(earliest);
    });
  });

  describe("takeSeat", () => {
    it("reverts when the operator is not on standby", async () => {
      const { registry, members, others } = await loadFixture(deployFull);
      for (const [operator, status] of [
        [members[0]!, STATUS.active],
        [others[0]!, STATUS.none],
      ] as const) {
        await expect(registry.takeSeat(operator.address))
          .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
          .withArgs(operator.address, status, STATUS.standby);
      }
    });

    it("admits to standby where all 21 seats are taken", async () => {
      const fixture = await loadFixture(deployFull);
      const { registry, others } = fixture;
      await admit(fixture, others[0]!);
      expect((await registry.operatorOf(others[0]!.address)).status).to.equal(STATUS.standby);
      expect(await registry.members()).to.equal(SEATS + 1);
      expect(await registry.nextToSeat()).to.equal(ZeroAddress);
    });

    it("leaves a member on standby its vote, and its leaving changes no set", async () => {
      const fixture = await loadFixture(deployFull);
      const { registry, others } = fixture;
      const [standby, candidate] = [others[0]!, others[1]!];
      await admit(fixture, standby);
      await register(registry, candidate);
      const as = registry.connect(standby.account);
      await expect(as.vote(candidate.address))
        .to.emit(registry, "AdmissionVoted")
        .withArgs(candidate.address, standby.address);
      expect(await registry.presentVotes(candidate.address)).to.equal(1);

      const [signers, publishableFrom] = [await registry.activeSigners(), await registry.publishableFrom()];
      await expect(as.revoke())
        .to.emit(registry, "StatusSet")
        .withArgs(standby.address, STATUS.inactive, ABSENCE.revoked);
      expect(await registry.members()).to.equal(SEATS);
      expect(await registry.presentVotes(candidate.address)).to.equal(0);
      expect(await registry.activeSigners()).to.deep.equal(signers);
      expect(await registry.publishableFrom()).to.equal(publishableFrom);
    });

    it("keeps the incumbent at a tie for seat 21", async () => {
      const fixture = await loadFixture(deployFull);
      const { registry, others } = fixture;
      await admit(fixture, others[0]!);
      await setBond(fixture, others[0]!, 80n);
      expect(await registry.nextToSeat()).to.equal(ZeroAddress);
      await expect(registry.takeSeat(others[0]!.address))
        .to.be.revertedWithCustomError(registry, "NotOutranking")
        .withArgs(others[0]!.address, 80, 80);
    });

    it("gives the weakest incumbent's seat to a greater bond, and standby to the incumbent, which may come back", async () => {
      const fixture = await loadFixture(deployFull);
      const { registry, gateway, members, others, stranger } = fixture;
      const [weakest, other] = [members[20]!, others[0]!];
      await admit(fixture, other);
      for (const [index, member] of members.entries()) await setBond(fixture, member, BigInt(200 - 2 * index));
      await setBond(fixture, other, 161n);
      expect(await registry.nextToSeat()).to.equal(other.address);
      const sent = registry.connect(stranger).takeSeat(other.address);
      await expect(sent).to.emit(registry, "StatusSet").withArgs(weakest.address, STATUS.standby, ABSENCE.none);
      await expect(sent).to.emit(registry, "StatusSet").withArgs(other.address, STATUS.active, ABSENCE.none);
      expect(await registry.members()).to.equal(SEATS + 1);
      expect((await registry.activeOperators()).includes(other.address)).to.equal(true);
      expect(await registry.activeSigners()).to.not.include(weakest.key.address);

      // Outranked means standby, never closed.
      await setBond(fixture, weakest, 163n);
      expect(await registry.nextToSeat()).to.equal(weakest.address);
      await registry.takeSeat(weakest.address);
      expect((await registry.operatorOf(other.address)).status).to.equal(STATUS.standby);
      await time.increase(INTERVAL);
      await registry.publishEpoch();
      expect(await gateway.signersOf(2)).to.deep.equal(addresses(members.map(({ key }) => key)));
    });

    it("takes among equally weak incumbents the one with the highest key", async () => {
      const fixture = await loadFixture(deployFull);
      const { registry, members, others } = fixture;
      await admit(fixture, others[0]!);
      const equals = [members[3]!, members[12]!, members[7]!];
      for (const member of equals) await setBond(fixture, member, 5n);
      await setBond(fixture, others[0]!, 6n);
      await registry.takeSeat(others[0]!.address);
      const [last] = equals.sort((a, b) => (BigInt(a.key.address) < BigInt(b.key.address) ? 1 : -1));
      expect((await registry.operatorOf(last!.address)).status).to.equal(STATUS.standby);
    });

    it("finds the weakest incumbent also where it has the lowest or the highest key", async () => {
      const fixture = await loadFixture(deployFull);
      const { registry, members, others } = fixture;
      await admit(fixture, others[0]!);
      const ascending = [...members].sort((a, b) => (BigInt(a.key.address) < BigInt(b.key.address) ? -1 : 1));
      const [lowest, highest] = [ascending[0]!, ascending[SEATS - 1]!];
      for (const [entering, weakest] of [
        [others[0]!, lowest],
        [lowest, highest],
      ] as const) {
        await setBond(fixture, weakest, 5n);
        await setBond(fixture, entering, 6n);
        await registry.takeSeat(entering.address);
        expect((await registry.operatorOf(weakest.address)).status).to.equal(STATUS.standby);
        expect((await registry.operatorOf(entering.address)).status).to.equal(STATUS.active);
      }
    });

    it("gives a free seat to anyone on standby, and names the greatest bond first", async () => {
      const fixture = await loadFixture(deployFull);
      const { registry, members, others } = fixture;
      await admit(fixture, others[0]!);
      await admit(fixture, others[1]!);
      await registry.connect(members[0]!.account).revoke();
      expect(await registry.nextToSeat()).to.equal(others[0]!.address);
      await setBond(fixture, others[1]!, 1n);
      expect(await registry.nextToSeat()).to.equal(others[1]!.address);
      await registry.takeSeat(others[0]!.address);
      expect((await registry.operatorOf(others[0]!.address)).status).to.equal(STATUS.active);
      // Nobody had to go, the zero address neither.
      expect((await registry.operatorOf(ZeroAddress)).status).to.equal(STATUS.none);
      // Whoever came first, the greater bond takes it from there.
      expect(await registry.nextToSeat()).to.equal(others[1]!.address);
      // Who returns finds no seat, and takes one by its bond.
      await registry.connect(members[0]!.account).unjail();
      expect((await registry.operatorOf(members[0]!.address)).status).to.equal(STATUS.standby);
      expect(await registry.nextToSeat()).to.equal(members[0]!.address);
      await registry.takeSeat(members[0]!.address);
      expect((await registry.operatorOf(others[0]!.address)).status).to.equal(STATUS.standby);
    });

    it("keeps the seats ascending by key, whoever comes and goes", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const seated = new Set(members);
      for (const index of [1, 4, 1, 0, 3, 2, 0, 4]) {
        const member = members[index]!;
        const as = registry.connect(member.account);
        if (seated.delete(member)) await as.revoke();
        else await as.unjail().then(() => seated.add(member));
        const signers = addresses([...seated].map(({ key }) => key));
        expect(await registry.activeSigners()).to.deep.equal(signers);
        expect(await registry.activeOperators()).to.deep.equal(
          signers.map((signer) => members.find(({ key }) => key.address === signer)!.address),
        );
      }
    });

    it("is open after the rotation delay where a seat changed, back and forth as well", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const published = await now();
      const as = registry.connect(members[0]!.account);
      await as.revoke();
      await as.unjail();
      expect(await registry.publishableFrom()).to.equal(published + INTERVAL);
    });
  });
});
