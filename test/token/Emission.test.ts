import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, parseEther } from "ethers";
import { ethers } from "hardhat";
import type { IssuanceSchedule, ReleaseSchedule } from "../../typechain-types";
import { actors as qscActors, paramsOf } from "../qsc/support";
import { DAY, deployVault, restrict } from "./support";

const PHASE = 1_460n * DAY;
/** A quarter of a billion, and a wei that is in no phase but the last. */
const BUDGET = parseEther("250000000") + 1n;
const SHARES = ["125000000", "62500000", "31250000", "15625000", "7812500", "3906250", "3906250"].map(parseEther);
const TOTALS = SHARES.map((share, phase) => (phase === 6 ? share + 1n : share));

async function deployRelease() {
  const fixture = await deployVault();
  const { manager, cos, vault, treasurer } = fixture;
  const rewards = await ethers.deployContract("CreditableMock", [cos]);
  const start = BigInt(await time.latest()) + 100n;
  const schedule = await ethers.deployContract("ReleaseSchedule", [manager, cos, vault, BUDGET, start, rewards]);
  await restrict(manager, schedule, ["setPhase", "setRecipient"]);
  await vault.approve(cos, schedule, BUDGET);
  return { ...fixture, schedule: schedule.connect(treasurer), rewards, start };
}

const CAP = parseEther("10000000000");
const GENESIS = (CAP * 49n) / 100n;

/** The QOS paper's numbers: ten billion, 49 % at genesis, 51 % over seven phases. */
async function deployIssuance() {
  const fixture = await deployVault();
  const { manager, admin, alice, treasurer } = fixture;
  const gateway = await ethers.deployContract("GatewayMock", [1n]);
  const params = paramsOf(await qscActors(), {
    cap: CAP,
    decimals: 18n,
    holdings: [{ account: admin.address, amount: GENESIS }],
  });
  const qsc = await ethers.deployContract("QSC", [params, gateway]);
  const start = BigInt(await time.latest()) + 100n;
  const budget = CAP - GENESIS;
  const schedule = await ethers.deployContract("IssuanceSchedule", [manager, qsc, budget, start, alice]);
  await restrict(manager, schedule, ["setPhase", "setRecipient"]);
  await qsc.grantRole(await qsc.BANKER_ROLE(), schedule);
  return { ...fixture, qsc, schedule: schedule.connect(treasurer), start, budget };
}

type Schedule = ReleaseSchedule | IssuanceSchedule;

/** What a release in the block of `timestamp` pays. */
async function releaseAt(schedule: Schedule, timestamp: bigint): Promise<bigint> {
  const before = await schedule.released();
  await time.setNextBlockTimestamp(timestamp);
  await schedule.release();
  return (await schedule.released()) - before;
}

describe("ReleaseSchedule", function () {
  describe("constructor", function () {
    it("reverts without a recipient", async function () {
      const { manager, cos, vault } = await loadFixture(deployRelease);
      const factory = await ethers.getContractFactory("ReleaseSchedule");
      await expect(factory.deploy(manager, cos, vault, BUDGET, 1n, ZeroAddress)).to.be.revertedWithCustomError(
        factory,
        "ZeroRecipient",
      );
    });

    it("splits the budget by the paper's shares and puts what rounding leaves into the last phase", async function () {
      const { schedule, start, cos, vault, rewards } = await loadFixture(deployRelease);
      for (const [phase, total] of TOTALS.entries()) {
        const begins = start + BigInt(phase) * PHASE;
        expect(await schedule.phaseOf(phase)).to.deep.equal([total, begins, begins + PHASE]);
      }
      expect(await schedule.BUDGET()).to.equal(BUDGET);
      expect(await schedule.START()).to.equal(start);
      expect(await schedule.TOKEN()).to.equal(cos);
      expect(await schedule.VAULT()).to.equal(vault);
      expect(await schedule.recipient()).to.equal(rewards);
    });

    it("loses no wei of a budget that seven phases cannot divide", async function () {
      const { manager, cos, vault, rewards } = await loadFixture(deployRelease);
      for (const budget of [0n, 1n, 63n, 127n, 2n ** 128n - 1n]) {
        const odd = await ethers.deployContract("ReleaseSchedule", [manager, cos, vault, budget, 1n, rewards]);
        let sum = 0n;
        for (let phase = 0; phase < 7; ++phase) sum += (await odd.phaseOf(phase)).total;
        expect(sum).to.equal(budget);
      }
    });
  });

  describe("release", function () {
    it("pays nothing up to the start, and a second's share in the next second", async function () {
      const { schedule, cos, rewards, start } = await loadFixture(deployRelease);
      expect(await releaseAt(schedule, start - 1n)).to.equal(0n);
      expect(await releaseAt(schedule, start)).to.equal(0n);
      expect(await releaseAt(schedule, start + 1n)).to.equal(TOTALS[0]! / PHASE);
      expect(await cos.balanceOf(rewards)).to.equal(TOTALS[0]! / PHASE);
    });

    it("returns 0 and says nothing where nothing is due", async function () {
      const { schedule, start } = await loadFixture(deployRelease);
      expect(await schedule.release.staticCall()).to.equal(0n);
      await time.setNextBlockTimestamp(start);
      await expect(schedule.release()).not.to.emit(schedule, "Emitted");
    });

    it("takes from the vault and credits the recipient, whoever calls", async function () {
      const { schedule, cos, vault, rewards, bob, start } = await loadFixture(deployRelease);
      await time.increaseTo(start + PHASE / 2n - 1n);
      const due = TOTALS[0]! / 2n;
      await time.setNextBlockTimestamp(start + PHASE / 2n);
      const release = schedule.connect(bob).release();
      await expect(release).to.emit(schedule, "Emitted").withArgs(rewards, due);
      await expect(release).to.changeTokenBalances(cos, [vault, rewards, schedule, bob], [-due, due, 0n, 0n]);
      expect(await schedule.released()).to.equal(due);
    });

    it("finishes a phase to the wei, at its last second and not before", async function () {
      const { schedule, start } = await loadFixture(deployRelease);
      await releaseAt(schedule, start + 12_345_677n);
      await releaseAt(schedule, start + PHASE - 1n);
      expect(await schedule.released()).to.be.below(TOTALS[0]);
      await releaseAt(schedule, start + PHASE);
      expect(await schedule.released()).to.equal(TOTALS[0]);
      expect(await releaseAt(schedule, start + PHASE + 1n)).to.equal(TOTALS[1]! / PHASE);
    });

    it("crosses a phase boundary long after exactly as at the boundary", async function () {
      const { schedule, start } = await loadFixture(deployRelease);
      await releaseAt(schedule, start + 1_000n);
      const late = start + 2n * PHASE + PHASE / 3n;
      await releaseAt(schedule, late);
      expect(await schedule.released()).to.equal(TOTALS[0]! + TOTALS[1]! + (TOTALS[2]! * (PHASE / 3n)) / PHASE);
    });

    it("pays the whole budget where nobody called before the end, and nothing after", async function () {
      const { schedule, cos, rewards, start } = await loadFixture(deployRelease);
      expect(await releaseAt(schedule, start + 7n * PHASE + 100n * 365n * DAY)).to.equal(BUDGET);
      expect(await cos.balanceOf(rewards)).to.equal(BUDGET);
      expect(await releaseAt(schedule, start + 8n * PHASE + 100n * 365n * DAY)).to.equal(0n);
      expect(await schedule.releasable()).to.equal(0n);
    });

    it("holds back the last phase's rest to its last second", async function () {
      const { schedule, start } = await loadFixture(deployRelease);
      await releaseAt(schedule, start + 7n * PHASE - 1n);
      expect(await schedule.released()).to.be.below(BUDGET);
      await releaseAt(schedule, start + 7n * PHASE);
      expect(await schedule.released()).to.equal(BUDGET);
    });

    it("reverts where the vault approved too little, and pays it later", async function () {
      const { schedule, cos, vault, start } = await loadFixture(deployRelease);
      await vault.approve(cos, schedule, TOTALS[0]! - 1n);
      await time.setNextBlockTimestamp(start + PHASE);
      await expect(schedule.release())
        .to.be.revertedWithCustomError(cos, "ERC20InsufficientAllowance")
        .withArgs(schedule, TOTALS[0]! - 1n, TOTALS[0]);
      expect(await schedule.released()).to.equal(0n);
      await vault.approve(cos, schedule, BUDGET);
      expect(await releaseAt(schedule, start + PHASE + 100n)).to.equal(TOTALS[0]! + (TOTALS[1]! * 100n) / PHASE);
    });

    it("reverts where the token calls back", async function () {
      const { manager, treasurer, start } = await loadFixture(deployRelease);
      const token = await ethers.deployContract("HostileERC20Mock");
      await token.mint(treasurer, 1_000n);
      const rewards = await ethers.deployContract("CreditableMock", [token]);
      const schedule = await ethers.deployContract("ReleaseSchedule", [
        manager,
        token,
        treasurer,
        1_000n,
        start,
        rewards,
      ]);
      await token.connect(treasurer).approve(schedule, MaxUint256);
      await token.setReaction(schedule, schedule.interface.encodeFunctionData("release"));
      await time.increaseTo(start + PHASE);
      await schedule.release();
      expect(await token.reacted()).to.equal(false);
      expect(schedule.interface.parseError(await token.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
    });
  });

  describe("release", function () {
    it("reverts where the recipient takes less, by a wei", async function () {
      const { schedule, cos, vault, rewards, start } = await loadFixture(deployRelease);
      await rewards.setShortfall(1n);
      await time.setNextBlockTimestamp(start + PHASE);
      await expect(schedule.release())
        .to.be.revertedWithCustomError(schedule, "CreditMismatch")
        .withArgs(TOTALS[0]! - 1n, TOTALS[0]);
      // What a stranger left there is nobody's, and in nobody's way.
      await rewards.setShortfall(0n);
      await vault.transfer(cos, schedule, 5n);
      await schedule.release();
      expect(await cos.balanceOf(schedule)).to.equal(5n);
      expect(await cos.allowance(schedule, rewards)).to.equal(0n);
    });

    it("reverts where the recipient is no contract that takes a credit, and pays the next one all", async function () {
      const { schedule, cos, rewards, alice, start } = await loadFixture(deployRelease);
      await schedule.setRecipient(alice);
      await time.setNextBlockTimestamp(start + 10n);
      await expect(schedule.release()).to.be.revertedWithoutReason();
      await schedule.setRecipient(rewards);
      await releaseAt(schedule, start + PHASE);
      expect(await cos.balanceOf(rewards)).to.equal(TOTALS[0]);
    });
  });

  describe("releasable", function () {
    it("is what a release in the same second pays", async function () {
      const { schedule, start } = await loadFixture(deployRelease);
      for (const after of [1n, 1_000n, PHASE - 1n, PHASE, 3n * PHASE + 7n, 7n * PHASE, 9n * PHASE]) {
        await time.increaseTo(start + after);
        const due = await schedule.releasable();
        const paid = await schedule.release.staticCall({ blockTag: "latest" });
        expect(paid).to.equal(due);
      }
    });
  });

  describe("setRecipient", function () {
    it("reverts for everyone but the treasurer", async function () {
      const { schedule, alice } = await loadFixture(deployRelease);
      await expect(schedule.connect(alice).setRecipient(alice))
        .to.be.revertedWithCustomError(schedule, "AccessManagedUnauthorized")
        .withArgs(alice);
    });

    it("reverts without a recipient", async function () {
      const { schedule } = await loadFixture(deployRelease);
      await expect(schedule.setRecipient(ZeroAddress)).to.be.revertedWithCustomError(schedule, "ZeroRecipient");
    });

    it("pays the new recipient from then on", async function () {
      const { schedule, cos, rewards, start } = await loadFixture(deployRelease);
      const first = await releaseAt(schedule, start + 100n);
      const others = await ethers.deployContract("CreditableMock", [cos]);
      await expect(schedule.setRecipient(others)).to.emit(schedule, "RecipientSet").withArgs(others);
      const second = await releaseAt(schedule, start + 1_000n);
      expect(await cos.balanceOf(rewards)).to.equal(first);
      expect(await cos.balanceOf(others)).to.equal(second);
    });
  });

  describe("setPhase", function () {
    it("reverts for everyone but the treasurer", async function () {
      const { schedule, alice } = await loadFixture(deployRelease);
      await expect(schedule.connect(alice).setPhase(6n, 0n))
        .to.be.revertedWithCustomError(schedule, "AccessManagedUnauthorized")
        .withArgs(alice);
    });

    it("reverts for a phase that does not exist", async function () {
      const { schedule } = await loadFixture(deployRelease);
      await expect(schedule.setPhase(7n, 0n)).to.be.revertedWithCustomError(schedule, "UnknownPhase").withArgs(7n, 7n);
      await expect(schedule.phaseOf(7n)).to.be.revertedWithCustomError(schedule, "UnknownPhase").withArgs(7n, 7n);
    });

    it("reverts from a phase's first second on, also where nobody released", async function () {
      const { schedule, start } = await loadFixture(deployRelease);
      for (const [phase, after] of [
        [0n, 0n],
        [2n, 2n * PHASE],
        [1n, 2n * PHASE + 1n],
      ] as const) {
        await time.setNextBlockTimestamp(start + after);
        await expect(schedule.setPhase(phase, 0n))
          .to.be.revertedWithCustomError(schedule, "PhaseBegun")
          .withArgs(start + after, start + phase * PHASE);
      }
    });

    it("reverts above the budget", async function () {
      const { schedule } = await loadFixture(deployRelease);
      await expect(schedule.setPhase(6n, TOTALS[6]! + 1n))
        .to.be.revertedWithCustomError(schedule, "BudgetExceeded")
        .withArgs(BUDGET + 1n, BUDGET);
      await expect(schedule.setPhase(0n, 2n ** 128n - 1n)).to.be.revertedWithCustomError(schedule, "BudgetExceeded");
    });

    it("changes a phase until the second before it begins, and no other", async function () {
      const { schedule, start } = await loadFixture(deployRelease);
      await releaseAt(schedule, start + 5n);
      await time.setNextBlockTimestamp(start + PHASE - 1n);
      await expect(schedule.setPhase(1n, 1_000n)).to.emit(schedule, "PhaseSet").withArgs(1n, 1_000n);
      // What one phase gives up, another may have.
      await schedule.setPhase(2n, TOTALS[2]! + TOTALS[1]! - 1_000n);
      await releaseAt(schedule, start + 2n * PHASE);
      expect(await schedule.released()).to.equal(TOTALS[0]! + 1_000n);
      await releaseAt(schedule, start + 7n * PHASE);
      expect(await schedule.released()).to.equal(BUDGET);
    });
  });
});

describe("IssuanceSchedule", function () {
  it("is not made with a budget that the cap leaves no room for", async function () {
    const { manager, qsc, alice, budget } = await loadFixture(deployIssuance);
    const factory = await ethers.getContractFactory("IssuanceSchedule");
    await expect(factory.deploy(manager, qsc, budget + 1n, 1n, alice))
      .to.be.revertedWithCustomError(factory, "BudgetBeyondCap")
      .withArgs(budget + 1n, budget);
  });

  it("issues the QOS paper's amounts, phase by phase, up to the cap", async function () {
    const { schedule, qsc, alice, start } = await loadFixture(deployIssuance);
    const paper = ["2550", "1275", "637.5", "318.75", "159.375", "79.6875", "79.6875"];
    let sum = 0n;
    for (const [phase, millions] of paper.entries()) {
      const paid = await releaseAt(schedule, start + BigInt(phase + 1) * PHASE);
      expect(paid).to.equal(parseEther(millions) * 1_000_000n);
      sum += paid;
      expect(await qsc.balanceOf(alice)).to.equal(sum);
    }
    expect(await qsc.issued()).to.equal(CAP);
    expect(await schedule.TOKEN()).to.equal(qsc);
  });

  it("reverts without the token's banker role, and issues later what was due", async function () {
    const { schedule, qsc, start } = await loadFixture(deployIssuance);
    const role = await qsc.BANKER_ROLE();
    await qsc.revokeRole(role, schedule);
    await time.setNextBlockTimestamp(start + 10n);
    await expect(schedule.release())
      .to.be.revertedWithCustomError(qsc, "AccessControlUnauthorizedAccount")
      .withArgs(schedule, role);
    await qsc.grantRole(role, schedule);
    expect(await releaseAt(schedule, start + 20n)).to.equal((parseEther("2550000000") * 20n) / PHASE);
  });

  it("stays within the cap where another banker issues, too", async function () {
    const { schedule, qsc, admin, start, budget } = await loadFixture(deployIssuance);
    await qsc.grantRole(await qsc.BANKER_ROLE(), admin);
    await qsc.connect(admin).issue(admin, 1n);
    await time.setNextBlockTimestamp(start + 7n * PHASE);
    await expect(schedule.release())
      .to.be.revertedWithCustomError(qsc, "CapExceeded")
      .withArgs(budget, budget - 1n);
  });
});
