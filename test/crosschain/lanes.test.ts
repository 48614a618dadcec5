import { expect } from "chai";
import { ZeroAddress, concat, type Result } from "ethers";
import { ethers } from "hardhat";
import { encodeDelivery } from "../../protocol/delivery";
import { messageSeed, resultSeed } from "../../protocol/hashChain";
import { QUORUM_SLOT, epochSlot, laneSlots, readEpoch, readLaneState } from "../../protocol/laneStorage";
import { encodeMessage } from "../../protocol/message";
import type { Gateway } from "../../typechain-types";
import {
  DAY,
  LIMITS,
  PAYLOAD,
  REMOTE_CHAIN,
  REMOTE_GATEWAY,
  deployGateway,
  deployGatewayWithReceiver,
  load,
  onRemote,
  sendIdOf,
  signRotation,
  signerWallets,
} from "./support";

const OTHER_GATEWAY = "0x00000000000000000000000000000000C0dE0057";
const TX_GAS = 16_777_216n;
const TX_BYTES = 131_072n;

async function fieldsOf(gateway: Gateway, chainId: bigint): Promise<Record<string, unknown>> {
  const state = (await gateway.laneState(chainId)) as unknown as Result;
  return state.toObject();
}

describe("Gateway lanes", () => {
  describe("addLane", () => {
    it("reverts when the chain is none or this one, or the gateway has no tag", async () => {
      const { gateway, target } = await load(deployGateway);
      const untagged = "0xffffffffffffffffffffffff0000000000000000";
      for (const [chainId, remote] of [
        [0n, OTHER_GATEWAY],
        [target.chainId, OTHER_GATEWAY],
        [57n, ZeroAddress],
        [57n, ethers.getAddress(untagged)],
      ] as const) {
        await expect(gateway.addLane(chainId, remote, LIMITS))
          .to.be.revertedWithCustomError(gateway, "InvalidLane")
          .withArgs(chainId, remote);
      }
    });

    it("reverts when there is a lane to the chain already (invariant 9)", async () => {
      const { gateway } = await load(deployGateway);
      for (const remote of [REMOTE_GATEWAY, OTHER_GATEWAY]) {
        await expect(gateway.addLane(REMOTE_CHAIN, remote, LIMITS))
          .to.be.revertedWithCustomError(gateway, "LaneExists")
          .withArgs(REMOTE_CHAIN);
      }
      expect((await gateway.laneState(REMOTE_CHAIN)).remoteGateway).to.equal(REMOTE_GATEWAY);
    });

    it("reverts when there are 64 lanes, all of which pauseAll reaches", async () => {
      const { gateway } = await load(deployGateway);
      for (let index = 1n; index < 64n; index++) await gateway.addLane(1_000n + index, OTHER_GATEWAY, LIMITS);
      await expect(gateway.addLane(2_000n, OTHER_GATEWAY, LIMITS))
        .to.be.revertedWithCustomError(gateway, "TooManyLanes")
        .withArgs(64);
      await gateway.pauseAll({ gasLimit: TX_GAS });
      for (const chainId of await gateway.laneChainIds()) {
        expect((await gateway.laneState(chainId)).paused).to.equal(true);
      }
    });

    it("opens a lane with the seeds of the protocol", async () => {
      const { gateway, target } = await load(deployGateway);
      const chainId = (1n << 64n) - 1n;
      await expect(gateway.addLane(chainId, OTHER_GATEWAY, LIMITS))
        .to.emit(gateway, "LaneAdded")
        .withArgs(chainId, OTHER_GATEWAY)
        .and.to.emit(gateway, "LimitsSet")
        .withArgs(chainId, LIMITS.cadence, LIMITS.maxGas, LIMITS.maxBytes);
      expect(await gateway.laneChainIds()).to.deep.equal([REMOTE_CHAIN, chainId]);
      const here = { sourceChainId: target.chainId, sourceGateway: target.gateway };
      const out = { ...here, targetChainId: chainId, targetGateway: OTHER_GATEWAY };
      const into = {
        sourceChainId: chainId,
        sourceGateway: OTHER_GATEWAY,
        targetChainId: target.chainId,
        targetGateway: target.gateway,
      };
      expect(await fieldsOf(gateway, chainId)).to.deep.equal({
        remoteGateway: OTHER_GATEWAY,
        outSeq: 0n,
        outAcc: messageSeed(out),
        ackSeq: 0n,
        ackAcc: resultSeed(out),
        inSeq: 0n,
        resAcc: resultSeed(into),
        cadence: BigInt(LIMITS.cadence),
        maxGas: BigInt(LIMITS.maxGas),
        maxBytes: BigInt(LIMITS.maxBytes),
        paused: false,
      });
    });

    it("keeps lanes apart", async () => {
      const { gateway, target } = await load(deployGateway);
      await gateway.addLane(57n, OTHER_GATEWAY, LIMITS);
      const before = await gateway.laneState(57n);
      await gateway.sendMessage(onRemote(OTHER_GATEWAY), "0x", []);
      await gateway.pauseLane(REMOTE_CHAIN);
      expect(await gateway.laneState(57n)).to.deep.equal(before);
      expect(await gateway.statusOf(sendIdOf(target, 1n))).to.equal(1n);
    });
  });

  describe("laneState", () => {
    it("reverts when there is no lane", async () => {
      const { gateway } = await load(deployGateway);
      await expect(gateway.laneState(57n)).to.be.revertedWithCustomError(gateway, "UnknownLane").withArgs(57n);
    });

    it("equals what a storage proof reads by protocol/laneStorage.ts", async () => {
      const { gateway, remote, wallets, target, recipient } = await load(deployGatewayWithReceiver);
      for (let count = 0; count < 5; count++) await gateway.sendMessage(onRemote(recipient), "0x", []);
      remote.deliverBatch(3n, 0b1n);
      for (const payload of ["0x", PAYLOAD.revert, "0x"]) remote.send({ recipient, payload });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets, { to: 2n, resultsFrom: 0 })));
      const read = async (slot: string): Promise<bigint> =>
        BigInt(await ethers.provider.getStorage(target.gateway, slot));
      const values = await Promise.all(laneSlots(REMOTE_CHAIN).map(read));
      const state = await gateway.laneState(REMOTE_CHAIN);
      expect(readLaneState(values)).to.deep.equal({
        toSeq: state.outSeq,
        acc: state.outAcc,
        ackSeq: state.inSeq,
        resAcc: state.resAcc,
        cadence: state.cadence,
        epoch: 1n,
      });
      expect(laneSlots(REMOTE_CHAIN)).to.include(QUORUM_SLOT);
      const epoch = readEpoch(await read(epochSlot(1n)));
      expect(epoch.validUntil).to.equal(await gateway.epochValidUntil(1n));
      const code = concat(["0x00", ...wallets.map((wallet) => wallet.address)]);
      expect(await ethers.provider.getCode(epoch.set)).to.equal(code);
    });
  });

  describe("setLimits", () => {
    it("reverts when there is no lane", async () => {
      const { gateway } = await load(deployGateway);
      await expect(gateway.setLimits(57n, LIMITS)).to.be.revertedWithCustomError(gateway, "UnknownLane").withArgs(57n);
    });

    it("reverts when the cadence is zero", async () => {
      const { gateway } = await load(deployGateway);
      await expect(gateway.setLimits(REMOTE_CHAIN, { ...LIMITS, cadence: 0 })).to.be.revertedWithCustomError(
        gateway,
        "ZeroCadence",
      );
    });

    it("reverts when a message without a gas limit would be refused", async () => {
      const { gateway } = await load(deployGateway);
      await expect(gateway.setLimits(REMOTE_CHAIN, { ...LIMITS, maxGas: 199_999 }))
        .to.be.revertedWithCustomError(gateway, "GasBelowDefault")
        .withArgs(199_999, 200_000);
    });

    it("reverts when a message of these limits could not be delivered", async () => {
      const { gateway } = await load(deployGateway);
      const isNumber = (value: unknown): boolean => typeof value === "bigint";
      for (const limits of [
        { ...LIMITS, maxGas: 16_000_000 },
        { ...LIMITS, maxGas: 2 ** 32 - 1 },
        { ...LIMITS, maxBytes: 100_000 },
        { ...LIMITS, maxBytes: 2 ** 24 - 1 },
      ]) {
        await expect(gateway.setLimits(REMOTE_CHAIN, limits))
          .to.be.revertedWithCustomError(gateway, "LimitsUndeliverable")
          .withArgs(isNumber, TX_GAS, isNumber, TX_BYTES);
      }
    });

    it("changes all three, and nothing else", async () => {
      const { gateway } = await load(deployGateway);
      const before = await fieldsOf(gateway, REMOTE_CHAIN);
      await expect(gateway.setLimits(REMOTE_CHAIN, { cadence: 65_535, maxGas: 200_000, maxBytes: 0 }))
        .to.emit(gateway, "LimitsSet")
        .withArgs(REMOTE_CHAIN, 65_535, 200_000, 0);
      expect(await fieldsOf(gateway, REMOTE_CHAIN)).to.deep.equal({
        ...before,
        cadence: 65_535n,
        maxGas: 200_000n,
        maxBytes: 0n,
      });
      await gateway.sendMessage(onRemote(OTHER_GATEWAY), "0x", []);
    });
  });

  describe("pause", () => {
    it("reverts when there is no lane", async () => {
      const { gateway } = await load(deployGateway);
      for (const call of [() => gateway.pauseLane(57n), () => gateway.unpauseLane(57n)]) {
        await expect(call()).to.be.revertedWithCustomError(gateway, "UnknownLane").withArgs(57n);
      }
    });

    it("stops sending, delivering and retrying, until the lane is resumed (invariant 8)", async () => {
      const { gateway, remote, wallets, recipient, receiver } = await load(deployGatewayWithReceiver);
      remote.send({ recipient, payload: PAYLOAD.revert });
      remote.send({ recipient });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets, { to: 1n })));
      await receiver.setHealed(true);
      const actions = [
        (): Promise<unknown> => gateway.sendMessage(onRemote(recipient), "0x", []),
        (): Promise<unknown> => gateway.deliver(encodeDelivery(remote.delivery(wallets, { from: 2n }))),
        (): Promise<unknown> => gateway.retry(REMOTE_CHAIN, encodeMessage(remote.messages[0]!)),
      ];
      await expect(gateway.pauseLane(REMOTE_CHAIN)).to.emit(gateway, "LanePauseSet").withArgs(REMOTE_CHAIN, true);
      expect((await gateway.laneState(REMOTE_CHAIN)).paused).to.equal(true);
      for (const action of actions) {
        await expect(action()).to.be.revertedWithCustomError(gateway, "LanePaused").withArgs(REMOTE_CHAIN);
      }
      await expect(gateway.unpauseLane(REMOTE_CHAIN)).to.emit(gateway, "LanePauseSet").withArgs(REMOTE_CHAIN, false);
      for (const action of actions) await action();
    });

    it("stops results too, and they arrive after it", async () => {
      const { gateway, remote, wallets, recipient } = await load(deployGatewayWithReceiver);
      await gateway.sendMessage(onRemote(recipient), "0x", []);
      remote.deliverBatch(1n);
      const packed = encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 }));
      await gateway.pauseLane(REMOTE_CHAIN);
      await expect(gateway.deliver(packed)).to.be.revertedWithCustomError(gateway, "LanePaused").withArgs(REMOTE_CHAIN);
      await gateway.unpauseLane(REMOTE_CHAIN);
      await gateway.deliver(packed);
    });

    it("of one lane leaves the others open; of all stops each", async () => {
      const { gateway, recipient } = await load(deployGatewayWithReceiver);
      await gateway.addLane(57n, OTHER_GATEWAY, LIMITS);
      await gateway.pauseLane(57n);
      await gateway.sendMessage(onRemote(recipient), "0x", []);
      await expect(gateway.pauseAll())
        .to.emit(gateway, "LanePauseSet")
        .withArgs(REMOTE_CHAIN, true)
        .and.to.emit(gateway, "LanePauseSet")
        .withArgs(57n, true);
      await expect(gateway.sendMessage(onRemote(recipient), "0x", [])).to.be.revertedWithCustomError(
        gateway,
        "LanePaused",
      );
    });

    it("never stops a rotation (invariant 8)", async () => {
      const { gateway, wallets, target } = await load(deployGateway);
      await gateway.pauseAll();
      await ethers.provider.send("evm_increaseTime", [3_600]);
      await ethers.provider.send("evm_mine", []);
      const block = (await ethers.provider.getBlock("latest"))!;
      const rotation = {
        epoch: 2n,
        validUntil: BigInt(block.timestamp) + DAY,
        signers: signerWallets(4, "next").map((wallet) => wallet.address),
      };
      const { signers, signatures } = signRotation(wallets, rotation, target);
      await gateway.rotate(rotation, signers, signatures);
      expect(await gateway.currentEpoch()).to.equal(2n);
    });
  });

  describe("authority", () => {
    it("refuses a stranger every restricted function", async () => {
      const { gateway, wallets } = await load(deployGateway);
      const [, stranger] = await ethers.getSigners();
      const as = gateway.connect(stranger!);
      const block = (await ethers.provider.getBlock("latest"))!;
      const signers = wallets.map((wallet) => wallet.address);
      const rotation = { epoch: 2n, validUntil: BigInt(block.timestamp) + DAY, signers };
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        addLane: () => as.addLane(57n, OTHER_GATEWAY, LIMITS),
        setLimits: () => as.setLimits(REMOTE_CHAIN, LIMITS),
        setFees: () => as.setFees(REMOTE_CHAIN, { base: 1n, perGas: 1n, perByte: 1n }),
        pauseLane: () => as.pauseLane(REMOTE_CHAIN),
        pauseAll: () => as.pauseAll(),
        unpauseLane: () => as.unpauseLane(REMOTE_CHAIN),
        setEpoch: () => as.setEpoch(rotation),
        restoreEpoch: () => as.restoreEpoch(rotation),
        raiseFloor: () => as.raiseFloor(1n),
        setAuthority: () => as.setAuthority(stranger!.address),
      };
      for (const [name, call] of Object.entries(calls)) {
        await expect(call(), name)
          .to.be.revertedWithCustomError(gateway, "AccessManagedUnauthorized")
          .withArgs(stranger!.address);
      }
      const open = ["sendMessage", "deliver", "rotate", "retry", "topUp", "withdrawFees"];
      const writing: string[] = [];
      gateway.interface.forEachFunction((fragment) => {
        if (!["view", "pure"].includes(fragment.stateMutability)) writing.push(fragment.name);
      });
      expect(writing.sort()).to.deep.equal([...open, ...Object.keys(calls)].sort());
    });

    it("lets a role call its own function and no other", async () => {
      const { gateway, manager, target } = await load(deployGateway);
      const [, guardian] = await ethers.getSigners();
      const selector = gateway.interface.getFunction("pauseLane").selector;
      await manager.setTargetFunctionRole(target.gateway, [selector], 7n);
      await manager.grantRole(7n, guardian!.address, 0);
      await gateway.connect(guardian!).pauseLane(REMOTE_CHAIN);
      await expect(gateway.connect(guardian!).unpauseLane(REMOTE_CHAIN))
        .to.be.revertedWithCustomError(gateway, "AccessManagedUnauthorized")
        .withArgs(guardian!.address);
    });
  });
});
