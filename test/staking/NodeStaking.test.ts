import { loadFixture, mine, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers, network } from "hardhat";
import { MaxUint256, ZeroAddress, parseEther, type Signer } from "ethers";
import type { HostileERC20Mock, OperatorMock } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import {
  ACC,
  BOND,
  DAY,
  FOREVER,
  IDLE,
  KIND,
  LOCK,
  PRICE,
  SCALE,
  STATE,
  WEEK,
  at,
  deployNodes,
  fund,
  now,
  pledgeNode,
  type NodeFixture,
} from "./support";

const NOBODY = "0x000000000000000000000000000000000000dEaD";
const RATE = parseEther("1");

/** A stream of 1 COS a second from the next block on, for `duration`. */
async function stream(fixture: NodeFixture, duration = 1_000n * DAY): Promise<bigint> {
  const start = (await now()) + 10n;
  await at(start);
  await fund(fixture, fixture.pool, RATE * duration, start + duration);
  return start;
}

/** Nobody has pledged; 1 COS a second streams. */
async function funded(): Promise<NodeFixture & { readonly start: bigint }> {
  const fixture = await deployNodes();
  return { ...fixture, start: await stream(fixture) };
}

/** Alice has a cellular node since `from`. */
async function pledged() {
  const fixture = await funded();
  const position = await pledgeNode(fixture.pool, fixture.alice, KIND.cellular);
  const from = await now();
  return { ...fixture, position, from, end: from + LOCK };
}

/** The first genesis operator has a core node, bound. */
async function bound() {
  const fixture = await funded();
  const operator = fixture.operators[0]!;
  const position = await pledgeNode(fixture.pool, operator, KIND.core);
  const from = await now();
  const pool = fixture.pool;
  await pool.connect(fixture.registry).bind(operator, position);
  return { ...fixture, operator, position, from, end: from + LOCK, byRegistry: pool.connect(fixture.registry) };
}

async function fillCellular({ pool, bob }: NodeFixture): Promise<void> {
  for (let left = (await pool.CELLULAR_CAP()) - (await pool.places(KIND.cellular)); left > 0n; left--) {
    await pledgeNode(pool, bob, KIND.cellular);
  }
}

async function asVault<Result>(fixture: NodeFixture, act: (vault: Signer) => Promise<Result>): Promise<Result> {
  const address = await fixture.vault.getAddress();
  await setBalance(address, parseEther("1"));
  return act(await ethers.getImpersonatedSigner(address));
}

describe("NodeStaking", () => {
  describe("constructor", () => {
    const usual = {
      cellularCap: 3,
      coreCap: 6,
      idleSeconds: IDLE,
      treasury: NOBODY,
      genesisOperators: [NOBODY] as string[],
    };

    async function refused(change: Partial<typeof usual>, error: string, args: unknown[]): Promise<void> {
      const { manager, cos, vault, pool } = await loadFixture(deployNodes);
      const factory = await ethers.getContractFactory("NodeStaking");
      await expect(factory.deploy(manager, cos, vault, { ...usual, ...change }))
        .to.be.revertedWithCustomError(pool, error)
        .withArgs(...args);
    }

    it("reverts for an authority, token or vault that is no contract", async () => {
      const { manager, cos, vault, pool } = await loadFixture(deployNodes);
      const factory = await ethers.getContractFactory("NodeStaking");
      for (const [authority, token, ecosystem] of [
        [NOBODY, cos, vault],
        [manager, NOBODY, vault],
        [manager, cos, NOBODY],
      ] as const) {
        await expect(factory.deploy(authority, token, ecosystem, usual))
          .to.be.revertedWithCustomError(pool, "NotAContract")
          .withArgs(NOBODY);
      }
    });

    it("reverts without a cellular place", () => refused({ cellularCap: 0 }, "CapOutOfRange", [0, 1]));

    it("reverts with fewer core places than genesis operators", () => refused({ coreCap: 0 }, "CapOutOfRange", [0, 1]));

    it("reverts for a genesis operator that is zero or named twice", async () => {
      await refused({ genesisOperators: [ZeroAddress] }, "InvalidGenesisOperator", [0, ZeroAddress]);
      await refused({ genesisOperators: [NOBODY, NOBODY] }, "InvalidGenesisOperator", [1, NOBODY]);
    });

    it("reverts without a treasury", () => refused({ treasury: ZeroAddress }, "ZeroTreasury", []));

    it("starts empty, with a place kept for each genesis operator", async () => {
      const { pool, operators, alice, cos, vault, treasury } = await loadFixture(deployNodes);
      expect(await pool.COS()).to.equal(await cos.getAddress());
      expect(await pool.ECOSYSTEM()).to.equal(await vault.getAddress());
      expect(await pool.CELLULAR_CAP()).to.equal(3);
      expect(await pool.CORE_CAP()).to.equal(6);
      expect(await pool.IDLE_SECONDS()).to.equal(IDLE);
      expect(await pool.treasury()).to.equal(treasury);
      expect(await pool.LOCK_SECONDS()).to.equal(63_072_000);
      expect(await pool.genesisPlaces()).to.equal(4);
      expect(await pool.isGenesisOperator(operators[3]!)).to.equal(true);
      expect(await pool.isGenesisOperator(alice)).to.equal(false);
      expect(await pool.coreOpen()).to.equal(false);
      expect(await pool.priceOf(KIND.cellular)).to.equal(parseEther("1"));
      expect(await pool.priceOf(KIND.core)).to.equal(parseEther("100"));
    });
  });

  describe("fund", () => {
    it("reverts for anybody but the ecosystem vault, the administrator included", async () => {
      const { pool, admin, vault } = await loadFixture(deployNodes);
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
      const fixture = await loadFixture(deployNodes);
      const next = (await now()) + 100n;
      await at(next);
      await expect(fund(fixture, fixture.pool, RATE, next))
        .to.be.revertedWithCustomError(fixture.pool, "EmissionEndPassed")
        .withArgs(next, next);
    });

    it("reverts above what the accumulators can hold", async () => {
      const hostile = await deploy<HostileERC20Mock>("HostileERC20Mock");
      const fixture = await deployNodes({ cos: await hostile.getAddress() });
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
      await pledgeNode(pool, fixture.alice, KIND.cellular);
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
      const fixture = await loadFixture(deployNodes);
      const next = (await now()) + 100n;
      await at(next);
      await expect(fund(fixture, fixture.pool, DAY - 1n, next + DAY))
        .to.be.revertedWithCustomError(fixture.pool, "RateTooLow")
        .withArgs(0, 1);
    });

    it("may fall below an earlier rate once the stream has ended", async () => {
      const fixture = await loadFixture(deployNodes);
      const { pool } = fixture;
      await pledgeNode(pool, fixture.alice, KIND.cellular);
      const start = await stream(fixture, DAY);
      await at(start + 2n * DAY);
      await fund(fixture, pool, 2n * DAY, start + 3n * DAY);
      expect(await pool.rewardRate()).to.equal(2);
      expect(await pool.emitted()).to.equal(DAY * RATE);
    });

    it("leaves the division's remainder undistributed, for the next funding", async () => {
      const fixture = await loadFixture(deployNodes);
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
      const hostile = await deploy<HostileERC20Mock>("HostileERC20Mock");
      const fixture = await deployNodes({ cos: await hostile.getAddress() });
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
      const hostile = await deploy<HostileERC20Mock>("HostileERC20Mock");
      const fixture = await deployNodes({ cos: await hostile.getAddress() });
      const { pool } = fixture;
      await hostile.mint(fixture.vault, parseEther("1000"));
      await hostile.setReaction(pool, pool.interface.encodeFunctionData("claim", [1, NOBODY]));
      await asVault(fixture, async (vault) => {
        await hostile.connect(vault).approve(pool, MaxUint256);
        await pool.connect(vault).fund(parseEther("1000"), (await now()) + DAY);
      });
      expect(await hostile.reacted()).to.equal(false);
      expect(pool.interface.parseError(await hostile.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
    });

    it("reverts until the endings are walked, where more than a hundred wait", async () => {
      const fixture = await deployNodes({ cellularCap: 101 });
      for (let index = 0; index < 101; index++) await pledgeNode(fixture.pool, fixture.alice, KIND.cellular);
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
      const position = await pledgeNode(pool, alice, KIND.cellular);
      expect(await pool.undistributed()).to.equal(500n * RATE);
      expect(await pool.emitted()).to.equal(0);
      await at(start + 800n);
      await pool.sync();
      expect(await pool.rewardOf(position)).to.equal(300n * RATE);
      expect(await pool.emitted()).to.equal(300n * RATE);
      expect(await pool.undistributed()).to.equal(500n * RATE);
    });

    it("is shared by principal, from the second of the pledge on", async () => {
      const { pool, alice, operators, start } = await loadFixture(funded);
      await at(start + 100n);
      const cellular = await pledgeNode(pool, alice, KIND.cellular);
      await at(start + 200n);
      const core = await pledgeNode(pool, operators[0]!, KIND.core);
      await at(start + 301n);
      await pool.sync();
      // 100 seconds alone, then 101 by 1 : 100.
      expect(await pool.rewardOf(cellular)).to.equal(101n * RATE);
      expect(await pool.rewardOf(core)).to.equal(100n * RATE);
      expect(await pool.totalWeight()).to.equal(parseEther("101"));
    });

    it("ends at its end, and nothing is withheld from anybody", async () => {
      const fixture = await loadFixture(deployNodes);
      const { pool, alice } = fixture;
      const start = await stream(fixture, 100n * DAY);
      await at(start + DAY);
      const position = await pledgeNode(pool, alice, KIND.cellular);
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
      await pool.connect(alice).withdraw(position, NOBODY);
    });

    it("gives one who splits a pledge over addresses at most a wei each", async () => {
      const fixture = await deployNodes({ cellularCap: 100 });
      const { pool, bob, operators } = fixture;
      const start = (await now()) + 10n;
      await at(start);
      // A rate that leaves a remainder at every division.
      await fund(fixture, pool, parseEther("1234567.890123456789012345"), start + 1_000n * DAY);
      await network.provider.send("evm_setAutomine", [false]);
      await pool.connect(operators[0]!).pledge(KIND.core, 0, { value: PRICE[1], gasLimit: 400_000 });
      for (let index = 0; index < 50; index++) {
        await pool.connect(bob).pledge(KIND.cellular, 0, { value: PRICE[0], gasLimit: 400_000 });
      }
      await mine();
      await network.provider.send("evm_setAutomine", [true]);
      await time.increase(LOCK);
      await pool.sync();
      let split = 0n;
      for (let position = 2n; position <= 51n; position++) {
        const span = await pool.spanOf(position);
        expect(span.from).to.equal((await pool.spanOf(1)).from);
        split += await pool.rewardOf(position);
      }
      const half = (await pool.rewardOf(1)) / 2n;
      expect(split).to.be.at.most(half + 1n);
      expect(split).to.be.at.least(half - 50n);
    });
  });

  describe("pledge", () => {
    it("reverts for any other value", async () => {
      const { pool, alice } = await loadFixture(funded);
      for (const value of [0n, PRICE[0] - 1n, PRICE[0] + 1n, PRICE[1]]) {
        await expect(pool.connect(alice).pledge(KIND.cellular, 0, { value }))
          .to.be.revertedWithCustomError(pool, "WrongPledge")
          .withArgs(value, PRICE[0]);
      }
      await expect(pool.connect(alice).pledge(KIND.core, 0, { value: PRICE[0] }))
        .to.be.revertedWithCustomError(pool, "WrongPledge")
        .withArgs(PRICE[0], PRICE[1]);
    });

    it("reverts where rewards end before the pledger's time, and not at it", async () => {
      const { pool, alice } = await loadFixture(funded);
      const end = await pool.emissionEnd();
      await expect(pool.connect(alice).pledge(KIND.cellular, end + 1n, { value: PRICE[0] }))
        .to.be.revertedWithCustomError(pool, "EmissionEndsTooEarly")
        .withArgs(end, end + 1n);
      await pool.connect(alice).pledge(KIND.cellular, end, { value: PRICE[0] });
    });

    it("reverts for a core node before the cellular ones are full", async () => {
      const { pool, alice } = await loadFixture(funded);
      await pledgeNode(pool, alice, KIND.cellular);
      await expect(pool.connect(alice).pledge(KIND.core, 0, { value: PRICE[1] }))
        .to.be.revertedWithCustomError(pool, "CoreNotOpen")
        .withArgs(1, 3);
    });

    it("opens core nodes with the last cellular place, for good", async () => {
      const fixture = await loadFixture(funded);
      const { pool, alice, bob } = fixture;
      await pledgeNode(pool, alice, KIND.cellular);
      await pledgeNode(pool, alice, KIND.cellular);
      await expect(pool.connect(alice).pledge(KIND.cellular, 0, { value: PRICE[0] })).to.emit(pool, "CoreOpened");
      expect(await pool.coreOpen()).to.equal(true);
      await time.increase(LOCK);
      await pool.connect(alice).withdraw(1, NOBODY);
      expect(await pool.places(KIND.cellular)).to.equal(2);
      await pledgeNode(pool, bob, KIND.core);
      await expect(pool.connect(bob).pledge(KIND.cellular, 0, { value: PRICE[0] })).to.not.emit(pool, "CoreOpened");
    });

    it("reverts whole for two that race for the last place, and the later one keeps its coin", async () => {
      const { pool, alice, bob } = await loadFixture(funded);
      await pledgeNode(pool, alice, KIND.cellular);
      await pledgeNode(pool, alice, KIND.cellular);
      await network.provider.send("evm_setAutomine", [false]);
      const options = { value: PRICE[0], gasLimit: 400_000 };
      const first = await pool.connect(alice).pledge(KIND.cellular, 0, { ...options, gasPrice: 10n ** 11n });
      const second = await pool.connect(bob).pledge(KIND.cellular, 0, { ...options, gasPrice: 10n ** 10n });
      await mine();
      await network.provider.send("evm_setAutomine", [true]);
      const receipts = await Promise.all(
        [first, second].map(({ hash }) => ethers.provider.getTransactionReceipt(hash)),
      );
      expect(receipts.map((receipt) => receipt?.status)).to.deep.equal([1, 0]);
      expect(receipts[0]!.blockNumber).to.equal(receipts[1]!.blockNumber);
      expect(await ethers.provider.getBalance(pool)).to.equal(3n * PRICE[0]);
      expect(await pool.lastPosition()).to.equal(3);
      await expect(pool.connect(bob).pledge(KIND.cellular, 0, { value: PRICE[0] }))
        .to.be.revertedWithCustomError(pool, "NoPlaceLeft")
        .withArgs(KIND.cellular, 3);
    });

    it("keeps a core place for each genesis operator, from the start and against all others", async () => {
      const fixture = await loadFixture(funded);
      const { pool, alice, bob, operators } = fixture;
      await pledgeNode(pool, operators[0]!, KIND.core);
      expect(await pool.genesisPlaces()).to.equal(3);
      await expect(pool.connect(operators[0]!).pledge(KIND.core, 0, { value: PRICE[1] }))
        .to.be.revertedWithCustomError(pool, "CoreNotOpen")
        .withArgs(0, 3);
      await fillCellular(fixture);
      await pledgeNode(pool, alice, KIND.core);
      await pledgeNode(pool, bob, KIND.core);
      for (const account of [alice, operators[0]!]) {
        await expect(pool.connect(account).pledge(KIND.core, 0, { value: PRICE[1] }))
          .to.be.revertedWithCustomError(pool, "NoPlaceLeft")
          .withArgs(KIND.core, 6);
      }
      for (const operator of operators.slice(1)) await pledgeNode(pool, operator, KIND.core);
      expect(await pool.places(KIND.core)).to.equal(6);
      expect(await pool.genesisPlaces()).to.equal(0);
    });

    it("opens a position and says so", async () => {
      const { pool, alice, start } = await loadFixture(funded);
      await at(start + 50n);
      await expect(pool.connect(alice).pledge(KIND.cellular, 0, { value: PRICE[0] }))
        .to.emit(pool, "NodePledged")
        .withArgs(1, await alice.getAddress(), KIND.cellular, start + 50n + LOCK);
      const span = await pool.spanOf(1);
      expect(span).to.deep.equal([await alice.getAddress(), PRICE[0], start + 50n, 0, 0, 0]);
      expect(await pool.stateOf(1)).to.equal(STATE.held);
      expect(await pool.kindOf(1)).to.equal(KIND.cellular);
      expect(await pool.principalOf(1)).to.equal(PRICE[0]);
      expect(await pool.endOf(1)).to.equal(start + 50n + LOCK);
      expect(await pool.withdrawableAt(1)).to.equal(start + 50n + LOCK);
      expect(await pool.totalPrincipal()).to.equal(PRICE[0]);
    });
  });

  describe("sync, poke", () => {
    async function hundred() {
      const fixture = await deployNodes({ cellularCap: 150 });
      await stream(fixture);
      const from = (await now()) + 10n;
      for (let index = 0n; index < 101n; index++) {
        await at(from + index);
        await pledgeNode(fixture.pool, fixture.alice, KIND.cellular);
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
      await expect(pool.connect(alice).withdraw(1, NOBODY)).to.changeEtherBalance(NOBODY, PRICE[0]);
      await expect(pool.connect(alice).withdraw(101, NOBODY)).to.changeEtherBalance(NOBODY, PRICE[0]);
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
      expect((await pool.integral()) - before[0]!).to.equal((SCALE * elapsed) / PRICE[0]);
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
      const dry = await deployNodes();
      await pledgeNode(dry.pool, dry.alice, KIND.cellular);
      await time.increase(LOCK);
      await expect(dry.pool.connect(dry.alice).claim(1, NOBODY))
        .to.be.revertedWithCustomError(dry.pool, "NothingToClaim")
        .withArgs(1);
    });

    it("does not walk once the position's turn has been", async () => {
      const fixture = await deployNodes({ cellularCap: 102 });
      const { pool, alice, bob } = fixture;
      await stream(fixture);
      await pledgeNode(pool, alice, KIND.cellular);
      const end = (await now()) + LOCK;
      for (let index = 0; index < 101; index++) await pledgeNode(pool, bob, KIND.cellular);
      await at(end);
      await pool.sync();
      await time.increase(DAY);
      await pool.connect(alice).claim(1, NOBODY);
      expect(await pool.syncedAt()).to.equal(end);
    });
  });

  describe("withdraw", () => {
    it("reverts for an unknown position", async () => {
      const { pool } = await loadFixture(pledged);
      await expect(pool.withdraw(9, NOBODY)).to.be.revertedWithCustomError(pool, "UnknownPosition").withArgs(9);
    });

    it("reverts for anybody but the owner, and without a receiver", async () => {
      const { pool, alice, bob, position, end } = await loadFixture(pledged);
      await at(end);
      await expect(pool.connect(bob).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NotPositionOwner")
        .withArgs(await bob.getAddress(), await alice.getAddress());
      await expect(pool.connect(alice).withdraw(position, ZeroAddress)).to.be.revertedWithCustomError(
        pool,
        "ZeroReceiver",
      );
    });

    it("reverts at end − 1 and pays at end", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      await at(end - 1n);
      await expect(pool.connect(alice).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NodeLocked")
        .withArgs(end - 1n, end);
      await at(end);
      const withdrawal = await pool.connect(alice).withdraw(position, NOBODY);
      await expect(withdrawal).to.emit(pool, "NodeWithdrawn").withArgs(position, NOBODY, PRICE[0]);
      await expect(withdrawal).to.changeEtherBalances([pool, NOBODY], [-PRICE[0], PRICE[0]]);
      expect(await pool.stateOf(position)).to.equal(STATE.withdrawn);
      expect(await pool.principalOf(position)).to.equal(0);
      expect(await pool.totalPrincipal()).to.equal(0);
      expect(await pool.places(KIND.cellular)).to.equal(0);
    });

    it("reverts the second time", async () => {
      const { pool, alice, bob, position, end } = await loadFixture(pledged);
      await pledgeNode(pool, bob, KIND.cellular);
      await at(end);
      await pool.connect(alice).withdraw(position, NOBODY);
      await expect(pool.connect(alice).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "PrincipalGone")
        .withArgs(position, STATE.withdrawn);
    });

    it("pays while COS cannot be transferred, and leaves the reward for better times", async () => {
      const hostile = await deploy<HostileERC20Mock>("HostileERC20Mock");
      const fixture = await deployNodes({ cos: await hostile.getAddress() });
      const { pool, alice } = fixture;
      await hostile.mint(fixture.vault, RATE * DAY);
      await asVault(fixture, async (vault) => {
        await hostile.connect(vault).approve(pool, MaxUint256);
        await pledgeNode(pool, alice, KIND.cellular);
        await pool.connect(vault).fund(RATE * DAY, (await now()) + DAY + 1n);
      });
      await hostile.setAnswersFalse(true);
      await time.increase(LOCK);
      await expect(pool.connect(alice).claim(1, NOBODY)).to.be.revertedWithCustomError(
        pool,
        "SafeERC20FailedOperation",
      );
      await expect(pool.connect(alice).withdraw(1, NOBODY)).to.changeEtherBalance(NOBODY, PRICE[0]);
      await hostile.setAnswersFalse(false);
      await expect(pool.connect(alice).claim(1, NOBODY)).to.changeTokenBalance(hostile, NOBODY, RATE * DAY);
    });

    it("leaves everything as it was for a receiver that refuses BNB, and another one is paid", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      const receiver = await deploy<OperatorMock>("OperatorMock");
      await receiver.setRefuses(true);
      await at(end);
      await expect(pool.connect(alice).withdraw(position, receiver)).to.be.revertedWithCustomError(
        receiver,
        "CoinRefused",
      );
      expect(await pool.stateOf(position)).to.equal(STATE.held);
      await expect(pool.connect(alice).withdraw(position, NOBODY)).to.changeEtherBalance(NOBODY, PRICE[0]);
    });

    it("pays a receiver that re-enters once", async () => {
      const fixture = await loadFixture(funded);
      const { pool, bob } = fixture;
      const receiver = await deploy<OperatorMock>("OperatorMock");
      const call = pool.interface.encodeFunctionData("pledge", [KIND.cellular, 0]);
      await receiver.execute(pool, call, { value: PRICE[0] });
      await pledgeNode(pool, bob, KIND.cellular);
      await time.increase(LOCK);
      const withdrawal = pool.interface.encodeFunctionData("withdraw", [1, await receiver.getAddress()]);
      for (const reaction of [withdrawal, pool.interface.encodeFunctionData("claim", [1, NOBODY])]) {
        const snapshot = (await network.provider.send("evm_snapshot")) as string;
        await receiver.setReaction(pool, reaction);
        await receiver.execute(pool, withdrawal);
        expect(await receiver.reacted()).to.equal(false);
        expect(pool.interface.parseError(await receiver.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
        expect(await ethers.provider.getBalance(receiver)).to.equal(PRICE[0]);
        expect(await ethers.provider.getBalance(pool)).to.equal(PRICE[0]);
        await network.provider.send("evm_revert", [snapshot]);
      }
    });

    it("is paid out of principals alone where BNB was forced in, and takes no BNB sent plainly", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      await setBalance(await pool.getAddress(), PRICE[0] + 12_345n);
      expect(await pool.totalPrincipal()).to.equal(PRICE[0]);
      await expect(alice.sendTransaction({ to: pool, value: 1 })).to.be.reverted;
      await at(end);
      await pool.connect(alice).withdraw(position, NOBODY);
      expect(await ethers.provider.getBalance(pool)).to.equal(12_345);
      await expect(pool.sweepSlashed()).to.be.revertedWithCustomError(pool, "NothingToSweep");
    });
  });

  describe("repledge", () => {
    it("reverts for an unknown position, and for anybody but the owner", async () => {
      const { pool, bob, alice, position, end } = await loadFixture(pledged);
      await expect(pool.repledge(9, 0)).to.be.revertedWithCustomError(pool, "UnknownPosition").withArgs(9);
      await at(end);
      await expect(pool.connect(bob).repledge(position, 0))
        .to.be.revertedWithCustomError(pool, "NotPositionOwner")
        .withArgs(await bob.getAddress(), await alice.getAddress());
    });

    it("reverts at end − 1 and renews at end", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      await at(end - 1n);
      await expect(pool.connect(alice).repledge(position, 0))
        .to.be.revertedWithCustomError(pool, "NotEnded")
        .withArgs(end - 1n, end);
      await at(end);
      await expect(pool.connect(alice).repledge(position, 0))
        .to.emit(pool, "NodeRenewed")
        .withArgs(position, position + 1n);
    });

    it("reverts for a node that is renewed, withdrawn or released", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      const renewed = await pledgeNode(pool, alice, KIND.cellular);
      const released = await pledgeNode(pool, alice, KIND.cellular);
      await time.increaseTo(end + IDLE + 100n);
      await pool.connect(alice).withdraw(position, NOBODY);
      await pool.connect(alice).repledge(renewed, 0);
      await pool.release(released);
      for (const [id, state] of [
        [position, STATE.withdrawn],
        [renewed, STATE.renewed],
        [released, STATE.released],
      ] as const) {
        await expect(pool.connect(alice).repledge(id, 0))
          .to.be.revertedWithCustomError(pool, "WrongNodeState")
          .withArgs(id, state, STATE.held);
      }
      await expect(pool.connect(alice).withdraw(renewed, NOBODY))
        .to.be.revertedWithCustomError(pool, "PrincipalGone")
        .withArgs(renewed, STATE.renewed);
    });

    it("reverts where rewards end before the pledger's time", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      const last = await pool.emissionEnd();
      await at(end);
      await expect(pool.connect(alice).repledge(position, last + 1n))
        .to.be.revertedWithCustomError(pool, "EmissionEndsTooEarly")
        .withArgs(last, last + 1n);
    });

    it("keeps the place where all are taken, and both rewards are claimable, each at its end", async () => {
      const fixture = await loadFixture(pledged);
      const { pool, cos, alice, bob, position, from, end } = fixture;
      await fillCellular(fixture);
      await at(end);
      const sent = await pool.connect(alice).repledge(position, 0);
      const renewal = await pool.lastPosition();
      await expect(sent).to.changeEtherBalance(pool, 0);
      await expect(sent)
        .to.emit(pool, "NodePledged")
        .withArgs(renewal, await alice.getAddress(), KIND.cellular, end + LOCK);
      expect(await pool.places(KIND.cellular)).to.equal(3);
      await expect(pool.connect(bob).pledge(KIND.cellular, 0, { value: PRICE[0] })).to.be.revertedWithCustomError(
        pool,
        "NoPlaceLeft",
      );
      expect(await pool.principalOf(position)).to.equal(0);
      expect(await pool.principalOf(renewal)).to.equal(PRICE[0]);
      expect(await pool.totalPrincipal()).to.equal(3n * PRICE[0]);
      await pool.connect(alice).claim(position, NOBODY);
      expect(await cos.balanceOf(NOBODY)).to.be.greaterThan(((end - from) * RATE) / 3n);
      await expect(pool.connect(alice).claim(renewal, NOBODY))
        .to.be.revertedWithCustomError(pool, "NotEnded")
        .withArgs(await now().then((t) => t + 1n), end + LOCK);
    });
  });

  describe("release", () => {
    it("reverts for an unknown position", async () => {
      const { pool } = await loadFixture(pledged);
      await expect(pool.release(9)).to.be.revertedWithCustomError(pool, "UnknownPosition").withArgs(9);
    });

    it("reverts for a node whose place is gone already", async () => {
      const { pool, alice, position, end } = await loadFixture(pledged);
      await at(end);
      await pool.connect(alice).withdraw(position, NOBODY);
      await time.increase(IDLE);
      await expect(pool.release(position))
        .to.be.revertedWithCustomError(pool, "WrongNodeState")
        .withArgs(position, STATE.withdrawn, STATE.held);
    });

    it("reverts a second before 30 days after the end, and gives the place to others then", async () => {
      const fixture = await loadFixture(pledged);
      const { pool, alice, bob, position, end } = fixture;
      await fillCellular(fixture);
      await at(end + IDLE - 1n);
      await expect(pool.connect(bob).release(position))
        .to.be.revertedWithCustomError(pool, "NotIdle")
        .withArgs(end + IDLE - 1n, end + IDLE);
      await at(end + IDLE);
      await expect(pool.connect(bob).release(position))
        .to.emit(pool, "PlaceReleased")
        .withArgs(position, KIND.cellular);
      await pledgeNode(pool, bob, KIND.cellular);
      expect(await pool.stateOf(position)).to.equal(STATE.released);
      await pool.connect(alice).claim(position, NOBODY);
      await expect(pool.connect(alice).withdraw(position, NOBODY)).to.changeEtherBalance(NOBODY, PRICE[0]);
      expect(await pool.places(KIND.cellular)).to.equal(3);
    });

    it("reverts while the node is bound, and until 30 days after it is free", async () => {
      const { pool, byRegistry, operator, position, end } = await loadFixture(bound);
      await at(end + 2n * IDLE);
      await expect(pool.release(position))
        .to.be.revertedWithCustomError(pool, "NotIdle")
        .withArgs(end + 2n * IDLE, FOREVER + IDLE);
      await byRegistry.unbind(operator);
      const free = (await now()) + BOND;
      await at(free + IDLE - 1n);
      await expect(pool.release(position))
        .to.be.revertedWithCustomError(pool, "NotIdle")
        .withArgs(free + IDLE - 1n, free + IDLE);
      await at(free + IDLE);
      await pool.release(position);
      expect(await pool.places(KIND.core)).to.equal(0);
    });
  });

  describe("bind, unbind", () => {
    it("reverts for anybody but the registry", async () => {
      const { pool, operator, admin, position } = await loadFixture(bound);
      for (const call of [
        () => pool.connect(admin).bind(operator, position),
        () => pool.connect(operator).unbind(operator),
        () => pool.connect(admin).slash(operator),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(pool, "AccessManagedUnauthorized");
      }
    });

    it("reverts for a node that is unknown, another's, cellular or not held", async () => {
      const { byRegistry, pool, alice, operators, position } = await loadFixture(bound);
      const cellular = await pledgeNode(pool, alice, KIND.cellular);
      await expect(byRegistry.bind(alice, 9)).to.be.revertedWithCustomError(pool, "UnknownPosition").withArgs(9);
      await expect(byRegistry.bind(alice, position))
        .to.be.revertedWithCustomError(pool, "NotPositionOwner")
        .withArgs(await alice.getAddress(), await operators[0]!.getAddress());
      await expect(byRegistry.bind(alice, cellular)).to.be.revertedWithCustomError(pool, "NotCore").withArgs(cellular);
      const core = await pledgeNode(pool, operators[1]!, KIND.core);
      await time.increase(LOCK);
      await pool.connect(operators[1]!).withdraw(core, NOBODY);
      await expect(byRegistry.bind(operators[1]!, core))
        .to.be.revertedWithCustomError(pool, "WrongNodeState")
        .withArgs(core, STATE.withdrawn, STATE.held);
    });

    it("reverts while the operator's node is bound, or another one is not yet free", async () => {
      const fixture = await loadFixture(bound);
      const { byRegistry, pool, operator, position } = fixture;
      await fillCellular(fixture);
      const other = await pledgeNode(pool, operator, KIND.core);
      for (const id of [position, other]) {
        await expect(byRegistry.bind(operator, id))
          .to.be.revertedWithCustomError(pool, "NodeStillBound")
          .withArgs(position, FOREVER);
      }
      await byRegistry.unbind(operator);
      const free = (await now()) + BOND;
      await at(free - 1n);
      await expect(byRegistry.bind(operator, other))
        .to.be.revertedWithCustomError(pool, "NodeStillBound")
        .withArgs(position, free);
      await at(free);
      await byRegistry.bind(operator, other);
      expect(await pool.boundPosition(operator)).to.equal(other);
    });

    it("binds the same node again at once", async () => {
      const { byRegistry, pool, operator, position } = await loadFixture(bound);
      await byRegistry.unbind(operator);
      expect(await pool.boundPosition(operator)).to.equal(0);
      await expect(byRegistry.bind(operator, position))
        .to.emit(pool, "NodeBound")
        .withArgs(await operator.getAddress(), position);
      expect(await pool.bondOf(operator)).to.deep.equal([position, FOREVER]);
    });

    it("reverts unbinding where nothing is bound", async () => {
      const { byRegistry, pool, operator, alice } = await loadFixture(bound);
      await expect(byRegistry.unbind(alice))
        .to.be.revertedWithCustomError(pool, "NotBound")
        .withArgs(await alice.getAddress());
      await byRegistry.unbind(operator);
      await expect(byRegistry.unbind(operator)).to.be.revertedWithCustomError(pool, "NotBound");
    });

    it("holds the principal past the end until 15 days after it was unbound, to the second", async () => {
      const { byRegistry, pool, operator, position, end } = await loadFixture(bound);
      expect(await pool.withdrawableAt(position)).to.equal(FOREVER);
      await at(end + DAY);
      await expect(pool.connect(operator).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NodeLocked")
        .withArgs(end + DAY, FOREVER);
      await at(end + 2n * DAY);
      const free = end + 2n * DAY + BOND;
      await expect(byRegistry.unbind(operator))
        .to.emit(pool, "NodeUnbound")
        .withArgs(await operator.getAddress(), position, free);
      await at(free - 1n);
      await expect(pool.connect(operator).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NodeLocked")
        .withArgs(free - 1n, free);
      await at(free);
      await expect(pool.connect(operator).withdraw(position, NOBODY)).to.changeEtherBalance(NOBODY, PRICE[1]);
    });

    it("does not free a node before its end that was unbound long before", async () => {
      const { byRegistry, pool, operator, position, end } = await loadFixture(bound);
      await byRegistry.unbind(operator);
      await at(end - 1n);
      await expect(pool.connect(operator).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NodeLocked")
        .withArgs(end - 1n, end);
      await pool.connect(operator).withdraw(position, NOBODY);
    });

    it("holds no other node of the operator", async () => {
      const fixture = await loadFixture(bound);
      const { pool, operator } = fixture;
      const cellular = await pledgeNode(pool, operator, KIND.cellular);
      await time.increase(LOCK);
      await expect(pool.connect(operator).withdraw(cellular, NOBODY)).to.changeEtherBalance(NOBODY, PRICE[0]);
    });

    it("goes over to the renewal, which a slash then takes", async () => {
      const { byRegistry, pool, operator, position, end } = await loadFixture(bound);
      await at(end);
      await pool.connect(operator).repledge(position, 0);
      const renewal = position + 1n;
      expect(await pool.boundPosition(operator)).to.equal(renewal);
      await byRegistry.slash(operator);
      expect(await pool.stateOf(renewal)).to.equal(STATE.slashed);
      expect(await pool.stateOf(position)).to.equal(STATE.renewed);
      expect(await pool.unswept()).to.equal(PRICE[1]);
      await pool.connect(operator).claim(position, NOBODY);
    });

    it("leaves the bond where it is when another node is renewed", async () => {
      const { pool, operator, position, end } = await loadFixture(bound);
      const cellular = await pledgeNode(pool, operator, KIND.cellular);
      await time.increaseTo(end + DAY);
      await pool.connect(operator).repledge(cellular, 0);
      expect(await pool.boundPosition(operator)).to.equal(position);
    });
  });

  describe("slash", () => {
    it("reverts where nothing stands behind the operator", async () => {
      const { byRegistry, pool, alice, operator } = await loadFixture(bound);
      await expect(byRegistry.slash(alice))
        .to.be.revertedWithCustomError(pool, "NothingToSlash")
        .withArgs(await alice.getAddress());
      await byRegistry.slash(operator);
      await expect(byRegistry.slash(operator))
        .to.be.revertedWithCustomError(pool, "NothingToSlash")
        .withArgs(await operator.getAddress());
    });

    it("settles the reward, then takes principal, weight and place together", async () => {
      const { byRegistry, pool, cos, alice, operator, position, from, end } = await loadFixture(bound);
      const since = from + 1_000n;
      await at(since);
      const other = await pledgeNode(pool, alice, KIND.cellular);
      await at(since + 1_010n);
      const slash = await byRegistry.slash(operator);
      const reward = RATE * (since - from) + RATE * 1_000n;
      await expect(slash)
        .to.emit(pool, "NodeSlashed")
        .withArgs(await operator.getAddress(), position, PRICE[1]);
      await expect(slash)
        .to.emit(pool, "SpanEnded")
        .withArgs(position, since + 1_010n, reward);
      expect(await pool.totalPrincipal()).to.equal(PRICE[0]);
      expect(await pool.totalWeight()).to.equal(PRICE[0]);
      expect(await pool.unswept()).to.equal(PRICE[1]);
      expect(await pool.places(KIND.core)).to.equal(0);
      expect(await pool.boundPosition(operator)).to.equal(0);
      expect(await pool.bondOf(operator)).to.deep.equal([position, since + 1_010n]);
      expect((await pool.spanOf(position)).to).to.equal(since + 1_010n);
      // The rest earns alone from then on.
      await at(since + 2_010n);
      await pool.sync();
      expect(await pool.rewardOf(other)).to.equal(RATE * 10n + RATE * 1_000n);
      // A slash is no way out: the reward waits for the end that the node would have had.
      await at(end - 1n);
      await expect(pool.connect(operator).claim(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "NotEnded")
        .withArgs(end - 1n, end);
      await at(end);
      await pool.connect(operator).claim(position, NOBODY);
      expect(await cos.balanceOf(NOBODY)).to.equal(reward);
      await expect(pool.connect(operator).withdraw(position, NOBODY))
        .to.be.revertedWithCustomError(pool, "PrincipalGone")
        .withArgs(position, STATE.slashed);
      // Its turn in the queue changes nothing any more.
      await pool.sync();
      expect((await pool.spanOf(position)).to).to.equal(since + 1_010n);
      expect(await pool.totalWeight()).to.equal(PRICE[0]);
      await at((await pool.endOf(other)) + 1n);
      await pool.sync();
      expect(await pool.totalWeight()).to.equal(0);
    });

    it("reaches a node that is unbound, over, and released, as long as its principal is here", async () => {
      const { byRegistry, pool, operator, position, end } = await loadFixture(bound);
      await byRegistry.unbind(operator);
      await time.increaseTo(end + IDLE);
      await pool.release(position);
      expect(await pool.places(KIND.core)).to.equal(0);
      await byRegistry.slash(operator);
      expect(await pool.unswept()).to.equal(PRICE[1]);
      expect(await pool.places(KIND.core)).to.equal(0);
      expect(await pool.totalWeight()).to.equal(PRICE[1]);
      await pool.sync();
      expect(await pool.totalWeight()).to.equal(0);
      expect((await pool.spanOf(position)).to).to.equal(end);
    });

    it("does not reach a principal that was paid out", async () => {
      const { byRegistry, pool, operator, position, end } = await loadFixture(bound);
      await byRegistry.unbind(operator);
      await time.increaseTo(end);
      await pool.connect(operator).withdraw(position, NOBODY);
      await expect(byRegistry.slash(operator)).to.be.revertedWithCustomError(pool, "NothingToSlash");
    });

    it("sweeps to the treasury, once", async () => {
      const { byRegistry, pool, bob, operator, treasury } = await loadFixture(bound);
      await byRegistry.slash(operator);
      const sweep = await pool.connect(bob).sweepSlashed();
      await expect(sweep).to.changeEtherBalances([pool, treasury], [-PRICE[1], PRICE[1]]);
      await expect(sweep).to.emit(pool, "NodeSlashSwept").withArgs(treasury, PRICE[1]);
      await expect(pool.sweepSlashed()).to.be.revertedWithCustomError(pool, "NothingToSweep");
    });

    it("adds up what several slashes took until it is swept", async () => {
      const { byRegistry, pool, operator, operators, treasury } = await loadFixture(bound);
      const other = operators[1]!;
      await byRegistry.bind(other, await pledgeNode(pool, other, KIND.core));
      await byRegistry.slash(operator);
      await byRegistry.slash(other);
      expect(await pool.unswept()).to.equal(2n * PRICE[1]);
      await expect(pool.sweepSlashed()).to.changeEtherBalances([pool, treasury], [-2n * PRICE[1], 2n * PRICE[1]]);
    });

    it("sweeps once to a treasury that re-enters", async () => {
      const { byRegistry, pool, timelock, operator } = await loadFixture(bound);
      const treasury = await deploy<OperatorMock>("OperatorMock");
      await treasury.setReaction(pool, pool.interface.encodeFunctionData("sweepSlashed"));
      await pool.connect(timelock).setTreasury(treasury);
      await byRegistry.slash(operator);
      await pool.sweepSlashed();
      expect(await treasury.reacted()).to.equal(false);
      expect(await ethers.provider.getBalance(treasury)).to.equal(PRICE[1]);
    });
  });

  describe("setTreasury", () => {
    it("reverts for anybody but the timelock, and for nobody as the treasury", async () => {
      const { pool, alice, timelock } = await loadFixture(deployNodes);
      await expect(pool.connect(alice).setTreasury(NOBODY)).to.be.revertedWithCustomError(
        pool,
        "AccessManagedUnauthorized",
      );
      await expect(pool.connect(timelock).setTreasury(ZeroAddress)).to.be.revertedWithCustomError(pool, "ZeroTreasury");
    });

    it("names the receiver of later sweeps", async () => {
      const { pool, timelock } = await loadFixture(deployNodes);
      await expect(pool.connect(timelock).setTreasury(NOBODY)).to.emit(pool, "NodeTreasurySet").withArgs(NOBODY);
      expect(await pool.treasury()).to.equal(NOBODY);
    });
  });

  describe("weeks", () => {
    async function atWeek() {
      const fixture = await deployNodes({ cellularCap: 20 });
      const week = (await now()) / WEEK + 1n;
      return { ...fixture, week, start: week * WEEK };
    }

    const integralOver = (seconds: bigint, bnb: bigint): bigint => (SCALE * seconds) / (bnb * PRICE[0]);

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
      await pledgeNode(pool, alice, KIND.cellular);
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
      await pledgeNode(pool, alice, KIND.cellular);
      await at(start + 3n * WEEK + 1_000n);
      await pledgeNode(pool, bob, KIND.cellular);
      await at(start + 3n * WEEK + 2_000n);
      await pledgeNode(pool, bob, KIND.cellular);
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
        return weighted.reduce((total, [from, to, bnb]) => total + integralOver(within(from, to), bnb), 0n);
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
      for (let count = 0n; count < 7n; count++) await pledgeNode(pool, alice, KIND.cellular);
      for (const seconds of [13n, WEEK + 17n, 2n * WEEK + 4_000n, 5n * WEEK + 1n, 9n * WEEK + 3n, 30n * WEEK]) {
        await at(start + seconds);
        await pool.sync();
      }
      const weight = await pool.totalWeight();
      for (let index = 1n; index < 30n; index++) {
        const shared = ((await pool.integralAt(week + index + 1n)) - (await pool.integralAt(week + index))) * weight;
        expect(shared, `week ${index}`).to.be.at.most(SCALE * WEEK);
        expect(shared, `week ${index}`).to.be.at.least(SCALE * WEEK - 3n * weight);
      }
    });

    it("finds a week between knots whatever lies before and after", async () => {
      const { pool, alice, week, start } = await loadFixture(atWeek);
      await at(start - 100n);
      await pledgeNode(pool, alice, KIND.cellular);
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

  it("earns what a share of the integral says", async () => {
    const { pool, alice, bob, position, from } = await loadFixture(pledged);
    await at(from + 1_000n);
    await pledgeNode(pool, bob, KIND.cellular);
    await at(from + 5_000n);
    await pool.sync();
    const span = await pool.spanOf(position);
    const share = (RATE * span.weight * ((await pool.integral()) - span.integralFrom)) / SCALE;
    expect(await pool.rewardOf(position)).to.be.closeTo(share, 1n + (2n * span.weight) / ACC);
    expect(await pool.connect(alice).rewardOf(position)).to.equal(RATE * 3_000n);
  });
});
