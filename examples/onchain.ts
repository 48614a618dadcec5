import { Wallet, formatEther, getBytes, toBeHex } from "ethers";
import { SdkError } from "../sdk/errors";
import { RuleBook } from "../sdk/rules/ruleBook";
import { SessionClient, type SessionTerms, type SessionView } from "../sdk/session/sessionClient";
import { BNB, RAKE_BPS, secretOf, startLocalChain, type LocalChain } from "./localChain";

/**
 * Two players who know nothing of each other but a chain: a game of tic-tac-toe, every move a transaction, and then one
 * whose second player walks away and loses by it. Exit code 0 only if the chain paid both as they were played.
 */
const ETHER = 10n ** 18n;
const STAKE = ETHER;
const POT = 2n * STAKE;
const WON = POT - (POT * RAKE_BPS) / 10_000n;
const MOVE_SECONDS = 60;
const EVERY_MS = 25;

/** Cells, in the order in which a player takes them. */
const ALICE_WINS = { alice: [0, 1, 2], bob: [0, 3, 4] } as const;
const BOB_WALKS_AWAY = { alice: [4, 0], bob: [8] } as const;

async function main(): Promise<boolean> {
  const chain = await startLocalChain();
  try {
    const alice = new Player("Alice", new Wallet(secretOf(1), chain.provider), chain);
    const bob = new Player("Bob", new Wallet(secretOf(2), chain.provider), chain);
    console.log(`Tic-tac-toe is game ${chain.gameId}; sessions are at ${chain.engine}.`);

    const played = await open(alice, bob, chain);
    await Promise.all([alice.play(played, ALICE_WINS.alice), bob.play(played, ALICE_WINS.bob)]);
    const isWon = await report(alice, played, [WON, 0n]);

    const left = await open(alice, bob, chain);
    const waiting = alice.play(left, BOB_WALKS_AWAY.alice);
    await bob.play(left, BOB_WALKS_AWAY.bob);
    // Nobody waits a minute for an example: the local chain's clock goes on.
    await chain.wait(BigInt(MOVE_SECONDS) + 1n);
    await alice.expire(left);
    await waiting;
    const isExpired = await report(alice, left, [WON, 0n]);

    const received = await alice.withdraw();
    console.log(`Alice takes ${formatEther(received)} BNB home.`);
    return isWon && isExpired && received === 2n * WON;
  } finally {
    await chain.stop();
  }
}

/** One player's program: an account, and the sessions as it sees them. */
class Player {
  readonly sessions: SessionClient;
  private readonly book: RuleBook;

  constructor(
    readonly name: string,
    readonly account: Wallet,
    chain: LocalChain,
  ) {
    this.book = new RuleBook(chain.provider);
    this.sessions = new SessionClient(chain.engine, chain.provider, this.book);
  }

  say(text: string): void {
    console.log(`${this.name}: ${text}`);
  }

  /** Takes these cells, each when it is its turn; resolves when the game is over, or when it has taken all and it is its turn again. */
  async play(sessionId: bigint, cells: readonly number[]): Promise<void> {
    const left = [...cells];
    const stopped = new AbortController();
    const moving: Promise<void>[] = [];
    const errors: unknown[] = [];
    const onChange = (session: SessionView): void => {
      moving.push(this.move(session, left, stopped).catch((error: unknown) => void errors.push(error)));
    };
    await this.sessions.follow(sessionId, { everyMs: EVERY_MS, signal: stopped.signal, onChange });
    await Promise.all(moving);
    if (errors.length > 0) throw errors[0];
  }

  private async move(session: SessionView, left: number[], stopped: AbortController): Promise<void> {
    if (session.phase !== "playing") return;
    const rules = await this.book.rulesAt(session.rules);
    const turn = await rules.turn(getBytes(session.state));
    if (turn !== BigInt(session.accounts.indexOf(this.account.address))) return;
    for (let cell = left.shift(); cell !== undefined; cell = left.shift()) {
      if (await this.take(session.sessionId, cell)) return;
    }
    this.say("walks away");
    stopped.abort();
  }

  /** False where the rules refuse the move: they are asked here, and no gas is paid. */
  private async take(sessionId: bigint, cell: number): Promise<boolean> {
    try {
      const { gasUsed } = await this.sessions.play(this.account, sessionId, toBeHex(cell, 1));
      this.say(`takes cell ${cell} for ${gasUsed} gas`);
      return true;
    } catch (error) {
      if (!(error instanceof SdkError) || error.code !== "ILLEGAL_MOVE") throw error;
      this.say(`may not take cell ${cell}, and pays nothing for having tried`);
      return false;
    }
  }

  async expire(sessionId: bigint): Promise<void> {
    await this.sessions.expire(this.account, sessionId);
    this.say("has the missed move decided by the rules");
  }

  /** @returns What it was owed, paid out. */
  async withdraw(): Promise<bigint> {
    const { address } = this.account;
    const owed = await this.sessions.owed(address, BNB);
    await this.sessions.withdraw(this.account, BNB, address);
    return (await this.sessions.owed(address, BNB)) === 0n ? owed : 0n;
  }
}

/** Alice invites Bob, who looks at what he is to agree to before he does. */
async function open(alice: Player, bob: Player, chain: LocalChain): Promise<bigint> {
  const terms: SessionTerms = {
    setup: "0x",
    players: 2,
    token: BNB,
    stake: STAKE,
    moveSeconds: MOVE_SECONDS,
    lifeSeconds: 1_000 * MOVE_SECONDS,
    invited: [bob.account.address],
  };
  const sessionId = await alice.sessions.create(alice.account, chain.gameId, terms);
  alice.say(`opens session ${sessionId} for ${formatEther(STAKE)} BNB each`);
  const { gameId } = await bob.sessions.view(sessionId);
  if (gameId !== chain.gameId) throw new Error("Bob wants another game");
  await bob.sessions.join(bob.account, sessionId, { stake: STAKE, token: BNB });
  bob.say("joins it");
  return sessionId;
}

/** Whether the chain paid these, by seat. */
async function report({ sessions }: Player, sessionId: bigint, expected: readonly bigint[]): Promise<boolean> {
  const payouts = (await sessions.payouts(sessionId, 0)) ?? [];
  const [alice = 0n, bob = 0n] = payouts;
  console.log(`Session ${sessionId} owes Alice ${formatEther(alice)}, Bob ${formatEther(bob)} BNB.`);
  const isRight = payouts.length === expected.length && expected.every((amount, seat) => amount === payouts[seat]);
  if (!isRight) console.log("The chain did not pay as it was played.");
  return isRight;
}

main()
  .then((isRight) => {
    process.exitCode = isRight ? 0 : 1;
  })
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
