import { loadFixture, setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroHash, parseEther } from "ethers";
import { generator } from "../support/random";
import { PoolModel, divide, type ModelPosition } from "./revenueModel";
import {
  NODE_PLACES,
  BNB,
  EPOCH,
  NODE_SHARE,
  POOL,
  at,
  deploySplitterOverPools,
  now,
  startOf,
  type Shares,
} from "./revenueSupport";

const OPERATIONS = 700;
const SEEDS = [7, 70, 700];
const DAY = 86_400n;
const LOCK = 730n * DAY;
const MAX_CLOSED_BY_CLAIM = 100n;
const MULTIPLIERS = [10_000n, 13_698n, 17_397n, 25_000n, 40_000n];
const TERMS = [0n, 90n * DAY, 180n * DAY, 365n * DAY, 730n * DAY];
const RECEIVER = "0x2000000000000000000000000000000000000002";
const SHARES: readonly Omit<Shares, "developer">[] = [
  { developerBps: 7_000n, stakersBps: 2_000n, treasuryBps: 1_000n },
  { developerBps: 0n, stakersBps: 10_000n, treasuryBps: 0n },
  { developerBps: 3_333n, stakersBps: 3_334n, treasuryBps: 3_333n },
  { developerBps: 9_999n, stakersBps: 0n, treasuryBps: 1n },
];

/** What is known of one token: plain sums of what came in and went out. */
class TokenModel {
  allowed = true;
  outstanding = 0n;
  forced = 0n;
  treasuryDue = 0n;
  readonly developerDue = [0n, 0n];
  /** By pool: first epoch that isn't closed, and what each position was paid. */
  readonly open: [bigint, bigint];
  readonly paid = [new Map<number, bigint>(), new Map<number, bigint>()] as const;

  constructor(first: bigint) {
    this.open = [first, first];
  }
}

describe("RevenueSplitter against a model (invariants 1 to 6 of revenue)", function () {
  this.timeout(900_000);

  for (const seed of SEEDS) {
    it(`agrees after each of ${OPERATIONS} operations of seed ${seed}`, async () => {
      const fixture = await loadFixture(deploySplitterOverPools);
      const { splitter, address, creditor, gold, silver, treasury } = fixture;
      const random = generator(seed);
      const chance = (oneIn: number): boolean => random(oneIn) === 0;
      const choose = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;
      const tokens = [BNB, await gold.getAddress(), await silver.getAddress()];
      let clock = await now();
      const first = clock / EPOCH;
      const pools = [new PoolModel(3, clock), new PoolModel(3, clock)] as const;
      const models = tokens.map(() => new TokenModel(first));
      const developers = [fixture.developer, fixture.bob];
      const owners = fixture.owners;
      let share = { bps: NODE_SHARE, next: NODE_SHARE, from: 0n };
      const done = new Map<string, number>();

      const balanceOf = (token: number, account: string): Promise<bigint> =>
        token === 0 ? ethers.provider.getBalance(account) : (token === 1 ? gold : silver).balanceOf(account);

      /** Lets some time pass: the next block's time is known, and the models are there. */
      const tick = async (): Promise<void> => {
        const latest = await now();
        if (clock < latest) clock = latest;
        clock += BigInt(random(chance(3) ? 40_000 : 3) + 1);
        for (const pool of pools) pool.advance(clock);
        await at(clock);
      };
      /** Sends in the next block; fails with exactly the named error, or not at all. */
      const send = async (sent: () => Promise<unknown>, error?: string): Promise<boolean> => {
        await tick();
        return attempt(sent, error);
      };
      const attempt = async (sent: () => Promise<unknown>, error: string | undefined): Promise<boolean> => {
        if (error === undefined) await sent();
        else await expect(sent()).to.be.revertedWithCustomError(splitter, error);
        return error === undefined;
      };

      const pick = (pool: 0 | 1): { readonly id: number; readonly position: ModelPosition } | undefined => {
        const { positions } = pools[pool];
        if (positions.length === 0) return undefined;
        const id = random(positions.length);
        return { id: id + 1, position: positions[id]! };
      };
      const closeTo = (pool: 0 | 1, token: number, epoch: bigint): void => {
        const model = models[token]!;
        if (epoch > model.open[pool]) model.open[pool] = epoch;
      };

      const claim = async (pool: 0 | 1, id: number, token: number): Promise<boolean> => {
        const [model, position] = [models[token]!, pools[pool].positions[id - 1]!];
        await silver.setFee(0);
        await tick();
        const end = pools[pool].runs(position) ? clock : position.end!;
        const earned = pools[pool].earned(position, token);
        const tolerance = pools[pool].tolerance(position, token);
        const before = model.paid[pool].get(id) ?? 0n;
        const due = earned.n / earned.d - before;
        // Where the rounding decides whether anything is due there is nothing to expect.
        if (due > 0n && due <= tolerance) return false;
        const tooLate = model.open[pool] + MAX_CLOSED_BY_CLAIM < end / EPOCH;
        const error = tooLate ? "EpochsOpen" : due === 0n ? "NothingDue" : undefined;
        const as = splitter.connect(owners[position.owner]!);
        const had = await balanceOf(token, RECEIVER);
        if (!(await attempt(() => as.claim(pool, id, tokens[token]!, RECEIVER), error))) return false;
        const paid = (await balanceOf(token, RECEIVER)) - had;
        // Invariant 3
        expect(paid, "more than was earned").to.be.lessThanOrEqual(due);
        expect(paid, "less than was earned").to.be.greaterThanOrEqual(due - tolerance);
        model.paid[pool].set(id, before + paid);
        model.outstanding -= paid;
        closeTo(pool, token, end / EPOCH);
        return true;
      };

      const operations: Record<string, () => Promise<boolean>> = {
        credit: async () => {
          const token = random(3);
          const model = models[token]!;
          const amount = choose([1n, 9_999n, 123_456_789n, 10n ** 18n, 7n * 10n ** 21n + 1n, 10n ** 24n + 13n]);
          const developer = random(2);
          const shares = { ...choose(SHARES), developer: developers[developer]! };
          const fee = token === 2 && chance(2) ? 100n : 0n;
          if (token === 2) await silver.setFee(fee);
          const received = amount - (amount * fee) / 10_000n;
          const value = token === 0 ? amount : 0n;
          const error = model.allowed ? undefined : "TokenNotAllowed";
          const as = splitter.connect(creditor);
          if (!(await send(() => as.credit(ZeroHash, tokens[token]!, amount, shares, { value }), error))) return false;
          const nodeShare = clock / EPOCH < share.from ? share.bps : share.next;
          const parts = divide(received, shares, nodeShare);
          model.outstanding += received;
          model.developerDue[developer]! += parts.developer;
          model.treasuryDue += parts.treasury;
          pools[POOL.node].credit(token, parts.nodes);
          pools[POOL.cos].credit(token, parts.pledges);
          return true;
        },
        pledgeNode: async () => {
          const [owner, core] = [random(owners.length), chance(2)];
          const taken = await fixture.nodes.places(core ? 1 : 0);
          if (taken === NODE_PLACES || (core && !(await fixture.nodes.coreOpen()))) return false;
          const weight = core ? parseEther("100") : parseEther("1");
          await send(() => fixture.nodes.connect(owners[owner]!).pledge(core ? 1 : 0, 0, { value: weight }));
          pools[0].positions.push({ owner, weight, from: clock, end: clock + LOCK });
          return true;
        },
        withdrawNode: async () => {
          for (const [index, position] of pools[0].positions.entries()) {
            if (pools[0].runs(position) || (await fixture.nodes.principalOf(index + 1)) === 0n) continue;
            return send(() => fixture.nodes.connect(owners[position.owner]!).withdraw(index + 1, RECEIVER));
          }
          return false;
        },
        pledgeCOS: async () => {
          const [owner, term] = [random(owners.length), chance(2) ? 0 : random(5)];
          const amount = choose([parseEther("100"), parseEther("777"), parseEther("1000000") + 1n]);
          await send(() => fixture.pledges.connect(owners[owner]!).pledge(term, amount, 0));
          const end = term === 0 ? undefined : clock + TERMS[term]!;
          pools[1].positions.push({ owner, weight: (amount * MULTIPLIERS[term]!) / 10_000n, from: clock, end });
          return true;
        },
        leave: async () => {
          const picked = pick(1);
          if (picked === undefined || picked.position.end !== undefined) return false;
          await send(() => fixture.pledges.connect(owners[picked.position.owner]!).leave(picked.id));
          picked.position.end = clock;
          return true;
        },
        slash: async () => {
          const index = pools[0].positions.findIndex((each) => each.weight > parseEther("1") && pools[0].runs(each));
          const position = pools[0].positions[index];
          if (position === undefined) return false;
          const operator = await owners[position.owner]!.getAddress();
          await send(() => fixture.nodes.bind(operator, index + 1));
          if (!pools[0].runs(position)) return false;
          await send(() => fixture.nodes.slash(operator));
          position.end = clock;
          return true;
        },
        claim: async () => {
          const pool = choose([POOL.node, POOL.cos]);
          const picked = pick(pool);
          if (picked === undefined) return false;
          const token = random(3);
          if (!chance(10)) return claim(pool, picked.id, token);
          const stranger = owners[(picked.position.owner + 1) % owners.length]!;
          const as = splitter.connect(stranger);
          return send(() => as.claim(pool, picked.id, tokens[token]!, RECEIVER), "NotPositionOwner");
        },
        withdraw: async () => {
          const [token, developer] = [random(3), random(2)];
          const model = models[token]!;
          const due = model.developerDue[developer]!;
          const before = await balanceOf(token, RECEIVER);
          await silver.setFee(0);
          const as = splitter.connect(developers[developer]!);
          const error = due === 0n ? "NothingDue" : undefined;
          if (!(await send(() => as.withdraw(tokens[token]!, RECEIVER), error))) return false;
          expect(await balanceOf(token, RECEIVER)).to.equal(before + due);
          model.developerDue[developer] = 0n;
          model.outstanding -= due;
          return true;
        },
        payTreasury: async () => {
          const token = random(3);
          const model = models[token]!;
          const before = await balanceOf(token, treasury);
          await silver.setFee(0);
          const error = model.treasuryDue === 0n ? "NothingDue" : undefined;
          if (!(await send(() => splitter.payTreasury(tokens[token]!), error))) return false;
          expect(await balanceOf(token, treasury)).to.equal(before + model.treasuryDue);
          model.outstanding -= model.treasuryDue;
          model.treasuryDue = 0n;
          return true;
        },
        closeEpoch: async () => {
          const [pool, token, max] = [choose([POOL.node, POOL.cos]), random(3), choose([1n, 3n, 50n, 1_000n])];
          await send(() => splitter.closeEpoch(pool, tokens[token]!, max));
          const end = models[token]!.open[pool] + max;
          closeTo(pool, token, end < clock / EPOCH ? end : clock / EPOCH);
          return true;
        },
        setNodeShare: async () => {
          const bps = BigInt(choose([0, 10_000, random(10_001)]));
          await send(() => splitter.setNodeShare(bps));
          const epoch = clock / EPOCH;
          share = { bps: epoch < share.from ? share.bps : share.next, next: bps, from: epoch + 1n };
          return true;
        },
        setTokenAllowed: async () => {
          const token = random(3);
          const model = models[token]!;
          if (!chance(model.allowed ? 6 : 1)) return false;
          await send(() => splitter.setTokenAllowed(tokens[token]!, !model.allowed));
          model.allowed = !model.allowed;
          return true;
        },
        force: async () => {
          const amount = BigInt(random(1_000_000)) + 1n;
          await setBalance(address, (await ethers.provider.getBalance(address)) + amount);
          models[0]!.forced += amount;
          await gold.mint(address, amount);
          models[1]!.forced += amount;
          return true;
        },
        wait: async () => {
          const epoch = clock / EPOCH;
          clock = choose([
            startOf(epoch + 1n) - 2n,
            startOf(epoch + 1n) - 1n,
            clock + BigInt(random(Number(EPOCH))),
            clock + BigInt(random(20)) * EPOCH,
            chance(3) ? clock + BigInt(random(130)) * EPOCH : clock,
          ]);
          return true;
        },
      };
      const often = ["credit", "credit", "claim", "claim", "claim", "closeEpoch"];
      const names = [...Object.keys(operations), ...often];

      for (let step = 0; step < OPERATIONS; ++step) {
        const name = choose(names);
        const where = `seed ${seed}, step ${step}, ${name}`;
        try {
          if (await operations[name]!()) done.set(name, (done.get(name) ?? 0) + 1);
          for (const [token, model] of models.entries()) {
            // Invariants 1 and 2
            expect(await splitter.outstanding(tokens[token]!)).to.equal(model.outstanding);
            expect(await balanceOf(token, address)).to.equal(model.outstanding + model.forced);
          }
          const token = random(3);
          const model = models[token]!;
          const developer = random(2);
          expect(await splitter.developerDue(developers[developer]!, tokens[token]!)).to.equal(
            model.developerDue[developer],
          );
          expect(await splitter.treasuryDue(tokens[token]!)).to.equal(model.treasuryDue);
          // Invariants 4 to 6
          const pool = choose([POOL.node, POOL.cos]);
          const open = model.open[pool];
          expect(await splitter.openEpoch(pool, tokens[token]!)).to.equal(open);
          expect(await splitter.streamOf(pool, tokens[token]!, open)).to.equal(pools[pool].stream(token, open));
          expect(await splitter.nodeShareBps(clock / EPOCH + 1n)).to.equal(share.next);
        } catch (error) {
          (error as Error).message = `${where}: ${(error as Error).message}`;
          throw error;
        }
      }

      // Everybody takes everything: what is left streams still, or found nobody, or is less than the rounding.
      clock = startOf(clock / EPOCH + 3n);
      for (const [token, model] of models.entries()) {
        let left = model.outstanding - model.treasuryDue - model.developerDue[0]! - model.developerDue[1]!;
        for (const pool of [POOL.node, POOL.cos] as const) {
          await send(() => splitter.closeEpoch(pool, tokens[token]!, 1_000n));
          closeTo(pool, token, clock / EPOCH);
          const before = model.outstanding;
          for (const id of pools[pool].positions.keys()) {
            await claim(pool, id + 1, token);
            left -= pools[pool].tolerance(pools[pool].positions[id]!, token);
          }
          left -= before - model.outstanding + pools[pool].stream(token, clock / EPOCH);
        }
        expect(left, `token ${token} of seed ${seed}`).to.be.lessThanOrEqual(0n);
      }
      for (const name of Object.keys(operations))
        expect(done.get(name) ?? 0, `${name} of seed ${seed}`).to.be.greaterThan(0);
    });
  }
});
