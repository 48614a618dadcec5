import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { getBytes, hexlify } from "ethers";
import { ethers } from "hardhat";
import { decodeEntry, encodeEntry, type Entry } from "../../protocol/ledger/entries";
import { Ledger } from "../../protocol/ledger/ledger";
import { REFUSAL } from "../../protocol/ledger/refusal";
import { executeSegment } from "../../protocol/ledger/segment";
import { TRANSACTIONS, type Transaction } from "../../protocol/ledger/transactions";
import type { RulesAnswer, RulesCall } from "../../protocol/ledger/rulesCall";
import type { GameCallMock } from "../../typechain-types";
import { TIME, contextOf, crypto, player, segmentOf, sign } from "../protocol/ledger/support";
import { Random } from "../support/random";
import { verifierCall } from "./verifierCall";

async function deployVerifier() {
  const scripted = await ethers.deployContract("ScriptedGameMock");
  return {
    verifier: await ethers.deployContract("RollupVerifier"),
    caller: await ethers.deployContract("GameCallMock"),
    rules: getBytes(await scripted.getAddress()),
  };
}

/** What the chain answers for the rules. */
async function answerOf(caller: GameCallMock, call: RulesCall): Promise<RulesAnswer> {
  const rules = hexlify(call.rules);
  if (call.call === "outcome") {
    const [ok, over, shareBps] = await caller.outcome(rules, call.state, call.players);
    return ok ? { over, shareBps } : undefined;
  }
  const [ok, state] =
    call.call === "start"
      ? await caller.start(rules, call.setup, call.players)
      : call.call === "play"
        ? await caller.play(rules, call.state, call.player, call.move)
        : await caller.expire(rules, call.state);
  return ok ? { state: getBytes(state) } : undefined;
}

/** Six players, of whom each may sign for its own accounts, and all that the generator knows about the ledger. */
const PLAYERS = Array.from({ length: 6 }, (_, number) => player(number));

class Generator {
  constructor(
    private readonly random: Random,
    private readonly ledger: Ledger,
    private readonly rules: Uint8Array,
  ) {}

  /** The clock of the batch that is made. */
  time = TIME;

  /** An index that is often one of the kind that a field wants. */
  private index(): number {
    if (this.random.below(20) === 0) return this.random.pick([0, this.ledger.nextLeaf, 4_294_967_295]);
    return 1 + this.random.below(Math.max(1, this.ledger.nextLeaf - 1));
  }

  private of(kind: string): number {
    if (this.random.below(8) === 0) return this.index();
    const found: number[] = [];
    for (let index = 1; index < this.ledger.nextLeaf; index++)
      if (this.ledger.leaf(index)?.kind === kind) found.push(index);
    return found.length === 0 ? this.index() : this.random.pick(found);
  }

  /** A state of `ScriptedGameMock`, or a deed. */
  private script(players: number): Uint8Array {
    if (this.random.below(4) === 0) return this.random.bytes(this.random.below(3));
    const share = this.random.pick([0, 2_500, 9_999, 10_000]);
    const shares = [share, 10_000 - share, ...Array<number>(Math.max(0, players - 2)).fill(0)];
    const deeds = [this.random.pick([0, 1, 1, 2, 6, 8]), this.random.below(10)];
    return Uint8Array.from([...deeds, ...shares.flatMap((part) => [part >> 8, part & 255])]);
  }

  private amount(): bigint {
    return this.random.pick([0n, 1n, 7n, 100n, 1_000n, 3_000_000n, (1n << 35n) - 1n]);
  }

  entry(): Uint8Array {
    const to = this.random.pick(PLAYERS).address;
    const queuedAt = this.time - BigInt(this.random.below(100));
    const balance = this.random.below(2) === 0 ? 0 : this.of("Balance");
    const account = this.random.below(2) === 0 ? 0 : this.of("Account");
    const id = BigInt(1 + this.random.below(3));
    switch (this.random.below(6)) {
      case 0:
      case 1:
        return encodeEntry({
          kind: "Deposit",
          queuedAt,
          to,
          balance,
          asset: this.random.below(2),
          amount: this.amount() + 1n,
        });
      case 2:
        return encodeEntry({ kind: "ItemDeposit", queuedAt, to, account, id, amount: this.amount() + 1n });
      case 3:
        return encodeEntry({ kind: "Allow", queuedAt, to, account, id, amount: this.amount() + 1n });
      case 4:
        return encodeEntry({
          kind: "ListGame",
          queuedAt,
          gameId: id,
          rules: this.random.below(5) === 0 ? this.random.bytes(20) : this.rules,
          asset: this.random.below(2),
          rakeBps: this.random.below(1_000),
        });
      default: {
        const [transaction] = this.transaction();
        const body = segmentOf(0, [transaction]).subarray(1);
        const cut = this.random.below(6) === 0 ? body.subarray(0, body.length - 1) : body;
        return encodeEntry({ kind: "Forced", queuedAt, sender: to, body: cut });
      }
    }
  }

  /** A transaction with the signatures that it needs, of whom it needs, but for now and then. */
  transaction(): readonly [Transaction, ...Uint8Array[]] {
    const amount = this.amount();
    const make: readonly (() => Transaction)[] = [
      () => ({ kind: "Transfer", from: this.of("Balance"), to: this.of("Balance"), amount }),
      () => ({ kind: "TransferToNew", from: this.of("Balance"), to: this.random.pick(PLAYERS).address, amount }),
      () => ({ kind: "OpenBalance", account: this.of("Account"), asset: this.random.below(3) }),
      () => ({ kind: "Withdraw", from: this.of("Balance"), amount }),
      () => ({ kind: "ItemMint", allowance: this.of("Allowance"), to: this.of("Account"), amount }),
      () => ({
        kind: "ItemTransfer",
        item: this.of("Item"),
        to: this.of("Account"),
        into: this.random.below(2) * this.of("Item"),
        amount,
      }),
      () => ({ kind: "ItemBurn", item: this.of("Item"), amount }),
      () => ({
        kind: "ItemSwap",
        item: this.of("Item"),
        into: this.random.below(2) * this.of("Item"),
        amount,
        pay: this.of("Balance"),
        receive: this.of("Balance"),
        price: this.amount(),
      }),
      () => ({ kind: "ItemWithdraw", item: this.of("Item"), amount }),
      () => ({
        kind: "GrantKey",
        account: this.of("Account"),
        key: this.random.pick(PLAYERS).address,
        expiry: this.time + this.random.pick([-1n, 0n, 1n, 1_000_000n]),
        scope: this.random.below(9),
        game: this.random.below(2) * this.of("Game"),
      }),
      () => ({ kind: "RevokeKey", account: this.of("Account") }),
      () => ({
        kind: "SessionOpen",
        balance: this.of("Balance"),
        game: this.of("Game"),
        stake: amount,
        players: this.random.pick([1, 2, 2, 3, 9]),
        moveSeconds: this.random.pick([7_199, 7_200, 7_200, 7_200]),
        lifeSeconds: this.random.pick([719_999, 720_000, 720_000, 7_776_001]),
        setup: this.script(2),
      }),
      () => ({ kind: "SessionJoin", session: this.of("Session"), balance: this.of("Balance") }),
      () => ({ kind: "SessionJoin", session: this.of("Session"), balance: this.of("Balance") }),
      () => ({ kind: "SessionMove", session: this.of("Session"), player: this.random.below(3), move: this.script(2) }),
      () => ({ kind: "SessionMove", session: this.of("Session"), player: this.random.below(3), move: this.script(2) }),
      () => ({ kind: "SessionTimeout", session: this.of("Session") }),
      () => ({ kind: "SessionSettle", session: this.of("Session") }),
      () => ({ kind: "SessionLeave", session: this.of("Session"), player: this.random.below(3) }),
      () => ({ kind: "CollectFees", game: this.of("Game") }),
    ];
    const transaction = this.random.pick(make)();
    const count = TRANSACTIONS[transaction.kind].signatures;
    const signatures = Array.from({ length: count }, (_, index) => this.signature(transaction, index));
    return [transaction, ...signatures];
  }

  private signature(transaction: Transaction, index: number): Uint8Array {
    const account = this.accountOf(transaction, index);
    const leaf = account === undefined ? undefined : this.ledger.leaf(account);
    const owner = leaf?.kind === "Account" ? leaf : undefined;
    const who =
      this.random.below(6) === 0
        ? this.random.pick(PLAYERS)
        : (PLAYERS.find(({ address }) => owner !== undefined && hexlify(address) === hexlify(owner.owner)) ??
          this.random.pick(PLAYERS));
    const signature = sign(who.key, transaction, owner?.nonce ?? 0n);
    if (this.random.below(25) === 0) signature[this.random.below(64)] = this.random.below(256);
    return signature;
  }

  private accountOf(transaction: Transaction, index: number): number | undefined {
    const holder = (leaf: number): number | undefined => {
      const found = this.ledger.leaf(leaf);
      return found !== undefined && "account" in found ? found.account : undefined;
    };
    if ("account" in transaction) return transaction.account;
    if (transaction.kind === "ItemSwap" && index === 1) return holder(transaction.pay);
    if ("from" in transaction) return holder(transaction.from);
    if ("item" in transaction) return holder(transaction.item);
    if ("allowance" in transaction) return holder(transaction.allowance);
    if ("balance" in transaction) return holder(transaction.balance);
    if (transaction.kind === "SessionLeave" || transaction.kind === "SessionMove") {
      const session = this.ledger.leaf(transaction.session);
      return session?.kind === "Session" ? holder(session.balances[transaction.player] ?? 0) : undefined;
    }
    return undefined;
  }
}

describe("the ledger in Solidity and in TypeScript", () => {
  it("executes what is generated to the same state, with the same results", async () => {
    const { verifier, caller, rules } = await loadFixture(deployVerifier);
    const seen = new Map<number, number>();
    let transactions = 0;
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const ledger = new Ledger(crypto);
      const generator = new Generator(random, ledger, rules);
      for (let number = 0; number < 25; number++) {
        const raw = Array.from({ length: random.below(number < 5 ? 12 : 4) }, () => generator.entry());
        const body = segmentOf(raw.length, ...Array.from({ length: random.below(14) }, () => generator.transaction()));
        const bytes = random.below(10) === 0 ? Uint8Array.from([...body, ...random.bytes(30)]) : body;
        ledger.discard();

        const before = ledger.state();
        const from = ledger.queue;
        const { time } = generator;
        const queueTime = time - BigInt(random.below(2));
        const context = contextOf({ time, queueTime, queueTo: from + BigInt(raw.length) });
        const entryAt = (at: bigint): Entry => decodeEntry(raw[Number(at - from)] as Uint8Array) as Entry;
        const steps = executeSegment(ledger, bytes, from, entryAt, context);
        let step = steps.next();
        while (step.done !== true) step = steps.next(await answerOf(caller, step.value));
        const { leaves, siblings } = ledger.witness();
        ledger.commit(step.value.queue);
        const after = ledger.state();

        const witness = {
          indices: leaves.map(({ index }) => index),
          leaves: leaves.map((leaf) => leaf.bytes),
          siblings,
          entries: raw,
        };
        const [state, results] = await verifier.execute(...verifierCall(before, context, bytes, witness));
        const expected = [...step.value.entries, ...step.value.transactions];
        expect(results.map(Number), `seed ${seed}, segment ${number}`).to.deep.equal(expected);
        expect([state.root, Number(state.nextLeaf), state.queue]).to.deep.equal([
          hexlify(after.root),
          after.nextLeaf,
          after.queue,
        ]);
        for (const result of expected) seen.set(result, (seen.get(result) ?? 0) + 1);
        transactions += expected.length;
        generator.time += BigInt(random.pick([0, 100, 7_200, 7_201, 100_000]));
      }
    }
    // What is generated reaches all that needs no rules.
    const { Applied, WrongLeaf, WrongAmount, NotAuthorized, WrongTerms, Malformed } = REFUSAL;
    expect([...seen.keys()]).to.include.members([
      Applied,
      WrongLeaf,
      WrongAmount,
      NotAuthorized,
      WrongTerms,
      Malformed,
    ]);
    expect(seen.get(Applied)).to.be.greaterThan(transactions / 5);
  });
});
