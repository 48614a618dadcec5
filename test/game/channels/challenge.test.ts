import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { anyValue } from "@nomicfoundation/hardhat-chai-matchers/withArgs";
import { expect } from "chai";
import { concat, type Wallet } from "ethers";
import { channelDomain, closeDigest, stateDigest, type ChannelState } from "../../../protocol/channel";
import { signedStateFault, type ChannelFault } from "../../../protocol/channelFault";
import { signDigest } from "../../crosschain/support";
import {
  Bout,
  DEPOSIT,
  HOUR,
  PHASE,
  deployChannels,
  deposit,
  hashOf,
  newChannel,
  struct,
  type ChannelFixture,
} from "./support";

const U64_MAX = (1n << 64n) - 1n;
const NOTHING = `0x${"00".repeat(32)}`;

/** Brings a state and its signatures: to begin a dispute, or to answer one. */
type Bring = (bout: Bout, state: ChannelState, signatures: string) => Promise<unknown>;

const WAYS: Readonly<Record<string, { prepare(bout: Bout): Promise<unknown>; bring: Bring }>> = {
  challenge: {
    prepare: async () => undefined,
    bring: async (bout, state, signatures) => bout.as(0).challenge(bout.struct, struct(state), signatures),
  },
  answer: {
    prepare: async (bout) => bout.challenge(bout.initial),
    bring: async (bout, state, signatures) => bout.answer(state, bout.fixture.outsider, signatures),
  },
};

/** States that do not count, with the error's arguments. */
const UNLAWFUL: readonly (readonly [
  title: string,
  change: Partial<ChannelState>,
  error: ChannelFault,
  args: readonly unknown[],
])[] = [
  ["whose game state is too long", { gameState: `0x${"01".repeat(1_025)}` }, "GameStateTooLong", [1_025, 1_024]],
  ["that stakes without a round", { gameState: "0x" }, "StakeWithoutRound", [100]],
  ["of fewer balances", { balances: [2n * DEPOSIT] }, "BalanceCount", [1, 2]],
  ["of more balances", { balances: [DEPOSIT, DEPOSIT, 0n], stake: 0n }, "BalanceCount", [3, 2]],
  [
    "that pays more than the deposits",
    { balances: [DEPOSIT, DEPOSIT + 1n] },
    "BalancesNotDeposits",
    [2n * DEPOSIT + 1n, 2n * DEPOSIT],
  ],
  [
    "that pays less than the deposits",
    { balances: [DEPOSIT, DEPOSIT - 1n] },
    "BalancesNotDeposits",
    [2n * DEPOSIT - 1n, 2n * DEPOSIT],
  ],
  [
    "whose sum overflows",
    { balances: [(1n << 256n) - 1n, 2n * DEPOSIT + 1n] },
    "BalancesNotDeposits",
    [(1n << 256n) - 1n, (1n << 128n) - 1n],
  ],
  ["whose stake is larger than a balance", { balances: [2n * DEPOSIT - 99n, 99n] }, "StakeAboveBalance", [1, 100, 99]],
];

for (const [way, { prepare, bring }] of Object.entries(WAYS)) {
  describe(`StateChannels: ${way}, of a state`, () => {
    async function ready(): Promise<{ fixture: ChannelFixture; bout: Bout }> {
      const fixture = await loadFixture(deployChannels);
      const bout = await Bout.funded(fixture);
      await prepare(bout);
      return { fixture, bout };
    }

    for (const [title, change, error, args] of UNLAWFUL) {
      it(`${title}, reverts although all signed, as TypeScript says`, async () => {
        const { fixture, bout } = await ready();
        const state = bout.state(change);
        await expect(bring(bout, state, bout.signed(state)))
          .to.be.revertedWithCustomError(fixture.channels, error)
          .withArgs(...args);
        expect(signedStateFault(bout.channel, fixture.venue, { state, signatures: [] })).to.equal(error);
      });
    }

    it("that only one signed, twice or beside another's, reverts", async () => {
      const { fixture, bout } = await ready();
      const state = bout.state();
      const [one, two] = fixture.keys as [Wallet, Wallet];
      const digest = stateDigest(state, fixture.domain);
      for (const [keys, at] of [
        [[one, one], 1],
        [[two, two], 0],
        [[one, fixture.keys[2]!], 1],
        [[two, one], 0],
      ] as const) {
        const signatures = keys.map((key) => signDigest(key, digest));
        await expect(bring(bout, state, concat(signatures)))
          .to.be.revertedWithCustomError(fixture.channels, "NotSignedBy")
          .withArgs(at, fixture.keys[at]!.address, keys[at].address);
        expect(signedStateFault(bout.channel, fixture.venue, { state, signatures })).to.equal("NotSignedBy");
      }
    });

    it("with too few signatures, or more, reverts", async () => {
      const { fixture, bout } = await ready();
      const state = bout.state();
      const signature = signDigest(fixture.keys[0]!, stateDigest(state, fixture.domain));
      for (const count of [0, 1, 3]) {
        const signatures = Array.from({ length: count }, () => signature);
        await expect(bring(bout, state, concat(signatures)))
          .to.be.revertedWithCustomError(fixture.channels, "SignatureBytes")
          .withArgs(64 * count, 128);
        expect(signedStateFault(bout.channel, fixture.venue, { state, signatures })).to.equal("SignatureBytes");
      }
    });

    it("that all signed for another channel, contract, chain or version, reverts", async () => {
      const { fixture, bout } = await ready();
      const other = await Bout.funded(fixture);
      const state = bout.state();
      const { venue, domain } = fixture;
      for (const digest of [
        stateDigest(other.state(), domain),
        stateDigest({ ...state, version: 2n }, domain),
        stateDigest(state, channelDomain({ ...venue, channels: await fixture.registry.getAddress() })),
        stateDigest(state, channelDomain({ ...venue, chainId: 56n })),
        closeDigest(bout.id, state.balances, domain),
      ]) {
        const signatures = concat(fixture.keys.slice(0, 2).map((key) => signDigest(key, digest)));
        await expect(bring(bout, state, signatures)).to.be.revertedWithCustomError(fixture.channels, "NotSignedBy");
      }
    });

    it("that all signed, is taken by the same rule in TypeScript", async () => {
      const { fixture, bout } = await ready();
      const state = bout.state({ gameState: `0x${"01".repeat(1_024)}` });
      const digest = stateDigest(state, fixture.domain);
      const signatures = fixture.keys.slice(0, 2).map((key) => signDigest(key, digest));
      expect(signedStateFault(bout.channel, fixture.venue, { state, signatures })).to.equal(undefined);
      await bring(bout, state, concat(signatures));
      expect((await bout.status()).stateHash).to.equal(hashOf(state));
    });
  });
}

describe("StateChannels: challenge", () => {
  it("reverts before all have paid, in a dispute and once closed", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = new Bout(fixture, await newChannel(fixture));
    await deposit(fixture, bout.channel, 0);
    const refused = async (phase: number): Promise<void> => {
      await expect(bout.challenge(bout.state()))
        .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
        .withArgs(bout.id, phase);
    };
    await refused(PHASE.funding);
    await deposit(fixture, bout.channel, 1);
    await bout.challenge(bout.initial);
    await refused(PHASE.disputed);
    await bout.close([DEPOSIT, DEPOSIT]);
    await refused(PHASE.closed);
  });

  it("reverts from anybody who takes no part, whatever all signed", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const state = bout.state();
    await expect(fixture.channels.connect(fixture.outsider).challenge(bout.struct, struct(state), bout.signed(state)))
      .to.be.revertedWithCustomError(fixture.channels, "NotAParticipant")
      .withArgs(await fixture.outsider.getAddress());
  });

  it("reverts with a version 0 that is not the deposits, all signatures or none", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    for (const state of [
      { ...bout.initial, balances: [DEPOSIT + 1n, DEPOSIT - 1n] },
      { ...bout.initial, gameState: "0x00" },
    ]) {
      await expect(bout.as(0).challenge(bout.struct, struct(state), "0x")).to.be.revertedWithCustomError(
        fixture.channels,
        "NotTheInitialState",
      );
      expect(signedStateFault(bout.channel, fixture.venue, { state, signatures: [] })).to.equal("NotTheInitialState");
    }
    await expect(bout.as(0).challenge(bout.struct, struct(bout.initial), bout.signed(bout.initial)))
      .to.be.revertedWithCustomError(fixture.channels, "SignatureBytes")
      .withArgs(128, 0);
  });

  it("begins with the deposits, without a signature", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const challenged = bout.challenge(bout.initial);
    await expect(challenged)
      .to.emit(fixture.channels, "Challenged")
      .withArgs(bout.id, 0, anyValue, anyValue, Object.values(struct(bout.initial)));
    const deadline = BigInt(await time.latest()) + HOUR;
    const end = deadline + 100n * HOUR;
    expect(await bout.status()).to.deep.equal([PHASE.disputed, 3, 0, deadline, end, hashOf(bout.initial)]);
    expect(signedStateFault(bout.channel, fixture.venue, { state: bout.initial, signatures: [] })).to.equal(undefined);
  });

  it("is open to a session key as to its account", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    const key = fixture.keys[1]!;
    await (await fixture.accounts[0]!.sendTransaction({ to: key.address, value: 10n ** 18n })).wait();
    const state = bout.state();
    await fixture.channels.connect(key).challenge(bout.struct, struct(state), bout.signed(state));
    expect((await bout.status()).version).to.equal(1);
  });
});

describe("StateChannels: answer", () => {
  it("reverts where nothing is disputed", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await expect(bout.answer(bout.state()))
      .to.be.revertedWithCustomError(fixture.channels, "WrongChannelPhase")
      .withArgs(bout.id, PHASE.open);
  });

  it("reverts with an old state after a newer one, and with the same again", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await bout.challenge(bout.state({ version: 5n }));
    for (const version of [1n, 4n, 5n]) {
      await expect(bout.answer(bout.state({ version, balances: [DEPOSIT - 1n, DEPOSIT + 1n] })))
        .to.be.revertedWithCustomError(fixture.channels, "StateNotNewer")
        .withArgs(version, 5);
    }
  });

  it("counts in the last second of the window, and not in the next", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await bout.challenge(bout.initial);
    const { deadline } = await bout.status();
    await time.setNextBlockTimestamp(deadline);
    await bout.answer(bout.state());
    expect((await bout.status()).version).to.equal(1);
    await time.setNextBlockTimestamp(deadline + 1n);
    await expect(bout.answer(bout.state({ version: 2n })))
      .to.be.revertedWithCustomError(fixture.channels, "WindowOver")
      .withArgs(deadline + 1n, deadline);
  });

  it("takes the place of the disputed state, from anybody, and moves no deadline", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await bout.challenge(bout.state());
    const before = await bout.status();
    await time.increase(HOUR / 2n);
    const newer = bout.state({ version: 9n, balances: [DEPOSIT + 300n, DEPOSIT - 300n] });
    await expect(bout.answer(newer))
      .to.emit(fixture.channels, "Answered")
      .withArgs(bout.id, 9, Object.values(struct(newer)));
    expect(await bout.status()).to.deep.equal([PHASE.disputed, 3, 9, before.deadline, before.end, hashOf(newer)]);
  });

  it("of the greatest version leaves nothing newer, and a close all the same", async () => {
    const fixture = await loadFixture(deployChannels);
    const bout = await Bout.funded(fixture);
    await bout.challenge(bout.initial);
    await bout.answer(bout.state({ version: U64_MAX }));
    await expect(bout.answer(bout.state({ version: U64_MAX, stake: 1n })))
      .to.be.revertedWithCustomError(fixture.channels, "StateNotNewer")
      .withArgs(U64_MAX, U64_MAX);
    await bout.close([0n, 2n * DEPOSIT]);
    expect((await bout.status()).stateHash).to.equal(NOTHING);
  });
});
