import { loadFixture, setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, toBeHex } from "ethers";
import { CHANNEL_BNB, type Channel } from "../../../protocol/channel";
import type { ChannelLibrariesMock, ChannelPartyMock, PuppetGameMock, SilentTokenMock } from "../../../typechain-types";
import {
  Bout,
  DEPOSIT,
  MODE,
  PHASE,
  deployChannels,
  deployContract,
  deposit,
  given,
  newChannel,
  puppet,
  struct,
  type ChannelFixture,
} from "./support";

/** Behaviours of `ChannelPartyMock`. */
const TAKES = { accept: 0, refuse: 1, burnGas: 2, returnBomb: 3 } as const;

/** A channel whose first participant is a contract. */
async function withContract(fixture: ChannelFixture, changes: Partial<Channel> = {}): Promise<Bout> {
  const { party, channels } = fixture;
  const usual = await newChannel(fixture, changes);
  const [first, second] = usual.participants;
  const account = await party.getAddress();
  const channel = { ...usual, participants: [{ ...first!, account }, second!] };
  const call = channels.interface.encodeFunctionData("deposit", [given(channel), 0]);
  await party.execute(channels, channel.token === CHANNEL_BNB ? DEPOSIT : 0n, call);
  await deposit(fixture, channel, 1);
  return new Bout(fixture, channel);
}

describe("StateChannels: payouts", () => {
  for (const [title, behaviour] of [
    ["refuses BNB", TAKES.refuse],
    ["burns all gas", TAKES.burnGas],
    ["returns very much", TAKES.returnBomb],
  ] as const) {
    it(`to an account that ${title} are kept for it, and the others are paid`, async () => {
      const fixture = await loadFixture(deployChannels);
      const { channels, party, accounts } = fixture;
      const bout = await withContract(fixture);
      await party.setBehaviour(behaviour);
      const closed = bout.close([DEPOSIT + 1n, DEPOSIT - 1n]);
      await expect(closed)
        .to.emit(channels, "PayoutKept")
        .withArgs(party, CHANNEL_BNB, DEPOSIT + 1n);
      await expect(closed).to.changeEtherBalances([party, accounts[1]!, channels], [0n, DEPOSIT - 1n, 1n - DEPOSIT]);
      expect((await (await closed).wait())!.gasUsed).to.be.lessThan(250_000n);
      expect(await channels.owed(party, CHANNEL_BNB)).to.equal(DEPOSIT + 1n);

      const withdraw = channels.interface.encodeFunctionData("withdraw", [
        CHANNEL_BNB,
        await fixture.outsider.getAddress(),
      ]);
      const withdrawn = party.execute(channels, 0, withdraw);
      await expect(withdrawn).to.changeEtherBalances([fixture.outsider, channels], [DEPOSIT + 1n, -DEPOSIT - 1n]);
      await expect(withdrawn)
        .to.emit(channels, "PayoutWithdrawn")
        .withArgs(party, CHANNEL_BNB, fixture.outsider, DEPOSIT + 1n);
      expect(await channels.owed(party, CHANNEL_BNB)).to.equal(0);
    });
  }

  it("to a contract that takes BNB are paid at once, with gas to log it", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await withContract(fixture);
    await expect(bout.close([DEPOSIT, DEPOSIT])).to.changeEtherBalance(fixture.party, DEPOSIT);
  });

  it("of a deposit that is taken back are kept like the others", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels, party } = fixture;
    const usual = await newChannel(fixture);
    const channel = {
      ...usual,
      participants: [{ ...usual.participants[0]!, account: await party.getAddress() }, usual.participants[1]!],
    };
    await party.execute(channels, DEPOSIT, channels.interface.encodeFunctionData("deposit", [given(channel), 0]));
    await party.setBehaviour(TAKES.refuse);
    const call = channels.interface.encodeFunctionData("withdrawDeposit", [given(channel), 0]);
    await expect(party.execute(channels, 0, call))
      .to.emit(channels, "PayoutKept")
      .withArgs(party, CHANNEL_BNB, DEPOSIT);
  });

  it("cannot be re-entered", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels, party } = fixture;
    const bout = await withContract(fixture);
    const balances = [DEPOSIT, DEPOSIT];
    await party.setReentry(
      channels,
      channels.interface.encodeFunctionData("withdraw", [CHANNEL_BNB, await party.getAddress()]),
    );
    const closed = bout.close(balances);
    await expect(closed).to.changeEtherBalance(channels, -2n * DEPOSIT);
    await expect(closed)
      .to.emit(party, "Reentered")
      .withArgs(false, channels.interface.getError("ReentrancyGuardReentrantCall")!.selector);
  });

  it("in a token that calls back cannot be re-entered, with all the gas it gets", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels, token } = fixture;
    const bout = await Bout.funded(fixture, { token: await token.getAddress() });
    const balances = [DEPOSIT, DEPOSIT];
    const again = channels.interface.encodeFunctionData("close", [bout.struct, balances, bout.signedClose(balances)]);
    await token.setReaction(channels, again);
    await expect(bout.close(balances)).to.changeTokenBalance(token, channels, -2n * DEPOSIT);
    expect(await token.reacted()).to.equal(false);
    expect(await token.answer()).to.equal(channels.interface.getError("ReentrancyGuardReentrantCall")!.selector);
  });

  it("in a token that calls back reach no other function either", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels, token, accounts } = fixture;
    const bout = await Bout.funded(fixture, { token: await token.getAddress() });
    const state = bout.state();
    const calls = [
      channels.interface.encodeFunctionData("withdrawDeposit", [bout.struct, 0]),
      channels.interface.encodeFunctionData("challenge", [bout.struct, struct(state), bout.signed(state)]),
      channels.interface.encodeFunctionData("answer", [bout.struct, struct(state), bout.signed(state)]),
      channels.interface.encodeFunctionData("play", [bout.struct, struct(state), 0, state.gameState]),
      channels.interface.encodeFunctionData("expire", [bout.struct, struct(state)]),
      channels.interface.encodeFunctionData("conclude", [bout.struct, struct(state)]),
      channels.interface.encodeFunctionData("withdraw", [CHANNEL_BNB, await accounts[0]!.getAddress()]),
    ];
    for (const call of calls) {
      await token.setReaction(channels, call);
      await (await Bout.funded(fixture, { token: await token.getAddress() })).close([DEPOSIT, DEPOSIT]);
      expect(await token.reacted(), call.slice(0, 10)).to.equal(false);
      expect(await token.answer(), call.slice(0, 10)).to.equal(
        channels.interface.getError("ReentrancyGuardReentrantCall")!.selector,
      );
    }
    expect(await bout.phase()).to.equal(PHASE.open);
  });

  it("in a token that says no are kept, and taken once it says yes", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels, token, accounts } = fixture;
    const bout = await Bout.funded(fixture, { token: await token.getAddress() });
    await token.setAnswersFalse(true);
    await bout.close([DEPOSIT - 5n, DEPOSIT + 5n]);
    expect(await channels.owed(accounts[1]!, token)).to.equal(DEPOSIT + 5n);
    await expect(channels.connect(accounts[1]!).withdraw(token, accounts[1]!))
      .to.be.revertedWithCustomError(channels, "SafeERC20FailedOperation")
      .withArgs(token);
    await token.setAnswersFalse(false);
    await expect(channels.connect(accounts[1]!).withdraw(token, accounts[2]!)).to.changeTokenBalances(
      token,
      [channels, accounts[2]!],
      [-DEPOSIT - 5n, DEPOSIT + 5n],
    );
    expect(await channels.owed(accounts[0]!, token)).to.equal(DEPOSIT - 5n);
  });

  it("in a token that burns all gas are kept, and the channel is closed all the same", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels, token, accounts } = fixture;
    const bout = await Bout.funded(fixture, { token: await token.getAddress() });
    const burner = await deployContract<PuppetGameMock>("PuppetGameMock");
    await token.setReaction(
      burner,
      burner.interface.encodeFunctionData("outcome", [puppet(0, MODE.outcomeBurnsGas, [])]),
    );
    await bout.close([DEPOSIT, DEPOSIT]);
    expect(await bout.phase()).to.equal(PHASE.closed);
    expect(await channels.owed(accounts[0]!, token)).to.equal(DEPOSIT);
  });

  it("revert with too little gas for them: nobody makes another's payment fail", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels } = fixture;
    const bout = await Bout.funded(fixture);
    const balances = [DEPOSIT, DEPOSIT];
    const signatures = bout.signedClose(balances);
    await expect(
      channels.close(bout.struct, balances, signatures, { gasLimit: 125_000 }),
    ).to.be.revertedWithCustomError(channels, "NotEnoughGasToPay");
  });

  it("withdrawn to nobody, or where nothing is owed, revert", async () => {
    const { channels, accounts } = await loadFixture(deployChannels);
    await expect(channels.withdraw(CHANNEL_BNB, ZeroAddress)).to.be.revertedWithCustomError(
      channels,
      "NoPayoutReceiver",
    );
    await expect(channels.withdraw(CHANNEL_BNB, accounts[0]!))
      .to.be.revertedWithCustomError(channels, "NoPayout")
      .withArgs(accounts[0]!, CHANNEL_BNB);
  });

  it("add up where several channels keep some", async () => {
    const fixture = await loadFixture(deployChannels);
    const { channels, party } = fixture;
    const [one, two] = [await withContract(fixture), await withContract(fixture)];
    await party.setBehaviour(TAKES.refuse);
    await one.close([DEPOSIT, DEPOSIT]);
    await two.close([7n, 2n * DEPOSIT - 7n]);
    expect(await channels.owed(party, CHANNEL_BNB)).to.equal(DEPOSIT + 7n);
  });
});

describe("BoundedPayment", () => {
  const TRUE = toBeHex(1, 32);

  for (const [title, answer, reverts, paid] of [
    ["true", TRUE, false, true],
    ["nothing", "0x", false, true],
    ["false", toBeHex(0, 32), false, false],
    ["another word", toBeHex(2, 32), false, false],
    ["a short word", "0x01", false, false],
    ["true and more", `${TRUE}${"00".repeat(32)}`, false, true],
    ["true, but reverts", TRUE, true, false],
    ["nothing, but reverts", "0x", true, false],
  ] as const) {
    it(`takes a token that returns ${title} as OpenZeppelin does`, async () => {
      const token = await deployContract<SilentTokenMock>("SilentTokenMock");
      const mock = await deployContract<ChannelLibrariesMock>("ChannelLibrariesMock");
      await token.setAnswer(answer, reverts);
      await mock.push(token, mock, 1);
      expect(await mock.pushed()).to.equal(paid);
      await mock.pushPlain(token, mock, 1);
      // OpenZeppelin reads one word of whatever is returned; a short one is its caller's memory.
      if (title !== "a short word") expect(await mock.pushed()).to.equal(paid);
    });
  }

  it("pays no token that has no code", async () => {
    const mock = await deployContract<ChannelLibrariesMock>("ChannelLibrariesMock");
    const nothing = "0x00000000000000000000000000000000000f00d5";
    await mock.push(nothing, mock, 1);
    expect(await mock.pushed()).to.equal(false);
  });

  it("pays BNB to an account that is new, and to none more than it has", async () => {
    const mock = await deployContract<ChannelLibrariesMock>("ChannelLibrariesMock");
    await setBalance(await mock.getAddress(), 10n);
    const fresh = "0x00000000000000000000000000000000000f00d6";
    await expect(mock.push(CHANNEL_BNB, fresh, 10)).to.changeEtherBalance(fresh, 10n);
    expect(await mock.pushed()).to.equal(true);
    await mock.push(CHANNEL_BNB, fresh, 1);
    expect(await mock.pushed()).to.equal(false);
  });

  it("copies nothing of what a receiver of BNB returns", async () => {
    const mock = await deployContract<ChannelLibrariesMock>("ChannelLibrariesMock");
    const party = await deployContract<ChannelPartyMock>("ChannelPartyMock");
    await party.setBehaviour(TAKES.returnBomb);
    await setBalance(await mock.getAddress(), 10n);
    await mock.push(CHANNEL_BNB, party, 10);
    expect(await mock.pushed()).to.equal(false);
  });
});
