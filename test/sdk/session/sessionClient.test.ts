import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, type AddressLike, type BrowserProvider, type JsonRpcSigner } from "ethers";
import { ethers } from "hardhat";
import { RuleBook } from "../../../sdk/rules/ruleBook";
import { SessionClient, type SessionTerms, type SessionView } from "../../../sdk/session/sessionClient";
import { deployRoom } from "../../game/roomSupport";
import { browserProvider, failureOf } from "../chainSupport";

const STAKE = 1_000n;
const TERMS: SessionTerms = {
  setup: "0x",
  players: 2,
  token: ZeroAddress,
  stake: STAKE,
  moveSeconds: 100,
  lifeSeconds: 10_000,
  invited: [],
};
const FIRST_WINS = ["0x00", "0x03", "0x01", "0x04", "0x02"];

/** Every player has approved all of its gold, and has plenty. */
interface Deployed {
  readonly engine: string;
  readonly gameId: bigint;
  readonly gold: string;
  readonly players: readonly string[];
}

async function deployed(): Promise<Deployed> {
  const { engine, registry, developer, players, gold } = await deployRoom();
  const rules = (await ethers.deployContract("TicTacToe")) as AddressLike;
  await registry.connect(developer).registerGame(rules, 500n, "ipfs://tic-tac-toe");
  const gameId = await registry.gameCount();
  const addresses = await Promise.all(players.slice(0, 3).map((player) => player.getAddress()));
  return { engine: await engine.getAddress(), gameId, gold: await gold.getAddress(), players: addresses };
}

interface Scene {
  readonly engine: string;
  readonly provider: BrowserProvider;
  readonly sessions: SessionClient;
  readonly gameId: bigint;
  readonly gold: string;
  readonly players: readonly [JsonRpcSigner, JsonRpcSigner, JsonRpcSigner];
}

async function scene(): Promise<Scene> {
  const { engine, gameId, gold, players } = await loadFixture(deployed);
  const provider = browserProvider();
  const sessions = new SessionClient(engine, provider, new RuleBook(provider));
  const signers = await Promise.all(players.map((address) => provider.getSigner(address)));
  return { engine, provider, sessions, gameId, gold, players: signers as unknown as Scene["players"] };
}

/** A session that both have joined. */
async function running({ sessions, gameId, players }: Scene): Promise<bigint> {
  const sessionId = await sessions.create(players[0], gameId, TERMS);
  await sessions.join(players[1], sessionId, TERMS);
  return sessionId;
}

describe("SessionClient", () => {
  it("plays a session to its end and withdraws what was won", async () => {
    const it = await scene();
    const { sessions, players, provider } = it;
    const sessionId = await running(it);
    for (const [turn, move] of FIRST_WINS.entries())
      await sessions.play(players[turn % 2] as JsonRpcSigner, sessionId, move);
    const { phase } = await sessions.view(sessionId);
    expect(phase).to.equal("settled");
    const pot = 2n * STAKE - (2n * STAKE * 500n) / 10_000n;
    expect(await sessions.payouts(sessionId, 0)).to.deep.equal([pot, 0n]);
    expect(await sessions.owed(players[0].address, ZeroAddress)).to.equal(pot);
    const receiver = ethers.Wallet.createRandom().address;
    await sessions.withdraw(players[0], ZeroAddress, receiver);
    expect(await provider.getBalance(receiver)).to.equal(pot);
  });

  it("joins at the price that the player was shown, in BNB", async () => {
    const { engine, provider, sessions, players, gameId } = await scene();
    const sessionId = await sessions.create(players[0], gameId, TERMS);
    const before = await provider.getBalance(engine);
    await sessions.join(players[1], sessionId, await sessions.view(sessionId));
    expect(await provider.getBalance(engine)).to.equal(before + STAKE);
    expect((await sessions.view(sessionId)).accounts).to.deep.equal([players[0].address, players[1].address]);
  });

  it("joins at the price that the player was shown, in a token", async () => {
    const { sessions, players, gameId, gold } = await scene();
    const sessionId = await sessions.create(players[0], gameId, { ...TERMS, token: gold });
    const token = await ethers.getContractAt("HostileERC20Mock", gold);
    const before = await token.balanceOf(players[1].address);
    await sessions.join(players[1], sessionId, { stake: STAKE, token: gold.toLowerCase() });
    expect(await token.balanceOf(players[1].address)).to.equal(before - STAKE);
    expect((await sessions.view(sessionId)).phase).to.equal("playing");
  });

  it("does not join at another price, and pays nothing", async () => {
    const { sessions, players, gameId, gold, provider } = await scene();
    const inBnb = await sessions.create(players[0], gameId, TERMS);
    const inGold = await sessions.create(players[0], gameId, { ...TERMS, token: gold });
    const nonce = await provider.getTransactionCount(players[1].address);
    const wrong = [
      [inBnb, { stake: STAKE - 1n, token: ZeroAddress }],
      [inBnb, { stake: STAKE + 1n, token: ZeroAddress }],
      [inBnb, { stake: STAKE, token: gold }],
      [inGold, { stake: STAKE - 1n, token: gold }],
      [inGold, { stake: STAKE, token: ZeroAddress }],
      [inGold, { stake: STAKE, token: players[0].address }],
    ] as const;
    for (const [sessionId, shown] of wrong) {
      expect(await failureOf(sessions.join(players[1], sessionId, shown))).to.equal("OTHER_TERMS");
    }
    expect(await provider.getTransactionCount(players[1].address)).to.equal(nonce);
  });

  it("asks the rules before it sends a move", async () => {
    const it = await scene();
    const { sessions, players, provider } = it;
    const sessionId = await running(it);
    const nonce = await provider.getTransactionCount(players[0].address);
    expect(await failureOf(sessions.play(players[0], sessionId, "0x09"))).to.equal("ILLEGAL_MOVE");
    expect(await failureOf(sessions.play(players[1], sessionId, "0x01"))).to.equal("ILLEGAL_MOVE");
    expect(await provider.getTransactionCount(players[0].address)).to.equal(nonce);
  });

  it("has a missed move expired", async () => {
    const it = await scene();
    const { sessions, players } = it;
    const sessionId = await running(it);
    expect(await failureOf(sessions.expire(players[2], sessionId))).to.equal("MoveStillDue");
    await time.increase(101);
    expect(await failureOf(sessions.play(players[0], sessionId, "0x00"))).to.equal("MoveTooLate");
    await sessions.expire(players[2], sessionId);
    expect((await sessions.payouts(sessionId, 0))?.[0]).to.equal(0n);
  });

  it("leaves a session that has not started", async () => {
    const { sessions, players, gameId } = await scene();
    const sessionId = await sessions.create(players[0], gameId, TERMS);
    await sessions.leave(players[0], sessionId);
    expect(await sessions.owed(players[0].address, ZeroAddress)).to.equal(STAKE);
  });

  it("names what the engine refuses", async () => {
    const it = await scene();
    const { sessions, players, gameId } = it;
    const sessionId = await running(it);
    expect(await failureOf(sessions.join(players[2], sessionId, TERMS))).to.equal("WrongPhase");
    expect(await failureOf(sessions.play(players[2], sessionId, "0x00"))).to.equal("NotSeated");
    expect(await failureOf(sessions.create(players[0], gameId + 1n, TERMS))).to.equal("UnknownGame");
    expect(await failureOf(sessions.create(players[0], gameId, { ...TERMS, setup: "0x00" }))).to.equal("StartRefused");
    expect(await failureOf(sessions.withdraw(players[2], ZeroAddress, players[2].address))).to.equal("NothingOwed");
  });

  it("tells of every change, and once", async () => {
    const it = await scene();
    const { sessions, players } = it;
    const sessionId = await running(it);
    const seen: SessionView[] = [];
    let told = (): void => undefined;
    const options = {
      everyMs: 1,
      signal: new AbortController().signal,
      onChange: (session: SessionView) => {
        seen.push(session);
        told();
      },
    };
    const followed = sessions.follow(sessionId, options);
    for (const [turn, move] of FIRST_WINS.entries()) {
      while (seen.length <= turn) await new Promise<void>((resolve) => (told = resolve));
      await sessions.play(players[turn % 2] as JsonRpcSigner, sessionId, move);
    }
    await followed;
    const last = seen.at(-1);
    expect(last?.phase).to.equal("settled");
    expect(new Set(seen.map(({ state }) => state)).size).to.equal(FIRST_WINS.length + 1);
  });
});
