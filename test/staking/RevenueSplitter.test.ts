import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress, ZeroHash, id, type ContractTransactionResponse } from "ethers";
import type { HostileERC20Mock, OperatorMock, RevenueSplitter } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import {
  BNB,
  EPOCH,
  MAX_OUTSTANDING,
  NODES_PER_SECOND,
  NODE_SHARE,
  PLEDGES_PER_SECOND,
  POOL,
  STAKERS_ONLY,
  STREAM,
  WEIGHT,
  at,
  begin,
  credit,
  deploySplitter,
  startOf,
  type RevenueFixture,
  type Shares,
} from "./revenueSupport";

const NOBODY = "0x000000000000000000000000000000000000dEaD";
const RECEIVER = "0x2000000000000000000000000000000000000002";
const SOURCE = id("game 1");

/** A developer's usual shares. */
async function usual({ developer }: RevenueFixture): Promise<Shares> {
  return { developer: await developer.getAddress(), developerBps: 7_000n, stakersBps: 2_000n, treasuryBps: 1_000n };
}

/** Alice has one position among the nodes, and `STREAM` of gold was credited in the first epoch. */
async function withStream() {
  const fixture = await deploySplitter();
  const position = await begin(fixture.nodes, fixture.alice);
  await credit(fixture, fixture.gold, STREAM);
  return { ...fixture, position };
}

/** An account that refuses or answers BNB, and is a developer with some to withdraw. */
async function withContractDeveloper() {
  const fixture = await deploySplitter();
  const account = await deploy<OperatorMock>("OperatorMock");
  await credit(fixture, BNB, 10_000n, { ...(await usual(fixture)), developer: await account.getAddress() });
  return { ...fixture, account };
}

describe("RevenueSplitter", () => {
  describe("constructor", () => {
    const make = async (
      change: Partial<{
        authority: string;
        nodes: string;
        pledges: string;
        treasury: string;
        nodeShareBps: bigint;
        tokens: string[];
      }>,
    ): Promise<RevenueSplitter> => {
      const { manager, nodes, pledges, treasury } = await loadFixture(deploySplitter);
      return deploy<RevenueSplitter>("RevenueSplitter", [
        change.authority ?? (await manager.getAddress()),
        change.nodes ?? (await nodes.getAddress()),
        change.pledges ?? (await pledges.getAddress()),
        {
          treasury: change.treasury ?? treasury,
          nodeShareBps: change.nodeShareBps ?? NODE_SHARE,
          tokens: change.tokens ?? [BNB],
        },
      ]);
    };

    for (const part of ["authority", "nodes", "pledges"] as const) {
      it(`reverts when the ${part} have no code`, async () => {
        const { splitter } = await loadFixture(deploySplitter);
        await expect(make({ [part]: NOBODY }))
          .to.be.revertedWithCustomError(splitter, "NotAContract")
          .withArgs(NOBODY);
      });
    }

    it("reverts when the treasury is zero", async () => {
      const { splitter } = await loadFixture(deploySplitter);
      await expect(make({ treasury: ZeroAddress })).to.be.revertedWithCustomError(splitter, "ZeroTreasury");
    });

    it("reverts when the nodes' share is more than all", async () => {
      const { splitter } = await loadFixture(deploySplitter);
      await expect(make({ nodeShareBps: 10_001n }))
        .to.be.revertedWithCustomError(splitter, "NodeShareOutOfRange")
        .withArgs(10_001n, 10_000n);
      expect(await (await make({ nodeShareBps: 10_000n })).nodeShareBps(1n << 40n)).to.equal(10_000n);
    });

    it("reverts when a token has no code", async () => {
      const { splitter } = await loadFixture(deploySplitter);
      await expect(make({ tokens: [BNB, NOBODY] }))
        .to.be.revertedWithCustomError(splitter, "NotAContract")
        .withArgs(NOBODY);
    });

    it("keeps its parameters", async () => {
      const { splitter, manager, nodes, pledges, gold, treasury, first } = await loadFixture(deploySplitter);
      expect(await splitter.authority()).to.equal(await manager.getAddress());
      expect(await splitter.NODE_POOL()).to.equal(await nodes.getAddress());
      expect(await splitter.COS_POOL()).to.equal(await pledges.getAddress());
      expect(await splitter.treasury()).to.equal(treasury);
      expect(await splitter.nodeShareBps(first)).to.equal(NODE_SHARE);
      expect(await splitter.isTokenAllowed(BNB)).to.equal(true);
      expect(await splitter.isTokenAllowed(gold)).to.equal(true);
      expect(await splitter.isTokenAllowed(NOBODY)).to.equal(false);
      for (const pool of Object.values(POOL)) {
        expect(await splitter.openEpoch(pool, gold)).to.equal(first);
        expect(await splitter.openEpoch(pool, NOBODY)).to.equal(0n);
      }
    });
  });

  describe("credit", () => {
    it("reverts when the caller is no creditor", async () => {
      const { splitter, admin } = await loadFixture(deploySplitter);
      await expect(splitter.connect(admin).credit(SOURCE, BNB, 1n, STAKERS_ONLY, { value: 1n }))
        .to.be.revertedWithCustomError(splitter, "AccessManagedUnauthorized")
        .withArgs(await admin.getAddress());
    });

    it("reverts when the token is not allowed", async () => {
      const { splitter, creditor } = await loadFixture(deploySplitter);
      await expect(splitter.connect(creditor).credit(SOURCE, NOBODY, 1n, STAKERS_ONLY))
        .to.be.revertedWithCustomError(splitter, "TokenNotAllowed")
        .withArgs(NOBODY);
    });

    for (const treasuryBps of [999n, 1_001n]) {
      it(`reverts when the shares sum to ${9_000n + treasuryBps}`, async () => {
        const fixture = await loadFixture(deploySplitter);
        await expect(credit(fixture, BNB, 1n, { ...(await usual(fixture)), treasuryBps }))
          .to.be.revertedWithCustomError(fixture.splitter, "SharesNotWhole")
          .withArgs(9_000n + treasuryBps, 10_000n);
      });
    }

    it("reverts when a part is for no developer", async () => {
      const fixture = await loadFixture(deploySplitter);
      await expect(credit(fixture, BNB, 1n, { ...(await usual(fixture)), developer: ZeroAddress }))
        .to.be.revertedWithCustomError(fixture.splitter, "DeveloperMissing")
        .withArgs(7_000n);
    });

    for (const value of [99n, 101n]) {
      it(`reverts when ${value} come for an amount of 100 in BNB`, async () => {
        const { splitter, creditor } = await loadFixture(deploySplitter);
        await expect(splitter.connect(creditor).credit(SOURCE, BNB, 100n, STAKERS_ONLY, { value }))
          .to.be.revertedWithCustomError(splitter, "WrongValue")
          .withArgs(value, 100n);
      });
    }

    it("reverts when BNB comes with another token", async () => {
      const { splitter, creditor, gold } = await loadFixture(deploySplitter);
      await expect(splitter.connect(creditor).credit(SOURCE, gold, 100n, STAKERS_ONLY, { value: 100n }))
        .to.be.revertedWithCustomError(splitter, "WrongValue")
        .withArgs(100n, 0n);
    });

    it("reverts when the token answers false", async () => {
      const fixture = await loadFixture(deploySplitter);
      await fixture.gold.setAnswersFalse(true);
      await expect(credit(fixture, fixture.gold, 100n))
        .to.be.revertedWithCustomError(fixture.splitter, "SafeERC20FailedOperation")
        .withArgs(await fixture.gold.getAddress());
    });

    it("reverts when nothing arrives", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, gold } = fixture;
      await expect(credit(fixture, BNB, 0n))
        .to.be.revertedWithCustomError(splitter, "NothingReceived")
        .withArgs(BNB);
      await gold.setFee(10_000n);
      await expect(credit(fixture, gold, 100n))
        .to.be.revertedWithCustomError(splitter, "NothingReceived")
        .withArgs(await gold.getAddress());
    });

    it("reverts when more of a token would be outstanding than a stream can count", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, gold } = fixture;
      await credit(fixture, gold, MAX_OUTSTANDING);
      expect(await splitter.outstanding(gold)).to.equal(MAX_OUTSTANDING);
      await expect(credit(fixture, gold, 1n))
        .to.be.revertedWithCustomError(splitter, "OutstandingTooLarge")
        .withArgs(MAX_OUTSTANDING + 1n, MAX_OUTSTANDING);
    });

    it("divides, and gives the stakers the rounding", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, creditor, developer, gold, address, first } = fixture;
      const sent = splitter.connect(creditor).credit(SOURCE, gold, 10_008n, await usual(fixture));
      // 7005.6, 1000.8 and the rest of 2003, of which 1201.8 are for the nodes.
      await expect(sent)
        .to.emit(splitter, "RevenueCredited")
        .withArgs(SOURCE, await gold.getAddress(), await developer.getAddress(), first, 7_005n, 1_000n, 1_201n, 802n);
      await expect(sent).to.changeTokenBalances(gold, [creditor, address], [-10_008n, 10_008n]);
      expect(await splitter.outstanding(gold)).to.equal(10_008n);
      expect(await splitter.developerDue(developer, gold)).to.equal(7_005n);
      expect(await splitter.treasuryDue(gold)).to.equal(1_000n);
      expect(await splitter.streamOf(POOL.node, gold, first + 1n)).to.equal(1_201n);
      expect(await splitter.streamOf(POOL.cos, gold, first + 1n)).to.equal(802n);
      expect(await splitter.streamOf(POOL.node, gold, first)).to.equal(0n);
    });

    it("takes BNB as it takes a token", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, developer, address, first } = fixture;
      await expect(credit(fixture, BNB, 10_000n, await usual(fixture))).to.changeEtherBalance(address, 10_000n);
      expect(await splitter.developerDue(developer, BNB)).to.equal(7_000n);
      expect(await splitter.treasuryDue(BNB)).to.equal(1_000n);
      expect(await splitter.streamOf(POOL.node, BNB, first + 1n)).to.equal(1_200n);
      expect(await splitter.outstanding(BNB)).to.equal(10_000n);
    });

    it("counts what arrived of a token that takes a fee", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, developer, gold, address } = fixture;
      await gold.setFee(1_000n);
      await credit(fixture, gold, 10_000n, await usual(fixture));
      expect(await gold.balanceOf(address)).to.equal(9_000n);
      expect(await splitter.outstanding(gold)).to.equal(9_000n);
      expect(await splitter.developerDue(developer, gold)).to.equal(6_300n);
    });

    it("adds up, by developer, token and epoch", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, developer, bob, gold, silver, first } = fixture;
      const shares = await usual(fixture);
      await credit(fixture, gold, 10_000n, shares);
      await credit(fixture, gold, 20_000n, { ...shares, developer: bob });
      await at(startOf(first + 1n) - 1n);
      await credit(fixture, gold, 40_000n, shares);
      await at(startOf(first + 1n));
      await credit(fixture, gold, 80_000n, shares);
      await credit(fixture, silver, 100n, shares);
      expect(await splitter.developerDue(developer, gold)).to.equal(91_000n);
      expect(await splitter.developerDue(bob, gold)).to.equal(14_000n);
      expect(await splitter.developerDue(developer, silver)).to.equal(70n);
      expect(await splitter.treasuryDue(gold)).to.equal(15_000n);
      expect(await splitter.streamOf(POOL.node, gold, first + 1n)).to.equal(8_400n);
      expect(await splitter.streamOf(POOL.cos, gold, first + 1n)).to.equal(5_600n);
      expect(await splitter.streamOf(POOL.node, gold, first + 2n)).to.equal(9_600n);
      expect(await splitter.outstanding(gold)).to.equal(150_000n);
    });

    it("keeps a token that calls back out", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, manager, gold, address } = fixture;
      await manager.grantRole(1n, await gold.getAddress(), 0);
      const calls = [
        splitter.interface.encodeFunctionData("credit", [ZeroHash, BNB, 0n, STAKERS_ONLY] as never),
        splitter.interface.encodeFunctionData("claim", [POOL.node, 0n, BNB, RECEIVER]),
        splitter.interface.encodeFunctionData("withdraw", [BNB, RECEIVER]),
        splitter.interface.encodeFunctionData("payTreasury", [BNB]),
      ];
      for (const call of calls) {
        await gold.setReaction(address, call);
        await credit(fixture, gold, 100n);
        expect(await gold.reacted()).to.equal(false);
        expect(await gold.answer()).to.equal(splitter.interface.encodeErrorResult("ReentrancyGuardReentrantCall", []));
      }
      expect(await splitter.outstanding(gold)).to.equal(400n);
    });
  });

  describe("closeEpoch", () => {
    it("reverts when the token never was allowed", async () => {
      const { splitter } = await loadFixture(deploySplitter);
      await expect(splitter.closeEpoch(POOL.node, NOBODY, 1n))
        .to.be.revertedWithCustomError(splitter, "TokenNeverAllowed")
        .withArgs(NOBODY);
    });

    it("reverts when the pool does, and leaves the other pool alone", async () => {
      const { splitter, nodes, gold, first } = await loadFixture(deploySplitter);
      await nodes.setRefuses(true);
      await time.increase(EPOCH);
      await expect(splitter.closeEpoch(POOL.node, gold, 1n)).to.be.revertedWithCustomError(nodes, "SyncRefused");
      await splitter.closeEpoch(POOL.cos, gold, 1n);
      expect(await splitter.openEpoch(POOL.cos, gold)).to.equal(first + 1n);
    });

    it("closes an epoch from the second on in which the next begins", async () => {
      const { splitter, gold, first } = await loadFixture(deploySplitter);
      await at(startOf(first + 1n) - 1n);
      await splitter.closeEpoch(POOL.node, gold, 5n);
      expect(await splitter.openEpoch(POOL.node, gold)).to.equal(first);
      await at(startOf(first + 1n));
      await expect(splitter.closeEpoch(POOL.node, gold, 5n))
        .to.emit(splitter, "EpochClosed")
        .withArgs(POOL.node, await gold.getAddress(), first, 0n, 0n);
      expect(await splitter.openEpoch(POOL.node, gold)).to.equal(first + 1n);
    });

    it("closes no more than it is told to", async () => {
      const { splitter, gold, silver, first } = await loadFixture(deploySplitter);
      await time.increase(10n * EPOCH);
      expect(await splitter.closeEpoch.staticCall(POOL.node, gold, 3n)).to.equal(first + 3n);
      await splitter.closeEpoch(POOL.node, gold, 3n);
      expect(await splitter.openEpoch(POOL.node, gold)).to.equal(first + 3n);
      await splitter.closeEpoch(POOL.node, gold, 7n);
      await splitter.closeEpoch(POOL.node, silver, 100n);
      for (const token of [gold, silver]) expect(await splitter.openEpoch(POOL.node, token)).to.equal(first + 10n);
      expect(await splitter.openEpoch(POOL.cos, gold)).to.equal(first);
    });

    it("keeps what an epoch paid per weight", async () => {
      const { splitter, gold, first } = await loadFixture(withStream);
      await time.increaseTo(startOf(first + 3n));
      await splitter.closeEpoch(POOL.node, gold, 3n);
      const stream = NODES_PER_SECOND * EPOCH;
      const perWeight = stream * ((EPOCH * (1n << 128n)) / WEIGHT);
      expect(await splitter.prefixOf(POOL.node, gold, first + 1n)).to.equal(0n);
      expect(await splitter.prefixOf(POOL.node, gold, first + 2n)).to.equal(perWeight);
      expect(await splitter.prefixOf(POOL.node, gold, first + 3n)).to.equal(perWeight);
      expect(await splitter.prefixOf(POOL.node, gold, first + 4n)).to.equal(0n);
    });

    it("rolls forward what found nobody staked", async () => {
      const { splitter, nodes, alice, gold, first, position } = await loadFixture(withStream);
      // Of the second epoch a quarter has no weight, and the third has none at all.
      await at(startOf(first + 1n) + (EPOCH / 4n) * 3n);
      await nodes.end(position);
      await time.increaseTo(startOf(first + 3n) - 10n);
      const idle = (NODES_PER_SECOND * EPOCH) / 4n;
      await expect(splitter.closeEpoch(POOL.node, gold, 3n))
        .to.emit(splitter, "EpochClosed")
        .withArgs(POOL.node, await gold.getAddress(), first + 1n, NODES_PER_SECOND * EPOCH, idle);
      await at(startOf(first + 3n));
      const late = await begin(nodes, alice);
      await expect(splitter.closeEpoch(POOL.node, gold, 3n))
        .to.emit(splitter, "EpochClosed")
        .withArgs(POOL.node, await gold.getAddress(), first + 2n, idle, idle);
      await at(startOf(first + 4n));
      const payment = splitter.connect(alice).claim(POOL.node, late, gold, RECEIVER);
      await expect(payment).to.changeTokenBalance(gold, RECEIVER, idle);
      await splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER);
      // Nobody has ever staked COS: it is all still there.
      await time.increase(20n * EPOCH);
      await splitter.closeEpoch(POOL.cos, gold, 100n);
      const open = await splitter.openEpoch(POOL.cos, gold);
      expect(await splitter.streamOf(POOL.cos, gold, open)).to.equal(PLEDGES_PER_SECOND * EPOCH);
      expect(await splitter.outstanding(gold)).to.equal(PLEDGES_PER_SECOND * EPOCH);
    });

    it("adds what rolls forward, rounded down, to what streams already", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, nodes, alice, gold, first } = fixture;
      await splitter.setNodeShare(10_000n);
      await at(startOf(first + 1n));
      await credit(fixture, gold, 1_000n);
      await at(startOf(first + 2n) + 1n);
      await begin(nodes, alice);
      await credit(fixture, gold, 50n);
      await time.increaseTo(startOf(first + 3n));
      // One idle second of 604,800 is less than one thousandth.
      await splitter.closeEpoch(POOL.node, gold, 9n);
      expect(await splitter.streamOf(POOL.node, gold, first + 3n)).to.equal(50n);
      await nodes.end(1n);
      await at(startOf(first + 3n) + EPOCH / 2n);
      await begin(nodes, alice);
      await credit(fixture, gold, 7n);
      await time.increaseTo(startOf(first + 4n));
      await splitter.closeEpoch(POOL.node, gold, 9n);
      expect(await splitter.streamOf(POOL.node, gold, first + 4n)).to.equal(7n + 24n);
    });

    it("gives one result, whenever and however often it is called", async () => {
      const run = async (calls: readonly (readonly [epochs: bigint, max: bigint])[]): Promise<readonly bigint[]> => {
        const fixture = await loadFixture(deploySplitter);
        const { splitter, nodes, alice, gold, silver, first } = fixture;
        await credit(fixture, gold, 1_000_003n);
        await at(startOf(first + 1n) + 1_000n);
        const position = await begin(nodes, alice, 3n * 10n ** 18n);
        await at(startOf(first + 2n) + 777n);
        await credit(fixture, gold, 2_000_033n);
        await at(startOf(first + 4n) + 5n);
        await nodes.end(position);
        for (const [epochs, max] of calls) {
          const target = startOf(first + epochs) + 10n;
          if (target > BigInt(await time.latest())) await time.increaseTo(target);
          await splitter.closeEpoch(POOL.node, gold, max);
          await splitter.closeEpoch(POOL.node, silver, max);
        }
        const all: bigint[] = [];
        for (let epoch = first; epoch <= first + 9n; ++epoch) {
          all.push(await splitter.prefixOf(POOL.node, gold, epoch), await splitter.streamOf(POOL.node, gold, epoch));
        }
        return all;
      };
      const late = await run([[9n, 100n]]);
      expect(late.filter((value) => value !== 0n).length).to.be.greaterThan(10);
      const often = await run([4n, 5n, 6n, 7n, 8n, 9n].map((epochs) => [epochs, 3n] as const));
      expect(often).to.deep.equal(late);
    });
  });

  describe("claim", () => {
    it("reverts when the pool does", async () => {
      const { splitter, nodes, alice, gold, position } = await loadFixture(withStream);
      await nodes.setRefuses(true);
      await expect(splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER)).to.be.revertedWithCustomError(
        nodes,
        "SyncRefused",
      );
    });

    it("reverts when the caller is not the position's owner", async () => {
      const { splitter, alice, bob, gold, position } = await loadFixture(withStream);
      await expect(splitter.connect(bob).claim(POOL.node, position, gold, RECEIVER))
        .to.be.revertedWithCustomError(splitter, "NotPositionOwner")
        .withArgs(await bob.getAddress(), await alice.getAddress());
    });

    it("reverts when the pool has no such position, though the other pool has", async () => {
      const { splitter, pledges, alice, gold, position } = await loadFixture(withStream);
      await expect(splitter.connect(alice).claim(POOL.cos, position, gold, RECEIVER))
        .to.be.revertedWithCustomError(pledges, "UnknownPosition")
        .withArgs(position);
    });

    it("reverts when the receiver is zero", async () => {
      const { splitter, alice, gold, position } = await loadFixture(withStream);
      await expect(splitter.connect(alice).claim(POOL.node, position, gold, ZeroAddress)).to.be.revertedWithCustomError(
        splitter,
        "ZeroReceiver",
      );
    });

    it("reverts when the token never was allowed", async () => {
      const { splitter, alice, position } = await loadFixture(withStream);
      await expect(splitter.connect(alice).claim(POOL.node, position, NOBODY, RECEIVER))
        .to.be.revertedWithCustomError(splitter, "TokenNeverAllowed")
        .withArgs(NOBODY);
    });

    it("reverts when more epochs are open than it closes", async () => {
      const { splitter, alice, gold, first, position } = await loadFixture(withStream);
      await time.increaseTo(startOf(first + 101n));
      const claim = (): Promise<ContractTransactionResponse> =>
        splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER);
      await expect(claim())
        .to.be.revertedWithCustomError(splitter, "EpochsOpen")
        .withArgs(first + 100n, first + 101n);
      await splitter.closeEpoch(POOL.node, gold, 1n);
      await expect(claim()).to.changeTokenBalance(gold, RECEIVER, NODES_PER_SECOND * EPOCH);
      expect(await splitter.openEpoch(POOL.node, gold)).to.equal(first + 101n);
    });

    it("closes only where it has to: an ended position needs nothing after its end", async () => {
      const { splitter, nodes, alice, gold, first, position } = await loadFixture(withStream);
      await at(startOf(first + 2n) + 1n);
      await nodes.end(position);
      await time.increase(200n * EPOCH);
      await splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER);
      expect(await splitter.openEpoch(POOL.node, gold)).to.equal(first + 2n);
      expect(await gold.balanceOf(RECEIVER)).to.equal(NODES_PER_SECOND * EPOCH);
    });

    it("reverts when nothing is due: in the epoch of the credit, and a second time", async () => {
      const { splitter, alice, gold, first, position } = await loadFixture(withStream);
      const claim = (): Promise<ContractTransactionResponse> =>
        splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER);
      await at(startOf(first + 1n));
      await expect(claim())
        .to.be.revertedWithCustomError(splitter, "NothingDue")
        .withArgs(await gold.getAddress());
      await at(startOf(first + 2n));
      await claim();
      await expect(claim()).to.be.revertedWithCustomError(splitter, "NothingDue");
    });

    it("pays evenly over the next epoch, to whom the owner says", async () => {
      const { splitter, alice, gold, address, first, position } = await loadFixture(withStream);
      const as = splitter.connect(alice);
      const begins = startOf(first + 1n);
      await at(begins + 1n);
      const payment = as.claim(POOL.node, position, gold, RECEIVER);
      await expect(payment)
        .to.emit(splitter, "RevenueClaimed")
        .withArgs(POOL.node, position, await gold.getAddress(), RECEIVER, NODES_PER_SECOND);
      await expect(payment).to.changeTokenBalances(gold, [address, RECEIVER], [-NODES_PER_SECOND, NODES_PER_SECOND]);
      expect(await splitter.claimed(POOL.node, position, gold)).to.equal(NODES_PER_SECOND);
      expect(await splitter.outstanding(gold)).to.equal(STREAM - NODES_PER_SECOND);
      await at(begins + EPOCH / 2n);
      await as.claim(POOL.node, position, gold, alice);
      expect(await gold.balanceOf(alice)).to.equal(NODES_PER_SECOND * (EPOCH / 2n - 1n));
      await at(begins + EPOCH);
      await as.claim(POOL.node, position, gold, alice);
      expect(await gold.balanceOf(alice)).to.equal(NODES_PER_SECOND * (EPOCH - 1n));
      await at(begins + EPOCH + 1n);
      await expect(as.claim(POOL.node, position, gold, alice)).to.be.revertedWithCustomError(splitter, "NothingDue");
      expect(await splitter.claimed(POOL.node, position, gold)).to.equal(NODES_PER_SECOND * EPOCH);
    });

    it("says what it would pay", async () => {
      const { splitter, alice, gold, first, position } = await loadFixture(withStream);
      await time.increaseTo(startOf(first + 2n));
      expect(await splitter.connect(alice).claim.staticCall(POOL.node, position, gold, RECEIVER)).to.equal(
        NODES_PER_SECOND * EPOCH,
      );
    });

    it("pays nothing of a credit for a pledge that came just before it and left with its epoch", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, nodes, alice, bob, gold, first } = fixture;
      await at(startOf(first + 1n) - 10n);
      const hasty = await begin(nodes, bob);
      await at(startOf(first + 1n) - 5n);
      await credit(fixture, gold, STREAM);
      await at(startOf(first + 1n));
      await nodes.end(hasty);
      const patient = await begin(nodes, alice);
      await at(startOf(first + 2n));
      await expect(splitter.connect(bob).claim(POOL.node, hasty, gold, RECEIVER)).to.be.revertedWithCustomError(
        splitter,
        "NothingDue",
      );
      await splitter.connect(alice).claim(POOL.node, patient, gold, RECEIVER);
      // A second passed between its beginning and the epoch's.
      expect(await gold.balanceOf(RECEIVER)).to.equal(NODES_PER_SECOND * (EPOCH - 1n));
    });

    it("pays a span that begins and ends within one epoch for its seconds", async () => {
      const { splitter, nodes, alice, bob, gold, first, position } = await loadFixture(withStream);
      await at(startOf(first + 1n) + 1_000n);
      const short = await begin(nodes, bob, WEIGHT);
      await at(startOf(first + 1n) + 4_000n);
      await nodes.end(short);
      await time.increaseTo(startOf(first + 5n));
      await splitter.connect(bob).claim(POOL.node, short, gold, RECEIVER);
      expect(await gold.balanceOf(RECEIVER)).to.equal((NODES_PER_SECOND * 3_000n) / 2n);
      await splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER);
      expect(await gold.balanceOf(RECEIVER)).to.equal(NODES_PER_SECOND * EPOCH);
      expect(await splitter.outstanding(gold)).to.equal(PLEDGES_PER_SECOND * EPOCH);
    });

    it("pays nothing for a span of no seconds", async () => {
      const { splitter, nodes, bob, gold, first } = await loadFixture(withStream);
      await time.increaseTo(startOf(first + 1n) + 100n);
      await ethers.provider.send("evm_setAutomine", [false]);
      await nodes.begin(bob, WEIGHT);
      await nodes.end(2n);
      await ethers.provider.send("evm_mine", []);
      await ethers.provider.send("evm_setAutomine", [true]);
      const { from, to } = await nodes.spanOf(2n);
      expect(to).to.equal(from);
      await time.increase(EPOCH);
      await expect(splitter.connect(bob).claim(POOL.node, 2n, gold, RECEIVER)).to.be.revertedWithCustomError(
        splitter,
        "NothingDue",
      );
    });

    it("pays a span over many epochs, each by its own stream and weights", async () => {
      const fixture = await loadFixture(withStream);
      const { splitter, nodes, alice, bob, gold, first, position } = fixture;
      await at(startOf(first + 1n) + 300_000n);
      await credit(fixture, gold, 2n * STREAM);
      // Three quarters of the weight are Bob's from the middle of the third epoch to a third into the fifth.
      await at(startOf(first + 2n) + EPOCH / 2n);
      const other = await begin(nodes, bob, 3n * WEIGHT);
      await at(startOf(first + 3n) + 5n);
      await credit(fixture, gold, 4n * STREAM);
      await at(startOf(first + 4n) + EPOCH / 3n);
      await nodes.end(other);
      await at(startOf(first + 4n) + (EPOCH / 3n) * 2n);
      await nodes.end(position);
      await time.increaseTo(startOf(first + 30n));
      const whole = NODES_PER_SECOND * EPOCH;
      await splitter.connect(bob).claim(POOL.node, other, gold, bob);
      expect(await gold.balanceOf(bob)).to.equal((2n * whole * 3n) / 8n + (4n * whole) / 4n);
      await splitter.connect(alice).claim(POOL.node, position, gold, alice);
      expect(await gold.balanceOf(alice)).to.equal(
        whole + whole + (2n * whole) / 8n + (4n * whole) / 12n + (4n * whole) / 3n,
      );
      // The last third of the fifth epoch's stream found nobody, ever since.
      await splitter.closeEpoch(POOL.node, gold, ethers.MaxUint256);
      expect(await splitter.streamOf(POOL.node, gold, first + 30n)).to.equal((4n * whole) / 3n);
    });

    it("pays a position that began before the token was allowed from the token's first stream on", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, nodes, alice, creditor, address, first } = fixture;
      const position = await begin(nodes, alice);
      await time.increaseTo(startOf(first + 20n));
      const late = await deploy<HostileERC20Mock>("HostileERC20Mock");
      await late.mint(creditor, STREAM);
      await late.connect(creditor).approve(address, STREAM);
      await splitter.setTokenAllowed(late, true);
      await credit(fixture, late, STREAM);
      await time.increaseTo(startOf(first + 22n));
      await splitter.connect(alice).claim(POOL.node, position, late, RECEIVER);
      expect(await late.balanceOf(RECEIVER)).to.equal(NODES_PER_SECOND * EPOCH);
    });

    it("counts tokens and pools apart, BNB among them", async () => {
      const fixture = await loadFixture(withStream);
      const { splitter, pledges, alice, gold, silver, first, position } = fixture;
      const pledge = await begin(pledges, alice, 2n * WEIGHT);
      await credit(fixture, silver, 2n * STREAM);
      await credit(fixture, BNB, 3n * STREAM);
      await time.increaseTo(startOf(first + 2n));
      const as = splitter.connect(alice);
      const whole = [NODES_PER_SECOND * EPOCH, PLEDGES_PER_SECOND * EPOCH] as const;
      await expect(as.claim(POOL.node, position, BNB, RECEIVER)).to.changeEtherBalance(RECEIVER, 3n * whole[0]);
      await expect(as.claim(POOL.cos, pledge, BNB, RECEIVER)).to.changeEtherBalance(RECEIVER, 3n * whole[1]);
      await expect(as.claim(POOL.cos, pledge, gold, RECEIVER)).to.changeTokenBalance(gold, RECEIVER, whole[1]);
      await expect(as.claim(POOL.node, position, gold, RECEIVER)).to.changeTokenBalance(gold, RECEIVER, whole[0]);
      await expect(as.claim(POOL.node, position, silver, RECEIVER)).to.changeTokenBalance(
        silver,
        RECEIVER,
        2n * whole[0],
      );
      expect(await splitter.outstanding(BNB)).to.equal(0n);
      expect(await splitter.outstanding(gold)).to.equal(0n);
      expect(await splitter.outstanding(silver)).to.equal(2n * whole[1]);
    });

    it("never pays two positions more than was credited, however the weight divides", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, nodes, alice, gold, first } = fixture;
      const weights = [10n ** 18n, 3n * 10n ** 18n + 1n, 7n * 10n ** 18n + 13n];
      for (const weight of weights) await begin(nodes, alice, weight);
      await credit(fixture, gold, 999_999_999_999_999_989n);
      const stream = await splitter.streamOf(POOL.node, gold, first + 1n);
      await time.increaseTo(startOf(first + 2n));
      for (const position of [1n, 2n, 3n]) {
        await splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER);
      }
      const paid = await gold.balanceOf(RECEIVER);
      expect(paid).to.be.lessThan(stream + 1n);
      expect(paid).to.be.greaterThan(stream - 4n);
    });

    it("goes on for a token that is allowed no longer", async () => {
      const fixture = await loadFixture(withStream);
      const { splitter, alice, gold, first, position } = fixture;
      await splitter.setTokenAllowed(gold, false);
      await time.increaseTo(startOf(first + 2n));
      await expect(credit(fixture, gold, 1n)).to.be.revertedWithCustomError(splitter, "TokenNotAllowed");
      await expect(splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER)).to.changeTokenBalance(
        gold,
        RECEIVER,
        NODES_PER_SECOND * EPOCH,
      );
    });

    it("suffers from a broken token in that token alone", async () => {
      const fixture = await loadFixture(withStream);
      const { splitter, alice, gold, silver, address, first, position } = fixture;
      await credit(fixture, silver, STREAM);
      await time.increaseTo(startOf(first + 2n));
      const as = splitter.connect(alice);
      await gold.setAnswersFalse(true);
      await expect(as.claim(POOL.node, position, gold, RECEIVER)).to.be.revertedWithCustomError(
        splitter,
        "SafeERC20FailedOperation",
      );
      await gold.setAnswersFalse(false);
      await gold.burn(address, STREAM);
      await expect(as.claim(POOL.node, position, gold, RECEIVER)).to.be.revertedWithCustomError(
        gold,
        "ERC20InsufficientBalance",
      );
      expect(await splitter.claimed(POOL.node, position, gold)).to.equal(0n);
      await expect(as.claim(POOL.node, position, silver, RECEIVER)).to.changeTokenBalance(
        silver,
        RECEIVER,
        NODES_PER_SECOND * EPOCH,
      );
    });

    it("keeps a token that calls back out", async () => {
      const { splitter, alice, gold, address, first, position } = await loadFixture(withStream);
      await time.increaseTo(startOf(first + 2n));
      await gold.setReaction(
        address,
        splitter.interface.encodeFunctionData("claim", [POOL.node, position, await gold.getAddress(), RECEIVER]),
      );
      await splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER);
      expect(await gold.answer()).to.equal(splitter.interface.encodeErrorResult("ReentrancyGuardReentrantCall", []));
      expect(await gold.balanceOf(RECEIVER)).to.equal(NODES_PER_SECOND * EPOCH);
    });
  });

  describe("withdraw", () => {
    it("reverts when the receiver is zero", async () => {
      const { splitter, developer } = await loadFixture(deploySplitter);
      await expect(splitter.connect(developer).withdraw(BNB, ZeroAddress)).to.be.revertedWithCustomError(
        splitter,
        "ZeroReceiver",
      );
    });

    it("reverts when nothing is due", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, alice, gold } = fixture;
      await credit(fixture, gold, 10_000n, await usual(fixture));
      await expect(splitter.connect(alice).withdraw(gold, RECEIVER))
        .to.be.revertedWithCustomError(splitter, "NothingDue")
        .withArgs(await gold.getAddress());
    });

    it("reverts when the receiver refuses BNB, and pays another", async () => {
      const { splitter, account, address } = await loadFixture(withContractDeveloper);
      await account.setRefuses(true);
      const call = (to: string): string => splitter.interface.encodeFunctionData("withdraw", [BNB, to]);
      await expect(account.execute(address, call(await account.getAddress()))).to.be.revertedWithCustomError(
        account,
        "CoinRefused",
      );
      expect(await splitter.developerDue(account, BNB)).to.equal(7_000n);
      await expect(account.execute(address, call(RECEIVER))).to.changeEtherBalance(RECEIVER, 7_000n);
    });

    it("keeps a receiver that calls back out", async () => {
      const { splitter, account, address } = await loadFixture(withContractDeveloper);
      const call = splitter.interface.encodeFunctionData("withdraw", [BNB, await account.getAddress()]);
      await account.setReaction(address, call);
      await expect(account.execute(address, call)).to.changeEtherBalance(address, -7_000n);
      expect(await account.reacted()).to.equal(false);
      expect(await account.answer()).to.equal(splitter.interface.encodeErrorResult("ReentrancyGuardReentrantCall", []));
    });

    it("pays the caller's parts, once", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, developer, gold, address } = fixture;
      await credit(fixture, gold, 10_000n, await usual(fixture));
      await credit(fixture, gold, 20_000n, await usual(fixture));
      const payment = splitter.connect(developer).withdraw(gold, RECEIVER);
      await expect(payment)
        .to.emit(splitter, "RevenueWithdrawn")
        .withArgs(await developer.getAddress(), await gold.getAddress(), RECEIVER, 21_000n);
      await expect(payment).to.changeTokenBalances(gold, [address, RECEIVER], [-21_000n, 21_000n]);
      expect(await splitter.outstanding(gold)).to.equal(9_000n);
      await expect(splitter.connect(developer).withdraw(gold, RECEIVER)).to.be.revertedWithCustomError(
        splitter,
        "NothingDue",
      );
    });
  });

  describe("payTreasury", () => {
    it("reverts when nothing is due", async () => {
      const { splitter } = await loadFixture(deploySplitter);
      await expect(splitter.payTreasury(BNB)).to.be.revertedWithCustomError(splitter, "NothingDue").withArgs(BNB);
    });

    it("pays the treasury for anyone, once", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, bob, treasury } = fixture;
      await credit(fixture, BNB, 10_000n, await usual(fixture));
      const payment = splitter.connect(bob).payTreasury(BNB);
      await expect(payment).to.emit(splitter, "TreasuryPaid").withArgs(treasury, BNB, 1_000n);
      await expect(payment).to.changeEtherBalance(treasury, 1_000n);
      expect(await splitter.outstanding(BNB)).to.equal(9_000n);
      await expect(splitter.payTreasury(BNB)).to.be.revertedWithCustomError(splitter, "NothingDue");
    });
  });

  describe("governance", () => {
    it("reverts when the caller has no role", async () => {
      const { splitter, alice, gold } = await loadFixture(deploySplitter);
      const as = splitter.connect(alice);
      for (const attempt of [
        () => as.setTokenAllowed(gold, false),
        () => as.setNodeShare(1n),
        () => as.setTreasury(RECEIVER),
      ]) {
        await expect(attempt())
          .to.be.revertedWithCustomError(splitter, "AccessManagedUnauthorized")
          .withArgs(await alice.getAddress());
      }
    });

    it("refuses a share above all, a treasury of nobody and a token without code", async () => {
      const { splitter } = await loadFixture(deploySplitter);
      await expect(splitter.setNodeShare(10_001n))
        .to.be.revertedWithCustomError(splitter, "NodeShareOutOfRange")
        .withArgs(10_001n, 10_000n);
      await expect(splitter.setTreasury(ZeroAddress)).to.be.revertedWithCustomError(splitter, "ZeroTreasury");
      await expect(splitter.setTokenAllowed(NOBODY, true))
        .to.be.revertedWithCustomError(splitter, "NotAContract")
        .withArgs(NOBODY);
    });

    it("changes the nodes' share from the next epoch on, whatever was asked last", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, gold, first } = fixture;
      await splitter.setNodeShare(9_999n);
      await expect(splitter.setNodeShare(1_000n))
        .to.emit(splitter, "NodeShareSet")
        .withArgs(1_000n, first + 1n);
      await credit(fixture, gold, 10_000n);
      await at(startOf(first + 1n) - 1n);
      await credit(fixture, gold, 10_000n);
      expect(await splitter.streamOf(POOL.node, gold, first + 1n)).to.equal(12_000n);
      await at(startOf(first + 1n));
      await credit(fixture, gold, 10_000n);
      expect(await splitter.streamOf(POOL.node, gold, first + 2n)).to.equal(1_000n);
      expect(await splitter.streamOf(POOL.cos, gold, first + 2n)).to.equal(9_000n);
      await splitter.setNodeShare(0n);
      expect(await splitter.nodeShareBps(first + 1n)).to.equal(1_000n);
      expect(await splitter.nodeShareBps(first + 2n)).to.equal(0n);
      await time.increaseTo(startOf(first + 7n));
      await splitter.setNodeShare(5_000n);
      expect(await splitter.nodeShareBps(first + 7n)).to.equal(0n);
      expect(await splitter.nodeShareBps(first + 8n)).to.equal(5_000n);
    });

    it("pays what waits for the treasury to the new one", async () => {
      const fixture = await loadFixture(deploySplitter);
      const { splitter, gold } = fixture;
      await credit(fixture, gold, 10_000n, await usual(fixture));
      await expect(splitter.setTreasury(RECEIVER)).to.emit(splitter, "TreasurySet").withArgs(RECEIVER);
      await expect(splitter.payTreasury(gold)).to.changeTokenBalance(gold, RECEIVER, 1_000n);
    });

    it("admits a token again without forgetting what it closed", async () => {
      const fixture = await loadFixture(withStream);
      const { splitter, alice, gold, first, position } = fixture;
      const token = await gold.getAddress();
      await expect(splitter.setTokenAllowed(gold, false)).to.emit(splitter, "TokenAllowed").withArgs(token, false);
      await time.increaseTo(startOf(first + 5n));
      await expect(splitter.setTokenAllowed(gold, true)).to.emit(splitter, "TokenAllowed").withArgs(token, true);
      expect(await splitter.openEpoch(POOL.node, gold)).to.equal(first);
      await credit(fixture, gold, STREAM);
      await time.increaseTo(startOf(first + 7n));
      await splitter.connect(alice).claim(POOL.node, position, gold, RECEIVER);
      expect(await gold.balanceOf(RECEIVER)).to.equal(2n * NODES_PER_SECOND * EPOCH);
    });
  });

  it("takes no BNB but by a credit, and counts none that is forced in", async () => {
    const fixture = await loadFixture(deploySplitter);
    const { splitter, creditor, address } = fixture;
    await expect(creditor.sendTransaction({ to: address, value: 1n })).to.be.revertedWithoutReason();
    await setBalance(address, 1_000_000n);
    await credit(fixture, BNB, 10_000n);
    expect(await splitter.outstanding(BNB)).to.equal(10_000n);
  });
});
