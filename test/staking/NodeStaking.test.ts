import { loadFixture, mine, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers, network } from "hardhat";
import { MaxUint256, ZeroAddress, parseEther } from "ethers";
import type { HostileERC20Mock, OperatorMock } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { bound, fillCellular, funded, pledged } from "./nodes";
import { shouldBehaveLikeStakePool } from "./stakePool";
import {
  BOND,
  DAY,
  FOREVER,
  IDLE,
  KIND,
  LOCK,
  PRICE,
  RATE,
  STATE,
  asVault,
  at,
  deployNodes,
  fund,
  now,
  pledgeNode,
} from "./support";

const NOBODY = "0x000000000000000000000000000000000000dEaD";

/** Parameters that are right. */
const USUAL = {
  cellularCap: 3,
  coreCap: 6,
  idleSeconds: IDLE,
  treasury: NOBODY,
  genesisOperators: [NOBODY] as string[],
};

describe("NodeStaking", () => {
  shouldBehaveLikeStakePool({
    deploy: (cos) => deployNodes({ cellularCap: 102, ...(cos === undefined ? {} : { cos }) }),
    construct: async (authority, cos, ecosystem) => {
      const factory = await ethers.getContractFactory("NodeStaking");
      return factory.deploy(authority, cos, ecosystem, USUAL);
    },
    pledge: (pool, owner) => pledgeNode(pool, owner, KIND.cellular),
    weight: PRICE[0],
  });

  describe("constructor", () => {
    async function refused(change: Partial<typeof USUAL>, error: string, args: unknown[]): Promise<void> {
      const { manager, cos, vault, pool } = await loadFixture(deployNodes);
      const factory = await ethers.getContractFactory("NodeStaking");
      await expect(factory.deploy(manager, cos, vault, { ...USUAL, ...change }))
        .to.be.revertedWithCustomError(pool, error)
        .withArgs(...args);
    }

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

  describe("the stream", () => {
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
      const { pool, alice, position } = await loadFixture(pledged);
      const renewed = await pledgeNode(pool, alice, KIND.cellular);
      const released = await pledgeNode(pool, alice, KIND.cellular);
      await time.increaseTo((await pool.endOf(released)) + IDLE);
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
});
