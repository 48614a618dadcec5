import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import type { BrowserProvider, JsonRpcSigner } from "ethers";
import { ethers } from "hardhat";
import { channelDomain, closeDigest, type Channel, type SignedState } from "../../../protocol/channel";
import { ChannelClient } from "../../../sdk/channel/channelClient";
import { ChannelContract } from "../../../sdk/channel/channelContract";
import { Dispute, type DisputeStep } from "../../../sdk/channel/dispute";
import { RuleBook } from "../../../sdk/rules/ruleBook";
import type { Rules } from "../../../sdk/rules/rules";
import { MemoryStore } from "../../../sdk/store/memoryStore";
import { DEPOSIT, deployChannels } from "../../game/channels/support";
import { browserProvider, failureOf } from "../chainSupport";
import { keyOf, mesh, signatures } from "./support";

const CHALLENGE_SECONDS = 3_600n;
const STAKE = 100n;
/** Registered after the fixture's own game. */
const TIC_TAC_TOE = 2n;

interface Seat {
  readonly client: ChannelClient;
  readonly dispute: Dispute;
  readonly account: JsonRpcSigner;
  readonly history: SignedState[];
}

interface Scene {
  readonly provider: BrowserProvider;
  readonly channel: Channel;
  readonly contract: ChannelContract;
  readonly rules: Rules;
  readonly seats: readonly [Seat, Seat];
}

async function deployed(): Promise<{ channels: string; rules: string; accounts: readonly string[] }> {
  const { registry, channels } = await deployChannels();
  const game = await ethers.deployContract("TicTacToe");
  await registry.registerGame(await game.getAddress(), 0, "ipfs://tic-tac-toe");
  const { rules } = await registry.gameOf(TIC_TAC_TOE);
  const accounts = (await ethers.getSigners()).slice(0, 2).map(({ address }) => address);
  return { channels: await channels.getAddress(), rules, accounts };
}

/** A funded channel of two, in which both are connected. */
async function scene(): Promise<Scene> {
  const { channels, rules: address, accounts } = await loadFixture(deployed);
  const provider = browserProvider();
  const venue = { chainId: (await provider.getNetwork()).chainId, channels };
  const channel = {
    gameId: TIC_TAC_TOE,
    rules: address,
    token: ethers.ZeroAddress,
    participants: accounts.map((account, index) => ({ account, signer: keyOf(index).address, deposit: DEPOSIT })),
    challengeSeconds: CHALLENGE_SECONDS,
    lifeSeconds: 100n * CHALLENGE_SECONDS,
    nonce: 1n,
  };
  const contract = new ChannelContract(channel, venue, provider);
  const rules = await new RuleBook(provider).rulesAt(address);
  const links = mesh(2);
  const seats = await Promise.all(
    accounts.map(async (address, me): Promise<Seat> => {
      const account = await provider.getSigner(address);
      const history: SignedState[] = [];
      const client: ChannelClient = await ChannelClient.open({
        channel,
        venue,
        key: keyOf(me),
        signatures,
        rules,
        store: new MemoryStore(),
        peers: links[me] as ReadonlyMap<number, never>,
        acceptTerms: () => true,
        onEvent: ({ kind }) => void (kind === "agreed" && history.push(client.agreed)),
      });
      return { client, dispute: new Dispute(client, contract, rules, account), account, history };
    }),
  );
  for (const [me, { account }] of seats.entries()) await contract.deposit(account, me);
  expect(await contract.opened(1, new AbortController().signal)).to.equal(true);
  return { provider, channel, contract, rules, seats: seats as unknown as readonly [Seat, Seat] };
}

/** Plays these cells in turn. */
async function play({ seats }: Scene, cells: readonly string[]): Promise<void> {
  await seats[0].client.begin({ stake: STAKE, setup: "0x" });
  for (const [turn, cell] of cells.entries()) {
    const version = BigInt(turn) + 1n;
    const seat = seats[turn % 2] as Seat;
    while (seat.client.state.version < version) await new Promise((resolve) => setImmediate(resolve));
    await seat.client.play(cell);
  }
  for (const { client } of seats) {
    while (client.state.version < BigInt(cells.length) + 1n) await new Promise((resolve) => setImmediate(resolve));
  }
}

const FIRST_WINS = ["0x00", "0x03", "0x01", "0x04", "0x02"];

async function kindOf(step: Promise<DisputeStep>): Promise<string> {
  return (await step).kind;
}

describe("Dispute", () => {
  it("answers a stale challenge with the newest state, and the cheat loses", async () => {
    const it = await scene();
    const [first, second] = it.seats;
    await play(it, FIRST_WINS);
    await it.contract.challenge(second.account, second.history[0] as SignedState);
    expect((await it.contract.status()).version).to.equal(1n);
    expect(await kindOf(first.dispute.act())).to.equal("answer");
    expect((await it.contract.status()).version).to.equal(6n);
    expect(first.client.isEnding).to.equal(true);
    expect(await kindOf(first.dispute.act())).to.equal("wait");
    await time.increase(CHALLENGE_SECONDS + 1n);
    expect(await kindOf(first.dispute.act())).to.equal("conclude");
    expect(await it.contract.payouts()).to.deep.equal([DEPOSIT + STAKE, DEPOSIT - STAKE]);
    expect(await kindOf(first.dispute.act())).to.equal("closed");
    expect(await kindOf(second.dispute.act())).to.equal("closed");
  });

  it("plays on on chain where a player does not go on, and expires who is late", async () => {
    const it = await scene();
    const [first, second] = it.seats;
    await play(it, FIRST_WINS.slice(0, 2));
    await first.dispute.challenge();
    expect(await failureOf(first.client.play("0x01"))).to.equal("STOPPED");
    await time.increase(CHALLENGE_SECONDS + 1n);
    const mine = await first.dispute.act();
    if (mine.kind !== "move") throw new Error(mine.kind);
    expect(await kindOf(second.dispute.act())).to.equal("wait");
    await first.dispute.play(mine.state, "0x01");
    // The second sees a state on chain that it never signed: from the logs.
    const theirs = await second.dispute.step();
    if (theirs.kind !== "move") throw new Error(theirs.kind);
    expect(theirs.state.gameState).not.to.equal(second.client.state.gameState);
    expect(await kindOf(first.dispute.act())).to.equal("wait");
    await time.increase(CHALLENGE_SECONDS + 1n);
    expect(await kindOf(first.dispute.act())).to.equal("expire");
    expect(await it.contract.payouts()).to.deep.equal([DEPOSIT + STAKE, DEPOSIT - STAKE]);
  });

  it("has a first move expire that nobody plays after the window", async () => {
    const it = await scene();
    const [first, second] = it.seats;
    await play(it, FIRST_WINS.slice(0, 2));
    await second.dispute.challenge();
    await time.increase(CHALLENGE_SECONDS + 1n);
    const step = await second.dispute.step();
    expect(step.kind).to.equal("wait");
    await time.increase(CHALLENGE_SECONDS);
    expect(await kindOf(second.dispute.act())).to.equal("expire");
    expect(await it.contract.payouts()).to.deep.equal([DEPOSIT - STAKE, DEPOSIT + STAKE]);
    expect(first.client.state.version).to.equal(3n);
  });

  it("ends an untouched channel with the deposits", async () => {
    const it = await scene();
    const [first] = it.seats;
    await first.dispute.challenge();
    await time.increase(CHALLENGE_SECONDS + 1n);
    expect(await kindOf(first.dispute.act())).to.equal("conclude");
    expect(await it.contract.payouts()).to.deep.equal([DEPOSIT, DEPOSIT]);
  });

  it("closes with what both signed, even in a dispute", async () => {
    const it = await scene();
    const [first, second] = it.seats;
    await play(it, FIRST_WINS);
    await second.client.settle();
    while (first.client.state.version < 7n) await new Promise((resolve) => setImmediate(resolve));
    await it.contract.challenge(second.account, second.history[0] as SignedState);
    const closed = await first.client.close();
    const digest = closeDigest(it.contract.id, closed.balances, channelDomain(it.contract.venue));
    expect(signatures.recover(digest, closed.signatures[1] as string)).to.equal(keyOf(1).address.toLowerCase());
    await it.contract.close(first.account, closed);
    expect(await it.contract.payouts()).to.deep.equal([DEPOSIT + STAKE, DEPOSIT - STAKE]);
  });

  it("guards a channel until it is closed", async () => {
    const it = await scene();
    const [first, second] = it.seats;
    await play(it, FIRST_WINS);
    await it.contract.challenge(second.account, second.history[0] as SignedState);
    const seen: string[] = [];
    const errors: unknown[] = [];
    const { signal } = new AbortController();
    const onStep = ({ kind }: DisputeStep): void => {
      if (seen.at(-1) !== kind) seen.push(kind);
      if (kind === "wait") void time.increase(CHALLENGE_SECONDS + 1n);
    };
    await first.dispute.guard({ everyMs: 1, signal, onStep, onError: (error) => errors.push(error) });
    expect(seen[0]).to.equal("answer");
    expect(seen.slice(-2)).to.deep.equal(["conclude", "closed"]);
    expect(errors).to.deep.equal([]);
  });

  it("names what the contract refuses", async () => {
    const it = await scene();
    const [first] = it.seats;
    expect(await failureOf(it.contract.deposit(first.account, 0))).to.equal("WrongChannelPhase");
    expect(await failureOf(it.contract.conclude(first.account, first.client.state))).to.equal("WrongChannelPhase");
    expect(
      await failureOf(it.contract.withdraw(first.account, it.channel.participants[0]?.account as string)),
    ).to.equal("NoPayout");
  });
});
