import { authorized, same, type Authority, type BatchContext } from "./authority";
import { RUNNING, WAITING, type LeafOf, type SessionLeaf } from "./leaves";
import { REFUSAL, type Refusal } from "./refusal";
import type { Asking, Outcome } from "./rulesCall";
import { SCOPE, type TransactionOf } from "./transactions";
import { AMOUNT_LIMIT } from "./transfers";
import { hasRoom, leafOf, type LedgerView } from "./view";

export const MAX_PLAYERS = 8;
/** A forced move is consumed within an hour: its author's opponent must have more time than that. */
export const MIN_MOVE_SECONDS = 7_200;
export const MAX_LIFE_SECONDS = 90 * 86_400;
/** So that a life ends rules that never do, and no lost game. */
export const MIN_MOVES_IN_LIFE = 100;
const BPS = 10_000n;

type Balance = LeafOf<"Balance">;
type GameLeaf = LeafOf<"Game">;

export function openSession(
  view: LedgerView,
  transaction: TransactionOf<"SessionOpen">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const balance = leafOf(view, transaction.balance, "Balance");
  const game = leafOf(view, transaction.game, "Game");
  const account = balance && leafOf(view, balance.account, "Account");
  if (balance === undefined || account === undefined || game?.asset !== balance.asset) return REFUSAL.WrongLeaf;
  const { stake, players, moveSeconds, lifeSeconds, setup } = transaction;
  if (players < 2 || players > MAX_PLAYERS) return REFUSAL.WrongTerms;
  if (
    moveSeconds < MIN_MOVE_SECONDS ||
    lifeSeconds < MIN_MOVES_IN_LIFE * moveSeconds ||
    lifeSeconds > MAX_LIFE_SECONDS
  ) {
    return REFUSAL.WrongTerms;
  }
  if (stake > balance.amount) return REFUSAL.WrongAmount;
  if (!hasRoom(view, 1)) return REFUSAL.TreeFull;
  const right = { scope: SCOPE.Games, game: transaction.game };
  const after = authorized(account, transaction, authority, 0, clock, context, right);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(balance.account, after);
  view.put(transaction.balance, { ...balance, amount: balance.amount - stake });
  view.append({
    kind: "Session",
    game: transaction.game,
    stake,
    players,
    joined: 1,
    phase: WAITING,
    moveSeconds,
    lifeSeconds,
    deadline: 0n,
    endsBy: 0n,
    balances: [transaction.balance, ...Array<number>(players - 1).fill(0)],
    state: setup,
  });
  return REFUSAL.Applied;
}

export function* joinSession(
  view: LedgerView,
  transaction: TransactionOf<"SessionJoin">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Asking<Refusal> {
  const session = leafOf(view, transaction.session, "Session");
  const balance = leafOf(view, transaction.balance, "Balance");
  const account = balance && leafOf(view, balance.account, "Account");
  const game = session && leafOf(view, session.game, "Game");
  if (session === undefined || balance === undefined || account === undefined) return REFUSAL.WrongLeaf;
  if (game?.asset !== balance.asset) return REFUSAL.WrongLeaf;
  if (session.phase !== WAITING) return REFUSAL.WrongPhase;
  if (session.stake > balance.amount) return REFUSAL.WrongAmount;
  const joined = session.joined + 1;
  const full = joined === session.players;
  if (full && context.time >= context.movesHalt) return REFUSAL.WrongTime;
  const right = { scope: SCOPE.Games, game: session.game };
  const after = authorized(account, transaction, authority, 0, clock, context, right);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(balance.account, after);
  view.put(transaction.balance, { ...balance, amount: balance.amount - session.stake });
  const balances = session.balances.map((seat, player) => (player === session.joined ? transaction.balance : seat));
  const seated: SessionLeaf = { ...session, joined, balances };
  if (!full) {
    view.put(transaction.session, seated);
    return REFUSAL.Applied;
  }
  const answer = yield { call: "start", rules: game.rules, setup: session.state, players: session.players };
  if (answer === undefined || !("state" in answer)) {
    giveBack(view, transaction.session, seated);
    return REFUSAL.Applied;
  }
  view.put(transaction.session, {
    ...seated,
    phase: RUNNING,
    deadline: context.time + BigInt(session.moveSeconds),
    endsBy: context.time + BigInt(session.lifeSeconds),
    state: answer.state,
  });
  return REFUSAL.Applied;
}

/** A player leaves before the session is full; whoever came later moves up. */
export function leaveSession(
  view: LedgerView,
  transaction: TransactionOf<"SessionLeave">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Refusal {
  const session = leafOf(view, transaction.session, "Session");
  if (session === undefined) return REFUSAL.WrongLeaf;
  if (session.phase !== WAITING || transaction.player >= session.joined) return REFUSAL.WrongPhase;
  const seat = session.balances[transaction.player] as number;
  const balance = leafOf(view, seat, "Balance");
  const account = balance && leafOf(view, balance.account, "Account");
  if (balance === undefined || account === undefined) return REFUSAL.WrongLeaf;
  const right = { scope: SCOPE.Games, game: session.game };
  const after = authorized(account, transaction, authority, 0, clock, context, right);
  if (after === undefined) return REFUSAL.NotAuthorized;

  view.put(balance.account, after);
  view.put(seat, { ...balance, amount: balance.amount + session.stake });
  const others = session.balances.filter((_, player) => player !== transaction.player);
  const joined = session.joined - 1;
  view.put(transaction.session, joined === 0 ? undefined : { ...session, joined, balances: [...others, 0] });
  return REFUSAL.Applied;
}

export function* playMove(
  view: LedgerView,
  transaction: TransactionOf<"SessionMove">,
  authority: Authority,
  clock: bigint,
  context: BatchContext,
): Asking<Refusal> {
  const session = leafOf(view, transaction.session, "Session");
  const game = session && leafOf(view, session.game, "Game");
  if (session === undefined || game === undefined) return REFUSAL.WrongLeaf;
  const { player, move } = transaction;
  if (session.phase !== RUNNING || player >= session.players) return REFUSAL.WrongPhase;
  const balance = leafOf(view, session.balances[player] as number, "Balance");
  const account = balance && leafOf(view, balance.account, "Account");
  if (balance === undefined || account === undefined) return REFUSAL.WrongLeaf;
  if (clock > session.deadline || clock > session.endsBy) return REFUSAL.WrongTime;
  if (context.time >= context.movesHalt) return REFUSAL.WrongTime;
  const right = { scope: SCOPE.Games, game: session.game };
  const after = authorized(account, transaction, authority, 0, clock, context, right);
  if (after === undefined) return REFUSAL.NotAuthorized;
  const answer = yield { call: "play", rules: game.rules, state: session.state, player, move };
  if (answer === undefined || !("state" in answer)) return REFUSAL.RulesRefused;

  view.put(balance.account, after);
  const deadline = context.time + BigInt(session.moveSeconds);
  view.put(transaction.session, { ...session, deadline, state: answer.state });
  return REFUSAL.Applied;
}

/**
 * A deadline passed. What is over is paid, however late; else the rules decide. Where they cannot, or the session's life is
 * over, stakes go back.
 */
export function* timeOut(
  view: LedgerView,
  transaction: TransactionOf<"SessionTimeout">,
  queue: bigint,
  context: BatchContext,
): Asking<Refusal> {
  const session = leafOf(view, transaction.session, "Session");
  const game = session && leafOf(view, session.game, "Game");
  if (session === undefined || game === undefined) return REFUSAL.WrongLeaf;
  if (session.phase !== RUNNING) return REFUSAL.WrongPhase;
  if (queue !== context.queueTo) return REFUSAL.WrongTime;
  const ended = session.endsBy < context.queueTime;
  if (!ended && session.deadline >= context.queueTime) return REFUSAL.WrongTime;
  if (context.time >= context.movesHalt) return REFUSAL.WrongTime;
  const outcome = yield* outcomeOf(session, game);
  if (outcome?.over === true) {
    payOutcome(view, transaction.session, session, game, outcome.shareBps);
    return REFUSAL.Applied;
  }
  const answer =
    ended || outcome === undefined ? undefined : yield { call: "expire", rules: game.rules, state: session.state };
  if (answer === undefined || !("state" in answer) || same(answer.state, session.state)) {
    giveBack(view, transaction.session, session);
    return REFUSAL.Applied;
  }
  const deadline = context.time + BigInt(session.moveSeconds);
  view.put(transaction.session, { ...session, deadline, state: answer.state });
  return REFUSAL.Applied;
}

/** Pays what the outcome says; where it is not well-formed, stakes go back. */
export function* settle(
  view: LedgerView,
  transaction: TransactionOf<"SessionSettle">,
  context: BatchContext,
): Asking<Refusal> {
  const session = leafOf(view, transaction.session, "Session");
  const game = session && leafOf(view, session.game, "Game");
  if (session === undefined || game === undefined) return REFUSAL.WrongLeaf;
  if (session.phase !== RUNNING) return REFUSAL.WrongPhase;
  if (context.time >= context.movesHalt) return REFUSAL.WrongTime;
  const outcome = yield* outcomeOf(session, game);
  if (outcome?.over === false) return REFUSAL.RulesRefused;
  if (outcome === undefined) giveBack(view, transaction.session, session);
  else payOutcome(view, transaction.session, session, game, outcome.shareBps);
  return REFUSAL.Applied;
}

/** What the rules say of a state; undefined where they fail or it is not well-formed. */
function* outcomeOf(session: SessionLeaf, game: GameLeaf): Asking<Outcome | undefined> {
  const { players, state } = session;
  const answer = yield { call: "outcome", rules: game.rules, state, players };
  return answer !== undefined && "over" in answer ? answer : undefined;
}

/** The pot less the rake, by shares, the rounding to the last player. */
function payOutcome(
  view: LedgerView,
  index: number,
  session: SessionLeaf,
  game: GameLeaf,
  shareBps: readonly bigint[],
): void {
  const pot = session.stake * BigInt(session.players);
  const rake = (pot * BigInt(game.rakeBps)) / BPS;
  const prize = pot - rake;
  const parts = shareBps.map((bps) => (prize * bps) / BPS);
  const last = parts.pop() as bigint;
  const rounding = prize - last - parts.reduce((sum, part) => sum + part, 0n);
  view.put(session.game, { ...game, fees: (game.fees + rake) % AMOUNT_LIMIT });
  pay(view, index, session, [...parts, last + rounding]);
}

export function collectFees(view: LedgerView, transaction: TransactionOf<"CollectFees">): Refusal {
  const game = leafOf(view, transaction.game, "Game");
  if (game === undefined) return REFUSAL.WrongLeaf;
  if (game.fees === 0n) return REFUSAL.WrongAmount;
  if (!hasRoom(view, 1)) return REFUSAL.TreeFull;

  view.put(transaction.game, { ...game, fees: 0n });
  view.append({ kind: "FeeExit", gameId: game.gameId, asset: game.asset, amount: game.fees });
  return REFUSAL.Applied;
}

function giveBack(view: LedgerView, index: number, session: SessionLeaf): void {
  pay(view, index, session, Array<bigint>(session.players).fill(session.stake));
}

/** Ends a session. What a balance or fees could not hold is impossible: no asset's sum reaches 2^128. */
function pay(view: LedgerView, index: number, session: SessionLeaf, parts: readonly bigint[]): void {
  for (const [player, seat] of session.balances.entries()) {
    const balance = view.leaf(seat) as Balance;
    const amount = (balance.amount + (parts[player] as bigint)) % AMOUNT_LIMIT;
    view.put(seat, { ...balance, amount });
  }
  view.put(index, undefined);
}
