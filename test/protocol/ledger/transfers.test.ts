import { expect } from "chai";
import { hexlify } from "ethers";
import type { Entry } from "../../../protocol/ledger/entries";
import { Ledger } from "../../../protocol/ledger/ledger";
import { REFUSAL } from "../../../protocol/ledger/refusal";
import type { Transaction } from "../../../protocol/ledger/transactions";
import { rootOf } from "../../../protocol/ledger/tree";
import { TIME, crypto, player, run, segmentOf, sign } from "./support";

const alice = player(0);
const bob = player(1);

const depositFor = (to: Uint8Array, amount: bigint, asset = 0, balance = 0): Entry => {
  return { kind: "Deposit", queuedAt: TIME - 100n, to, balance, asset, amount };
};

/** Alice has 1,000 in balance 2 of account 1, Bob 50 in balance 4 of account 3. */
function funded(): Ledger {
  const ledger = new Ledger(crypto);
  run(ledger, segmentOf(2), [depositFor(alice.address, 1_000n), depositFor(bob.address, 50n)]);
  return ledger;
}

const amountAt = (ledger: Ledger, index: number): bigint => {
  const leaf = ledger.leaf(index);
  if (leaf?.kind !== "Balance") throw new Error(`leaf ${index} is no balance`);
  return leaf.amount;
};

describe("transfers on the ledger", () => {
  it("moves an amount that the owner signed, once", () => {
    const ledger = funded();
    const transfer: Transaction = { kind: "Transfer", from: 2, to: 4, amount: 300n };
    const signature = sign(alice.key, transfer, 0n);
    const result = run(ledger, segmentOf(0, [transfer, signature], [transfer, signature]));

    expect(result.transactions).to.deep.equal([REFUSAL.Applied, REFUSAL.NotAuthorized]);
    expect([amountAt(ledger, 2), amountAt(ledger, 4)]).to.deep.equal([700n, 350n]);
  });

  it("refuses what it must, and changes nothing", () => {
    const ledger = funded();
    const before = hexlify(ledger.state().hash);
    const cases: readonly (readonly [Transaction, number])[] = [
      [{ kind: "Transfer", from: 2, to: 4, amount: 1_001n }, REFUSAL.WrongAmount],
      [{ kind: "Transfer", from: 2, to: 4, amount: 0n }, REFUSAL.WrongAmount],
      [{ kind: "Transfer", from: 2, to: 2, amount: 1n }, REFUSAL.WrongLeaf],
      [{ kind: "Transfer", from: 2, to: 3, amount: 1n }, REFUSAL.WrongLeaf],
      [{ kind: "Transfer", from: 2, to: 4_000_000_000, amount: 1n }, REFUSAL.WrongLeaf],
      [{ kind: "Transfer", from: 4, to: 2, amount: 1n }, REFUSAL.NotAuthorized],
    ];
    const result = run(ledger, segmentOf(0, ...cases.map(([tx]) => [tx, sign(alice.key, tx, 0n)] as const)));

    expect(result.transactions).to.deep.equal(cases.map(([, refusal]) => refusal));
    expect(hexlify(ledger.state().hash)).to.equal(before);
  });

  it("ends a segment at what is cut short or unknown, and at the seventeenth", () => {
    const ledger = funded();
    const transfer: Transaction = { kind: "Transfer", from: 2, to: 4, amount: 1n };
    const many = Array.from({ length: 17 }, (_, i) => [transfer, sign(alice.key, transfer, BigInt(i))] as const);
    expect(run(ledger, segmentOf(0, ...many)).transactions).to.have.lengthOf(16);
    const next = segmentOf(0, [transfer, sign(alice.key, transfer, 16n)]);
    expect(run(ledger, next.subarray(0, next.length - 1)).transactions).to.deep.equal([]);
    expect(run(ledger, Uint8Array.from([0, 99, ...next.subarray(1)])).transactions).to.deep.equal([]);
    expect(run(ledger, new Uint8Array()).transactions).to.deep.equal([]);
    expect(run(ledger, next).transactions).to.deep.equal([REFUSAL.Applied]);
    expect(amountAt(ledger, 4)).to.equal(67n);
  });

  it("takes back what it committed, to the same state", () => {
    const ledger = funded();
    const before = hexlify(ledger.state().hash);
    const transaction: Transaction = { kind: "TransferToNew", from: 2, to: player(2).address, amount: 10n };
    const undo = run(ledger, segmentOf(0, [transaction, sign(alice.key, transaction, 0n)])).undo;
    expect([ledger.nextLeaf, amountAt(ledger, 6)]).to.deep.equal([7, 10n]);
    ledger.revert(undo);
    expect(hexlify(ledger.state().hash)).to.equal(before);
    expect([ledger.nextLeaf, ledger.leaf(6)]).to.deep.equal([5, undefined]);
  });

  it("gives a witness that proves what was read against the state before", () => {
    const ledger = funded();
    const { root } = ledger.state();
    ledger.leaf(2);
    ledger.leaf(4);
    ledger.leaf(5);
    const { leaves, siblings } = ledger.witness();
    const hashes = leaves.map(({ bytes }) => (bytes.length === 0 ? new Uint8Array(32) : crypto.keccak256(bytes)));
    const indices = leaves.map(({ index }) => index);
    expect(indices).to.deep.equal([2, 4, 5]);
    expect(hexlify(rootOf(crypto.keccak256, indices, hashes, siblings) as Uint8Array)).to.equal(hexlify(root));
  });
});
