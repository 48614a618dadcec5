import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { anyValue } from "@nomicfoundation/hardhat-chai-matchers/withArgs";
import { expect } from "chai";
import type { ChannelState } from "../../../protocol/channel";
import {
  ANYONE,
  Bout,
  DEPOSIT,
  GAME,
  HOUR,
  MODE,
  PHASE,
  deployChannels,
  hashOf,
  puppet,
  struct,
  type ChannelFixture,
} from "./support";

const NEXT = puppet(1, MODE.runs, [0, 0]);
const WON = puppet(0, MODE.over, [10_000, 0]);

/** A dispute over version 1 in the first second in which moves count. */
async function playable(
  changes: Partial<ChannelState> = {},
): Promise<{ fixture: ChannelFixture; bout: Bout; state: ChannelState }> {
  const fixture = await loadFixture(deployChannels);
  const bout = await Bout.funded(fixture);
  const state = bout.state(changes);
  await bout.dispute(state);
  return { fixture, bout, state };
}

describe("StateChannels: play", () => {
  it("reverts while newer states count, to the last second", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await bout.challenge(bout.state());
    const { deadline } = await bout.status();
    await time.setNextBlockTimestamp(deadline);
    await expect(bout.play(bout.state(), 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "WindowOpen")
      .withArgs(deadline, deadline);
    await time.setNextBlockTimestamp(deadline + 1n);
    await bout.play(bout.state(), 0, NEXT);
    expect(await bout.phase()).to.equal(PHASE.playing);
  });

  it("reverts where nothing is disputed, and once closed", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await expect(bout.play(bout.state(), 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(bout.id, PHASE.open);
    await bout.close([DEPOSIT, DEPOSIT]);
    await expect(bout.play(bout.state(), 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(bout.id, PHASE.closed);
  });

  it("reverts with another state than the disputed one, of this channel or another", async () => {
    const { fixture, bout, state } = await playable();
    const other = await Bout.funded(fixture);
    for (const given of [
      { ...state, version: 2n },
      { ...state, stake: 99n },
      { ...state, balances: [DEPOSIT + 1n, DEPOSIT - 1n] },
      { ...state, gameState: NEXT },
    ]) {
      await expect(bout.play(given, 0, NEXT))
        .to.be.revertedWithCustomError(fixture.channels, "NotTheDisputedState")
        .withArgs(hashOf(given), hashOf(state));
    }
    await other.dispute(other.state({ version: 3n }));
    await expect(other.play(state, 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "NotTheDisputedState")
      .withArgs(hashOf({ ...state, channelId: other.id }), hashOf(other.state({ version: 3n })));
  });

  it("reverts where no round runs, and where the signed round is over", async () => {
    for (const changes of [{ stake: 0n, gameState: "0x" }, { gameState: WON }]) {
      const { fixture, bout, state } = await playable(changes);
      await expect(bout.play(state, 0, NEXT))
        .to.be.revertedWithCustomError(fixture.channels, "NothingToPlay")
        .withArgs(bout.id);
    }
  });

  it("reverts for another's part, for a part that there is not, and from outside", async () => {
    const { fixture, bout, state } = await playable({ gameState: puppet(ANYONE, MODE.runs, [0, 0]) });
    await expect(bout.as(1).play(bout.struct, struct(state), 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "NotTheParticipant")
      .withArgs(bout.channel.participants[1]!.account, 0);
    await expect(bout.as(0).play(bout.struct, struct(state), 2, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "UnknownParticipant")
      .withArgs(2, 2);
    await expect(fixture.channels.connect(fixture.outsider).play(bout.struct, struct(state), 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "NotTheParticipant")
      .withArgs(await fixture.outsider.getAddress(), 0);
  });

  it("reverts out of turn", async () => {
    const { fixture, bout, state } = await playable();
    await expect(bout.play(state, 1, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "ChannelMoveRefused")
      .withArgs(1);
  });

  for (const [title, move] of [
    ["is illegal", "0x"],
    ["is too long", `0x${"00".repeat(257)}`],
    ["makes the rules burn all gas", puppet(0, MODE.playBurnsGas, [])],
    ["makes the rules return malformed data", puppet(0, MODE.playIsMalformed, [])],
    ["makes the rules return too much", puppet(0, MODE.playIsTooLong, [])],
  ] as const) {
    it(`reverts when the move ${title}, and leaves everything as it was`, async () => {
      const { fixture, bout, state } = await playable();
      await expect(bout.play(state, 0, move))
        .to.be.revertedWithCustomError(fixture.channels, "ChannelMoveRefused")
        .withArgs(0);
      expect((await bout.status()).stateHash).to.equal(hashOf(state));
    });
  }

  it("reverts when a move is played again", async () => {
    const { fixture, bout, state } = await playable({ gameState: puppet(ANYONE, MODE.runs, [0, 0]) });
    await bout.play(state, 0, NEXT);
    await expect(bout.play(state, 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "NotTheDisputedState")
      .withArgs(hashOf(state), hashOf(bout.moved(state, NEXT)));
  });

  it("reverts with too little gas for the rules, whoever sends it", async () => {
    const { fixture, bout, state } = await playable();
    await expect(
      bout.as(0).play(bout.struct, struct(state), 0, NEXT, { gasLimit: 1_000_000 }),
    ).to.be.revertedWithCustomError(fixture.channels, "NotEnoughGas");
  });

  it("counts in the last second of the first move, and expires in the next", async () => {
    const { fixture, bout, state } = await playable();
    const deadline = (await bout.status()).deadline + HOUR;
    await time.setNextBlockTimestamp(deadline);
    await expect(bout.expire(state))
      .to.be.revertedWithCustomError(fixture.channels, "MoveStillPossible")
      .withArgs(deadline, deadline);
    await time.setNextBlockTimestamp(deadline + 1n);
    await expect(bout.play(state, 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "ChannelMoveTooLate")
      .withArgs(deadline + 1n, deadline);
    await time.setNextBlockTimestamp(deadline + 2n);
    await bout.expire(state);
    expect(await bout.phase()).to.equal(PHASE.closed);
  });

  it("counts in the last second of any later move, and expires in the next", async () => {
    const { fixture, bout, state } = await playable();
    await bout.play(state, 0, NEXT);
    const { deadline } = await bout.status();
    expect(deadline).to.equal(BigInt(await time.latest()) + HOUR);
    const second = bout.moved(state, NEXT);
    await time.setNextBlockTimestamp(deadline);
    await bout.play(second, 1, state.gameState);
    const after = await bout.status();
    expect(after.deadline).to.equal(deadline + HOUR);
    await time.setNextBlockTimestamp(after.deadline + 1n);
    await expect(bout.play(state, 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "ChannelMoveTooLate")
      .withArgs(after.deadline + 1n, after.deadline);
  });

  it("counts in the last second of the life, and not in the next", async () => {
    const { fixture, bout, state } = await playable({ gameState: puppet(ANYONE, MODE.runs, [0, 0]) });
    const { end } = await bout.status();
    let now = (await bout.status()).deadline;
    let current = state;
    for (; now + HOUR < end; now += HOUR) {
      await time.setNextBlockTimestamp(now + HOUR);
      await bout.play(current, 0, current.gameState);
    }
    await time.setNextBlockTimestamp(end);
    const gameState = puppet(ANYONE, MODE.runs, [1, 1]);
    await bout.play(current, 1, gameState);
    current = bout.moved(current, gameState);
    await time.setNextBlockTimestamp(end + 1n);
    await expect(bout.play(current, 0, NEXT))
      .to.be.revertedWithCustomError(fixture.channels, "LifeOver")
      .withArgs(end + 1n, end);
    expect((await bout.status()).deadline).to.be.greaterThan(end);
  });

  it("takes a move from the account or its session key", async () => {
    const { fixture, bout, state } = await playable();
    const key = fixture.keys[0]!;
    await (await fixture.accounts[0]!.sendTransaction({ to: key.address, value: 10n ** 18n })).wait();
    await expect(fixture.channels.connect(key).play(bout.struct, struct(state), 0, NEXT, { gasLimit: 8_000_000 }))
      .to.emit(fixture.channels, "MovePlayed")
      .withArgs(bout.id, 0, NEXT, anyValue, NEXT);
    const { deadline, stateHash, phase } = await bout.status();
    expect([phase, deadline]).to.deep.equal([BigInt(PHASE.playing), BigInt(await time.latest()) + HOUR]);
    expect(stateHash).to.equal(hashOf(bout.moved(state, NEXT)));
  });

  it("pays by the outcome as soon as the round is over: stakes only, the rest stays", async () => {
    const { fixture, bout, state } = await playable({ balances: [DEPOSIT - 300n, DEPOSIT + 300n] });
    const played = bout.play(state, 0, WON);
    await expect(played).to.emit(fixture.channels, "MovePlayed").withArgs(bout.id, 0, WON, 0, WON);
    await expect(played)
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [DEPOSIT - 200n, DEPOSIT + 200n]);
    await expect(played).to.changeEtherBalance(fixture.accounts[1]!, DEPOSIT + 200n);
    expect(await bout.phase()).to.equal(PHASE.closed);
  });

  it("is open in a game that was retired meanwhile", async () => {
    const { fixture, bout, state } = await playable();
    await fixture.registry.retire(GAME);
    await bout.play(state, 0, WON);
    expect(await bout.phase()).to.equal(PHASE.closed);
  });

  for (const [title, gameState] of [
    ["an outcome that pays more than the pot", puppet(1, MODE.over, [10_000, 1])],
    ["an outcome that pays less than the pot", puppet(1, MODE.over, [9_998, 1])],
    ["an outcome for too many players", puppet(1, MODE.over, [5_000, 4_000, 1_000])],
    ["an outcome for too few", puppet(1, MODE.over, [10_000])],
    ["an outcome that reverts", puppet(1, MODE.outcomeReverts, [0, 0])],
    ["an outcome that burns all gas", puppet(1, MODE.outcomeBurnsGas, [0, 0])],
    ["a malformed outcome", puppet(1, MODE.outcomeIsMalformed, [0, 0])],
    ["an outcome of 256 KiB", puppet(1, MODE.outcomeIsHuge, [0, 0])],
  ] as const) {
    it(`gives each its stake back after ${title}`, async () => {
      const { fixture, bout, state } = await playable({ balances: [DEPOSIT - 300n, DEPOSIT + 300n] });
      await expect(bout.play(state, 0, gameState))
        .to.emit(fixture.channels, "ChannelClosed")
        .withArgs(bout.id, [DEPOSIT - 300n, DEPOSIT + 300n]);
      expect(await bout.phase()).to.equal(PHASE.closed);
    });
  }
});

describe("StateChannels: expire", () => {
  /** A dispute in the first second after its first move's deadline. */
  async function late(changes: Partial<ChannelState> = {}): ReturnType<typeof playable> {
    const made = await playable(changes);
    await time.setNextBlockTimestamp((await made.bout.status()).deadline + HOUR + 1n);
    return made;
  }

  it("reverts with another state than the disputed one", async () => {
    const { fixture, bout, state } = await late();
    await expect(bout.expire({ ...state, version: 2n }))
      .to.be.revertedWithCustomError(fixture.channels, "NotTheDisputedState")
      .withArgs(hashOf({ ...state, version: 2n }), hashOf(state));
  });

  it("reverts where no round runs, and where the signed round is over: nobody undoes a win by waiting", async () => {
    for (const changes of [{ stake: 0n, gameState: "0x" }, { gameState: WON }]) {
      const { fixture, bout, state } = await late(changes);
      await expect(bout.expire(state))
        .to.be.revertedWithCustomError(fixture.channels, "NothingToPlay")
        .withArgs(bout.id);
    }
  });

  it("has the one who delayed lose", async () => {
    const { fixture, bout, state } = await late();
    const expired = bout.expire(state);
    await expect(expired)
      .to.emit(fixture.channels, "MoveExpired")
      .withArgs(bout.id, 0, puppet(1, MODE.over, [0, 10_000]));
    await expect(expired)
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [DEPOSIT - 100n, DEPOSIT + 100n]);
  });

  it("goes on where the rules do, with a whole new time", async () => {
    const gameState = puppet(0, MODE.expirePasses, [0, 0]);
    const { fixture, bout, state } = await late({ gameState });
    const next = puppet(1, MODE.expirePasses, [0, 0]);
    await expect(bout.expire(state)).to.emit(fixture.channels, "MoveExpired").withArgs(bout.id, anyValue, next);
    const { phase, deadline, stateHash } = await bout.status();
    expect([phase, deadline]).to.deep.equal([BigInt(PHASE.playing), BigInt(await time.latest()) + HOUR]);
    expect(stateHash).to.equal(hashOf(bout.moved(state, next)));
  });

  for (const [title, mode] of [
    ["revert", MODE.expireReverts],
    ["change nothing", MODE.expireChangesNothing],
    ["burn all gas", MODE.expireBurnsGas],
  ] as const) {
    it(`gives each its stake back where the rules ${title}`, async () => {
      const { fixture, bout, state } = await late({ gameState: puppet(0, mode, [0, 0]) });
      await expect(bout.expire(state)).to.emit(fixture.channels, "ChannelClosed").withArgs(bout.id, [DEPOSIT, DEPOSIT]);
    });
  }

  it("gives each its stake back where all signed a state that is none of the game", async () => {
    const { fixture, bout, state } = await late({ gameState: "0xff" });
    await expect(bout.expire(state)).to.emit(fixture.channels, "ChannelClosed").withArgs(bout.id, [DEPOSIT, DEPOSIT]);
  });

  it("reverts once the life is over", async () => {
    const { fixture, bout, state } = await playable();
    const { end } = await bout.status();
    await time.setNextBlockTimestamp(end + 1n);
    await expect(bout.expire(state))
      .to.be.revertedWithCustomError(fixture.channels, "LifeOver")
      .withArgs(end + 1n, end);
  });

  it("counts in the last second of the life", async () => {
    const { bout, state } = await playable();
    await time.setNextBlockTimestamp((await bout.status()).end);
    await bout.expire(state);
    expect(await bout.phase()).to.equal(PHASE.closed);
  });
});

describe("StateChannels: conclude", () => {
  it("reverts in the window, where nothing is disputed and once closed", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await expect(bout.conclude(bout.initial))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(bout.id, PHASE.open);
    await bout.challenge(bout.initial);
    const { deadline } = await bout.status();
    await time.setNextBlockTimestamp(deadline);
    await expect(bout.conclude(bout.initial))
      .to.be.revertedWithCustomError(fixture.channels, "WindowOpen")
      .withArgs(deadline, deadline);
    await time.setNextBlockTimestamp(deadline + 1n);
    await bout.conclude(bout.initial);
    await expect(bout.conclude(bout.initial))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(bout.id, PHASE.closed);
  });

  it("reverts with another state than the disputed one", async () => {
    const { fixture, bout, state } = await playable({ stake: 0n, gameState: "0x" });
    const other = { ...state, balances: [0n, 2n * DEPOSIT] };
    await expect(bout.conclude(other))
      .to.be.revertedWithCustomError(fixture.channels, "NotTheDisputedState")
      .withArgs(hashOf(other), hashOf(state));
  });

  it("reverts while a round runs, to the last second of its life", async () => {
    const { fixture, bout, state } = await playable();
    const { end } = await bout.status();
    await time.setNextBlockTimestamp(end);
    await expect(bout.conclude(state)).to.be.revertedWithCustomError(fixture.channels, "RoundRuns").withArgs(end, end);
    await time.setNextBlockTimestamp(end + 1n);
    await bout.conclude(state);
    expect(await bout.phase()).to.equal(PHASE.closed);
  });

  it("lets nobody who missed the first move wait for the end to get its stake back", async () => {
    const { fixture, bout, state } = await playable();
    await time.setNextBlockTimestamp((await bout.status()).end + 1n);
    const concluded = bout.conclude(state);
    await expect(concluded)
      .to.emit(fixture.channels, "MoveExpired")
      .withArgs(bout.id, 0, puppet(1, MODE.over, [0, 10_000]));
    await expect(concluded)
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [DEPOSIT - 100n, DEPOSIT + 100n]);
  });

  it("lets nobody who missed a later move wait for the end to get its stake back", async () => {
    const { fixture, bout, state } = await playable();
    await bout.play(state, 0, NEXT);
    await time.setNextBlockTimestamp((await bout.status()).end + 1n);
    await expect(bout.conclude(bout.moved(state, NEXT)))
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [DEPOSIT + 100n, DEPOSIT - 100n]);
  });

  for (const [title, mode] of [
    ["pass the turn on", MODE.expirePasses],
    ["revert", MODE.expireReverts],
    ["burn all gas", MODE.expireBurnsGas],
  ] as const) {
    it(`gives each its stake back where a move was missed and the rules ${title}`, async () => {
      const { fixture, bout, state } = await playable({ gameState: puppet(0, mode, [0, 0]) });
      await time.setNextBlockTimestamp((await bout.status()).end + 1n);
      await expect(bout.conclude(state))
        .to.emit(fixture.channels, "ChannelClosed")
        .withArgs(bout.id, [DEPOSIT, DEPOSIT]);
    });
  }

  it("gives each its stake back where rules accept moves for ever", async () => {
    const { fixture, bout, state } = await playable({ gameState: puppet(ANYONE, MODE.runs, [0, 0]) });
    const { deadline, end } = await bout.status();
    for (let now = deadline + HOUR; now < end; now += HOUR) {
      await time.setNextBlockTimestamp(now);
      await bout.play(state, 0, state.gameState);
    }
    await expect(bout.conclude(state)).to.be.revertedWithCustomError(fixture.channels, "RoundRuns");
    expect((await bout.status()).deadline).to.equal(end);
    await time.setNextBlockTimestamp(end + 1n);
    await expect(bout.conclude(state)).to.emit(fixture.channels, "ChannelClosed").withArgs(bout.id, [DEPOSIT, DEPOSIT]);
  });

  it("pays the balances where no round runs", async () => {
    const { fixture, bout, state } = await playable({
      stake: 0n,
      gameState: "0x",
      balances: [DEPOSIT - 1n, DEPOSIT + 1n],
    });
    await expect(bout.conclude(state)).to.changeEtherBalances(
      [fixture.accounts[0]!, fixture.accounts[1]!],
      [DEPOSIT - 1n, DEPOSIT + 1n],
    );
  });

  it("pays by the outcome of a signed round that is over, however late", async () => {
    const { fixture, bout, state } = await playable({ gameState: WON });
    await time.setNextBlockTimestamp((await bout.status()).end + 100n);
    await expect(bout.conclude(state))
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [DEPOSIT + 100n, DEPOSIT - 100n]);
  });

  it("pays a round of three with the rounding to the last", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture, {}, 3);
    const state = bout.state({ stake: 1n, gameState: puppet(0, MODE.over, [3_333, 3_333, 3_334]) });
    await bout.dispute(state);
    await expect(bout.conclude(state))
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [DEPOSIT - 1n, DEPOSIT - 1n, DEPOSIT + 2n]);
  });

  it("reverts for a signed round that claims more than the pot, until each can have its stake back", async () => {
    const { fixture, bout, state } = await playable({ gameState: puppet(0, MODE.over, [10_000, 10_000]) });
    await expect(bout.conclude(state)).to.be.revertedWithCustomError(fixture.channels, "RoundRuns");
    await time.setNextBlockTimestamp((await bout.status()).deadline + HOUR + 1n);
    await bout.expire(state);
    expect(await fixture.channels.owed(bout.channel.participants[0]!.account, bout.channel.token)).to.equal(0);
    expect(await bout.phase()).to.equal(PHASE.closed);
  });
});
