import { expect } from "chai";
import { encodeDelivery } from "../../protocol/delivery";
import { dataSlice, ZeroHash } from "ethers";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { encodeMessage, messageLeaf } from "../../protocol/message";
import { PAYLOAD, REMOTE_CHAIN, deployGatewayWithReceiver, load, type ReceiverFixture } from "./support";

/** Message 1 failed, 2 failed and is reclaimable, 3 succeeded, 4 awaits delivery, 5 failed and has a deadline. */
interface FailedFixture extends ReceiverFixture {
  readonly deadline: bigint;
}

async function failed(): Promise<FailedFixture> {
  const fixture = await deployGatewayWithReceiver();
  const { gateway, remote, wallets, recipient } = fixture;
  const deadline = BigInt(await time.latest()) + 1_000n;
  remote.send({ recipient, payload: PAYLOAD.revert });
  remote.send({ recipient, payload: PAYLOAD.revert, reclaimable: true });
  remote.send({ recipient });
  remote.send({ recipient, payload: PAYLOAD.revert, deadline });
  remote.send({ recipient, payload: PAYLOAD.revert });
  await gateway.deliver(encodeDelivery(remote.delivery(wallets, { to: 4n })));
  return { ...fixture, deadline };
}

describe("Inbox.retry", () => {
  it("reverts when there is no such lane", async () => {
    const { gateway, remote } = await load(failed);
    await expect(gateway.retry(57n, encodeMessage(remote.messages[0]!)))
      .to.be.revertedWithCustomError(gateway, "UnknownLane")
      .withArgs(57n);
  });

  it("reverts when the lane is paused (invariant 8)", async () => {
    const { gateway, remote } = await load(failed);
    await gateway.pauseLane(REMOTE_CHAIN);
    await expect(gateway.retry(REMOTE_CHAIN, encodeMessage(remote.messages[0]!)))
      .to.be.revertedWithCustomError(gateway, "LanePaused")
      .withArgs(REMOTE_CHAIN);
  });

  it("reverts when the message has fewer than 58 bytes", async () => {
    const { gateway, remote } = await load(failed);
    for (const short of ["0x", dataSlice(encodeMessage(remote.messages[0]!), 0, 57)]) {
      await expect(gateway.retry(REMOTE_CHAIN, short))
        .to.be.revertedWithCustomError(gateway, "MessageMalformed")
        .withArgs(short);
    }
  });

  it("reverts when the message succeeded, was not delivered, or is reclaimable (invariant 5)", async () => {
    const { gateway, remote } = await load(failed);
    for (const seq of [2n, 3n, 5n]) {
      await expect(gateway.retry(REMOTE_CHAIN, encodeMessage(remote.messages[Number(seq) - 1]!)))
        .to.be.revertedWithCustomError(gateway, "NotRetriable")
        .withArgs(REMOTE_CHAIN, seq);
    }
  });

  it("reverts when any field of the message was changed", async () => {
    const { gateway, remote, receiver } = await load(failed);
    await receiver.setHealed(true);
    const message = remote.messages[0]!;
    for (const forged of [
      { ...message, sender: message.recipient },
      { ...message, recipient: message.sender },
      { ...message, gasLimit: 1n },
      { ...message, deadline: 1n },
      { ...message, reclaimable: true },
      { ...message, payload: "0x0100" },
    ]) {
      await expect(gateway.retry(REMOTE_CHAIN, encodeMessage(forged)))
        .to.be.revertedWithCustomError(gateway, "NotRetriable")
        .withArgs(REMOTE_CHAIN, 1n);
    }
    await expect(gateway.retry(REMOTE_CHAIN, encodeMessage({ ...message, seq: 9n })))
      .to.be.revertedWithCustomError(gateway, "NotRetriable")
      .withArgs(REMOTE_CHAIN, 9n);
  });

  it("reverts when the deadline has passed, and not at the deadline", async () => {
    const { gateway, remote, receiver, deadline } = await load(failed);
    await receiver.setHealed(true);
    const packed = encodeMessage(remote.messages[3]!);
    await time.setNextBlockTimestamp(deadline);
    await gateway.retry.staticCall(REMOTE_CHAIN, packed, { blockTag: "pending" });
    await time.setNextBlockTimestamp(deadline + 1n);
    await expect(gateway.retry(REMOTE_CHAIN, packed))
      .to.be.revertedWithCustomError(gateway, "MessageExpired")
      .withArgs(4n, deadline);
  });

  it("reverts when its gas is below the recipient's own", async () => {
    const { gateway, remote, receiver } = await load(failed);
    await receiver.setHealed(true);
    await expect(
      gateway.retry(REMOTE_CHAIN, encodeMessage(remote.messages[0]!), { gasLimit: 220_000 }),
    ).to.be.revertedWithCustomError(gateway, "InsufficientGas");
  });

  it("reverts when it fails again, and can be retried after that", async () => {
    const { gateway, remote, receiver } = await load(failed);
    const packed = encodeMessage(remote.messages[0]!);
    await expect(gateway.retry(REMOTE_CHAIN, packed))
      .to.be.revertedWithCustomError(gateway, "RetryFailed")
      .withArgs(1n);
    expect(await gateway.retriable(REMOTE_CHAIN, 1n)).to.equal(messageLeaf(remote.messages[0]!));
    await receiver.setHealed(true);
    await gateway.retry(REMOTE_CHAIN, packed);
    expect(await receiver.executions(remote.receiveId(1n))).to.equal(1n);
  });

  it("executes once and forgets the message (invariant 2)", async () => {
    const { gateway, remote, receiver } = await load(failed);
    await receiver.setHealed(true);
    const packed = encodeMessage(remote.messages[0]!);
    await expect(gateway.retry(REMOTE_CHAIN, packed)).to.emit(gateway, "MessageRetried").withArgs(remote.receiveId(1n));
    expect(await gateway.retriable(REMOTE_CHAIN, 1n)).to.equal(ZeroHash);
    await expect(gateway.retry(REMOTE_CHAIN, packed))
      .to.be.revertedWithCustomError(gateway, "NotRetriable")
      .withArgs(REMOTE_CHAIN, 1n);
    expect(await receiver.executions(remote.receiveId(1n))).to.equal(1n);
    expect(await receiver.received()).to.deep.equal([remote.receiveId(3n), remote.receiveId(1n)]);
  });

  it("gives the recipient more than its gas limit where the caller does", async () => {
    const { gateway, remote, wallets, receiver, recipient } = await load(deployGatewayWithReceiver);
    remote.send({ recipient, gasLimit: 20_000n });
    await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
    expect(await gateway.retriable(REMOTE_CHAIN, 1n)).to.equal(messageLeaf(remote.messages[0]!));
    await gateway.retry(REMOTE_CHAIN, encodeMessage(remote.messages[0]!), { gasLimit: 1_500_000 });
    expect(await receiver.lastGas()).to.be.greaterThan(1_000_000n);
  });

  it("leaves the results as they are: the first attempt's is the only one (invariant 4)", async () => {
    const { gateway, remote, receiver } = await load(failed);
    const before = await gateway.laneState(REMOTE_CHAIN);
    await receiver.setHealed(true);
    await gateway.retry(REMOTE_CHAIN, encodeMessage(remote.messages[0]!));
    expect(await gateway.laneState(REMOTE_CHAIN)).to.deep.equal(before);
  });

  it("refuses a message whose recipient is the gateway", async () => {
    const { gateway, remote, wallets, target } = await load(deployGatewayWithReceiver);
    remote.send({ recipient: target.gateway });
    await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
    await expect(gateway.retry(REMOTE_CHAIN, encodeMessage(remote.messages[0]!)))
      .to.be.revertedWithCustomError(gateway, "RetryFailed")
      .withArgs(1n);
  });
});
