import { TypedDataEncoder, getBytes, id } from "ethers";
import type { BatchContext } from "../../protocol/ledger/authority";
import { decodeEntry, encodeEntry, type Entry } from "../../protocol/ledger/entries";
import { RUNNING, WAITING, type Leaf, type LeafOf } from "../../protocol/ledger/leaves";
import { MAX_IN_SEGMENT, METER, SEGMENT_METER, meterOf } from "../../protocol/ledger/meter";
import type { RulesAnswer, RulesCall } from "../../protocol/ledger/rulesCall";
import { executeSegment, type SegmentResult } from "../../protocol/ledger/segment";
import {
  TRANSACTIONS,
  TransactionDigests,
  encodeTransaction,
  type Transaction,
  type TransactionKind,
} from "../../protocol/ledger/transactions";
import type { Multiproof } from "../../protocol/ledger/tree";
import { TREE_CAPACITY } from "../../protocol/ledger/view";
import { DOMAIN, TIME, contextOf, crypto, player, segmentOf, sign } from "../protocol/ledger/support";
import { FullTree, nonZero } from "./fullTree";
import { Random } from "../support/random";

/** What a verifier is given of a segment, and what it has to find. */
export interface HeavySegment {
  readonly before: { readonly root: Uint8Array; readonly nextLeaf: number; readonly queue: bigint };
  readonly after: { readonly root: Uint8Array; readonly nextLeaf: number; readonly queue: bigint };
  readonly context: BatchContext;
  readonly body: Uint8Array;
  readonly witness: {
    readonly indices: readonly number[];
    readonly leaves: readonly Uint8Array[];
    readonly siblings: Multiproof;
    readonly entries: readonly Uint8Array[];
  };
  readonly result: SegmentResult;
  /** What it is charged. */
  readonly meter: number;
}

/** What may stand in a segment: a transaction with signatures, or an entry of the queue, forced or not. */
export type Part = TransactionKind | `Forced${TransactionKind}` | "Malformed" | PlainEntry;
type PlainEntry = Exclude<Entry["kind"], "Forced">;

const PLAYERS = 8;
const STATE_BYTES = 1_024;
const SETUP_BYTES = 255;
/** More than 16 bits, in no round number: four bytes that are not zero. */
const ASSET = 0x11_22_33_44;
const GAMES_SCOPE = 7;
const AMOUNT = (1n << 120n) + 0x11_22_33_44_55_66_77_88n;
const PAID = 34_359_738_367n;
const MOVE_SECONDS = 7_203;
const LIFE_SECONDS = 7_000_003;

/**
 * Code of rules that burn all their gas but the last 2,000 by hashes of 8 KB, and then answer as badly or as largely as they
 * can. `again: keccak256(0, 8192); GAS > 2000 → again`, and an answer from memory.
 */
const BURN = "5b6120005f20505a6107d0105f57";
/** 1,088 bytes of nothing: no encoding. */
export const GARBAGE_RULES = `0x${BURN}6104405ff3`;
/** A state of 1,024 bytes. */
export const STATE_RULES = `0x${BURN}60205f526104006020526104405ff3`;
/** Over, an eighth for each of eight. */
const SHARES = Array.from({ length: PLAYERS }, (_, i) => `6104e261${(0x60 + 32 * i).toString(16).padStart(4, "0")}52`);
export const OUTCOME_RULES = `0x${BURN}60015f5260406020526008604052${SHARES.join("")}6101605ff3`;

/** To `outcome`: not over. To `expire`, 1,088 bytes of nothing: both calls burn what they can, and stakes go back. */
const OUTCOME_SELECTOR = id("outcome(bytes)").slice(2, 10);
export const UNDECIDED_RULES = `0x${BURN}5f3560e01c63${OUTCOME_SELECTOR}146021576104405ff35b604060205260086040526101605ff3`;

/** Where the rules have to be, for `hardhat_setCode`. */
export const HEAVY_RULES = {
  garbage: { address: getBytes("0x1111111111111111111111111111111111111101"), code: GARBAGE_RULES },
  state: { address: getBytes("0x1111111111111111111111111111111111111102"), code: STATE_RULES },
  outcome: { address: getBytes("0x1111111111111111111111111111111111111103"), code: OUTCOME_RULES },
  undecided: { address: getBytes("0x1111111111111111111111111111111111111104"), code: UNDECIDED_RULES },
} as const;

function answerOf({ rules, call }: RulesCall): RulesAnswer {
  if (rules[19] === HEAVY_RULES.undecided.address[19]) {
    return call === "outcome" ? { over: false, shareBps: Array<bigint>(PLAYERS).fill(0n) } : undefined;
  }
  if (rules[19] === HEAVY_RULES.garbage.address[19]) return undefined;
  if (rules[19] === HEAVY_RULES.state.address[19]) return { state: new Uint8Array(STATE_BYTES) };
  return { over: true, shareBps: Array<bigint>(PLAYERS).fill(1_250n) };
}

type Rules = keyof typeof HEAVY_RULES;

/** Makes parts, each over leaves of its own. */
class Maker {
  readonly tree: FullTree;
  private readonly accounts = new Map<number, number>();

  constructor(
    private readonly random: Random,
    private readonly domain: typeof DOMAIN,
  ) {
    this.tree = new FullTree(random);
  }

  /** An account whose session key may do everything, so that the owner is compared first. */
  account(owner = false): number {
    const number = this.accounts.size % 20;
    const { address } = player(number);
    const index = this.tree.plant({
      kind: "Account",
      owner: owner ? address : nonZero(this.random, 20),
      nonce: 0x11_22_33_44_55_66_77_88n,
      key: owner ? nonZero(this.random, 20) : address,
      keyExpiry: 0x7fff_ffff_ffff_ffffn,
      keyScope: GAMES_SCOPE,
      keyGame: 0,
    });
    this.accounts.set(index, number);
    return index;
  }

  balance(account = this.account()): number {
    return this.tree.plant({ kind: "Balance", account, asset: ASSET, amount: AMOUNT });
  }

  item(kind: "Item" | "Allowance" = "Item", account = this.account(), id = this.id): number {
    return this.tree.plant({ kind, account, id, amount: 0x11_22_33_44_55_66_77n });
  }

  private readonly id = BigInt(`0x${"5a".repeat(32)}`);

  game(rules: Rules): number {
    const { address } = HEAVY_RULES[rules];
    const game: LeafOf<"Game"> = {
      kind: "Game",
      gameId: 0x11_22_33_44_55_66_77_88n,
      rules: address,
      asset: ASSET,
      rakeBps: 0x0111,
      fees: AMOUNT,
    };
    return this.tree.plant(game);
  }

  /** A session of eight, all seats taken but the last where it waits. */
  session(
    phase: typeof WAITING | typeof RUNNING,
    rules: Rules,
    deadline = TIME + 1_000n,
  ): { index: number; balances: number[] } {
    const balances = Array.from({ length: PLAYERS }, () => this.balance());
    const waiting = phase === WAITING;
    const session: Leaf = {
      kind: "Session",
      game: this.game(rules),
      stake: PAID,
      players: PLAYERS,
      joined: waiting ? PLAYERS - 1 : PLAYERS,
      phase,
      moveSeconds: MOVE_SECONDS,
      lifeSeconds: LIFE_SECONDS,
      deadline: waiting ? 0n : deadline,
      endsBy: waiting ? 0n : TIME + 100_000n,
      balances: waiting ? [...balances.slice(0, PLAYERS - 1), 0] : balances,
      state: nonZero(this.random, waiting ? SETUP_BYTES : STATE_BYTES),
    };
    return { index: this.tree.plant(session), balances };
  }

  /** The heaviest transaction of a kind, with those who sign it. */
  transaction(kind: TransactionKind): { readonly transaction: Transaction; readonly accounts: readonly number[] } {
    const of = (balance: number): number => (this.tree.peek(balance) as LeafOf<"Balance">).account;
    const one = (transaction: Transaction, ...leaves: number[]) => ({ transaction, accounts: leaves.map(of) });
    const ownBalance = (): number => this.balance(this.account(true));
    const move = nonZero(this.random, SETUP_BYTES);
    switch (kind) {
      case "Transfer": {
        const from = this.balance();
        return one({ kind, from, to: this.balance(), amount: PAID }, from);
      }
      case "TransferToNew": {
        const from = this.balance();
        return one({ kind, from, to: nonZero(this.random, 20), amount: PAID }, from);
      }
      case "OpenBalance": {
        const account = this.account();
        return { transaction: { kind, account, asset: ASSET }, accounts: [account] };
      }
      case "Withdraw": {
        const from = ownBalance();
        return one({ kind, from, amount: AMOUNT - 1n }, from);
      }
      case "ItemMint": {
        const allowance = this.item("Allowance");
        return one({ kind, allowance, to: this.account(), amount: 0x11_22_33_44_55n }, allowance);
      }
      case "ItemTransfer": {
        const [item, to] = [this.item(), this.account()];
        return one({ kind, item, to, into: this.item("Item", to), amount: 0x11_22_33_44_55n }, item);
      }
      case "ItemBurn": {
        const item = this.item();
        return one({ kind, item, amount: 0x11_22_33_44_55n }, item);
      }
      case "ItemSwap": {
        const [item, pay] = [this.item(), this.balance()];
        const receive = this.balance(of(item));
        const into = this.item("Item", of(pay));
        return one({ kind, item, into, amount: 0x11_22_33_44_55n, pay, receive, price: PAID }, item, pay);
      }
      case "ItemWithdraw": {
        const item = this.item("Item", this.account(true));
        return one({ kind, item, amount: 0x11_22_33_44_55n }, item);
      }
      case "GrantKey": {
        const account = this.account(true);
        const key = nonZero(this.random, 20);
        const transaction: Transaction = { kind, account, key, expiry: (1n << 63n) - 1n, scope: 7, game: ASSET };
        return { transaction, accounts: [account] };
      }
      case "RevokeKey": {
        const account = this.account();
        return { transaction: { kind, account }, accounts: [account] };
      }
      case "SessionOpen": {
        const balance = this.balance();
        const [moveSeconds, lifeSeconds] = [MOVE_SECONDS, LIFE_SECONDS];
        const game = this.game("garbage");
        return one({ kind, balance, game, stake: PAID, players: 8, moveSeconds, lifeSeconds, setup: move }, balance);
      }
      case "SessionJoin": {
        const { index, balances } = this.session(WAITING, "garbage");
        const balance = balances[PLAYERS - 1] as number;
        return one({ kind, session: index, balance }, balance);
      }
      case "SessionLeave": {
        const { index, balances } = this.session(WAITING, "garbage");
        return one({ kind, session: index, player: 0 }, balances[0] as number);
      }
      case "SessionMove": {
        const { index, balances } = this.session(RUNNING, "state");
        return one({ kind, session: index, player: 7, move }, balances[7] as number);
      }
      case "SessionTimeout": {
        const { index } = this.session(RUNNING, "undecided", TIME - 1_000n);
        return { transaction: { kind, session: index }, accounts: [] };
      }
      case "SessionSettle":
        return { transaction: { kind, session: this.session(RUNNING, "outcome").index }, accounts: [] };
      case "CollectFees":
        return { transaction: { kind, game: this.game("state") }, accounts: [] };
    }
  }

  signed(kind: TransactionKind): readonly [Transaction, ...Uint8Array[]] {
    const { transaction, accounts } = this.transaction(kind);
    const signatures = accounts.map((account) => {
      const { key } = player(this.accounts.get(account) as number);
      return sign(key, transaction, (this.tree.peek(account) as LeafOf<"Account">).nonce, this.domain);
    });
    return [transaction, ...signatures];
  }

  /** The heaviest entry of a kind. */
  entry(part: Exclude<Part, TransactionKind>): Uint8Array {
    const queuedAt = TIME - 100n;
    const to = nonZero(this.random, 20);
    switch (part) {
      case "Deposit":
        // Of another's balance: its account is read too, and then a new one opened.
        return encodeEntry({ kind: part, queuedAt, to, balance: this.balance(), asset: ASSET, amount: AMOUNT });
      case "ItemDeposit":
      case "Allow":
        return encodeEntry({ kind: part, queuedAt, to, account: this.account(), id: this.id, amount: 0x11_22_33_44n });
      case "ListGame":
        return encodeEntry({ kind: part, queuedAt, gameId: 0x11_22_33_44n, rules: to, asset: ASSET, rakeBps: 0x0111 });
      case "Malformed":
        return encodeEntry({ kind: "Forced", queuedAt, sender: to, body: nonZero(this.random, MAX_FORCED_BYTES) });
      default: {
        const { transaction, accounts } = this.transaction(part.slice("Forced".length) as TransactionKind);
        const account = accounts[0] === undefined ? undefined : (this.tree.peek(accounts[0]) as LeafOf<"Account">);
        const signer = accounts[0] === undefined ? undefined : player(this.accounts.get(accounts[0]) as number);
        const sender = account === undefined ? to : (signer?.address ?? to);
        return encodeEntry({ kind: "Forced", queuedAt, sender, body: encodeTransaction(transaction) });
      }
    }
  }
}

/** Longest bytes that layer 1 queues as a transaction. */
const MAX_FORCED_BYTES = 288;

export const TRANSACTION_KINDS = Object.keys(TRANSACTIONS) as readonly TransactionKind[];

const isTransaction = (part: Part): part is TransactionKind => part in TRANSACTIONS;

/** What a part is charged. */
export function meterOfPart(part: Part): number {
  if (isTransaction(part)) return METER[part];
  return meterOf(decodeEntry(new Maker(new Random(1), DOMAIN).entry(part)) as Entry);
}

/** How many of a part a segment takes. */
export function mostOf(part: Part): number {
  return Math.min(MAX_IN_SEGMENT, Math.floor(SEGMENT_METER / meterOfPart(part)));
}

/**
 * A segment of these parts, each the heaviest of its kind and all over different leaves of a full tree. Entries come first.
 * @param room Indices that no leaf ever had; by default more than it needs.
 */
export function heavySegment(parts: readonly Part[], seed = 1, domain = DOMAIN, room?: number): HeavySegment {
  const maker = new Maker(new Random(seed), domain);
  if (room !== undefined) maker.tree.nextLeaf = TREE_CAPACITY - room;
  const entries = parts.flatMap((part) => (isTransaction(part) ? [] : [maker.entry(part)]));
  const transactions = parts.flatMap((part) => (isTransaction(part) ? [maker.signed(part)] : []));
  const body = segmentOf(entries.length, ...transactions);
  const { tree } = maker;
  const queue = 0x11_22_33_44n;
  const digests = new TransactionDigests(crypto, getBytes(TypedDataEncoder.hashDomain(domain)));
  const context = contextOf({ queueTo: queue + BigInt(entries.length), digests });
  const nextLeaf = tree.nextLeaf;
  const entryAt = (number: bigint): Entry => decodeEntry(entries[Number(number - queue)] as Uint8Array) as Entry;
  const steps = executeSegment(tree, body, queue, entryAt, context);
  let step = steps.next();
  while (step.done !== true) step = steps.next(answerOf(step.value));
  const { indices, leaves, siblings, before, after } = tree.proof();
  return {
    before: { root: before, nextLeaf, queue },
    after: { root: after, nextLeaf: tree.nextLeaf, queue: step.value.queue },
    context,
    body,
    witness: { indices, leaves, siblings, entries },
    result: step.value,
    meter: parts.reduce((sum, part) => sum + meterOfPart(part), 0),
  };
}

/** The heaviest segment of all: as many moves as fit, each burning all that rules may burn over states of full length. */
export function heaviestSegment(seed = 1, domain = DOMAIN): HeavySegment {
  return heavySegment(fill("SessionMove"), seed, domain);
}

/** As many of `part` as fit, then of whatever still fits. */
export function fill(part: Part, ...then: readonly Part[]): readonly Part[] {
  const parts: Part[] = [];
  let meter = 0;
  for (const next of [part, ...then]) {
    const cost = meterOfPart(next);
    while (parts.length < MAX_IN_SEGMENT && meter + cost <= SEGMENT_METER) {
      parts.push(next);
      meter += cost;
    }
  }
  return parts;
}
