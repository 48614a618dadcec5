import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress, type Signer } from "ethers";
import type { OperatorMock } from "../../typechain-types";
import { deploy } from "../crosschain/support";
import { BNB } from "../staking/revenueSupport";
import {
  LIFE_SECONDS,
  MOVE_SECONDS,
  PHASE,
  RAKE_BPS,
  STAKE,
  create,
  deed,
  deployRoom,
  play,
  scripted,
  terms,
  type Deed,
} from "./roomSupport";

const FRESH = scripted("nothing", "nothing", [10_000, 0]);
const MAX_LIFE = 3_650 * 86_400;
/** The pot of two, and what of it is paid out. */
const POT = 2n * STAKE;
const RAKE = (POT * RAKE_BPS) / 10_000n;
const PRIZE = POT - RAKE;
const RECEIVER = "0x3000000000000000000000000000000000000003";

const loaded = () => loadFixture(deployRoom);

async function now(): Promise<number> {
  return time.latest();
}

describe("GameEngine", () => {
  describe("createGame", () => {
    it("reverts where the terms are out of range", async () => {
      const { engine, alice, bob } = await loaded();
      const account = await alice.getAddress();
      for (const [choice, error, args] of [
        [{ players: 0 }, "SeatsOutOfRange", [0, 16]],
        [{ players: 17 }, "SeatsOutOfRange", [17, 16]],
        [{ players: 3, invited: [bob] }, "InvitedOutOfRange", [1, 2]],
        [{ players: 1, invited: [bob] }, "InvitedOutOfRange", [1, 0]],
        [{ lifeSeconds: MAX_LIFE + 1 }, "SessionLifeOutOfRange", [MAX_LIFE + 1, LIFE_SECONDS, MAX_LIFE]],
        [{ moveSeconds: 0 }, "ZeroMoveTime", []],
        [{ token: bob }, "StakeTokenNotAllowed", [bob]],
        [{ invited: [ZeroAddress] }, "InvalidInvitation", [ZeroAddress]],
        [{ invited: [account] }, "InvalidInvitation", [account]],
        [{ players: 3, invited: [bob, bob] }, "InvalidInvitation", [bob]],
      ] as const) {
        const chosen = terms({ ...choice, invited: "invited" in choice ? [...choice.invited] : [] });
        await expect(engine.connect(alice).createGame(1, chosen, { value: STAKE }), error)
          .to.be.revertedWithCustomError(engine, error)
          .withArgs(...args);
      }
    });

    it("reverts for a game that is unknown or retired", async () => {
      const { engine, registry, developer } = await loaded();
      await expect(engine.createGame(2, terms(), { value: STAKE }))
        .to.be.revertedWithCustomError(registry, "UnknownGame")
        .withArgs(2);
      await registry.connect(developer).retire(1);
      await expect(engine.createGame(1, terms(), { value: STAKE }))
        .to.be.revertedWithCustomError(registry, "GameIsRetired")
        .withArgs(1);
    });

    it("reverts where the rules refuse the start, fail at it, or begin with a game that is over", async () => {
      const { engine } = await loaded();
      const names: readonly Deed[] = ["revert", "burnGas", "returnBomb", "revertBomb", "malformed", "truncated"];
      for (const setup of [
        ...names.map(deed),
        scripted("finish", "nothing", [10_000, 0]),
        scripted("revert", "nothing", [10_000, 0]),
        // Of three players.
        scripted("nothing", "nothing", [10_000, 0, 0]),
        `0x${"00".repeat(257)}`,
      ]) {
        await expect(engine.createGame(1, terms({ setup }), { value: STAKE }), setup.slice(0, 10))
          .to.be.revertedWithCustomError(engine, "StartRefused")
          .withArgs(1);
      }
    });

    it("leaves whoever is about to lose no way to its stake by letting the session end", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      // With a life of a single move, stopping would give the stake back: such a session cannot be opened.
      for (const lifeSeconds of [MOVE_SECONDS, LIFE_SECONDS - 1]) {
        await expect(engine.createGame(1, terms({ lifeSeconds }), { value: STAKE }))
          .to.be.revertedWithCustomError(engine, "SessionLifeOutOfRange")
          .withArgs(lifeSeconds, LIFE_SECONDS, MAX_LIFE);
      }
      await play(fixture, { setup: scripted("nothing", "finish", [0, 10_000]) });
      const { deadline, end } = await engine.sessionOf(1);
      expect(end - deadline).to.equal(99 * MOVE_SECONDS);
      await time.setNextBlockTimestamp(end + 1n);
      await engine.connect(alice).expireGame(1);
      expect([await engine.owed(alice, BNB), await engine.owed(bob, BNB)]).to.deep.equal([0n, PRIZE]);
      expect(await engine.MIN_MOVES_IN_LIFE()).to.equal(LIFE_SECONDS / MOVE_SECONDS);
      expect(await engine.MAX_LIFE_SECONDS()).to.equal(MAX_LIFE);
    });

    it("reverts where the value is not the stake", async () => {
      const { engine, gold } = await loaded();
      await expect(engine.createGame(1, terms(), { value: STAKE - 1n }))
        .to.be.revertedWithCustomError(engine, "StakeValueMismatch")
        .withArgs(STAKE - 1n, STAKE);
      await expect(engine.createGame(1, terms({ token: gold }), { value: STAKE }))
        .to.be.revertedWithCustomError(engine, "StakeValueMismatch")
        .withArgs(STAKE, 0);
      await expect(engine.createGame(1, terms({ stake: 0n }), { value: 1n }))
        .to.be.revertedWithCustomError(engine, "StakeValueMismatch")
        .withArgs(1, 0);
    });

    it("reverts with a token that takes a fee, and with one that says no", async () => {
      const { engine, gold, alice } = await loaded();
      await gold.setFee(100);
      await expect(engine.connect(alice).createGame(1, terms({ token: gold })))
        .to.be.revertedWithCustomError(engine, "StakeNotReceived")
        .withArgs(STAKE - 10n, STAKE);
      await gold.setFee(0);
      await gold.setAnswersFalse(true);
      await expect(engine.connect(alice).createGame(1, terms({ token: gold })))
        .to.be.revertedWithCustomError(engine, "SafeERC20FailedOperation")
        .withArgs(gold);
    });

    it("takes the creator's stake and seat, and keeps the terms and the first state", async () => {
      const { engine, registry, alice } = await loaded();
      const chosen = terms();
      const sent = engine.connect(alice).createGame(1, chosen, { value: STAKE });
      await expect(sent).to.changeEtherBalances([alice, engine], [-STAKE, STAKE]);
      await expect(sent).to.emit(engine, "PlayerJoined").withArgs(1, alice);
      await expect(sent)
        .to.emit(engine, "SessionCreated")
        .withArgs(1, 1, alice, ["0x", 2n, BNB, STAKE, BigInt(MOVE_SECONDS), BigInt(LIFE_SECONDS), []], RAKE_BPS, FRESH);
      const { rules } = await registry.gameOf(1);
      expect(await engine.sessionOf(1)).to.deep.equal([
        rules,
        0n,
        0n,
        2n,
        PHASE.open,
        1n,
        STAKE,
        BigInt(MOVE_SECONDS),
        RAKE_BPS,
        false,
        BNB,
        BigInt(LIFE_SECONDS),
        0n,
      ]);
      expect(await engine.stateOf(1)).to.equal(FRESH);
      expect(await engine.accountsOf(1)).to.deep.equal([await alice.getAddress()]);
      expect(await engine.seatOf(1, alice)).to.deep.equal([true, 0n]);
      expect(await engine.sessionCount()).to.equal(1);
    });

    it("takes a stake in a token, or none at all", async () => {
      const fixture = await loaded();
      const { engine, gold, alice } = fixture;
      await expect(engine.connect(alice).createGame(1, terms({ token: gold }))).to.changeTokenBalances(
        gold,
        [alice, engine],
        [-STAKE, STAKE],
      );
      const free = await create(fixture, { stake: 0n });
      expect(free).to.equal(2);
      expect(await ethers.provider.getBalance(engine)).to.equal(0);
    });

    it("plays for nothing in a token that nobody has approved, and that moves nowhere", async () => {
      const fixture = await loaded();
      const { engine, gold, alice, bob } = fixture;
      for (const player of [alice, bob]) await gold.connect(player).approve(engine, 0);
      await gold.setAnswersFalse(true);
      await play(fixture, { token: gold, stake: 0n });
      await engine.connect(alice).playGame(1, scripted("finish", "nothing", [10_000, 0]));
      expect((await engine.sessionOf(1)).phase).to.equal(PHASE.settled);
      expect([await engine.owed(alice, gold), await engine.rakeDue(1, gold)]).to.deep.equal([0n, 0n]);
    });

    it("begins the game with the setup that was asked for", async () => {
      const fixture = await loaded();
      const setup = scripted("nothing", "finish", [1, 2]);
      expect(await fixture.engine.stateOf(await create(fixture, { setup }))).to.equal(setup);
    });

    it("starts a session of one at once", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      const sent = engine.connect(alice).createGame(1, terms({ players: 1 }), { value: STAKE });
      const started = (await sent.then((each) => each.wait()))!;
      const { timestamp } = (await started.getBlock())!;
      await expect(sent)
        .to.emit(engine, "SessionStarted")
        .withArgs(1, [await alice.getAddress()], timestamp + MOVE_SECONDS, timestamp + LIFE_SECONDS);
      expect((await engine.sessionOf(1)).phase).to.equal(PHASE.playing);
    });
  });

  describe("joinGame", () => {
    it("reverts for a session that is unknown, full or over", async () => {
      const fixture = await loaded();
      const { engine, players } = fixture;
      await expect(engine.joinGame(1, { value: STAKE }))
        .to.be.revertedWithCustomError(engine, "WrongPhase")
        .withArgs(1, PHASE.none, PHASE.open);
      await play(fixture);
      await expect(engine.connect(players[2]!).joinGame(1, { value: STAKE }))
        .to.be.revertedWithCustomError(engine, "WrongPhase")
        .withArgs(1, PHASE.playing, PHASE.open);
    });

    it("reverts for whoever has joined already", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      await create(fixture);
      expect([await engine.mayJoin(1, alice), await engine.mayJoin(1, bob)]).to.deep.equal([false, true]);
      await expect(engine.connect(alice).joinGame(1, { value: STAKE }))
        .to.be.revertedWithCustomError(engine, "AlreadyJoined")
        .withArgs(1, alice);
    });

    it("reverts for whoever was not invited", async () => {
      const fixture = await loaded();
      const { engine, bob, players } = fixture;
      await create(fixture, { invited: [bob] });
      expect(await engine.mayJoin(1, bob)).to.equal(true);
      expect(await engine.mayJoin(1, players[2]!)).to.equal(false);
      await expect(engine.connect(players[2]!).joinGame(1, { value: STAKE }))
        .to.be.revertedWithCustomError(engine, "NotInvited")
        .withArgs(1, players[2]!);
      await engine.connect(bob).joinGame(1, { value: STAKE });
      expect(await engine.seatOf(1, bob)).to.deep.equal([true, 1n]);
      expect(await engine.mayJoin(1, bob)).to.equal(false);
    });

    it("reverts where the value is not the stake, or the token takes a fee by now", async () => {
      const fixture = await loaded();
      const { engine, bob, gold } = fixture;
      await create(fixture);
      await expect(engine.connect(bob).joinGame(1, { value: STAKE + 1n }))
        .to.be.revertedWithCustomError(engine, "StakeValueMismatch")
        .withArgs(STAKE + 1n, STAKE);
      await create(fixture, { token: gold });
      await gold.setFee(100);
      await expect(engine.connect(bob).joinGame(2))
        .to.be.revertedWithCustomError(engine, "StakeNotReceived")
        .withArgs(STAKE - 10n, STAKE);
    });

    it("reverts once the game is retired: nothing new begins", async () => {
      const fixture = await loaded();
      const { engine, registry, developer, alice, bob } = fixture;
      await create(fixture);
      await registry.connect(developer).retire(1);
      await expect(engine.connect(bob).joinGame(1, { value: STAKE }))
        .to.be.revertedWithCustomError(registry, "GameIsRetired")
        .withArgs(1);
      await engine.connect(alice).leaveGame(1);
      expect(await engine.owed(alice, BNB)).to.equal(STAKE);
    });

    it("takes the stake, and starts the session with the last seat", async () => {
      const fixture = await loaded();
      const { engine, players } = fixture;
      await create(fixture, { players: 3 });
      await engine.connect(players[1]!).joinGame(1, { value: STAKE });
      expect((await engine.sessionOf(1)).phase).to.equal(PHASE.open);
      const sent = engine.connect(players[2]!).joinGame(1, { value: STAKE });
      await expect(sent).to.changeEtherBalances([players[2]!, engine], [-STAKE, STAKE]);
      const accounts = await Promise.all(players.slice(0, 3).map((player) => player.getAddress()));
      const started = await now();
      await expect(sent)
        .to.emit(engine, "SessionStarted")
        .withArgs(1, accounts, started + MOVE_SECONDS, started + LIFE_SECONDS);
      const session = await engine.sessionOf(1);
      expect(session.phase).to.equal(PHASE.playing);
      expect(session.deadline).to.equal(started + MOVE_SECONDS);
      expect(session.end).to.equal(started + LIFE_SECONDS);
      expect(await engine.accountsOf(1)).to.deep.equal(accounts);
    });
  });

  describe("leaveGame", () => {
    it("reverts for whoever has not joined, and once the session runs", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      await create(fixture, { invited: [bob] });
      for (const account of [bob, fixture.players[2]!]) {
        await expect(engine.connect(account).leaveGame(1))
          .to.be.revertedWithCustomError(engine, "NotSeated")
          .withArgs(1, account);
      }
      await engine.connect(bob).joinGame(1, { value: STAKE });
      await expect(engine.connect(alice).leaveGame(1))
        .to.be.revertedWithCustomError(engine, "WrongPhase")
        .withArgs(1, PHASE.playing, PHASE.open);
    });

    it("gives the stake back, and the seat to the last one", async () => {
      const fixture = await loaded();
      const { engine, alice, bob, players } = fixture;
      await create(fixture, { players: 4 });
      for (const player of [bob, players[2]!]) await engine.connect(player).joinGame(1, { value: STAKE });
      await expect(engine.connect(alice).leaveGame(1)).to.emit(engine, "PlayerLeft").withArgs(1, alice);
      expect(await engine.owed(alice, BNB)).to.equal(STAKE);
      expect(await engine.accountsOf(1)).to.deep.equal([await players[2]!.getAddress(), await bob.getAddress()]);
      expect(await engine.seatOf(1, players[2]!)).to.deep.equal([true, 0n]);
      expect(await engine.seatOf(1, bob)).to.deep.equal([true, 1n]);
      expect(await engine.seatOf(1, alice)).to.deep.equal([false, 0n]);
      await engine.connect(alice).joinGame(1, { value: STAKE });
      expect(await engine.seatOf(1, alice)).to.deep.equal([true, 2n]);
      await engine.connect(alice).leaveGame(1);
      expect(await engine.owed(alice, BNB)).to.equal(2n * STAKE);
    });

    it("leaves those who were invited, and the creator, free to come back", async () => {
      const fixture = await loaded();
      const { engine, alice, bob, players } = fixture;
      await create(fixture, { players: 3, invited: [bob, players[2]!] });
      await engine.connect(bob).joinGame(1, { value: STAKE });
      await engine.connect(alice).leaveGame(1);
      await engine.connect(alice).joinGame(1, { value: STAKE });
      expect(await engine.accountsOf(1)).to.deep.equal([await bob.getAddress(), await alice.getAddress()]);
    });

    it("is the end of the session with its last player", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      await create(fixture);
      await expect(engine.connect(alice).leaveGame(1)).to.emit(engine, "SessionVoided").withArgs(1);
      expect(await engine.owed(alice, BNB)).to.equal(STAKE);
      await expect(engine.connect(bob).joinGame(1, { value: STAKE }))
        .to.be.revertedWithCustomError(engine, "WrongPhase")
        .withArgs(1, PHASE.voided, PHASE.open);
    });
  });

  describe("playGame", () => {
    it("reverts before the start and after the end", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      await create(fixture);
      await expect(engine.connect(alice).playGame(1, FRESH))
        .to.be.revertedWithCustomError(engine, "WrongPhase")
        .withArgs(1, PHASE.open, PHASE.playing);
      await engine.connect(bob).joinGame(1, { value: STAKE });
      await engine.connect(alice).playGame(1, scripted("finish", "nothing", [10_000, 0]));
      await expect(engine.connect(alice).playGame(1, FRESH))
        .to.be.revertedWithCustomError(engine, "WrongPhase")
        .withArgs(1, PHASE.settled, PHASE.playing);
    });

    it("reverts for whoever does not play, invited or not", async () => {
      const fixture = await loaded();
      const { engine, players } = fixture;
      await play(fixture);
      await expect(engine.connect(players[2]!).playGame(1, FRESH))
        .to.be.revertedWithCustomError(engine, "NotSeated")
        .withArgs(1, players[2]!);
    });

    it("reverts for a move that the rules refuse, and for one that is too long", async () => {
      const fixture = await loaded();
      const { engine, bob } = fixture;
      await play(fixture);
      const before = await engine.sessionOf(1);
      for (const move of [deed("revert"), `0x${"00".repeat(257)}`]) {
        await expect(engine.connect(bob).playGame(1, move))
          .to.be.revertedWithCustomError(engine, "MoveRefused")
          .withArgs(1, 1);
      }
      expect(await engine.stateOf(1)).to.equal(FRESH);
      expect(await engine.sessionOf(1)).to.deep.equal(before);
    });

    it("reverts for a move at which the rules burn all gas or answer badly, and changes nothing", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      await play(fixture);
      for (const name of ["burnGas", "returnBomb", "revertBomb", "malformed", "truncated"] as const) {
        await expect(engine.connect(alice).playGame(1, deed(name)), name)
          .to.be.revertedWithCustomError(engine, "MoveRefused")
          .withArgs(1, 0);
      }
      expect(await engine.stateOf(1)).to.equal(FRESH);
    });

    it("cannot be made to refuse or void a lawful move by too little gas", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      await play(fixture);
      for (let gasLimit = 60_000n; gasLimit < 1_080_000n; gasLimit += 40_000n) {
        const call = engine.connect(alice).playGame.staticCall(1, FRESH, { gasLimit });
        await call.then(
          () => expect(gasLimit).to.be.greaterThan(1_020_000n),
          (error: { readonly data?: string; readonly message: string }) => {
            const name = error.data === undefined ? undefined : engine.interface.parseError(error.data)?.name;
            if (name === undefined) expect(error.message).to.contain("out of gas");
            else expect(name).to.equal("NotEnoughGas");
          },
        );
      }
    });

    it("keeps the next state and gives the next move its time", async () => {
      const fixture = await loaded();
      const { engine, bob } = fixture;
      await play(fixture);
      const next = scripted("nothing", "finish", [5_000, 5_000]);
      await expect(engine.connect(bob).playGame(1, next)).to.emit(engine, "MoveMade").withArgs(1, bob, next);
      expect(await engine.stateOf(1)).to.equal(next);
      expect((await engine.sessionOf(1)).deadline).to.equal((await now()) + MOVE_SECONDS);
    });

    it("keeps short and long states after each other", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      await play(fixture, { players: 2 });
      const long = `${scripted("nothing", "nothing", [1, 2])}`;
      const sixteen = await play(fixture, { players: 16, setup: scripted("nothing", "nothing", Array(16).fill(7)) });
      await engine.connect(alice).playGame(1, long);
      expect(await engine.stateOf(1)).to.equal(long);
      expect(await engine.stateOf(sixteen)).to.equal(scripted("nothing", "nothing", Array(16).fill(7)));
    });

    it("gives no move time beyond the session's end", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      await play(fixture);
      const { end, deadline } = await engine.sessionOf(1);
      let due = deadline;
      while (due < end) {
        await time.setNextBlockTimestamp(due);
        await engine.connect(alice).playGame(1, FRESH);
        const next = (await engine.sessionOf(1)).deadline;
        expect(next).to.equal(due + BigInt(MOVE_SECONDS) < end ? due + BigInt(MOVE_SECONDS) : end);
        due = next;
      }
      await time.setNextBlockTimestamp(end);
      await engine.connect(alice).playGame(1, FRESH);
      expect((await engine.sessionOf(1)).deadline).to.equal(end);
      await time.setNextBlockTimestamp(end + 1n);
      await expect(engine.connect(alice).playGame(1, FRESH))
        .to.be.revertedWithCustomError(engine, "MoveTooLate")
        .withArgs(end + 1n, end);
    });
  });

  describe("the deadline's edge", () => {
    it("lets a move be made in its last second, and nobody expire it then", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      await play(fixture);
      const { deadline } = await engine.sessionOf(1);
      await time.setNextBlockTimestamp(deadline);
      await expect(engine.expireGame(1))
        .to.be.revertedWithCustomError(engine, "MoveStillDue")
        .withArgs(deadline, deadline);
      const again = await play(fixture);
      const { deadline: last } = await engine.sessionOf(again);
      await time.setNextBlockTimestamp(last);
      await engine.connect(alice).playGame(again, FRESH);
    });

    it("lets anyone expire it in the next second, and no move be made then", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      await play(fixture);
      const { deadline } = await engine.sessionOf(1);
      await time.setNextBlockTimestamp(deadline + 1n);
      await expect(engine.connect(alice).playGame(1, FRESH))
        .to.be.revertedWithCustomError(engine, "MoveTooLate")
        .withArgs(deadline + 1n, deadline);
      const again = await play(fixture);
      const { deadline: last } = await engine.sessionOf(again);
      await time.setNextBlockTimestamp(last + 1n);
      await engine.connect(fixture.players[9]!).expireGame(again);
      expect((await engine.sessionOf(again)).phase).to.equal(PHASE.voided);
    });
  });

  describe("expireGame", () => {
    it("reverts for a session that does not run", async () => {
      const fixture = await loaded();
      const { engine } = fixture;
      await create(fixture);
      await expect(engine.expireGame(1))
        .to.be.revertedWithCustomError(engine, "WrongPhase")
        .withArgs(1, PHASE.open, PHASE.playing);
    });

    it("settles by the rules, whoever calls and however late", async () => {
      for (const late of [1n, 10_000_000n]) {
        const fixture = await loaded();
        const { engine, alice, bob, players } = fixture;
        await play(fixture, { setup: scripted("nothing", "finish", [0, 10_000]) });
        const { deadline } = await engine.sessionOf(1);
        await time.setNextBlockTimestamp(deadline + late);
        const sent = engine.connect(players[5]!).expireGame(1);
        await expect(sent).to.emit(engine, "MoveMissed").withArgs(1);
        await expect(sent).to.emit(engine, "SessionSettled").withArgs(1, [0, PRIZE], RAKE);
        expect(await engine.owed(alice, BNB)).to.equal(0);
        expect(await engine.owed(bob, BNB)).to.equal(PRIZE);
        expect((await engine.sessionOf(1)).endedAt).to.equal(deadline + late);
      }
    });

    it("gives each its stake back where the rules fail at it, change nothing, or answer badly", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      const names: readonly Deed[] = [
        "nothing",
        "revert",
        "burnGas",
        "returnBomb",
        "revertBomb",
        "malformed",
        "truncated",
        "tooLong",
      ];
      let back = 0n;
      for (const expiry of names) {
        const sessionId = await play(fixture, { setup: scripted("nothing", expiry, [10_000, 0]) });
        await time.increase(MOVE_SECONDS + 1);
        const sent = engine.expireGame(sessionId);
        await expect(sent, expiry).to.emit(engine, "SessionVoided").withArgs(sessionId);
        await expect(sent, expiry).not.to.emit(engine, "MoveMissed");
        back += STAKE;
        for (const player of [alice, bob]) expect(await engine.owed(player, BNB), expiry).to.equal(back);
      }
      expect(await engine.rakeDue(1, BNB)).to.equal(0);
    });

    it("goes on where the rules say so, with the time for a move", async () => {
      const fixture = await loaded();
      const { engine } = fixture;
      await play(fixture, { setup: scripted("nothing", "change", [10_000, 0]) });
      await time.increase(MOVE_SECONDS + 7);
      await expect(engine.expireGame(1)).to.emit(engine, "MoveMissed").withArgs(1);
      const session = await engine.sessionOf(1);
      expect(session.phase).to.equal(PHASE.playing);
      expect(session.deadline).to.equal((await now()) + MOVE_SECONDS);
      expect(await engine.stateOf(1)).to.equal(scripted("nothing", "change", [10_000, 1]));
    });

    it("ends a game whose rules would expire for ever, at the session's end", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      await play(fixture, { setup: scripted("nothing", "change", [10_000, 0]) });
      const { end } = await engine.sessionOf(1);
      let calls = 0;
      while ((await engine.sessionOf(1)).phase === PHASE.playing) {
        const { deadline } = await engine.sessionOf(1);
        await time.setNextBlockTimestamp(deadline + 1n);
        await engine.expireGame(1);
        ++calls;
      }
      expect(await now()).to.equal(Number(end) + 1);
      expect(calls).to.equal(LIFE_SECONDS / MOVE_SECONDS);
      expect(await engine.owed(alice, BNB)).to.equal(STAKE);
      expect(await engine.owed(bob, BNB)).to.equal(STAKE);
    });

    it("ends such a game with one call where nobody called until after its end", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      await play(fixture, { setup: scripted("nothing", "change", [10_000, 0]) });
      const { end } = await engine.sessionOf(1);
      await time.setNextBlockTimestamp(end + 1n);
      await expect(engine.expireGame(1)).to.emit(engine, "SessionVoided").withArgs(1);
      expect(await engine.owed(alice, BNB)).to.equal(STAKE);
    });

    it("has a session of the last second of its time go on, for no second more", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      await play(fixture, { setup: scripted("nothing", "change", [10_000, 0]) });
      const { end } = await engine.sessionOf(1);
      await time.setNextBlockTimestamp(end);
      await engine.expireGame(1);
      const session = await engine.sessionOf(1);
      expect([session.phase, session.deadline]).to.deep.equal([PHASE.playing, end]);
      await time.setNextBlockTimestamp(end + 1n);
      await engine.expireGame(1);
      expect((await engine.sessionOf(1)).phase).to.equal(PHASE.voided);
      expect(await engine.owed(alice, BNB)).to.equal(STAKE);
    });

    it("does not ask the rules about a move whose time the session's end cut short", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      const state = scripted("nothing", "finish", [0, 10_000]);
      await play(fixture, { setup: state });
      const { end } = await engine.sessionOf(1);
      for (let due = 0n; due < end; due = (await engine.sessionOf(1)).deadline) {
        if (due !== 0n) await time.setNextBlockTimestamp(due);
        await engine.connect(alice).playGame(1, state);
      }
      await time.setNextBlockTimestamp(end + 1n);
      const sent = engine.expireGame(1);
      await expect(sent).to.emit(engine, "SessionVoided").withArgs(1);
      await expect(sent).not.to.emit(engine, "MoveMissed");
      for (const player of [alice, bob]) expect(await engine.owed(player, BNB)).to.equal(STAKE);
    });

    it("gives each its stake back where the outcome of a missed move is not well-formed", async () => {
      const fixture = await loaded();
      const { engine, bob } = fixture;
      await play(fixture, { setup: scripted("nothing", "finish", [9_999, 0]) });
      await time.increase(MOVE_SECONDS + 1);
      const sent = engine.expireGame(1);
      await expect(sent).to.emit(engine, "MoveMissed").withArgs(1);
      await expect(sent).to.emit(engine, "SessionVoided").withArgs(1);
      expect(await engine.owed(bob, BNB)).to.equal(STAKE);
    });
  });

  describe("the end of a game", () => {
    it("divides the stakes by the outcome, after the rake", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      await play(fixture);
      const last = scripted("finish", "nothing", [2_500, 7_500]);
      await expect(engine.connect(alice).playGame(1, last))
        .to.emit(engine, "SessionSettled")
        .withArgs(1, [PRIZE / 4n, (PRIZE * 3n) / 4n], RAKE);
      expect(await engine.owed(alice, BNB)).to.equal(PRIZE / 4n);
      expect(await engine.owed(bob, BNB)).to.equal((PRIZE * 3n) / 4n);
      expect(await engine.rakeDue(1, BNB)).to.equal(RAKE);
      const session = await engine.sessionOf(1);
      expect([session.phase, session.endedAt]).to.deep.equal([PHASE.settled, BigInt(await now())]);
      expect(await engine.stateOf(1)).to.equal(last);
      await expect(engine.expireGame(1))
        .to.be.revertedWithCustomError(engine, "WrongPhase")
        .withArgs(1, PHASE.settled, PHASE.playing);
    });

    it("gives the last player what rounding leaves, so that exactly the stakes are paid", async () => {
      const fixture = await loaded();
      const { engine, players } = fixture;
      await play(fixture, { players: 3, stake: 7n, setup: scripted("nothing", "nothing", [0, 0, 0]) });
      // A pot of 21, a rake of 1, and three parts of 6.6.
      await expect(engine.connect(players[0]!).playGame(1, scripted("finish", "nothing", [3_333, 3_333, 3_334])))
        .to.emit(engine, "SessionSettled")
        .withArgs(1, [6, 6, 8], 1);
    });

    it("gives each its stake back, without a rake, where the outcome is not well-formed", async () => {
      const fixture = await loaded();
      const { engine, alice, bob } = fixture;
      let back = 0n;
      for (const last of [
        // More than the pot, and less.
        scripted("finish", "nothing", [10_000, 10_000]),
        scripted("finish", "nothing", [10_001, 0]),
        scripted("finish", "nothing", [9_999, 0]),
        scripted("finish", "nothing", [0, 0]),
        // Another number of players.
        scripted("finish", "nothing", [10_000]),
        scripted("finish", "nothing", [10_000, 0, 0]),
        scripted("change", "nothing", [10_000, 0]),
        scripted("revert", "nothing", [10_000, 0]),
        scripted("burnGas", "nothing", [10_000, 0]),
        scripted("returnBomb", "nothing", [10_000, 0]),
        scripted("revertBomb", "nothing", [10_000, 0]),
        scripted("malformed", "nothing", [10_000, 0]),
        scripted("truncated", "nothing", [10_000, 0]),
      ]) {
        const sessionId = await play(fixture);
        const sent = engine.connect(bob).playGame(sessionId, last);
        await expect(sent, last).to.emit(engine, "SessionVoided").withArgs(sessionId);
        back += STAKE;
        for (const player of [alice, bob]) expect(await engine.owed(player, BNB), last).to.equal(back);
        expect((await engine.sessionOf(sessionId)).phase).to.equal(PHASE.voided);
      }
      expect(await engine.rakeDue(1, BNB)).to.equal(0);
    });

    it("comes as if the game had not been retired meanwhile", async () => {
      const fixture = await loaded();
      const { engine, registry, developer, alice } = fixture;
      await play(fixture);
      await registry.connect(developer).retire(1);
      await engine.connect(alice).playGame(1, FRESH);
      await engine.connect(alice).playGame(1, scripted("finish", "nothing", [10_000, 0]));
      expect(await engine.owed(alice, BNB)).to.equal(PRIZE);
      await engine.connect(alice).withdraw(BNB, RECEIVER);
      await engine.creditRevenue(1, BNB);
    });

    it("takes the rake that the game had when the session was created, whoever its developer is by now", async () => {
      const fixture = await loaded();
      const { engine, registry, rules, alice } = fixture;
      await registry.registerGame(await rules.getAddress(), 1_000, "");
      await play(fixture, {}, 2n);
      await engine.connect(alice).playGame(1, scripted("finish", "nothing", [10_000, 0]));
      expect(await engine.owed(alice, BNB)).to.equal((POT * 9n) / 10n);
      expect(await engine.rakeDue(2, BNB)).to.equal(POT / 10n);
    });

    it("costs a bounded amount of gas with 16 players", async () => {
      const fixture = await loaded();
      const { engine, alice, gold } = fixture;
      const shares = Array<number>(16).fill(625);
      const sessionId = await play(fixture, {
        players: 16,
        token: gold,
        setup: scripted("nothing", "nothing", shares),
      });
      const receipt = await (
        await engine.connect(alice).playGame(sessionId, scripted("finish", "nothing", shares))
      ).wait();
      expect(receipt?.gasUsed).to.be.lessThan(700_000n);
      for (const player of fixture.players.slice(0, 16)) {
        expect(await engine.owed(player, gold)).to.equal((STAKE * 95n) / 100n);
      }
    });
  });

  describe("withdraw", () => {
    it("reverts to nobody, and where nothing is owed", async () => {
      const { engine, splitter, alice } = await loaded();
      await expect(engine.connect(alice).withdraw(BNB, ZeroAddress)).to.be.revertedWithCustomError(
        splitter,
        "ZeroReceiver",
      );
      await expect(engine.connect(alice).withdraw(BNB, alice))
        .to.be.revertedWithCustomError(engine, "NothingOwed")
        .withArgs(BNB);
    });

    it("pays what is owed in BNB or in a token, once, to whom the caller says", async () => {
      const fixture = await loaded();
      const { engine, alice, gold } = fixture;
      for (const token of [BNB, await gold.getAddress()]) {
        const sessionId = await play(fixture, { token });
        await engine.connect(alice).playGame(sessionId, scripted("finish", "nothing", [10_000, 0]));
      }
      await setBalance(RECEIVER, 0n);
      await expect(engine.connect(alice).withdraw(BNB, RECEIVER))
        .to.emit(engine, "PayoutWithdrawn")
        .withArgs(alice, BNB, RECEIVER, PRIZE);
      expect(await ethers.provider.getBalance(RECEIVER)).to.equal(PRIZE);
      await engine.connect(alice).withdraw(gold, RECEIVER);
      expect(await gold.balanceOf(RECEIVER)).to.equal(PRIZE);
      for (const token of [BNB, gold]) {
        await expect(engine.connect(alice).withdraw(token, RECEIVER))
          .to.be.revertedWithCustomError(engine, "NothingOwed")
          .withArgs(token);
      }
    });

    it("lets a player that refuses coin keep nobody from anything, and be paid elsewhere", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      const wallet = await walletPlayer(fixture, alice);
      await wallet.setRefuses(true);
      await engine.connect(alice).playGame(1, scripted("finish", "nothing", [5_000, 5_000]));
      const pay = (to: string) => wallet.execute(engine, engine.interface.encodeFunctionData("withdraw", [BNB, to]));
      await expect(pay(await wallet.getAddress()))
        .to.be.revertedWithCustomError(wallet, "CoinRefused")
        .withArgs(PRIZE / 2n);
      await expect(engine.connect(alice).withdraw(BNB, alice)).to.changeEtherBalance(alice, PRIZE / 2n);
      await setBalance(RECEIVER, 0n);
      await pay(RECEIVER);
      expect(await ethers.provider.getBalance(RECEIVER)).to.equal(PRIZE / 2n);
    });

    it("pays a receiver that calls back no second time", async () => {
      const fixture = await loaded();
      const { engine, alice } = fixture;
      const wallet = await walletPlayer(fixture, alice);
      await play(fixture);
      await engine.connect(alice).playGame(1, scripted("finish", "nothing", [5_000, 5_000]));
      const call = engine.interface.encodeFunctionData("withdraw", [BNB, await wallet.getAddress()]);
      await wallet.setReaction(engine, call);
      await wallet.execute(engine, call);
      expect(await wallet.reacted()).to.equal(false);
      expect(engine.interface.parseError(await wallet.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
      expect(await ethers.provider.getBalance(wallet)).to.equal(PRIZE / 2n);
    });

    it("goes on in every other token where one is broken", async () => {
      const fixture = await loaded();
      const { engine, alice, gold, silver } = fixture;
      for (const token of [gold, silver]) {
        const sessionId = await play(fixture, { token });
        await engine.connect(alice).playGame(sessionId, scripted("finish", "nothing", [10_000, 0]));
      }
      await gold.setAnswersFalse(true);
      await expect(engine.connect(alice).withdraw(gold, alice)).to.be.revertedWithCustomError(
        engine,
        "SafeERC20FailedOperation",
      );
      await expect(engine.connect(alice).withdraw(silver, alice)).to.changeTokenBalance(silver, alice, PRIZE);
      await gold.setAnswersFalse(false);
      await expect(engine.connect(alice).withdraw(gold, alice)).to.changeTokenBalance(gold, alice, PRIZE);
    });
  });

  describe("a token that calls back", () => {
    it("finds every door closed while a stake moves", async () => {
      const fixture = await loaded();
      const { engine, alice, bob, gold } = fixture;
      await play(fixture);
      await create(fixture);
      const open = await create(fixture, { token: gold });
      const { interface: coder } = engine;
      for (const call of [
        coder.encodeFunctionData("createGame", [1, terms({ stake: 0n })]),
        coder.encodeFunctionData("joinGame", [2]),
        coder.encodeFunctionData("leaveGame", [2]),
        coder.encodeFunctionData("playGame", [1, FRESH]),
        coder.encodeFunctionData("expireGame", [1]),
        coder.encodeFunctionData("withdraw", [BNB, RECEIVER]),
        coder.encodeFunctionData("creditRevenue", [1, BNB]),
      ]) {
        await gold.setReaction(engine, call);
        await engine.connect(bob).joinGame.staticCall(open);
        await create(fixture, { token: gold }, alice);
        expect(await gold.reacted()).to.equal(false);
        expect(coder.parseError(await gold.answer())?.name).to.equal("ReentrancyGuardReentrantCall");
      }
    });
  });

  describe("creditRevenue", () => {
    it("reverts where no rake waits", async () => {
      const { engine } = await loaded();
      await expect(engine.creditRevenue(1, BNB)).to.be.revertedWithCustomError(engine, "NothingOwed").withArgs(BNB);
    });

    it("passes the rake on, in BNB and in a token, whoever calls", async () => {
      const fixture = await loaded();
      const { engine, splitter, developer, treasury, alice, gold, players } = fixture;
      for (const token of [BNB, await gold.getAddress()]) {
        const sessionId = await play(fixture, { token });
        await engine.connect(alice).playGame(sessionId, scripted("finish", "nothing", [10_000, 0]));
        await expect(engine.connect(players[7]!).creditRevenue(1, token))
          .to.emit(engine, "RakeCredited")
          .withArgs(1, token, RAKE);
        expect(await splitter.developerDue(developer, token)).to.equal((RAKE * 7n) / 10n);
        expect(await splitter.treasuryDue(token)).to.equal(RAKE / 10n);
        expect(await splitter.outstanding(token)).to.equal(RAKE);
        expect(await engine.rakeDue(1, token)).to.equal(0);
      }
      expect(treasury).to.equal(await splitter.treasury());
    });

    it("keeps the rake waiting while the splitter does not allow the token, and nothing else", async () => {
      const fixture = await loaded();
      const { engine, splitter, alice, bob, gold } = fixture;
      const sessionId = await play(fixture, { token: gold });
      const open = await create(fixture, { token: gold });
      await splitter.setTokenAllowed(gold, false);
      await engine.connect(bob).joinGame(open);
      await engine.connect(alice).playGame(sessionId, scripted("finish", "nothing", [10_000, 0]));
      await engine.connect(alice).withdraw(gold, alice);
      await expect(engine.creditRevenue(1, gold))
        .to.be.revertedWithCustomError(splitter, "TokenNotAllowed")
        .withArgs(gold);
      await expect(engine.createGame(1, terms({ token: gold })))
        .to.be.revertedWithCustomError(engine, "StakeTokenNotAllowed")
        .withArgs(gold);
      expect(await engine.rakeDue(1, gold)).to.equal(RAKE);
      await splitter.setTokenAllowed(gold, true);
      await engine.creditRevenue(1, gold);
      expect(await splitter.outstanding(gold)).to.equal(RAKE);
    });
  });

  it("is not moved by BNB or tokens that are forced in", async () => {
    const fixture = await loaded();
    const { engine, alice, gold } = fixture;
    await play(fixture, { token: gold });
    await gold.mint(engine, 12_345n);
    await setBalance(await engine.getAddress(), 999n);
    await engine.connect(alice).playGame(1, scripted("finish", "nothing", [10_000, 0]));
    await engine.connect(alice).withdraw(gold, alice);
    await engine.creditRevenue(1, gold);
    expect(await gold.balanceOf(engine)).to.equal(12_345n);
    expect(await ethers.provider.getBalance(engine)).to.equal(999n);
    await expect(alice.sendTransaction({ to: engine, value: 1n })).to.be.reverted;
  });
});

/** Session 1 of `alice` and a contract wallet. */
async function walletPlayer(fixture: Parameters<typeof create>[0], alice: Signer): Promise<OperatorMock> {
  const { engine } = fixture;
  const wallet = await deploy<OperatorMock>("OperatorMock");
  const sessionId = await create(fixture, {}, alice);
  await wallet.execute(engine, engine.interface.encodeFunctionData("joinGame", [sessionId]), { value: STAKE });
  return wallet;
}
