import { time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, concat, resolveAddress, toQuantity, type AddressLike } from "ethers";
import { ethers, network } from "hardhat";
import { GatewayMock__factory, QSC__factory, type ReaderMock } from "../../typechain-types";
import { generator } from "../support/random";
import { CAP, HOME, REMOTE, STATUS, SUPPLY, at, deployEnds, type Ends } from "./support";

const OPERATIONS = 2_000;
const SEED = 20_261_121;
/** For all operations: an estimate would execute each a second time. */
const GAS = toQuantity(2_000_000);
const QSC = QSC__factory.createInterface();
const GATEWAY = GatewayMock__factory.createInterface();

type Side = "home" | "remote";
const SIDES: readonly Side[] = ["home", "remote"];

interface ModelExchange {
  readonly sendId: string;
  readonly from: Side;
  readonly holder: number;
  readonly recipient: number;
  readonly amount: bigint;
  readonly deadline: bigint;
  status: "pending" | "succeeded" | "failed" | "reclaimed";
}

interface ModelToken {
  paused: boolean;
  readonly balances: bigint[];
  readonly frozen: bigint[];
  /** Allowance of each account, by owner, for the next account. */
  readonly allowances: bigint[];
}

/** What both ends must be, as plain numbers. */
interface Model {
  issued: bigint;
  readonly home: ModelToken;
  readonly remote: ModelToken;
  readonly exchanges: ModelExchange[];
}

function spendable(token: ModelToken, account: number): bigint {
  const free = token.balances[account]! - token.frozen[account]!;
  return free > 0n ? free : 0n;
}

/** Name of the error that taking `amount` from an account must end with. */
function debitError(token: ModelToken, account: number, amount: bigint): string | undefined {
  if (token.paused) return "EnforcedPause";
  if (amount > token.balances[account]!) return "ERC20InsufficientBalance";
  if (amount > spendable(token, account)) return "ERC7943InsufficientUnfrozenBalance";
  return undefined;
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

/** Name of the error that an operation was refused with; anything else goes on. */
function errorOf({ home }: Ends, cause: unknown): string {
  const { data } = cause as { readonly data?: string | { readonly data?: string } };
  const bytes = typeof data === "string" ? data : data?.data;
  const error = typeof bytes === "string" ? home.interface.parseError(bytes) : null;
  if (error === null) throw cause;
  return error.name;
}

/** Both ends and the model side by side: every operation is done to both and must end alike. */
class Run {
  readonly accounts: readonly HardhatEthersSigner[];
  readonly model: Model;
  readonly seen = new Map<string, number>();
  private readonly below: (below: number) => number;
  /** What is looked at after each operation, per side: packed calls, for the reader. */
  private readonly views: readonly string[];

  constructor(
    private readonly ends: Ends,
    private readonly reader: ReaderMock,
    seed: number,
  ) {
    this.below = generator(seed);
    this.accounts = [ends.alice, ends.bob, ends.carol];
    this.views = SIDES.map((side) => this.viewsOf(side));
    const empty = (): ModelToken => ({
      paused: false,
      balances: [0n, 0n, 0n],
      frozen: [0n, 0n, 0n],
      allowances: [0n, 0n, 0n],
    });
    this.model = { issued: SUPPLY, home: empty(), remote: empty(), exchanges: [] };
    this.model.home.balances[0] = SUPPLY;
  }

  /** One random operation. */
  async step(): Promise<void> {
    const side = SIDES[this.below(2)]!;
    const account = this.below(3);
    const operations = [
      () => this.transfer(side, account),
      () => this.transferFrom(side, account),
      () => this.approve(side, account),
      () => this.freeze(side, account),
      () => this.pause(side),
      () => this.issue(side, account),
      () => this.exchange(side, account),
      () => this.exchange(side, account),
      () => this.exchange(side, account),
      () => this.settle(),
      () => this.settle(),
      () => this.reclaim(),
      () => this.reclaim(),
    ];
    await operations[this.below(operations.length)]!();
  }

  /** Supply and what is in flight are constant; what can be spent and the cap are the model's. */
  async check(): Promise<void> {
    const results = await this.reader.read(concat(this.views));
    const words = (results.slice(2).match(/.{64}/g) ?? []).map((word) => BigInt(`0x${word}`));
    let total = 0n;
    const issued: bigint[] = [];
    for (const side of SIDES) {
      const expected = this.model[side];
      for (const [index, balance] of expected.balances.entries()) {
        expect(words.splice(0, 2)).to.deep.equal([balance, spendable(expected, index)]);
      }
      const [supply, ever] = words.splice(0, 2) as [bigint, bigint];
      expect(supply).to.equal(sum(expected.balances));
      total += supply;
      issued.push(ever);
    }
    expect(words).to.deep.equal([]);
    const inFlight = this.model.exchanges.filter(({ status }) => status === "pending" || status === "failed");
    expect(issued).to.deep.equal([total + sum(inFlight.map(({ amount }) => amount)), 0n]);
    expect(issued).to.deep.equal([this.model.issued, 0n]);
    expect(this.model.issued <= CAP).to.equal(true);
  }

  /** Every record of an exchange, every frozen amount, and that the counterpart issued nothing. */
  async checkAll(): Promise<void> {
    await this.check();
    for (const { from, sendId, holder, amount, status } of this.model.exchanges) {
      const record = await this.ends[from].exchangeOf(sendId);
      expect(record.amount).to.equal(status === "reclaimed" ? 0n : amount);
      expect(record.holder).to.equal(status === "reclaimed" ? ZeroAddress : this.accounts[holder]!.address);
    }
    for (const side of SIDES) {
      for (const [index, account] of this.accounts.entries()) {
        expect(await this.ends[side].frozenAmount(account)).to.equal(this.model[side].frozen[index]);
      }
    }
  }

  /** Balance and what is spendable of each account, then the supply and what was issued. */
  private viewsOf(side: Side): string {
    const token = this.ends[side];
    const call = (view: "balanceOf" | "spendable" | "totalSupply" | "issued", argument = ethers.ZeroHash): string =>
      concat([String(token.target), token.interface.getFunction(view).selector, argument]);
    const calls = this.accounts.flatMap(({ address }) => {
      const argument = ethers.zeroPadValue(address, 32);
      return [call("balanceOf", argument), call("spendable", argument)];
    });
    return concat([...calls, call("totalSupply"), call("issued")]);
  }

  /** Sends past ethers, which asks the node several more things for each. */
  private async send(from: HardhatEthersSigner, to: AddressLike, data: string): Promise<string> {
    const transaction = { from: from.address, to: await resolveAddress(to), data, gas: GAS };
    return String(await network.provider.send("eth_sendTransaction", [transaction]));
  }

  /** The gateway's id of the one exchange in a transaction. */
  private async sendIdIn(hash: string): Promise<string> {
    const receipt = await ethers.provider.getTransactionReceipt(hash);
    const { topicHash } = QSC.getEvent("Exchanged");
    const log = receipt?.logs.find(({ topics }) => topics[0] === topicHash);
    if (log?.topics[1] === undefined) throw new Error("no exchange in this transaction");
    return log.topics[1];
  }

  private async expectOutcome(
    operation: string,
    expected: string | undefined,
    [side, from, data]: readonly [side: Side, from: HardhatEthersSigner, data: string],
    effect: (hash: string) => void | Promise<void>,
  ): Promise<void> {
    const name = `${operation}: ${expected ?? "done"}`;
    this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
    let hash = "";
    let error: string | undefined;
    try {
      hash = await this.send(from, this.ends[side], data);
    } catch (cause) {
      error = errorOf(this.ends, cause);
    }
    expect(error, operation).to.equal(expected);
    if (expected === undefined) await effect(hash);
  }

  /** Often within, sometimes at or just beyond what an account may spend or has. */
  private amount(token: ModelToken, account: number): bigint {
    const free = spendable(token, account);
    const choices = [free, free + 1n, token.balances[account]!, token.balances[account]! + 1n];
    const choice = this.below(12);
    return choices[choice] ?? (free * BigInt(this.below(100))) / 300n;
  }

  private async transfer(side: Side, from: number): Promise<void> {
    const token = this.model[side];
    const to = this.below(3);
    const amount = this.amount(token, from);
    await this.expectOutcome(
      "transfer",
      debitError(token, from, amount),
      [side, this.accounts[from]!, QSC.encodeFunctionData("transfer", [this.accounts[to]!.address, amount])],
      () => {
        token.balances[from]! -= amount;
        token.balances[to]! += amount;
      },
    );
  }

  private async approve(side: Side, owner: number): Promise<void> {
    const amount = BigInt(this.below(Number(SUPPLY)));
    const spender = this.accounts[(owner + 1) % 3]!;
    await this.expectOutcome(
      "approve",
      undefined,
      [side, this.accounts[owner]!, QSC.encodeFunctionData("approve", [spender.address, amount])],
      () => {
        this.model[side].allowances[owner] = amount;
      },
    );
  }

  private async transferFrom(side: Side, owner: number): Promise<void> {
    const token = this.model[side];
    const spender = (owner + 1) % 3;
    const to = this.below(3);
    const amount = this.amount(token, owner);
    const allowed = amount <= token.allowances[owner]!;
    const [giver, taker] = [this.accounts[owner]!.address, this.accounts[to]!.address];
    await this.expectOutcome(
      "transferFrom",
      allowed ? debitError(token, owner, amount) : "ERC20InsufficientAllowance",
      [side, this.accounts[spender]!, QSC.encodeFunctionData("transferFrom", [giver, taker, amount])],
      () => {
        token.allowances[owner]! -= amount;
        token.balances[owner]! -= amount;
        token.balances[to]! += amount;
      },
    );
  }

  private async freeze(side: Side, account: number): Promise<void> {
    const token = this.model[side];
    const { freezer } = this.ends;
    const target = this.accounts[account]!.address;
    const before = token.frozen[account]!;
    const amount = this.below(20) === 0 ? MaxUint256 : BigInt(this.below(200_000));
    const set = (after: bigint) => () => {
      token.frozen[account] = after;
    };
    const way = this.below(4);
    if (way === 0) {
      const error = amount > MaxUint256 - before ? "FreezeOverflow" : undefined;
      await this.expectOutcome(
        "frozen",
        error,
        [side, freezer, QSC.encodeFunctionData("frozen", [target, amount])],
        set(before + amount),
      );
    } else if (way === 1) {
      const error = amount > before ? "UnfreezeExceedsFrozen" : undefined;
      await this.expectOutcome(
        "unfrozen",
        error,
        [side, freezer, QSC.encodeFunctionData("unfrozen", [target, amount])],
        set(before - amount),
      );
    } else {
      const after = way === 2 ? amount : 0n;
      await this.expectOutcome(
        "setFrozenTokens",
        undefined,
        [side, freezer, QSC.encodeFunctionData("setFrozenTokens", [target, after])],
        set(after),
      );
    }
  }

  private async pause(side: Side): Promise<void> {
    const token = this.model[side];
    // Pauses are short: most operations find both ends open.
    const stop = !token.paused && this.below(3) === 0;
    await this.expectOutcome(
      stop ? "pause" : "unpause",
      stop || token.paused ? undefined : "ExpectedPause",
      [side, this.ends.pauser, stop ? QSC.encodeFunctionData("pause") : QSC.encodeFunctionData("unpause")],
      () => {
        token.paused = stop;
      },
    );
  }

  private async issue(side: Side, to: number): Promise<void> {
    const left = CAP - this.model.issued;
    const amount = this.below(4) === 0 ? left + 1n : BigInt(this.below(30_000));
    let error: string | undefined;
    if (side === "remote") error = "HomeChainOnly";
    else if (amount > left) error = "CapExceeded";
    else if (this.model.home.paused) error = "EnforcedPause";
    await this.expectOutcome(
      "issue",
      error,
      [side, this.ends.banker, QSC.encodeFunctionData("issue", [this.accounts[to]!.address, amount])],
      () => {
        this.model.issued += amount;
        this.model.home.balances[to]! += amount;
      },
    );
  }

  private async exchange(side: Side, holder: number): Promise<void> {
    const token = this.model[side];
    const recipient = this.below(3);
    const amount = this.amount(token, holder);
    const deadline = this.below(3) === 0 ? BigInt(await time.latest()) + BigInt(this.below(60)) : 0n;
    const to = at(side === "home" ? REMOTE : HOME, this.accounts[recipient]!);
    const data =
      deadline === 0n
        ? QSC.encodeFunctionData("qcpExchange", [to, amount])
        : QSC.encodeFunctionData("qcpExchangeUntil", [to, amount, deadline]);
    await this.expectOutcome(
      "exchange",
      amount === 0n ? "ExchangeAmountOutOfRange" : debitError(token, holder, amount),
      [side, this.accounts[holder]!, data],
      async (hash) => {
        const sendId = await this.sendIdIn(hash);
        token.balances[holder]! -= amount;
        this.model.exchanges.push({ sendId, from: side, holder, recipient, amount, deadline, status: "pending" });
      },
    );
  }

  /** Delivers or fails a pending message. */
  private async settle(): Promise<void> {
    const pending = this.model.exchanges.filter(({ status }) => status === "pending");
    const exchange = pending[this.below(Math.max(pending.length, 1))];
    if (exchange === undefined) return;
    const outbound = exchange.from === "home";
    const source = outbound ? this.ends.homeGateway : this.ends.remoteGateway;
    const other = outbound ? this.ends.remoteGateway : this.ends.homeGateway;
    const target = this.model[outbound ? "remote" : "home"];
    if (this.below(4) === 0) {
      await this.send(this.ends.admin, source, GATEWAY.encodeFunctionData("fail", [exchange.sendId]));
      exchange.status = "failed";
    } else {
      const delivery = GATEWAY.encodeFunctionData("deliver", [exchange.sendId, await other.getAddress()]);
      await this.send(this.ends.admin, source, delivery);
      const expired = exchange.deadline !== 0n && BigInt(await time.latest()) > exchange.deadline;
      exchange.status = expired || target.paused ? "failed" : "succeeded";
      if (exchange.status === "succeeded") target.balances[exchange.recipient]! += exchange.amount;
    }
    expect(await source.statusOf(exchange.sendId)).to.equal(
      exchange.status === "failed" ? STATUS.failedFinal : STATUS.succeeded,
    );
    const name = `settle: ${exchange.status}`;
    this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
  }

  /** Any exchange, in whatever state, by anybody, also a second time and while paused. */
  private async reclaim(): Promise<void> {
    const { exchanges } = this.model;
    const failed = exchanges.filter(({ status }) => status === "failed");
    const among = this.below(2) === 0 && failed.length > 0 ? failed : exchanges;
    const exchange = among[this.below(Math.max(among.length, 1))];
    if (exchange === undefined) return;
    const token = this.model[exchange.from];
    const errors = {
      pending: "NotReclaimable",
      succeeded: "NotReclaimable",
      failed: undefined,
      reclaimed: "NothingToReclaim",
    };
    await this.expectOutcome(
      token.paused ? "reclaim while paused" : "reclaim",
      errors[exchange.status],
      [exchange.from, this.accounts[this.below(3)]!, QSC.encodeFunctionData("qcpReclaim", [exchange.sendId])],
      () => {
        exchange.status = "reclaimed";
        token.balances[exchange.holder]! += exchange.amount;
      },
    );
  }
}

describe("QSC model", () => {
  it(`holds invariants 1 to 4 over ${OPERATIONS} random operations on two chains (seed ${SEED})`, async () => {
    const run = new Run(await deployEnds(), await ethers.deployContract("ReaderMock"), SEED);
    for (let count = 0; count < OPERATIONS; ++count) {
      await run.step();
      await run.check();
    }
    await run.checkAll();
    // The walk came to all that it is there for.
    for (const outcome of [
      "transfer: done",
      "transfer: ERC7943InsufficientUnfrozenBalance",
      "transfer: ERC20InsufficientBalance",
      "transferFrom: done",
      "issue: done",
      "issue: CapExceeded",
      "issue: HomeChainOnly",
      "exchange: done",
      "exchange: EnforcedPause",
      "exchange: ERC7943InsufficientUnfrozenBalance",
      "settle: succeeded",
      "settle: failed",
      "reclaim: done",
      "reclaim while paused: done",
      "reclaim: NotReclaimable",
      "reclaim: NothingToReclaim",
    ]) {
      expect(run.seen.get(outcome) ?? 0, outcome).to.be.above(0);
    }
  });
});
