import { time, setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { Wallet, hexlify, parseEther } from "ethers";
import { decodeEntry, type Entry } from "../../../protocol/ledger/entries";
import type { Leaf, LeafKind, LeafOf } from "../../../protocol/ledger/leaves";
import { REFUSAL } from "../../../protocol/ledger/refusal";
import type { Transaction } from "../../../protocol/ledger/transactions";
import type { OperatorMock } from "../../../typechain-types";
import { deploy } from "../../crosschain/support";
import { scripted } from "../../game/roomSupport";
import { Random } from "../../support/random";
import { Layer2, PARAMS, bodyOf, commit, type BatchStruct, type Draft, type PostedBatch } from "../support";
import {
  BNB_ASSET,
  Bank,
  GOLD_ASSET,
  SILVER_ASSET,
  bytesOf,
  deployVault,
  load,
  scriptedAnswer,
  somebody,
  type LeafProofStruct,
  type VaultFixture,
} from "./support";

/** Invariants are those of contracts/rollup/README.md. */
const STEPS = 1_500;
/** With those by which all leave. */
const OPERATIONS = 2_000;
const PLAYERS = 5;
const CONTRACTS = 2;
const ASSETS = [BNB_ASSET, GOLD_ASSET, SILVER_ASSET] as const;
const HOUR = 3_600;
const IN_SEGMENT = 10;
const OVERRIDES = { gasLimit: 5_000_000n };

async function deployed() {
  const fixture = await deployVault();
  const contracts: OperatorMock[] = [];
  for (let i = 0; i < CONTRACTS; i++) contracts.push(await deploy<OperatorMock>("OperatorMock"));
  return { ...fixture, bankOf: new Bank(fixture), contracts };
}

/** What was posted of a leaf that leaves, and the batch that shows it. */
interface Exit {
  readonly batch: BatchStruct;
  readonly proof: LeafProofStruct;
  readonly leaf: LeafOf<"Exit"> | LeafOf<"ItemExit"> | LeafOf<"FeeExit">;
}

/** A leaf and its place. */
interface Placed<Kind extends LeafKind = LeafKind> {
  readonly index: number;
  readonly leaf: LeafOf<Kind>;
}

/** Sums by asset and by item. */
class Sums {
  private readonly sums = new Map<string, bigint>();

  static readonly asset = (asset: number): string => `asset ${asset}`;
  static readonly item = (id: bigint): string => `item ${id}`;

  add(key: string, amount: bigint): void {
    this.sums.set(key, this.of(key) + amount);
  }

  of(key: string): bigint {
    return this.sums.get(key) ?? 0n;
  }
}

type Signed = Parameters<typeof bodyOf>[2];

/** Runs against the vault and a count of what it owes, one operation at a time. */
class Run {
  readonly counts = new Map<string, number>();
  private readonly players = Array.from({ length: PLAYERS }, (_, number) => somebody(number));
  private readonly byAddress = new Map(this.players.map((player) => [player.address.toLowerCase(), player]));
  /** Who refused, and what waits for it. */
  private readonly owed = new Map<string, { readonly owner: string; readonly key: string; amount: bigint }>();
  private readonly exits: Exit[] = [];
  private readonly claimed = new Set<number>();
  private readonly refunded = new Set<number>();
  /** Of each canonical batch, what was burned on layer 2. */
  private burned: Sums[] = [];
  /** Balances, items, allowances, stakes, fees and exits of the canonical state. */
  private state = new Sums();
  operations = 0;
  private now = 0;
  private silverMoves = true;

  constructor(
    private readonly fixture: VaultFixture & { readonly bankOf: Bank; readonly contracts: readonly OperatorMock[] },
    private readonly random: Random,
    private readonly items: readonly bigint[],
  ) {}

  private get bankOf(): Bank {
    return this.fixture.bankOf;
  }

  private get layer2(): Layer2 {
    return this.bankOf.layer2;
  }

  async start(): Promise<void> {
    this.now = await time.latest();
    for (const asset of ASSETS) await this.bankOf.listGame(asset);
    for (const { address } of this.players)
      for (const asset of ASSETS) await this.bankOf.deposit(asset, 5_000n, address);
    await this.postBatch();
  }

  async step(): Promise<void> {
    const jump = this.random.below(30) === 0 ? 60 * HOUR : this.random.below(3 * HOUR);
    this.now += 1 + jump;
    await time.setNextBlockTimestamp(this.now);
    const kind = this.random.below(100);
    if (kind < 34) await this.deposit();
    else if (kind < 62) await this.postBatch();
    else if (kind < 84) await this.claim();
    else if (kind < 88) await this.attack();
    else if (kind < 91) await this.lie();
    else if (kind < 96) await this.withdrawOwed();
    else await this.moods();
    this.now = await time.latest();
    await this.check();
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Invariant 1, with equality. */
  async check(): Promise<void> {
    this.operations += 1;
    const { bank, room, assets } = this.fixture;
    const waiting = this.waiting();
    const balances = await Promise.all([
      ethers.provider.getBalance(bank),
      room.gold.balanceOf(bank),
      room.silver.balanceOf(bank),
    ]);
    for (const asset of ASSETS) this.compare(Sums.asset(asset), balances[asset]!, waiting);
    const held = await Promise.all(this.items.map((id) => assets.balanceOf(bank, id)));
    this.items.forEach((id, i) => this.compare(Sums.item(id), held[i]!, waiting));
  }

  private compare(key: string, held: bigint, waiting: Sums): void {
    let due = this.state.of(key) + waiting.of(key);
    for (const owed of this.owed.values()) if (owed.key === key) due += owed.amount;
    for (const burned of this.burned) due += burned.of(key);
    expect(held, `invariant 1, ${key}`).to.equal(due);
  }

  /** Entries that the canonical state has not consumed. */
  private waiting(): Sums {
    const sums = new Sums();
    const from = Number(this.bankOf.ledger.queue);
    this.layer2.entries.slice(from).forEach((bytes, i) => {
      if (this.refunded.has(from + i)) return;
      const entry = decodeEntry(bytes) as Entry;
      if (entry.kind === "Deposit") sums.add(Sums.asset(entry.asset), entry.amount);
      if (entry.kind === "ItemDeposit" || entry.kind === "Allow") sums.add(Sums.item(entry.id), entry.amount);
    });
    return sums;
  }

  private leaves(): readonly Placed[] {
    const { ledger } = this.bankOf;
    const found = Array.from({ length: ledger.nextLeaf - 1 }, (_, i) => ({ index: i + 1, leaf: ledger.leaf(i + 1) }));
    ledger.discard();
    return found.filter((each): each is Placed => each.leaf !== undefined);
  }

  /** Counts what the canonical state owes anew. */
  private recount(): void {
    this.state = new Sums();
    for (const { index, leaf } of this.leaves()) if (!this.claimed.has(index)) this.owe(leaf, 1n);
  }

  /** What a leaf stands for. */
  private owe(leaf: Leaf, times: bigint): void {
    const { ledger } = this.bankOf;
    if (leaf.kind === "Balance" || leaf.kind === "Exit" || leaf.kind === "FeeExit") {
      this.state.add(Sums.asset(leaf.asset), times * leaf.amount);
    } else if (leaf.kind === "Item" || leaf.kind === "Allowance" || leaf.kind === "ItemExit") {
      this.state.add(Sums.item(leaf.id), times * leaf.amount);
    } else if (leaf.kind === "Game") {
      this.state.add(Sums.asset(leaf.asset), times * leaf.fees);
    } else if (leaf.kind === "Session") {
      const { asset } = ledger.leaf(leaf.game) as LeafOf<"Game">;
      ledger.discard();
      this.state.add(Sums.asset(asset), times * leaf.stake * BigInt(leaf.joined));
    }
  }

  private async deposit(): Promise<void> {
    const { random, fixture } = this;
    const contract = random.below(6) === 0 ? random.pick(fixture.contracts) : undefined;
    const to = contract === undefined ? random.pick(this.players).address : await contract.getAddress();
    const target = random.below(3) === 0 ? 0 : 1 + random.below(this.bankOf.ledger.nextLeaf);
    const kind = random.below(8);
    if (kind === 0) await this.bankOf.depositItems(random.pick(this.items), BigInt(1 + random.below(50)), to, target);
    else if (kind === 1) {
      await this.bankOf.depositAllowance(random.pick(this.items), BigInt(1 + random.below(50)), to, target);
    } else {
      const asset = random.pick(ASSETS);
      const sent = this.bankOf.deposit(asset, BigInt(1 + random.below(3_000)), to, target);
      if (asset !== SILVER_ASSET || this.silverMoves) await sent;
      else await expect(sent).to.be.revertedWithCustomError(fixture.bank, "SafeERC20FailedOperation");
    }
    this.count("deposit");
  }

  /** Some transactions of players, most of which are valid. */
  private transactions(all: readonly Placed[]): readonly Signed[] {
    const { ledger } = this.bankOf;
    const nonces = new Map<number, bigint>();
    const signed: Signed[] = [];
    for (let i = 0; i < 2 + this.random.below(7); i++) {
      const made = this.transaction(all);
      if (made === undefined) continue;
      const { transaction, by } = made;
      const account = ledger.leaf(by) as LeafOf<"Account">;
      const player = this.byAddress.get(hexlify(account.owner));
      if (player === undefined) continue;
      const nonce = nonces.get(by) ?? account.nonce;
      nonces.set(by, nonce + 1n);
      signed.push([player.key, transaction, nonce]);
      this.count(transaction.kind);
    }
    ledger.discard();
    return signed;
  }

  /** A transaction, and the account that signs it. */
  private transaction(all: readonly Placed[]): { readonly transaction: Transaction; readonly by: number } | undefined {
    const { random } = this;
    const { ledger } = this.bankOf;
    const pick = <Kind extends LeafKind>(kind: Kind): Placed<Kind> | undefined => {
      const found = all.filter(({ leaf }) => leaf.kind === kind);
      return found.length === 0 ? undefined : (random.pick(found) as unknown as Placed<Kind>);
    };
    const balance = pick("Balance");
    const item = pick("Item");
    const session = pick("Session");
    const account = pick("Account");
    if (balance === undefined || account === undefined) return undefined;
    const part = balance.leaf.amount === 0n ? 1n : BigInt(1 + random.below(Number(balance.leaf.amount)));
    const by = balance.leaf.account;
    const kind = random.below(17);
    if (kind < 2)
      return { by, transaction: { kind: "Transfer", from: balance.index, to: pick("Balance")!.index, amount: part } };
    if (kind === 2) {
      const to = bytesOf(random.pick(this.players).address);
      return { by, transaction: { kind: "TransferToNew", from: balance.index, to, amount: part } };
    }
    if (kind < 6) return { by, transaction: { kind: "Withdraw", from: balance.index, amount: part } };
    if (kind === 6) {
      const games = all.filter(({ leaf }) => leaf.kind === "Game" && leaf.asset === balance.leaf.asset);
      if (games.length === 0) return undefined;
      const share = random.pick([10_000, 6_000, 3_333]);
      const over = random.below(2) === 0 ? "finish" : "nothing";
      const setup = bytesOf(scripted(over, "nothing", [share, random.below(8) === 0 ? 1 : 10_000 - share]));
      const terms = { players: 2, moveSeconds: 2 * HOUR, lifeSeconds: 200 * HOUR, setup };
      const game = games[0]!.index;
      return { by, transaction: { kind: "SessionOpen", balance: balance.index, game, stake: part, ...terms } };
    }
    if (kind < 9 && session !== undefined) {
      return { by, transaction: { kind: "SessionJoin", session: session.index, balance: balance.index } };
    }
    if (kind < 12 && session !== undefined) {
      const seat = ledger.leaf(session.leaf.balances[0] ?? 0) as LeafOf<"Balance">;
      const transaction: Transaction =
        kind === 9
          ? { kind: "SessionLeave", session: session.index, player: 0 }
          : kind === 10
            ? {
                kind: "SessionMove",
                session: session.index,
                player: 0,
                move: bytesOf(scripted("finish", "nothing", [0, 10_000])),
              }
            : { kind: "SessionTimeout", session: session.index };
      return { by: seat.account, transaction };
    }
    if (kind === 12 && session !== undefined)
      return { by, transaction: { kind: "SessionSettle", session: session.index } };
    if (kind === 13) return { by, transaction: { kind: "CollectFees", game: pick("Game")!.index } };
    const allowance = pick("Allowance");
    if (kind === 14 && allowance !== undefined) {
      const amount = allowance.leaf.amount;
      const transaction: Transaction = { kind: "ItemMint", allowance: allowance.index, to: account.index, amount };
      return { by: allowance.leaf.account, transaction };
    }
    if (item === undefined) return undefined;
    const amount = BigInt(1 + random.below(Number(item.leaf.amount) || 1));
    const transaction: Transaction =
      kind === 15
        ? random.below(3) === 0
          ? { kind: "ItemBurn", item: item.index, amount }
          : { kind: "ItemWithdraw", item: item.index, amount }
        : { kind: "ItemTransfer", item: item.index, to: account.index, into: 0, amount };
    return { by: item.leaf.account, transaction };
  }

  /** All entries that wait, a segment for some of each, then transactions. */
  private async draft(): Promise<{ readonly draft: Draft; readonly burned: Sums }> {
    let waiting = this.layer2.entries.length - Number(this.bankOf.ledger.queue);
    const bodies: Uint8Array[] = [];
    for (; waiting > IN_SEGMENT; waiting -= IN_SEGMENT) bodies.push(bodyOf(this.layer2, IN_SEGMENT));
    if (waiting > 0) bodies.push(bodyOf(this.layer2, waiting));
    const all = this.leaves();
    const signed = this.transactions(all);
    bodies.push(bodyOf(this.layer2, 0, ...signed));
    const items = new Map(all.map(({ index, leaf }) => [index, leaf]));
    const draft = await this.layer2.draft(bodies, { time: BigInt(this.now), answer: scriptedAnswer });
    const burned = new Sums();
    signed.forEach(([, transaction], i) => {
      if (transaction.kind !== "ItemBurn" || draft.segments.at(-1)!.results[i] !== REFUSAL.Applied) return;
      const { id } = items.get(transaction.item) as LeafOf<"Item">;
      burned.add(Sums.item(id), transaction.amount);
    });
    return { draft, burned };
  }

  private async postBatch(): Promise<void> {
    const first = this.bankOf.ledger.nextLeaf;
    const { draft, burned } = await this.draft();
    const posted = await this.layer2.post(draft);
    this.burned.push(burned);
    this.recount();
    for (const { index, leaf } of this.leaves().filter(({ index }) => index >= first)) {
      if (leaf.kind === "Exit" || leaf.kind === "ItemExit" || leaf.kind === "FeeExit") {
        this.exits.push({ batch: posted.batch, leaf, proof: this.bankOf.proof(index) });
      }
    }
    this.count("batch");
  }

  /** A batch that claims another state, sometimes with one upon it: both go, and what they consumed waits again. */
  private async lie(): Promise<void> {
    const { rollup, sequencer } = this.fixture;
    const { draft } = await this.draft();
    const posted = await this.layer2.post(Layer2.lie(draft, draft.segments.length - 1));
    if (this.random.below(2) === 0) {
      this.now += 1;
      await this.layer2.post((await this.draft()).draft);
    }
    await this.prove(posted);
    await rollup.connect(sequencer).payBond({ value: PARAMS.bond });
    this.recount();
    this.count("lie");
  }

  private async prove(posted: PostedBatch): Promise<void> {
    const { rollup, prover } = this.fixture;
    const last = posted.segments.length - 1;
    await commit(this.fixture, posted, last);
    await rollup.proveFraud(this.layer2.proofOf(posted, last, await prover.getAddress()));
    this.layer2.forgetFrom(posted);
  }

  private isFinal({ batch }: Exit): boolean {
    return BigInt(this.now) >= batch.postedAt + PARAMS.challengeSeconds;
  }

  private async claim(): Promise<void> {
    const { bank } = this.fixture;
    const open = this.exits.filter(({ proof }) => !this.claimed.has(proof.index));
    if (open.length === 0) return this.deposit();
    const exit = open.find((each) => this.isFinal(each)) ?? open[0]!;
    if (!this.isFinal(exit)) {
      const call = exit.leaf.kind === "FeeExit" ? bank.claimFees : bank.claimExit;
      await expect(call.staticCall(exit.batch, exit.proof)).to.be.revertedWithCustomError(
        this.fixture.rollup,
        "BatchNotFinal",
      );
      return this.count("early claim");
    }
    await this.pay(exit);
    this.count("claim");
  }

  private async pay({ batch, proof, leaf }: Exit): Promise<void> {
    const { bank } = this.fixture;
    if (leaf.kind === "FeeExit") await bank.claimFees(batch, proof, OVERRIDES);
    else await this.settle(bank.claimExit(batch, proof, OVERRIDES));
    this.owe(leaf, -1n);
    this.claimed.add(proof.index);
  }

  /** Writes down what a payment left behind. */
  private async settle(sent: ReturnType<VaultFixture["bank"]["claimExit"]>): Promise<void> {
    const { bank } = this.fixture;
    const receipt = await (await sent).wait();
    for (const log of receipt?.logs ?? []) {
      const parsed = bank.interface.parseLog(log);
      if (parsed?.name !== "Owed" && parsed?.name !== "ItemsOwed") continue;
      const [owner, what, amount] = [...parsed.args] as [string, bigint, bigint];
      const key = parsed.name === "Owed" ? Sums.asset(Number(what)) : Sums.item(what);
      const known = this.owed.get(`${owner} ${key}`);
      if (known === undefined) this.owed.set(`${owner} ${key}`, { owner, key, amount });
      else known.amount += amount;
      this.count("owed");
    }
  }

  /** What must not work: twice, too early, another owner, before a freeze. */
  private async attack(): Promise<void> {
    const { bank, rollup } = this.fixture;
    const done = this.exits.filter(({ proof }) => this.claimed.has(proof.index));
    if (done.length !== 0) {
      const { batch, proof, leaf } = this.random.pick(done);
      const call = leaf.kind === "FeeExit" ? bank.claimFees : bank.claimExit;
      await expect(call.staticCall(batch, proof)).to.be.revertedWithCustomError(bank, "LeafClaimed");
    }
    const { index } = this.leaves().find(({ leaf }) => leaf.kind === "Balance")!;
    const { batch } = this.layer2.latest;
    const [balance, account] = [this.bankOf.proof(index), this.bankOf.proof(1)];
    await expect(bank.escape.staticCall(batch, balance, account)).to.be.revertedWithCustomError(
      rollup,
      "RollupIsNotFrozen",
    );
    this.count("attack");
  }

  private async withdrawOwed(): Promise<void> {
    const [name, owed] = [...this.owed][0] ?? [];
    if (name === undefined || owed === undefined) return this.deposit();
    const { bank, prover } = this.fixture;
    const to = await prover.getAddress();
    const [what, number] = owed.key.split(" ") as [string, string];
    const call =
      what === "asset"
        ? bank.interface.encodeFunctionData("withdrawOwed", [number, to])
        : bank.interface.encodeFunctionData("withdrawOwedItems", [number, to]);
    if (owed.key === Sums.asset(SILVER_ASSET) && !this.silverMoves) return this.moods();
    const contract = await this.contractAt(owed.owner);
    if (contract !== undefined) await contract.execute(bank, call, OVERRIDES);
    else {
      await setBalance(owed.owner, parseEther("1"));
      const player = this.byAddress.get(owed.owner.toLowerCase())!;
      await new Wallet(player.key, ethers.provider).sendTransaction({ to: await bank.getAddress(), data: call });
    }
    this.owed.delete(name);
    this.count("withdrawal");
  }

  private async contractAt(address: string): Promise<OperatorMock | undefined> {
    for (const contract of this.fixture.contracts) if ((await contract.getAddress()) === address) return contract;
    return undefined;
  }

  /** Receivers and a token change their minds. */
  private async moods(): Promise<void> {
    const { contracts, room } = this.fixture;
    if (this.random.below(2) === 0) {
      const contract = this.random.pick(contracts);
      await contract.setRefuses(!(await contract.refuses()));
    } else {
      this.silverMoves = !this.silverMoves;
      await room.silver.setAnswersFalse(!this.silverMoves);
    }
    this.count("mood");
  }

  /** Posting ends with a lie that comes too late, and everybody leaves. */
  async leave(): Promise<void> {
    const { bank, room, rollup } = this.fixture;
    if (!this.silverMoves) await room.silver.setAnswersFalse(false);
    this.silverMoves = true;
    for (let i = 0; i < 6; i++) await this.deposit();
    const { batch } = this.layer2.latest;
    await time.increase(PARAMS.challengeSeconds + PARAMS.openSeconds);
    this.now = await time.latest();
    const { draft } = await this.draft();
    await this.prove(await this.layer2.post(Layer2.lie(draft, draft.segments.length - 1)));
    expect((await rollup.head()).frozen).to.equal(true);
    this.recount();
    await this.check();

    const ledger = new Map(this.leaves().map(({ index, leaf }) => [index, leaf]));
    const proof = (index: number): LeafProofStruct => this.bankOf.proof(index);
    for (const [index, leaf] of ledger) {
      if (this.claimed.has(index)) continue;
      if (leaf.kind === "Exit" || leaf.kind === "ItemExit")
        await this.settle(bank.claimExit(batch, proof(index), OVERRIDES));
      else if (leaf.kind === "FeeExit" || leaf.kind === "Game") await bank.claimFees(batch, proof(index), OVERRIDES);
      else if (leaf.kind === "Balance" || leaf.kind === "Item" || leaf.kind === "Allowance") {
        await this.settle(bank.escape(batch, proof(index), proof(leaf.account), OVERRIDES));
      } else if (leaf.kind === "Session") {
        const balances = leaf.balances.slice(0, leaf.joined);
        const accounts = balances.map((balance) => (ledger.get(balance) as LeafOf<"Balance">).account);
        await this.settle(
          bank.escapeSession(
            batch,
            proof(index),
            proof(leaf.game),
            balances.map(proof),
            accounts.map(proof),
            OVERRIDES,
          ),
        );
      } else continue;
      this.claimed.add(index);
      this.owe(leaf, -1n);
      await this.check();
      this.count(`left: ${leaf.kind}`);
    }
    const entries = this.layer2.entries;
    for (let number = Number((await rollup.head()).queue); number < entries.length; number++) {
      await this.settle(bank.refund(number, entries[number]!, OVERRIDES));
      this.refunded.add(number);
      await this.check();
      this.count("refund");
    }
    while (this.owed.size !== 0) {
      await this.withdrawOwed();
      await this.check();
    }
  }

  /** Nothing is left but what was burned on layer 2. */
  async expectEmpty(): Promise<void> {
    const { bank, assets } = this.fixture;
    await this.check();
    for (const asset of ASSETS) {
      expect(await bank.heldOf(asset)).to.equal(0n);
      expect(this.state.of(Sums.asset(asset))).to.equal(0n);
    }
    for (const id of this.items) {
      let burned = 0n;
      for (const sums of this.burned) burned += sums.of(Sums.item(id));
      expect(await assets.balanceOf(bank, id)).to.equal(burned);
      expect(await bank.heldItemsOf(id)).to.equal(burned);
    }
    for (const token of [this.fixture.room.gold, this.fixture.room.silver])
      expect(await token.balanceOf(bank)).to.equal(0n);
    expect(await ethers.provider.getBalance(bank)).to.equal(0n);
  }
}

describe("RollupVault: a model", () => {
  it("holds what it owes after each operation, and nothing when all have left", async function () {
    this.timeout(900_000);
    const fixture = await load(deployed);
    const run = new Run(fixture, new Random(20_261_121), [fixture.sword]);
    await run.start();
    for (let i = 0; i < STEPS; i++) await run.step();
    await run.leave();
    await run.expectEmpty();
    expect(run.operations).to.be.greaterThan(OPERATIONS);
    for (const what of ["deposit", "batch", "claim", "owed", "lie", "withdrawal", "left: Session", "refund"]) {
      expect(run.counts.get(what) ?? 0, what).to.be.greaterThan(0);
    }
  });
});
