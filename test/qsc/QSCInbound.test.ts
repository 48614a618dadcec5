import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import fc from "fast-check";
import { concat, id, toBeHex } from "ethers";
import { ADMIN_DELAY, HOME, REMOTE, STATUS, SUPPLY, at, deployEnds, sendIdOf, type Ends } from "./support";

const MAX_CAPACITY = 2n ** 96n - 1n;
const MAX_WINDOW = 2n ** 24n - 1n;
const WINDOW = 1_000n;
const CAPACITY = 500n;
const NONE = [0n, 0n];

interface Inbound {
  readonly capacity: bigint;
  readonly window: bigint;
}

/** What the home chain may release at the remote end is limited, and the limit is in force. */
async function limited(): Promise<Ends> {
  const ends = await deployEnds();
  await ends.remote.connect(ends.linker).setInboundLimit(HOME, { capacity: CAPACITY, window: WINDOW });
  return ends;
}

/** Releases `amount` for bob at the remote end, as its counterpart at home. */
async function release({ home, remote, remoteGateway, alice, bob }: Ends, amount: bigint) {
  const payload = concat([alice.address, bob.address, toBeHex(amount, 12)]);
  return remoteGateway.executeOrRevert(id("receive"), HOME, home, remote, payload);
}

async function nextBlockAt(timestamp: bigint): Promise<void> {
  await time.setNextBlockTimestamp(timestamp);
}

async function now(): Promise<bigint> {
  return BigInt(await time.latest());
}

describe("QSC inbound limit", function () {
  describe("link", function () {
    it("reverts with a capacity beyond 96 bits, no window, or one beyond 24 bits", async function () {
      const { home, linker, bob } = await loadFixture(deployEnds);
      for (const [capacity, window] of [
        [MAX_CAPACITY + 1n, 1n],
        [1n, 0n],
        [1n, MAX_WINDOW + 1n],
      ] as const) {
        for (const call of [
          () => home.connect(linker).link(7n, bob, { capacity, window }),
          () => home.connect(linker).setInboundLimit(REMOTE, { capacity, window }),
        ]) {
          await expect(call()).to.be.revertedWithCustomError(home, "InboundOutOfRange").withArgs(capacity, window);
        }
      }
      await home.connect(linker).link(7n, bob, { capacity: MAX_CAPACITY, window: MAX_WINDOW });
    });

    it("releases nothing before the admin's delay has passed: a stolen linker can be stopped", async function () {
      const { home, homeGateway, linker, alice, bob } = await loadFixture(deployEnds);
      const inbound = { capacity: CAPACITY, window: WINDOW };
      const linked = await home.connect(linker).link(7n, bob, inbound);
      const from = (await now()) + ADMIN_DELAY;
      await expect(linked).to.emit(home, "InboundLimitSet").withArgs(7n, CAPACITY, WINDOW, from);
      expect(await home.inboundLimit(7n)).to.deep.equal([NONE, 0n, [CAPACITY, WINDOW], from]);

      const payload = concat([alice.address, bob.address, toBeHex(1n, 12)]);
      const receive = () => homeGateway.executeOrRevert(id("receive"), 7n, bob, home, payload);
      await nextBlockAt(from - 1n);
      await expect(receive()).to.be.revertedWithCustomError(home, "InboundLimitExceeded").withArgs(7n, 1n, 0n);
      await nextBlockAt(from);
      await receive();
      expect(await home.inboundLimit(7n)).to.deep.equal([[CAPACITY, WINDOW], CAPACITY - 1n, NONE, 0n]);
    });
  });

  describe("setInboundLimit", function () {
    it("reverts for a chain that is not linked", async function () {
      const { home, linker } = await loadFixture(deployEnds);
      await expect(home.connect(linker).setInboundLimit(7n, { capacity: 1n, window: 1n }))
        .to.be.revertedWithCustomError(home, "ChainNotLinked")
        .withArgs(7n);
    });

    const changes: Readonly<Record<string, readonly [Inbound, boolean]>> = {
      "the same": [{ capacity: CAPACITY, window: WINDOW }, true],
      "a lower capacity": [{ capacity: CAPACITY - 1n, window: WINDOW }, true],
      nothing: [{ capacity: 0n, window: WINDOW }, true],
      "a longer window": [{ capacity: CAPACITY, window: WINDOW + 1n }, true],
      "a higher capacity": [{ capacity: CAPACITY + 1n, window: WINDOW }, false],
      "a shorter window": [{ capacity: CAPACITY, window: WINDOW - 1n }, false],
      "a lower capacity in a shorter window": [{ capacity: 1n, window: WINDOW - 1n }, false],
      "a higher capacity in a longer window": [{ capacity: CAPACITY + 1n, window: MAX_WINDOW }, false],
    };
    for (const [name, [inbound, lower]] of Object.entries(changes)) {
      it(`takes ${name} ${lower ? "at once, also from the pauser" : "after the admin's delay, from the linker alone"}`, async function () {
        const { remote, linker, pauser, banker } = await loadFixture(limited);
        await expect(remote.connect(banker).setInboundLimit(HOME, inbound))
          .to.be.revertedWithCustomError(remote, "AccessControlUnauthorizedAccount")
          .withArgs(banker, await remote.LINKER_ROLE());
        const { capacity, window } = inbound;
        if (lower) {
          for (const caller of [pauser, linker]) {
            const set = await remote.connect(caller).setInboundLimit(HOME, inbound);
            await expect(set)
              .to.emit(remote, "InboundLimitSet")
              .withArgs(HOME, capacity, window, await now());
            expect(await remote.inboundLimit(HOME)).to.deep.equal([[capacity, window], capacity, NONE, 0n]);
          }
          return;
        }
        await expect(remote.connect(pauser).setInboundLimit(HOME, inbound))
          .to.be.revertedWithCustomError(remote, "AccessControlUnauthorizedAccount")
          .withArgs(pauser, await remote.LINKER_ROLE());
        await remote.connect(linker).setInboundLimit(HOME, inbound);
        const from = (await now()) + ADMIN_DELAY;
        const before = [[CAPACITY, WINDOW], CAPACITY, [capacity, window], from];
        expect(await remote.inboundLimit(HOME)).to.deep.equal(before);
        await time.increaseTo(from - 1n);
        expect(await remote.inboundLimit(HOME)).to.deep.equal(before);
        await time.increaseTo(from);
        expect(await remote.inboundLimit(HOME)).to.deep.equal([[capacity, window], capacity, NONE, 0n]);
      });
    }

    it("replaces a higher limit that waits, and with a lower one drops it", async function () {
      const { remote, linker, pauser } = await loadFixture(limited);
      const as = remote.connect(linker);
      await as.setInboundLimit(HOME, { capacity: 2n * CAPACITY, window: WINDOW });
      await time.increase(ADMIN_DELAY / 2n);
      await as.setInboundLimit(HOME, { capacity: 3n * CAPACITY, window: WINDOW });
      const from = (await now()) + ADMIN_DELAY;
      await time.increaseTo(from - 1n);
      expect((await remote.inboundLimit(HOME)).inbound).to.deep.equal([CAPACITY, WINDOW]);
      await remote.connect(pauser).setInboundLimit(HOME, { capacity: 0n, window: WINDOW });
      await time.increase(2n * ADMIN_DELAY);
      expect(await remote.inboundLimit(HOME)).to.deep.equal([[0n, WINDOW], 0n, NONE, 0n]);
    });

    it("empties the bucket at the old rate until the second that the higher limit takes over", async function () {
      const ends = await loadFixture(limited);
      const { remote, linker } = ends;
      const slow = 1_000_000n;
      await remote.connect(linker).setInboundLimit(HOME, { capacity: CAPACITY, window: slow });
      await release(ends, CAPACITY);
      const start = await now();
      await remote.connect(linker).setInboundLimit(HOME, { capacity: 2n * CAPACITY, window: 1n });
      const from = (await now()) + ADMIN_DELAY;
      await time.increaseTo(from);
      // Rounded down at the raise and again when it takes over.
      const level = CAPACITY - ((from - ADMIN_DELAY - start) * CAPACITY) / slow - (ADMIN_DELAY * CAPACITY) / slow;
      expect((await remote.inboundLimit(HOME)).available).to.equal(2n * CAPACITY - level);
    });

    it("keeps what was released when it is lowered and raised: no change empties the bucket", async function () {
      const ends = await loadFixture(limited);
      const { remote, linker } = ends;
      await release(ends, CAPACITY);
      const start = await now();
      // A window so long that nothing drains meanwhile.
      await remote.connect(linker).setInboundLimit(HOME, { capacity: CAPACITY, window: MAX_WINDOW });
      await remote.connect(linker).setInboundLimit(HOME, { capacity: CAPACITY - 1n, window: MAX_WINDOW });
      expect((await now()) - start).to.be.lessThan(WINDOW / CAPACITY + 2n);
      expect((await remote.inboundLimit(HOME)).available).to.equal(0n);
    });
  });

  describe("receiveMessage", function () {
    it("reverts one above what is left, and releases that", async function () {
      const ends = await loadFixture(limited);
      const { remote, bob } = ends;
      await expect(release(ends, CAPACITY + 1n))
        .to.be.revertedWithCustomError(remote, "InboundLimitExceeded")
        .withArgs(HOME, CAPACITY + 1n, CAPACITY);
      await release(ends, CAPACITY);
      expect(await remote.balanceOf(bob)).to.equal(CAPACITY);
      const start = await now();
      await nextBlockAt(start + 1n);
      await expect(release(ends, 1n))
        .to.be.revertedWithCustomError(remote, "InboundLimitExceeded")
        .withArgs(HOME, 1n, 0n);
      // 500 in 1,000 s: one every other second.
      await nextBlockAt(start + 2n);
      await release(ends, 1n);
      await nextBlockAt(start + 2n + WINDOW);
      await release(ends, CAPACITY);
    });

    it("never releases for a link that the pauser closed in time", async function () {
      const { home, homeGateway, linker, pauser, alice, bob } = await loadFixture(deployEnds);
      await home.connect(linker).link(7n, bob, { capacity: CAPACITY, window: WINDOW });
      await time.increase(ADMIN_DELAY - 10n);
      await home.connect(pauser).setInboundLimit(7n, { capacity: 0n, window: 1n });
      await time.increase(ADMIN_DELAY);
      const payload = concat([alice.address, bob.address, toBeHex(1n, 12)]);
      await expect(homeGateway.executeOrRevert(id("receive"), 7n, bob, home, payload))
        .to.be.revertedWithCustomError(home, "InboundLimitExceeded")
        .withArgs(7n, 1n, 0n);
    });

    it("is limited for each chain apart", async function () {
      const { home, homeGateway, linker, pauser, alice, bob } = await loadFixture(deployEnds);
      await home.connect(linker).link(7n, bob, { capacity: CAPACITY, window: WINDOW });
      await time.increase(ADMIN_DELAY);
      await home.connect(pauser).setInboundLimit(REMOTE, { capacity: 0n, window: WINDOW });
      const payload = concat([alice.address, bob.address, toBeHex(CAPACITY, 12)]);
      await homeGateway.executeOrRevert(id("receive"), 7n, bob, home, payload);
      expect(await home.balanceOf(bob)).to.equal(CAPACITY);
    });
  });

  it("fails what is above it, for the holder to reclaim, which no limit hinders; what follows goes on", async function () {
    const { home, remote, homeGateway, remoteGateway, pauser, alice, bob } = await loadFixture(limited);
    await home.connect(pauser).setInboundLimit(REMOTE, { capacity: 0n, window: 1n });
    const send = (amount: bigint) => sendIdOf(home, home.connect(alice).qcpExchange(at(REMOTE, bob), amount));
    const [large, small] = [await send(CAPACITY + 1n), await send(CAPACITY)];
    await homeGateway.deliver(large, remoteGateway);
    await homeGateway.deliver(small, remoteGateway);
    expect(await homeGateway.statusOf(large)).to.equal(STATUS.failedFinal);
    expect(await homeGateway.statusOf(small)).to.equal(STATUS.succeeded);
    expect(await remote.balanceOf(bob)).to.equal(CAPACITY);
    await expect(home.qcpReclaim(large)).to.changeTokenBalance(home, alice, CAPACITY + 1n);
    expect((await home.totalSupply()) + (await remote.totalSupply())).to.equal(SUPPLY);
  });
});

interface ModelLimit {
  readonly capacity: bigint;
  readonly window: bigint;
}

type Operation =
  | { readonly kind: "release"; readonly share: number; readonly beside: bigint }
  | { readonly kind: "set"; readonly capacity: bigint; readonly window: bigint; readonly pauser: boolean }
  | { readonly kind: "wait"; readonly seconds: number };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("release" as const),
      // Percent of what is left, and something beside it.
      share: fc.oneof(fc.constant(100), fc.nat(100)),
      beside: fc.constantFrom(0n, 0n, 0n, 1n),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      capacity: fc.oneof(fc.bigInt({ min: 0n, max: 2_000n }), fc.constant(MAX_CAPACITY / 3n)),
      window: fc.oneof(fc.bigInt({ min: 1n, max: 500n }), fc.bigInt({ min: 1n, max: 200_000n })),
      pauser: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      seconds: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(Number(ADMIN_DELAY) / 2)),
    }),
  },
);

/**
 * The limit as a history: every release is remembered, and what is left follows from all of it by exact fractions. The
 * contract rounds what drains down at each change, so it may leave less, by less than one for each, and never more.
 */
class Model {
  readonly changes: { readonly from: bigint; readonly limit: ModelLimit }[] = [];
  readonly releases: { readonly at: bigint; readonly amount: bigint }[] = [];
  /** Present level as a fraction, and up to which second it has drained. */
  private numerator = 0n;
  private denominator = 1n;
  private at: bigint;
  roundings = 0n;

  constructor(
    public limit: ModelLimit,
    public next: { readonly from: bigint; readonly limit: ModelLimit } | undefined,
    start: bigint,
  ) {
    this.at = start;
    this.changes.push({ from: start, limit });
  }

  advance(to: bigint): void {
    if (this.next !== undefined && this.next.from <= to) {
      const { from, limit } = this.next;
      this.next = undefined;
      this.advance(from);
      this.limit = limit;
      this.changes.push({ from, limit });
    }
    const { capacity, window } = this.limit;
    this.numerator = this.numerator * window - (to - this.at) * capacity * this.denominator;
    this.denominator *= window;
    if (this.numerator <= 0n) [this.numerator, this.denominator, this.roundings] = [0n, 1n, 0n];
    else this.reduce();
    this.at = to;
  }

  private reduce(): void {
    let [a, b] = [this.numerator, this.denominator];
    while (b !== 0n) [a, b] = [b, a % b];
    this.numerator /= a;
    this.denominator /= a;
  }

  /** Whole units that an exact bucket would leave. */
  get available(): bigint {
    const level = (this.numerator + this.denominator - 1n) / this.denominator;
    return level > this.limit.capacity ? 0n : this.limit.capacity - level;
  }

  release(amount: bigint): void {
    this.numerator += amount * this.denominator;
    this.releases.push({ at: this.at, amount });
  }

  lowers({ capacity, window }: ModelLimit): boolean {
    return capacity <= this.limit.capacity && window >= this.limit.window;
  }
}

describe("QSC inbound limit against a model (invariant 8)", function () {
  const OPERATIONS = 2_000;
  const SEED = 9_652;

  it(`agrees after each of ${OPERATIONS} operations of seed ${SEED}`, async function () {
    const ends = await limited();
    const { remote, linker, pauser, bob } = ends;
    const limit = { capacity: CAPACITY, window: WINDOW };
    const model = new Model(limit, undefined, await now());
    const seen = new Map<string, number>();
    let clock = await now();
    let released = 0n;
    const note = (outcome: string): void => void seen.set(outcome, (seen.get(outcome) ?? 0) + 1);

    for (const [index, op] of fc.sample(operation, { numRuns: OPERATIONS, seed: SEED }).entries()) {
      const where = `operation ${index}, ${op.kind}`;
      if (op.kind === "wait") {
        clock += BigInt(op.seconds);
        continue;
      }
      clock += 1n;
      await nextBlockAt(clock);
      model.advance(clock);
      if (op.kind === "release") {
        const share = (model.available * BigInt(op.share)) / 100n + op.beside;
        const amount = share > MAX_CAPACITY ? MAX_CAPACITY : share;
        // What rounding may have taken is left alone; beyond what is exactly left nothing is ever released.
        const above = amount > model.available;
        const sure = amount + model.roundings <= model.available;
        const done = await release(ends, amount).then(
          () => true,
          (error: Error) => {
            expect(error.message, where).to.contain("InboundLimitExceeded");
            return false;
          },
        );
        if (above) expect(done, where).to.equal(false);
        if (sure) expect(done, where).to.equal(true);
        if (done) {
          model.release(amount);
          model.roundings += 1n;
          released += amount;
        }
        note(`release: ${done ? "done" : "refused"}`);
      } else {
        const wanted = { capacity: op.capacity, window: op.window };
        const lower = model.lowers(wanted);
        const call = () => remote.connect(op.pauser ? pauser : linker).setInboundLimit(HOME, wanted);
        if (op.pauser && !lower) {
          await expect(call(), where).to.be.revertedWithCustomError(remote, "AccessControlUnauthorizedAccount");
          note("set: refused");
        } else {
          await call();
          model.roundings += 1n;
          if (lower) [model.limit, model.next] = [wanted, undefined];
          else model.next = { from: clock + ADMIN_DELAY, limit: wanted };
          if (lower) model.changes.push({ from: clock, limit: wanted });
          note(`set: ${lower ? "lower" : "higher"}`);
        }
      }
      const state = await remote.inboundLimit(HOME);
      expect(state.inbound, where).to.deep.equal([model.limit.capacity, model.limit.window]);
      const next = model.next;
      expect([...state.next, state.from], where).to.deep.equal(
        next === undefined ? [0n, 0n, 0n] : [next.limit.capacity, next.limit.window, next.from],
      );
      expect(state.available <= model.available, `${where}: more than is left`).to.equal(true);
      expect(state.available + model.roundings + 1n >= model.available, `${where}: too little`).to.equal(true);
      expect(await remote.balanceOf(bob), where).to.equal(released);
    }

    // While a limit stands, no window of it sees more than twice its capacity.
    for (const [index, { from, limit: standing }] of model.changes.entries()) {
      const until = model.changes[index + 1]?.from ?? clock + 1n;
      const during = model.releases.filter(({ at: second }) => second >= from && second < until);
      for (const [first, { at: start }] of during.entries()) {
        const within = during.slice(first).filter(({ at: second }) => second < start + standing.window);
        const total = within.reduce((sum, { amount }) => sum + amount, 0n);
        expect(total <= 2n * standing.capacity, `from second ${start}`).to.equal(true);
      }
    }
    for (const outcome of ["release: done", "release: refused", "set: lower", "set: higher", "set: refused"]) {
      expect(seen.get(outcome) ?? 0, outcome).to.be.greaterThan(0);
    }
  });
});
