import { getBytes, hexlify } from "ethers";
import { encodeEntry } from "../../protocol/ledger/entries";
import type { Leaf, LeafOf } from "../../protocol/ledger/leaves";
import type { Ledger } from "../../protocol/ledger/ledger";
import { TRANSACTIONS, encodeTransaction, type Transaction } from "../../protocol/ledger/transactions";
import { floorAmount } from "../../protocol/ledger/wire";
import { TIME, player } from "../protocol/ledger/support";
import { SAMPLES } from "../sdk/rules/games";
import type { Random } from "../support/random";

/** Six players, of whom each may sign for its own accounts. */
export const PLAYERS = Array.from({ length: 6 }, (_, number) => player(number));

/** Signature of the player of that number over a transaction with a nonce. */
export type Sign = (player: number, transaction: Transaction, nonce: bigint) => Uint8Array;

/** Rules of which sessions are played, with setups and moves of which some are lawful. */
export interface GeneratedGame {
  readonly rules: Uint8Array;
  readonly players: number;
  setup(random: Random): Uint8Array;
  move(random: Random, player: number, state: Uint8Array): Uint8Array;
}

/** A sample game by its name. */
export function sampleGame(name: string, rules: Uint8Array): GeneratedGame {
  const sample = SAMPLES.find((game) => game.name === name);
  if (sample === undefined) throw new Error(`no sample ${name}`);
  return {
    rules,
    players: sample.players,
    setup: (random) => getBytes(random.below(4) === 0 ? random.pick(sample.setups) : "0x"),
    move: (random, seat, state) => getBytes(sample.move(random.below, seat, hexlify(state))).slice(0, 255),
  };
}

/** `ScriptedGameMock`: its states and moves are deeds, good and bad ones. */
export function scriptedGame(rules: Uint8Array): GeneratedGame {
  const script = (random: Random): Uint8Array => {
    if (random.below(4) === 0) return random.bytes(random.below(3));
    const share = random.pick([0, 2_500, 9_999, 10_000]);
    const shares = [share, 10_000 - share, ...Array<number>(random.below(2)).fill(0)];
    const deeds = [random.pick([0, 1, 1, 2, 3, 4, 5, 6, 7, 8]), random.below(10)];
    return Uint8Array.from([...deeds, ...shares.flatMap((part) => [part >> 8, part & 255])]);
  };
  return { rules, players: 2, setup: script, move: script };
}

/** What a segment is made of, so that parts of it can be left out. */
export interface GeneratedSegment {
  /** How many entries the segment says that it consumes. */
  readonly wanted: number;
  readonly entries: readonly Uint8Array[];
  /** Transactions with their signatures; a last one may be any bytes. */
  readonly parts: readonly Uint8Array[];
  readonly time: bigint;
  readonly queueTime: bigint;
  readonly movesHalt: bigint;
  /** Entries that the batch has left for later, of those that are there. */
  readonly leftBehind: number;
}

/** Makes segments that fit a ledger more often than chance would, and now and then do not. */
export class SegmentGenerator {
  /** The clock of the batch that is made. */
  private time = TIME;
  private nonces = new Map<number, bigint>();

  constructor(
    private readonly random: Random,
    private readonly ledger: Ledger,
    private readonly games: readonly GeneratedGame[],
    private readonly sign: Sign,
  ) {}

  /** The next segment over what the ledger holds now. */
  next(): GeneratedSegment {
    const { random } = this;
    this.nonces = new Map();
    const young = this.ledger.nextLeaf < 40;
    const entries = Array.from({ length: random.below(young ? 16 : random.pick([2, 4, 20])) }, () => this.entry());
    const parts = Array.from({ length: random.below(random.below(10) === 0 ? 20 : 15) }, () => this.part());
    const { time } = this;
    const segment = {
      wanted: random.below(12) === 0 ? random.below(256) : entries.length,
      entries,
      parts: random.below(10) === 0 ? this.spoilt(parts) : parts,
      time,
      queueTime: time - BigInt(random.below(2)),
      movesHalt: time + BigInt(random.pick([0, 1, 1_000_000, 1_000_000, 1_000_000, 1_000_000])),
      leftBehind: entries.length === 0 ? 0 : random.pick([0, 0, 0, random.below(entries.length)]),
    };
    // What the session is over looks at the clock: most of them should go on for a while.
    this.time += BigInt(random.pick([0, 0, 0, 1, 100, 100, 7_200, 7_201, 100_000, 1_000_000]));
    return segment;
  }

  /** Bytes that are no transactions, or not quite. */
  private spoilt(parts: readonly Uint8Array[]): readonly Uint8Array[] {
    const { random } = this;
    const all = parts.map((part) => part.slice());
    const last = all.at(-1);
    switch (random.below(4)) {
      case 0:
        return [...all, random.bytes(random.below(300))];
      case 1:
        return last === undefined ? all : [...all.slice(0, -1), last.subarray(0, random.below(last.length))];
      case 2: {
        const part = all.length === 0 ? undefined : random.pick(all);
        if (part !== undefined) part[random.below(part.length)] = random.below(256);
        return all;
      }
      default:
        return [random.bytes(random.below(2_000))];
    }
  }

  private part(): Uint8Array {
    const transaction = this.transaction();
    const count = TRANSACTIONS[transaction.kind].signatures;
    const signatures = Array.from({ length: count }, (_, index) => this.signature(transaction, index));
    return Uint8Array.from([encodeTransaction(transaction), ...signatures].flatMap((bytes) => [...bytes]));
  }

  /** An index that is often one of the kind that a field wants. */
  private index(): number {
    if (this.random.below(20) === 0) return this.random.pick([0, this.ledger.nextLeaf, 4_294_967_295]);
    return 1 + this.random.below(Math.max(1, this.ledger.nextLeaf - 1));
  }

  private of(kind: Leaf["kind"]): number {
    if (this.random.below(12) === 0) return this.index();
    // From a random place on: the first of its kind.
    const leaves = this.ledger.nextLeaf - 1;
    const from = this.random.below(Math.max(1, leaves));
    for (let step = 0; step < leaves; step++) {
      const index = 1 + ((from + step) % leaves);
      if (this.ledger.leaf(index)?.kind === kind) return index;
    }
    return this.index();
  }

  private amount(): bigint {
    return this.random.pick([0n, 1n, 7n, 100n, 100n, 1_000n, 3_000_000n, (1n << 35n) - 1n, floorAmount(1n << 127n)]);
  }

  /** What rarely exceeds what there is. */
  private small(): bigint {
    return this.random.below(4) === 0 ? this.amount() : BigInt(1 + this.random.below(100));
  }

  private items(): bigint {
    const most = (1n << 64n) - 1n;
    return this.random.below(10) === 0 ? most : this.small() & most;
  }

  private entry(): Uint8Array {
    const { random } = this;
    const to = random.pick(PLAYERS).address;
    const queuedAt = this.time - BigInt(random.pick([0, 1, 50, 100, 8_000]));
    const id = BigInt(1 + random.below(3));
    switch (random.below(7)) {
      case 0:
      case 1: {
        const balance = random.below(2) === 0 ? 0 : this.of("Balance");
        // Two large ones are too much for a balance.
        const amount = random.below(3) === 0 ? 1n << 127n : this.amount() + 1_000n;
        const leaf = this.ledger.leaf(balance);
        const asset = leaf?.kind === "Balance" ? leaf.asset : random.below(2);
        return encodeEntry({
          kind: "Deposit",
          queuedAt,
          to: this.owner(this.holder(balance), to),
          balance,
          asset: random.below(8) === 0 ? 2 : asset,
          amount,
        });
      }
      case 2:
      case 3: {
        const kind = random.pick(["ItemDeposit", "Allow"] as const);
        const account = random.below(2) === 0 ? 0 : this.of("Account");
        return encodeEntry({ kind, queuedAt, to: this.owner(account, to), account, id, amount: this.items() });
      }
      case 4: {
        const rules = random.below(10) === 0 ? random.bytes(20) : random.pick(this.games).rules;
        const asset = random.below(5) === 0 ? 1 : 0;
        return encodeEntry({ kind: "ListGame", queuedAt, gameId: id, rules, asset, rakeBps: random.below(1_001) });
      }
      default:
        return encodeEntry({ kind: "Forced", queuedAt, ...this.forced(to) });
    }
  }

  /** Mostly who an account belongs to, where it is one. */
  private owner(account: number | undefined, stranger: Uint8Array): Uint8Array {
    return this.random.below(4) === 0 ? stranger : (this.account(account)?.owner ?? stranger);
  }

  /** A transaction without signatures, of whoever should sign it, but for now and then. */
  private forced(stranger: Uint8Array): { readonly sender: Uint8Array; readonly body: Uint8Array } {
    const { random } = this;
    if (random.below(8) === 0) return { sender: stranger, body: random.bytes(random.below(60)) };
    const transaction = this.transaction();
    const bytes = encodeTransaction(transaction);
    const body = random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
    const account = this.account(this.accountOf(transaction, 0));
    return { sender: account === undefined || random.below(5) === 0 ? stranger : account.owner, body };
  }

  private transaction(): Transaction {
    const { random } = this;
    const make: readonly (() => Transaction)[] = [
      () => ({ kind: "Transfer", from: this.of("Balance"), to: this.of("Balance"), amount: this.small() }),
      () => {
        const to = random.below(9) === 0 ? new Uint8Array(20) : random.pick(PLAYERS).address;
        return { kind: "TransferToNew", from: this.of("Balance"), to, amount: this.small() };
      },
      () => ({ kind: "OpenBalance", account: this.of("Account"), asset: random.below(3) }),
      () => ({ kind: "Withdraw", from: this.of("Balance"), amount: this.small() }),
      () => ({ kind: "ItemMint", allowance: this.of("Allowance"), to: this.of("Account"), amount: this.items() }),
      () => this.itemTransfer(),
      () => ({ kind: "ItemBurn", item: this.of("Item"), amount: this.items() }),
      () => this.swap(),
      () => ({ kind: "ItemWithdraw", item: this.of("Item"), amount: this.items() }),
      () => ({
        kind: "GrantKey",
        account: this.of("Account"),
        key: random.below(9) === 0 ? new Uint8Array(20) : random.pick(PLAYERS).address,
        expiry: this.time + random.pick([-1n, 0n, 1n, 1_000_000n, 1_000_000n]),
        scope: random.below(9),
        game: random.below(2) * this.of("Game"),
      }),
      () => ({ kind: "RevokeKey", account: this.of("Account") }),
      () => this.open(),
      () => this.open(),
      () => this.join(),
      () => this.join(),
      () => this.join(),
      () => this.move(),
      () => this.move(),
      () => this.move(),
      () => this.move(),
      () => ({ kind: "SessionTimeout", session: this.of("Session") }),
      () => ({ kind: "SessionSettle", session: this.of("Session") }),
      () => ({ kind: "SessionLeave", session: this.of("Session"), player: random.below(3) }),
      () => ({ kind: "CollectFees", game: this.of("Game") }),
    ];
    return random.pick(make)();
  }

  private itemTransfer(): Transaction {
    const item = this.of("Item");
    const to = this.of("Account");
    const into = this.random.below(2) === 0 ? 0 : this.like(item, to);
    return { kind: "ItemTransfer", item, to, into, amount: this.share(item) };
  }

  /** An item for a balance of another account, paid to a balance of the item's. */
  private swap(): Transaction {
    const item = this.of("Item");
    const pay = this.of("Balance");
    const seller = this.holder(item);
    const receive = this.find((leaf) => leaf.kind === "Balance" && leaf.account === seller) ?? this.of("Balance");
    const into = this.random.below(2) === 0 ? 0 : this.like(item, this.holder(pay) ?? 0);
    return { kind: "ItemSwap", item, into, amount: this.share(item), pay, receive, price: this.small() };
  }

  /** The whole of an item, or some. */
  private share(item: number): bigint {
    const leaf = this.ledger.leaf(item);
    return leaf?.kind === "Item" && this.random.below(2) === 0 ? leaf.amount : this.items();
  }

  /** An item leaf of an account that another one may grow. */
  private like(item: number, account: number): number {
    const leaf = this.ledger.leaf(item);
    const id = leaf?.kind === "Item" ? leaf.id : 0n;
    const found = this.find((other) => other.kind === "Item" && other.id === id && other.account === account);
    return found ?? this.of("Item");
  }

  private open(): Transaction {
    const { random } = this;
    const game = this.of("Game");
    const rules = this.rulesOf(game);
    return {
      kind: "SessionOpen",
      balance: this.of("Balance"),
      game,
      stake: random.below(8) === 0 ? this.amount() : BigInt(random.below(20)),
      players: random.below(6) === 0 ? random.pick([1, 2, 3, 8, 9]) : (rules?.players ?? 2),
      moveSeconds: random.pick([7_199, 7_200, 7_200, 7_200, 7_200]),
      lifeSeconds: random.pick([719_999, 720_000, 720_000, 720_000, 7_776_000, 7_776_001]),
      setup: rules?.setup(random) ?? random.bytes(random.below(256)),
    };
  }

  private join(): Transaction {
    return { kind: "SessionJoin", session: this.session(0), balance: this.of("Balance") };
  }

  private move(): Transaction {
    const { random } = this;
    const index = this.session(1);
    const session = this.ledger.leaf(index);
    const [seats, state, game] =
      session?.kind === "Session" ? [session.players, session.state, session.game] : [3, new Uint8Array(), 0];
    const seat = random.below(seats + (random.below(10) === 0 ? 1 : 0));
    const move = this.rulesOf(game)?.move(random, seat, state) ?? random.bytes(random.below(256));
    return { kind: "SessionMove", session: index, player: seat, move };
  }

  /** A session in this phase, where there is one. */
  private session(phase: number): number {
    const found = this.find((leaf) => leaf.kind === "Session" && leaf.phase === phase);
    return found === undefined || this.random.below(10) === 0 ? this.of("Session") : found;
  }

  private rulesOf(game: number): GeneratedGame | undefined {
    const leaf = this.ledger.leaf(game);
    return this.games.find(({ rules }) => leaf?.kind === "Game" && hexlify(rules) === hexlify(leaf.rules));
  }

  /** The first leaf from a random place on. */
  private find(matches: (leaf: Leaf) => boolean): number | undefined {
    const leaves = this.ledger.nextLeaf - 1;
    const from = this.random.below(Math.max(1, leaves));
    for (let step = 0; step < leaves; step++) {
      const index = 1 + ((from + step) % leaves);
      const leaf = this.ledger.leaf(index);
      if (leaf !== undefined && matches(leaf)) return index;
    }
    return undefined;
  }

  private signature(transaction: Transaction, index: number): Uint8Array {
    const { random } = this;
    const number = this.accountOf(transaction, index);
    const account = this.account(number);
    const keyed = account !== undefined && account.keyScope !== 0 && random.below(3) === 0;
    const wanted = keyed ? account.key : account?.owner;
    const known = PLAYERS.findIndex(({ address }) => wanted !== undefined && hexlify(address) === hexlify(wanted));
    const who = known < 0 || random.below(10) === 0 ? random.below(PLAYERS.length) : known;
    const nonce = this.nonces.get(number ?? 0) ?? account?.nonce ?? 0n;
    // Others of this segment by the same account come after it, if it is applied.
    if (number !== undefined) this.nonces.set(number, nonce + 1n);
    const signature = this.sign(who, transaction, random.below(30) === 0 ? nonce + 1n : nonce);
    if (random.below(30) === 0) signature[random.below(64)] = random.below(256);
    return signature;
  }

  private account(index: number | undefined): LeafOf<"Account"> | undefined {
    const leaf = index === undefined ? undefined : this.ledger.leaf(index);
    return leaf?.kind === "Account" ? leaf : undefined;
  }

  private holder(index: number): number | undefined {
    const leaf = this.ledger.leaf(index);
    return leaf !== undefined && "account" in leaf ? leaf.account : undefined;
  }

  /** The account whose signature number `index` is. */
  private accountOf(transaction: Transaction, index: number): number | undefined {
    if ("account" in transaction) return transaction.account;
    if (transaction.kind === "ItemSwap" && index === 1) return this.holder(transaction.pay);
    if ("from" in transaction) return this.holder(transaction.from);
    if ("item" in transaction) return this.holder(transaction.item);
    if ("allowance" in transaction) return this.holder(transaction.allowance);
    if ("balance" in transaction) return this.holder(transaction.balance);
    if (transaction.kind === "SessionLeave" || transaction.kind === "SessionMove") {
      const session = this.ledger.leaf(transaction.session);
      return session?.kind === "Session" ? this.holder(session.balances[transaction.player] ?? 0) : undefined;
    }
    return undefined;
  }
}
