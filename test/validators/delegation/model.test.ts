import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { AssertionError, expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import type { DelegationReaderMock } from "../../../typechain-types";
import { deploy } from "../../crosschain/support";
import { generator } from "../../support/random";
import {
  DAY,
  RICH,
  SCALE,
  UNBONDING,
  actions,
  at,
  cos,
  deployDelegation,
  nextEpochStart,
  now,
  type Account,
} from "./support";

const OPERATIONS = 420;
const SEEDS = [1, 40, 400, 4_000, 500];

/** As `expect`, but quick: it is asked a hundred times after each operation. */
function hold(claim: boolean, otherwise: string): void {
  if (!claim) throw new AssertionError(otherwise);
}

const greatestDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : greatestDivisor(b, a % b));

/** An exact fraction. */
class Fraction {
  static readonly ZERO = new Fraction(0n);
  readonly n: bigint;
  readonly d: bigint;

  constructor(n: bigint, d = 1n) {
    const divisor = greatestDivisor(n < 0n ? -n : n, d);
    this.n = divisor === 0n ? n : n / divisor;
    this.d = divisor === 0n ? d : d / divisor;
  }

  plus(other: Fraction): Fraction {
    return new Fraction(this.n * other.d + other.n * this.d, this.d * other.d);
  }
  minus(other: Fraction): Fraction {
    return new Fraction(this.n * other.d - other.n * this.d, this.d * other.d);
  }
  times(other: Fraction): Fraction {
    return new Fraction(this.n * other.n, this.d * other.d);
  }
  over(other: Fraction): Fraction {
    return new Fraction(this.n * other.d, this.d * other.n);
  }
  below(other: Fraction): boolean {
    return this.n * other.d < other.n * this.d;
  }
  get up(): bigint {
    return (this.n + this.d - 1n) / this.d;
  }
}

/** Earnings are sums of fractions with ever new denominators: they are kept to 10^-40 wei. */
const FINE = 10n ** 40n;

interface ModelPosition {
  /** Wei that it would be worth without any slash of this pool. */
  units: Fraction;
  /** In 1 / `FINE` wei. */
  earned: bigint;
  claimed: bigint;
}

interface ModelUnbonding {
  readonly owner: Account;
  readonly id: number;
  readonly units: Fraction;
  readonly shares: bigint;
  readonly readyAt: bigint;
  paid: boolean;
}

interface ModelPool {
  readonly validator: Account;
  readonly max: bigint;
  readonly change: bigint;
  commission: bigint;
  setAt: bigint;
  closed: boolean;
  /** What slashes have left of each unit. */
  factor: Fraction;
  /** How often it was slashed, and touched: each may cost the rounding of one share, or of one index. */
  slashes: bigint;
  touches: bigint;
  /** Wei by which all earnings here may differ, from the rounding of bonds. */
  slack: bigint;
  readonly positions: Map<string, ModelPosition>;
  readonly unbondings: ModelUnbonding[];
}

const zeroPosition = (): ModelPosition => ({ units: Fraction.ZERO, earned: 0n, claimed: 0n });

/** What the contract must do, in exact fractions: no shares, no accumulators, everything summed anew. */
class Model {
  readonly pools: ModelPool[] = [];
  readonly segments: { readonly from: bigint; to: bigint; readonly rate: bigint }[] = [];
  undistributed = 0n;
  fundedAt = 0n;
  credited = 0n;
  settledReward = 0n;
  nextEpoch = 0n;
  donated = 0n;

  streamed(until: bigint): bigint {
    let sum = 0n;
    for (const { from, to, rate } of this.segments) if (until > from) sum += rate * ((until < to ? until : to) - from);
    return sum;
  }

  active(pool: ModelPool): Fraction {
    return [...pool.positions.values()].reduce((sum, { units }) => sum.plus(units), Fraction.ZERO);
  }

  bond(pool: ModelPool): Fraction {
    return this.active(pool).times(pool.factor);
  }

  /** Wei by which a bond here may be below the exact one. */
  bondSlack(pool: ModelPool, shares: bigint): bigint {
    return pool.touches + 1n + (shares * pool.slashes) / SCALE;
  }
}

const readerFixture = async () => {
  const fixture = await deployDelegation();
  return { ...fixture, reader: await deploy<DelegationReaderMock>("DelegationReaderMock") };
};

describe("Delegation against an exact model (invariants of bonds 1 to 6)", () => {
  for (const seed of SEEDS) {
    it(`agrees after each of ${OPERATIONS} operations of seed ${seed}`, async () => {
      const fixture = await loadFixture(readerFixture);
      const { delegation, token, reader, address, registry, vault, treasury, community } = fixture;
      const acts = actions(fixture);
      const model = new Model();
      const random = generator(seed);
      const chance = (of: number): boolean => random(of) === 0;
      const one = <T>(list: readonly T[]): T => list[random(list.length)]!;
      const everybody = [...fixture.validators.slice(0, 3), ...fixture.delegators.slice(0, 3)];
      const addresses = everybody.map((account) => account.address);
      const done = new Map<string, number>();
      const paidOut = { treasury: 0n, community: 0n, slashed: 0n };
      let timestamp = await nextEpochStart();
      model.nextEpoch = 0n;

      const openPool = (validator: Account, setAt: bigint): void => {
        model.pools.push({
          validator,
          max: 3_000n,
          change: 500n,
          commission: 1_000n,
          setAt,
          closed: false,
          factor: new Fraction(1n),
          slashes: 0n,
          touches: 0n,
          slack: 0n,
          positions: new Map(),
          unbondings: [],
        });
      };
      for (const validator of everybody.slice(0, 3)) {
        openPool(validator, (await delegation.poolOf(validator.address)).commissionSetAt);
      }
      const read = () =>
        reader.read(
          address,
          model.pools.map(({ validator }) => validator.address),
          addresses,
        );
      let reading = await read();

      /** Succeeds or fails with exactly the named error. */
      const attempt = async (
        send: () => Promise<ContractTransactionResponse>,
        error: string | undefined,
      ): Promise<boolean> => {
        await at(timestamp);
        if (error === undefined) await send();
        else await expect(send()).to.be.revertedWithCustomError(delegation, error);
        return error === undefined;
      };
      const positionOf = (pool: ModelPool, account: Account): ModelPosition => {
        const found = pool.positions.get(account.address) ?? zeroPosition();
        pool.positions.set(account.address, found);
        return found;
      };
      const sharesOf = (pool: ModelPool, account: Account): bigint =>
        reading.positions[model.pools.indexOf(pool)]![everybody.indexOf(account)]!.shares;
      const amount = (): bigint => {
        const digits = one([1n, 10n ** 9n, cos(1), cos(1_000), cos(100_000)]);
        return (digits * BigInt(random(2 ** 31) + 1)) / 2n ** 20n + 1n;
      };
      /** Exact earnings of one pool: the commission, and the remainder by unit. */
      const credit = (pool: ModelPool, reward: Fraction, slack: bigint, shares: bigint): void => {
        if (pool.factor.n === 0n || reward.n === 0n) return;
        const commission = reward.times(new Fraction(pool.commission, 10_000n));
        positionOf(pool, pool.validator).earned += (commission.n * FINE) / commission.d;
        pool.slack += slack + 3n + shares / SCALE;
        if (shares === 0n) return;
        const active = model.active(pool);
        const remainder = reward.minus(commission);
        pool.slack += (remainder.up * (pool.touches + 1n)) / shares + 1n;
        for (const position of pool.positions.values()) {
          const part = remainder.times(position.units).over(active);
          position.earned += (part.n * FINE) / part.d;
        }
      };

      const operations: Record<string, () => Promise<boolean>> = {
        delegate: async () => {
          const [pool, account, value] = [one(model.pools), one(everybody), amount()];
          const wiped = pool.factor.n === 0n ? "PoolWiped" : undefined;
          const error = pool.closed ? "PoolClosed" : wiped;
          const before = await token.balanceOf(account.address);
          if (before < value) return false;
          if (!(await attempt(() => acts.delegate(account, pool.validator, value), error))) return false;
          const position = positionOf(pool, account);
          position.units = position.units.plus(new Fraction(value).over(pool.factor));
          pool.touches += 1n;
          return true;
        },
        undelegate: async () => {
          const [pool, account] = [one(model.pools), one(everybody)];
          const held = sharesOf(pool, account);
          const all = chance(3);
          const part = (held * BigInt(random(1_000))) / 1_000n;
          const shares = chance(12) ? held + 1n : all ? held : part;
          const error = shares === 0n ? "ZeroShares" : shares > held ? "SharesExceeded" : undefined;
          if (!(await attempt(() => acts.undelegate(account, pool.validator, shares), error))) return false;
          const position = positionOf(pool, account);
          const units = shares === held ? position.units : new Fraction(shares);
          position.units = position.units.minus(units);
          const id = pool.unbondings.filter(({ owner }) => owner === account).length;
          pool.unbondings.push({ owner: account, id, units, shares, readyAt: timestamp + UNBONDING, paid: false });
          pool.touches += 1n;
          return true;
        },
        withdraw: async () => {
          const pool = one(model.pools);
          if (pool.unbondings.length === 0) return false;
          const unbonding = one(pool.unbondings);
          const { owner, id, units, shares, readyAt } = unbonding;
          const early = timestamp < readyAt ? "StillUnbonding" : undefined;
          const error = unbonding.paid ? "UnknownUnbonding" : early;
          const before = await token.balanceOf(owner.address);
          if (!(await attempt(() => acts.withdraw(owner, pool.validator, id), error))) return false;
          unbonding.paid = true;
          const paid = (await token.balanceOf(owner.address)) - before;
          const exact = units.times(pool.factor);
          expect(exact.below(new Fraction(paid)), `paid ${paid}`).to.equal(false);
          const least = exact.minus(new Fraction(model.bondSlack(pool, shares)));
          expect(new Fraction(paid).below(least), `paid ${paid}, exact ${exact.up}`).to.equal(false);
          pool.touches += 1n;
          return true;
        },
        claim: async () => {
          const [pool, account] = [one(model.pools), one(everybody)];
          const due = reading.positions[model.pools.indexOf(pool)]![everybody.indexOf(account)]!.reward;
          const before = await token.balanceOf(account.address);
          const error = due === 0n ? "NoReward" : undefined;
          if (!(await attempt(() => acts.claim(account, pool.validator), error))) return false;
          expect((await token.balanceOf(account.address)) - before).to.equal(due);
          positionOf(pool, account).claimed += due;
          pool.touches += 1n;
          return true;
        },
        slash: async () => {
          if (!chance(2)) return false;
          const pool = one(model.pools);
          const bps = chance(12) ? one([10_000n, 9_999n]) : one([1n, 1n, 2_000n, 2_000n, 333n]);
          const unpaid = pool.unbondings.filter(({ paid }) => !paid);
          const units = unpaid.reduce((sum, entry) => sum.plus(entry.units), model.active(pool));
          const before = await delegation.unsweptSlashed();
          await attempt(() => acts.slash(pool.validator, bps), undefined);
          const taken = (await delegation.unsweptSlashed()) - before;
          paidOut.slashed += taken;
          const left = pool.factor.times(new Fraction(10_000n - bps, 10_000n));
          const factor = left.below(new Fraction(1n, 10n ** 9n)) ? Fraction.ZERO : left;
          const exact = units.times(pool.factor.minus(factor));
          const state = reading.pools[model.pools.indexOf(pool)]!;
          const slack = model.bondSlack(pool, state.activeShares + state.unbondingShares) + 1n;
          expect(exact.minus(new Fraction(taken)).up <= slack, `taken ${taken}`).to.equal(true);
          expect(new Fraction(taken).minus(exact).up <= slack, `taken ${taken}`).to.equal(true);
          pool.factor = factor;
          pool.slashes += 1n;
          return true;
        },
        settle: async () => {
          const current = timestamp / DAY;
          const epoch = current - BigInt(random(3)) - (chance(8) ? 0n : 1n);
          const early = epoch < model.nextEpoch ? "RewardEpochSettled" : undefined;
          const error = epoch >= current ? "RewardEpochRunning" : early;
          const signed = model.pools.filter(() => !chance(3));
          const proposer = chance(4) ? undefined : one(model.pools);
          const validators = signed.map(({ validator }) => validator);
          if (!(await attempt(() => acts.settle(epoch, proposer?.validator, validators), error))) return false;
          model.nextEpoch = epoch + 1n;
          const end = (epoch + 1n) * DAY;
          const total = model.credited + model.streamed(end > model.fundedAt ? end : model.fundedAt);
          const reward = total - model.settledReward;
          model.settledReward = total;
          const shares = (pool: ModelPool): bigint => reading.pools[model.pools.indexOf(pool)]!.activeShares;
          const first = new Fraction((reward * 4n) / 100n);
          if (proposer !== undefined) credit(proposer, first, 1n, shares(proposer));
          const rest = new Fraction(reward).minus(first);
          const bonds = signed.map((pool) => model.bond(pool));
          const sum = bonds.reduce((all, bond) => all.plus(bond), Fraction.ZERO);
          if (sum.n === 0n) return true;
          const rounding = signed.reduce((all, pool) => all + model.bondSlack(pool, shares(pool)), 0n);
          // Each bond is off by its rounding, and so is their sum: the quotient by at most twice that.
          const slack = rest.times(new Fraction(2n * rounding)).over(sum).up + 1n;
          for (const [index, pool] of signed.entries()) {
            credit(pool, rest.times(bonds[index]!).over(sum), slack < reward ? slack : reward, shares(pool));
          }
          return true;
        },
        fund: async () => {
          if (!chance(3)) return false;
          const last = model.segments.at(-1);
          const running = last !== undefined && timestamp < last.to ? last : undefined;
          const end = (running?.to ?? timestamp) + DAY * BigInt(random(30)) - (chance(9) ? 1n : 0n);
          const value = chance(9) ? 0n : amount();
          const left = running === undefined ? 0n : running.rate * (running.to - timestamp);
          const all = value + left + model.undistributed;
          const tooEarly = end <= timestamp || end < (last?.to ?? 0n);
          const rate = tooEarly ? 0n : all / (end - timestamp);
          const falls = running !== undefined && rate < running.rate ? "RewardRateFell" : undefined;
          const error = tooEarly ? "EmissionEndTooEarly" : value === 0n ? "ZeroFunding" : falls;
          if ((await token.balanceOf(vault.address)) < value) return false;
          if (!(await attempt(() => acts.fund(value, end), error))) return false;
          if (running !== undefined) running.to = timestamp;
          model.segments.push({ from: timestamp, to: end, rate });
          model.undistributed = all - rate * (end - timestamp);
          model.fundedAt = timestamp;
          return true;
        },
        setCommission: async () => {
          const pool = one(model.pools);
          const bps = BigInt(random(3_300));
          const change = bps > pool.commission ? bps - pool.commission : pool.commission - bps;
          const large = change > pool.change ? "CommissionChangeTooLarge" : undefined;
          const early = timestamp < pool.setAt + DAY ? "CommissionChangeTooEarly" : large;
          const error = bps > pool.max ? "CommissionOutOfRange" : early;
          const as = delegation.connect(pool.validator.signer);
          if (!(await attempt(() => as.setCommission(bps), error))) return false;
          pool.commission = bps;
          pool.setAt = timestamp;
          return true;
        },
        open: async () => {
          // A pool in place of one that is wiped or closed; its delegators keep what they have there.
          const candidates = everybody.filter((account) => model.pools.every((p) => p.validator !== account));
          const gone = model.pools.filter((pool) => pool.closed || pool.factor.n === 0n).length;
          if (candidates.length === 0 || model.pools.length - gone >= 3) return false;
          const validator = one(candidates);
          const as = delegation.connect(registry.signer);
          await attempt(() => as.open(validator.address, 3_000, 500, 1_000), undefined);
          openPool(validator, timestamp);
          return true;
        },
        close: async () => {
          if (!chance(8)) return false;
          const pool = one(model.pools);
          await attempt(() => acts.close(pool.validator), undefined);
          pool.closed = true;
          return true;
        },
        sweep: async () => {
          const slashed = chance(2);
          const [waiting, receiver] = slashed
            ? ([reading.unsweptSlashed, treasury] as const)
            : ([reading.unsweptCommunity, community] as const);
          const error = waiting === 0n ? "NothingToSweep" : undefined;
          const send = () => (slashed ? delegation.sweepSlashed() : delegation.sweepCommunity());
          const before = await token.balanceOf(receiver.address);
          if (!(await attempt(send, error))) return false;
          expect((await token.balanceOf(receiver.address)) - before).to.equal(waiting);
          paidOut[slashed ? "treasury" : "community"] += waiting;
          return true;
        },
        /** To those who earn, or to nobody. */
        give: async () => {
          const value = amount();
          if ((await token.balanceOf(vault.address)) < value + RICH) return false;
          if (value % 2n === 0n) {
            await attempt(() => delegation.connect(vault.signer).credit(value), undefined);
            model.credited += value;
            return true;
          }
          await at(timestamp);
          await token.connect(vault.signer).transfer(address, value);
          model.donated += value;
          return true;
        },
        wait: async () => {
          timestamp += one([1n, 3_600n, DAY, DAY, 5n * DAY, UNBONDING]);
          return true;
        },
      };
      const weights: Readonly<Record<string, number>> = {
        delegate: 4,
        undelegate: 3,
        withdraw: 3,
        claim: 2,
        settle: 5,
      };
      const weighted = Object.keys(operations).flatMap((name) =>
        Array.from({ length: weights[name] ?? 1 }, () => name),
      );

      for (let step = 0; step < OPERATIONS; ++step) {
        const name = weighted[random(weighted.length)]!;
        const where = `seed ${seed}, step ${step}, ${name}`;
        const previous = reading;
        timestamp += 1n;
        if (await operations[name]!()) done.set(name, (done.get(name) ?? 0) + 1);
        reading = await read();

        let [owed, earned, dust] = [0n, 0n, 1n];
        for (const [index, pool] of model.pools.entries()) {
          const state = reading.pools[index]!;
          const before = index < previous.pools.length ? previous.pools[index]! : state;
          // Invariant 2: a share is worth at most a wei, and only slashes change that.
          hold(state.index <= SCALE && state.index <= before.index, `${where}: index ${state.index}`);
          hold(name === "slash" || state.index === before.index, `${where}: index ${state.index}`);
          // Invariant 3: the pool's shares are the sum of its parts'.
          const positions = reading.positions[index]!;
          const unpaid = pool.unbondings.filter(({ paid }) => !paid);
          const sum = (parts: readonly { readonly shares: bigint }[]) =>
            parts.reduce((all, part) => all + part.shares, 0n);
          hold(state.activeShares === sum(positions), `${where}: active ${state.activeShares}`);
          hold(state.unbondingShares === sum(unpaid), `${where}: unbonding ${state.unbondingShares}`);
          // Invariant 6: terms.
          const terms = [state.commissionBps, state.commissionSetAt, state.closed].join();
          hold(terms === [pool.commission, pool.setAt, pool.closed].join(), `${where}: terms ${terms}`);
          const close = (exact: Fraction, found: bigint, shares: bigint): boolean =>
            !exact.below(new Fraction(found)) && exact.minus(new Fraction(found)).up <= model.bondSlack(pool, shares);
          hold(close(model.bond(pool), state.bond, state.activeShares), `${where}: bond ${state.bond}`);
          for (const [place, account] of everybody.entries()) {
            const { shares, bond, reward } = positions[place]!;
            const exact = pool.positions.get(account.address) ?? zeroPosition();
            // Invariant 5: bonds are what the slashes left, never more.
            hold(close(exact.units.times(pool.factor), bond, shares), `${where}: bond ${bond} of ${place}`);
            // Invariant 4: rewards are the exact part of each epoch's.
            const difference = exact.earned / FINE - exact.claimed - reward;
            const bound = pool.slack + pool.touches;
            hold(
              difference <= bound && -difference <= bound,
              `${where}: reward ${reward}, off by ${difference}, ${bound}`,
            );
            earned += reward;
          }
          owed += ((state.activeShares + state.unbondingShares) * state.index) / SCALE;
          dust += pool.touches + pool.slack;
        }
        // Invariant 1: the balance covers everything, and nothing is lost but dust.
        const waiting = reading.undistributed + reading.unsettled + reading.unstreamed;
        const liabilities = owed + earned + waiting + reading.unsweptSlashed + reading.unsweptCommunity;
        const spare = reading.balance - liabilities - model.donated;
        hold(spare >= 0n, `${where}: short of ${-spare}`);
        hold(spare <= dust, `${where}: ${spare} belong to nobody`);
        hold(reading.undistributed === model.undistributed, `${where}: undistributed ${reading.undistributed}`);
        hold(reading.unsweptSlashed + paidOut.treasury === paidOut.slashed, `${where}: slashed ${paidOut.slashed}`);
        const unsettled = model.credited + model.streamed(reading.streamedUntil) - model.settledReward;
        hold(reading.unsettled === unsettled, `${where}: unsettled ${reading.unsettled}, not ${unsettled}`);
      }

      for (const name of Object.keys(operations)) {
        expect(done.get(name) ?? 0, `${name} of seed ${seed}`).to.be.greaterThan(name === "open" ? -1 : 0);
      }
      expect(await now()).to.be.at.most(timestamp);
    });
  }
});
