import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers, network } from "hardhat";
import { ZeroAddress, parseEther } from "ethers";
import type { HostileERC20Mock } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { shouldBehaveLikeStakePool } from "./stakePool";
import {
  COOLDOWN,
  DAY,
  FOREVER,
  LOCK,
  MINIMUM,
  RATE,
  SCALE,
  TERMS,
  at,
  deployCOSPool,
  fund,
  now,
  pledgeCOS,
  type COSFixture,
} from "./support";

const NOBODY = "0x000000000000000000000000000000000000dEaD";
const AMOUNT = parseEther("1000");
/** Indices of the terms. */
const OPEN = 0;
const QUARTER = 1;
const HALF = 2;
const TWO_YEARS = 4;

/** Nobody has pledged; 1 COS a second streams for 1,000 days. */
async function funded(): Promise<COSFixture & { readonly start: bigint }> {
  const fixture = await deployCOSPool();
  const start = (await now()) + 10n;
  await at(start);
  await fund(fixture, fixture.pool, RATE * 1_000n * DAY, start + 1_000n * DAY);
  return { ...fixture, start };
}

/** Alice has pledged for 90 days since `from`. */
async function pledged() {
  const fixture = await funded();
  const position = await pledgeCOS(fixture.pool, fixture.alice, QUARTER, AMOUNT);
  const from = await now();
  return { ...fixture, position, from, end: from + 90n * DAY };
}

/** Alice has an open-ended pledge since `from`. */
async function openEnded() {
  const fixture = await funded();
  const position = await pledgeCOS(fixture.pool, fixture.alice, OPEN, AMOUNT);
  return { ...fixture, position, from: await now() };
}

/** Parameters that are right. */
const USUAL = { minimum: MINIMUM, cooldownSeconds: COOLDOWN, termSeconds: TERMS };

describe("COSStaking", () => {
  shouldBehaveLikeStakePool({
    deploy: (cos) => deployCOSPool(TERMS, cos),
    construct: async (authority, cos, ecosystem) => {
      const factory = await ethers.getContractFactory("COSStaking");
      return factory.deploy(authority, cos, ecosystem, USUAL);
    },
    pledge: (pool, owner) => pledgeCOS(pool, owner, TWO_YEARS, AMOUNT),
    weight: 4n * AMOUNT,
  });

  describe("constructor", () => {
    async function refused(change: Partial<typeof USUAL>, error: string, args: unknown[]): Promise<void> {
      const { manager, cos, vault, pool } = await loadFixture(deployCOSPool);
      const factory = await ethers.getContractFactory("COSStaking");
      await expect(factory.deploy(manager, cos, vault, { ...USUAL, ...change }))
        .to.be.revertedWithCustomError(pool, error)
        .withArgs(...args);
    }

    it("reverts for a minimum that the accumulators cannot take", () =>
      refused({ minimum: parseEther("1") - 1n }, "MinimumTooLow", [parseEther("1") - 1n, parseEther("1")]));

    it("reverts without terms, and for more than eight", async () => {
      await refused({ termSeconds: [] }, "TermCountOutOfRange", [0, 1, 8]);
      const nine = Array.from({ length: 9 }, (_, index) => BigInt(index) * DAY);
      await refused({ termSeconds: nine }, "TermCountOutOfRange", [9, 1, 8]);
      expect(await (await deployCOSPool(nine.slice(0, 8))).pool.termCount()).to.equal(8);
    });

    it("reverts for terms that do not ascend", async () => {
      await refused({ termSeconds: [DAY, DAY] }, "TermsNotAscending", [1, DAY]);
      await refused({ termSeconds: [0n, 0n] }, "TermsNotAscending", [1, 0]);
    });

    it("reverts for a term of more than ten years", () =>
      refused({ termSeconds: [3_650n * DAY + 1n] }, "TermTooLong", [3_650n * DAY + 1n, 3_650n * DAY]));

    it("reverts for a term whose first multiplier is out of range", async () => {
      // 10 years: 10,000 + 150,000.
      await refused({ termSeconds: [3_650n * DAY] }, "MultiplierOutOfRange", [160_000, 10_000, 100_000]);
    });

    it("starts with the formula's multipliers", async () => {
      const { pool } = await loadFixture(deployCOSPool);
      expect(await pool.termCount()).to.equal(5);
      for (const [term, multiplier] of [10_000n, 13_698n, 17_397n, 25_000n, 40_000n].entries()) {
        expect(await pool.termOf(term)).to.deep.equal([TERMS[term], multiplier]);
      }
      expect(await pool.MINIMUM()).to.equal(MINIMUM);
      expect(await pool.COOLDOWN_SECONDS()).to.equal(COOLDOWN);
      await expect(pool.termOf(5)).to.be.revertedWithCustomError(pool, "UnknownTerm").withArgs(5, 5);
    });
  });

  describe("pledge", () => {
    it("reverts for an unknown term", async () => {
      const { pool, alice } = await loadFixture(funded);
      await expect(pool.connect(alice).pledge(5, AMOUNT, 0))
        .to.be.revertedWithCustomError(pool, "UnknownTerm")
        .withArgs(5, 5);
    });

    it("reverts below the minimum, and not at it", async () => {
      const { pool, alice } = await loadFixture(funded);
      await expect(pool.connect(alice).pledge(QUARTER, MINIMUM - 1n, 0))
        .to.be.revertedWithCustomError(pool, "PledgeBelowMinimum")
        .withArgs(MINIMUM - 1n, MINIMUM);
      await pool.connect(alice).pledge(QUARTER, MINIMUM, 0);
    });

    it("reverts for more than there can be", async () => {
      const { pool, cos, alice } = await loadFixture(funded);
      const max = (1n << 96n) - 1n;
      await expect(pool.connect(alice).pledge(QUARTER, max + 1n, 0))
        .to.be.revertedWithCustomError(pool, "PledgeAboveLimit")
        .withArgs(max + 1n, max);
      await expect(pool.connect(alice).pledge(QUARTER, max, 0)).to.be.revertedWithCustomError(
        cos,
        "ERC20InsufficientBalance",
      );
    });

    it("reverts where rewards end before the pledger's time, and not at it", async () => {
      const { pool, alice } = await loadFixture(funded);
      const end = await pool.emissionEnd();
      await expect(pool.connect(alice).pledge(QUARTER, AMOUNT, end + 1n))
        .to.be.revertedWithCustomError(pool, "EmissionEndsTooEarly")
        .withArgs(end, end + 1n);
      await pool.connect(alice).pledge(QUARTER, AMOUNT, end);
    });

    it("opens a position, takes the COS and says so", async () => {
      const { pool, cos, alice, start } = await loadFixture(funded);
      await at(start + 50n);
      const sent = pool.connect(alice).pledge(HALF, AMOUNT, 0);
      const weight = (AMOUNT * 17_397n) / 10_000n;
      const end = start + 50n + 180n * DAY;
      await expect(sent)
        .to.emit(pool, "Pledged")
        .withArgs(1, await alice.getAddress(), HALF, AMOUNT, weight, end);
      await expect(sent).to.changeTokenBalances(cos, [alice, pool], [-AMOUNT, AMOUNT]);
      expect(await pool.spanOf(1)).to.deep.equal([await alice.getAddress(), weight, start + 50n, 0, 0, 0]);
      expect(await pool.termIndexOf(1)).to.equal(HALF);
      expect(await pool.endOf(1)).to.equal(end);
      expect(await pool.withdrawableAt(1)).to.equal(end);
      expect(await pool.principalOf(1)).to.equal(AMOUNT);
      expect(await pool.stakedOf(alice)).to.equal(AMOUNT);
      expect(await pool.totalStaked()).to.equal(AMOUNT);
      expect(await pool.totalWeight()).to.equal(weight);
    });

    it("is refused to a token that re-enters while it is taken", async () => {
      const { manager, vault, alice } = await loadFixture(deployCOSPool);
      const hostile = await deploy<HostileERC20Mock>("HostileERC20Mock");
      const factory = await ethers.getContractFactory("COSStaking");
      const pool = await factory.deploy(manager, hostile, vault, {
        minimum: MINIMUM,
        cooldownSeconds: COOLDOWN,
        termSeconds: TERMS,
      });
      await hostile.mint(alice, AMOUNT);
      await hostile.connect(alice).approve(pool, AMOUNT);
      const calls = [
        pool.interface.encodeFunctionData("pledge", [QUARTER, MINIMUM, 0]),
        pool.interface.encodeFunctionData("withdraw", [1, NOBODY]),
        pool.interface.encodeFunctionData("claim", [1, NOBODY]),
      ];
      // It knows no delegates either: a delegate makes the pool not ask.
      await pool.connect(alice).delegate(alice);
      for (const call of calls) {
        await hostile.setReaction(pool, call);
        await pool.connect(alice).pledge(QUARTER, MINIMUM, 0);
        expect(await hostile.reacted()).to.equal(false);
        expect(pool.interface.parseError(await hostile.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
      }
    });
  });

  describe("the stream", () => {
    it("is shared by amount and multiplier", async () => {
      const { pool, alice, bob, start } = await loadFixture(funded);
      await at(start + 100n);
      await pledgeCOS(pool, alice, OPEN, AMOUNT);
      await at(start + 200n);
      await pledgeCOS(pool, bob, TWO_YEARS, 2n * AMOUNT);
      await at(start + 1_100n);
      await pool.sync();
      // 1 : 8 for 900 seconds, after 100 alone.
      expect(await pool.rewardOf(1)).to.equal(RATE * 200n);
      expect(await pool.rewardOf(2)).to.equal(RATE * 800n);
      expect(await pool.undistributed()).to.equal(RATE * 100n);
    });

    it("gives one who splits a pledge over addresses at most a wei each", async () => {
      const { pool, alice, bob, carol } = await loadFixture(funded);
      const odd = parseEther("100") + 7n;
      await network.provider.send("evm_setAutomine", [false]);
      await pool.connect(alice).pledge(QUARTER, odd * 9n, 0, { gasLimit: 1_000_000 });
      await pool.connect(carol).pledge(TWO_YEARS, AMOUNT + 3n, 0, { gasLimit: 1_000_000 });
      for (let index = 0; index < 9; index++) {
        await pool.connect(bob).pledge(QUARTER, odd, 0, { gasLimit: 1_000_000 });
      }
      await mine();
      await network.provider.send("evm_setAutomine", [true]);
      await time.increase(91n * DAY);
      await pool.sync();
      let split = 0n;
      for (let position = 1n; position <= 11n; position++) {
        if ((await pool.spanOf(position)).owner === (await bob.getAddress())) split += await pool.rewardOf(position);
      }
      const whole = await pool.rewardOf(1);
      expect((await pool.spanOf(1)).owner).to.equal(await alice.getAddress());
      expect(split).to.be.at.most(whole + 9n);
      expect(split).to.be.at.least((whole * 999_999n) / 1_000_000n);
    });

    it("keeps staked COS and rewards apart, to the wei", async () => {
      const { pool, cos, alice, bob, position, end } = await loadFixture(pledged);
      await pledgeCOS(pool, bob, TWO_YEARS, AMOUNT);
      await time.increaseTo(end);
      await pool.connect(alice).claim(position, NOBODY);
      await pool.sync();
      const rate = await pool.rewardRate();
      const unelapsed = rate * ((await pool.emissionEnd()) - (await pool.syncedAt()));
      const rewards = unelapsed + (await pool.undistributed()) + (await pool.emitted()) - (await pool.paid());
      expect(await cos.balanceOf(pool)).to.equal(2n * AMOUNT + rewards);
      expect(await pool.totalStaked()).to.equal(2n * AMOUNT);
    });
  });

  describe("the queues", () => {
    it("end the earliest head first, whichever term it is of, each at its second", async () => {
      const { pool, alice, start } = await loadFixture(funded);
      const pledges: [term: number, from: bigint, end: bigint][] = [];
      const add = async (term: number, from: bigint): Promise<void> => {
        await at(from);
        await pledgeCOS(pool, alice, term, AMOUNT);
        pledges.push([term, from, from + TERMS[term]!]);
      };
      await add(3, start + 1_000n);
      await add(HALF, start + 100n * DAY);
      await add(QUARTER, start + 150n * DAY);
      await add(QUARTER, start + 190n * DAY + 1n);
      await add(HALF, start + 190n * DAY + 2n);
      await time.increaseTo(start + 600n * DAY);
      const order: bigint[] = [];
      for (let index = 0; index < pledges.length; index++) {
        await pool.poke(1);
        const ended = await pool.queryFilter(pool.filters.SpanEnded(), "latest");
        order.push(...ended.map(({ args }) => args.position));
        expect(ended[0]!.args.endedAt).to.equal(pledges[Number(ended[0]!.args.position) - 1]![2]);
      }
      expect(order).to.deep.equal([3n, 2n, 4n, 1n, 5n]);
      expect(await pool.totalWeight()).to.equal(0);
    });

    it("end the pledges of the first term where none is open-ended", async () => {
      const { pool, alice } = await deployCOSPool([90n * DAY, 180n * DAY]);
      for (const term of [0, 1]) await pledgeCOS(pool, alice, term, AMOUNT);
      await time.increaseTo(await pool.endOf(1));
      await pool.sync();
      expect((await pool.spanOf(1)).to).to.equal(await pool.endOf(1));
      expect(await pool.totalWeight()).to.equal((await pool.spanOf(2)).weight);
    });

    it("take the shorter term first where two end in one second", async () => {
      const { pool, alice, start } = await loadFixture(funded);
      await at(start + 100n);
      await pledgeCOS(pool, alice, HALF, AMOUNT);
      await at(start + 100n + 90n * DAY);
      await pledgeCOS(pool, alice, QUARTER, AMOUNT);
      await time.increaseTo(start + 100n + 180n * DAY);
      await pool.poke(1);
      expect((await pool.spanOf(2)).to).to.equal(start + 100n + 180n * DAY);
      expect((await pool.spanOf(1)).to).to.equal(0);
      await pool.sync();
      expect((await pool.spanOf(1)).to).to.equal(start + 100n + 180n * DAY);
    });

    it("end a hundred in one call, and refuse the hundred and first until somebody pokes", async () => {
      const { pool, alice, bob } = await loadFixture(funded);
      for (let index = 0; index < 101; index++) {
        await pledgeCOS(pool, alice, 1 + (index % 2), MINIMUM);
      }
      await time.increase(200n * DAY);
      await expect(pool.sync()).to.be.revertedWithCustomError(pool, "PokeFirst");
      await expect(pool.connect(alice).withdraw(1, NOBODY)).to.not.be.reverted;
      await pool.connect(bob).poke(1);
      const sent = await pool.sync();
      expect((await sent.wait())!.gasUsed).to.be.at.most(16_777_216);
      expect(await pool.totalWeight()).to.equal(0);
    });
  });

  describe("claim", () => {
    it("reverts for an open-ended pledge until it is left, and pays from then on", async () => {
      const { pool, cos, alice, position, from } = await loadFixture(openEnded);
      await at(from + 999n * DAY);
      await expect(pool.connect(alice).claim(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NotEnded")
        .withArgs(from + 999n * DAY, FOREVER);
      const left = from + 999n * DAY + 1n;
      await at(left);
      await pool.connect(alice).leave(position);
      await pool.connect(alice).claim(position, NOBODY);
      expect(await cos.balanceOf(NOBODY)).to.be.closeTo(RATE * (left - from), 2n);
    });
  });

  describe("leave", () => {
    it("reverts for an unknown position, and for anybody but the owner", async () => {
      const { pool, alice, bob, position } = await loadFixture(openEnded);
      await expect(pool.leave(9)).to.be.revertedWithCustomError(pool, "UnknownPosition").withArgs(9);
      await expect(pool.connect(bob).leave(position))
        .to.be.revertedWithCustomError(pool, "NotPositionOwner")
        .withArgs(await bob.getAddress(), await alice.getAddress());
    });

    it("reverts for a pledge with a term: it has no early exit", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      await expect(pool.connect(alice).leave(position))
        .to.be.revertedWithCustomError(pool, "NoEarlyExit")
        .withArgs(position, end);
    });

    it("ends the weight at once, and starts the cooldown, once", async () => {
      const { pool, alice, bob, position, from } = await loadFixture(openEnded);
      await pledgeCOS(pool, bob, OPEN, AMOUNT);
      await at(from + DAY);
      const left = await pool.connect(alice).leave(position);
      await expect(left)
        .to.emit(pool, "CooldownStarted")
        .withArgs(position, from + DAY + COOLDOWN);
      expect(await pool.totalWeight()).to.equal(AMOUNT);
      expect((await pool.spanOf(position)).to).to.equal(from + DAY);
      const reward = await pool.rewardOf(position);
      await time.increase(DAY);
      await pool.sync();
      expect(await pool.rewardOf(position)).to.equal(reward);
      await expect(pool.connect(alice).leave(position))
        .to.be.revertedWithCustomError(pool, "AlreadyLeft")
        .withArgs(position, from + DAY);
    });
  });

  describe("withdraw", () => {
    it("reverts for an unknown position, anybody but the owner, and without a receiver", async () => {
      const { pool, alice, bob, position, end } = await loadFixture(pledged);
      await expect(pool.withdraw(9, NOBODY)).to.be.revertedWithCustomError(pool, "UnknownPosition").withArgs(9);
      await expect(pool.principalOf(9)).to.be.revertedWithCustomError(pool, "UnknownPosition").withArgs(9);
      await at(end);
      await expect(pool.connect(bob).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NotPositionOwner")
        .withArgs(await bob.getAddress(), await alice.getAddress());
      await expect(pool.connect(alice).withdraw(position, ZeroAddress)).to.be.revertedWithCustomError(
        pool,
        "ZeroReceiver",
      );
    });

    it("reverts at end − 1 and pays at end, once, whether the reward was claimed or not", async () => {
      const { pool, cos, alice, bob, position, from, end } = await loadFixture(pledged);
      await pledgeCOS(pool, bob, TWO_YEARS, AMOUNT);
      await at(end - 1n);
      await expect(pool.connect(alice).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "PledgeLocked")
        .withArgs(end - 1n, end);
      await at(end);
      const withdrawal = await pool.connect(alice).withdraw(position, NOBODY);
      await expect(withdrawal).to.emit(pool, "PledgeWithdrawn").withArgs(position, NOBODY, AMOUNT);
      await expect(withdrawal).to.changeTokenBalances(cos, [pool, NOBODY], [-AMOUNT, AMOUNT]);
      expect(await pool.totalStaked()).to.equal(AMOUNT);
      expect(await pool.stakedOf(alice)).to.equal(0);
      await expect(pool.connect(alice).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "AlreadyWithdrawn")
        .withArgs(position);
      // Its span, which waited for its turn, ends where it has to.
      await pool.connect(alice).claim(position, NOBODY);
      expect((await pool.spanOf(position)).to).to.equal(end);
      expect((await pool.spanOf(position)).from).to.equal(from);
    });

    it("reverts a second before the cooldown is over, and pays then", async () => {
      const { pool, cos, alice, position } = await loadFixture(openEnded);
      const before = await now();
      await at(before + 10n);
      await expect(pool.connect(alice).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "PledgeLocked")
        .withArgs(before + 10n, FOREVER);
      await pool.connect(alice).leave(position);
      const free = (await now()) + COOLDOWN;
      expect(await pool.withdrawableAt(position)).to.equal(free);
      await at(free - 1n);
      await expect(pool.connect(alice).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "PledgeLocked")
        .withArgs(free - 1n, free);
      await at(free);
      await expect(pool.connect(alice).withdraw(position, NOBODY)).to.changeTokenBalance(cos, NOBODY, AMOUNT);
    });

    it("is not held by rewards that have run out", async () => {
      const fixture = await loadFixture(deployCOSPool);
      const { pool, cos, alice } = fixture;
      const position = await pledgeCOS(pool, alice, QUARTER, AMOUNT);
      await time.increase(90n * DAY);
      await expect(pool.connect(alice).withdraw(position, NOBODY)).to.changeTokenBalance(cos, NOBODY, AMOUNT);
      expect(await cos.balanceOf(pool)).to.equal(0);
    });
  });

  describe("setMultiplier", () => {
    it("reverts for anybody but the timelock, an unknown term, and out of range", async () => {
      const { pool, alice, timelock } = await loadFixture(deployCOSPool);
      await expect(pool.connect(alice).setMultiplier(OPEN, 10_000)).to.be.revertedWithCustomError(
        pool,
        "AccessManagedUnauthorized",
      );
      const governed = pool.connect(timelock);
      await expect(governed.setMultiplier(5, 10_000)).to.be.revertedWithCustomError(pool, "UnknownTerm").withArgs(5, 5);
      for (const multiplier of [9_999, 100_001]) {
        await expect(governed.setMultiplier(OPEN, multiplier))
          .to.be.revertedWithCustomError(pool, "MultiplierOutOfRange")
          .withArgs(multiplier, 10_000, 100_000);
      }
      await governed.setMultiplier(OPEN, 10_000);
    });

    it("concerns new pledges only", async () => {
      const { pool, alice, timelock, position } = await loadFixture(pledged);
      const before = await pool.spanOf(position);
      await expect(pool.connect(timelock).setMultiplier(QUARTER, 100_000))
        .to.emit(pool, "MultiplierSet")
        .withArgs(QUARTER, 100_000);
      expect((await pool.spanOf(position)).weight).to.equal(before.weight);
      const next = await pledgeCOS(pool, alice, QUARTER, AMOUNT);
      expect((await pool.spanOf(next)).weight).to.equal(10n * AMOUNT);
      expect(await pool.totalWeight()).to.equal(before.weight + 10n * AMOUNT);
      await time.increase(91n * DAY);
      await pool.sync();
      expect(await pool.totalWeight()).to.equal(0);
    });
  });

  describe("votes", () => {
    it("go on with the delegate at the token, without another transaction", async () => {
      const { pool, cos, alice, bob } = await loadFixture(funded);
      await cos.connect(alice).delegate(bob);
      const before = await cos.getVotes(bob);
      await pledgeCOS(pool, alice, QUARTER, AMOUNT);
      expect(await pool.delegates(alice)).to.equal(await bob.getAddress());
      expect(await cos.getVotes(bob)).to.equal(before - AMOUNT);
      expect(await pool.getVotes(bob)).to.equal(AMOUNT);
      expect(await cos.getVotes(pool)).to.equal(0);
    });

    it("follow a delegate chosen here, whatever the token's is", async () => {
      const { pool, cos, alice, bob, carol } = await loadFixture(funded);
      await cos.connect(alice).delegate(bob);
      await pool.connect(alice).delegate(carol);
      await pledgeCOS(pool, alice, QUARTER, AMOUNT);
      expect(await pool.getVotes(carol)).to.equal(AMOUNT);
      expect(await pool.getVotes(bob)).to.equal(0);
    });

    it("are nobody's while nobody was chosen, and count once somebody is", async () => {
      const { pool, alice } = await loadFixture(funded);
      await expect(pool.connect(alice).pledge(QUARTER, AMOUNT, 0)).to.not.emit(pool, "DelegateChanged");
      expect(await pool.delegates(alice)).to.equal(ZeroAddress);
      await pool.connect(alice).delegate(alice);
      expect(await pool.getVotes(alice)).to.equal(AMOUNT);
    });

    it("stay through the end and the cooldown, and leave with the COS, each at its second", async () => {
      const { pool, alice, position } = await loadFixture(openEnded);
      await pool.connect(alice).delegate(alice);
      await pool.connect(alice).leave(position);
      await time.increase(COOLDOWN);
      expect(await pool.getVotes(alice)).to.equal(AMOUNT);
      await pool.connect(alice).withdraw(position, alice);
      const gone = await now();
      await mine();
      expect(await pool.getVotes(alice)).to.equal(0);
      expect(await pool.getPastVotes(alice, gone - 1n)).to.equal(AMOUNT);
      expect(await pool.getPastVotes(alice, gone)).to.equal(0);
      expect(await pool.getPastTotalSupply(gone - 1n)).to.equal(AMOUNT);
      expect(await pool.getPastTotalSupply(gone)).to.equal(0);
    });

    it("are never counted at the token and here for one second", async () => {
      const { pool, cos, alice } = await loadFixture(funded);
      await cos.connect(alice).delegate(alice);
      const whole = await cos.getVotes(alice);
      await pledgeCOS(pool, alice, OPEN, AMOUNT);
      const pledgedAt = await now();
      await pool.connect(alice).leave(1);
      await time.increase(COOLDOWN);
      await pool.connect(alice).withdraw(1, alice);
      const withdrawnAt = await now();
      await mine();
      for (const second of [pledgedAt - 1n, pledgedAt, pledgedAt + 1n, withdrawnAt - 1n, withdrawnAt]) {
        const sum = (await cos.getPastVotes(alice, second)) + (await pool.getPastVotes(alice, second));
        expect(sum).to.equal(whole);
      }
    });

    it("run on the token's clock", async () => {
      const { pool, cos } = await loadFixture(funded);
      expect(await pool.CLOCK_MODE()).to.equal(await cos.CLOCK_MODE());
      expect(await pool.clock()).to.equal(await cos.clock());
    });
  });

  it("keeps the integral in the weight's own unit", async () => {
    const { pool, position, from } = await loadFixture(pledged);
    await at(from + LOCK / 100n);
    await pool.sync();
    const { weight } = await pool.spanOf(position);
    const exact = (SCALE * (LOCK / 100n)) / weight;
    // Rounded down at each week's start, too: there are one or two in 7.3 days.
    expect(await pool.integral()).to.be.at.most(exact);
    expect(await pool.integral()).to.be.at.least(exact - 2n);
  });
});
