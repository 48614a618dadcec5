import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers, network } from "hardhat";
import { MaxUint256, ZeroAddress, parseEther, type Signer } from "ethers";
import type { COSStaking, NodeStaking } from "../../typechain-types";
import {
  ACC,
  DAY,
  FOREVER,
  LOCK,
  RATE,
  SCALE,
  WEEK,
  asVault,
  at,
  fund,
  now,
  stream,
  type PoolFixture,
} from "./support";

const NOBODY = "0x000000000000000000000000000000000000dEaD";

type Pool = NodeStaking | COSStaking;

/** A kind of pool, and pledges in it that are all alike: of one weight, for `LOCK`. */
export interface PoolSubject<Kind extends Pool> {
  /** Nobody has pledged, nothing is funded; room for 102 pledges. `cos`: another token than the fixture's. */
  deploy(cos?: string): Promise<PoolFixture & { readonly pool: Kind }>;
  /** With parameters that are right. */
  construct(authority: string, cos: string, ecosystem: string): Promise<unknown>;
  /** Returns the position. */
  pledge(pool: Kind, owner: Signer): Promise<bigint>;
  readonly weight: bigint;
}

/** What `StakePool` does, whatever is staked: the stream, its division, the queue of endings, the weeks. */
export function shouldBehaveLikeStakePool<Kind extends Pool>(subject: PoolSubject<Kind>): void {
  const { construct, pledge, weight } = subject;
  const deploy = (cos?: string) => subject.deploy(cos);

  /** Nobody has pledged; 1 COS a second streams. */
  async function funded() {
    const fixture = await subject.deploy();
    return { ...fixture, start: await stream(fixture, fixture.pool) };
  }

  /** Alice has pledged at `from`. */
  async function pledged() {
    const fixture = await funded();
    const position = await pledge(fixture.pool, fixture.alice);
    const from = await now();
    return { ...fixture, position, from, end: from + LOCK };
  }

  describe("constructor", () => {
    it("reverts for an authority, token or vault that is no contract", async () => {
      const { manager, cos, vault, pool } = await loadFixture(deploy);
      for (const [authority, token, ecosystem] of [
        [NOBODY, await cos.getAddress(), await vault.getAddress()],
        [await manager.getAddress(), NOBODY, await vault.getAddress()],
        [await manager.getAddress(), await cos.getAddress(), NOBODY],
      ] as const) {
        await expect(construct(authority, token, ecosystem))
          .to.be.revertedWithCustomError(pool, "NotAContract")
          .withArgs(NOBODY);
      }
    });
  });

  describe("fund", () => {
    it("reverts for anybody but the ecosystem vault, the administrator included", async () => {
      const { pool, admin, vault } = await loadFixture(deploy);
      await expect(pool.connect(admin).fund(1, FOREVER))
        .to.be.revertedWithCustomError(pool, "NotEcosystem")
        .withArgs(await admin.getAddress(), await vault.getAddress());
    });

    it("reverts for an end before the present one", async () => {
      const fixture = await loadFixture(funded);
      const end = await fixture.pool.emissionEnd();
      await expect(fund(fixture, fixture.pool, RATE, end - 1n))
        .to.be.revertedWithCustomError(fixture.pool, "EmissionEndFalls")
        .withArgs(end - 1n, end);
    });

    it("reverts for an end that has passed", async () => {
      const fixture = await loadFixture(deploy);
      const next = (await now()) + 100n;
      await at(next);
      await expect(fund(fixture, fixture.pool, RATE, next))
        .to.be.revertedWithCustomError(fixture.pool, "EmissionEndPassed")
        .withArgs(next, next);
    });

    it("reverts above what the accumulators can hold", async () => {
      const hostile = await ethers.deployContract("HostileERC20Mock");
      const fixture = await deploy(await hostile.getAddress());
      const max = ((1n << 128n) - 1n) / 10n ** 9n;
      await hostile.mint(fixture.vault, max + 1n);
      await asVault(fixture, async (vault) => {
        await hostile.connect(vault).approve(fixture.pool, MaxUint256);
        const pool = fixture.pool.connect(vault);
        const end = (await now()) + 1_000n * DAY;
        await expect(pool.fund(max + 1n, end))
          .to.be.revertedWithCustomError(pool, "FundingAboveLimit")
          .withArgs(max + 1n, max);
        await pool.fund(max, end);
        expect(await pool.funded()).to.equal(max);
      });
    });

    it("reverts for a funding that would lower the rate, and takes one that keeps it", async () => {
      const fixture = await loadFixture(funded);
      const { pool, start } = fixture;
      const end = await pool.emissionEnd();
      const later = start + 100n * DAY;
      await pledge(pool, fixture.alice);
      const undistributed = (await now()) - start;
      await at(later);
      // What is undistributed counts, too; one wei less than what makes 1 COS a second for a day more is too little.
      const keeping = RATE * (DAY - undistributed);
      await expect(fund(fixture, pool, keeping - 1n, end + DAY))
        .to.be.revertedWithCustomError(pool, "RateTooLow")
        .withArgs(RATE - 1n, RATE);
      await at(later + 1n);
      await fund(fixture, pool, keeping, end + DAY);
      expect(await pool.rewardRate()).to.equal(RATE);
      expect(await pool.undistributed()).to.equal(0);
      expect(await pool.emissionEnd()).to.equal(end + DAY);
    });

    it("reverts for a stream of less than a wei a second", async () => {
      const fixture = await loadFixture(deploy);
      const next = (await now()) + 100n;
      await at(next);
      await expect(fund(fixture, fixture.pool, DAY - 1n, next + DAY))
        .to.be.revertedWithCustomError(fixture.pool, "RateTooLow")
        .withArgs(0, 1);
    });

    it("may fall below an earlier rate once the stream has ended", async () => {
      const fixture = await loadFixture(deploy);
      const { pool } = fixture;
      await pledge(pool, fixture.alice);
      const start = await stream(fixture, pool, DAY);
      await at(start + 2n * DAY);
      await fund(fixture, pool, 2n * DAY, start + 3n * DAY);
      expect(await pool.rewardRate()).to.equal(2);
      expect(await pool.emitted()).to.equal(DAY * RATE);
    });

    it("leaves the division's remainder undistributed, for the next funding", async () => {
      const fixture = await loadFixture(deploy);
      const { pool } = fixture;
      const next = (await now()) + 100n;
      await at(next);
      await expect(fund(fixture, pool, 7n * DAY + 5n, next + DAY))
        .to.emit(pool, "Funded")
        .withArgs(7n * DAY + 5n, 7, next + DAY, 5);
      await at(next + 1n);
      // 7 streamed to nobody, 5 were left: 12 more a second for the seconds that are left, minus what that takes.
      const left = DAY - 1n;
      await fund(fixture, pool, 5n * left - 12n, next + DAY);
      expect(await pool.rewardRate()).to.equal(12);
      expect(await pool.undistributed()).to.equal(0);
    });

    it("counts what arrives, not what was said", async () => {
      const hostile = await ethers.deployContract("HostileERC20Mock");
      const fixture = await deploy(await hostile.getAddress());
      await hostile.mint(fixture.vault, parseEther("1000"));
      await hostile.setFee(1_000);
      await asVault(fixture, async (vault) => {
        await hostile.connect(vault).approve(fixture.pool, MaxUint256);
        await fixture.pool.connect(vault).fund(parseEther("1000"), (await now()) + DAY);
      });
      expect(await fixture.pool.funded()).to.equal(parseEther("900"));
      expect(await hostile.balanceOf(fixture.pool)).to.equal(parseEther("900"));
    });

    it("lets nobody in while the token moves", async () => {
      const hostile = await ethers.deployContract("HostileERC20Mock");
      const fixture = await deploy(await hostile.getAddress());
      const { pool } = fixture;
      await hostile.mint(fixture.vault, parseEther("1000"));
      for (const reaction of [
        pool.interface.encodeFunctionData("claim", [1, NOBODY]),
        pool.interface.encodeFunctionData("fund", [1, FOREVER]),
      ]) {
        await hostile.setReaction(pool, reaction);
        await asVault(fixture, async (vault) => {
          await hostile.connect(vault).approve(pool, MaxUint256);
          await pool.connect(vault).fund(parseEther("100"), (await now()) + DAY);
        });
        expect(await hostile.reacted()).to.equal(false);
        expect(pool.interface.parseError(await hostile.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
      }
    });

    it("reverts until the endings are walked, where more than a hundred wait", async () => {
      const fixture = await deploy();
      for (let index = 0; index < 101; index++) await pledge(fixture.pool, fixture.alice);
      await time.increase(LOCK);
      await expect(fund(fixture, fixture.pool, RATE * DAY, FOREVER))
        .to.be.revertedWithCustomError(fixture.pool, "PokeFirst")
        .withArgs(101, 100);
    });
  });

  describe("the stream", () => {
    it("is kept for the next funding while nobody is staked", async () => {
      const { pool, alice, start } = await loadFixture(funded);
      await at(start + 500n);
      const position = await pledge(pool, alice);
      expect(await pool.undistributed()).to.equal(500n * RATE);
      expect(await pool.emitted()).to.equal(0);
      await at(start + 800n);
      await pool.sync();
      expect(await pool.rewardOf(position)).to.equal(300n * RATE);
      expect(await pool.emitted()).to.equal(300n * RATE);
      expect(await pool.undistributed()).to.equal(500n * RATE);
    });

    it("ends at its end, and nothing is withheld from anybody", async () => {
      const fixture = await loadFixture(deploy);
      const { pool, alice } = fixture;
      const start = await stream(fixture, pool, 100n * DAY);
      await at(start + DAY);
      const position = await pledge(pool, alice);
      const end = (await now()) + LOCK;
      await at(start + 100n * DAY);
      await pool.sync();
      expect(await pool.rewardRate()).to.equal(0);
      expect(await pool.emitted()).to.equal(99n * DAY * RATE);
      await at(end);
      await expect(pool.connect(alice).claim(position, NOBODY)).to.changeTokenBalance(
        fixture.cos,
        NOBODY,
        99n * DAY * RATE,
      );
    });

    it("earns what a share of the integral says", async () => {
      const { pool, alice, bob, position, from } = await loadFixture(pledged);
      await at(from + 1_000n);
      await pledge(pool, bob);
      await at(from + 5_000n);
      await pool.sync();
      const span = await pool.spanOf(position);
      const share = (RATE * span.weight * ((await pool.integral()) - span.integralFrom)) / SCALE;
      // Each of the two steps loses less than one of either accumulator.
      const lost = (2n * span.weight) / ACC + (2n * RATE * span.weight) / SCALE;
      expect(await pool.rewardOf(position)).to.be.closeTo(share, 1n + lost);
      expect(await pool.connect(alice).rewardOf(position)).to.equal(RATE * 3_000n);
    });
  });

  describe("sync, poke", () => {
    async function hundred() {
      const fixture = await deploy();
      await stream(fixture, fixture.pool);
      const from = (await now()) + 10n;
      for (let index = 0n; index < 101n; index++) {
        await at(from + index);
        await pledge(fixture.pool, fixture.alice);
      }
      return { ...fixture, from };
    }

    it("ends a hundred spans in one call, each at its own second, within a transaction of BSC", async () => {
      const { pool, from } = await loadFixture(hundred);
      await at(from + LOCK + 99n + 1_000_000n);
      await expect(pool.sync()).to.be.revertedWithCustomError(pool, "PokeFirst").withArgs(101, 100);
      await at(from + LOCK + 99n + 1_000_001n);
      await pool.poke(1);
      const sent = await pool.sync();
      expect((await sent.wait())!.gasUsed).to.be.at.most(16_777_216);
      for (let index = 0n; index < 101n; index += 10n) {
        expect((await pool.spanOf(index + 1n)).to).to.equal(from + LOCK + index);
      }
      expect(await pool.totalWeight()).to.equal(0);
      // All that streamed after the first second went to somebody, until the last had ended.
      let sum = 0n;
      for (let position = 1n; position <= 101n; position++) sum += await pool.rewardOf(position);
      const emitted = await pool.emitted();
      expect(emitted).to.equal((LOCK + 100n) * RATE);
      expect(sum).to.be.at.most(emitted);
      expect(sum).to.be.at.least(emitted - 202n);
    });

    it("holds no withdrawal while more than a hundred wait", async () => {
      const { pool, alice, from } = await loadFixture(hundred);
      await time.increaseTo(from + LOCK + 200n);
      await expect(pool.connect(alice).claim(1, NOBODY)).to.be.revertedWithCustomError(pool, "PokeFirst");
      for (const position of [1, 101]) {
        await pool.connect(alice).withdraw(position, NOBODY);
        expect(await pool.principalOf(position)).to.equal(0);
      }
      await pool.poke(200);
      expect(await pool.totalWeight()).to.equal(0);
      await pool.connect(alice).claim(1, NOBODY);
    });

    it("comes to the last span that it ended, and to the present once none is left", async () => {
      const { pool, from } = await loadFixture(hundred);
      await time.increaseTo(from + LOCK + 1_000n);
      expect(await pool.poke.staticCall(2)).to.equal(false);
      await pool.poke(2);
      expect(await pool.syncedAt()).to.equal(from + LOCK + 1n);
      expect(await pool.poke.staticCall(99)).to.equal(true);
      await pool.poke(0);
      expect(await pool.syncedAt()).to.equal(from + LOCK + 1n);
      await pool.poke(99);
      expect(await pool.syncedAt()).to.equal(await now());
    });

    it("changes nothing the second time in a block", async () => {
      const { pool } = await loadFixture(pledged);
      await pool.sync();
      const before = [await pool.integral(), await pool.emitted(), await pool.syncedAt()];
      await network.provider.send("evm_setAutomine", [false]);
      await pool.sync();
      await pool.sync();
      await mine();
      await network.provider.send("evm_setAutomine", [true]);
      const elapsed = (await pool.syncedAt()) - before[2]!;
      expect((await pool.emitted()) - before[1]!).to.equal(elapsed * RATE);
      expect((await pool.integral()) - before[0]!).to.equal((SCALE * elapsed) / weight);
    });
  });

  describe("claim", () => {
    it("reverts for an unknown position", async () => {
      const { pool, alice } = await loadFixture(pledged);
      for (const position of [0, 2]) {
        await expect(pool.connect(alice).claim(position, NOBODY))
          .to.be.revertedWithCustomError(pool, "UnknownPosition")
          .withArgs(position);
        await expect(pool.spanOf(position)).to.be.revertedWithCustomError(pool, "UnknownPosition");
      }
    });

    it("reverts for anybody but the owner", async () => {
      const { pool, alice, bob, position, end } = await loadFixture(pledged);
      await at(end);
      await expect(pool.connect(bob).claim(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NotPositionOwner")
        .withArgs(await bob.getAddress(), await alice.getAddress());
    });

    it("reverts without a receiver", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      await at(end);
      await expect(pool.connect(alice).claim(position, ZeroAddress)).to.be.revertedWithCustomError(
        pool,
        "ZeroReceiver",
      );
    });

    it("reverts at end − 1 and pays at end", async () => {
      const { pool, cos, alice, position, from, end } = await loadFixture(pledged);
      await at(end - 1n);
      await expect(pool.connect(alice).claim(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NotEnded")
        .withArgs(end - 1n, end);
      await at(end);
      const claim = await pool.connect(alice).claim(position, NOBODY);
      const reward = RATE * (end - from);
      await expect(claim).to.emit(pool, "SpanEnded").withArgs(position, end, reward);
      await expect(claim).to.emit(pool, "RewardClaimed").withArgs(position, NOBODY, reward);
      expect(await cos.balanceOf(NOBODY)).to.equal(reward);
      expect(await pool.paid()).to.equal(reward);
      expect(await pool.rewardOf(position)).to.equal(0);
    });

    it("pays nothing for the time after the end, however late it comes", async () => {
      const { pool, cos, alice, position, from, end } = await loadFixture(pledged);
      await at(end + 100n * DAY);
      await pool.connect(alice).claim(position, NOBODY);
      expect(await cos.balanceOf(NOBODY)).to.equal(RATE * (end - from));
    });

    it("reverts the second time, and where nothing was earned", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      await at(end);
      await pool.connect(alice).claim(position, NOBODY);
      await expect(pool.connect(alice).claim(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NothingToClaim")
        .withArgs(position);
      const dry = await deploy();
      await pledge(dry.pool, dry.alice);
      await time.increase(LOCK);
      await expect(dry.pool.connect(dry.alice).claim(1, NOBODY))
        .to.be.revertedWithCustomError(dry.pool, "NothingToClaim")
        .withArgs(1);
    });

    it("does not walk once the position's turn has been", async () => {
      const fixture = await deploy();
      const { pool, alice, bob } = fixture;
      await stream(fixture, fixture.pool);
      await pledge(pool, alice);
      const end = (await now()) + LOCK;
      for (let index = 0; index < 101; index++) await pledge(pool, bob);
      await at(end);
      await pool.sync();
      await time.increase(DAY);
      await pool.connect(alice).claim(1, NOBODY);
      expect(await pool.syncedAt()).to.equal(end);
    });
  });

  describe("weeks", () => {
    async function atWeek() {
      const fixture = await deploy();
      const week = (await now()) / WEEK + 1n;
      return { ...fixture, week, start: week * WEEK };
    }

    const integralOver = (seconds: bigint, pledges: bigint): bigint => (SCALE * seconds) / (pledges * weight);

    it("reverts for a week that began after the last sync", async () => {
      const { pool, week, start } = await loadFixture(atWeek);
      await at(start + WEEK - 1n);
      await pool.sync();
      await expect(pool.integralAt(week + 1n))
        .to.be.revertedWithCustomError(pool, "WeekNotReached")
        .withArgs(week + 1n, week);
      await expect(pool.idleAt(week + 1n)).to.be.revertedWithCustomError(pool, "WeekNotReached");
      expect(await pool.integralAt(week)).to.equal(0);
      await at(start + WEEK);
      await pool.sync();
      expect((await pool.idleAt(week + 1n)) - (await pool.idleAt(week))).to.equal(WEEK);
    });

    it("knows nothing of the weeks before it was made", async () => {
      const { pool, week } = await loadFixture(atWeek);
      expect(await pool.integralAt(week - 1n)).to.equal(0);
      expect(await pool.idleAt(week - 1n)).to.equal(0);
      await time.increase(2n * WEEK);
      await pool.sync();
      expect(await pool.idleAt(week - 1n)).to.equal(0);
      expect(await pool.integralAt(week - 1n)).to.equal(0);
      expect(await pool.idleAt(0)).to.equal(0);
    });

    it("counts idle seconds and the integral apart", async () => {
      const { pool, alice, week, start } = await loadFixture(atWeek);
      const created = (await ethers.provider.getBlock((await pool.deploymentTransaction()!.wait())!.blockNumber))!;
      await at(start + 1_000n);
      await pledge(pool, alice);
      expect(await pool.idleAt(week)).to.equal(start - BigInt(created.timestamp));
      await at(start + WEEK + 5n);
      await pool.sync();
      expect((await pool.idleAt(week + 1n)) - (await pool.idleAt(week))).to.equal(1_000);
      expect(await pool.integralAt(week)).to.equal(0);
      expect(await pool.integralAt(week + 1n)).to.equal(integralOver(WEEK - 1_000n, 1n));
      expect(await pool.integral()).to.be.closeTo(integralOver(WEEK - 995n, 1n), 1n);
    });

    it("reads any week as if it had been synced when the week began, after years without a call", async () => {
      const { pool, alice, bob, week, start } = await loadFixture(atWeek);
      await at(start + 1_000n);
      await pledge(pool, alice);
      await at(start + 3n * WEEK + 1_000n);
      await pledge(pool, bob);
      await at(start + 3n * WEEK + 2_000n);
      await pledge(pool, bob);
      await at(start + 300n * WEEK);
      await pool.sync();
      const endOfFirst = start + 1_000n + LOCK;
      const endOfAll = endOfFirst + 3n * WEEK + 1_000n;
      // The integral from the pledges' times, second by second of constant weight.
      const expected = (time: bigint): bigint => {
        const within = (from: bigint, to: bigint): bigint => (time <= from ? 0n : (time < to ? time : to) - from);
        const secondFrom = start + 3n * WEEK + 1_000n;
        const weighted: readonly (readonly [bigint, bigint, bigint])[] = [
          [start + 1_000n, secondFrom, 1n],
          [secondFrom, secondFrom + 1_000n, 2n],
          [secondFrom + 1_000n, endOfFirst, 3n],
          [endOfFirst, endOfFirst + 3n * WEEK, 2n],
          [endOfFirst + 3n * WEEK, endOfAll, 1n],
        ];
        return weighted.reduce((total, [from, to, pledges]) => total + integralOver(within(from, to), pledges), 0n);
      };
      let previous = 0n;
      for (let index = 0n; index <= 300n; index++) {
        const value = await pool.integralAt(week + index);
        // One is lost at most at each week's start, beside the steps.
        expect(value, `week ${index}`).to.be.closeTo(expected(start + index * WEEK), 10n + index);
        expect(value).to.be.at.least(previous);
        previous = value;
      }
      const idleAfter = (await pool.idleAt(week + 300n)) - (await pool.idleAt(week));
      expect(idleAfter).to.equal(300n * WEEK - (endOfAll - start - 1_000n));
      expect(await pool.integralAt(week + 300n)).to.equal(await pool.integral());
    });

    it("shares no more over a week than the week has seconds, however the syncs lie", async () => {
      const { pool, alice, week, start } = await loadFixture(atWeek);
      await at(start - 1n);
      for (let count = 0n; count < 7n; count++) await pledge(pool, alice);
      for (const seconds of [13n, WEEK + 17n, 2n * WEEK + 4_000n, 5n * WEEK + 1n, 9n * WEEK + 3n, 30n * WEEK]) {
        await at(start + seconds);
        await pool.sync();
      }
      const total = await pool.totalWeight();
      for (let index = 1n; index < 30n; index++) {
        const shared = ((await pool.integralAt(week + index + 1n)) - (await pool.integralAt(week + index))) * total;
        expect(shared, `week ${index}`).to.be.at.most(SCALE * WEEK);
        expect(shared, `week ${index}`).to.be.at.least(SCALE * WEEK - 3n * total);
      }
    });

    it("finds a week between knots whatever lies before and after", async () => {
      const { pool, alice, week, start } = await loadFixture(atWeek);
      await at(start - 100n);
      await pledge(pool, alice);
      // Syncs leave gaps of 0, 1, 2, … weeks, then none: each week has one value, at any time.
      let elapsed = 0n;
      for (const gap of [1n, 1n, 2n, 5n, 1n, 3n, 1n, 1n, 8n, 1n]) {
        elapsed += gap;
        await at(start + elapsed * WEEK + 1n);
        await pool.sync();
      }
      for (let index = 0n; index <= elapsed; index++) {
        const value = await pool.integralAt(week + index);
        expect(value, `week ${index}`).to.be.closeTo(integralOver(index * WEEK + 100n, 1n), 20n);
      }
    });
  });
}
