import { expect } from "chai";
import { ZeroHash, concat, dataLength, dataSlice, keccak256, toBeHex } from "ethers";
import { ethers } from "hardhat";
import { encodeDelivery } from "../../protocol/delivery";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { extend, resultLeaf, resultSeed } from "../../protocol/hashChain";
import { encodeMessage, interoperableAddress, messageLeaf } from "../../protocol/message";
import { headerDigest } from "../../protocol/header";
import {
  PAYLOAD,
  REMOTE_CHAIN,
  REMOTE_GATEWAY,
  deployGatewayWithReceiver,
  load,
  proveQuorum,
  type ReceiverFixture,
} from "./support";

const PAYOUT = "0x000000000000000000000000000000000000dEaD";

/** Three messages to the receiver that all succeed. */
async function three(): Promise<ReceiverFixture> {
  const fixture = await deployGatewayWithReceiver();
  for (const payload of ["0x", "0x0011", "0x002233"]) fixture.remote.send({ recipient: fixture.recipient, payload });
  return fixture;
}

describe("Inbox.deliver", () => {
  it("reverts when it brings neither messages nor results", async () => {
    const { gateway, remote, wallets } = await load(three);
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { from: 4n })))).to.be.revertedWithCustomError(
      gateway,
      "NothingToDeliver",
    );
  });

  it("reverts when it brings 257 messages", async () => {
    const { gateway, remote, wallets, recipient } = await load(deployGatewayWithReceiver);
    for (let count = 0; count < 257; count++) remote.send({ recipient });
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets))))
      .to.be.revertedWithCustomError(gateway, "BatchTooLarge")
      .withArgs(257, 256);
  });

  it("reverts when there is no lane to the header's source, 0 included", async () => {
    const { gateway, remote, wallets } = await load(three);
    for (const source of [0n, 57n, 31_337n]) {
      await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { header: remote.header({ source }) }))))
        .to.be.revertedWithCustomError(gateway, "UnknownLane")
        .withArgs(source);
    }
  });

  it("reverts when the lane is paused", async () => {
    const { gateway, remote, wallets } = await load(three);
    await gateway.pauseLane(REMOTE_CHAIN);
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets))))
      .to.be.revertedWithCustomError(gateway, "LanePaused")
      .withArgs(REMOTE_CHAIN);
    await gateway.unpauseLane(REMOTE_CHAIN);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
  });

  it("reverts when the header is at or below the inbox", async () => {
    const { gateway, remote, wallets } = await load(three);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { to: 2n })));
    for (const toSeq of [1n, 2n]) {
      await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { header: remote.headerAt(toSeq) }))))
        .to.be.revertedWithCustomError(gateway, "StaleHeader")
        .withArgs(toSeq, 2n);
    }
  });

  it("reverts when results alone come under a header below the inbox", async () => {
    const { gateway, remote, wallets, recipient } = await load(three);
    await gateway.sendMessage(interoperableAddress(REMOTE_CHAIN, recipient), "0x", []);
    remote.deliverBatch(1n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
    const old = remote.headerAt(2n);
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { header: old, from: 3n, resultsFrom: 0 }))))
      .to.be.revertedWithCustomError(gateway, "StaleHeader")
      .withArgs(2n, 3n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { from: 4n, resultsFrom: 0 })));
    expect((await gateway.laneState(REMOTE_CHAIN)).ackSeq).to.equal(1n);
  });

  it("reverts when it is shorter than its head", async () => {
    const { gateway, remote, wallets } = await load(three);
    const packed = encodeDelivery(remote.delivery(wallets));
    for (const length of [0, 1, 162]) {
      await expect(gateway.deliver(dataSlice(packed, 0, length)))
        .to.be.revertedWithCustomError(gateway, "DeliveryMalformed")
        .withArgs(length, 163);
    }
  });

  it("reverts when it ends before what it announces, at any byte, or goes on after it", async () => {
    const { gateway, remote, wallets } = await load(three);
    await gateway.sendMessage(interoperableAddress(REMOTE_CHAIN, PAYOUT), "0x", []);
    remote.deliverBatch(1n);
    const packed = encodeDelivery(remote.delivery(wallets, { to: 2n, resultsFrom: 0 }));
    await gateway.deliver.staticCall(packed);
    const length = dataLength(packed);
    for (let cut = length - 1; cut > 163 + 3 * 64; cut--) {
      await expect(gateway.deliver.staticCall(dataSlice(packed, 0, cut))).to.be.revertedWithCustomError(
        gateway,
        "DeliveryMalformed",
      );
    }
    await expect(gateway.deliver(concat([packed, "0x00"]))).to.be.revertedWithCustomError(gateway, "DeliveryMalformed");
    const alone = encodeDelivery(remote.delivery(wallets, { to: 2n }));
    await expect(gateway.deliver(concat([alone, "0x00"])))
      .to.be.revertedWithCustomError(gateway, "DeliveryMalformed")
      .withArgs(dataLength(alone) + 1, dataLength(alone));
  });

  it("reverts when leaves are missing or surplus", async () => {
    const { gateway, remote, wallets } = await load(three);
    const delivery = remote.delivery(wallets, { to: 1n });
    const { messagesAfter: leaves } = delivery;
    const full = dataLength(encodeDelivery(delivery));
    for (const [messagesAfter, length, expected] of [
      [[], full - 64, full],
      [leaves.slice(1), full - 32, full],
      [[...leaves, ethers.ZeroHash], full + 32, full],
    ] as const) {
      await expect(gateway.deliver(encodeDelivery({ ...delivery, messagesAfter })))
        .to.be.revertedWithCustomError(gateway, "DeliveryMalformed")
        .withArgs(length, expected);
    }
  });

  it("reverts when a message has fewer than 58 bytes", async () => {
    const { gateway, remote, wallets } = await load(three);
    const delivery = remote.delivery(wallets);
    for (const short of ["0x", toBeHex(2n, 8), dataSlice(delivery.messages[1]!, 0, 57)]) {
      const messages = [delivery.messages[0]!, short, delivery.messages[2]!];
      await expect(gateway.deliver(encodeDelivery({ ...delivery, messages })))
        .to.be.revertedWithCustomError(gateway, "MessageMalformed")
        .withArgs(short);
    }
  });

  it("reverts when a message is not the lane's next", async () => {
    const { gateway, remote, wallets } = await load(three);
    const delivery = remote.delivery(wallets);
    const [one, two, last] = delivery.messages as [string, string, string];
    const wrong: readonly [string[], bigint, bigint][] = [
      [[two, one, last], 2n, 1n],
      [[one, last, two], 3n, 2n],
      [[one, one, last], 1n, 2n],
    ];
    for (const [messages, seq, expected] of wrong) {
      await expect(gateway.deliver(encodeDelivery({ ...delivery, messages })))
        .to.be.revertedWithCustomError(gateway, "MessageOutOfOrder")
        .withArgs(seq, expected);
    }
  });

  it("reverts when any field of a message, a leaf, or their number was changed", async () => {
    const { gateway, remote, wallets } = await load(three);
    const delivery = remote.delivery(wallets, { to: 2n });
    const message = remote.messages[0]!;
    const changed = [
      { ...message, sender: PAYOUT },
      { ...message, recipient: PAYOUT },
      { ...message, gasLimit: message.gasLimit + 1n },
      { ...message, deadline: 9_999_999_999n },
      { ...message, reclaimable: true },
      { ...message, payload: "0x00" },
    ];
    for (const forged of changed) {
      const messages = [encodeMessage(forged), delivery.messages[1]!];
      let acc = remote.accs[0]!;
      for (const leaf of [messageLeaf(forged), ...remote.messages.slice(1).map(messageLeaf)]) acc = extend(acc, leaf);
      await expect(gateway.deliver(encodeDelivery({ ...delivery, messages })))
        .to.be.revertedWithCustomError(gateway, "AccumulatorMismatch")
        .withArgs(acc, delivery.header.acc);
    }
    await expect(
      gateway.deliver(encodeDelivery({ ...delivery, messagesAfter: [ethers.ZeroHash] })),
    ).to.be.revertedWithCustomError(gateway, "AccumulatorMismatch");
  });

  it("reverts when the accumulator before its messages is not the source's, however they are split", async () => {
    const { gateway, remote, wallets } = await load(three);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { to: 1n })));
    const delivery = remote.delivery(wallets, { from: 2n });
    for (const accBefore of [remote.accs[0]!, remote.accs[2]!, remote.accs[3]!, ethers.ZeroHash]) {
      await expect(gateway.deliver(encodeDelivery({ ...delivery, accBefore })))
        .to.be.revertedWithCustomError(gateway, "AccumulatorMismatch")
        .withArgs(
          extend(extend(accBefore, messageLeaf(remote.messages[1]!)), messageLeaf(remote.messages[2]!)),
          remote.accs[3],
        );
    }
    await gateway.deliver(encodeDelivery(delivery));
  });

  it("reverts when its gas would not give the recipient its own, and delivers nothing", async () => {
    const { gateway, remote, wallets, recipient } = await load(deployGatewayWithReceiver);
    remote.send({ recipient });
    remote.send({ recipient, gasLimit: 3_000_000n });
    await expect(
      gateway.deliver(encodeDelivery(remote.delivery(wallets)), { gasLimit: 2_500_000 }),
    ).to.be.revertedWithCustomError(gateway, "InsufficientGas");
    expect((await gateway.laneState(REMOTE_CHAIN)).inSeq).to.equal(0n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets)), { gasLimit: 4_000_000 });
  });

  it("hands each recipient its id, the ERC-7930 sender and the payload, in order (invariant 2)", async () => {
    const { gateway, remote, wallets, receiver } = await load(three);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
    expect(await receiver.received()).to.deep.equal([1n, 2n, 3n].map((seq) => remote.receiveId(seq)));
    expect(await receiver.lastPayload()).to.equal("0x002233");
    expect(await receiver.lastSender()).to.equal(interoperableAddress(REMOTE_CHAIN, remote.messages[2]!.sender));
  });

  it("hands over payloads of any length after one another without a trace of the longer one", async () => {
    const { gateway, remote, wallets, receiver, recipient } = await load(deployGatewayWithReceiver);
    const lengths = [100, 1, 33, 32, 0, 31, 64, 2];
    for (const length of lengths) {
      const sender = `0x${"c".repeat(40)}`;
      remote.send({
        recipient,
        sender,
        gasLimit: 1_000_000n,
        payload: length === 0 ? "0x" : `0x00${"ff".repeat(length - 1)}`,
      });
    }
    const iface = new ethers.Interface(["function receiveMessage(bytes32,bytes,bytes) returns (bytes4)"]);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
    for (const { seq, sender, payload } of remote.messages) {
      const receiveId = remote.receiveId(seq);
      const from = interoperableAddress(REMOTE_CHAIN, sender);
      const data = iface.encodeFunctionData("receiveMessage", [receiveId, from, payload]);
      expect(await receiver.callHash(receiveId)).to.equal(keccak256(data));
    }
    expect(await receiver.received()).to.have.length(lengths.length);
  });

  it("emits BatchDelivered and chains the record that the protocol computes (invariant 4)", async () => {
    const { gateway, remote, wallets, recipient } = await load(three);
    remote.send({ recipient, payload: PAYLOAD.revert });
    remote.send({ recipient });
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { to: 2n }))))
      .to.emit(gateway, "BatchDelivered")
      .withArgs(REMOTE_CHAIN, 1n, 2n, 0n, PAYOUT);
    await expect(gateway.deliver(encodeDelivery({ ...remote.delivery(wallets, { from: 3n }), payout: recipient })))
      .to.emit(gateway, "BatchDelivered")
      .withArgs(REMOTE_CHAIN, 3n, 5n, 0b010n, recipient);
    const state = await gateway.laneState(REMOTE_CHAIN);
    expect(state.inSeq).to.equal(5n);
    const records = [
      { first: 1n, last: 2n, failures: 0n, payout: PAYOUT },
      { first: 3n, last: 5n, failures: 0b010n, payout: recipient },
    ];
    expect(state.resAcc).to.equal(records.map(resultLeaf).reduce(extend, resultSeed(remote.inbound)));
  });

  it("takes every prefix under one header, the leaves of the rest beside it (invariant 3)", async () => {
    const { gateway, remote, wallets, receiver, recipient } = await load(three);
    for (let count = 0; count < 7; count++) remote.send({ recipient });
    const header = remote.header();
    for (const [from, to] of [
      [1n, 1n],
      [2n, 4n],
      [5n, 9n],
      [10n, 10n],
    ] as const) {
      await gateway.deliver(encodeDelivery(remote.delivery(wallets, { header, from, to })));
      expect((await gateway.laneState(REMOTE_CHAIN)).inSeq).to.equal(to);
    }
    expect(await receiver.received()).to.have.length(10);
  });

  it("takes 256 messages with a failure in the first and in the last bit", async () => {
    const { gateway, remote, wallets, recipient } = await load(deployGatewayWithReceiver);
    for (let index = 0; index < 256; index++) {
      remote.send({ recipient, payload: index % 255 === 0 ? PAYLOAD.revert : "0x" });
    }
    const delivery = remote.delivery(wallets);
    await expect(gateway.deliver(encodeDelivery(delivery), { gasLimit: 55_000_000 }))
      .to.emit(gateway, "BatchDelivered")
      .withArgs(REMOTE_CHAIN, 1n, 256n, (1n << 255n) | 1n, PAYOUT);
  });

  it("records an expired message as failed without a call, from the second after its deadline", async () => {
    const { gateway, remote, wallets, receiver, recipient } = await load(deployGatewayWithReceiver);
    const deadline = BigInt(await time.latest()) + 100n;
    // The one that expires is not even called: no gas that it names is asked for.
    for (const gasLimit of [200_000n, (1n << 32n) - 1n]) remote.send({ recipient, deadline, gasLimit });
    await time.setNextBlockTimestamp(deadline);
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { to: 1n }))))
      .to.emit(gateway, "BatchDelivered")
      .withArgs(REMOTE_CHAIN, 1n, 1n, 0n, PAYOUT);
    await time.setNextBlockTimestamp(deadline + 1n);
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { from: 2n }))))
      .to.emit(gateway, "BatchDelivered")
      .withArgs(REMOTE_CHAIN, 2n, 2n, 1n, PAYOUT);
    expect(await receiver.received()).to.deep.equal([remote.receiveId(1n)]);
  });

  it("keeps the leaf of a failed message for a retry, unless it is reclaimable (invariant 5)", async () => {
    const { gateway, remote, wallets, recipient } = await load(deployGatewayWithReceiver);
    for (const reclaimable of [false, true]) remote.send({ recipient, reclaimable, payload: PAYLOAD.revert });
    remote.send({ recipient });
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets))))
      .to.emit(gateway, "BatchDelivered")
      .withArgs(REMOTE_CHAIN, 1n, 3n, 0b011n, PAYOUT);
    expect(await gateway.retriable(REMOTE_CHAIN, 1n)).to.equal(messageLeaf(remote.messages[0]!));
    expect(await gateway.retriable(REMOTE_CHAIN, 2n)).to.equal(ethers.ZeroHash);
    expect(await gateway.retriable(REMOTE_CHAIN, 3n)).to.equal(ethers.ZeroHash);
  });

  it("keeps a checkpoint of the results after the batch that reaches message 256 and 512, and none elsewhere", async () => {
    const { gateway, remote, wallets, recipient } = await load(deployGatewayWithReceiver);
    const checkpoints = () =>
      Promise.all([0n, 1n, 2n, 3n].map((index) => gateway.resultCheckpoint(REMOTE_CHAIN, index)));
    let acc = resultSeed(remote.inbound);
    const deliverTo = async (last: bigint): Promise<string> => {
      const first = BigInt(remote.messages.length) + 1n;
      while (BigInt(remote.messages.length) < last) remote.send({ recipient });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets, { from: first })), { gasLimit: 59_000_000n });
      acc = extend(acc, resultLeaf({ first, last, failures: 0n, payout: PAYOUT }));
      return acc;
    };
    await deliverTo(255n);
    expect(await checkpoints()).to.deep.equal([ZeroHash, ZeroHash, ZeroHash, ZeroHash]);
    const first = await deliverTo(258n);
    await deliverTo(511n);
    const second = await deliverTo(512n);
    await deliverTo(513n);
    expect(await checkpoints()).to.deep.equal([ZeroHash, first, second, ZeroHash]);
  });

  it("brings messages and results together, both directions in one transaction", async () => {
    const { gateway, remote, wallets, recipient } = await load(three);
    for (let count = 0; count < 3; count++) {
      await gateway.sendMessage(interoperableAddress(REMOTE_CHAIN, recipient), "0x", []);
    }
    remote.deliverBatch(1n);
    remote.deliverBatch(3n, 0b10n);
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { to: 2n, resultsFrom: 0, resultsTo: 1 }))))
      .to.emit(gateway, "ResultRecorded")
      .withArgs(REMOTE_CHAIN, 1n, 1n, 0n, remote.results[0]!.payout)
      .and.to.emit(gateway, "BatchDelivered")
      .withArgs(REMOTE_CHAIN, 1n, 2n, 0n, PAYOUT);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { from: 3n, resultsFrom: 1 })));
    const state = await gateway.laneState(REMOTE_CHAIN);
    expect([state.inSeq, state.ackSeq, state.ackAcc]).to.deep.equal([3n, 3n, remote.resAccs[2]]);
  });

  it("takes a header whose other direction is ahead of what it brings", async () => {
    const { gateway, remote, wallets } = await load(three);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { header: remote.header({ ackSeq: 7n }) })));
    const state = await gateway.laneState(REMOTE_CHAIN);
    expect([state.inSeq, state.ackSeq]).to.deep.equal([3n, 0n]);
  });

  it("computes the digest of the protocol", async () => {
    const { gateway, remote, target, wallets } = await load(three);
    const header = remote.header();
    expect(await gateway.headerDigest(header)).to.equal(headerDigest(header, target));
    expect(remote.delivery(wallets, { header }).signatures).to.equal(
      proveQuorum(wallets, headerDigest(header, target)).signatures,
    );
    expect(concat([toBeHex(BigInt(REMOTE_GATEWAY), 20)])).to.equal(REMOTE_GATEWAY.toLowerCase());
  });
});
