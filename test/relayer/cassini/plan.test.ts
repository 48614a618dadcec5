import { expect } from "chai";
import { dataLength, id } from "ethers";
import { encodeDelivery } from "../../../protocol/delivery";
import { encodeMessage } from "../../../protocol/message";
import { DEFAULT_LIMITS, bestHeader, bringsForward, fitBatch, turnOf } from "../../../relayer/cassini/plan";
import type { AttestedHeader } from "../../../relayer/store/attestations";
import { deployGateway, load, sendBurst, sendIdOf } from "../../crosschain/support";
import { RECIPIENT } from "./support/fakeChain";
import { epochOf } from "./support/operators";

const { signers: SET } = epochOf(1n, ["a", "b", "c", "d"]);
const SETS = new Map([[1n, SET]]);

function attested(sourceBlock: bigint, toSeq: bigint, signatures: number, ackSeq = 0n, epoch = 1n): AttestedHeader {
  const header = { source: 1n, sourceBlock, epoch, toSeq, acc: id(`${toSeq}`), ackSeq, resAcc: id(`${ackSeq}`) };
  const signed = SET.slice(0, signatures).map((signer) => [signer, `0x${"11".repeat(64)}`] as const);
  return { header, digest: id(`${sourceBlock}`), signatures: new Map(signed) };
}

const packed = (count: number, gasLimit: bigint, bytes = 32): readonly string[] =>
  Array.from({ length: count }, (_, index) =>
    encodeMessage({
      seq: BigInt(index) + 1n,
      sender: RECIPIENT,
      recipient: RECIPIENT,
      gasLimit,
      deadline: 0n,
      reclaimable: false,
      payload: `0x${"ff".repeat(bytes)}`,
    }),
  );

const fit = (messages: readonly string[], behind = 0, results: Parameters<typeof fitBatch>[0]["results"] = []) =>
  fitBatch(
    { messages, results, messageCount: messages.length + behind, resultCount: results.length, signatures: 3 },
    DEFAULT_LIMITS,
  );

describe("bestHeader", () => {
  const target = { inSeq: 5n, ackSeq: 2n };

  it("chooses the newest header with a quorum", () => {
    const chosen = bestHeader(
      target,
      [attested(8n, 9n, 2, 2n), attested(4n, 7n, 3, 2n), attested(3n, 6n, 4, 2n)],
      SETS,
    );
    expect(chosen?.header.sourceBlock).to.equal(4n);
    expect(chosen?.quorum).to.equal("3/4");
  });

  it("takes exactly a quorum of the signatures", () => {
    const chosen = bestHeader(target, [attested(4n, 7n, 4, 2n)], SETS);
    expect(dataLength(chosen?.proof.signatures ?? "0x")).to.equal(3 * 64);
  });

  it("ignores headers of an epoch that the target does not accept", () => {
    expect(bestHeader(target, [attested(4n, 7n, 4, 2n, 2n)], SETS)).to.equal(undefined);
  });

  it("ignores headers that bring the target nowhere or back", () => {
    const stale = [attested(4n, 5n, 4, 2n), attested(5n, 4n, 4, 9n), attested(6n, 9n, 4, 1n)];
    expect(stale.map(({ header }) => bringsForward(target, header))).to.deep.equal([false, false, false]);
    expect(bestHeader(target, stale, SETS)).to.equal(undefined);
  });

  it("takes a header that only acknowledges", () => {
    expect(bestHeader(target, [attested(4n, 5n, 4, 3n)], SETS)?.header.ackSeq).to.equal(3n);
  });
});

describe("fitBatch", () => {
  it("takes up to 256 messages", () => {
    expect(fit(packed(300, 20_000n)).messages).to.have.length(256);
  });

  it("stays within the target's gas per transaction", () => {
    const batch = fit(packed(256, 200_000n));
    expect(batch.messages.length).to.be.greaterThan(60).and.lessThan(84);
    expect(batch.gas <= DEFAULT_LIMITS.maxGas).to.equal(true);
  });

  it("stays within the target's bytes per transaction, the leaves that follow included", () => {
    const batch = fit(packed(256, 20_000n, 1_000), 1_700);
    const bytes = batch.messages.length * (1_058 + 3) + (1_956 - batch.messages.length) * 32;
    expect(bytes).to.be.lessThan(DEFAULT_LIMITS.maxBytes);
    expect(batch.messages.length).to.be.greaterThan(40);
  });

  it("always takes the first message, which the outbox has accepted", () => {
    const batch = fit(packed(2, 16_000_000n));
    expect(batch.messages).to.have.length(1);
    expect(batch.gas <= DEFAULT_LIMITS.maxGas).to.equal(true);
  });

  it("brings acknowledgements without messages", () => {
    const record = { first: 1n, last: 1n, failures: 0n, payout: RECIPIENT };
    const batch = fit([], 0, [record]);
    expect(batch).to.deep.include({ messages: [], results: [record] });
  });

  it("gives results gas enough for the dearest: every message failed, and paid a fee to somebody new", async () => {
    for (const count of [1n, 256n]) {
      const { gateway, remote, wallets, target } = await load(deployGateway);
      await sendBurst(gateway, Number(count));
      for (let seq = 1n; seq <= count; seq++) await gateway.topUp(sendIdOf(target, seq), { value: 1_000_000n });
      const record = remote.deliverBatch(count, (1n << count) - 1n);
      const sent = await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })));
      const gasUsed = (await sent.wait())?.gasUsed ?? 0n;
      const batch = fitBatch(
        { messages: [], results: [record], messageCount: 0, resultCount: 1, signatures: 3 },
        DEFAULT_LIMITS,
      );
      expect(gasUsed < batch.gas, `${gasUsed} for ${count} messages, planned ${batch.gas}`).to.equal(true);
    }
  });

  it("leaves results over that are more than a delivery takes", () => {
    const records = Array.from({ length: 80 }, (_, index) => {
      const seq = BigInt(index) + 1n;
      return { first: seq, last: seq, failures: 0n, payout: RECIPIENT };
    });
    expect(fit([], 0, records).results).to.have.length(DEFAULT_LIMITS.maxResults);
  });
});

describe("turnOf", () => {
  const turns = (inSeq: bigint): readonly number[] =>
    SET.map((operator) => turnOf("0x0102030405060708", { inSeq, ackSeq: 0n }, SET, operator));

  it("gives every operator another place", () => {
    for (let inSeq = 0n; inSeq < 20n; inSeq++) expect([...turns(inSeq)].sort()).to.deep.equal([0, 1, 2, 3]);
  });

  it("lets everybody be first now and then", () => {
    const first = new Set(Array.from({ length: 60 }, (_, inSeq) => turns(BigInt(inSeq)).indexOf(0)));
    expect(first.size).to.equal(SET.length);
  });

  it("puts strangers last", () => {
    expect(turnOf("0x0102030405060708", { inSeq: 0n, ackSeq: 0n }, SET, RECIPIENT)).to.equal(SET.length);
  });
});
