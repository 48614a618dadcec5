import { resolve } from "node:path";
import { ZeroAddress, formatUnits } from "ethers";
import { task } from "hardhat/config";
import { connect } from "../../deploy/contracts";
import type { GameContracts } from "../../deploy/deployment";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { inWords, openSession, parseAccount, withCommonParams, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";
import { boardOf, type Board, type Position } from "./board";
import { approveStake, openGames, openStakeToken, parseNumber, type StakeToken } from "./room";
import { playInTerminal, type Seat, type SeatView } from "./terminal";

interface PlayArgs extends CommonArgs {
  readonly game?: string;
  readonly session?: string;
  readonly stake: string;
  readonly token: string;
  readonly players: string;
  readonly moveTime: string;
  readonly life?: string;
  readonly setup: string;
  readonly invite?: string;
  readonly move?: string;
  readonly leave?: boolean;
  readonly expire?: boolean;
  readonly withdraw?: boolean;
  readonly show?: boolean;
}

const PHASES = ["unknown", "open", "playing", "settled", "voided"] as const;
export type PhaseName = (typeof PHASES)[number];

/** A session as the account that looks at it sees it. */
export interface Table extends SeatView {
  readonly sessionId: bigint;
  readonly phase: PhaseName;
  readonly players: number;
  /** Each player's part of the pot, of 10,000, once the session is settled. */
  readonly shareBps: readonly bigint[] | undefined;
}

withCommonParams(task("game:play", "Plays a session: opens or joins it, shows it, makes moves, pays out"))
  .addOptionalParam("game", "Number of the game, to open a session of it")
  .addOptionalParam("session", "Number of the session, to join it or go on with it")
  .addOptionalParam("stake", "Stake of each player, where a session is opened", "0")
  .addOptionalParam("token", "What is staked: BNB, COS, the symbol of a QSC, or an address", "BNB")
  .addOptionalParam("players", "How many play", "2")
  .addOptionalParam("moveTime", "Seconds for a move", "300")
  .addOptionalParam("life", "Seconds after which the session ends, whatever happens; default: a thousand moves' time")
  .addOptionalParam("setup", "The game's own options, in hex", "0x")
  .addOptionalParam("invite", "Who may join, separated by commas; default: anyone")
  .addOptionalParam("move", "Make this move, and no other")
  .addFlag("leave", "Give the seat back before the start")
  .addFlag("expire", "Have a missed deadline decided")
  .addFlag("withdraw", "Pay out what is owed in the session's token")
  .addFlag("show", "Only show the session")
  .setAction(async (args: PlayArgs, hre): Promise<Table> => {
    const session = await openSession(hre, args);
    const games = await openGames(session);
    if ((args.game === undefined) === (args.session === undefined)) {
      throw new Refusal("name --game to open a session of it, or --session to join one or go on with it");
    }
    const sessionId =
      args.game === undefined
        ? parseNumber("session", args.session ?? "")
        : await open(session, games, parseNumber("game", args.game), args);
    const seatless = await Player.sit(session, games, sessionId);
    if (args.show !== true && args.game === undefined) await seatless.join();
    return act(seatless, args, session);
  });

/** The one thing that was asked for; in a terminal without such a thing, the whole game. */
async function act(player: Player, args: PlayArgs, session: Session): Promise<Table> {
  if (args.leave === true) await player.leave();
  else if (args.expire === true) await player.expire();
  else if (args.move !== undefined) await player.move(args.move, `--move ${args.move}: `);
  else if (args.withdraw !== true && args.show !== true && process.stdin.isTTY && args.quiet !== true) {
    return playInTerminal(player, session);
  }
  if (args.withdraw === true) await player.withdraw();
  return player.show();
}

async function open(session: Session, games: GameContracts, gameId: bigint, args: PlayArgs): Promise<bigint> {
  const { engine, registry } = games;
  const token = await openStakeToken(session, args.token);
  const stake = token.parse("stake", args.stake);
  const moveSeconds = parseNumber("moveTime", args.moveTime);
  const lifeSeconds = args.life === undefined ? moveSeconds * 1_000n : parseNumber("life", args.life);
  const most = await engine.MAX_LIFE_SECONDS();
  if (lifeSeconds > most) throw new Refusal(`--life ${lifeSeconds}: at most ${most} seconds; name a shorter one`);
  const players = parseNumber("players", args.players);
  if (players > 16n) throw new Refusal(`--players ${players}: at most 16`);
  if (!/^0x([0-9a-fA-F]{2})*$/.test(args.setup)) throw new Refusal(`--setup ${args.setup}: not bytes in hex`);
  const invited = (args.invite ?? "")
    .split(",")
    .filter((entry) => entry.trim() !== "")
    .map((entry) => parseAccount("invite", entry.trim()));
  await inWords(session, () => registry.rulesForNew(gameId));
  const to = await engine.getAddress();
  await approveStake(session, token, to, stake);
  const terms = { setup: args.setup, players, token: token.address, stake, moveSeconds, lifeSeconds, invited };
  const data = engine.interface.encodeFunctionData("createGame", [gameId, terms]);
  const what = `Open a session of game ${gameId} for ${players}, with a stake of ${token.show(stake)} each`;
  const value = token.address === ZeroAddress ? stake : 0n;
  const receipt = await submit(session, what, { to, data, value });
  const created = receipt.logs
    .filter(({ address }) => address === to)
    .map((log) => engine.interface.parseLog(log))
    .find((parsed) => parsed?.name === "SessionCreated");
  if (created == null) throw new Refusal(`the transaction ${receipt.hash} opened no session`);
  const sessionId = created.args.sessionId as bigint;
  session.say(
    `  session ${sessionId}: others join by npx hardhat game:play --network ${session.network} --session ${sessionId}`,
  );
  return sessionId;
}

/** Who won, or how the pot is shared. */
export function resultOf({ shareBps = [], seat }: Pick<Table, "shareBps" | "seat">): string {
  const winners = [...shareBps.entries()].filter(([, bps]) => bps > 0n);
  const parts = winners.map(([player, bps]) => {
    const name = player === seat ? "you" : `player ${player}`;
    return winners.length === 1 ? `${name} won` : `${name} ${formatUnits(bps, 2)} %`;
  });
  return winners.length === 1 ? parts.join() : `the pot is shared: ${parts.join(", ")}`;
}

/** One account at one session. */
class Player implements Seat<Table> {
  private constructor(
    private readonly session: Session,
    private readonly games: GameContracts,
    private readonly sessionId: bigint,
    private readonly token: StakeToken,
    private readonly rules: string,
    private readonly board: Board,
  ) {}

  static async sit(session: Session, games: GameContracts, sessionId: bigint): Promise<Player> {
    const { token, rules } = await games.engine.sessionOf(sessionId);
    if (rules === ZeroAddress) throw new Refusal(`--session ${sessionId}: there is no such session`);
    const stakeToken = await openStakeToken(session, token);
    return new Player(session, games, sessionId, stakeToken, rules, await boardOf(session, rules));
  }

  async table(): Promise<Table> {
    const { engine } = this.games;
    const { address } = await this.session.signer();
    const { phase, deadline, players } = await engine.sessionOf(this.sessionId);
    const [joined, seat] = await engine.seatOf(this.sessionId, address);
    const name = PHASES[Number(phase)] ?? "unknown";
    const state = await engine.stateOf(this.sessionId);
    return {
      sessionId: this.sessionId,
      phase: name,
      isOver: name === "settled" || name === "voided",
      accounts: await engine.accountsOf(this.sessionId),
      players: Number(players),
      seat: joined ? Number(seat) : undefined,
      turn: name === "playing" ? await this.turn(state) : undefined,
      state,
      shareBps: name === "settled" ? await this.shareBps(state) : undefined,
      deadline,
      owed: await engine.owed(address, this.token.address),
    };
  }

  async show(): Promise<Table> {
    const table = await this.table();
    const say = this.session.say;
    const { stake } = await this.games.engine.sessionOf(this.sessionId);
    say(`Session ${this.sessionId}, ${table.phase}, stake ${this.token.show(stake)} each`);
    if (table.phase === "open") say(`  ${table.accounts.length} of ${table.players} seats are taken`);
    for (const line of await this.board.draw(await this.position(table))) say(line);
    if (table.phase === "playing") {
      const turn = table.turn === table.seat && table.seat !== undefined ? "your" : `player ${table.turn ?? "?"}'s`;
      say(`  ${table.turn === "anyone" ? "anyone may" : `${turn} turn to`} move until ${timeInWords(table.deadline)}`);
    }
    if (table.phase === "settled") say(`  ${resultOf(table)}`);
    if (table.phase === "voided") say("  it is void: all have got their stakes back");
    if (table.owed > 0n)
      say(`  ${this.token.show(table.owed)} of ended sessions are yours: add --withdraw to have them paid`);
    return table;
  }

  async join(): Promise<void> {
    const { engine } = this.games;
    const { address } = await this.session.signer();
    const { phase, stake } = await engine.sessionOf(this.sessionId);
    if (PHASES[Number(phase)] !== "open" || (await engine.seatOf(this.sessionId, address)).joined) return;
    const to = await engine.getAddress();
    await approveStake(this.session, this.token, to, stake);
    const data = engine.interface.encodeFunctionData("joinGame", [this.sessionId]);
    const value = this.token.address === ZeroAddress ? stake : 0n;
    await submit(this.session, `Join session ${this.sessionId} with ${this.token.show(stake)}`, { to, data, value });
  }

  async leave(): Promise<void> {
    await this.send("Leave", "leaveGame");
  }

  async expire(): Promise<void> {
    await this.send("Have the missed deadline decided in", "expireGame");
  }

  async hint(table: Table): Promise<string> {
    return this.board.hint(await this.position(table));
  }

  /** @param where Stands before what is wrong with the text. */
  async move(text: string, where = ""): Promise<void> {
    const { engine } = this.games;
    const position = await this.position(await this.table());
    const move = await this.board.move(text.trim(), position).catch((cause: Error) => {
      throw new Refusal(`${where}${cause.message}`, cause);
    });
    const data = engine.interface.encodeFunctionData("playGame", [this.sessionId, move]);
    // The rules may use a million units of gas for either call: what they leave is not paid for.
    const gasLimit = MOVE_GAS;
    await submit(this.session, `Move ${text.trim()} in session ${this.sessionId}`, {
      to: await engine.getAddress(),
      data,
      gasLimit,
    });
  }

  async withdraw(): Promise<void> {
    const { engine } = this.games;
    const { address } = await this.session.signer();
    const amount = await engine.owed(address, this.token.address);
    const data = engine.interface.encodeFunctionData("withdraw", [this.token.address, address]);
    const what = `Pay ${this.token.show(amount)} to ${address}`;
    await submit(this.session, what, { to: await engine.getAddress(), data });
  }

  private async send(what: string, name: "leaveGame" | "expireGame"): Promise<void> {
    const { engine } = this.games;
    const data = engine.interface.encodeFunctionData(name as "leaveGame", [this.sessionId]);
    const call = { to: await engine.getAddress(), data, gasLimit: MOVE_GAS };
    await submit(this.session, `${what} session ${this.sessionId}`, call);
  }

  private async shareBps(state: string): Promise<readonly bigint[]> {
    const rules = await connect("TicTacToe", this.rules, this.session.provider, this.session.artifacts);
    return [...(await rules.outcome(state)).shareBps];
  }

  private async turn(state: string): Promise<number | "anyone" | undefined> {
    const rules = await connect("TicTacToe", this.rules, this.session.provider, this.session.artifacts);
    const turn = await rules.turn(state).catch(() => undefined);
    if (turn === undefined) return undefined;
    return turn >= 16n ? "anyone" : Number(turn);
  }

  private async position({ state, players, seat }: Table): Promise<Position> {
    const { address } = await this.session.signer();
    const { chainId } = this.session;
    const folder = resolve(this.session.hre.config.paths.root, ".data", "secrets");
    const secretFile = resolve(folder, `${chainId}-${this.sessionId}-${address.toLowerCase()}.json`);
    return { state, players, seat, secretFile };
  }
}

/** Two calls of the rules, and what the engine does itself. */
const MOVE_GAS = 3_500_000n;
