import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { anyValue } from "@nomicfoundation/hardhat-chai-matchers/withArgs";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import type { Channel, Participant } from "../../../protocol/channel";
import { MAX_DEPOSITS, channelFault, type ChannelFault } from "../../../protocol/channelFault";
import { channelId } from "../../../protocol/channel";
import { Bout, DEPOSIT, GAME, HOUR, PHASE, deployChannels, deposit, fund, given, newChannel } from "./support";

describe("StateChannels: deposits", () => {
  describe("of a channel that nobody can open", () => {
    /** Each with the error's arguments, and what the twin in TypeScript says. */
    const replaced = (channel: Channel, at: number, change: Partial<Participant>): Partial<Channel> => ({
      participants: channel.participants.map((each, index) => (index === at ? { ...each, ...change } : each)),
    });
    const cases: readonly (readonly [
      title: string,
      change: (channel: Channel) => Partial<Channel>,
      error: ChannelFault,
      args: readonly unknown[],
    ])[] = [
      ["one participant", ({ participants: [one] }) => ({ participants: [one!] }), "ParticipantCount", [1, 2, 16]],
      [
        "17 participants",
        ({ participants: [one] }) => ({ participants: Array.from({ length: 17 }, () => one!) }),
        "ParticipantCount",
        [17, 2, 16],
      ],
      ["no account", (channel) => replaced(channel, 1, { account: ZeroAddress }), "ParticipantMissing", [1]],
      ["no signer", (channel) => replaced(channel, 1, { signer: ZeroAddress }), "ParticipantMissing", [1]],
      ["no deposit", (channel) => replaced(channel, 1, { deposit: 0n }), "DepositMissing", [1]],
      [
        "a deposit too large",
        (channel) => replaced(channel, 1, { deposit: MAX_DEPOSITS + 1n }),
        "DepositsTooLarge",
        [MAX_DEPOSITS + 1n, MAX_DEPOSITS],
      ],
      [
        "deposits too large together",
        (channel) => replaced(channel, 1, { deposit: MAX_DEPOSITS - DEPOSIT + 1n }),
        "DepositsTooLarge",
        [MAX_DEPOSITS + 1n, MAX_DEPOSITS],
      ],
      ["too little time to answer", () => ({ challengeSeconds: 299n }), "ChallengeTimeOutOfRange", [299, 300, 259_200]],
      [
        "too much time to answer",
        () => ({ challengeSeconds: 259_201n }),
        "ChallengeTimeOutOfRange",
        [259_201, 300, 259_200],
      ],
      [
        "a life in which a loser could wait for the end",
        () => ({ lifeSeconds: 100n * HOUR - 1n }),
        "LifeOutOfRange",
        [100n * HOUR - 1n, 100n * HOUR, 31_536_000],
      ],
      [
        "a life too long",
        () => ({ lifeSeconds: 31_536_001n }),
        "LifeOutOfRange",
        [31_536_001, 100n * HOUR, 31_536_000],
      ],
    ];
    for (const [title, change, error, args] of cases) {
      it(`reverts with ${title}, as TypeScript says`, async () => {
        const fixture = await loadFixture(deployChannels);
        const usual = await newChannel(fixture);
        const channel = { ...usual, ...change(usual) };
        await expect(deposit(fixture, channel, 0))
          .to.be.revertedWithCustomError(fixture.channels, error)
          .withArgs(...args);
        expect(channelFault(channel)).to.equal(error);
      });
    }

    it("reverts when the game is unknown", async () => {
      const fixture = await loadFixture(deployChannels);
      const channel = await newChannel(fixture, { gameId: 7n });
      await expect(deposit(fixture, channel, 0))
        .to.be.revertedWithCustomError(fixture.registry, "UnknownGame")
        .withArgs(7);
    });

    it("reverts when the game is retired", async () => {
      const fixture = await loadFixture(deployChannels);
      await fixture.registry.retire(GAME);
      await expect(deposit(fixture, await newChannel(fixture), 0))
        .to.be.revertedWithCustomError(fixture.registry, "GameIsRetired")
        .withArgs(GAME);
    });

    it("reverts when it names other rules than the game's", async () => {
      const fixture = await loadFixture(deployChannels);
      const rules = await fixture.token.getAddress();
      await expect(deposit(fixture, await newChannel(fixture, { rules }), 0))
        .to.be.revertedWithCustomError(fixture.channels, "NotTheRules")
        .withArgs(rules, await fixture.rules.getAddress());
    });
  });

  describe("of one", () => {
    it("revert from anybody but the participant's account, its session key included", async () => {
      const fixture = await loadFixture(deployChannels);
      const channel = await newChannel(fixture);
      const { account } = channel.participants[1]!;
      for (const caller of [fixture.accounts[0]!, fixture.outsider]) {
        await expect(fixture.channels.connect(caller).deposit(given(channel), 1, { value: DEPOSIT }))
          .to.be.revertedWithCustomError(fixture.channels, "NotTheAccount")
          .withArgs(await caller.getAddress(), account);
      }
    });

    it("revert for a participant that there is not", async () => {
      const fixture = await loadFixture(deployChannels);
      await expect(fixture.channels.deposit(given(await newChannel(fixture)), 2, { value: DEPOSIT }))
        .to.be.revertedWithCustomError(fixture.channels, "UnknownParticipant")
        .withArgs(2, 2);
    });

    it("revert a second time", async () => {
      const fixture = await loadFixture(deployChannels);
      const channel = await newChannel(fixture);
      await deposit(fixture, channel, 0);
      await expect(deposit(fixture, channel, 0))
        .to.be.revertedWithCustomError(fixture.channels, "DepositPaidAlready")
        .withArgs(0);
    });

    it("revert with another value, and with a value beside a token", async () => {
      const fixture = await loadFixture(deployChannels);
      const channel = await newChannel(fixture);
      const inToken = await newChannel(fixture, { token: await fixture.token.getAddress() });
      for (const [struct, value, required] of [
        [given(channel), DEPOSIT - 1n, DEPOSIT],
        [given(channel), DEPOSIT + 1n, DEPOSIT],
        [given(inToken), 1n, 0n],
      ] as const) {
        await expect(fixture.channels.deposit(struct, 0, { value }))
          .to.be.revertedWithCustomError(fixture.channels, "WrongDepositValue")
          .withArgs(value, required);
      }
    });

    it("revert in a token that takes a fee", async () => {
      const fixture = await loadFixture(deployChannels);
      await fixture.token.setFee(100);
      const channel = await newChannel(fixture, { token: await fixture.token.getAddress() });
      await expect(deposit(fixture, channel, 0))
        .to.be.revertedWithCustomError(fixture.channels, "WrongDepositReceived")
        .withArgs(990, DEPOSIT);
    });

    it("revert in a token that says no", async () => {
      const fixture = await loadFixture(deployChannels);
      await fixture.token.setAnswersFalse(true);
      const channel = await newChannel(fixture, { token: await fixture.token.getAddress() });
      await expect(deposit(fixture, channel, 0))
        .to.be.revertedWithCustomError(fixture.channels, "SafeERC20FailedOperation")
        .withArgs(channel.token);
    });

    it("revert in a token that re-enters, and the channel stays unknown", async () => {
      const fixture = await loadFixture(deployChannels);
      const { channels, token } = fixture;
      const channel = await newChannel(fixture, { token: await token.getAddress() });
      const other = await newChannel(fixture);
      await token.setReaction(channels, channels.interface.encodeFunctionData("deposit", [given(other), 0]));
      await deposit(fixture, channel, 0);
      expect(await token.reacted()).to.equal(false);
      expect(await token.answer()).to.equal(channels.interface.getError("ReentrancyGuardReentrantCall")!.selector);
      expect((await channels.statusOf(channelId(other, fixture.venue))).phase).to.equal(PHASE.none);
    });

    it("open the channel with the first, whoever it is, and fund it with the last", async () => {
      const fixture = await loadFixture(deployChannels);
      const { channels } = fixture;
      const channel = await newChannel(fixture, {}, 3);
      const bout = new Bout(fixture, channel);
      const first = deposit(fixture, channel, 1);
      await expect(first).to.emit(channels, "ChannelOpened").withArgs(bout.id, GAME, anyValue);
      await expect(first).to.emit(channels, "DepositPaid").withArgs(bout.id, 1);
      await expect(first).not.to.emit(channels, "ChannelFunded");
      await expect(first).to.changeEtherBalance(channels, DEPOSIT);
      expect(await bout.status()).to.deep.equal([PHASE.funding, 2, 0, 0, 0, `0x${"00".repeat(32)}`]);

      await deposit(fixture, channel, 0);
      expect((await bout.status()).funded).to.equal(3);
      const last = deposit(fixture, channel, 2);
      await expect(last).not.to.emit(channels, "ChannelOpened");
      await expect(last).to.emit(channels, "ChannelFunded").withArgs(bout.id);
      expect(await bout.phase()).to.equal(PHASE.open);
      expect(await channels.channelIdOf(given(channel))).to.equal(bout.id);
    });

    it("say the whole channel in the event that opens it", async () => {
      const fixture = await loadFixture(deployChannels);
      const channel = await newChannel(fixture);
      await deposit(fixture, channel, 0);
      const [event] = await fixture.channels.queryFilter(
        fixture.channels.filters.ChannelOpened(channelId(channel, fixture.venue)),
      );
      const { gameId, rules, token, participants, challengeSeconds, lifeSeconds, nonce } = event!.args.channel;
      const told = {
        ...{ gameId, rules, token, challengeSeconds, lifeSeconds, nonce },
        participants: participants.map(({ account, signer, deposit: amount }) => ({
          account,
          signer,
          deposit: amount,
        })),
      };
      expect(told).to.deep.equal(channel);
    });

    it("take tokens in full", async () => {
      const fixture = await loadFixture(deployChannels);
      const channel = await newChannel(fixture, { token: await fixture.token.getAddress() }, 16);
      const before = await fixture.token.balanceOf(fixture.channels);
      await fund(fixture, channel);
      expect(await fixture.token.balanceOf(fixture.channels)).to.equal(before + 16n * DEPOSIT);
      expect(await new Bout(fixture, channel).phase()).to.equal(PHASE.open);
    });

    it("fund a channel that was opened before its game was retired", async () => {
      const fixture = await loadFixture(deployChannels);
      const channel = await newChannel(fixture);
      await deposit(fixture, channel, 0);
      await fixture.registry.retire(GAME);
      await deposit(fixture, channel, 1);
      expect(await new Bout(fixture, channel).phase()).to.equal(PHASE.open);
    });

    it("revert once all have paid", async () => {
      const fixture = await loadFixture(deployChannels);
      const bout = await Bout.funded(fixture);
      await expect(deposit(fixture, bout.channel, 0))
        .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
        .withArgs(bout.id, PHASE.open);
    });
  });

  describe("that are taken back", () => {
    it("revert once all have paid, and where nobody has", async () => {
      const fixture = await loadFixture(deployChannels);
      const bout = await Bout.funded(fixture);
      await expect(bout.as(0).withdrawDeposit(bout.struct, 0))
        .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
        .withArgs(bout.id, PHASE.open);
      const unknown = new Bout(fixture, await newChannel(fixture));
      await expect(unknown.as(0).withdrawDeposit(unknown.struct, 0))
        .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
        .withArgs(unknown.id, PHASE.none);
    });

    it("revert for anybody but the account, for what was not paid, and twice", async () => {
      const fixture = await loadFixture(deployChannels);
      const bout = new Bout(fixture, await newChannel(fixture));
      await deposit(fixture, bout.channel, 0);
      await expect(bout.as(1).withdrawDeposit(bout.struct, 0))
        .to.be.revertedWithCustomError(fixture.channels, "NotTheAccount")
        .withArgs(bout.channel.participants[1]!.account, bout.channel.participants[0]!.account);
      await expect(bout.as(1).withdrawDeposit(bout.struct, 1))
        .to.be.revertedWithCustomError(fixture.channels, "NoDeposit")
        .withArgs(1);
      await bout.as(0).withdrawDeposit(bout.struct, 0);
      await expect(bout.as(0).withdrawDeposit(bout.struct, 0))
        .to.be.revertedWithCustomError(fixture.channels, "NoDeposit")
        .withArgs(0);
    });

    it("cancel the channel for good, and leave the others theirs", async () => {
      const fixture = await loadFixture(deployChannels);
      const bout = new Bout(fixture, await newChannel(fixture, {}, 3));
      await deposit(fixture, bout.channel, 0);
      await deposit(fixture, bout.channel, 1);
      const withdrawn = bout.as(1).withdrawDeposit(bout.struct, 1);
      await expect(withdrawn).to.emit(fixture.channels, "DepositWithdrawn").withArgs(bout.id, 1);
      await expect(withdrawn).to.changeEtherBalances([fixture.accounts[1]!, fixture.channels], [DEPOSIT, -DEPOSIT]);
      for (const participant of [1, 2]) {
        await expect(deposit(fixture, bout.channel, participant))
          .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
          .withArgs(bout.id, PHASE.cancelled);
      }
      await expect(bout.as(0).withdrawDeposit(bout.struct, 0)).to.changeEtherBalance(fixture.accounts[0]!, DEPOSIT);
      expect((await bout.status()).funded).to.equal(0);
      await expect(deposit(fixture, bout.channel, 0)).to.be.revertedWithCustomError(
        fixture.channels,
        "WrongChannelPhase",
      );
    });

    it("come back in their token, also of a retired game", async () => {
      const fixture = await loadFixture(deployChannels);
      const bout = new Bout(fixture, await newChannel(fixture, { token: await fixture.token.getAddress() }));
      await deposit(fixture, bout.channel, 0);
      await fixture.registry.retire(GAME);
      await expect(bout.as(0).withdrawDeposit(bout.struct, 0)).to.changeTokenBalances(
        fixture.token,
        [fixture.accounts[0]!, fixture.channels],
        [DEPOSIT, -DEPOSIT],
      );
    });
  });
});
