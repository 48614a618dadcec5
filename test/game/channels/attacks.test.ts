import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { concat } from "ethers";
import { stateDigest } from "../../../protocol/channel";
import { signDigest } from "../../crosschain/support";
import {
  ANYONE,
  Bout,
  DEPOSIT,
  HOUR,
  MODE,
  PHASE,
  deployChannels,
  hashOf,
  newChannel,
  deposit,
  puppet,
  struct,
} from "./support";

describe("StateChannels: attacks", () => {
  it("an old half-signed state undoes no move on chain (decision 6)", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    // The victim signed version 2, which the cheat kept to itself while it looked bad, and disputes version 1.
    const [one, withheld] = [bout.state(), bout.state({ version: 2n, balances: [2n * DEPOSIT - 100n, 100n] })];
    await bout.dispute(one);
    const after = puppet(1, MODE.runs, [0, 0]);
    await bout.play(one, 0, after);
    const { deadline } = await bout.status();
    await expect(bout.answer(withheld))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(bout.id, PHASE.playing);
    // The cheat delays: the move stands and decides.
    await time.setNextBlockTimestamp(deadline + 1n);
    await expect(bout.expire(bout.moved(one, after)))
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [DEPOSIT + 100n, DEPOSIT - 100n]);
  });

  it("several moves where anyone may move do not outrun a newer state (decision 6)", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const free = puppet(ANYONE, MODE.runs, [0, 0]);
    const old = bout.state({ gameState: free });
    const newest = bout.state({ version: 2n, gameState: free, balances: [DEPOSIT - 500n, DEPOSIT + 500n] });
    await bout.challenge(old, 0);
    for (let move = 0; move < 3; move++) {
      await expect(bout.play(old, 0, free)).to.be.revertedWithCustomError(fixture.channels, "WindowOpen");
    }
    await bout.answer(newest);
    expect((await bout.status()).stateHash).to.equal(hashOf(newest));
  });

  it("many old states, each a little newer, do not delay a dispute by a second", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await bout.challenge(bout.initial);
    const { deadline, end } = await bout.status();
    for (let version = 1n; version <= 20n; version++) {
      await bout.answer(bout.state({ version }), fixture.accounts[0]!);
    }
    expect([(await bout.status()).deadline, (await bout.status()).end]).to.deep.equal([deadline, end]);
  });

  it("a challenge cannot be repeated: there is one dispute in a channel's life", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await bout.challenge(bout.state());
    await expect(bout.challenge(bout.state({ version: 2n }), 1))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(bout.id, PHASE.disputed);
  });

  it("rules in which the cheat moves for ever hold nobody's stake longer than the life", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const state = bout.state({ gameState: puppet(ANYONE, MODE.expireChangesNothing, [0, 0]) });
    await bout.dispute(state);
    for (let move = 0; move < 10; move++) await bout.play(state, 0, state.gameState);
    await time.setNextBlockTimestamp((await bout.status()).end + 1n);
    await expect(bout.conclude(state)).to.emit(fixture.channels, "ChannelClosed").withArgs(bout.id, [DEPOSIT, DEPOSIT]);
  });

  it("a winner whose win all signed is not robbed of it by a dispute that nobody concludes in time", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const won = bout.state({ gameState: puppet(1, MODE.over, [10_000, 0]) });
    await bout.challenge(won, 1);
    await time.setNextBlockTimestamp((await bout.status()).deadline + 5n * HOUR);
    await expect(bout.expire(won)).to.be.revertedWithCustomError(fixture.channels, "NothingToPlay").withArgs(bout.id);
    await expect(bout.conclude(won))
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [DEPOSIT + 100n, DEPOSIT - 100n]);
  });

  it("states of a channel count for nothing in one that differs in anything", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const state = bout.state({ balances: [2n * DEPOSIT - 100n, 100n] });
    const signatures = bout.signed(state);
    for (const changes of [
      { nonce: 10_000n },
      { challengeSeconds: HOUR - 1n },
      { lifeSeconds: 101n * HOUR },
      { token: await fixture.token.getAddress() },
    ]) {
      const other = await Bout.funded(fixture, changes);
      await expect(other.as(0).challenge(other.struct, struct(state), signatures)).to.be.revertedWithCustomError(
        fixture.channels,
        "NotSignedBy",
      );
    }
  });

  it("a channel that was closed or cancelled never lives again: its states are worth nothing", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await bout.close([DEPOSIT, DEPOSIT]);
    const cancelled = new Bout(fixture, await newChannel(fixture));
    await deposit(fixture, cancelled.channel, 1);
    await cancelled.as(1).withdrawDeposit(cancelled.struct, 1);
    for (const [dead, phase] of [
      [bout, PHASE.closed],
      [cancelled, PHASE.cancelled],
    ] as const) {
      await expect(deposit(fixture, dead.channel, 0))
        .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
        .withArgs(dead.id, phase);
      await expect(dead.challenge(dead.state()))
        .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
        .withArgs(dead.id, phase);
    }
  });

  it("a participant with two parts signs for its own only", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture, {}, 3);
    const state = bout.state();
    const digest = stateDigest(state, fixture.domain);
    const [one, , three] = fixture.keys;
    const signatures = concat([one!, one!, three!].map((key) => signDigest(key, digest)));
    await expect(bout.as(0).challenge(bout.struct, struct(state), signatures))
      .to.be.revertedWithCustomError(fixture.channels, "NotSignedBy")
      .withArgs(1, fixture.keys[1]!.address, one!.address);
  });

  it("BNB and tokens that are forced in change nothing and are nobody's", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels, token, accounts } = fixture;
    const bout = await Bout.funded(fixture);
    await setBalance(await channels.getAddress(), 1_000_000n);
    await token.mint(channels, 1_000_000n);
    await bout.close([DEPOSIT, DEPOSIT]);
    const there = await fixture.accounts[0]!.provider!.getBalance(channels);
    expect(there).to.equal(1_000_000n - 2n * DEPOSIT);
    await expect(channels.connect(accounts[0]!).withdraw(token, accounts[0]!)).to.be.revertedWithCustomError(
      channels,
      "NoPayout",
    );
    await expect(
      accounts[0]!.sendTransaction({ to: channels, value: 1n, gasLimit: 100_000 }),
    ).to.be.revertedWithoutReason();
  });

  it("the deposits of a channel pay no other: its holdings are its own", async () => {
    const fixture = await loadFixture(deployChannels);
    const rich = await Bout.funded(fixture);
    const poor = new Bout(fixture, await newChannel(fixture));
    await deposit(fixture, poor.channel, 0);
    await expect(poor.close([2n * DEPOSIT, 0n]))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(poor.id, PHASE.funding);
    await poor.as(0).withdrawDeposit(poor.struct, 0);
    await expect(rich.close([0n, 2n * DEPOSIT])).to.changeEtherBalance(fixture.channels, -2n * DEPOSIT);
  });
});
