import { resolve } from "node:path";
import { getBytes } from "ethers";
import { task } from "hardhat/config";
import { connect } from "../../deploy/contracts";
import { MAX_LIFE_SECONDS, MAX_PLAYERS, MIN_MOVES_IN_LIFE, MIN_MOVE_SECONDS } from "../../protocol/ledger/sessions";
import { payable, type LedgerAccount } from "../../sdk/rollup/ledgerAccount";
import type { LeafNamed, LedgerSession } from "../../sdk/rollup/sequencerApi";
import { boardOf, type Board, type Position } from "../game/board";
import { parseNumber } from "../game/room";
import { playInTerminal, type Seat, type SeatView } from "../game/terminal";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openSession, withCommonParams, type Session } from "../session";
import {
  assetOf,
  openAccount,
  openAsset,
  openBalance,
  openLayer2,
  parseLeaf,
  type Asset,
  type Layer2,
  withSpending,
  type SpendingArgs,
} from "./layer2";
import { onLayer2 } from "./onLayer2";

interface PlayArgs extends SpendingArgs {
  readonly game?: string;
  readonly session?: string;
  readonly stake: string;
  readonly players: string;
  readonly moveTime: string;
  readonly life?: string;
  readonly setup: string;
  readonly move?: string;
  readonly leave?: boolean;
  readonly expire?: boolean;
  readonly show?: boolean;
}

/** A session on layer 2 as an account sees it. One that is over is gone: its stakes are paid. */
export interface LedgerTable extends SeatView {
  readonly session: number;
  readonly phase: "waiting" | "playing" | "over";
}

withSpending(withCommonParams(task("l2:play", "Plays a session on layer 2, where moves cost nothing")))
  .addOptionalParam("game", "Number of the game, to open a session of it")
  .addOptionalParam("session", "Number of the session, to join it or go on with it")
  .addOptionalParam("stake", "Stake of each player, where a session is opened or joined", "0")
  .addOptionalParam("players", "How many play", "2")
  .addOptionalParam("moveTime", "Seconds for a move", `${MIN_MOVE_SECONDS}`)
  .addOptionalParam("life", "Seconds after which the session ends, whatever happens; default: a hundred moves' time")
  .addOptionalParam("setup", "The game's own options, in hex", "0x")
  .addOptionalParam("move", "Make this move, and no other")
  .addFlag("leave", "Give the seat back before the start")
  .addFlag("expire", "Have a missed deadline decided")
  .addFlag("show", "Only show the session")
  .setAction(async (args: PlayArgs, hre): Promise<LedgerTable> => {
    const session = await openSession(hre, args);
    const layer2 = await openLayer2(session, args);
    if ((args.game === undefined) === (args.session === undefined)) {
      throw new Refusal("name --game to open a session of it, or --session to join one or go on with it");
    }
    const given = args.session === undefined ? undefined : parseLeaf("session", args.session);
    const asset =
      given === undefined
        ? await openAsset(session, layer2.contracts, args.asset)
        : await assetPlayed(session, layer2, given);
    const account = await openAccount(session, layer2, asset.number, args.account);
    const index = given ?? (await open(session, layer2, account, asset, args));
    const player = await LedgerPlayer.sit(session, layer2, account, index);
    const plays = args.show !== true && args.leave !== true && args.expire !== true;
    if (plays && args.session !== undefined) await player.join(args.stake);
    if (args.leave === true) await player.leave();
    else if (args.expire === true) await player.expire();
    else if (args.move !== undefined) await player.move(args.move, `--move ${args.move}: `);
    else if (plays && process.stdin.isTTY && args.quiet !== true) return playInTerminal(player, session);
    return player.show();
  });

/** What is staked in a session that is there. */
async function assetPlayed(session: Session, { contracts, sequencer }: Layer2, index: number): Promise<Asset> {
  const found = await onLayer2(() => sequencer.session(index));
  if (found === undefined) throw new Refusal(`--session ${index}: there is none, or it is over`);
  return assetOf(session, contracts, (found.game as LeafNamed<"Game">).asset);
}

async function open(
  session: Session,
  layer2: Layer2,
  account: LedgerAccount,
  asset: Asset,
  args: PlayArgs,
): Promise<number> {
  const gameId = parseNumber("game", args.game ?? "");
  const games = await onLayer2(() => layer2.sequencer.games());
  const game = games.find((leaf) => leaf.gameId === gameId && leaf.asset === asset.number);
  if (game === undefined) {
    throw new Refusal(`--game ${gameId} is not on layer 2 in ${args.asset}: l2:list-game brings it there`);
  }
  const stake = parseStake(asset, args.stake);
  const { index: balance } = await openBalance(account, asset, stake);
  const { moveSeconds, lifeSeconds } = parseTimes(args);
  const players = Number(parseNumber("players", args.players));
  if (players < 2 || players > MAX_PLAYERS) throw new Refusal(`--players ${players}: 2 to ${MAX_PLAYERS} play`);
  if (!/^0x([0-9a-fA-F]{2}){0,255}$/.test(args.setup)) throw new Refusal(`--setup ${args.setup}: not bytes in hex`);
  await session.confirm(`Open a session of game ${gameId} on layer 2, with a stake of ${asset.show(stake)} each`);
  const receipt = await onLayer2(() =>
    account.openSession(balance, {
      game: game.index,
      stake,
      players,
      moveSeconds,
      lifeSeconds,
      setup: getBytes(args.setup),
    }),
  );
  const [index] = receipt.leaves;
  if (index === undefined) throw new Refusal(`the sequencer names no session of ${receipt.hash}: see its receipt`);
  session.say(`  session ${index}. Whoever is to play with you joins by`);
  session.say(`  npx hardhat l2:play --network ${session.network} --session ${index} --stake ${args.stake}`);
  return index;
}

function parseTimes(args: PlayArgs): { readonly moveSeconds: number; readonly lifeSeconds: number } {
  const moveSeconds = Number(parseNumber("moveTime", args.moveTime));
  if (moveSeconds < MIN_MOVE_SECONDS) {
    throw new Refusal(`--move-time ${moveSeconds}: layer 2 asks for ${MIN_MOVE_SECONDS} s at least`);
  }
  const least = MIN_MOVES_IN_LIFE * moveSeconds;
  const lifeSeconds = args.life === undefined ? least : Number(parseNumber("life", args.life));
  if (lifeSeconds < least || lifeSeconds > MAX_LIFE_SECONDS) {
    const given = args.life === undefined ? `--move-time ${moveSeconds}` : `--life ${lifeSeconds}`;
    throw new Refusal(`${given}: a session lives for ${MIN_MOVES_IN_LIFE} moves' time to ${MAX_LIFE_SECONDS} s`);
  }
  return { moveSeconds, lifeSeconds };
}

function parseStake(asset: Asset, text: string): bigint {
  const stake = asset.parse("stake", text);
  if (payable(stake) === stake) return stake;
  throw new Refusal(`--stake ${text}: too many digits for a stake; ${asset.show(payable(stake))} goes`);
}

/** One account at one session of layer 2. */
class LedgerPlayer implements Seat<LedgerTable> {
  /** Of a session that is gone, what was seen last. */
  private last: LedgerSession;

  private constructor(
    private readonly session: Session,
    private readonly layer2: Layer2,
    private readonly account: LedgerAccount,
    private readonly index: number,
    found: LedgerSession,
    private readonly asset: Asset,
    private readonly board: Board,
  ) {
    this.last = found;
  }

  static async sit(session: Session, layer2: Layer2, account: LedgerAccount, index: number): Promise<LedgerPlayer> {
    const found = await onLayer2(() => layer2.sequencer.session(index));
    if (found === undefined) throw new Refusal(`--session ${index}: there is none, or it is over`);
    const { rules, asset } = found.game as LeafNamed<"Game">;
    const shown = await assetOf(session, layer2.contracts, asset);
    return new LedgerPlayer(session, layer2, account, index, found, shown, await boardOf(session, rules));
  }

  async table(): Promise<LedgerTable> {
    const found = await onLayer2(() => this.layer2.sequencer.session(this.index));
    if (found !== undefined) this.last = found;
    const { players, state, deadline } = this.last;
    const seat = players.find(({ account }) => account === this.account.index)?.player;
    const phase = found === undefined ? "over" : found.phase === "running" ? "playing" : "waiting";
    const turn = phase === "playing" ? await this.turn(state) : undefined;
    const accounts = players.map(({ owner }) => owner);
    const isOver = phase === "over";
    return { session: this.index, phase, isOver, accounts, seat, turn, state, deadline, owed: 0n };
  }

  async show(): Promise<LedgerTable> {
    const table = await this.table();
    const { say } = this.session;
    say(`Session ${this.index} on layer 2, ${table.phase}, stake ${this.asset.show(this.last.stake)} each`);
    if (table.phase === "waiting") {
      say(`  ${table.accounts.length} of ${this.last.seats} seats are taken`);
      return table;
    }
    if (this.last.phase === "waiting") {
      say("  nobody waits for others any more: all stakes are back");
      return table;
    }
    // Of a session that is gone, the last move may be one that was not seen here.
    if (table.phase === "playing" || (await this.isOver(table.state))) {
      for (const line of await this.board.draw(await this.position(table))) say(line);
    }
    if (table.phase === "playing") {
      const turn = table.turn === table.seat && table.seat !== undefined ? "your" : `player ${table.turn ?? "?"}'s`;
      say(`  ${table.turn === "anyone" ? "anyone may" : `${turn} turn to`} move until ${timeInWords(table.deadline)}`);
      return table;
    }
    const balance = await onLayer2(() => this.account.balance(this.asset.number));
    say(`  it is over and paid: you have ${this.asset.show(balance?.amount ?? 0n)} on layer 2`);
    return table;
  }

  async join(stake: string): Promise<void> {
    const { phase, seat } = await this.table();
    if (phase !== "waiting" || seat !== undefined) return;
    const amount = parseStake(this.asset, stake);
    if (amount !== this.last.stake) {
      throw new Refusal(`--stake ${stake}: this session is for ${this.asset.show(this.last.stake)} each: name that`);
    }
    const { index: balance } = await openBalance(this.account, this.asset, amount);
    await this.session.confirm(`Join session ${this.index} on layer 2 with ${this.asset.show(amount)}`);
    await onLayer2(() => this.account.joinSession(this.index, balance, amount));
  }

  async leave(): Promise<void> {
    await onLayer2(async () => this.account.leaveSession(this.index, await this.seat()));
  }

  async expire(): Promise<void> {
    const { deadline } = await this.table();
    if (deadline >= (await this.session.time())) {
      throw new Refusal(`--expire: the deadline is ${timeInWords(deadline)}, until then nothing is decided`);
    }
    await onLayer2(() => this.account.timeOut(this.index));
  }

  async hint(table: LedgerTable): Promise<string> {
    return this.board.hint(await this.position(table));
  }

  /**
   * Makes a move, and has the session paid out where that was the last.
   * @param where Stands before what is wrong with the text.
   */
  async move(text: string, where = ""): Promise<void> {
    const table = await this.table();
    if (table.phase === "waiting") throw new Refusal(`${where}the session waits for players still`);
    if (table.turn !== "anyone" && table.turn !== table.seat) {
      throw new Refusal(`${where}it is player ${table.turn ?? "?"}'s turn`);
    }
    const position = await this.position(table);
    const move = await this.board.move(text.trim(), position).catch((cause: Error) => {
      throw new Refusal(`${where}${cause.message}`, cause);
    });
    await onLayer2(async () => this.account.play(this.index, await this.seat(), getBytes(move)));
    this.session.say(`  moved ${text.trim()}`);
    const { state } = await this.table();
    if (await this.isOver(state)) await onLayer2(() => this.account.settle(this.index));
  }

  /** Nothing waits: what layer 2 pays is in the balance. */
  async withdraw(): Promise<void> {
    return Promise.resolve();
  }

  private async seat(): Promise<number> {
    const { seat } = await this.table();
    if (seat === undefined) throw new Refusal(`account ${this.account.index} has no seat in session ${this.index}`);
    return seat;
  }

  private async turn(state: string): Promise<number | "anyone" | undefined> {
    const turn = await (await this.rules()).turn(state).catch(() => undefined);
    if (turn === undefined) return undefined;
    return turn >= 16n ? "anyone" : Number(turn);
  }

  private async isOver(state: string): Promise<boolean> {
    const outcome = await (await this.rules()).outcome(state).catch(() => undefined);
    return outcome?.over === true;
  }

  private rules(): ReturnType<typeof connect<"TicTacToe">> {
    const { rules } = this.last.game as LeafNamed<"Game">;
    // Any game has these functions; the name only chooses the interface.
    return connect("TicTacToe", rules, this.session.provider, this.session.artifacts);
  }

  private async position({ state, seat }: LedgerTable): Promise<Position> {
    const { address } = await this.session.signer();
    const folder = resolve(this.session.hre.config.paths.root, ".data", "secrets");
    const secretFile = resolve(folder, `${this.session.chainId}-l2-${this.index}-${address.toLowerCase()}.json`);
    return { state, players: this.last.seats, seat, secretFile };
  }
}
