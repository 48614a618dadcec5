import { setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import fc from "fast-check";
import { ethers } from "hardhat";
import { ZeroAddress, hexlify, type HDNodeWallet } from "ethers";
import { encodeDelivery } from "../../protocol/delivery";
import { ATTRIBUTE, REMOTE_CHAIN, deployGateway, load, onRemote, sendIdOf } from "./support";

const SEED = 2_612;
const OPERATIONS = 2_000;
const UNIT = 1_000_000n;
const TO = onRemote("0x1111111111111111111111111111111111111111");

type Operation =
  | { readonly kind: "send"; readonly bytes: number; readonly gas: number; readonly off: bigint }
  | { readonly kind: "setFees"; readonly base: bigint; readonly perGas: bigint; readonly perByte: bigint }
  | { readonly kind: "topUp"; readonly which: number; readonly value: bigint }
  | { readonly kind: "remoteDeliver"; readonly take: number; readonly failures: bigint; readonly payee: number }
  | { readonly kind: "acknowledge"; readonly take: number }
  | { readonly kind: "withdraw"; readonly payee: number }
  | { readonly kind: "force"; readonly value: bigint };

const price = (max: bigint): fc.Arbitrary<bigint> => fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max }));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      bytes: fc.nat(70),
      gas: fc.integer({ min: 200_000, max: 5_000_000 }),
      off: fc.oneof({ weight: 9, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.constantFrom(-1n, 1n) }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("setFees" as const),
      base: price(10n ** 9n),
      perGas: price(10n ** 4n),
      perByte: price(10n ** 7n),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("topUp" as const),
      which: fc.nat(),
      value: fc.oneof(
        { weight: 5, arbitrary: fc.bigInt({ min: 1n, max: 10n ** 12n }).map((units) => units * UNIT) },
        { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 10n ** 9n }) },
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("remoteDeliver" as const),
      take: fc.integer({ min: 1, max: 9 }),
      failures: fc.bigInt({ min: 0n, max: 511n }),
      payee: fc.nat(3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("acknowledge" as const), take: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), payee: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("force" as const), value: fc.bigInt({ min: 1n, max: 10n ** 15n }) }),
  },
);

describe("Fees against a model (invariants 10 and 11)", () => {
  it(`agree after each of ${OPERATIONS} operations of seed ${SEED}`, async function () {
    const { gateway, remote, wallets, target } = await load(deployGateway);
    const accounts = await ethers.getSigners();
    // The third index: nobody was named.
    const payees = [accounts[5]!, accounts[6]!, accounts[7]!];
    const receivers: readonly HDNodeWallet[] = payees.map(() => ethers.Wallet.createRandom());
    const bringer = accounts[7]!;
    const model = {
      fees: { base: 0n, perGas: 0n, perByte: 0n },
      /** Wei of each message sent, by sequence. */
      paid: [] as bigint[],
      acknowledged: 0,
      records: [] as { first: number; last: number; payee: number }[],
      replayed: 0,
      earned: [0n, 0n, 0n],
      withdrawn: [0n, 0n, 0n],
      forced: 0n,
    };
    const seen = new Map<string, number>();
    const attempt = async (name: string, error: string | undefined, act: () => Promise<unknown>): Promise<boolean> => {
      const outcome = `${name}: ${error ?? "done"}`;
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      if (error === undefined) await act();
      else await expect(act(), outcome).to.be.revertedWithCustomError(gateway, error);
      return error === undefined;
    };
    const idAt = (index: number): string => sendIdOf(target, BigInt(index) + 1n);

    const run = async (op: Operation): Promise<void> => {
      switch (op.kind) {
        case "send": {
          const { base, perGas, perByte } = model.fees;
          const fee = (base + perGas * BigInt(op.gas) + perByte * BigInt(op.bytes)) * UNIT;
          const value = fee + op.off < 0n ? 0n : fee + op.off;
          expect(await gateway.quote(REMOTE_CHAIN, op.bytes, op.gas)).to.equal(fee);
          const payload = hexlify(new Uint8Array(op.bytes).fill(7));
          const act = () => gateway.sendMessage(TO, payload, [ATTRIBUTE.gasLimit(BigInt(op.gas))], { value });
          if (await attempt("send", value === fee ? undefined : "WrongFee", act)) model.paid.push(value);
          return;
        }
        case "setFees": {
          const { base, perGas, perByte } = op;
          model.fees = { base, perGas, perByte };
          await gateway.setFees(REMOTE_CHAIN, model.fees);
          return;
        }
        case "topUp": {
          // Around the last acknowledged one, and one beyond the last.
          const from = Math.max(0, model.acknowledged - 3);
          const index = from + (op.which % (model.paid.length - from + 1));
          const pending = index >= model.acknowledged && index < model.paid.length;
          const whole = op.value !== 0n && op.value % UNIT === 0n;
          const error = !pending ? "NotPending" : whole ? undefined : "InvalidTopUp";
          const act = () => gateway.topUp(idAt(index), { value: op.value });
          if (await attempt("topUp", error, act)) model.paid[index] = model.paid[index]! + op.value;
          return;
        }
        case "remoteDeliver": {
          const first = (model.records.at(-1)?.last ?? 0) + 1;
          const last = Math.min(first + op.take - 1, model.paid.length);
          if (last < first) return;
          const failures = op.failures & ((1n << BigInt(last - first + 1)) - 1n);
          const payout = op.payee === 3 ? ZeroAddress : payees[op.payee]!.address;
          remote.deliverBatch(BigInt(last), failures, payout);
          model.records.push({ first, last, payee: op.payee === 3 ? 2 : op.payee });
          return;
        }
        case "acknowledge": {
          const to = Math.min(model.replayed + op.take, model.records.length);
          if (to === model.replayed) return;
          const part = { resultsFrom: model.replayed, resultsTo: to };
          const act = () => gateway.connect(bringer).deliver(encodeDelivery(remote.delivery(wallets, part)));
          await attempt("acknowledge", undefined, act);
          for (const { first, last, payee } of model.records.slice(model.replayed, to)) {
            for (let seq = first; seq <= last; seq++) model.earned[payee] = model.earned[payee]! + model.paid[seq - 1]!;
            model.acknowledged = last;
          }
          model.replayed = to;
          return;
        }
        case "withdraw": {
          const amount = model.earned[op.payee]!;
          const act = () => gateway.connect(payees[op.payee]!).withdrawFees(receivers[op.payee]!);
          if (!(await attempt("withdraw", amount === 0n ? "NoFees" : undefined, act))) return;
          model.withdrawn[op.payee] = model.withdrawn[op.payee]! + amount;
          model.earned[op.payee] = 0n;
          return;
        }
        case "force":
          await setBalance(target.gateway, (await ethers.provider.getBalance(gateway)) + op.value);
          model.forced += op.value;
      }
    };

    const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
    const operations = fc.sample(operation, { numRuns: OPERATIONS, seed: SEED });
    for (const [index, op] of operations.entries()) {
      await run(op);
      const where = `operation ${index}, ${op.kind}`;
      // Invariant 10: what is in flight, what is credited, and what nobody asked for.
      const held = sum(model.paid.slice(model.acknowledged)) + sum(model.earned);
      expect(await ethers.provider.getBalance(gateway), where).to.equal(held + model.forced);
      // Invariant 11
      for (const [which, payee] of payees.entries()) {
        expect(await gateway.earnedBy(payee), where).to.equal(model.earned[which]);
      }
      const one = index % (model.paid.length + 1);
      expect(await gateway.feeOf(idAt(one)), `${where}, message ${one + 1}`).to.equal(model.paid[one] ?? 0n);
    }
    for (const [which, receiver] of receivers.entries()) {
      expect(await ethers.provider.getBalance(receiver)).to.equal(model.withdrawn[which]);
    }
    for (const [index, paid] of model.paid.entries()) expect(await gateway.feeOf(idAt(index))).to.equal(paid);
    for (const outcome of [
      "send: done",
      "send: WrongFee",
      "topUp: done",
      "topUp: NotPending",
      "topUp: InvalidTopUp",
      "acknowledge: done",
      "withdraw: done",
      "withdraw: NoFees",
    ]) {
      expect(seen.get(outcome) ?? 0, outcome).to.be.greaterThan(0);
    }
  });
});
