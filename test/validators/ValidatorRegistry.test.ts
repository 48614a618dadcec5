import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress, keccak256, solidityPacked, type Wallet } from "ethers";
import { sortSigners } from "../../protocol/quorum";
import type { OperatorMock, ValidatorRegistry } from "../../typechain-types";
import { deploy, signDigest, signRotation, signerWallets } from "../crosschain/support";
import {
  DAY,
  DEPOSIT,
  ENDPOINT,
  INTERVAL,
  REGISTRY_ROLE,
  RENEW_AFTER,
  STATUS,
  STILL,
  UNBONDING,
  VALIDITY,
  at,
  claim,
  claimDigest,
  deployPublished,
  deployRegistered,
  deployRegistry,
  grantGateway,
  highS,
  messagesEvidence,
  now,
  register,
  type RegistryFixture,
} from "./support";

const fresh = (label: string): Wallet => signerWallets(1, label)[0]!;
const addresses = (keys: readonly Wallet[]): string[] => sortSigners(keys.map((key) => key.address));

describe("ValidatorRegistry", () => {
  describe("constructor", () => {
    const make = async (
      change: { authority?: string; gateway?: string } & Partial<Record<"deposit" | "renewAfter", bigint>> & {
          treasury?: string;
          genesisOperators?: string[];
        },
    ): Promise<ValidatorRegistry> => {
      const { manager, gateway, members, treasury } = await loadFixture(deployRegistry);
      const { authority, gateway: at, ...params } = change;
      return deploy<ValidatorRegistry>("ValidatorRegistry", [
        authority ?? (await manager.getAddress()),
        at ?? (await gateway.getAddress()),
        {
          deposit: DEPOSIT,
          treasury,
          renewAfter: RENEW_AFTER,
          genesisOperators: members.map((member) => member.address),
          ...params,
        },
      ]);
    };
    const none = async () => ethers.getContractAt("ValidatorRegistry", ZeroAddress);

    it("reverts when the authority has no code", async () => {
      const account = fresh("nobody").address;
      await expect(make({ authority: account }))
        .to.be.revertedWithCustomError(await none(), "NotAContract")
        .withArgs(account);
    });

    it("reverts when the gateway has no code", async () => {
      const account = fresh("nobody").address;
      await expect(make({ gateway: account }))
        .to.be.revertedWithCustomError(await none(), "NotAContract")
        .withArgs(account);
    });

    it("reverts when the deposit is zero", async () => {
      await expect(make({ deposit: 0n })).to.be.revertedWithCustomError(await none(), "ZeroDeposit");
    });

    it("reverts when an unchanged set could be renewed sooner than a changed one", async () => {
      await expect(make({ renewAfter: INTERVAL - 1n }))
        .to.be.revertedWithCustomError(await none(), "RenewalOutOfRange")
        .withArgs(INTERVAL - 1n, INTERVAL, VALIDITY - 1n);
    });

    it("reverts when an unchanged set could be renewed only after it ended", async () => {
      await expect(make({ renewAfter: VALIDITY }))
        .to.be.revertedWithCustomError(await none(), "RenewalOutOfRange")
        .withArgs(VALIDITY, INTERVAL, VALIDITY - 1n);
    });

    it("reverts when the genesis operators are fewer than the gateway's smallest set", async () => {
      const few = signerWallets(3).map((wallet) => wallet.address);
      await expect(make({ genesisOperators: few }))
        .to.be.revertedWithCustomError(await none(), "OperatorCountOutOfRange")
        .withArgs(3, 4, 21);
    });

    it("reverts when the genesis operators are more than the seats of a set", async () => {
      const many = signerWallets(22).map((wallet) => wallet.address);
      await expect(make({ genesisOperators: many }))
        .to.be.revertedWithCustomError(await none(), "OperatorCountOutOfRange")
        .withArgs(22, 4, 21);
    });

    it("reverts when a genesis operator is zero", async () => {
      const list = [...signerWallets(4).map((wallet) => wallet.address), ZeroAddress];
      await expect(make({ genesisOperators: list }))
        .to.be.revertedWithCustomError(await none(), "InvalidGenesisOperator")
        .withArgs(4, ZeroAddress);
    });

    it("reverts when a genesis operator is named twice", async () => {
      const list = signerWallets(4).map((wallet) => wallet.address);
      list.push(list[1]!);
      await expect(make({ genesisOperators: list }))
        .to.be.revertedWithCustomError(await none(), "InvalidGenesisOperator")
        .withArgs(4, list[1]);
    });

    it("reverts when the treasury is zero", async () => {
      await expect(make({ treasury: ZeroAddress })).to.be.revertedWithCustomError(await none(), "ZeroTreasury");
    });

    it("keeps what it was made with", async () => {
      const { registry, gateway, manager, members, treasury, stranger } = await loadFixture(deployRegistry);
      expect(await registry.authority()).to.equal(await manager.getAddress());
      expect(await registry.GATEWAY()).to.equal(await gateway.getAddress());
      expect(await registry.DEPOSIT()).to.equal(DEPOSIT);
      expect(await registry.RENEW_AFTER()).to.equal(RENEW_AFTER);
      expect(await registry.MIN_INTERVAL()).to.equal(INTERVAL);
      expect(await registry.treasury()).to.equal(treasury);
      expect(await registry.isGenesisOperator(members[0]!.address)).to.equal(true);
      expect(await registry.isGenesisOperator(await stranger.getAddress())).to.equal(false);
    });
  });

  describe("register", () => {
    const setup = async () => {
      const fixture = await loadFixture(deployRegistry);
      const member = fixture.members[0]!;
      const call = (change: { signer?: string; payout?: string; endpoint?: string; proof?: string; value?: bigint }) =>
        claim(fixture.registry, member.address, member.key).then((proof) =>
          fixture.registry
            .connect(member.account)
            .register(
              change.signer ?? member.key.address,
              change.payout ?? member.payout,
              change.endpoint ?? ENDPOINT,
              change.proof ?? proof,
              { value: change.value ?? DEPOSIT },
            ),
        );
      return { ...fixture, member, call };
    };

    it("reverts when the caller is no genesis operator", async () => {
      const { registry, stranger, member } = await setup();
      const caller = await stranger.getAddress();
      const proof = await claim(registry, caller, member.key);
      const attempt = registry
        .connect(stranger)
        .register(member.key.address, member.payout, ENDPOINT, proof, { value: DEPOSIT });
      await expect(attempt).to.be.revertedWithCustomError(registry, "NotGenesisOperator").withArgs(caller);
    });

    it("reverts when the caller is registered", async () => {
      const { registry, member, call } = await setup();
      await call({});
      await expect(call({}))
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(member.address, STATUS.active, STATUS.none);
    });

    for (const [name, value] of [
      ["a wei less", DEPOSIT - 1n],
      ["a wei more", DEPOSIT + 1n],
    ] as const) {
      it(`reverts when the value is ${name} than the deposit`, async () => {
        const { registry, call } = await setup();
        await expect(call({ value })).to.be.revertedWithCustomError(registry, "WrongDeposit").withArgs(value, DEPOSIT);
      });
    }

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
      const proof = await claim(registry, members[1]!.address, member.key);
      await expect(call({ proof })).to.be.revertedWithCustomError(registry, "NotSignedBySigner");
    });

    it("reverts when another key consented", async () => {
      const { registry, member, call } = await setup();
      const other = fresh("other");
      const proof = signDigest(other, await claimDigest(registry, member.address, member.key.address));
      await expect(call({ proof }))
        .to.be.revertedWithCustomError(registry, "NotSignedBySigner")
        .withArgs(other.address, member.key.address);
    });

    it("reverts when the consent was given to another registry", async () => {
      const { registry, manager, gateway, members, member, treasury, call } = await setup();
      const other = await deploy<ValidatorRegistry>("ValidatorRegistry", [
        await manager.getAddress(),
        await gateway.getAddress(),
        {
          deposit: DEPOSIT,
          treasury,
          renewAfter: RENEW_AFTER,
          genesisOperators: members.map(({ address }) => address),
        },
      ]);
      const proof = await claim(other, member.address, member.key);
      await expect(call({ proof })).to.be.revertedWithCustomError(registry, "NotSignedBySigner");
    });

    it("reverts when the consent has a high s or another length", async () => {
      const { registry, member, call } = await setup();
      const proof = await claim(registry, member.address, member.key);
      for (const bad of [highS(proof), `${proof}00`, proof.slice(0, -2), "0x"]) {
        await expect(call({ proof: bad }))
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

    it("keeps the operator, its key and its deposit", async () => {
      const { registry, member, call } = await setup();
      const endpoint = "a".repeat(256);
      const sent = call({ endpoint });
      await expect(sent).to.emit(registry, "OperatorRegistered").withArgs(member.address, DEPOSIT);
      await expect(sent).to.emit(registry, "SignerSet").withArgs(member.address, member.key.address);
      await expect(sent).to.emit(registry, "PayoutSet").withArgs(member.address, member.payout);
      await expect(sent).to.emit(registry, "EndpointSet").withArgs(member.address, endpoint);
      await expect(sent).to.changeEtherBalance(registry, DEPOSIT);
      expect(await registry.operatorOf(member.address)).to.deep.equal([
        STATUS.active,
        member.key.address,
        0n,
        0n,
        member.payout,
        DEPOSIT,
        endpoint,
      ]);
      expect(await registry.keyOf(member.key.address)).to.deep.equal([member.address, 0n, 0n]);
      expect(await registry.operators()).to.deep.equal([member.address]);
      expect(await registry.activeSigners()).to.deep.equal([member.key.address]);
      expect(await registry.totalDeposits()).to.equal(DEPOSIT);
      expect(await registry.signerClaimDigest(member.address, member.key.address)).to.equal(
        await claimDigest(registry, member.address, member.key.address),
      );
    });
  });

  describe("setSigner, setPayout, setEndpoint", () => {
    it("reverts when the caller is not active", async () => {
      const { registry, stranger } = await loadFixture(deployRegistered);
      const caller = await stranger.getAddress();
      const as = registry.connect(stranger);
      for (const attempt of [
        () => as.setSigner(fresh("key").address, "0x"),
        () => as.setPayout(caller),
        () => as.setEndpoint(ENDPOINT),
        () => as.exit(),
      ]) {
        await expect(attempt())
          .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
          .withArgs(caller, STATUS.none, STATUS.active);
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
      await registry.connect(member!.account).exit();
      const proof = await claim(registry, other!.address, member!.key);
      await expect(registry.connect(other!.account).setSigner(member!.key.address, proof))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(member!.key.address, member!.address);
    });

    it("replaces a key from the next epoch on", async () => {
      const { registry, gateway, members } = await loadFixture(deployPublished);
      const member = members[2]!;
      const key = fresh("second");
      const proof = await claim(registry, member.address, key);
      await expect(registry.connect(member.account).setSigner(key.address, proof))
        .to.emit(registry, "SignerSet")
        .withArgs(member.address, key.address);
      expect(await gateway.signersOf(1)).to.include(member.key.address);
      expect(await registry.keyOf(member.key.address)).to.deep.equal([member.address, 1n, STILL]);

      await time.increase(INTERVAL);
      await registry.publishEpoch();
      const keys = members.map((one) => (one === member ? key : one.key));
      expect(await gateway.signersOf(2)).to.deep.equal(addresses(keys));
      expect(await registry.keyOf(member.key.address)).to.deep.equal([member.address, 1n, 1n]);
      expect(await registry.keyOf(key.address)).to.deep.equal([member.address, 2n, STILL]);
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
      expect(await registry.keyOf(second.address)).to.deep.equal([member.address, 0n, 0n]);
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
        .withArgs(1, timestamp + VALIDITY, setHash, signers);
      await expect(sent)
        .to.emit(gateway, "EpochRotated")
        .withArgs(1, timestamp + VALIDITY, signers);
      expect(await registry.latestEpoch()).to.equal(1);
      expect(await registry.epochRecord(1)).to.deep.equal([timestamp + VALIDITY, signers]);
      expect((await registry.operatorOf(members[0]!.address)).dutyUntil).to.equal(timestamp + VALIDITY);
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
      expect(await registry.keyOf(members[0]!.key.address)).to.deep.equal([members[0]!.address, 1n, STILL]);
    });

    it("publishes a changed set after the gateway's rotation delay and not a second before", async () => {
      const { registry, gateway, members } = await loadFixture(deployPublished);
      const earliest = (await now()) + INTERVAL;
      await registry.connect(members[0]!.account).exit();
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
      await registry.connect(members[0]!.account).exit();
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

  describe("exit, withdraw", () => {
    const exited = async (index = 0): Promise<RegistryFixture & { as: ValidatorRegistry; exitAt: bigint }> => {
      const fixture = await loadFixture(deployPublished);
      const as = fixture.registry.connect(fixture.members[index]!.account) as ValidatorRegistry;
      await as.exit();
      return { ...fixture, as, exitAt: await now() };
    };

    it("reverts a second exit", async () => {
      const { registry, as, members } = await exited();
      await expect(as.exit())
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(members[0]!.address, STATUS.exiting, STATUS.active);
    });

    it("reverts a withdrawal without an exit", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const member = members[0]!;
      expect(await registry.withdrawableAt(member.address)).to.equal(0);
      await expect(registry.connect(member.account).withdraw(member.address))
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(member.address, STATUS.active, STATUS.exiting);
    });

    it("leaves the next set", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const member = members[0]!;
      await expect(registry.connect(member.account).exit())
        .to.emit(registry, "OperatorExited")
        .withArgs(member.address);
      expect(await registry.activeSigners()).to.not.include(member.key.address);
      const record = await registry.operatorOf(member.address);
      expect([record.status, record.exitedAt]).to.deep.equal([STATUS.exiting, await now()]);
    });

    it("pays 15 days after the set without its key was published, and not a second before", async () => {
      const { registry, as, members } = await exited();
      const member = members[0]!;
      const { validUntil } = await registry.epochRecord(1);
      expect(await registry.withdrawableAt(member.address)).to.equal(validUntil + UNBONDING);
      await time.increase(INTERVAL);
      await registry.publishEpoch();
      const end = (await now()) + UNBONDING;
      expect(await registry.withdrawableAt(member.address)).to.equal(end);
      await at(end - 1n);
      await expect(as.withdraw(member.payout))
        .to.be.revertedWithCustomError(registry, "StillBonded")
        .withArgs(end - 1n, end);
      await at(end);
      const sent = as.withdraw(member.payout);
      await expect(sent).to.emit(registry, "DepositWithdrawn").withArgs(member.address, member.payout, DEPOSIT);
      await expect(sent).to.changeEtherBalances([registry, member.payout], [-DEPOSIT, DEPOSIT]);
      expect(await registry.totalDeposits()).to.equal(4n * DEPOSIT);
      expect((await registry.operatorOf(member.address)).status).to.equal(STATUS.withdrawn);
      await expect(as.withdraw(member.payout))
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(member.address, STATUS.withdrawn, STATUS.exiting);
    });

    it("pays 15 days after its last set ended where no other was published", async () => {
      const { registry, as, members } = await exited();
      const member = members[0]!;
      const { validUntil } = await registry.epochRecord(1);
      const end = validUntil + UNBONDING;
      await at(end - 1n);
      await expect(as.withdraw(member.payout))
        .to.be.revertedWithCustomError(registry, "StillBonded")
        .withArgs(end - 1n, end);
      await at(end);
      await expect(as.withdraw(member.payout)).to.changeEtherBalance(member.payout, DEPOSIT);
    });

    it("does not prolong the duty of a member whose set ended before the next was published", async () => {
      const { registry, members } = await exited();
      const { validUntil } = await registry.epochRecord(1);
      await time.increaseTo(validUntil + DAY);
      await registry.publishEpoch();
      expect(await registry.withdrawableAt(members[0]!.address)).to.equal(validUntil + UNBONDING);
    });

    it("pays 15 days after the exit of an operator that was in no set", async () => {
      const { registry, members } = await loadFixture(deployRegistered);
      const member = members[0]!;
      await registry.connect(member.account).exit();
      expect(await registry.withdrawableAt(member.address)).to.equal((await now()) + UNBONDING);
    });

    it("counts the duty of a replaced key that the latest set still holds", async () => {
      const { registry, members } = await loadFixture(deployPublished);
      const member = members[0]!;
      const key = fresh("second");
      const as = registry.connect(member.account);
      await as.setSigner(key.address, await claim(registry, member.address, key));
      await as.exit();
      const { validUntil } = await registry.epochRecord(1);
      expect(await registry.withdrawableAt(member.address)).to.equal(validUntil + UNBONDING);
      await time.increase(INTERVAL);
      await registry.publishEpoch();
      expect(await registry.withdrawableAt(member.address)).to.equal((await now()) + UNBONDING);
      expect(await registry.keyOf(member.key.address)).to.deep.equal([member.address, 1n, 1n]);
    });

    it("reverts a withdrawal to the zero address", async () => {
      const { registry, as, members } = await exited();
      await time.increaseTo(await registry.withdrawableAt(members[0]!.address));
      await expect(as.withdraw(ZeroAddress)).to.be.revertedWithCustomError(registry, "ZeroReceiver");
    });

    it("pays while every lane is paused and the registry has no role left", async () => {
      const { registry, gateway, manager, admin, as, members } = await exited();
      await manager.grantRole(REGISTRY_ROLE, await admin.getAddress(), 0);
      await gateway.pauseAll();
      await manager.revokeRole(REGISTRY_ROLE, await registry.getAddress());
      await manager.setTargetClosed(await registry.getAddress(), true);
      await time.increaseTo(await registry.withdrawableAt(members[0]!.address));
      await expect(as.withdraw(members[0]!.payout)).to.changeEtherBalance(members[0]!.payout, DEPOSIT);
    });

    it("is refused registration after it left", async () => {
      const { registry, members } = await exited();
      const member = members[0]!;
      const key = fresh("second");
      const proof = await claim(registry, member.address, key);
      const again = registry
        .connect(member.account)
        .register(key.address, member.payout, ENDPOINT, proof, { value: DEPOSIT });
      await expect(again)
        .to.be.revertedWithCustomError(registry, "WrongOperatorStatus")
        .withArgs(member.address, STATUS.exiting, STATUS.none);
    });

    it("pays once to a receiver that re-enters, and harms nobody where one refuses", async () => {
      const { manager, gateway, members, treasury } = await loadFixture(deployRegistry);
      const mock = await deploy<OperatorMock>("OperatorMock");
      const operator = await mock.getAddress();
      const registry = await deploy<ValidatorRegistry>("ValidatorRegistry", [
        await manager.getAddress(),
        await gateway.getAddress(),
        {
          deposit: DEPOSIT,
          treasury,
          renewAfter: RENEW_AFTER,
          genesisOperators: [...members.map(({ address }) => address), operator],
        },
      ]);
      await grantGateway(manager, gateway, registry);
      for (const member of members) await register(registry, member);
      const key = fresh("of the mock");
      const encode = registry.interface;
      const proof = await claim(registry, operator, key);
      const target = await registry.getAddress();
      const data = encode.encodeFunctionData("register", [key.address, operator, ENDPOINT, proof]);
      await mock.execute(target, data, { value: DEPOSIT });
      await mock.execute(target, encode.encodeFunctionData("exit"));
      await registry.connect(members[0]!.account).exit();
      const end = (await now()) + UNBONDING;
      await time.increaseTo(end);

      const withdraw = encode.encodeFunctionData("withdraw", [operator]);
      await mock.setRefuses(true);
      await expect(mock.execute(target, withdraw)).to.be.revertedWithCustomError(mock, "CoinRefused");
      await expect(registry.connect(members[0]!.account).withdraw(members[0]!.payout)).to.changeEtherBalance(
        registry,
        -DEPOSIT,
      );
      await mock.setRefuses(false);
      await mock.setReaction(target, withdraw);
      await expect(mock.execute(target, withdraw)).to.changeEtherBalances([registry, mock], [-DEPOSIT, DEPOSIT]);
      expect(await mock.reacted()).to.equal(false);
      expect(encode.parseError(await mock.answer())?.name).to.equal("WrongOperatorStatus");
    });
  });

  describe("sweepSlashed, setTreasury", () => {
    it("reverts when nothing was slashed", async () => {
      const { registry } = await loadFixture(deployPublished);
      await expect(registry.sweepSlashed()).to.be.revertedWithCustomError(registry, "NothingToSweep");
    });

    it("reverts when a caller without the role changes the treasury", async () => {
      const { registry, stranger } = await loadFixture(deployPublished);
      const caller = await stranger.getAddress();
      await expect(registry.connect(stranger).setTreasury(caller))
        .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
        .withArgs(caller);
    });

    it("reverts when the new treasury is zero", async () => {
      const { registry } = await loadFixture(deployPublished);
      await expect(registry.setTreasury(ZeroAddress)).to.be.revertedWithCustomError(registry, "ZeroTreasury");
    });

    it("pays what was slashed, and not what was forced in, to the treasury, whoever calls", async () => {
      const { registry, slashing, members, treasury, stranger } = await loadFixture(deployPublished);
      await setBalance(await registry.getAddress(), 5n * DEPOSIT + 1n);
      await slashing.proveMessages(...messagesEvidence(members[0]!.key));
      expect(await registry.unswept()).to.equal(DEPOSIT);
      const sent = registry.connect(stranger).sweepSlashed();
      await expect(sent).to.emit(registry, "SlashedSwept").withArgs(treasury, DEPOSIT);
      await expect(sent).to.changeEtherBalances([registry, treasury], [-DEPOSIT, DEPOSIT]);
      expect(await registry.unswept()).to.equal(0);
    });

    it("waits for a treasury that refuses until another is set", async () => {
      const { registry, slashing, members, treasury } = await loadFixture(deployPublished);
      const mock = await deploy<OperatorMock>("OperatorMock");
      await mock.setRefuses(true);
      await expect(registry.setTreasury(await mock.getAddress()))
        .to.emit(registry, "TreasurySet")
        .withArgs(await mock.getAddress());
      await slashing.proveMessages(...messagesEvidence(members[0]!.key));
      await expect(registry.sweepSlashed()).to.be.revertedWithCustomError(mock, "CoinRefused");
      await registry.setTreasury(treasury);
      await expect(registry.sweepSlashed()).to.changeEtherBalance(treasury, DEPOSIT);
    });

    it("pays a treasury that re-enters once", async () => {
      const { registry, slashing, members } = await loadFixture(deployPublished);
      const mock = await deploy<OperatorMock>("OperatorMock");
      await registry.setTreasury(await mock.getAddress());
      await mock.setReaction(await registry.getAddress(), registry.interface.encodeFunctionData("sweepSlashed"));
      await slashing.proveMessages(...messagesEvidence(members[0]!.key));
      await expect(registry.sweepSlashed()).to.changeEtherBalance(mock, DEPOSIT);
      expect(registry.interface.parseError(await mock.answer())?.name).to.equal("NothingToSweep");
    });
  });
});
