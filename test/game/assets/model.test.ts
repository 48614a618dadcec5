import { expect } from "chai";
import { ethers, network } from "hardhat";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { SigningKey, Wallet, id as keccak, type Interface } from "ethers";
import { itemOf, readAssetId } from "../../../protocol/assetId";
import { generator } from "../../support/random";
import { send, view } from "../rawCall";
import { GAME, VOUCHER_TYPES, assetDomain, withItems, type AssetFixture, type Items } from "./support";

const OPERATIONS = 2_200;
const SEED = 20_261_121;
const CHECK_EVERY = 4;
const CHECK_ALL_EVERY = 100;
const SLOTS = 3;
const CAPS: Readonly<Record<keyof Items, bigint>> = {
  sword: 1_000_000n,
  hero: 1_000n,
  potion: 1_000_000n,
  crown: 10n,
  medal: 1_000_000n,
  soul: 1_000_000n,
};

interface ModelItem {
  readonly itemId: bigint;
  readonly cap: bigint;
  minted: bigint;
  burned: bigint;
}

interface Move {
  readonly id: bigint;
  readonly amount: bigint;
}

/** The assets, and beside them what should be there: balances, counts, and who wears what. */
class Run {
  readonly seen = new Map<string, number>();
  private readonly below = generator(SEED);
  private readonly items: readonly ModelItem[];
  private readonly address: string;
  private readonly coders: readonly Interface[];
  private readonly balances = new Map<string, bigint>();
  /** By character and slot. */
  private readonly slots = new Map<string, bigint>();
  private readonly wearers = new Map<bigint, string>();
  private readonly consents = new Set<string>();
  private readonly approvals = new Set<string>();
  private readonly used = new Set<bigint>();
  private readonly touched = new Set<string>();

  constructor(
    private readonly fixture: AssetFixture & Items,
    private readonly players: readonly HardhatEthersSigner[],
    private readonly signer: Wallet,
    address: string,
  ) {
    const names = Object.keys(CAPS) as (keyof Items)[];
    this.items = names.map((name) => ({ itemId: fixture[name], cap: CAPS[name], minted: 0n, burned: 0n }));
    this.address = address;
    this.coders = [fixture.assets.interface];
  }

  async step(): Promise<void> {
    const operations = [
      () => this.mint(),
      () => this.mint(),
      () => this.redeem(),
      () => this.transfer(),
      () => this.transfer(),
      () => this.transfer(),
      () => this.burn(),
      () => this.consume(),
      () => this.equip(),
      () => this.equip(),
      () => this.equip(),
      () => this.unequip(),
      () => this.unequip(),
      () => this.consent(),
      () => this.approve(),
    ];
    await this.one(operations)();
  }

  /** Invariants A1 and A3 for what was touched, or for all that there is. */
  async check(all: boolean): Promise<void> {
    const { interface: coder } = this.fixture.assets;
    const places = all ? [...this.balances.keys()] : [...this.touched];
    this.touched.clear();
    const calls: string[] = [];
    const expected: bigint[] = [];
    const expectView = (name: string, args: readonly unknown[], value: bigint): void => {
      calls.push((coder as Interface).encodeFunctionData(name, args));
      expected.push(value);
    };
    for (const place of places) {
      const [holder, text] = place.split(" ") as [string, string];
      const id = BigInt(text);
      const held = this.balance(holder, id);
      expectView("balanceOf", [holder, id], held);
      expectView("wornOf", [holder, id], this.worn(holder, id));
      const free = this.isBound(id) || this.pieces(id) > 0n ? 0n : held - this.worn(holder, id);
      expectView("transferableOf", [holder, id], free);
      if (this.isCharacter(id)) expectView("piecesOn", [id], this.pieces(id));
      expect(this.worn(holder, id)).to.be.at.most(held);
    }
    for (const item of this.items) expectView("supplyOf", [item.itemId], item.minted - item.burned);
    if (all) {
      for (const [slot, piece] of this.slots) expectView("equippedIn", slot.split(" "), piece);
      for (const item of this.items) {
        const sum = [...this.balances]
          .filter(([place]) => itemOf(BigInt(place.split(" ")[1]!)) === item.itemId)
          .reduce((total, [, balance]) => total + balance, 0n);
        expect(sum).to.equal(item.minted - item.burned);
        expect(item.minted).to.be.at.most(item.cap);
      }
    }
    const answer = await view(this.address, coder.encodeFunctionData("multicall", [calls]));
    const [results] = coder.decodeFunctionResult("multicall", answer) as unknown as [readonly string[]];
    expect(results.map(BigInt)).to.deep.equal(expected);
  }

  private one<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  private chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  private async operate(
    label: string,
    from: { readonly address: string },
    name: string,
    args: readonly unknown[],
    expected: string | undefined,
    apply: () => void,
  ): Promise<void> {
    const data = (this.fixture.assets.interface as Interface).encodeFunctionData(name, args);
    const error = await send(from.address, this.address, this.coders, data);
    expect(error, `${label}(${String(args)}) by ${from.address}`).to.equal(expected);
    if (expected === undefined) apply();
    const key = `${label}: ${expected ?? "done"}`;
    this.seen.set(key, (this.seen.get(key) ?? 0) + 1);
  }

  /** The operator; now and then somebody who does not speak for the game. */
  private speaker(): { readonly as: HardhatEthersSigner; readonly refused: string | undefined } {
    const { operator, developer, rival } = this.fixture;
    if (this.chance(15)) return { as: rival, refused: "NotSpeaker" };
    return { as: this.one([operator, developer]), refused: undefined };
  }

  private mintError(item: ModelItem, amount: bigint): string | undefined {
    if (amount === 0n) return "MintsNothing";
    return amount > item.cap - item.minted ? "ItemCapExceeded" : undefined;
  }

  private mintAmount(item: ModelItem): bigint {
    if (this.chance(20)) return 0n;
    if (this.chance(15)) return item.cap - item.minted + 1n;
    return BigInt(1 + this.below(readAssetId(item.itemId)!.unique ? 2 : 9));
  }

  private add(holder: string, item: ModelItem, amount: bigint): void {
    if (readAssetId(item.itemId)!.unique) {
      for (let serial = 1n; serial <= amount; ++serial) this.put(holder, item.itemId + item.minted + serial, 1n);
    } else {
      this.put(holder, item.itemId, amount);
    }
    item.minted += amount;
  }

  private async mint(): Promise<void> {
    const { as, refused } = this.speaker();
    const to = this.one(this.players).address;
    if (this.chance(2)) {
      const item = this.one(this.items);
      const amount = this.mintAmount(item);
      const expected = refused ?? this.mintError(item, amount);
      return this.operate("mint", as, "mint", [to, item.itemId, amount], expected, () => this.add(to, item, amount));
    }
    const items = [this.one(this.items), this.one(this.items)];
    const amounts = items.map((item) => this.mintAmount(item));
    // The second mint comes after the first.
    const again = { ...items[0]!, minted: items[0]!.minted + amounts[0]! };
    const second = items[1] === items[0] ? again : items[1]!;
    const expected = refused ?? this.mintError(items[0]!, amounts[0]!) ?? this.mintError(second, amounts[1]!);
    const args = [GAME, to, items.map(({ itemId }) => itemId), amounts];
    await this.operate("mintBatch", as, "mintBatch", args, expected, () => {
      for (const [index, item] of items.entries()) this.add(to, item, amounts[index]!);
    });
  }

  private async redeem(): Promise<void> {
    const { assets } = this.fixture;
    const item = this.one(this.items);
    const amount = this.mintAmount(item);
    const nonce = BigInt(this.below(200));
    const to = this.one(this.players).address;
    const voucher = { to, itemId: item.itemId, amount, nonce, expiry: 2n ** 40n };
    const digest = ethers.TypedDataEncoder.hash(await assetDomain(assets), VOUCHER_TYPES, voucher);
    const signature = new SigningKey(this.signer.privateKey).sign(digest).serialized;
    const expected = this.used.has(nonce) ? "VoucherUsed" : this.mintError(item, amount);
    const args = [voucher, this.signer.address, signature];
    await this.operate("redeem", this.one(this.players), "redeem", args, expected, () => {
      this.used.add(nonce);
      this.add(to, item, amount);
    });
  }

  /** One to three parts of what the holder has, at times of one id twice, at times a little more. */
  private moves(holder: string): readonly Move[] {
    const own = this.idsOf(holder);
    if (own.length === 0) return [{ id: this.fixture.potion, amount: 1n }];
    const first = this.one(own);
    const moves: Move[] = [];
    for (let count = 1 + this.below(3); count > 0; --count) {
      const id = this.chance(3) ? first : this.one(own);
      const held = this.balance(holder, id);
      const amount = this.chance(12) ? held + 1n : BigInt(this.below(Number(held) + 1));
      moves.push({ id, amount });
    }
    return moves;
  }

  /** What the contract says to these moves out of `holder`, part by part, then about what is left. */
  private moveError(holder: string, moves: readonly Move[], burned: boolean): string | undefined {
    const left = new Map<bigint, bigint>();
    for (const { id, amount } of moves) {
      const held = left.get(id) ?? this.balance(holder, id);
      if (held < amount) return "ERC1155InsufficientBalance";
      left.set(id, held - amount);
    }
    for (const { id } of moves) {
      if (!burned && this.isBound(id)) return "AssetBound";
      if (left.get(id)! < this.worn(holder, id)) return "AssetWorn";
      if (this.pieces(id) > 0n) return "CharacterDressed";
    }
    return undefined;
  }

  private async transfer(): Promise<void> {
    const from = this.one(this.players);
    const to = this.one(this.players.filter((player) => player !== from)).address;
    const by = this.chance(3) ? this.one(this.players) : from;
    const moves = this.moves(from.address);
    const unapproved = by !== from && !this.approvals.has(`${from.address} ${by.address}`);
    const expected = unapproved ? "ERC1155MissingApprovalForAll" : this.moveError(from.address, moves, false);
    const [ids, amounts] = [moves.map(({ id }) => id), moves.map(({ amount }) => amount)];
    const apply = (): void => {
      for (const { id, amount } of moves) {
        this.put(from.address, id, -amount);
        this.put(to, id, amount);
      }
    };
    if (moves.length > 1) {
      const args = [from.address, to, ids, amounts, "0x"];
      return this.operate("transfer", by, "safeBatchTransferFrom", args, expected, apply);
    }
    await this.operate(
      "transfer",
      by,
      "safeTransferFrom",
      [from.address, to, ids[0], amounts[0], "0x"],
      expected,
      apply,
    );
  }

  private remove(holder: string, moves: readonly Move[]): void {
    for (const { id, amount } of moves) {
      this.put(holder, id, -amount);
      this.items.find(({ itemId }) => itemId === itemOf(id))!.burned += amount;
    }
  }

  private async burn(): Promise<void> {
    const holder = this.one(this.players);
    const by = this.chance(4) ? this.one(this.players) : holder;
    const moves = this.moves(holder.address);
    const unapproved = by !== holder && !this.approvals.has(`${holder.address} ${by.address}`);
    const expected = unapproved ? "ERC1155MissingApprovalForAll" : this.moveError(holder.address, moves, true);
    const args = [holder.address, moves.map(({ id }) => id), moves.map(({ amount }) => amount)];
    await this.operate("burn", by, "burnBatch", args, expected, () => this.remove(holder.address, moves));
  }

  private async consume(): Promise<void> {
    const { as, refused } = this.speaker();
    const holder = this.one(this.players).address;
    const moves = this.moves(holder);
    const missing = this.consents.has(holder) ? undefined : "ConsentMissing";
    const expected = refused ?? missing ?? this.moveError(holder, moves, true);
    const args = [GAME, holder, moves.map(({ id }) => id), moves.map(({ amount }) => amount)];
    await this.operate("consume", as, "consume", args, expected, () => this.remove(holder, moves));
  }

  private async equip(): Promise<void> {
    const { as, refused } = this.speaker();
    const holder = this.one(this.players).address;
    const own = this.idsOf(holder);
    const pick = (kind: "character" | "equipment"): bigint => {
      const fitting = own.filter((id) => readAssetId(id)!.kind === kind);
      return fitting.length === 0 || this.chance(12) ? this.one(this.anyIds()) : this.one(fitting);
    };
    const [character, piece, slot] = [pick("character"), pick("equipment"), BigInt(this.below(SLOTS))];
    const verdict = (): string | undefined => {
      if (!this.consents.has(holder)) return "ConsentMissing";
      if (!this.isCharacter(character)) return "NotACharacter";
      if (readAssetId(piece)!.kind !== "equipment") return "NotEquipment";
      if (this.balance(holder, character) === 0n) return "NothingToEquip";
      if (this.balance(holder, piece) <= this.worn(holder, piece)) return "NothingToEquip";
      return this.slots.get(`${character} ${slot}`) === undefined ? undefined : "SlotTaken";
    };
    const args = [holder, character, slot, piece];
    await this.operate("equip", as, "equip", args, refused ?? verdict(), () => {
      this.slots.set(`${character} ${slot}`, piece);
      this.wearers.set(character, holder);
      this.touched.add(`${holder} ${piece}`).add(`${holder} ${character}`);
    });
  }

  private async unequip(): Promise<void> {
    const dressed = [...this.slots.keys()];
    const [text, slot] = (
      dressed.length === 0 || this.chance(10) ? [this.fixture.hero + 1n, 0n].join(" ") : this.one(dressed)
    ).split(" ") as [string, string];
    const character = BigInt(text);
    const by = this.chance(2) ? this.one(this.players) : this.fixture.operator;
    const allowed = by === this.fixture.operator || this.wearers.get(character) === by.address;
    const piece = this.slots.get(`${character} ${slot}`);
    const expected = allowed ? (piece === undefined ? "SlotEmpty" : undefined) : "NotSpeaker";
    await this.operate("unequip", by, "unequip", [character, slot], expected, () => {
      this.slots.delete(`${character} ${slot}`);
      const holder = this.wearers.get(character)!;
      this.touched.add(`${holder} ${piece!}`).add(`${holder} ${character}`);
    });
  }

  private async consent(): Promise<void> {
    const holder = this.one(this.players);
    const given = !this.chance(4);
    await this.operate("consent", holder, "setConsent", [GAME, given], undefined, () => {
      if (given) this.consents.add(holder.address);
      else this.consents.delete(holder.address);
    });
  }

  private async approve(): Promise<void> {
    const holder = this.one(this.players);
    const other = this.one(this.players).address;
    const given = this.chance(2);
    await this.operate("approve", holder, "setApprovalForAll", [other, given], undefined, () => {
      const pair = `${holder.address} ${other}`;
      if (given) this.approvals.add(pair);
      else this.approvals.delete(pair);
    });
  }

  private put(holder: string, id: bigint, amount: bigint): void {
    const place = `${holder} ${id}`;
    this.balances.set(place, (this.balances.get(place) ?? 0n) + amount);
    this.touched.add(place);
  }

  private balance(holder: string, id: bigint): bigint {
    return this.balances.get(`${holder} ${id}`) ?? 0n;
  }

  private idsOf(holder: string): readonly bigint[] {
    return [...this.balances]
      .filter(([place, balance]) => balance > 0n && place.startsWith(holder))
      .map(([place]) => BigInt(place.split(" ")[1]!));
  }

  private anyIds(): readonly bigint[] {
    return [...this.items.map(({ itemId }) => itemId), this.fixture.hero + 1n, this.fixture.crown + 1n];
  }

  /** How many slots of the holder's characters have `id` in them. */
  private worn(holder: string, id: bigint): bigint {
    const mine = [...this.slots].filter(
      ([slot, piece]) => piece === id && this.wearers.get(BigInt(slot.split(" ")[0]!)) === holder,
    );
    return BigInt(mine.length);
  }

  private pieces(character: bigint): bigint {
    return BigInt([...this.slots.keys()].filter((slot) => slot.startsWith(`${character} `)).length);
  }

  private isBound(id: bigint): boolean {
    return readAssetId(id)!.bound;
  }

  private isCharacter(id: bigint): boolean {
    return readAssetId(id)!.kind === "character";
  }
}

describe("GameAssets model", () => {
  it(`holds invariants A1 to A5 over ${OPERATIONS} random operations (seed ${SEED})`, async () => {
    const fixture = await withItems();
    const { assets, registry, developer, alice, bob, carol, artist } = fixture;
    const signer = new Wallet(keccak("voucher signer"));
    await registry.connect(developer).setOperator(GAME, signer.address, true);
    const run = new Run(fixture, [alice, bob, carol, artist], signer, await assets.getAddress());
    for (let count = 1; count <= OPERATIONS; ++count) {
      await run.step();
      if (count % CHECK_EVERY === 0) await run.check(count % CHECK_ALL_EVERY === 0);
    }
    expect(await network.provider.send("eth_getBalance", [await assets.getAddress(), "latest"])).to.equal("0x0");
    // The walk came to all that it is there for.
    for (const outcome of [
      ...["mint", "mintBatch"].flatMap((name) =>
        ["done", "NotSpeaker", "MintsNothing", "ItemCapExceeded"].map((result) => `${name}: ${result}`),
      ),
      ...["done", "VoucherUsed", "ItemCapExceeded"].map((result) => `redeem: ${result}`),
      ...["transfer", "burn"].flatMap((name) =>
        ["done", "ERC1155MissingApprovalForAll", "ERC1155InsufficientBalance", "AssetWorn", "CharacterDressed"].map(
          (result) => `${name}: ${result}`,
        ),
      ),
      "transfer: AssetBound",
      ...["done", "NotSpeaker", "ConsentMissing", "AssetWorn", "CharacterDressed"].map((each) => `consume: ${each}`),
      ...["done", "ConsentMissing", "NotACharacter", "NotEquipment", "NothingToEquip", "SlotTaken"].map(
        (result) => `equip: ${result}`,
      ),
      ...["done", "SlotEmpty", "NotSpeaker"].map((result) => `unequip: ${result}`),
    ]) {
      expect(run.seen.get(outcome) ?? 0, outcome).to.be.above(0);
    }
  });
});
