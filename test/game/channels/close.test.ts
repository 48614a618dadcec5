import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { concat, toBeHex, type Wallet } from "ethers";
import { channelDomain, closeDigest, stateDigest } from "../../../protocol/channel";
import { MAX_DEPOSITS } from "../../../protocol/channelFault";
import { signDigest } from "../../crosschain/support";
import { Bout, DEPOSIT, MODE, PHASE, deployChannels, deposit, newChannel, puppet } from "./support";

describe("StateChannels: close", () => {
  it("reverts before all have paid, when cancelled, and once closed", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = new Bout(fixture, await newChannel(fixture));
    const balances = [DEPOSIT, DEPOSIT];
    const refused = async (phase: number): Promise<void> => {
      await expect(bout.close(balances))
        .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
        .withArgs(bout.id, phase);
    };
    await refused(PHASE.none);
    await deposit(fixture, bout.channel, 0);
    await refused(PHASE.funding);
    await bout.as(0).withdrawDeposit(bout.struct, 0);
    await refused(PHASE.cancelled);

    const closed = await Bout.funded(fixture);
    await closed.close(balances);
    await expect(closed.close(balances))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(closed.id, PHASE.closed);
  });

  it("reverts when the balances are not one each", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    for (const balances of [[2n * DEPOSIT], [DEPOSIT, DEPOSIT, 0n]]) {
      await expect(bout.close(balances))
        .to.be.revertedWithCustomError(fixture.channels, "BalanceCount")
        .withArgs(balances.length, 2);
    }
  });

  it("reverts when the balances do not sum to the deposits, however large", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    for (const balances of [
      [DEPOSIT, DEPOSIT + 1n],
      [DEPOSIT, DEPOSIT - 1n],
    ]) {
      await expect(bout.close(balances))
        .to.be.revertedWithCustomError(fixture.channels, "BalancesNotDeposits")
        .withArgs(balances[0]! + balances[1]!, 2n * DEPOSIT);
    }
    const huge = (1n << 256n) - DEPOSIT;
    await expect(bout.close([huge, 3n * DEPOSIT]))
      .to.be.revertedWithCustomError(fixture.channels, "BalancesNotDeposits")
      .withArgs(huge, MAX_DEPOSITS);
  });

  it("reverts when a signature is missing, too short, another's, of another place or of nobody", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const balances = [DEPOSIT, DEPOSIT];
    const [one, two] = fixture.keys as [Wallet, Wallet];
    const digest = closeDigest(bout.id, balances, fixture.domain);
    const [first, second] = [signDigest(one, digest), signDigest(two, digest)];
    const close = (signatures: string) => fixture.channels.close(bout.struct, balances, signatures);
    for (const [signatures, length] of [
      ["0x", 0],
      [first, 64],
      [concat([first, second.slice(0, -2)]), 127],
      [concat([first, second, second]), 192],
    ] as const) {
      await expect(close(signatures))
        .to.be.revertedWithCustomError(fixture.channels, "SignatureBytes")
        .withArgs(length, 128);
    }
    for (const [signatures, at, recovered] of [
      [concat([first, first]), 1, one.address],
      [concat([second, first]), 0, two.address],
      [concat([first, toBeHex(0, 64)]), 1, `0x${"00".repeat(20)}`],
    ] as const) {
      await expect(close(signatures))
        .to.be.revertedWithCustomError(fixture.channels, "NotSignedBy")
        .withArgs(at, fixture.keys[at]!.address, recovered);
    }
  });

  it("reverts with signatures for another channel, contract, chain, sum, or of a state", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const other = await Bout.funded(fixture);
    const balances = [DEPOSIT + 1n, DEPOSIT - 1n];
    const { venue, domain } = fixture;
    const elsewhere = channelDomain({ ...venue, channels: await fixture.registry.getAddress() });
    const otherChain = channelDomain({ ...venue, chainId: venue.chainId + 1n });
    for (const digest of [
      closeDigest(other.id, balances, domain),
      closeDigest(bout.id, balances, elsewhere),
      closeDigest(bout.id, balances, otherChain),
      closeDigest(bout.id, [DEPOSIT, DEPOSIT], domain),
      stateDigest(bout.state({ balances }), domain),
    ]) {
      const signatures = concat(fixture.keys.slice(0, 2).map((key) => signDigest(key, digest)));
      await expect(fixture.channels.close(bout.struct, balances, signatures)).to.be.revertedWithCustomError(
        fixture.channels,
        "NotSignedBy",
      );
    }
  });

  it("pays what all signed, for anyone who brings it", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture, {}, 3);
    const closed = bout.close([0n, 2n * DEPOSIT + 1n, DEPOSIT - 1n]);
    await expect(closed)
      .to.emit(fixture.channels, "ChannelClosed")
      .withArgs(bout.id, [0n, 2n * DEPOSIT + 1n, DEPOSIT - 1n]);
    await expect(closed).to.changeEtherBalances(
      [...fixture.accounts.slice(0, 3), fixture.channels],
      [0n, 2n * DEPOSIT + 1n, DEPOSIT - 1n, -3n * DEPOSIT],
    );
    expect(await bout.phase()).to.equal(PHASE.closed);
  });

  it("pays 16 in a token", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture, { token: await fixture.token.getAddress() }, 16);
    const balances = bout.channel.participants.map((_, index) => DEPOSIT + BigInt(index) - 7n);
    balances[15] = balances[15]! - 8n;
    await expect(bout.close(balances)).to.changeTokenBalances(
      fixture.token,
      [...fixture.accounts, fixture.channels],
      [...balances, -16n * DEPOSIT],
    );
  });

  it("ends a dispute at any time, in its window and while it is played", async () => {
    const fixture = await loadFixture(deployChannels);
    const disputed = await Bout.funded(fixture);
    await disputed.challenge(disputed.state());
    await disputed.close([DEPOSIT, DEPOSIT]);
    expect(await disputed.phase()).to.equal(PHASE.closed);
    expect((await disputed.status()).stateHash).to.equal(`0x${"00".repeat(32)}`);

    const played = await Bout.funded(fixture);
    await played.dispute(played.state());
    await played.play(played.state(), 0, puppet(1, MODE.runs, [0, 0]));
    expect(await played.phase()).to.equal(PHASE.playing);
    await expect(played.close([0n, 2n * DEPOSIT])).to.changeEtherBalance(fixture.accounts[1]!, 2n * DEPOSIT);
  });
});
