import { setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers, network } from "hardhat";
import { id, toBeHex, type Interface } from "ethers";
import type { COSStaking, COSToken, NodeStaking, ReaderMock, Vault } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { generator } from "../support/random";
import { ExactPool, difference, type Fraction } from "./exactPool";
import { DAY, SCALE, WEEK, now, type PoolFixture } from "./support";

/** An account as a number, as an address and as what it may spend on gas. */
export interface Player {
  readonly address: string;
}

const READ = id("read(bytes)").slice(0, 10);
const BALANCE_OF = id("balanceOf(address)").slice(0, 10);
const NOTHING: Fraction = { numerator: 0n, denominator: 1n };
const GAS = "0xf00000";
const VIEWS = [
  "syncedAt",
  "totalWeight",
  "integral",
  "rewardRate",
  "emissionEnd",
  "undistributed",
  "emitted",
  "paid",
  "funded",
  "lastPosition",
] as const;

/** A pool and its exact model side by side: every operation is done to both and must end alike. */
export abstract class ModelRun<Pool extends NodeStaking | COSStaking> {
  readonly seen = new Map<string, number>();
  readonly below: (below: number) => number;
  exact!: ExactPool;
  paid = 0n;
  /** Seconds of the next block. */
  clock = 0n;
  protected pool!: Pool;
  protected address!: string;
  protected cos!: COSToken;
  private vault!: Vault;
  private treasurer!: string;
  /** Its own, so that looking changes nothing. */
  private readonly glance: (below: number) => number;
  private checks = 0;
  private readerAddress!: string;
  private readonly selectors = new Map<string, string>();
  private cosAddress!: string;

  constructor(
    readonly players: readonly Player[],
    seed: number,
  ) {
    this.below = generator(seed);
    this.glance = generator(seed + 1);
  }

  async prepare(fixture: PoolFixture, pool: Pool): Promise<void> {
    this.pool = pool;
    this.address = await pool.getAddress();
    this.cos = fixture.cos;
    this.cosAddress = await fixture.cos.getAddress();
    this.vault = fixture.vault;
    this.treasurer = await fixture.admin.getAddress();
    this.readerAddress = await (await deploy<ReaderMock>("ReaderMock")).getAddress();
    const created = await pool.deploymentTransaction()?.wait();
    const block = await ethers.provider.getBlock(created!.blockNumber);
    this.exact = new ExactPool(BigInt(block!.timestamp));
    this.clock = await now();
    for (const { address } of this.players) await setBalance(address, ethers.parseEther("1000000"));
  }

  /** Ids that are still of interest. */
  protected abstract openIds(): readonly number[];
  /** When something interesting will be allowed, for a try at that very second and the one before. */
  protected abstract deadlines(): readonly bigint[];

  /** Positions to look at after an operation: a few, and all of them every tenth time. Totals cover all every time. */
  protected inspected(): readonly number[] {
    const ids = this.openIds();
    return ++this.checks % 10 === 0 ? ids : ids.filter(() => this.glance(ids.length) < 4);
  }

  one<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** Lets a random while pass: mostly hours, at times months, at times up to an edge. */
  pass(): void {
    const choice = this.below(100);
    let next = this.clock + 1n + BigInt(this.below(2 * 86_400));
    if (choice < 8) next = this.clock + 1n;
    else if (choice < 12) next = (this.clock / WEEK + 1n) * WEEK;
    else if (choice < 14) next = this.clock + BigInt(this.below(150)) * DAY;
    else if (choice < 40) {
      const future = this.deadlines().filter((deadline) => deadline - 1n > this.clock);
      const near = future.filter((deadline) => deadline < this.clock + 40n * DAY);
      if (near.length > 0) next = this.one(near) - (this.below(3) === 0 ? 1n : 0n);
    }
    this.clock = next > this.clock ? next : this.clock + 1n;
  }

  /** Sends at `clock`; the error's name where it reverts. */
  async send(from: string, to: string, coder: Interface, data: string, value = 0n): Promise<string | undefined> {
    await network.provider.send("evm_setNextBlockTimestamp", [toBeHex(this.clock)]);
    try {
      await network.provider.send("eth_sendTransaction", [{ from, to, data, gas: GAS, value: toBeHex(value) }]);
      return undefined;
    } catch (cause) {
      const { data: thrown } = cause as { readonly data?: string | { readonly data?: string } };
      const bytes = typeof thrown === "string" ? thrown : thrown?.data;
      const error = typeof bytes === "string" ? coder.parseError(bytes) : null;
      if (error === null) throw cause;
      return error.name;
    }
  }

  /** Does it, expects the model's verdict, and counts both. */
  async operate(
    name: string,
    from: Player,
    args: readonly unknown[],
    expected: string | undefined,
    value = 0n,
  ): Promise<boolean> {
    const data = (this.pool.interface as Interface).encodeFunctionData(name, args);
    const error = await this.send(from.address, this.address, this.pool.interface, data, value);
    expect(error, `${name}(${String(args)}) by ${from.address}`).to.equal(expected);
    const label = expected === undefined ? name : `${name}: ${expected}`;
    this.seen.set(label, (this.seen.get(label) ?? 0) + 1);
    return expected === undefined;
  }

  async fund(): Promise<void> {
    const { exact } = this;
    const amount = ethers.parseEther(String(1 + this.below(50_000))) + BigInt(this.below(1_000_000_007));
    const newEnd = this.clock + BigInt(this.below(400)) * DAY + BigInt(this.below(86_400)) - 20n * DAY;
    const running = this.clock < exact.emissionEnd ? exact.rate : 0n;
    const next = exact.copy();
    let expected: string | undefined;
    if (newEnd < exact.emissionEnd) expected = "EmissionEndFalls";
    else if (newEnd <= this.clock) expected = "EmissionEndPassed";
    else {
      next.advance(this.clock);
      const rate = next.rateAfter(amount, newEnd);
      if (rate < running || rate === 0n) expected = "RateTooLow";
    }
    const data = this.vault.interface.encodeFunctionData("fund", [this.cosAddress, this.address, amount, newEnd]);
    const error = await this.send(this.treasurer, await this.vault.getAddress(), this.pool.interface, data);
    expect(error, `fund(${amount}, ${newEnd})`).to.equal(expected);
    const label = expected === undefined ? "fund" : `fund: ${expected}`;
    this.seen.set(label, (this.seen.get(label) ?? 0) + 1);
    if (expected !== undefined) return;
    next.fund(amount, newEnd);
    this.exact = next;
  }

  async poke(): Promise<void> {
    const steps = this.below(4);
    if (await this.operate("poke", this.one(this.players), [steps], undefined)) this.exact.advance(this.clock, steps);
  }

  async sync(): Promise<void> {
    if (await this.operate("sync", this.one(this.players), [], undefined)) this.exact.advance(this.clock);
  }

  /** The pool is at the present afterwards, in both. */
  protected advance(): void {
    this.exact.advance(this.clock);
  }

  /** What a claim paid, by the receiver's balance, is within the rounding of what is due. */
  protected async claimed(id: number, receiver: string): Promise<void> {
    const { exact, slack } = this.exact.reward(id);
    const balance = await this.cos.balanceOf(receiver);
    expect(balance, `reward of ${id}`).to.be.at.most(exact);
    expect(balance, `reward of ${id}`).to.be.at.least(exact - slack);
    this.paid += balance;
  }

  /** Invariants 1 to 6 that both pools share; returns the values of `more`. */
  async check(ids: readonly number[], more: readonly string[], ringFenced: bigint): Promise<readonly bigint[]> {
    const { exact } = this;
    const weeks = this.sampleWeeks();
    const sampled = ids.length === 0 ? [] : [ids[this.glance(ids.length)]!];
    const view = (name: string, argument?: bigint | number): string => this.view(name, argument);
    const read = await this.read([
      ...VIEWS.map((name) => view(name)),
      this.cosAddress + BALANCE_OF.slice(2) + this.address.slice(2).padStart(64, "0"),
      ...weeks.flatMap((week) => [view("integralAt", week), view("idleAt", week)]),
      ...ids.map((id) => view("rewardOf", id)),
      ...sampled.map((id) => view("spanOf", id)),
      ...more,
    ]);
    let index = 0;
    const next = (): bigint => read[index++]!;
    const at = Object.fromEntries(VIEWS.map((name) => [name, next()]));
    const balance = next();

    // 5: time, weight, integral
    expect(at.syncedAt).to.equal(exact.time);
    expect(at.totalWeight).to.equal(exact.weight);
    this.expectIntegral(at.integral!, difference(exact.inverse, NOTHING, SCALE));
    // 2: the COS that is here is spoken for
    expect(at.rewardRate).to.equal(exact.time < exact.emissionEnd ? exact.rate : 0n);
    expect(at.emissionEnd).to.equal(exact.emissionEnd);
    expect(at.undistributed).to.equal(exact.undistributed);
    expect(at.emitted).to.equal(exact.emitted);
    expect(at.funded).to.equal(exact.funded);
    expect(at.paid).to.equal(this.paid);
    expect(at.lastPosition).to.equal(BigInt(exact.positions.size));
    const due = exact.unelapsed() + exact.undistributed + exact.emitted - this.paid;
    expect(balance).to.equal(due + ringFenced);
    // 6: weeks
    for (const week of weeks) {
      const known = exact.weeks.get(week)!;
      this.expectIntegral(next(), difference(known.inverse, NOTHING, SCALE));
      expect(next(), `idle at ${week}`).to.equal(known.idle);
    }
    // 3: rewards
    for (const id of ids) {
      const { exact: whole, slack } = exact.reward(id);
      const reward = next();
      if (this.isClaimed(id)) {
        expect(reward).to.equal(0n);
        continue;
      }
      expect(reward, `reward of ${id}`).to.be.at.most(whole);
      expect(reward, `reward of ${id}`).to.be.at.least(whole - slack);
    }
    for (const id of sampled) {
      const position = exact.positions.get(id)!;
      const [, weight, from, to, integralFrom, integralTo] = [next(), next(), next(), next(), next(), next()];
      expect([weight, from, to]).to.deep.equal([position.weight, position.from, position.to]);
      this.expectIntegral(integralFrom!, difference(position.inverseFrom, NOTHING, SCALE));
      if (position.inverseTo === undefined) expect(integralTo).to.equal(0n);
      else this.expectIntegral(integralTo!, difference(position.inverseTo, NOTHING, SCALE));
    }
    return read.slice(index);
  }

  /** One view of the pool, for `check`. */
  protected view(name: string, argument: bigint | number = 0n): string {
    const known = this.selectors.get(name) ?? (this.pool.interface as Interface).getFunction(name)!.selector;
    this.selectors.set(name, known);
    return this.address + known.slice(2) + argument.toString(16).padStart(64, "0");
  }

  protected abstract isClaimed(id: number): boolean;

  private expectIntegral(value: bigint, whole: bigint): void {
    expect(value).to.be.at.most(whole);
    expect(value).to.be.at.least(whole - this.exact.additions - 1n);
  }

  /** The words of all read. */
  private async read(calls: readonly string[]): Promise<readonly bigint[]> {
    const packed = calls.map((call) => call.slice(2)).join("");
    const length = (packed.length / 2).toString(16).padStart(64, "0");
    const data = `${READ}${"20".padStart(64, "0")}${length}${packed.padEnd(Math.ceil(packed.length / 64) * 64, "0")}`;
    const result = (await network.provider.send("eth_call", [{ to: this.readerAddress, data }])) as string;
    return result
      .slice(130)
      .match(/.{64}/g)!
      .map((word) => BigInt(`0x${word}`));
  }

  private sampleWeeks(): readonly bigint[] {
    const known = [...this.exact.weeks.keys()];
    if (known.length === 0) return [];
    return [known[known.length - 1]!, known[this.glance(known.length)]!];
  }
}
