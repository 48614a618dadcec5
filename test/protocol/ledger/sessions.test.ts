import { expect } from "chai";
import type { Entry } from "../../../protocol/ledger/entries";
import { Ledger } from "../../../protocol/ledger/ledger";
import { REFUSAL, type Refusal } from "../../../protocol/ledger/refusal";
import type { RulesAnswer, RulesCall } from "../../../protocol/ledger/rulesCall";
import { SCOPE, type Transaction } from "../../../protocol/ledger/transactions";
import { TIME, crypto, player, run, segmentOf, sign } from "./support";

const MOVE_SECONDS = 7_200;
const LIFE_SECONDS = 720_000;
const RAKE_BPS = 500;
const GAME = 5;
const SESSION = 6;

const players = [player(0), player(1), player(2)];
const START = Uint8Array.of(1);

type Answers = (call: RulesCall) => RulesAnswer;
const unanswered: Answers = ({ call }) => {
  throw new Error(`no ${call} was expected`);
};
const state = (byte: number): RulesAnswer => ({ state: Uint8Array.of(byte) });
/** Not over; what a missed deadline leads to, says `expired`. */
const undecided =
  (expired: Answers): Answers =>
  (call) =>
    call.call === "outcome" ? { over: false, shareBps: [0n, 0n] } : expired(call);

/** Two accounts (1, 3) with 1,000 each in balances 2 and 4, a game (5), and what the test does with a session (6). */
class Table {
  readonly ledger = new Ledger(crypto);
  time = TIME;
  private readonly nonces = [0n, 0n, 0n];

  constructor() {
    const deposits = [0, 1].map((who): Entry => {
      return { kind: "Deposit", queuedAt: TIME, to: players[who]!.address, balance: 0, asset: 0, amount: 1_000n };
    });
    const game: Entry = {
      kind: "ListGame",
      queuedAt: TIME,
      gameId: 7n,
      rules: new Uint8Array(20).fill(9),
      asset: 0,
      rakeBps: RAKE_BPS,
    };
    run(this.ledger, segmentOf(3), [...deposits, game]);
  }

  /** Executes what player `who` signs; of which account, says `account`. */
  do(who: number, transaction: Transaction, answer: Answers = unanswered, account = who): Refusal {
    const signature = sign(players[who]!.key, transaction, this.nonces[account]!);
    const { transactions } = run(this.ledger, segmentOf(0, [transaction, signature]), [], this.clock(), answer);
    if (transactions[0] === REFUSAL.Applied) this.nonces[account]! += 1n;
    return transactions[0]!;
  }

  /** Executes what nobody signs. */
  call(transaction: Transaction, answer: Answers = unanswered): Refusal {
    return run(this.ledger, segmentOf(0, [transaction]), [], this.clock(), answer).transactions[0]!;
  }

  open(stake = 100n): Refusal {
    return this.do(0, {
      kind: "SessionOpen",
      balance: 2,
      game: GAME,
      stake,
      players: 2,
      moveSeconds: MOVE_SECONDS,
      lifeSeconds: LIFE_SECONDS,
      setup: Uint8Array.of(42),
    });
  }

  join(answer: Answers = () => ({ state: START })): Refusal {
    return this.do(1, { kind: "SessionJoin", session: SESSION, balance: 4 }, answer);
  }

  move(who: number, answer: Answers = () => state(2), signer = who): Refusal {
    const transaction: Transaction = { kind: "SessionMove", session: SESSION, player: who, move: Uint8Array.of(3) };
    return this.do(signer, transaction, answer, who);
  }

  /** What both have, and what the game has earned. */
  amounts(): readonly bigint[] {
    const [first, second, game] = [2, 4, GAME].map((index) => this.ledger.leaf(index));
    if (first?.kind !== "Balance" || second?.kind !== "Balance" || game?.kind !== "Game")
      throw new Error("other leaves");
    return [first.amount, second.amount, game.fees];
  }

  private clock() {
    return { time: this.time, queueTime: this.time };
  }
}

/** A table whose session runs. */
function running(): Table {
  const table = new Table();
  expect([table.open(), table.join()]).to.deep.equal([REFUSAL.Applied, REFUSAL.Applied]);
  return table;
}

describe("sessions on the ledger", () => {
  it("takes both stakes, starts with the setup, and pays by the outcome less the rake, the rounding to the last", () => {
    const table = new Table();
    expect(table.open(101n)).to.equal(REFUSAL.Applied);
    const calls: RulesCall[] = [];
    const answer: Answers = (call) => {
      calls.push(call);
      return call.call === "outcome" ? { over: true, shareBps: [3_333n, 6_667n] } : { state: START };
    };
    expect(table.join(answer)).to.equal(REFUSAL.Applied);
    expect(table.amounts()).to.deep.equal([899n, 899n, 0n]);
    expect(table.call({ kind: "SessionSettle", session: SESSION }, answer)).to.equal(REFUSAL.Applied);

    // Of 202, 5 % are 10 (10.1); of 192, 33.33 % are 63 (63.99).
    expect(table.amounts()).to.deep.equal([899n + 63n, 899n + 129n, 10n]);
    expect(table.ledger.leaf(SESSION)).to.equal(undefined);
    expect(calls[0]).to.deep.include({ call: "start", setup: Uint8Array.of(42), players: 2 });
    expect(calls[1]).to.deep.include({ call: "outcome", state: START, players: 2 });
  });

  it("collects what the game has earned as an exit", () => {
    const table = running();
    table.call({ kind: "SessionSettle", session: SESSION }, () => ({ over: true, shareBps: [0n, 10_000n] }));
    expect(table.call({ kind: "CollectFees", game: GAME })).to.equal(REFUSAL.Applied);
    expect(table.ledger.leaf(7)).to.deep.equal({ kind: "FeeExit", gameId: 7n, asset: 0, amount: 10n });
    expect(table.call({ kind: "CollectFees", game: GAME })).to.equal(REFUSAL.WrongAmount);
  });

  it("gives stakes back where the rules refuse to start, or their outcome is malformed", () => {
    const unstarted = new Table();
    unstarted.open();
    expect(unstarted.join(() => undefined)).to.equal(REFUSAL.Applied);
    const malformed = running();
    expect(malformed.call({ kind: "SessionSettle", session: SESSION }, () => undefined)).to.equal(REFUSAL.Applied);
    for (const table of [unstarted, malformed]) {
      expect(table.amounts()).to.deep.equal([1_000n, 1_000n, 0n]);
      expect(table.ledger.leaf(SESSION)).to.equal(undefined);
    }
  });

  it("takes a move at the deadline, and none after it", () => {
    const table = running();
    table.time += BigInt(MOVE_SECONDS);
    expect(table.move(0)).to.equal(REFUSAL.Applied);
    table.time += BigInt(MOVE_SECONDS) + 1n;
    expect(table.move(1)).to.equal(REFUSAL.WrongTime);
  });

  it("lets the rules decide about a missed deadline, once it has passed and the queue is consumed", () => {
    const table = running();
    const timeOut: Transaction = { kind: "SessionTimeout", session: SESSION };
    table.time += BigInt(MOVE_SECONDS);
    expect(table.call(timeOut)).to.equal(REFUSAL.WrongTime);
    table.time += 1n;
    expect(
      table.call(
        timeOut,
        undecided(() => state(9)),
      ),
    ).to.equal(REFUSAL.Applied);
    expect(table.ledger.leaf(SESSION)).to.deep.include({
      state: Uint8Array.of(9),
      deadline: table.time + BigInt(MOVE_SECONDS),
    });
  });

  it("gives stakes back where nothing changes by a missed deadline, at the end of a life, and where rules fail", () => {
    const timeOut: Transaction = { kind: "SessionTimeout", session: SESSION };
    const cases: readonly (readonly [number, Answers])[] = [
      [MOVE_SECONDS, undecided(() => ({ state: START }))],
      [MOVE_SECONDS, undecided(() => undefined)],
      [MOVE_SECONDS, () => undefined],
      [LIFE_SECONDS, undecided(unanswered)],
      [LIFE_SECONDS, () => undefined],
    ];
    for (const [seconds, answer] of cases) {
      const table = running();
      table.time += BigInt(seconds) + 1n;
      expect(table.call(timeOut, answer)).to.equal(REFUSAL.Applied);
      expect(table.amounts()).to.deep.equal([1_000n, 1_000n, 0n]);
      expect(table.ledger.leaf(SESSION)).to.equal(undefined);
    }
  });

  it("pays by a time-out what is over and was not settled, however late", () => {
    for (const seconds of [MOVE_SECONDS, LIFE_SECONDS]) {
      const table = running();
      const timeOut: Transaction = { kind: "SessionTimeout", session: SESSION };
      const won: Answers = (call) =>
        call.call === "outcome" ? { over: true, shareBps: [0n, 10_000n] } : unanswered(call);
      table.time += BigInt(seconds) + 1n;
      expect(table.call(timeOut, won)).to.equal(REFUSAL.Applied);
      expect(table.amounts()).to.deep.equal([900n, 1_090n, 10n]);
      expect(table.ledger.leaf(SESSION)).to.equal(undefined);
    }
  });

  it("refuses a move that the rules refuse, of a stranger, and of another player's seat", () => {
    const table = running();
    expect(table.move(0, () => undefined)).to.equal(REFUSAL.RulesRefused);
    expect(table.move(0, unanswered, 1)).to.equal(REFUSAL.NotAuthorized);
    expect(table.move(0, unanswered, 2)).to.equal(REFUSAL.NotAuthorized);
    expect(table.move(0)).to.equal(REFUSAL.Applied);
  });

  it("takes moves of a session key for its game and its time only", () => {
    const table = running();
    const grant = (game: number, scope: number): Transaction => {
      return { kind: "GrantKey", account: 1, key: players[2]!.address, expiry: TIME + 10n, scope, game };
    };
    for (const [game, scope, expected] of [
      [GAME + 1, SCOPE.Games, REFUSAL.NotAuthorized],
      [GAME, SCOPE.Transfers | SCOPE.Items, REFUSAL.NotAuthorized],
      [GAME, SCOPE.Games, REFUSAL.Applied],
      [0, SCOPE.Games, REFUSAL.Applied],
    ] as const) {
      expect(table.do(0, grant(game, scope))).to.equal(REFUSAL.Applied);
      expect(
        table.move(0, () => state(2), 2),
        `game ${game}, scope ${scope}`,
      ).to.equal(expected);
    }
    const withdraw: Transaction = { kind: "Withdraw", from: 2, amount: 1n };
    expect(table.do(2, withdraw, unanswered, 0)).to.equal(REFUSAL.NotAuthorized);
    table.time += 10n;
    expect(table.move(0, unanswered, 2)).to.equal(REFUSAL.NotAuthorized);
  });

  it("lets players leave while it waits, and those behind move up", () => {
    const table = new Table();
    table.open();
    expect(table.do(1, { kind: "SessionLeave", session: SESSION, player: 0 }, unanswered)).to.equal(
      REFUSAL.NotAuthorized,
    );
    expect(table.do(0, { kind: "SessionLeave", session: SESSION, player: 0 }, unanswered)).to.equal(REFUSAL.Applied);
    expect(table.ledger.leaf(SESSION)).to.equal(undefined);
    expect(table.amounts()).to.deep.equal([1_000n, 1_000n, 0n]);
  });

  it("calls no rules once moves are halted, and ends no session before they are called again", () => {
    const table = running();
    const halted = { time: table.time, queueTime: table.time, movesHalt: table.time };
    const move: Transaction = { kind: "SessionMove", session: SESSION, player: 0, move: Uint8Array.of(3) };
    const body = segmentOf(0, [move, sign(players[0]!.key, move, 1n)], [{ kind: "SessionSettle", session: SESSION }]);
    expect(run(table.ledger, body, [], halted, unanswered).transactions).to.deep.equal([
      REFUSAL.WrongTime,
      REFUSAL.WrongTime,
    ]);
    const late = table.time + BigInt(LIFE_SECONDS) + 1n;
    const end = segmentOf(0, [{ kind: "SessionTimeout", session: SESSION }]);
    const during = { ...halted, time: late, queueTime: late };
    expect(run(table.ledger, end, [], during, unanswered).transactions).to.deep.equal([REFUSAL.WrongTime]);
    const after = { time: late, queueTime: late, movesHalt: late + 1n };
    expect(run(table.ledger, end, [], after, undecided(unanswered)).transactions).to.deep.equal([REFUSAL.Applied]);
    expect(table.amounts()).to.deep.equal([1_000n, 1_000n, 0n]);
  });
});
