import { expect } from "chai";
import { concat, id, toBeHex, ZeroAddress } from "ethers";
import { ethers } from "hardhat";
import { encodeDelivery } from "../../protocol/delivery";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { extendAll, messageSeed } from "../../protocol/hashChain";
import { interoperableAddress, messageLeaf, type Message } from "../../protocol/message";
import {
  ATTRIBUTE,
  LIMITS,
  REMOTE_CHAIN,
  attribute,
  deployGateway,
  load,
  onRemote,
  sendBurst,
  sendIdOf,
  type GatewayFixture,
} from "./support";

const RECIPIENT = "0x1111111111111111111111111111111111111111";
const TO = onRemote(RECIPIENT);

/** Sends, and returns the message that the gateway should have appended. */
async function send(
  { gateway }: GatewayFixture,
  seq: bigint,
  payload: string,
  attributes: readonly string[] = [],
  expected: Partial<Message> = {},
): Promise<Message> {
  const [sender] = await ethers.getSigners();
  await gateway.sendMessage(TO, payload, [...attributes]);
  return {
    seq,
    sender: sender!.address,
    recipient: RECIPIENT,
    gasLimit: 200_000n,
    deadline: 0n,
    reclaimable: false,
    payload,
    ...expected,
  };
}

async function full(): Promise<GatewayFixture> {
  const fixture = await deployGateway();
  await sendBurst(fixture.gateway, 2_047);
  return fixture;
}

describe("Outbox.sendMessage", () => {
  const malformed: Readonly<Record<string, string>> = {
    "is empty": "0x",
    "ends within its header": "0x0001000001",
    "has version 2": concat(["0x000200000138", "0x14", RECIPIENT]),
    "is of another chain type": concat(["0x000100020138", "0x14", RECIPIENT]),
    "says a longer chain reference than it has": concat(["0x00010000ff38", "0x14", RECIPIENT]),
    "has a chain reference of 33 bytes": concat(["0x0001000021", toBeHex(REMOTE_CHAIN, 33), "0x14", RECIPIENT]),
    "has an account of 19 bytes": concat(["0x000100000138", "0x13", RECIPIENT.slice(0, 40)]),
    "has an account of 21 bytes": concat(["0x000100000138", "0x15", RECIPIENT, "0x00"]),
    "ends within its account": concat(["0x000100000138", "0x14", RECIPIENT.slice(0, 40)]),
    "has no account": "0x00010000013800",
    "is the zero account": interoperableAddress(REMOTE_CHAIN, ZeroAddress),
    "is noise": `0x${"5a".repeat(40)}`,
  };
  for (const [fault, recipient] of Object.entries(malformed)) {
    it(`reverts when the recipient ${fault}`, async () => {
      const { gateway } = await load(deployGateway);
      await expect(gateway.sendMessage(recipient, "0x", []))
        .to.be.revertedWithCustomError(gateway, "InvalidRecipient")
        .withArgs(recipient);
    });
  }

  it("reverts when the chain id exceeds 64 bits, whatever its low bits are", async () => {
    const { gateway } = await load(deployGateway);
    for (const chainId of [(1n << 64n) + REMOTE_CHAIN, (1n << 255n) + REMOTE_CHAIN]) {
      await expect(gateway.sendMessage(interoperableAddress(chainId, RECIPIENT), "0x", []))
        .to.be.revertedWithCustomError(gateway, "UnknownLane")
        .withArgs(chainId);
    }
  });

  it("reverts when there is no lane to the chain, or the address names none", async () => {
    const { gateway, target } = await load(deployGateway);
    const unknown: readonly [bigint, string][] = [
      [target.chainId, interoperableAddress(target.chainId, RECIPIENT)],
      [57n, interoperableAddress(57n, RECIPIENT)],
      [0n, concat(["0x000100000014", RECIPIENT])],
    ];
    for (const [chainId, recipient] of unknown) {
      await expect(gateway.sendMessage(recipient, "0x", []))
        .to.be.revertedWithCustomError(gateway, "UnknownLane")
        .withArgs(chainId);
    }
  });

  it("reverts when the lane is paused", async () => {
    const { gateway } = await load(deployGateway);
    await gateway.pauseLane(REMOTE_CHAIN);
    await expect(gateway.sendMessage(TO, "0x", []))
      .to.be.revertedWithCustomError(gateway, "LanePaused")
      .withArgs(REMOTE_CHAIN);
  });

  it("reverts when exactly 2,048 messages await acknowledgement, and goes on after one arrived", async () => {
    const { gateway, remote, wallets } = await load(full);
    await gateway.sendMessage(TO, "0x", []);
    await expect(gateway.sendMessage(TO, "0x", []))
      .to.be.revertedWithCustomError(gateway, "LaneFull")
      .withArgs(REMOTE_CHAIN, 2_048n);
    remote.deliverBatch(1n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    await gateway.sendMessage(TO, "0x", []);
    expect((await gateway.laneState(REMOTE_CHAIN)).outSeq).to.equal(2_049n);
    await expect(gateway.sendMessage(TO, "0x", []))
      .to.be.revertedWithCustomError(gateway, "LaneFull")
      .withArgs(REMOTE_CHAIN, 2_048n);
  });

  it("reverts when the payload is one byte too long", async () => {
    const { gateway } = await load(deployGateway);
    await expect(gateway.sendMessage(TO, `0x${"ab".repeat(LIMITS.maxBytes + 1)}`, []))
      .to.be.revertedWithCustomError(gateway, "PayloadTooLong")
      .withArgs(LIMITS.maxBytes + 1, LIMITS.maxBytes);
    await gateway.sendMessage(TO, `0x${"ab".repeat(LIMITS.maxBytes)}`, []);
  });

  it("reverts when an attribute is shorter than a selector", async () => {
    const { gateway } = await load(deployGateway);
    for (const short of ["0x", "0x01", ATTRIBUTE.gasLimit(1n).slice(0, 8)]) {
      await expect(gateway.sendMessage(TO, "0x", [short]))
        .to.be.revertedWithCustomError(gateway, "InvalidAttribute")
        .withArgs(short);
    }
  });

  it("reverts when an attribute is unsupported", async () => {
    const { gateway } = await load(deployGateway);
    const other = attribute("minGasLimit(uint256)", 1n);
    await expect(gateway.sendMessage(TO, "0x", [ATTRIBUTE.reclaimable(true), other]))
      .to.be.revertedWithCustomError(gateway, "UnsupportedAttribute")
      .withArgs(other.slice(0, 10));
  });

  it("reverts when an attribute comes twice, equal or not, next to itself or not", async () => {
    const { gateway } = await load(deployGateway);
    const far = BigInt(await time.latest()) + 1_000n;
    const twice = [
      [ATTRIBUTE.gasLimit(1n), ATTRIBUTE.gasLimit(2n)],
      [ATTRIBUTE.deadline(far), ATTRIBUTE.gasLimit(1n), ATTRIBUTE.deadline(far)],
      [ATTRIBUTE.reclaimable(false), ATTRIBUTE.deadline(0n), ATTRIBUTE.gasLimit(5n), ATTRIBUTE.reclaimable(true)],
    ];
    for (const attributes of twice) {
      await expect(gateway.sendMessage(TO, "0x", attributes))
        .to.be.revertedWithCustomError(gateway, "DuplicateAttribute")
        .withArgs(attributes[0]!.slice(0, 10));
    }
  });

  it("reverts when an attribute is not a selector and one word", async () => {
    const { gateway } = await load(deployGateway);
    for (const wrong of [
      ATTRIBUTE.gasLimit(1n).slice(0, -2),
      concat([ATTRIBUTE.deadline(0n), "0x00"]),
      id("reclaimable(bool)").slice(0, 10),
    ]) {
      await expect(gateway.sendMessage(TO, "0x", [wrong]))
        .to.be.revertedWithCustomError(gateway, "InvalidAttribute")
        .withArgs(wrong);
    }
  });

  it("reverts when the gas limit is above the lane's, also where its low bits are not", async () => {
    const { gateway } = await load(deployGateway);
    for (const gas of [BigInt(LIMITS.maxGas) + 1n, (1n << 32n) + 1n, 1n << 255n]) {
      await expect(gateway.sendMessage(TO, "0x", [ATTRIBUTE.gasLimit(gas)]))
        .to.be.revertedWithCustomError(gateway, "GasLimitTooHigh")
        .withArgs(gas, LIMITS.maxGas);
    }
  });

  it("reverts when the deadline is not in the future, or beyond 40 bits", async () => {
    const { gateway } = await load(deployGateway);
    const now = BigInt(await time.latest()) + 10n;
    for (const deadline of [1n, now - 1n, now, 1n << 40n, (1n << 40n) + now + 100n, (1n << 256n) - 1n]) {
      await time.setNextBlockTimestamp(now);
      await expect(gateway.sendMessage.staticCall(TO, "0x", [ATTRIBUTE.deadline(deadline)], { blockTag: "pending" }))
        .to.be.revertedWithCustomError(gateway, "DeadlineOutOfRange")
        .withArgs(deadline, now + 1n);
    }
    await time.setNextBlockTimestamp(now);
    await gateway.sendMessage(TO, "0x", [ATTRIBUTE.deadline(now + 1n)]);
  });

  it("reverts when reclaimable is neither 0 nor 1", async () => {
    const { gateway } = await load(deployGateway);
    for (const value of [2n, 1n << 255n]) {
      const wrong = attribute("reclaimable(bool)", value);
      await expect(gateway.sendMessage(TO, "0x", [wrong]))
        .to.be.revertedWithCustomError(gateway, "InvalidAttribute")
        .withArgs(wrong);
    }
  });

  it("emits MessageSent with the id that it returns, which names chains, gateway and sequence", async () => {
    const { gateway, target } = await load(deployGateway);
    const [sender] = await ethers.getSigners();
    const from = interoperableAddress(target.chainId, sender!.address);
    const attributes = [ATTRIBUTE.gasLimit(77n), ATTRIBUTE.reclaimable(true)];
    for (const seq of [1n, 2n]) {
      const sendId = sendIdOf(target, seq);
      expect(await gateway.sendMessage.staticCall(TO, "0xc0ffee", attributes)).to.equal(sendId);
      await expect(gateway.sendMessage(TO, "0xc0ffee", attributes))
        .to.emit(gateway, "MessageSent")
        .withArgs(sendId, from, TO, "0xc0ffee", 0n, attributes);
    }
  });

  it("takes a chain reference with leading zeros as the same lane", async () => {
    const { gateway, target } = await load(deployGateway);
    const padded = concat(["0x0001000020", toBeHex(REMOTE_CHAIN, 32), "0x14", RECIPIENT]);
    await expect(gateway.sendMessage(padded, "0x", []))
      .to.emit(gateway, "MessageSent")
      .withArgs(sendIdOf(target, 1n), (value: unknown) => typeof value === "string", padded, "0x", 0n, []);
    expect((await gateway.laneState(REMOTE_CHAIN)).outSeq).to.equal(1n);
  });

  it("keeps the hash chain that the protocol computes over every field (invariant 1)", async () => {
    const fixture = await load(deployGateway);
    const { gateway, remote } = fixture;
    const deadline = BigInt(await time.latest()) + 1_000n;
    const long = `0x${"0a9b".repeat(500)}`;
    const sent = [
      await send(fixture, 1n, "0x"),
      await send(fixture, 2n, "0x00"),
      await send(fixture, 3n, long, [ATTRIBUTE.gasLimit(0n)], { gasLimit: 0n }),
      await send(fixture, 4n, long, [ATTRIBUTE.gasLimit(BigInt(LIMITS.maxGas))], { gasLimit: BigInt(LIMITS.maxGas) }),
      await send(fixture, 5n, "0xff", [ATTRIBUTE.deadline(deadline)], { deadline }),
      await send(fixture, 6n, "0xff", [ATTRIBUTE.deadline((1n << 40n) - 1n)], { deadline: (1n << 40n) - 1n }),
      await send(fixture, 7n, "0xff", [ATTRIBUTE.deadline(0n), ATTRIBUTE.reclaimable(false)]),
      await send(
        fixture,
        8n,
        `0x${"cd".repeat(33)}`,
        [ATTRIBUTE.reclaimable(true), ATTRIBUTE.gasLimit(5n), ATTRIBUTE.deadline(deadline)],
        { reclaimable: true, gasLimit: 5n, deadline },
      ),
    ];
    const state = await gateway.laneState(REMOTE_CHAIN);
    expect(state.outSeq).to.equal(8n);
    expect(state.outAcc).to.equal(extendAll(messageSeed(remote.outbound), sent.map(messageLeaf)));
  });

  it("keeps a checkpoint after message 256 and 512, and none elsewhere", async () => {
    const fixture = await load(deployGateway);
    const { gateway } = fixture;
    await sendBurst(gateway, 255);
    expect(await gateway.checkpoint(REMOTE_CHAIN, 1)).to.equal(ethers.ZeroHash);
    await gateway.sendMessage(TO, "0x", []);
    const first = (await gateway.laneState(REMOTE_CHAIN)).outAcc;
    await sendBurst(gateway, 256);
    const second = (await gateway.laneState(REMOTE_CHAIN)).outAcc;
    await gateway.sendMessage(TO, "0x", []);
    expect(await gateway.checkpoint(REMOTE_CHAIN, 0)).to.equal(ethers.ZeroHash);
    expect(await gateway.checkpoint(REMOTE_CHAIN, 1)).to.equal(first);
    expect(await gateway.checkpoint(REMOTE_CHAIN, 2)).to.equal(second);
    expect(await gateway.checkpoint(REMOTE_CHAIN, 3)).to.equal(ethers.ZeroHash);
    expect(await gateway.checkpoint(REMOTE_CHAIN + 1n, 1)).to.equal(ethers.ZeroHash);
  });

  it("binds new messages only by a lowered limit", async () => {
    const fixture = await load(deployGateway);
    const { gateway, target } = fixture;
    await send(fixture, 1n, `0x${"11".repeat(500)}`, [ATTRIBUTE.gasLimit(4_000_000n)]);
    const before = await gateway.laneState(REMOTE_CHAIN);
    await gateway.setLimits(REMOTE_CHAIN, { cadence: 4, maxGas: 200_000, maxBytes: 100 });
    const after = await gateway.laneState(REMOTE_CHAIN);
    expect([after.outSeq, after.outAcc]).to.deep.equal([before.outSeq, before.outAcc]);
    expect(await gateway.statusOf(sendIdOf(target, 1n))).to.equal(1n);
    await expect(gateway.sendMessage(TO, `0x${"11".repeat(101)}`, []))
      .to.be.revertedWithCustomError(gateway, "PayloadTooLong")
      .withArgs(101, 100);
    await expect(gateway.sendMessage(TO, "0x", [ATTRIBUTE.gasLimit(200_001n)]))
      .to.be.revertedWithCustomError(gateway, "GasLimitTooHigh")
      .withArgs(200_001n, 200_000n);
    await send(fixture, 2n, `0x${"11".repeat(100)}`);
  });

  it("supports its three attributes and no other", async () => {
    const { gateway } = await load(deployGateway);
    const selector = (signature: string): string => id(signature).slice(0, 10);
    for (const known of ["gasLimit(uint256)", "deadline(uint256)", "reclaimable(bool)"]) {
      expect(await gateway.supportsAttribute(selector(known))).to.equal(true);
    }
    for (const other of ["0x00000000", "0xffffffff", selector("executionDelay(uint256)")]) {
      expect(await gateway.supportsAttribute(other)).to.equal(false);
    }
  });
});
