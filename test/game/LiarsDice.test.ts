import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import {
  MaxUint256,
  ZeroHash,
  concat,
  dataLength,
  dataSlice,
  hexlify,
  keccak256,
  toBeHex,
  type BigNumberish,
} from "ethers";
import { ethers } from "hardhat";
import { GameErrors__factory, type GameCallMock, type LiarsDice } from "../../typechain-types";
import { Random } from "../support/random";

const ERRORS = { interface: GameErrors__factory.createInterface() };
type Phase = "commit" | "mix" | "bid" | "show" | "over";
const SECRET = keccak256("0x5ec7");
const PHASES: readonly Phase[] = ["commit", "mix", "bid", "show", "over"];

const byte = (value: number): string => toBeHex(value, 1);
const hash = (value: string, round: number, player: number): string =>
  keccak256(concat([value, byte(round), byte(player)]));

interface Bid {
  readonly quantity: number;
  readonly face: number;
  readonly player: number;
}

/** The model: everybody's cards on the table, as no player sees them. */
class Model {
  phase: Phase = "commit";
  round = 0;
  turn = 0;
  bid: Bid | undefined;
  found = 0;
  readonly dice: number[];
  moved = new Set<number>();
  secrets: (string | undefined)[] = [];

  constructor(players: number, dice: number) {
    this.dice = Array.from({ length: players }, () => dice);
  }

  get living(): number[] {
    return this.dice.flatMap((count, player) => (count > 0 ? [player] : []));
  }

  get waiting(): number[] {
    if (this.phase === "over") return [];
    return this.phase === "bid" ? [this.turn] : this.living.filter((player) => !this.moved.has(player));
  }

  get turnOf(): bigint {
    const [first, ...others] = this.waiting;
    return first === undefined || others.length > 0 ? MaxUint256 : BigInt(first);
  }

  get shares(): bigint[] {
    const each = 10_000n / BigInt(this.living.length);
    const rest = 10_000n - each * BigInt(this.living.length);
    return this.dice.map((count, player) => (count === 0 ? 0n : player === this.living.at(-1) ? each + rest : each));
  }

  image(player: number): string {
    return hash(this.secrets[player] ?? "0x", this.round, player);
  }

  private get seed(): string {
    return keccak256(concat(this.dice.map((count, player) => (count === 0 ? ZeroHash : this.image(player)))));
  }

  handOf(player: number): number[] {
    let digits = BigInt(keccak256(concat([this.secrets[player] ?? "0x", this.seed])));
    return Array.from({ length: this.dice[player] ?? 0 }, () => {
      const face = Number(digits % 6n) + 1;
      digits /= 6n;
      return face;
    });
  }

  private after(player: number): number {
    const order = this.dice.map((_, step) => (player + step) % this.dice.length);
    return order.find((who) => (this.dice[who] ?? 0) > 0) ?? 0;
  }

  commit(player: number, secret: string): void {
    this.secrets[player] = secret;
    this.finish(player, "mix");
  }

  mix(player: number): void {
    this.finish(player, "bid");
  }

  raise(quantity: number, face: number): void {
    this.bid = { quantity, face, player: this.turn };
    this.turn = this.after(this.turn + 1);
  }

  doubt(): void {
    this.phase = "show";
  }

  show(player: number): void {
    this.found += this.handOf(player).filter((face) => face === this.bid?.face).length;
    this.moved.add(player);
    if (this.waiting.length > 0 || this.bid === undefined) return;
    const loser = this.found >= this.bid.quantity ? this.turn : this.bid.player;
    this.dice[loser] = (this.dice[loser] ?? 0) - 1;
    this.turn = loser;
    this.next();
  }

  expire(): void {
    const late = this.waiting;
    if (late.length === this.living.length) {
      this.clear("over");
      return;
    }
    for (const player of late) this.dice[player] = 0;
    this.next();
  }

  private finish(player: number, phase: Phase): void {
    this.moved.add(player);
    if (this.waiting.length > 0) return;
    this.phase = phase;
    this.moved.clear();
  }

  private next(): void {
    this.round += 1;
    this.turn = this.after(this.turn);
    this.clear(this.living.length === 1 ? "over" : "commit");
  }

  private clear(phase: Phase): void {
    this.phase = phase;
    this.bid = undefined;
    this.found = 0;
    this.moved.clear();
    this.secrets = [];
  }

  encode(): string {
    const hashes = this.dice.map((count, player) => {
      if (count === 0 || this.phase === "over" || this.secrets[player] === undefined) return ZeroHash;
      const image = this.image(player);
      const mixed = this.phase === "mix" ? this.moved.has(player) : this.phase !== "commit";
      return mixed ? image : hash(image, this.round, player);
    });
    const { quantity = 0, face = 0, player = 0 } = this.bid ?? {};
    const moved = [...this.moved].reduce((bits, who) => bits + 2 ** who, 0);
    const head = [this.dice.length, PHASES.indexOf(this.phase), this.round, this.turn, quantity, face, player];
    return concat([...[...head, this.found, moved, ...this.dice].map(byte), ...hashes]);
  }

  /** The move that `player` would make lawfully now, if it has to doubt or bid: this. */
  moveOf(player: number): string {
    if (this.phase === "commit") return hash(this.image(player), this.round, player);
    if (this.phase === "mix") return this.image(player);
    return this.secrets[player] ?? "0x";
  }
}

async function deployed(): Promise<LiarsDice> {
  return ethers.deployContract("LiarsDice");
}

const secretOf = (model: Model, player: number): string => keccak256(concat([byte(model.round), byte(player), "0xaa"]));

/** Commits and mixes of all. */
function toBids(model: Model): Model {
  for (const player of model.living) model.commit(player, secretOf(model, player));
  for (const player of model.living) model.mix(player);
  return model;
}

/** How many dice show the face. */
const countOf = (model: Model, face: number): number =>
  model.living.flatMap((player) => model.handOf(player)).filter((shown) => shown === face).length;

function illegal(rules: LiarsDice, model: Model, player: BigNumberish, move: string): Promise<void> {
  return expect(rules.play(model.encode(), player, move), move)
    .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
    .withArgs(move);
}

describe("LiarsDice", () => {
  describe("start", () => {
    it("reverts for fewer than two or more than six", async () => {
      const rules = await loadFixture(deployed);
      for (const players of [0n, 1n, 7n, MaxUint256]) {
        await expect(rules.start("0x", players))
          .to.be.revertedWithCustomError(ERRORS, "PlayersOutOfRange")
          .withArgs(players, 2, 6);
      }
    });

    it("reverts for no dice, for more than five, and for more bytes", async () => {
      const rules = await loadFixture(deployed);
      for (const setup of ["0x00", "0x06", "0x0505"]) {
        await expect(rules.start(setup, 2)).to.be.revertedWithCustomError(ERRORS, "IllegalSetup").withArgs(setup);
      }
    });

    it("gives everybody so many dice, five by default", async () => {
      const rules = await loadFixture(deployed);
      expect(await rules.start("0x", 6)).to.equal(new Model(6, 5).encode());
      expect(await rules.start("0x05", 6)).to.equal(new Model(6, 5).encode());
      expect(await rules.start("0x01", 2)).to.equal(new Model(2, 1).encode());
    });
  });

  describe("play", () => {
    it("reverts for who has moved in a phase of all, for who is out, and for who does not play", async () => {
      const rules = await loadFixture(deployed);
      const model = new Model(4, 2);
      model.dice[3] = 0;
      model.commit(0, secretOf(model, 0));
      for (const player of [0n, 3n, 4n, 256n, MaxUint256]) {
        await expect(rules.play(model.encode(), player, ZeroHash))
          .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
          .withArgs(player, MaxUint256);
      }
      model.commit(1, secretOf(model, 1));
      await expect(rules.play(model.encode(), 1, ZeroHash))
        .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
        .withArgs(1, 2);
    });

    it("reverts for a bid out of turn", async () => {
      const rules = await loadFixture(deployed);
      const model = toBids(new Model(3, 2));
      await expect(rules.play(model.encode(), 1, "0x0101"))
        .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
        .withArgs(1, 0);
    });

    it("reverts for a commitment of 0 or of another length", async () => {
      const rules = await loadFixture(deployed);
      for (const bad of [ZeroHash, "0x", "0x0101", `0x${"11".repeat(33)}`])
        await illegal(rules, new Model(2, 1), 0, bad);
    });

    it("reverts for an image that was not committed to", async () => {
      const rules = await loadFixture(deployed);
      const model = new Model(2, 1);
      for (const player of [0, 1]) model.commit(player, secretOf(model, player));
      const secret = model.secrets[0] ?? "";
      for (const bad of [secret, model.image(1), hash(secret, 1, 0), "0x", dataSlice(model.image(0), 1)]) {
        await illegal(rules, model, 0, bad);
      }
    });

    it("does not mix an image that was copied", async () => {
      const rules = await loadFixture(deployed);
      const model = new Model(2, 1);
      const copied = hash(hash(secretOf(model, 0), 0, 0), 0, 0);
      let state = await rules.play(model.encode(), 0, copied);
      state = await rules.play(state, 1, copied);
      const image = hash(secretOf(model, 0), 0, 0);
      state = await rules.play(state, 0, image);
      await expect(rules.play(state, 1, image))
        .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
        .withArgs(image);
    });

    it("reverts for a bid that is none, or no higher, or more than there are dice", async () => {
      const rules = await loadFixture(deployed);
      const model = toBids(new Model(2, 2));
      for (const bad of ["0x", "0x01", "0x010101", "0x0001", "0x0100", "0x0107", "0x0501"])
        await illegal(rules, model, 0, bad);
      model.raise(2, 3);
      for (const bad of ["0x0203", "0x0202", "0x0106", "0x0501", "0x0307"]) await illegal(rules, model, 1, bad);
      for (const good of ["0x0204", "0x0301", "0x0406"]) await rules.play(model.encode(), 1, good);
    });

    it("reverts for a secret that is not the image's", async () => {
      const rules = await loadFixture(deployed);
      const model = toBids(new Model(2, 1));
      model.raise(1, 1);
      model.doubt();
      for (const bad of [model.secrets[1] ?? "", model.image(0), "0x", ZeroHash]) await illegal(rules, model, 0, bad);
    });

    it("reverts once the game is over", async () => {
      const rules = await loadFixture(deployed);
      const model = new Model(3, 1);
      model.expire();
      await expect(rules.play(model.encode(), 0, SECRET)).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
      await expect(rules.expire(model.encode())).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
      expect(await rules.turn(model.encode())).to.equal(MaxUint256);
    });
  });

  for (const [title, over] of [
    ["takes a die of who bid more than there are", 1],
    ["takes a die of who doubted as many as there are", 0],
    ["takes a die of who doubted fewer than there are", -1],
  ] as const) {
    it(title, async () => {
      const rules = await loadFixture(deployed);
      const model = toBids(new Model(3, 5));
      const face = [1, 2, 3, 4, 5, 6].find((each) => countOf(model, each) >= 2) ?? 0;
      const quantity = countOf(model, face) + over;
      let state = model.encode();
      state = await rules.play(state, 0, concat([byte(quantity), byte(face)]));
      state = await rules.play(state, 1, "0x");
      for (const player of [2, 0, 1]) state = await rules.play(state, player, model.secrets[player] ?? "");
      const expected = over > 0 ? [4, 5, 5] : [5, 4, 5];
      expect(dataSlice(state, 9, 12)).to.equal(concat(expected.map(byte)));
      // The loser begins the next round.
      expect(dataSlice(state, 1, 4)).to.equal(concat([byte(0), byte(1), byte(over > 0 ? 0 : 1)]));
    });
  }

  it("gives the pot to the last with dice", async () => {
    const rules = await loadFixture(deployed);
    const model = toBids(new Model(2, 1));
    const face = model.handOf(0)[0] ?? 0;
    let state = await rules.play(model.encode(), 0, concat([byte(1), byte(face)]));
    state = await rules.play(state, 1, "0x");
    for (const player of [0, 1]) state = await rules.play(state, player, model.secrets[player] ?? "");
    expect(await rules.outcome(state)).to.deep.equal([true, [10_000n, 0n]]);
  });

  it("makes another seed of any other secret, and so other dice for all", async () => {
    const hands = [0, 1, 2, 3].map((variant) => {
      const model = new Model(3, 5);
      for (const player of [0, 1, 2]) {
        model.commit(player, player === 2 ? keccak256(byte(variant)) : secretOf(model, player));
      }
      for (const player of [0, 1, 2]) model.mix(player);
      return model.handOf(0).join();
    });
    expect(new Set(hands)).to.have.length(4);
  });

  describe("expire", () => {
    for (const phase of ["commit", "mix", "show"] as const) {
      it(`lets who does not move in the phase ${phase} lose all, and begins anew`, async () => {
        const rules = await loadFixture(deployed);
        const model = new Model(3, 2);
        if (phase !== "commit") for (const player of [0, 1, 2]) model.commit(player, secretOf(model, player));
        if (phase === "show") {
          for (const player of [0, 1, 2]) model.mix(player);
          model.raise(6, 6);
          model.doubt();
        }
        let state = model.encode();
        for (const player of [0, 2]) {
          if (phase === "commit") model.secrets[player] = secretOf(model, player);
          state = await rules.play(state, player, model.moveOf(player));
        }
        expect(await rules.turn(state)).to.equal(1);
        state = await rules.expire(state);
        const expected = new Model(3, 2);
        Object.assign(expected, { round: 1, turn: phase === "show" ? 2 : 0 });
        expected.dice[1] = 0;
        expect(state).to.equal(expected.encode());
      });
    }

    it("lets who does not bid lose all, and the next one begins anew", async () => {
      const rules = await loadFixture(deployed);
      const model = toBids(new Model(3, 2));
      model.raise(1, 1);
      const expected = new Model(3, 2);
      Object.assign(expected, { round: 1, turn: 2 });
      expected.dice[1] = 0;
      expect(await rules.expire(model.encode())).to.equal(expected.encode());
    });

    it("gives the pot to the last who was not late", async () => {
      const rules = await loadFixture(deployed);
      const model = new Model(3, 2);
      model.commit(1, secretOf(model, 1));
      expect(await rules.outcome(await rules.expire(model.encode()))).to.deep.equal([true, [0n, 10_000n, 0n]]);
    });

    it("shares the pot among all who were still in, where all are late", async () => {
      const rules = await loadFixture(deployed);
      const model = new Model(4, 2);
      model.dice[1] = 0;
      const state = await rules.expire(model.encode());
      expect(await rules.outcome(state)).to.deep.equal([true, [3_333n, 0n, 3_333n, 3_334n]]);
    });
  });

  it("refuses states that no game comes to, in every function", async () => {
    const rules = await loadFixture(deployed);
    const fresh = new Model(3, 2).encode();
    const bids = toBids(new Model(3, 2));
    bids.raise(2, 3);
    const bidding = bids.encode();
    bids.doubt();
    const showing = bids.encode();
    const over = new Model(3, 2);
    over.expire();
    const put = (state: string, at: number, value: number): string =>
      concat([dataSlice(state, 0, at), byte(value), dataSlice(state, at + 1)]);
    // Its dice and what it committed to.
    const withoutThird = (state: string): string =>
      concat([dataSlice(put(state, 11, 0), 0, dataLength(state) - 32), ZeroHash]);
    expect((await rules.outcome(withoutThird(bidding))).over).to.equal(false);
    const states = [
      "0x",
      dataSlice(fresh, 0, 8),
      dataSlice(fresh, 0, dataLength(fresh) - 1),
      concat([fresh, "0x00"]),
      put(fresh, 0, 1), // one player
      put(fresh, 0, 2),
      put(fresh, 0, 7),
      put(fresh, 1, 5), // no such phase
      put(fresh, 1, 1), // mixing what nobody committed to
      put(fresh, 1, 2), // bidding before mixing
      put(fresh, 1, 3), // showing with no bid
      put(fresh, 2, 10), // more rounds than dice were lost
      put(fresh, 3, 3), // nobody's turn
      put(put(fresh, 9, 0), 3, 0), // the turn of one who is out
      put(fresh, 4, 1), // a bid before the bids
      put(fresh, 5, 1),
      put(fresh, 6, 1),
      put(fresh, 7, 1),
      put(fresh, 8, 1), // one moved, and nothing is there
      put(fresh, 8, 8), // a fourth one moved
      put(fresh, 9, 6), // six dice
      concat([dataSlice(fresh, 0, 9), "0x000002", dataSlice(fresh, 12)]), // one with dice, not over
      concat([dataSlice(fresh, 0, 9), "0x000000", dataSlice(fresh, 12)]), // none with dice
      put(fresh, 12, 1), // committed, and not moved
      put(bidding, 4, 7), // a bid of more than there are
      put(bidding, 5, 7),
      put(bidding, 5, 0),
      put(bidding, 6, 3), // by nobody
      withoutThird(put(bidding, 6, 2)), // by one who is out
      put(bidding, 3, 2), // skipped
      put(bidding, 7, 1), // found before shown
      put(bidding, 8, 1), // moved, in turns
      put(showing, 7, 1),
      put(put(showing, 8, 1), 7, 3), // found more than shown
      put(showing, 8, 7), // all showed, nothing decided
      put(over.encode(), 8, 1),
      put(over.encode(), 12, 1), // over, and committed
      put(over.encode(), 4, 1), // over, with a bid
    ];
    for (const bad of states) {
      const calls = [
        () => rules.play(bad, 0, SECRET),
        () => rules.turn(bad),
        () => rules.expire(bad),
        () => rules.outcome(bad),
      ];
      for (const call of calls) {
        await expect(call(), bad).to.be.revertedWithCustomError(ERRORS, "IllegalState").withArgs(bad);
      }
    }
  });

  it("agrees with the model in 800 random moves, lawful and not", async () => {
    const rules = await loadFixture(deployed);
    const random = new Random(20_261_121);
    const seen = { commit: 0, mix: 0, bid: 0, doubt: 0, show: 0, refused: 0, late: 0, ended: 0 };
    let model = new Model(6, 2);
    for (let step = 0; step < 800; ++step) {
      if (model.phase === "over") {
        ++seen.ended;
        model = new Model(2 + random.below(5), 1 + random.below(3));
      }
      const before = model.encode();
      const player = random.pick(model.waiting);
      let move = "0x";
      if (random.below(60) === 0) {
        model.expire();
        ++seen.late;
        expect(await rules.expire(before)).to.equal(model.encode());
      } else if (random.below(8) === 0) {
        const other = random.below(7);
        if (model.waiting.includes(other)) {
          await illegal(rules, model, other, hexlify(random.bytes(random.pick([1, 3, 31, 33]))));
        } else {
          await expect(rules.play(before, other, "0x0101"))
            .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
            .withArgs(other, model.turnOf);
        }
        ++seen.refused;
        continue;
      } else {
        const total = model.dice.reduce((sum, count) => sum + count, 0);
        if (model.phase === "commit") {
          const secret = hexlify(random.bytes(32));
          move = hash(hash(secret, model.round, player), model.round, player);
          model.commit(player, secret);
          ++seen.commit;
        } else if (model.phase === "mix") {
          move = model.image(player);
          model.mix(player);
          ++seen.mix;
        } else if (model.phase === "show") {
          move = model.secrets[player] ?? "";
          model.show(player);
          ++seen.show;
        } else {
          const { quantity, face } = model.bid ?? { quantity: 0, face: 6 };
          const higher = face < 6 && quantity > 0 && random.below(2) === 0;
          const bid: [number, number] = higher ? [quantity, face + 1] : [quantity + 1, 1 + random.below(6)];
          if (quantity > 0 && (random.below(3) === 0 || bid[0] > total)) {
            model.doubt();
            ++seen.doubt;
          } else {
            move = concat(bid.map(byte));
            model.raise(...bid);
            ++seen.bid;
          }
        }
        expect(await rules.play(before, player, move), `step ${step}`).to.equal(model.encode());
      }
      expect(await rules.outcome(model.encode())).to.deep.equal([model.phase === "over", model.shares]);
      expect(await rules.turn(model.encode())).to.equal(model.turnOf);
    }
    for (const [kind, count] of Object.entries(seen)) expect(count, kind).to.be.greaterThan(5);
  });

  it("stays within the limits of a call with six players [gas]", async () => {
    const rules = await loadFixture(deployed);
    const call: GameCallMock = await ethers.deployContract("GameCallMock");
    const model = toBids(new Model(6, 5));
    model.raise(30, 6);
    model.doubt();
    for (const player of [0, 1, 2, 3, 4]) model.show(player);
    const state = model.encode();
    expect(dataLength(state)).to.be.lessThan(1_025);
    const [ok] = await call.play(rules, state, 5, model.secrets[5] ?? "");
    expect(ok).to.equal(true);
    const intrinsic = 21_000n + 16n * BigInt(dataLength(state) + 4 + 32 * 6);
    expect(await rules.play.estimateGas(state, 5, model.secrets[5] ?? "")).to.be.lessThan(intrinsic + 500_000n);
  });
});
