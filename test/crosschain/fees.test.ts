import { setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress, hexlify, parseEther, type Signer } from "ethers";
import { encodeDelivery } from "../../protocol/delivery";
import type { OperatorMock } from "../../typechain-types";
import {
  ATTRIBUTE,
  DAY,
  PAYLOAD,
  REMOTE_CHAIN,
  deploy,
  deployGateway,
  deployGatewayWithReceiver,
  load,
  onRemote,
  sendBurst,
  sendIdOf,
  type GatewayFixture,
} from "./support";

/** In units of 10^6 wei. */
const FEES = { base: 8_000_000n, perGas: 100n, perByte: 6_400n };
const UNIT = 1_000_000n;
const TO = onRemote("0x1111111111111111111111111111111111111111");
const MAX_UINT64 = (1n << 64n) - 1n;

const feeOf = (bytes: bigint, gas = 200_000n, fees = FEES): bigint =>
  (fees.base + fees.perGas * gas + fees.perByte * bytes) * UNIT;
const payloadOf = (bytes: number): string => hexlify(new Uint8Array(bytes).fill(1));

async function deployPaid(): Promise<GatewayFixture> {
  const fixture = await deployGateway();
  await fixture.gateway.setFees(REMOTE_CHAIN, FEES);
  return fixture;
}

async function payee(): Promise<Signer> {
  return (await ethers.getSigners())[5]!;
}

/** Brings the results that the remote chain has and this one does not know. */
async function acknowledge({ gateway, remote, wallets }: GatewayFixture, from: number, to?: number, by?: Signer) {
  const part = { resultsFrom: from, ...(to !== undefined && { resultsTo: to }) };
  const delivery = encodeDelivery(remote.delivery(wallets, part));
  return (by === undefined ? gateway : gateway.connect(by)).deliver(delivery);
}

describe("Fees", () => {
  describe("setFees", () => {
    it("reverts when there is no lane", async () => {
      const { gateway } = await load(deployGateway);
      const calls = [() => gateway.setFees(57n, FEES), () => gateway.laneFees(57n), () => gateway.quote(57n, 0n, 0n)];
      for (const call of calls) {
        await expect(call()).to.be.revertedWithCustomError(gateway, "UnknownLane").withArgs(57n);
      }
    });

    it("sets all three, up to their width, and leaves the rest of the lane alone", async () => {
      const { gateway } = await load(deployGateway);
      expect(await gateway.laneFees(REMOTE_CHAIN)).to.deep.equal([0n, 0n, 0n]);
      const before = await gateway.laneState(REMOTE_CHAIN);
      const widest = { base: (1n << 48n) - 1n, perGas: (1n << 32n) - 1n, perByte: (1n << 32n) - 2n };
      await expect(gateway.setFees(REMOTE_CHAIN, widest))
        .to.emit(gateway, "FeesSet")
        .withArgs(REMOTE_CHAIN, widest.base, widest.perGas, widest.perByte);
      expect(await gateway.laneFees(REMOTE_CHAIN)).to.deep.equal(Object.values(widest));
      expect(await gateway.laneState(REMOTE_CHAIN)).to.deep.equal(before);
      expect(await gateway.quote(REMOTE_CHAIN, 50_000n, 5_000_000n)).to.equal(feeOf(50_000n, 5_000_000n, widest));
    });

    it("binds new messages only", async () => {
      const { gateway, target } = await load(deployPaid);
      await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      await gateway.setFees(REMOTE_CHAIN, { base: 0n, perGas: 0n, perByte: 0n });
      expect(await gateway.feeOf(sendIdOf(target, 1n))).to.equal(feeOf(0n));
      await gateway.sendMessage(TO, "0x", []);
      expect(await gateway.feeOf(sendIdOf(target, 2n))).to.equal(0n);
    });
  });

  describe("sendMessage", () => {
    it("reverts with anything but the price", async () => {
      const { gateway } = await load(deployPaid);
      const fee = feeOf(2n);
      for (const value of [0n, fee - 1n, fee + 1n, 2n * fee]) {
        await expect(gateway.sendMessage(TO, "0x1234", [], { value }))
          .to.be.revertedWithCustomError(gateway, "WrongFee")
          .withArgs(value, fee);
      }
    });

    for (const [bytes, gas] of [
      [0, undefined],
      [31, undefined],
      [256, 50_000n],
      [1_000, 5_000_000n],
    ] as const) {
      it(`takes base, gas and bytes: ${bytes} bytes, ${gas ?? "default"} gas`, async () => {
        const { gateway, target } = await load(deployPaid);
        const value = feeOf(BigInt(bytes), gas);
        expect(await gateway.quote(REMOTE_CHAIN, bytes, gas ?? 200_000n)).to.equal(value);
        const attributes = gas === undefined ? [] : [ATTRIBUTE.gasLimit(gas)];
        const sent = gateway.sendMessage(TO, payloadOf(bytes), attributes, { value });
        await expect(sent).to.changeEtherBalance(gateway, value);
        await expect(sent).to.emit(gateway, "MessageFunded").withArgs(sendIdOf(target, 1n), value);
        expect(await gateway.feeOf(sendIdOf(target, 1n))).to.equal(value);
      });
    }

    it("takes nothing and says nothing on a lane without fees", async () => {
      const { gateway } = await load(deployGateway);
      await expect(gateway.sendMessage(TO, "0x", [])).to.not.emit(gateway, "MessageFunded");
      await expect(gateway.sendMessage(TO, "0x", [], { value: 1n }))
        .to.be.revertedWithCustomError(gateway, "WrongFee")
        .withArgs(1n, 0n);
    });
  });

  describe("topUp", () => {
    it("reverts for what was never sent, and once the result is known", async () => {
      const fixture = await load(deployPaid);
      const { gateway, remote, target } = fixture;
      const id = sendIdOf(target, 1n);
      await expect(gateway.topUp(id, { value: UNIT }))
        .to.be.revertedWithCustomError(gateway, "NotPending")
        .withArgs(id, 0n);
      await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      remote.deliverBatch(1n, 1n);
      await acknowledge(fixture, 0);
      await expect(gateway.topUp(id, { value: UNIT }))
        .to.be.revertedWithCustomError(gateway, "NotPending")
        .withArgs(id, 3n);
    });

    it("reverts with nothing, or with what is no multiple of the unit", async () => {
      const { gateway, target } = await load(deployPaid);
      await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      for (const value of [0n, 1n, UNIT + 1n]) {
        await expect(gateway.topUp(sendIdOf(target, 1n), { value }))
          .to.be.revertedWithCustomError(gateway, "InvalidTopUp")
          .withArgs(value, UNIT);
      }
    });

    it("reverts above what 64 bits count, and takes that", async () => {
      const { gateway, target } = await load(deployGateway);
      await gateway.sendMessage(TO, "0x", []);
      const rich = await payee();
      await setBalance(await rich.getAddress(), 2n * MAX_UINT64 * UNIT);
      const as = gateway.connect(rich);
      await expect(as.topUp(sendIdOf(target, 1n), { value: (MAX_UINT64 + 1n) * UNIT }))
        .to.be.revertedWithCustomError(gateway, "SafeCastOverflowedUintDowncast")
        .withArgs(64, MAX_UINT64 + 1n);
      await as.topUp(sendIdOf(target, 1n), { value: MAX_UINT64 * UNIT });
      expect(await gateway.feeOf(sendIdOf(target, 1n))).to.equal(MAX_UINT64 * UNIT);
      expect(await gateway.feeOf(sendIdOf(target, 2n))).to.equal(0n);
    });

    it("adds to one message and to no neighbour, whoever pays, paused or not", async () => {
      const { gateway, target } = await load(deployPaid);
      for (let seq = 1n; seq <= 9n; seq++) await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      await gateway.pauseLane(REMOTE_CHAIN);
      const id = sendIdOf(target, 6n);
      await expect(gateway.connect(await payee()).topUp(id, { value: 5n * UNIT }))
        .to.emit(gateway, "MessageFunded")
        .withArgs(id, 5n * UNIT);
      for (let seq = 1n; seq <= 9n; seq++) {
        const expected = feeOf(0n) + (seq === 6n ? 5n * UNIT : 0n);
        expect(await gateway.feeOf(sendIdOf(target, seq)), `message ${seq}`).to.equal(expected);
      }
    });

    it("gives a message of a lane without fees one", async () => {
      const fixture = await load(deployGateway);
      const { gateway, remote, target } = fixture;
      await gateway.sendMessage(TO, "0x", []);
      await gateway.topUp(sendIdOf(target, 1n), { value: 7n * UNIT });
      const { payout } = remote.deliverBatch(1n);
      await acknowledge(fixture, 0);
      expect(await gateway.earnedBy(payout)).to.equal(7n * UNIT);
    });
  });

  describe("a result", () => {
    it("credits the deliverer with the fees of its batch: of what succeeded, failed or expired", async () => {
      const fixture = await load(deployPaid);
      const { gateway, remote } = fixture;
      const block = (await ethers.provider.getBlock("latest"))!;
      const soon = ATTRIBUTE.deadline(BigInt(block.timestamp) + DAY);
      await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      await gateway.sendMessage(TO, "0x01", [soon], { value: feeOf(1n) });
      await gateway.sendMessage(TO, "0x0203", [], { value: feeOf(2n) });
      const [first, second] = [await payee(), (await ethers.getSigners())[6]!];
      remote.deliverBatch(2n, 0b10n, await first.getAddress());
      remote.deliverBatch(3n, 0b1n, await second.getAddress());
      const sent = await acknowledge(fixture, 0);
      await expect(sent)
        .to.emit(gateway, "FeesCredited")
        .withArgs(await first.getAddress(), feeOf(0n) + feeOf(1n));
      await expect(sent)
        .to.emit(gateway, "FeesCredited")
        .withArgs(await second.getAddress(), feeOf(2n));
      expect(await gateway.earnedBy(first)).to.equal(feeOf(0n) + feeOf(1n));
      expect(await gateway.earnedBy(second)).to.equal(feeOf(2n));
      await expect(sent).to.changeEtherBalance(gateway, 0n);
    });

    it("credits whoever brings it where the deliverer named nobody", async () => {
      const fixture = await load(deployPaid);
      const { gateway, remote } = fixture;
      await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      remote.deliverBatch(1n, 0n, ZeroAddress);
      const by = await payee();
      await expect(acknowledge(fixture, 0, undefined, by))
        .to.emit(gateway, "FeesCredited")
        .withArgs(await by.getAddress(), feeOf(0n));
      expect(await gateway.earnedBy(ZeroAddress)).to.equal(0n);
    });

    it("credits nothing for messages that paid nothing", async () => {
      const fixture = await load(deployPaid);
      const { gateway, remote } = fixture;
      await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      await gateway.setFees(REMOTE_CHAIN, { base: 0n, perGas: 0n, perByte: 0n });
      await gateway.sendMessage(TO, "0x", []);
      remote.deliverBatch(1n);
      remote.deliverBatch(2n, 0n, ZeroAddress);
      const sent = await acknowledge(fixture, 0);
      const credits = await gateway.queryFilter(gateway.filters.FeesCredited(), sent.blockNumber!);
      expect(credits.map(({ args }) => args.amount)).to.deep.equal([feeOf(0n)]);
    });

    it("of 256 messages credits each once, whatever word the batch starts in", async () => {
      for (const before of [0n, 1n, 2n, 3n]) {
        const fixture = await load(deployGateway);
        const { gateway, remote, target } = fixture;
        await sendBurst(gateway, 260);
        if (before > 0n) {
          remote.deliverBatch(before);
          await acknowledge(fixture, 0);
        }
        const paid = [before + 1n, before + 2n, before + 7n, before + 255n, before + 256n, before + 257n].filter(
          (seq) => seq <= 260n,
        );
        for (const [index, seq] of paid.entries()) {
          await gateway.topUp(sendIdOf(target, seq), { value: (1n << BigInt(index)) * UNIT });
        }
        const { payout } = remote.deliverBatch(before + 256n);
        await acknowledge(fixture, before > 0n ? 1 : 0);
        // The last one that was paid for lies after the batch.
        expect(await gateway.earnedBy(payout), `after ${before}`).to.equal(0b11111n * UNIT);
      }
    });
  });

  describe("withdrawFees", () => {
    const earn = async () => {
      const fixture = await deployPaid();
      const { gateway, remote } = fixture;
      await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      const operator = await deploy<OperatorMock>("OperatorMock");
      remote.deliverBatch(1n, 0n, await operator.getAddress());
      await acknowledge(fixture, 0);
      // Others' fees are in the gateway, too.
      await gateway.sendMessage(TO, "0x", [], { value: feeOf(0n) });
      const withdraw = (to: string) =>
        operator.execute(gateway, gateway.interface.encodeFunctionData("withdrawFees", [to]));
      return { ...fixture, operator, withdraw };
    };

    it("reverts for whom nothing was credited", async () => {
      const { gateway } = await load(earn);
      const stranger = await payee();
      await expect(gateway.connect(stranger).withdrawFees(stranger))
        .to.be.revertedWithCustomError(gateway, "NoFees")
        .withArgs(await stranger.getAddress());
    });

    it("pays to whom the payee says, once, also while the lane is paused", async () => {
      const { gateway, operator, withdraw } = await load(earn);
      await gateway.pauseAll();
      const to = ethers.Wallet.createRandom().address;
      const paid = withdraw(to);
      await expect(paid).to.changeEtherBalances([gateway, to], [-feeOf(0n), feeOf(0n)]);
      await expect(paid)
        .to.emit(gateway, "FeesWithdrawn")
        .withArgs(await operator.getAddress(), to, feeOf(0n));
      expect(await gateway.earnedBy(operator)).to.equal(0n);
      await expect(withdraw(to)).to.be.revertedWithCustomError(gateway, "NoFees");
    });

    it("reverts where the receiver refuses, and keeps the credit", async () => {
      const { gateway, operator, withdraw } = await load(earn);
      await operator.setRefuses(true);
      await expect(withdraw(await operator.getAddress())).to.be.revertedWithCustomError(operator, "CoinRefused");
      expect(await gateway.earnedBy(operator)).to.equal(feeOf(0n));
    });

    it("pays a receiver that re-enters once", async () => {
      const { gateway, operator, withdraw } = await load(earn);
      const again = gateway.interface.encodeFunctionData("withdrawFees", [await operator.getAddress()]);
      await operator.setReaction(gateway, again);
      await expect(withdraw(await operator.getAddress())).to.changeEtherBalance(gateway, -feeOf(0n));
      expect(await operator.reacted()).to.equal(false);
      const locked = gateway.interface.getError("ReentrancyGuardReentrantCall")!.selector;
      expect(await operator.answer()).to.equal(locked);
    });

    it("is locked while the gateway delivers", async () => {
      const { gateway, remote, wallets, recipient, receiver } = await load(deployGatewayWithReceiver);
      const call = gateway.interface.encodeFunctionData("withdrawFees", [recipient]);
      remote.send({ recipient, payload: PAYLOAD.reenter(call), gasLimit: 2_000_000n });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
      const locked = gateway.interface.getError("ReentrancyGuardReentrantCall")!.selector;
      expect([await receiver.reentered(), await receiver.reentryAnswer()]).to.deep.equal([false, locked]);
    });

    it("pays no coin that was forced in", async () => {
      const { gateway, withdraw } = await load(earn);
      await setBalance(await gateway.getAddress(), 2n * feeOf(0n) + parseEther("1"));
      await withdraw(ethers.Wallet.createRandom().address);
      expect(await ethers.provider.getBalance(gateway)).to.equal(feeOf(0n) + parseEther("1"));
    });
  });
});
