import { expect } from "chai";
import { ethers } from "hardhat";
import { encodeDelivery } from "../../protocol/delivery";
import { extend, resultLeaf } from "../../protocol/hashChain";
import { messageId } from "../../protocol/message";
import {
  ATTRIBUTE,
  REMOTE_CHAIN,
  deployGateway,
  load,
  onRemote,
  sendBurst,
  sendIdOf,
  type GatewayFixture,
} from "./support";

const UNKNOWN = 0n;
const PENDING = 1n;
const SUCCEEDED = 2n;
const FAILED = 3n;
const FAILED_FINAL = 4n;
const PAYOUT = "0x000000000000000000000000000000000000bEEF";
const TO = onRemote("0x1111111111111111111111111111111111111111");

/** Ten messages sent, the even ones reclaimable. */
async function ten(): Promise<GatewayFixture> {
  const fixture = await deployGateway();
  for (let seq = 1; seq <= 10; seq++)
    await fixture.gateway.sendMessage(TO, "0x", [ATTRIBUTE.reclaimable(seq % 2 === 0)]);
  return fixture;
}

async function sixHundred(): Promise<GatewayFixture> {
  const fixture = await deployGateway();
  await sendBurst(fixture.gateway, 600);
  return fixture;
}

async function statuses({ gateway, target }: GatewayFixture, first: bigint, last: bigint): Promise<bigint[]> {
  const all: Promise<bigint>[] = [];
  for (let seq = first; seq <= last; seq++) all.push(gateway.statusOf(sendIdOf(target, seq)));
  return Promise.all(all);
}

describe("Outbox results", () => {
  it("reverts when the header acknowledges less than is known", async () => {
    const { gateway, remote, wallets } = await load(ten);
    remote.deliverBatch(4n);
    const old = remote.header();
    remote.deliverBatch(6n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    await expect(
      gateway.deliver(encodeDelivery(remote.delivery(wallets, { header: old, resultsFrom: 0, resultsTo: 1 }))),
    )
      .to.be.revertedWithCustomError(gateway, "AckBehind")
      .withArgs(4n, 6n);
  });

  it("reverts when the header acknowledges less than is known, also if it brings messages alone", async () => {
    const { gateway, remote, wallets } = await load(ten);
    remote.deliverBatch(4n);
    const old = { ackSeq: 4n, resAcc: remote.resAccs[1]! };
    remote.deliverBatch(6n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    remote.send({ recipient: PAYOUT });
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { header: remote.header(old) }))))
      .to.be.revertedWithCustomError(gateway, "AckBehind")
      .withArgs(4n, 6n);
  });

  it("reverts when the header acknowledges what was never sent", async () => {
    const { gateway, remote, wallets } = await load(ten);
    remote.deliverBatch(11n);
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 }))))
      .to.be.revertedWithCustomError(gateway, "AckAhead")
      .withArgs(11n, 10n);
  });

  it("reverts when the same records come twice", async () => {
    const { gateway, remote, wallets } = await load(ten);
    remote.deliverBatch(4n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 }))))
      .to.be.revertedWithCustomError(gateway, "ResultOutOfOrder")
      .withArgs(1n, 4n, 5n);
  });

  const misplaced: Readonly<Record<string, readonly [bigint, bigint]>> = {
    "leaves a gap": [2n, 4n],
    "starts at 0": [0n, 4n],
    "ends before it starts": [1n, 0n],
    "goes beyond the header": [1n, 6n],
  };
  for (const [fault, [first, last]] of Object.entries(misplaced)) {
    it(`reverts when a record ${fault}`, async () => {
      const { gateway, remote, wallets } = await load(ten);
      remote.record({ first, last, failures: 0n, payout: PAYOUT });
      await expect(
        gateway.deliver(
          encodeDelivery(remote.delivery(wallets, { header: remote.header({ ackSeq: 5n }), resultsFrom: 0 })),
        ),
      )
        .to.be.revertedWithCustomError(gateway, "ResultOutOfOrder")
        .withArgs(first, last, 1n);
    });
  }

  it("reverts when a later record overlaps the one before", async () => {
    const { gateway, remote, wallets } = await load(ten);
    remote.deliverBatch(4n);
    remote.record({ first: 4n, last: 5n, failures: 0n, payout: PAYOUT });
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 }))))
      .to.be.revertedWithCustomError(gateway, "ResultOutOfOrder")
      .withArgs(4n, 5n, 5n);
  });

  it("reverts when a record marks a failure beyond its batch", async () => {
    const { gateway, remote, wallets } = await load(ten);
    remote.record({ first: 1n, last: 4n, failures: 1n << 4n, payout: PAYOUT });
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 }))))
      .to.be.revertedWithCustomError(gateway, "FailureOutOfRange")
      .withArgs(1n << 4n, 4n);
  });

  it("reverts when a record covers 257 messages, and takes 256", async () => {
    const { gateway, remote, wallets } = await load(sixHundred);
    const other = remote.copy();
    other.deliverBatch(257n);
    await expect(gateway.deliver(encodeDelivery(other.delivery(wallets, { resultsFrom: 0 }))))
      .to.be.revertedWithCustomError(gateway, "ResultOutOfOrder")
      .withArgs(1n, 257n, 1n);
    remote.deliverBatch(256n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    expect((await gateway.laneState(REMOTE_CHAIN)).ackSeq).to.equal(256n);
  });

  it("reverts when any field of a record, or a leaf after it, was changed", async () => {
    const { gateway, remote, wallets } = await load(ten);
    remote.deliverBatch(4n, 0b0101n);
    remote.deliverBatch(6n);
    const delivery = remote.delivery(wallets, { resultsFrom: 0, resultsTo: 1 });
    const record = remote.results[0]!;
    const rest = resultLeaf(remote.results[1]!);
    for (const forged of [
      { ...record, last: 5n },
      { ...record, failures: 0b0100n },
      { ...record, failures: record.failures | 0b1000n },
      { ...record, payout: "0x0000000000000000000000000000000000C0FFEE" },
    ]) {
      const acc = extend(extend(remote.resAccs[0]!, resultLeaf(forged)), rest);
      await expect(gateway.deliver(encodeDelivery({ ...delivery, results: [forged] })))
        .to.be.revertedWithCustomError(gateway, "ResultMismatch")
        .withArgs(acc, remote.resAccs[2]);
    }
    for (const resultsAfter of [[], [ethers.ZeroHash], [rest, rest]]) {
      await expect(gateway.deliver(encodeDelivery({ ...delivery, resultsAfter }))).to.be.revertedWithCustomError(
        gateway,
        "ResultMismatch",
      );
    }
  });

  it("emits ResultRecorded for each record and chains them, in any split into prefixes", async () => {
    const { gateway, remote, wallets } = await load(ten);
    remote.deliverBatch(1n, 1n, "0x00000000000000000000000000000000000000A1");
    remote.deliverBatch(5n, 0b1010n, "0x00000000000000000000000000000000000000A2");
    remote.deliverBatch(9n, 0n, "0x00000000000000000000000000000000000000a3");
    const header = remote.header();
    await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { header, resultsFrom: 0, resultsTo: 2 }))))
      .to.emit(gateway, "ResultRecorded")
      .withArgs(REMOTE_CHAIN, 1n, 1n, 1n, remote.results[0]!.payout)
      .and.to.emit(gateway, "ResultRecorded")
      .withArgs(REMOTE_CHAIN, 2n, 5n, 0b1010n, remote.results[1]!.payout);
    let state = await gateway.laneState(REMOTE_CHAIN);
    expect([state.ackSeq, state.ackAcc]).to.deep.equal([5n, remote.resAccs[2]]);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { header, resultsFrom: 2 })));
    state = await gateway.laneState(REMOTE_CHAIN);
    expect([state.ackSeq, state.ackAcc]).to.deep.equal([9n, remote.resAccs[3]]);
  });

  it("leaves the inbox's own chains as they are", async () => {
    const { gateway, remote, wallets } = await load(ten);
    const before = await gateway.laneState(REMOTE_CHAIN);
    remote.deliverBatch(4n, 0b1n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    const after = await gateway.laneState(REMOTE_CHAIN);
    expect([after.inSeq, after.resAcc, after.outAcc]).to.deep.equal([before.inSeq, before.resAcc, before.outAcc]);
  });

  it("records the failures of every bit where batches span two words", async () => {
    const fixture = await load(sixHundred);
    const { gateway, remote, wallets } = fixture;
    const everyThird = BigInt(`0b${"001".repeat(85)}1`);
    remote.deliverBatch(100n, (1n << 99n) | 1n);
    remote.deliverBatch(356n, everyThird | (1n << 255n));
    remote.deliverBatch(511n, 1n << 154n);
    remote.deliverBatch(512n, 1n);
    remote.deliverBatch(600n, 1n << 87n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0, resultsTo: 3 })));
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 3 })));
    const failed = new Set<bigint>();
    for (const { first, last, failures } of remote.results) {
      for (let seq = first; seq <= last; seq++) if ((failures >> (seq - first)) & 1n) failed.add(seq);
    }
    const expected = Array.from({ length: 600 }, (_, index) => (failed.has(BigInt(index) + 1n) ? FAILED : SUCCEEDED));
    expect(await statuses(fixture, 1n, 600n)).to.deep.equal(expected);
    expect(failed.size).to.be.greaterThan(80);
  });
});

describe("Outbox.statusOf", () => {
  it("tells Pending, Succeeded, Failed and FailedFinal apart, message by message", async () => {
    const fixture = await load(ten);
    const { gateway, remote, wallets } = fixture;
    expect(await statuses(fixture, 1n, 10n)).to.deep.equal(Array<bigint>(10).fill(PENDING));
    remote.deliverBatch(3n, 0b011n);
    remote.deliverBatch(8n, 0b00011n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    expect(await statuses(fixture, 1n, 10n)).to.deep.equal([
      FAILED,
      FAILED_FINAL,
      SUCCEEDED,
      FAILED_FINAL,
      FAILED,
      SUCCEEDED,
      SUCCEEDED,
      SUCCEEDED,
      PENDING,
      PENDING,
    ]);
  });

  it("goes on while the lane is paused (invariant 8)", async () => {
    const fixture = await load(ten);
    const { gateway, remote, wallets } = fixture;
    remote.deliverBatch(2n, 0b10n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    await gateway.pauseAll();
    expect(await statuses(fixture, 1n, 3n)).to.deep.equal([SUCCEEDED, FAILED_FINAL, PENDING]);
  });

  it("is Unknown for every id that this gateway never gave", async () => {
    const { gateway, target, remote, wallets } = await load(ten);
    remote.deliverBatch(10n);
    await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
    const parts = {
      sourceChainId: target.chainId,
      targetChainId: REMOTE_CHAIN,
      sourceGateway: target.gateway,
      seq: 10n,
    };
    expect(await gateway.statusOf(messageId(parts))).to.equal(SUCCEEDED);
    const flipped = `${target.gateway.slice(0, -1)}${target.gateway.endsWith("0") ? "1" : "0"}`;
    const forged = [
      { ...parts, sourceChainId: target.chainId + 1n },
      { ...parts, sourceChainId: REMOTE_CHAIN },
      { ...parts, targetChainId: REMOTE_CHAIN + 1n },
      { ...parts, targetChainId: target.chainId },
      { ...parts, sourceGateway: flipped },
      { ...parts, sourceGateway: ethers.ZeroAddress },
      { ...parts, seq: 0n },
      { ...parts, seq: 11n },
      { ...parts, seq: (1n << 64n) - 1n },
    ];
    for (const id of forged) expect(await gateway.statusOf(messageId(id))).to.equal(UNKNOWN);
    expect(await gateway.statusOf(ethers.ZeroHash)).to.equal(UNKNOWN);
    expect(await gateway.statusOf(remote.receiveId(1n))).to.equal(UNKNOWN);
  });
});
