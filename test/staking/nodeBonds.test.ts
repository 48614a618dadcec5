import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress } from "ethers";
import type { OperatorMock } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { bound, fillCellular } from "./nodes";
import { BOND, DAY, FOREVER, IDLE, KIND, LOCK, PRICE, RATE, STATE, at, deployNodes, now, pledgeNode } from "./support";

const NOBODY = "0x000000000000000000000000000000000000dEaD";

describe("NodeStaking, deposits of operators", () => {
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
});
