import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import type { ContractTransactionResponse, ErrorDescription, Signer } from "ethers";
import { BNB, at, now } from "../staking/revenueSupport";
import { generator } from "../support/random";
import { PHASE, RAKE_BPS, deed, deployRoom, scripted, type Deed, type RoomFixture } from "./roomSupport";

/** Invariants are those of contracts/game/README.md. */
const OPERATIONS = 2_400;
const PLAYERS = 6;
const MOVE_SECONDS = 60;
const LIFE_SECONDS = 6_000;
const OVERRIDES = { gasLimit: 8_000_000n };

type PhaseName = keyof typeof PHASE;

/** A session as it should be. */
interface SessionModel {
  readonly id: bigint;
  readonly token: string;
  readonly stake: bigint;
  readonly players: number;
  /** Who may join; undefined for anyone. */
  readonly invited: ReadonlySet<number> | undefined;
  seats: number[];
  phase: PhaseName;
  deadline: bigint;
  end: bigint;
  state: State;
}

/** What the scripted rules do next. */
interface State {
  readonly over: Deed;
  readonly expiry: Deed;
  readonly shares: readonly number[];
}

/** The engine's accounts, written down a second time. */
class EngineModel {
  readonly sessions: SessionModel[] = [];
  readonly owed = new Map<string, bigint>();
  readonly rake = new Map<string, bigint>();
  /** Forced in: nobody's. */
  readonly forced = new Map<string, bigint>();

  staked(token: string): bigint {
    return this.sessions
      .filter((session) => session.token === token && (session.phase === "open" || session.phase === "playing"))
      .reduce((sum, { stake, seats }) => sum + stake * BigInt(seats.length), 0n);
  }

  /** Invariant 3, with equality. */
  balance(token: string): bigint {
    let sum = this.staked(token) + (this.rake.get(token) ?? 0n) + (this.forced.get(token) ?? 0n);
    for (const [key, amount] of this.owed) if (key.endsWith(token)) sum += amount;
    return sum;
  }

  owe(player: number, token: string, amount: bigint): void {
    const key = `${player} ${token}`;
    this.owed.set(key, (this.owed.get(key) ?? 0n) + amount);
  }

  void(session: SessionModel): void {
    session.phase = "voided";
    for (const player of session.seats) this.owe(player, session.token, session.stake);
  }

  sit(session: SessionModel, player: number, time: bigint): void {
    session.seats.push(player);
    if (session.seats.length < session.players) return;
    session.phase = "playing";
    session.deadline = time + BigInt(MOVE_SECONDS);
    session.end = time + BigInt(LIFE_SECONDS);
  }

  /** A new state, by a move made or missed. */
  goOn(session: SessionModel, state: State, time: bigint): void {
    session.state = state;
    const { over, shares } = state;
    if (over === "nothing" && shares.length === session.players) {
      if (time > session.end) return this.void(session);
      const next = time + BigInt(MOVE_SECONDS);
      session.deadline = next < session.end ? next : session.end;
      return;
    }
    const whole = shares.reduce((sum, share) => sum + share, 0) === 10_000;
    if (over !== "finish" || !whole || shares.length !== session.players) return this.void(session);

    session.phase = "settled";
    const pot = session.stake * BigInt(session.players);
    const rake = (pot * RAKE_BPS) / 10_000n;
    this.rake.set(session.token, (this.rake.get(session.token) ?? 0n) + rake);
    let left = pot - rake;
    session.seats.forEach((player, seat) => {
      const last = seat === session.players - 1;
      const payout = last ? left : ((pot - rake) * BigInt(shares[seat] ?? 0)) / 10_000n;
      left -= payout;
      this.owe(player, session.token, payout);
    });
    expect(left, "invariant 4").to.equal(0n);
  }

  expire(session: SessionModel, time: bigint): void {
    const { state } = session;
    if (session.deadline < session.end && state.expiry === "finish" && state.over !== "finish") {
      return this.goOn(session, { ...state, over: "finish" }, time);
    }
    if (session.deadline < session.end && state.expiry === "change") {
      const shares = state.shares.with(-1, (state.shares.at(-1) ?? 0) ^ 1);
      return this.goOn(session, { ...state, shares }, time);
    }
    this.void(session);
  }
}

const encode = ({ over, expiry, shares }: State): string => scripted(over, expiry, shares);

/** Runs against the contract and the model, one operation at a time. */
class Run {
  readonly model = new EngineModel();
  readonly counts = new Map<string, number>();
  private time = 0n;

  constructor(
    private readonly fixture: RoomFixture,
    private readonly tokens: readonly string[],
    private readonly pick: (below: number) => number,
  ) {}

  async start(): Promise<void> {
    this.time = await now();
  }

  async step(): Promise<void> {
    // Most steps are short; some let deadlines pass, a few whole sessions.
    const jump = this.pick(40) === 0 ? this.pick(LIFE_SECONDS) : this.pick(4) === 0 ? this.pick(90) : this.pick(8);
    this.time += BigInt(1 + jump);
    await at(this.time);
    const kind = this.pick(100);
    if (kind < 14) await this.create();
    else if (kind < 34) await this.join();
    else if (kind < 38) await this.leave();
    else if (kind < 72) await this.play();
    else if (kind < 88) await this.expire();
    else if (kind < 96) await this.withdraw();
    else if (kind < 98) await this.credit();
    else await this.force();
    for (const token of this.tokens) {
      expect(await this.balance(token), `invariant 3, ${token}`).to.equal(this.model.balance(token));
    }
  }

  /** All accounts and sessions, compared. */
  async compare(): Promise<void> {
    const { engine, players } = this.fixture;
    for (const token of this.tokens) {
      for (let player = 0; player < PLAYERS; ++player) {
        const due = this.model.owed.get(`${player} ${token}`) ?? 0n;
        expect(await engine.owed(players[player]!, token)).to.equal(due);
      }
      expect(await engine.rakeDue(1, token)).to.equal(this.model.rake.get(token) ?? 0n);
    }
    for (const session of this.model.sessions) {
      const found = await engine.sessionOf(session.id);
      expect(found.phase, `session ${session.id}`).to.equal(PHASE[session.phase]);
      expect(await engine.stateOf(session.id)).to.equal(encode(session.state));
      if (session.phase === "playing") {
        expect([found.deadline, found.end]).to.deep.equal([session.deadline, session.end]);
      }
      const accounts = await Promise.all(session.seats.map((player) => players[player]!.getAddress()));
      expect(await engine.accountsOf(session.id)).to.deep.equal(accounts);
    }
  }

  private async create(): Promise<void> {
    const { engine, players } = this.fixture;
    const creator = this.pick(PLAYERS);
    const seats = 1 + this.pick(4);
    const token = this.tokens[this.pick(this.tokens.length)] ?? BNB;
    const stake = this.pick(5) === 0 ? 0n : BigInt(this.pick(1_000));
    const others = [1, 2, 3, 4, 5].map((step) => (creator + step) % PLAYERS).slice(0, seats - 1);
    const invited = this.pick(3) === 0 && seats > 1 ? others : [];
    const expiries: readonly Deed[] = ["finish", "finish", "change", "nothing", "revert", "burnGas", "tooLong"];
    const state: State = {
      over: "nothing",
      expiry: expiries[this.pick(expiries.length)] ?? "finish",
      shares: this.shares(seats),
    };
    const terms = {
      setup: encode(state),
      players: seats,
      token,
      stake,
      moveSeconds: MOVE_SECONDS,
      lifeSeconds: LIFE_SECONDS,
      invited: invited.map((player) => players[player]!),
    };
    const value = token === BNB ? stake : 0n;
    await this.does("create", engine.connect(players[creator]!).createGame(1, terms, { ...OVERRIDES, value }));
    const session: SessionModel = {
      id: BigInt(this.model.sessions.length + 1),
      token,
      stake,
      players: seats,
      invited: invited.length === 0 ? undefined : new Set([...invited, creator]),
      seats: [],
      phase: "open",
      deadline: 0n,
      end: 0n,
      state,
    };
    this.model.sessions.push(session);
    this.model.sit(session, creator, this.time);
  }

  private async join(): Promise<void> {
    const session = this.choose("open");
    if (session === undefined) return;
    const player = this.pick(PLAYERS);
    const value = session.token === BNB ? session.stake : 0n;
    const sent = this.as(player).joinGame(session.id, { ...OVERRIDES, value });
    if (session.phase !== "open") return this.refuses("WrongPhase", sent);
    if (session.seats.includes(player)) return this.refuses("AlreadyJoined", sent);
    if (session.invited?.has(player) === false) return this.refuses("NotInvited", sent);
    await this.does("join", sent);
    this.model.sit(session, player, this.time);
  }

  private async leave(): Promise<void> {
    const session = this.choose("open");
    if (session === undefined) return;
    const player = session.seats[this.pick(session.seats.length)] ?? this.pick(PLAYERS);
    const sent = this.as(player).leaveGame(session.id, OVERRIDES);
    if (session.phase !== "open") return this.refuses("WrongPhase", sent);
    if (!session.seats.includes(player)) return this.refuses("NotSeated", sent);
    await this.does("leave", sent);
    const last = session.seats.pop() ?? player;
    if (last !== player) session.seats[session.seats.indexOf(player)] = last;
    this.model.owe(player, session.token, session.stake);
    if (session.seats.length === 0) session.phase = "voided";
  }

  private async play(): Promise<void> {
    const session = this.choose("playing");
    if (session === undefined) return;
    const player = this.pick(8) === 0 ? this.pick(PLAYERS) : (session.seats[this.pick(session.seats.length)] ?? 0);
    const bad: readonly Deed[] = ["revert", "burnGas", "malformed", "truncated", "returnBomb"];
    const refused = this.pick(8) === 0 ? bad[this.pick(bad.length)] : undefined;
    const state = this.next(session);
    const move = refused === undefined ? encode(state) : deed(refused);
    const sent = this.as(player).playGame(session.id, move, OVERRIDES);
    if (session.phase !== "playing") return this.refuses("WrongPhase", sent);
    if (this.time > session.deadline) return this.refuses("MoveTooLate", sent);
    if (!session.seats.includes(player)) return this.refuses("NotSeated", sent);
    if (refused !== undefined) return this.refuses("MoveRefused", sent);
    await this.does("play", sent);
    this.model.goOn(session, state, this.time);
    this.count(`play to ${session.phase}`);
  }

  private async expire(): Promise<void> {
    const session = this.choose("playing");
    if (session === undefined) return;
    const sent = this.as(this.pick(PLAYERS)).expireGame(session.id, OVERRIDES);
    if (session.phase !== "playing") return this.refuses("WrongPhase", sent);
    if (this.time <= session.deadline) return this.refuses("MoveStillDue", sent);
    await this.does("expire", sent);
    this.model.expire(session, this.time);
    this.count(`expire to ${session.phase}`);
  }

  private async withdraw(): Promise<void> {
    const player = this.pick(PLAYERS);
    const token = this.tokens[this.pick(this.tokens.length)] ?? BNB;
    const key = `${player} ${token}`;
    const sent = this.as(player).withdraw(token, this.fixture.admin, OVERRIDES);
    if ((this.model.owed.get(key) ?? 0n) === 0n) return this.refuses("NothingOwed", sent);
    await this.does("withdraw", sent);
    this.model.owed.delete(key);
  }

  private async credit(): Promise<void> {
    const { engine, splitter } = this.fixture;
    const token = this.tokens[this.pick(this.tokens.length)] ?? BNB;
    const due = this.model.rake.get(token) ?? 0n;
    const before = await splitter.outstanding(token);
    const sent = engine.creditRevenue(1, token, OVERRIDES);
    if (due === 0n) return this.refuses("NothingOwed", sent);
    await this.does("credit", sent);
    this.model.rake.delete(token);
    expect((await splitter.outstanding(token)) - before).to.equal(due);
  }

  /** Tokens that nobody staked: invariant 3 again. */
  private async force(): Promise<void> {
    const { engine, gold } = this.fixture;
    const amount = BigInt(1 + this.pick(50));
    await this.does("force", gold.mint(engine, amount));
    const token = await gold.getAddress();
    this.model.forced.set(token, (this.model.forced.get(token) ?? 0n) + amount);
  }

  /** Mostly one in `phase`, the latest ones first; sometimes any. */
  private choose(phase: PhaseName): SessionModel | undefined {
    const all = this.model.sessions;
    const fitting = all.filter((session) => session.phase === phase);
    if (fitting.length === 0 || this.pick(12) === 0) return all[this.pick(Math.max(all.length, 1))];
    return fitting[this.pick(fitting.length)];
  }

  private next({ players, state }: SessionModel): State {
    const bad: readonly Deed[] = ["revert", "burnGas", "malformed", "truncated", "change", "revertBomb"];
    const what = this.pick(20);
    if (what < 13) return { ...state, over: "nothing", shares: this.shares(players) };
    if (what < 17) return { ...state, over: "finish", shares: this.shares(players) };
    if (what === 17) return { ...state, over: bad[this.pick(bad.length)] ?? "revert" };
    // Another number of players; more than the pot.
    if (what === 18) return { ...state, over: "finish", shares: [...this.shares(players), 0] };
    return { ...state, over: "finish", shares: this.shares(players).map((share) => share + 1) };
  }

  /** Shares that sum to 10,000. */
  private shares(players: number): number[] {
    const shares = Array<number>(players).fill(0);
    let left = 10_000;
    for (let seat = 0; seat < players - 1; ++seat) {
      const share = this.pick(left + 1);
      shares[seat] = share;
      left -= share;
    }
    shares[players - 1] = left;
    return shares;
  }

  private as(player: number) {
    return this.fixture.engine.connect(this.fixture.players[player] as Signer);
  }

  private async balance(token: string): Promise<bigint> {
    const { engine, gold } = this.fixture;
    return token === BNB ? ethers.provider.getBalance(engine) : gold.balanceOf(engine);
  }

  private async does(what: string, sent: Promise<ContractTransactionResponse>): Promise<void> {
    await sent;
    this.count(what);
  }

  private async refuses(name: string, sent: Promise<ContractTransactionResponse>): Promise<void> {
    const { interface: coder } = this.fixture.engine;
    const error = await sent.then(
      (): ErrorDescription | null => null,
      (reason: { readonly data?: string }) => coder.parseError(reason.data ?? "0x"),
    );
    expect(error?.name).to.equal(name);
    this.count(name);
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

describe("GameEngine as its model says", () => {
  it(`keeps invariants 3 to 6 over ${OPERATIONS} operations, with hostile rules among them`, async () => {
    const fixture = await loadFixture(deployRoom);
    const { engine, registry, developer, gold, players, admin } = fixture;
    const run = new Run(fixture, [BNB, await gold.getAddress()], generator(20_261_121));
    await run.start();
    for (let done = 0; done < OPERATIONS; ++done) {
      await run.step();
      if (done % 400 === 399) await run.compare();
    }
    // Each way through the engine was taken, and refused.
    for (const what of [
      ...["create", "join", "leave", "play", "expire", "withdraw", "credit", "force"],
      ...["play to playing", "play to settled", "play to voided"],
      ...["expire to playing", "expire to settled", "expire to voided"],
      ...["WrongPhase", "AlreadyJoined", "NotInvited", "NotSeated", "MoveTooLate", "MoveRefused", "MoveStillDue"],
    ]) {
      expect(run.counts.get(what) ?? 0, what).to.be.greaterThan(3);
    }

    // Invariants 5 and 6: the game retires, and everybody leaves with everything.
    await registry.connect(developer).retire(1);
    await at((await now()) + BigInt(3 * LIFE_SECONDS));
    for (const session of run.model.sessions) {
      if (session.phase === "open") {
        for (const player of session.seats) await engine.connect(players[player]!).leaveGame(session.id);
      } else if (session.phase === "playing") {
        await engine.expireGame(session.id);
      }
    }
    for (const token of [BNB, await gold.getAddress()]) {
      for (const player of players.slice(0, PLAYERS)) {
        if ((await engine.owed(player, token)) > 0n) await engine.connect(player).withdraw(token, admin);
      }
      if ((await engine.rakeDue(1, token)) > 0n) await engine.creditRevenue(1, token);
    }
    expect(await ethers.provider.getBalance(engine)).to.equal(0);
    expect(await gold.balanceOf(engine)).to.equal(run.model.forced.get(await gold.getAddress()) ?? 0n);
  });
});
