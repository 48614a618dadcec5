import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress, type AddressLike, type Signer } from "ethers";
import type { GameAssets, GameQuests, TicTacToe } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { RAKE_BPS, deployRoom, play, scripted, type Deed, type RoomFixture } from "./roomSupport";

interface QuestFixture extends RoomFixture {
  readonly quests: GameQuests;
  readonly assets: GameAssets;
  /** Plenty of it may be minted, of game 1. */
  readonly sword: bigint;
  /** Of game 2, which has the same developer. */
  readonly shield: bigint;
}

async function deployQuests(): Promise<QuestFixture> {
  const fixture = await deployRoom();
  const { registry, engine, rules, developer } = fixture;
  const assets = await deploy<GameAssets>("GameAssets", [await registry.getAddress()]);
  const quests = await deploy<GameQuests>("GameQuests", [
    await registry.getAddress(),
    await engine.getAddress(),
    await assets.getAddress(),
  ]);
  await registry.connect(developer).registerGame(await rules.getAddress(), RAKE_BPS, "");
  const items: bigint[] = [];
  for (const gameId of [1n, 2n]) {
    await registry.connect(developer).setOperator(gameId, quests, true);
    const params = {
      kind: 1,
      unique: false,
      bound: false,
      cap: 1_000n,
      royaltyReceiver: ZeroAddress,
      royaltyBps: 0,
      uri: "",
    };
    items.push(await assets.connect(developer).defineItem.staticCall(gameId, params));
    await assets.connect(developer).defineItem(gameId, params);
  }
  return { ...fixture, quests, assets, sword: items[0]!, shield: items[1]! };
}

const loaded = () => loadFixture(deployQuests);

/** A settled session of which the second player got everything, and each achieved the bits of its share. */
async function settle(
  fixture: QuestFixture,
  shares: readonly number[] = [0, 10_000],
  gameId = 1n,
  expiry: Deed = "nothing",
): Promise<bigint> {
  const sessionId = await play(fixture, { stake: 0n }, gameId);
  await fixture.engine.connect(fixture.alice).playGame(sessionId, scripted("finish", expiry, shares));
  return sessionId;
}

async function quest(fixture: QuestFixture, change: object = {}) {
  const now = await time.latest();
  const { sword } = fixture;
  const usual = {
    gameId: 1n,
    until: now + 1_000,
    played: 0,
    won: 0,
    claims: 2,
    achievements: 0,
    item: sword,
    amount: 3n,
  };
  return { ...usual, ...change };
}

async function define(fixture: QuestFixture, change: object = { played: 1 }, by = fixture.developer): Promise<bigint> {
  await fixture.quests.connect(by).defineQuest(await quest(fixture, change));
  return fixture.quests.questCount();
}

describe("GameQuests", () => {
  describe("defineQuest", () => {
    it("reverts for whoever does not speak for the game, and for a retired game", async () => {
      const fixture = await loaded();
      const { quests, assets, registry, developer, alice } = fixture;
      await expect(quests.connect(alice).defineQuest(await quest(fixture, { played: 1 })))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(1, alice);
      await registry.connect(developer).retire(1);
      await expect(quests.connect(developer).defineQuest(await quest(fixture, { played: 1 })))
        .to.be.revertedWithCustomError(registry, "GameIsRetired")
        .withArgs(1);
    });

    it("reverts for a quest that cannot be", async () => {
      const fixture = await loaded();
      const { quests, developer, shield } = fixture;
      const past = (await time.latest()) - 10;
      for (const [change, error] of [
        [{ played: 1, until: past }, "QuestEndPassed"],
        [{}, "QuestEmpty"],
        [{ played: 1, amount: 0n }, "QuestEmpty"],
        [{ played: 1, claims: 0 }, "QuestEmpty"],
      ] as const) {
        await expect(
          quests.connect(developer).defineQuest(await quest(fixture, change)),
          error,
        ).to.be.revertedWithCustomError(quests, error);
      }
      for (const change of [{ played: 101 }, { won: 101 }]) {
        await expect(quests.connect(developer).defineQuest(await quest(fixture, change)))
          .to.be.revertedWithCustomError(quests, "QuestTooLong")
          .withArgs(101, 100);
      }
      await expect(quests.connect(developer).defineQuest(await quest(fixture, { played: 1, item: shield })))
        .to.be.revertedWithCustomError(quests, "RewardOfAnotherGame")
        .withArgs(shield, 1);
    });

    it("announces the quest and keeps it", async () => {
      const fixture = await loaded();
      const { quests, registry, developer, alice, sword } = fixture;
      await registry.connect(developer).setOperator(1, alice, true);
      const terms = await quest(fixture, { played: 100, won: 100, achievements: 5n });
      const sent = quests.connect(alice).defineQuest(terms);
      const expected = [1n, BigInt(terms.until), 100n, 100n, 2n, 5n, sword, 3n];
      await expect(sent).to.emit(quests, "QuestDefined").withArgs(1, 1, alice, expected);
      const definer = await alice.getAddress();
      expect(await quests.questOf(1)).to.deep.equal([expected, definer, BigInt(await time.latest()), 0n]);
      await expect(quests.questOf(2)).to.be.revertedWithCustomError(quests, "UnknownQuest").withArgs(2);
    });
  });

  describe("claimQuest", () => {
    it("reverts for an unknown quest, and from the second after its end on", async () => {
      const fixture = await loaded();
      const { quests, alice } = fixture;
      await expect(quests.connect(alice).claimQuest(1, []))
        .to.be.revertedWithCustomError(quests, "UnknownQuest")
        .withArgs(1);
      await define(fixture);
      const sessionId = await settle(fixture);
      const { until } = (await quests.questOf(1)).terms;
      await time.setNextBlockTimestamp(until + 1n);
      await expect(quests.connect(alice).claimQuest(1, [sessionId]))
        .to.be.revertedWithCustomError(quests, "QuestEndPassed")
        .withArgs(until, until + 1n);
    });

    it("may be made in the quest's last second", async () => {
      const fixture = await loaded();
      const { quests, alice, assets, sword } = fixture;
      await define(fixture);
      const sessionId = await settle(fixture);
      await time.setNextBlockTimestamp((await quests.questOf(1)).terms.until);
      await quests.connect(alice).claimQuest(1, [sessionId]);
      expect(await assets.balanceOf(alice, sword)).to.equal(3);
    });

    it("reverts the second time, and once all have been given", async () => {
      const fixture = await loaded();
      const { quests, alice, bob, players, engine } = fixture;
      await define(fixture);
      const sessionId = await settle(fixture);
      for (const player of [alice, bob]) await quests.connect(player).claimQuest(1, [sessionId]);
      await expect(quests.connect(alice).claimQuest(1, [sessionId]))
        .to.be.revertedWithCustomError(quests, "QuestClaimedAlready")
        .withArgs(1, alice);
      await expect(quests.connect(players[2]!).claimQuest(1, []))
        .to.be.revertedWithCustomError(quests, "QuestExhausted")
        .withArgs(1);
      expect(await quests.hasClaimed(1, bob)).to.equal(true);
      expect((await quests.questOf(1)).claimed).to.equal(2);
      expect(await engine.sessionCount()).to.equal(1);
    });

    it("reverts for sessions that do not count", async () => {
      const fixture = await loaded();
      const { quests, engine, alice, bob, players } = fixture;
      const early = await settle(fixture);
      await define(fixture);
      const other = await settle(fixture, [0, 10_000], 2n);
      const running = await play(fixture, { stake: 0n });
      const voided = await play(fixture, { stake: 0n });
      await engine.connect(bob).playGame(voided, scripted("finish", "nothing", [1, 1]));
      const settled = await settle(fixture);
      for (const [sessionId, player] of [
        [early, alice],
        [other, alice],
        [running, alice],
        [voided, alice],
        [999n, alice],
        [settled, players[2]!],
      ] as const) {
        await expect(quests.connect(player).claimQuest(1, [sessionId]))
          .to.be.revertedWithCustomError(quests, "SessionNotCounted")
          .withArgs(sessionId, player);
      }
      await quests.connect(alice).claimQuest(1, [settled]);
    });

    it("counts what was settled and granted in the second of the quest's definition", async () => {
      const fixture = await loaded();
      const { quests, engine, developer, alice } = fixture;
      const sessionId = await play(fixture, { stake: 0n });
      const terms = await quest(fixture, { played: 1, achievements: 1n });
      await ethers.provider.send("evm_setAutomine", [false]);
      const overrides = { gasLimit: 4_000_000n };
      await quests.connect(developer).defineQuest(terms, overrides);
      await quests.connect(developer).grantAchievements(1, alice, 1n, overrides);
      await engine.connect(alice).playGame(sessionId, scripted("finish", "nothing", [10_000, 0]), overrides);
      await mine();
      await ethers.provider.send("evm_setAutomine", [true]);
      const { since } = await quests.questOf(1);
      expect((await engine.sessionOf(sessionId)).endedAt).to.equal(since);
      expect(await quests.earnedAt(1, alice, 0)).to.equal(since);
      await quests.connect(alice).claimQuest(1, [sessionId]);
    });

    it("counts no session twice", async () => {
      const fixture = await loaded();
      const { quests, alice } = fixture;
      await define(fixture, { played: 2 });
      const [first, second] = [await settle(fixture), await settle(fixture)];
      for (const [ids, current, previous] of [
        [[first, first], first, first],
        [[second, first], first, second],
        [[0n], 0n, 0n],
      ] as const) {
        await expect(quests.connect(alice).claimQuest(1, [...ids]))
          .to.be.revertedWithCustomError(quests, "SessionsNotAscending")
          .withArgs(current, previous);
      }
      await expect(quests.connect(alice).claimQuest(1, Array<bigint>(101).fill(first)))
        .to.be.revertedWithCustomError(quests, "QuestTooLong")
        .withArgs(101, 100);
      await quests.connect(alice).claimQuest(1, [first, second]);
    });

    it("reverts where too few were played or won: an equal share is no victory", async () => {
      const fixture = await loaded();
      const { quests, alice, bob } = fixture;
      await define(fixture, { played: 2, won: 1 });
      const [draw, lost] = [await settle(fixture, [5_000, 5_000]), await settle(fixture)];
      await expect(quests.connect(bob).claimQuest(1, [lost]))
        .to.be.revertedWithCustomError(quests, "QuestNotFulfilled")
        .withArgs(1, 1);
      await expect(quests.connect(alice).claimQuest(1, [draw, lost]))
        .to.be.revertedWithCustomError(quests, "QuestNotFulfilled")
        .withArgs(2, 0);
      await quests.connect(bob).claimQuest(1, [draw, lost]);
      const won = await settle(fixture, [5_001, 4_999]);
      await quests.connect(alice).claimQuest(1, [draw, won]);
    });

    it("mints the reward to the player", async () => {
      const fixture = await loaded();
      const { quests, assets, bob, sword } = fixture;
      await define(fixture, { won: 1 });
      const sessionId = await settle(fixture);
      await expect(quests.connect(bob).claimQuest(1, [sessionId]))
        .to.emit(quests, "QuestClaimed")
        .withArgs(1, bob, sword, 3);
      expect(await assets.balanceOf(bob, sword)).to.equal(3);
    });

    it("mints nothing once the contract is no operator of the game any more", async () => {
      const fixture = await loaded();
      const { quests, registry, assets, developer, alice } = fixture;
      await define(fixture);
      const sessionId = await settle(fixture);
      await registry.connect(developer).setOperator(1, quests, false);
      await expect(quests.connect(alice).claimQuest(1, [sessionId]))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(1, quests);
      expect(await quests.hasClaimed(1, alice)).to.equal(false);
    });

    it("ends with the operator that defined it, and comes back with it", async () => {
      const fixture = await loaded();
      const { quests, registry, developer, alice, bob } = fixture;
      await registry.connect(developer).setOperator(1, bob, true);
      await define(fixture, { played: 1 }, bob);
      const sessionId = await settle(fixture);
      await registry.connect(developer).setOperator(1, bob, false);
      await expect(quests.connect(alice).claimQuest(1, [sessionId]))
        .to.be.revertedWithCustomError(quests, "QuestDefinerGone")
        .withArgs(1, bob);
      await registry.connect(developer).setOperator(1, bob, true);
      await quests.connect(alice).claimQuest(1, [sessionId]);
    });

    it("ends with the developer that defined it, though the next one admits this contract", async () => {
      const fixture = await loaded();
      const { quests, registry, developer, alice, bob } = fixture;
      await define(fixture);
      const sessionId = await settle(fixture);
      await registry.connect(developer).offerDeveloper(1, bob);
      await registry.connect(bob).acceptDeveloper(1);
      await registry.connect(bob).setOperator(1, quests, true);
      await expect(quests.connect(alice).claimQuest(1, [sessionId]))
        .to.be.revertedWithCustomError(quests, "QuestDefinerGone")
        .withArgs(1, developer);
    });

    it("asks for achievements since the quest was defined", async () => {
      const fixture = await loaded();
      const { quests, developer, alice, bob } = fixture;
      await quests.connect(developer).grantAchievements(1, alice, 4n);
      const before = await quests.earnedAt(1, alice, 2);
      await define(fixture, { achievements: 6n });
      const { since } = await quests.questOf(1);
      await expect(quests.connect(alice).claimQuest(1, []))
        .to.be.revertedWithCustomError(quests, "AchievementMissing")
        .withArgs(1, 0, since);
      await quests.connect(developer).grantAchievements(1, alice, 2n);
      await expect(quests.connect(alice).claimQuest(1, []))
        .to.be.revertedWithCustomError(quests, "AchievementMissing")
        .withArgs(2, before, since);
      await quests.connect(developer).grantAchievements(1, alice, 4n);
      await quests.connect(alice).claimQuest(1, []);
      await expect(quests.connect(bob).claimQuest(1, [])).to.be.revertedWithCustomError(quests, "AchievementMissing");
    });
  });

  describe("recordAchievements", () => {
    it("reverts for a session that is not settled, and for who did not play", async () => {
      const fixture = await loaded();
      const { quests, engine, alice, bob, players } = fixture;
      const running = await play(fixture, { stake: 0n });
      const refuses = async (sessionId: bigint, account: AddressLike): Promise<void> => {
        await expect(quests.recordAchievements(sessionId, account))
          .to.be.revertedWithCustomError(quests, "SessionNotCounted")
          .withArgs(sessionId, account);
      };
      await refuses(running, alice);
      await refuses(999n, alice);
      await engine.connect(bob).playGame(running, scripted("finish", "nothing", [1, 1]));
      await refuses(running, alice);
      await refuses(await settle(fixture), players[2]!);
    });

    it("keeps what the rules say of each player, with the session's time, whoever calls and however often", async () => {
      const fixture = await loaded();
      const { quests, engine, alice, bob } = fixture;
      const [first, second] = [await settle(fixture, [0, 10_000]), await settle(fixture, [9_999, 1])];
      await expect(quests.recordAchievements(first, bob))
        .to.emit(quests, "AchievementsEarned")
        .withArgs(1, bob, 10_000, first);
      await expect(quests.recordAchievements(second, bob))
        .to.emit(quests, "AchievementsEarned")
        .withArgs(1, bob, 1, second);
      expect(await quests.achievementsOf(1, bob)).to.equal(10_001);
      expect(await quests.achievementsOf(1, alice)).to.equal(0);
      const [{ endedAt }, later] = [await engine.sessionOf(first), await engine.sessionOf(second)];
      // 10,000 is 0b10011100010000.
      expect(await quests.earnedAt(1, bob, 4)).to.equal(endedAt);
      expect(await quests.earnedAt(1, bob, 13)).to.equal(endedAt);
      expect(await quests.earnedAt(1, bob, 5)).to.equal(0);
      expect(await quests.earnedAt(1, bob, 0)).to.equal(later.endedAt);
      await expect(quests.recordAchievements(first, bob))
        .to.emit(quests, "AchievementsEarned")
        .withArgs(1, bob, 0, first);
      expect(await quests.earnedAt(1, bob, 4)).to.equal(endedAt);
    });

    it("keeps the later time where an achievement is reached again, whichever was recorded first", async () => {
      const fixture = await loaded();
      const { quests, engine, bob } = fixture;
      const [first, second] = [await settle(fixture), await settle(fixture)];
      await quests.recordAchievements(second, bob);
      await quests.recordAchievements(first, bob);
      expect(await quests.earnedAt(1, bob, 4)).to.equal((await engine.sessionOf(second)).endedAt);
    });

    it("keeps nothing where the rules fail at it, or answer badly", async () => {
      const fixture = await loaded();
      const { quests, bob } = fixture;
      const names: readonly Deed[] = [
        ...(["revert", "burnGas", "returnBomb", "revertBomb", "malformed", "truncated"] as const),
        ...(["change", "tooLong"] as const),
      ];
      for (const name of names) {
        const sessionId = await settle(fixture, [0, 10_000], 1n, name);
        expect(await quests.recordAchievements.staticCall(sessionId, bob), name).to.equal(0);
        await quests.recordAchievements(sessionId, bob);
      }
      expect(await quests.achievementsOf(1, bob)).to.equal(0);
    });

    it("keeps nothing where the rules know no achievements", async () => {
      const fixture = await loaded();
      const { quests, registry, engine, developer, alice, bob } = fixture;
      const plain = await deploy<TicTacToe>("TicTacToe");
      await registry.connect(developer).registerGame(await plain.getAddress(), 0, "");
      const sessionId = await play(fixture, { stake: 0n }, 3n);
      const moves: readonly (readonly [Signer, string])[] = [
        [alice, "0x00"],
        [bob, "0x03"],
        [alice, "0x01"],
        [bob, "0x04"],
        [alice, "0x02"],
      ];
      for (const [player, move] of moves) await engine.connect(player).playGame(sessionId, move);
      expect(await quests.recordAchievements.staticCall(sessionId, alice)).to.equal(0);
      await quests.recordAchievements(sessionId, alice);
      expect(await quests.achievementsOf(3, alice)).to.equal(0);
      await define(fixture, { won: 1, gameId: 1n });
    });
  });

  describe("grantAchievements", () => {
    it("reverts for whoever does not speak for the game", async () => {
      const { quests, assets, alice } = await loaded();
      await expect(quests.connect(alice).grantAchievements(1, alice, 1))
        .to.be.revertedWithCustomError(assets, "NotSpeaker")
        .withArgs(1, alice);
    });

    it("keeps what is granted, of that game alone, up to the highest bit", async () => {
      const { quests, developer, alice } = await loaded();
      const bits = (1n << 255n) | 1n;
      await expect(quests.connect(developer).grantAchievements(1, alice, bits))
        .to.emit(quests, "AchievementsGranted")
        .withArgs(1, alice, bits, developer);
      expect(await quests.achievementsOf(1, alice)).to.equal(bits);
      expect(await quests.achievementsOf(2, alice)).to.equal(0);
      const now = await time.latest();
      for (const bit of [0, 255]) expect(await quests.earnedAt(1, alice, bit)).to.equal(now);
      expect(await quests.earnedAt(1, alice, 254)).to.equal(0);
    });
  });
});
