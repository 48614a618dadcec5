import { takeSnapshot, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import type { ReleaseSchedule } from "../../typechain-types";
import { generator } from "../support/random";
import { DAY, SUPPLY, deployVault, errorOf, restrict, type TokenFixture } from "./support";

const WALKS = 10;
const OPERATIONS = 200;
const SEED = 20_261_123;
const PHASE = 1_460n * DAY;
const PHASES = 7;
const GAS = { gasLimit: 1_000_000n };

/** A fraction of whole numbers, its denominator positive. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

interface Plan {
  readonly start: bigint;
  readonly budget: bigint;
  readonly totals: bigint[];
}

/** What a schedule without rounding would have given by `timestamp`. */
function exactly(plan: Plan, timestamp: bigint): Fraction {
  let over = 0n;
  for (const [phase, total] of plan.totals.entries()) {
    const begins = plan.start + BigInt(phase) * PHASE;
    const elapsed = timestamp < begins ? 0n : timestamp - begins > PHASE ? PHASE : timestamp - begins;
    over += total * elapsed;
  }
  return { over, under: PHASE };
}

/** What a schedule has given after releases at these times, each rounded down: written over the history, not step by step. */
function inSteps(plan: Plan, releases: readonly bigint[]): bigint {
  let sum = 0n;
  const last = releases[releases.length - 1] ?? 0n;
  for (const [phase, total] of plan.totals.entries()) {
    const begins = plan.start + BigInt(phase) * PHASE;
    const ends = begins + PHASE;
    if (last >= ends) {
      sum += total;
      continue;
    }
    let given = 0n;
    let from = begins;
    for (const at of releases.filter((each) => each > begins)) {
      given += ((total - given) * (at - from)) / (ends - from);
      from = at;
    }
    sum += given;
  }
  return sum;
}

class Walk {
  private readonly plan: Plan;
  private readonly releases: bigint[] = [];
  private readonly paid = new Map<string, bigint>();
  private recipient: string;
  private allowance = 0n;
  private vaultBalance = SUPPLY;
  private now: bigint;

  constructor(
    private readonly fixture: TokenFixture,
    private readonly schedule: ReleaseSchedule,
    plan: Plan,
    now: bigint,
    private readonly below: (below: number) => number,
    private readonly seen: Map<string, number>,
    private readonly recipients: readonly string[],
  ) {
    this.plan = plan;
    this.now = now;
    this.recipient = recipients[0]!;
  }

  async step(): Promise<void> {
    await this.pass();
    const operations = [
      () => this.release(),
      () => this.release(),
      () => this.release(),
      () => this.setPhase(),
      () => this.setPhase(),
      () => this.setRecipient(),
      () => this.approve(),
    ];
    await operations[this.below(operations.length)]!();
  }

  /** Invariants 2, 6 and 7. */
  async check(): Promise<void> {
    const { schedule, plan } = this;
    const { cos, vault } = this.fixture;
    const released = inSteps(plan, this.releases);
    expect(await schedule.released()).to.equal(released);
    const last = this.releases[this.releases.length - 1] ?? 0n;
    const { over, under } = exactly(plan, last);
    // Never more than the clock gives; short of it by less than one wei for each release.
    expect(released * under <= over).to.equal(true);
    expect((released + BigInt(this.releases.length)) * under >= over).to.equal(true);
    expect(await cos.balanceOf(vault)).to.equal(this.vaultBalance);
    const account = this.recipients[this.below(3)]!;
    expect(await cos.balanceOf(account)).to.equal(this.paid.get(account) ?? 0n);
    expect(plan.totals.reduce((sum, total) => sum + total, 0n) <= plan.budget).to.equal(true);
    const phase = this.below(PHASES);
    expect((await schedule.phaseOf(phase)).total).to.equal(plan.totals[phase]);
    expect(await schedule.recipient()).to.equal(this.recipient);
  }

  /** Seconds or years, now and then to a second at the edge of a phase. */
  private async pass(): Promise<void> {
    const edges = Array.from({ length: PHASES + 1 }, (_, phase) => this.plan.start + BigInt(phase) * PHASE).flatMap(
      (edge) => [edge - 1n, edge, edge + 1n],
    );
    const edge = edges.find((each) => each > this.now);
    const spans = [10n, DAY, 30n * DAY, 200n * DAY, 200n * DAY];
    const longest = this.below(80) === 0 ? 3n * PHASE : spans[this.below(spans.length)]!;
    const by = 1n + (BigInt(this.below(1_000_000)) * longest) / 1_000_000n;
    this.now =
      edge !== undefined && (this.now + by > edge || this.below(12) === 0) && this.below(4) > 0 ? edge : this.now + by;
    await time.setNextBlockTimestamp(this.now);
  }

  private async outcome(
    name: string,
    expected: string | undefined,
    call: () => Promise<unknown>,
    apply: () => void,
  ): Promise<void> {
    const { schedule, fixture } = this;
    const found = await errorOf([schedule.interface, fixture.cos.interface, fixture.vault.interface], call);
    const label = `${name}: ${expected ?? "done"}`;
    expect(found, `${label} at ${this.now}`).to.equal(expected);
    if (expected === undefined) apply();
    this.seen.set(label, (this.seen.get(label) ?? 0) + 1);
  }

  private async release(): Promise<void> {
    const due = inSteps(this.plan, [...this.releases, this.now]) - inSteps(this.plan, this.releases);
    await this.outcome(
      due === 0n ? "release of nothing" : "release",
      due > this.allowance ? "ERC20InsufficientAllowance" : undefined,
      () => this.schedule.connect(this.fixture.carol).release(GAS),
      () => {
        if (due === 0n) return;
        this.releases.push(this.now);
        this.allowance -= due;
        this.vaultBalance -= due;
        this.paid.set(this.recipient, (this.paid.get(this.recipient) ?? 0n) + due);
      },
    );
  }

  private async setPhase(): Promise<void> {
    const { plan } = this;
    const phase = this.below(PHASES + 1);
    const total = (plan.budget * BigInt(this.below(1_000))) / BigInt(1_000 * (1 + this.below(20)));
    const others = plan.totals.reduce((sum, each, index) => (index === phase ? sum : sum + each), 0n);
    const stranger = this.below(10) === 0;
    await this.outcome(
      "setPhase",
      stranger
        ? "AccessManagedUnauthorized"
        : phase === PHASES
          ? "UnknownPhase"
          : this.now >= plan.start + BigInt(phase) * PHASE
            ? "PhaseBegun"
            : others + total > plan.budget
              ? "BudgetExceeded"
              : undefined,
      () => this.schedule.connect(stranger ? this.fixture.bob : this.fixture.treasurer).setPhase(phase, total, GAS),
      () => (plan.totals[phase] = total),
    );
  }

  private async setRecipient(): Promise<void> {
    const account = [...this.recipients, ethers.ZeroAddress][this.below(4)]!;
    await this.outcome(
      "setRecipient",
      account === ethers.ZeroAddress ? "ZeroRecipient" : undefined,
      () => this.schedule.connect(this.fixture.treasurer).setRecipient(account, GAS),
      () => (this.recipient = account),
    );
  }

  private async approve(): Promise<void> {
    const amount = this.below(4) === 0 ? (this.plan.budget * BigInt(this.below(1_000))) / 10_000n : this.plan.budget;
    await this.outcome(
      "approve",
      undefined,
      () => this.fixture.vault.approve(this.fixture.cos, this.schedule, amount, GAS),
      () => (this.allowance = amount),
    );
  }
}

describe("ReleaseSchedule model", function () {
  it(`holds invariants 2, 6 and 7 over ${WALKS * OPERATIONS} random operations (seed ${SEED})`, async function () {
    const below = generator(SEED);
    const seen = new Map<string, number>();
    const fixture = await deployVault();
    const { manager, cos, vault } = fixture;
    const mocks = [0, 1, 2].map(async () => (await ethers.deployContract("CreditableMock", [cos])).getAddress());
    const recipients = await Promise.all(mocks);
    for (let walk = 0; walk < WALKS; ++walk) {
      const snapshot = await takeSnapshot();
      const now = BigInt(await time.latest());
      const start = now + BigInt(below(2_000)) - 500n;
      // Whole coins, a few wei, and something that nothing divides.
      const budget = [SUPPLY / 4n, 1_000n + BigInt(below(100_000)), SUPPLY / 7n + BigInt(below(1_000_000))][walk % 3]!;
      const schedule = await ethers.deployContract("ReleaseSchedule", [
        manager,
        cos,
        vault,
        budget,
        start,
        recipients[0]!,
      ]);
      await restrict(manager, schedule, ["setPhase", "setRecipient"]);
      const totals = Array.from({ length: PHASES }, (_, phase) => budget / 2n ** BigInt(phase + 1));
      totals[PHASES - 1] = budget - totals.slice(0, -1).reduce((sum, total) => sum + total, 0n);
      const plan = { start, budget, totals };
      const run = new Walk(fixture, schedule, plan, BigInt(await time.latest()), below, seen, recipients);
      for (let count = 0; count < OPERATIONS; ++count) {
        await run.step();
        await run.check();
      }
      await snapshot.restore();
    }
    for (const outcome of [
      "release: done",
      "release of nothing: done",
      "release: ERC20InsufficientAllowance",
      "setPhase: done",
      "setPhase: AccessManagedUnauthorized",
      "setPhase: UnknownPhase",
      "setPhase: PhaseBegun",
      "setPhase: BudgetExceeded",
      "setRecipient: done",
      "setRecipient: ZeroRecipient",
      "approve: done",
    ]) {
      expect(seen.get(outcome) ?? 0, outcome).to.be.above(0);
    }
  });
});
