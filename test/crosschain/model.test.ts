import { expect } from "chai";
import fc from "fast-check";
import { ZeroHash, type Wallet } from "ethers";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { encodeDelivery } from "../../protocol/delivery";
import { extend, messageSeed, resultLeaf, resultSeed, type ResultRecord } from "../../protocol/hashChain";
import type { Header } from "../../protocol/header";
import { encodeMessage, messageLeaf, type Message } from "../../protocol/message";
import {
  ATTRIBUTE,
  DAY,
  OVERLAP,
  PAYLOAD,
  REMOTE_CHAIN,
  ROTATION_DELAY,
  deployGatewayWithReceiver,
  load,
  onRemote,
  sendIdOf,
  signRotation,
  signerWallets,
  type ReceiverFixture,
} from "./support";

const SEED = 7_786;
const OPERATIONS = 2_000;
const PAYOUT = "0x000000000000000000000000000000000000dEaD";
const SENDER_RECIPIENT = "0x1111111111111111111111111111111111111111";
const STATUS = { pending: 1n, succeeded: 2n, failed: 3n, failedFinal: 4n } as const;

type Operation =
  | { readonly kind: "send"; readonly reclaimable: boolean }
  | { readonly kind: "remoteSend"; readonly fails: boolean; readonly reclaimable: boolean; readonly seconds: number }
  | { readonly kind: "header" }
  | { readonly kind: "deliver"; readonly header: number; readonly take: number; readonly takeResults: number }
  | { readonly kind: "remoteDeliver"; readonly take: number; readonly failures: bigint }
  | { readonly kind: "retry"; readonly which: number }
  | { readonly kind: "heal"; readonly healed: boolean }
  | { readonly kind: "pause"; readonly paused: boolean }
  | { readonly kind: "rotate" }
  | { readonly kind: "wait"; readonly seconds: number };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("send" as const), reclaimable: fc.boolean() }) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant("remoteSend" as const),
      fails: fc.boolean(),
      reclaimable: fc.boolean(),
      // 0: no deadline
      seconds: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("header" as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("deliver" as const),
      header: fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(12) }),
      take: fc.nat(6),
      takeResults: fc.nat(3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("remoteDeliver" as const),
      take: fc.integer({ min: 1, max: 12 }),
      failures: fc.bigInt({ min: 0n, max: 4_095n }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("retry" as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("heal" as const), healed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pause" as const), paused: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("rotate" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      seconds: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 500, max: 3_600 })),
    }),
  },
);

/** A header that the remote chain once had, and how much it covers. */
interface Signed {
  readonly header: Header;
  readonly records: number;
}

/** What the gateway should be, kept by lists and loops alone. */
class Model {
  readonly sent: Message[] = [];
  /** Status of the n-th sent message; absent while pending. */
  readonly statuses: bigint[] = [];
  outAcc: string;
  acked = 0;
  inSeq = 0;
  resAcc: string;
  readonly batches: ResultRecord[] = [];
  /** How often each received message executed. */
  readonly executions: number[] = [];
  readonly executed: bigint[] = [];
  readonly retriable = new Set<bigint>();
  healed = false;
  paused = false;
  epoch = 1n;
  wallets: readonly Wallet[];
  previous: readonly Wallet[] = [];
  validUntil: bigint;
  previousUntil = 0n;
  rotatedAt: bigint;

  constructor(
    readonly fixture: ReceiverFixture,
    validUntil: bigint,
    now: bigint,
  ) {
    this.outAcc = messageSeed(fixture.remote.outbound);
    this.resAcc = resultSeed(fixture.remote.inbound);
    this.wallets = fixture.wallets;
    this.validUntil = validUntil;
    this.rotatedAt = now;
  }

  signersOf(epoch: bigint): readonly Wallet[] {
    return epoch === this.epoch ? this.wallets : epoch === this.epoch - 1n ? this.previous : signerWallets(4, "gone");
  }

  accepts(epoch: bigint, at: bigint): boolean {
    return (epoch === this.epoch && at <= this.validUntil) || (epoch === this.epoch - 1n && at <= this.previousUntil);
  }
}

describe("Gateway model", () => {
  it(`holds the README's invariants over ${OPERATIONS} seeded operations`, async () => {
    const fixture = await load(deployGatewayWithReceiver);
    const { gateway, remote, receiver, recipient, target } = fixture;
    const model = new Model(fixture, await gateway.epochValidUntil(1n), BigInt(await time.latest()));
    const signed: Signed[] = [];
    const seen = new Map<string, number>();
    let now = BigInt(await time.latest());

    /** The time of the next block, which the model therefore knows. */
    const tick = async (seconds = 1n): Promise<bigint> => {
      now += seconds;
      await time.setNextBlockTimestamp(now);
      return now;
    };
    /** Runs a transaction that must be refused, or must not be. */
    const attempt = async (name: string, error: string | undefined, act: () => Promise<unknown>): Promise<void> => {
      const outcome = `${name}: ${error ?? "done"}`;
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      if (error === undefined) await act();
      else await expect(act(), outcome).to.be.revertedWithCustomError(gateway, error);
    };

    const send = async (reclaimable: boolean): Promise<void> => {
      await tick();
      const attributes = reclaimable ? [ATTRIBUTE.reclaimable(true)] : [];
      const error = model.paused ? "LanePaused" : undefined;
      const act = (): Promise<unknown> => gateway.sendMessage(onRemote(SENDER_RECIPIENT), "0xc0de", attributes);
      await attempt("send", error, act);
      if (error !== undefined) return;
      const message: Message = {
        seq: BigInt(model.sent.length) + 1n,
        sender: await (gateway.runner as unknown as { getAddress(): Promise<string> }).getAddress(),
        recipient: SENDER_RECIPIENT,
        gasLimit: 200_000n,
        deadline: 0n,
        reclaimable,
        payload: "0xc0de",
      };
      model.sent.push(message);
      model.outAcc = extend(model.outAcc, messageLeaf(message));
    };

    const execute = (message: Message, at: bigint): boolean => {
      const expired = message.deadline !== 0n && at > message.deadline;
      if (expired || (message.payload === PAYLOAD.revert && !model.healed)) return false;
      model.executions[Number(message.seq) - 1] = (model.executions[Number(message.seq) - 1] ?? 0) + 1;
      model.executed.push(message.seq);
      return true;
    };

    const deliver = async (op: Extract<Operation, { kind: "deliver" }>): Promise<void> => {
      const { header, records } = signed.at(-1 - op.header) ?? {
        header: remote.header(),
        records: remote.results.length,
      };
      const at = await tick();
      const toSeq = Number(header.toSeq);
      const to = Math.min(model.inSeq + op.take, toSeq);
      const count = Math.max(0, to - model.inSeq);
      const known = remote.results.findIndex((record) => Number(record.first) === model.acked + 1);
      const resultsFrom = known === -1 ? remote.results.length : known;
      const resultsTo = Math.min(resultsFrom + op.takeResults, records);
      const taken = remote.results.slice(resultsFrom, Math.max(resultsFrom, resultsTo));
      const messages = remote.messages.slice(model.inSeq, model.inSeq + count);
      const delivery = {
        ...remote.delivery(model.signersOf(header.epoch), { header, from: BigInt(model.inSeq) + 1n, to: BigInt(to) }),
        messages: messages.map(encodeMessage),
        messagesAfter: count === 0 ? [] : remote.messages.slice(to, toSeq).map(messageLeaf),
        accBefore: remote.accs[model.inSeq]!,
        results: taken,
        resultsAfter:
          taken.length === 0 ? [] : remote.results.slice(resultsFrom + taken.length, records).map(resultLeaf),
        payout: PAYOUT,
      };
      const error =
        count === 0 && taken.length === 0
          ? "NothingToDeliver"
          : model.paused
            ? "LanePaused"
            : toSeq < model.inSeq
              ? "StaleHeader"
              : Number(header.ackSeq) < model.acked
                ? "AckBehind"
                : model.accepts(header.epoch, at)
                  ? undefined
                  : "EpochNotAccepted";
      await attempt("deliver", error, () => gateway.deliver(encodeDelivery(delivery), { gasLimit: 16_000_000 }));
      if (error !== undefined) return;
      for (const { first, last, failures } of taken) {
        for (let seq = first; seq <= last; seq++) {
          const failed = ((failures >> (seq - first)) & 1n) === 1n;
          const { reclaimable } = model.sent[Number(seq) - 1]!;
          model.statuses[Number(seq) - 1] = failed
            ? reclaimable
              ? STATUS.failedFinal
              : STATUS.failed
            : STATUS.succeeded;
        }
        model.acked = Number(last);
      }
      if (count === 0) return;
      let failures = 0n;
      for (const [index, message] of messages.entries()) {
        if (execute(message, at)) continue;
        failures |= 1n << BigInt(index);
        if (!message.reclaimable) model.retriable.add(message.seq);
      }
      const record = { first: BigInt(model.inSeq) + 1n, last: BigInt(to), failures, payout: PAYOUT };
      model.batches.push(record);
      model.resAcc = extend(model.resAcc, resultLeaf(record));
      model.inSeq = to;
    };

    const retry = async (which: number): Promise<void> => {
      if (model.inSeq === 0) return;
      // Mostly one that can be retried, sometimes any.
      const candidates = which % 4 === 0 || model.retriable.size === 0 ? undefined : [...model.retriable];
      const seq = candidates?.[which % candidates.length] ?? BigInt(which % model.inSeq) + 1n;
      const message = remote.messages[Number(seq) - 1]!;
      const at = await tick();
      const expired = message.deadline !== 0n && at > message.deadline;
      const error = model.paused
        ? "LanePaused"
        : !model.retriable.has(seq)
          ? "NotRetriable"
          : expired
            ? "MessageExpired"
            : model.healed || message.payload !== PAYLOAD.revert
              ? undefined
              : "RetryFailed";
      await attempt("retry", error, () => gateway.retry(REMOTE_CHAIN, encodeMessage(message), { gasLimit: 2_000_000 }));
      if (error !== undefined) return;
      execute(message, at);
      model.retriable.delete(seq);
    };

    const rotate = async (): Promise<void> => {
      const at = await tick();
      const epoch = model.epoch + 1n;
      const next = signerWallets(4 + Number(epoch % 3n), `epoch ${epoch}`);
      const rotation = { epoch, validUntil: at + 6n * DAY, signers: next.map((wallet) => wallet.address) };
      const { signers, signatures } = signRotation(model.wallets, rotation, target);
      const error = at < model.rotatedAt + ROTATION_DELAY ? "RotationTooEarly" : undefined;
      await attempt("rotate", error, () => gateway.rotate(rotation, signers, signatures));
      if (error !== undefined) return;
      [model.previous, model.previousUntil] = [model.wallets, at + OVERLAP];
      [model.epoch, model.wallets, model.validUntil, model.rotatedAt] = [epoch, next, rotation.validUntil, at];
      remote.epoch = epoch;
    };

    const run = async (op: Operation): Promise<void> => {
      switch (op.kind) {
        case "send":
          return send(op.reclaimable);
        case "remoteSend":
          remote.send({
            recipient,
            payload: op.fails ? PAYLOAD.revert : "0x",
            reclaimable: op.reclaimable,
            deadline: op.seconds === 0 ? 0n : now + BigInt(op.seconds),
          });
          return;
        case "header":
          signed.push({ header: remote.header(), records: remote.results.length });
          return;
        case "deliver":
          return deliver(op);
        case "remoteDeliver": {
          const first = Number(remote.results.at(-1)?.last ?? 0n) + 1;
          const last = Math.min(first + op.take - 1, model.sent.length);
          if (last >= first) remote.deliverBatch(BigInt(last), op.failures & ((1n << BigInt(last - first + 1)) - 1n));
          return;
        }
        case "retry":
          return retry(op.which);
        case "heal":
          await tick();
          await receiver.setHealed(op.healed);
          model.healed = op.healed;
          return;
        case "pause":
          await tick();
          await (op.paused ? gateway.pauseLane(REMOTE_CHAIN) : gateway.unpauseLane(REMOTE_CHAIN));
          model.paused = op.paused;
          return;
        case "rotate":
          return rotate();
        case "wait":
          now += BigInt(op.seconds);
      }
    };

    const status = (seq: bigint): bigint => model.statuses[Number(seq) - 1] ?? STATUS.pending;
    /** Invariants 1 to 5 and 7 to 9, on the whole lane and on the messages `sample` names. */
    const check = async (sample: (length: number) => readonly bigint[]): Promise<void> => {
      const [state, epoch] = await Promise.all([gateway.laneState(REMOTE_CHAIN), gateway.currentEpoch()]);
      expect([state.outSeq, state.outAcc], "1").to.deep.equal([BigInt(model.sent.length), model.outAcc]);
      expect(state.inSeq, "3").to.equal(BigInt(model.inSeq));
      expect(state.resAcc, "4").to.equal(model.resAcc);
      expect([state.ackSeq, state.ackAcc], "5").to.deep.equal([
        BigInt(model.acked),
        remote.resAccs[remote.results.filter(({ last }) => Number(last) <= model.acked).length],
      ]);
      expect(epoch, "7").to.equal(model.epoch);
      expect([state.paused, state.remoteGateway], "8, 9").to.deep.equal([model.paused, remote.gateway]);
      for (const seq of sample(model.sent.length)) {
        expect(await gateway.statusOf(sendIdOf(target, seq)), `5: status of ${seq}`).to.equal(status(seq));
      }
      for (const seq of sample(model.inSeq)) {
        const executions = BigInt(model.executions[Number(seq) - 1] ?? 0);
        expect(executions <= 1n, "2").to.equal(true);
        expect(await receiver.executions(remote.receiveId(seq)), `2: executions of ${seq}`).to.equal(executions);
        const leaf = model.retriable.has(seq) ? messageLeaf(remote.messages[Number(seq) - 1]!) : ZeroHash;
        expect(await gateway.retriable(REMOTE_CHAIN, seq), `5: retriable ${seq}`).to.equal(leaf);
      }
    };

    const operations = fc.sample(operation, { numRuns: OPERATIONS, seed: SEED });
    for (const [index, op] of operations.entries()) {
      await run(op);
      const last = (length: number): bigint[] =>
        length === 0 ? [] : [BigInt(index % 2 === 0 ? length : (index % length) + 1)];
      await check(last);
    }
    await check((length) => Array.from({ length }, (_, index) => BigInt(index) + 1n));
    expect(await receiver.received()).to.deep.equal(model.executed.map((seq) => remote.receiveId(seq)));

    // Every message up to `inSeq` has exactly one bit in exactly one record (invariant 4).
    const covered = model.batches.flatMap(({ first, last }) =>
      Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index)),
    );
    expect(covered).to.deep.equal(Array.from({ length: model.inSeq }, (_, index) => BigInt(index) + 1n));

    // The run would prove little if it had only been refused: each of these happened.
    for (const outcome of [
      "send: done",
      "send: LanePaused",
      "deliver: done",
      "deliver: NothingToDeliver",
      "deliver: LanePaused",
      "deliver: AckBehind",
      "deliver: EpochNotAccepted",
      "retry: done",
      "retry: LanePaused",
      "retry: NotRetriable",
      "retry: MessageExpired",
      "retry: RetryFailed",
      "rotate: done",
      "rotate: RotationTooEarly",
    ]) {
      expect(seen.get(outcome) ?? 0, outcome).to.be.greaterThan(0);
    }
  });
});
