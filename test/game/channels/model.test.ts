import { setBalance, time, takeSnapshot } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { concat, id } from "ethers";
import { CHANNEL_BNB, stateDigest, type ChannelState } from "../../../protocol/channel";
import { roundResult } from "../../../protocol/roundResult";
import { signDigest } from "../../crosschain/support";
import {
  ANYONE,
  Bout,
  HOUR,
  MODE,
  PHASE,
  deployChannels,
  deposit,
  hashOf,
  newChannel,
  puppet,
  struct,
  type ChannelFixture,
} from "./support";

/** Runs of the model, and operations of each. */
const RUNS = 3;
const OPERATIONS = 750;
/** Channels that live at once. */
const CHANNELS = 4;
const LIFE = 100n * HOUR;

/** Numbers that are the same in every run of the same seed. */
function numbers(seed: string): (below: number) => number {
  let state = BigInt(id(seed)) & 0xffffffffn;
  return (below) => {
    state = (state * 1_664_525n + 1_013_904_223n) & 0xffffffffn;
    return Number((state >> 8n) % BigInt(below));
  };
}

/** What a channel is, exactly. */
interface Modelled {
  readonly bout: Bout;
  phase: number;
  readonly paid: Set<number>;
  /** Every state that all signed, by ascending version; a cheat has kept them all. */
  readonly signed: ChannelState[];
  disputed?: ChannelState;
  deadline: bigint;
  end: bigint;
}

const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

/** Rules of puppets, as the model knows them. */
const isOver = (gameState: string): boolean => Number(`0x${gameState.slice(4, 6)}`) === MODE.over;
const turnOf = (gameState: string): number => Number(`0x${gameState.slice(2, 4)}`);
const sharesOf = (gameState: string): bigint[] =>
  (gameState.slice(6).match(/.{4}/g) ?? []).map((share) => BigInt(`0x${share}`));

/** What a game state pays if the round ended in it; undefined: it does not. */
function resultOf(state: ChannelState): readonly bigint[] | undefined {
  if (state.gameState === "0x") return state.balances;
  if (!isOver(state.gameState)) return undefined;
  const shares = sharesOf(state.gameState);
  if (shares.length !== state.balances.length || sum(shares) !== 10_000n) return undefined;
  return roundResult(state.balances, state.stake, shares);
}

class Model {
  readonly live: Modelled[] = [];
  /** What every account holds, by token, counted from the start. */
  readonly gains = new Map<string, bigint>();
  readonly owed = new Map<string, bigint>();
  readonly done = new Map<string, number>();
  now = 0n;

  constructor(
    readonly fixture: ChannelFixture,
    readonly token: string,
    readonly pick: (below: number) => number,
  ) {}

  count(name: string): void {
    this.done.set(name, (this.done.get(name) ?? 0) + 1);
  }

  key(account: string, token: string): string {
    return `${account} ${token}`;
  }

  gain(account: string, token: string, amount: bigint): void {
    const key = this.key(account, token);
    this.gains.set(key, (this.gains.get(key) ?? 0n) + amount);
  }

  /** Everything that a token's holdings must cover: invariant 3. */
  held(token: string): bigint {
    const deposits = this.live
      .filter(({ bout }) => bout.channel.token === token)
      .map(({ bout, phase, paid }) => {
        const { participants } = bout.channel;
        if (phase === PHASE.closed) return 0n;
        return sum(participants.map(({ deposit: each }, index) => (paid.has(index) ? each : 0n)));
      });
    const owed = [...this.owed].filter(([key]) => key.endsWith(token)).map(([, amount]) => amount);
    return sum(deposits) + sum(owed);
  }

  settle(channel: Modelled, payouts: readonly bigint[]): void {
    const { participants, token } = channel.bout.channel;
    // Invariant 4.
    expect(sum(payouts)).to.equal(sum(participants.map(({ deposit: each }) => each)));
    payouts.forEach((payout, index) => this.gain(participants[index]!.account, token, payout));
    channel.phase = PHASE.closed;
    delete channel.disputed;
  }

  /** Runs a transaction that must end as `lawful` says. */
  async attempt(name: string, lawful: boolean, call: () => Promise<unknown>): Promise<boolean> {
    this.now += 1n;
    await time.setNextBlockTimestamp(this.now);
    let happened = true;
    try {
      await call();
    } catch (error) {
      if (!/reverted/.test(String(error))) throw error;
      happened = false;
    }
    expect(happened, `${name} is ${lawful ? "lawful" : "not lawful"}`).to.equal(lawful);
    this.count(lawful ? name : `${name} refused`);
    return happened;
  }

  async open(): Promise<void> {
    const count = 2 + this.pick(3);
    const token = this.pick(2) === 0 ? CHANNEL_BNB : this.token;
    const usual = await newChannel(this.fixture, { token, lifeSeconds: LIFE }, count);
    const participants = usual.participants.map((each) => ({ ...each, deposit: BigInt(1 + this.pick(500)) }));
    const bout = new Bout(this.fixture, { ...usual, participants });
    this.live.push({ bout, phase: PHASE.none, paid: new Set(), signed: [], deadline: 0n, end: 0n });
  }

  /** A state that all sign, in a round or between two. */
  sign(channel: Modelled): void {
    const { bout } = channel;
    const last = channel.signed.at(-1) ?? bout.initial;
    const balances = [...last.balances];
    const [from, to] = [this.pick(balances.length), this.pick(balances.length)];
    const moved = BigInt(this.pick(Number(balances[from]!) + 1));
    balances[from] = balances[from]! - moved;
    balances[to] = balances[to]! + moved;
    const least = balances.reduce((a, b) => (a < b ? a : b));
    const inRound = this.pick(4) !== 0;
    channel.signed.push({
      channelId: bout.id,
      version: last.version + BigInt(1 + this.pick(3)),
      stake: inRound ? BigInt(this.pick(Number(least) + 1)) : 0n,
      balances,
      gameState: inRound ? this.gameState(balances.length) : "0x",
    });
    this.count("sign");
  }

  gameState(players: number): string {
    const cut = this.pick(10_001);
    const shares = Array.from({ length: players }, (_, index) => (index === 0 ? cut : index === 1 ? 10_000 - cut : 0));
    // Now and then an outcome that pays more than the pot.
    if (this.pick(12) === 0) shares[1] = shares[1]! + 1;
    const turn = this.pick(4) === 0 ? ANYONE : this.pick(players);
    const modes = [MODE.runs, MODE.runs, MODE.runs, MODE.runs, MODE.over, MODE.expirePasses, MODE.expireChangesNothing];
    return puppet(turn, modes[this.pick(modes.length)]!, shares);
  }

  /** One operation of an honest or a cheating participant, or of somebody else. */
  async step(): Promise<void> {
    this.now += BigInt(this.pick(Number(HOUR) / 4));
    const open = this.live.filter(({ phase }) => phase !== PHASE.closed && phase !== PHASE.cancelled);
    if (open.length < CHANNELS) return this.open();
    const channel = open[this.pick(open.length)]!;
    if (channel.phase === PHASE.none || channel.phase === PHASE.funding) return this.funding(channel);
    const roll = this.pick(20);
    if (channel.phase === PHASE.open) {
      for (let count = 1 + this.pick(4); count > 0; count--) this.sign(channel);
      if (roll < 3) return this.close(channel);
      return roll < 17 ? this.challenge(channel) : this.answer(channel);
    }
    if (roll === 0) return this.challenge(channel);
    if (roll === 1) return this.close(channel);
    if (channel.phase === PHASE.disputed && roll < 9) return this.answer(channel);
    if (roll < 16) return this.play(channel);
    return roll < 18 ? this.expire(channel) : this.conclude(channel);
  }

  async funding(channel: Modelled): Promise<void> {
    const { bout, paid } = channel;
    const { participants, token } = bout.channel;
    const unpaid = participants.map((_, index) => index).filter((index) => !paid.has(index));
    const withdraws = this.pick(6) === 0;
    const wanted = withdraws && paid.size > 0 ? [...paid] : unpaid;
    // Now and then whoever it is.
    const participant = this.pick(6) === 0 ? this.pick(participants.length) : wanted[this.pick(wanted.length)]!;
    const { account, deposit: amount } = participants[participant]!;
    if (withdraws) {
      const lawful = paid.has(participant);
      const call = () => bout.as(participant).withdrawDeposit(bout.struct, participant);
      if (!(await this.attempt("withdrawDeposit", lawful, call))) return;
      this.gain(account, token, amount);
      paid.delete(participant);
      channel.phase = PHASE.cancelled;
      for (const other of [...paid]) {
        await this.attempt("withdrawDeposit", true, () => bout.as(other).withdrawDeposit(bout.struct, other));
        this.gain(participants[other]!.account, token, participants[other]!.deposit);
        paid.delete(other);
      }
      return;
    }
    if (
      !(await this.attempt("deposit", !paid.has(participant), () => deposit(this.fixture, bout.channel, participant)))
    )
      return;
    this.gain(account, token, -amount);
    paid.add(participant);
    channel.phase = paid.size === participants.length ? PHASE.open : PHASE.funding;
  }

  async close(channel: Modelled): Promise<void> {
    const balances = [...(channel.signed.at(-1) ?? channel.bout.initial).balances];
    // The cheat adds to its own.
    const cheats = this.pick(3) === 0;
    if (cheats) balances[0] = balances[0]! + 1n;
    if (await this.attempt("close", !cheats, () => channel.bout.close(balances))) this.settle(channel, balances);
  }

  async challenge(channel: Modelled): Promise<void> {
    const { bout, signed } = channel;
    // The cheat brings any old state; some are not signed by all.
    const old = signed[this.pick(signed.length || 1)];
    const state = this.pick(4) === 0 || old === undefined ? bout.initial : old;
    const forged = state.version !== 0n && this.pick(6) === 0;
    const signatures = state.version === 0n ? "0x" : forged ? this.forged(bout, state) : bout.signed(state);
    const by = this.pick(bout.channel.participants.length);
    const lawful = channel.phase === PHASE.open && !forged;
    const call = () => bout.as(by).challenge(bout.struct, struct(state), signatures);
    if (!(await this.attempt("challenge", lawful, call))) return;
    channel.phase = PHASE.disputed;
    channel.disputed = state;
    channel.deadline = this.now + HOUR;
    channel.end = channel.deadline + LIFE;
  }

  /** Signed by the cheat in everybody's place. */
  forged(bout: Bout, state: ChannelState): string {
    const digest = stateDigest(state, this.fixture.domain);
    return concat(bout.channel.participants.map(() => signDigest(this.fixture.keys[0]!, digest)));
  }

  async answer(channel: Modelled): Promise<void> {
    const { bout, signed, disputed } = channel;
    const state = this.pick(4) === 0 ? signed[this.pick(signed.length || 1)] : signed.at(-1);
    if (state === undefined) return;
    const isNewer = disputed !== undefined && state.version > disputed.version;
    const lawful = channel.phase === PHASE.disputed && this.now + 1n <= channel.deadline && isNewer;
    if (await this.attempt("answer", lawful, () => bout.answer(state))) channel.disputed = state;
  }

  async play(channel: Modelled): Promise<void> {
    const { bout, disputed } = channel;
    if (disputed === undefined) return;
    if (resultOf(disputed) !== undefined && this.pick(4) !== 0) return this.conclude(channel);
    const players = bout.channel.participants.length;
    // Mostly who has the turn, sometimes anybody.
    const turn = disputed.gameState === "0x" ? 0 : turnOf(disputed.gameState);
    const player = this.pick(4) === 0 || turn === ANYONE ? this.pick(players) : turn;
    const move = this.gameState(players);
    // Mostly once newer states count no more.
    if (channel.phase === PHASE.disputed && this.pick(3) !== 0 && this.now < channel.deadline) {
      this.now = channel.deadline;
    }
    const at = this.now + 1n;
    const mayMove = (turn === ANYONE || turn === player) && !isOver(disputed.gameState);
    const lawful = this.isPlayable(channel, at) && at <= this.moveDeadline(channel) && mayMove;
    const call = () => bout.play(disputed, player, move);
    if (await this.attempt("play", lawful, call)) this.advance(channel, move);
  }

  async expire(channel: Modelled): Promise<void> {
    const { bout, disputed } = channel;
    if (disputed === undefined) return;
    if (resultOf(disputed) !== undefined && this.pick(4) !== 0) return this.conclude(channel);
    // Nobody moved: time passes, sometimes not enough.
    const due = this.moveDeadline(channel);
    if (this.pick(3) !== 0 && this.now < due) this.now = due;
    const at = this.now + 1n;
    const lawful = this.isPlayable(channel, at) && at > this.moveDeadline(channel);
    if (!(await this.attempt("expire", lawful, () => bout.expire(disputed)))) return;
    const next = this.expired(disputed.gameState);
    if (next === undefined) this.settle(channel, disputed.balances);
    else this.advance(channel, next);
  }

  async conclude(channel: Modelled): Promise<void> {
    const { bout, disputed } = channel;
    if (disputed === undefined) return;
    if (this.pick(8) === 0) this.now += LIFE;
    const at = this.now + 1n;
    const result = channel.phase === PHASE.disputed ? resultOf(disputed) : undefined;
    const isPast = channel.phase === PHASE.playing || at > channel.deadline;
    const lawful = isPast && (result !== undefined || at > channel.end);
    if (await this.attempt("conclude", lawful, () => bout.conclude(disputed))) {
      this.settle(channel, result ?? this.lapsed(channel));
    }
  }

  /** What a round pays that is not over when its time is: who missed a move before gains nothing by waiting. */
  lapsed(channel: Modelled): readonly bigint[] {
    const state = channel.disputed!;
    if (this.moveDeadline(channel) >= channel.end) return state.balances;
    const gameState = this.expired(state.gameState);
    return (gameState === undefined ? undefined : resultOf({ ...state, gameState })) ?? state.balances;
  }

  isPlayable({ phase, deadline, end, disputed }: Modelled, at: bigint): boolean {
    if (phase === PHASE.disputed && (at <= deadline || resultOf(disputed!) !== undefined)) return false;
    return (phase === PHASE.disputed || phase === PHASE.playing) && at <= end;
  }

  moveDeadline({ phase, deadline }: Modelled): bigint {
    return phase === PHASE.disputed ? deadline + HOUR : deadline;
  }

  /** What the rules make of a missed deadline; undefined: nothing. */
  expired(gameState: string): string | undefined {
    const mode = Number(`0x${gameState.slice(4, 6)}`);
    if (mode === MODE.expireChangesNothing) return undefined;
    const players = sharesOf(gameState).length;
    const next = (turnOf(gameState) + 1) % players;
    if (mode === MODE.expirePasses) return puppet(next, mode, sharesOf(gameState).map(Number));
    return puppet(
      next,
      MODE.over,
      Array.from({ length: players }, (_, index) => (index === next ? 10_000 : 0)),
    );
  }

  advance(channel: Modelled, gameState: string): void {
    const state = { ...channel.disputed!, gameState };
    if (isOver(gameState)) return this.settle(channel, resultOf(state) ?? state.balances);
    channel.phase = PHASE.playing;
    channel.disputed = state;
    channel.deadline = this.now + HOUR;
  }
}

describe("StateChannels: model", () => {
  let restore: () => Promise<void>;

  before(async () => {
    const snapshot = await takeSnapshot();
    restore = () => snapshot.restore();
  });

  after(() => restore());

  for (let run = 0; run < RUNS; run++) {
    it(`run ${run}: holds what it owes, pays what it took, and takes nothing unlawful (invariants 3, 4, 5)`, async () => {
      const fixture = await deployChannels();
      const token = await fixture.token.getAddress();
      const model = new Model(fixture, token, numbers(`channels ${run}`));
      const at = await fixture.channels.getAddress();
      const addresses = await Promise.all(fixture.accounts.map((account) => account.getAddress()));
      const before = await Promise.all(addresses.map((account) => fixture.token.balanceOf(account)));
      const forced = BigInt(run);
      await setBalance(at, forced);
      model.now = BigInt(await time.latest());

      const check = async (): Promise<void> => {
        // Invariant 3, exactly, but for what was forced in.
        expect(await ethers.provider.getBalance(at)).to.equal(model.held(CHANNEL_BNB) + forced);
        expect(await fixture.token.balanceOf(at)).to.equal(model.held(token));
        for (const { bout, phase, disputed, deadline, end } of model.live.slice(-2 * CHANNELS)) {
          const status = await bout.status();
          expect(status.phase).to.equal(phase);
          if (disputed === undefined) continue;
          expect([status.stateHash, status.end]).to.deep.equal([hashOf(disputed), end]);
          expect(status.deadline).to.equal(deadline);
        }
      };

      for (let operation = 0; operation < OPERATIONS; operation++) {
        await model.step();
        if (operation % 20 === 19) await check();
      }
      // Invariant 5: whatever still runs comes to its end without anybody's help.
      for (const channel of model.live) {
        const { bout, paid } = channel;
        if (channel.phase === PHASE.open) await model.attempt("challenge", true, () => bout.challenge(bout.initial, 1));
        if (channel.phase === PHASE.open) channel.disputed = bout.initial;
        if (channel.phase === PHASE.funding) {
          for (const index of paid) {
            await model.attempt("withdrawDeposit", true, () => bout.as(index).withdrawDeposit(bout.struct, index));
            const { account, deposit: amount } = bout.channel.participants[index]!;
            model.gain(account, bout.channel.token, amount);
          }
          paid.clear();
        }
      }
      model.now += 2n * LIFE;
      for (const channel of model.live) {
        const { disputed, bout } = channel;
        if (disputed === undefined) continue;
        const result = channel.phase === PHASE.playing ? undefined : resultOf(disputed);
        await model.attempt("conclude", true, () => bout.conclude(disputed));
        model.settle(channel, result ?? model.lapsed(channel));
      }
      expect(model.held(CHANNEL_BNB)).to.equal(0n);
      expect(model.held(token)).to.equal(0n);
      expect(await ethers.provider.getBalance(at)).to.equal(forced);
      for (const [index, account] of addresses.entries()) {
        const gained = model.gains.get(model.key(account, token)) ?? 0n;
        expect(await fixture.token.balanceOf(account)).to.equal(before[index]! + gained);
      }
      for (const name of ["deposit", "close", "challenge", "answer", "play", "expire", "conclude", "withdrawDeposit"]) {
        expect(model.done.get(name) ?? 0, name).to.be.greaterThan(3);
      }
      for (const name of ["close refused", "answer refused", "play refused", "expire refused", "conclude refused"]) {
        expect(model.done.get(name) ?? 0, name).to.be.greaterThan(3);
      }
    });
  }
});
