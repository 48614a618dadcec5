import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroHash, concat, dataSlice, hexlify, keccak256, toBeHex } from "ethers";
import { ethers } from "hardhat";
import { GameErrors__factory, type RockPaperScissors } from "../../typechain-types";
import { Random } from "../support/random";

const ERRORS = { interface: GameErrors__factory.createInterface() };
const [ROCK, PAPER, SCISSORS] = [1, 2, 3] as const;
const BEATS: Readonly<Record<number, number>> = { [ROCK]: SCISSORS, [PAPER]: ROCK, [SCISSORS]: PAPER };
const SALT = [keccak256("0x00"), keccak256("0x01")] as const;

const byte = (value: number): string => toBeHex(value, 1);
const commitment = (round: number, player: number, choice: number, salt: string): string =>
  keccak256(concat([byte(round), byte(player), byte(choice), salt]));
const opening = (choice: number, salt: string): string => concat([byte(choice), salt]);

/** The model: a list of finished rounds, and one that is being played. */
interface Model {
  readonly rounds: number;
  /** Who won each round; undefined for nobody. */
  readonly results: (0 | 1 | undefined)[];
  readonly committed: [string | undefined, string | undefined];
  readonly opened: [number | undefined, number | undefined];
  late?: readonly number[];
}

const fresh = (rounds: number): Model => ({
  rounds,
  results: [],
  committed: [undefined, undefined],
  opened: [undefined, undefined],
});
const wins = (model: Model, player: number): number => model.results.filter((who) => who === player).length;
const committedBoth = ({ committed }: Model): boolean => committed[0] !== undefined && committed[1] !== undefined;
const waiting = (model: Model): number[] =>
  [0, 1].filter((who) => (committedBoth(model) ? model.opened : model.committed)[who] === undefined);
const turnOf = (model: Model): bigint => (waiting(model).length === 1 ? BigInt(waiting(model)[0] ?? 0) : MaxUint256);

function isOver(model: Model): boolean {
  if (model.late !== undefined) return true;
  // Whatever the rounds left bring, the result stands.
  const left = model.rounds - model.results.length;
  return left === 0 || Math.abs(wins(model, 0) - wins(model, 1)) > left;
}

function shares(model: Model): [bigint, bigint] {
  const score = model.late === undefined ? wins(model, 0) - wins(model, 1) : 0;
  const lead = model.late?.length === 1 ? (model.late[0] === 0 ? -1 : 1) : score;
  return lead === 0 ? [5_000n, 5_000n] : lead > 0 ? [10_000n, 0n] : [0n, 10_000n];
}

function encode(model: Model): string {
  return concat([
    ...[model.rounds, model.results.length, wins(model, 0), wins(model, 1)].map(byte),
    byte((model.late ?? []).reduce((bits, who) => bits + 2 ** who, 0)),
    ...model.opened.map((choice) => byte(choice ?? 0)),
    ...model.committed.map((hash) => hash ?? ZeroHash),
  ]);
}

function clear(model: Model): void {
  model.committed.fill(undefined);
  model.opened.fill(undefined);
}

function open(model: Model, player: number, choice: number): void {
  model.opened[player] = choice;
  const [first, second] = model.opened;
  if (first === undefined || second === undefined) return;
  model.results.push(first === second ? undefined : BEATS[first] === second ? 0 : 1);
  clear(model);
}

async function deployed(): Promise<RockPaperScissors> {
  return ethers.deployContract("RockPaperScissors");
}

/** A state after rounds of these choices. */
async function after(rules: RockPaperScissors, setup: string, rounds: readonly [number, number][]): Promise<string> {
  let state = await rules.start(setup, 2);
  for (const [round, choices] of rounds.entries()) {
    for (const player of [0, 1] as const) {
      state = await rules.play(state, player, commitment(round, player, choices[player], SALT[player]));
    }
    for (const player of [1, 0] as const) {
      state = await rules.play(state, player, opening(choices[player], SALT[player]));
    }
  }
  return state;
}

describe("RockPaperScissors", () => {
  describe("start", () => {
    it("reverts for more or fewer than two", async () => {
      const rules = await loadFixture(deployed);
      for (const players of [0, 1, 3]) {
        await expect(rules.start("0x", players))
          .to.be.revertedWithCustomError(ERRORS, "PlayersOutOfRange")
          .withArgs(players, 2, 2);
      }
    });

    it("reverts for no round, for more than 24, and for more bytes", async () => {
      const rules = await loadFixture(deployed);
      for (const setup of ["0x00", "0x19", "0xff", "0x0303"]) {
        await expect(rules.start(setup, 2)).to.be.revertedWithCustomError(ERRORS, "IllegalSetup").withArgs(setup);
      }
    });

    it("begins a game of so many rounds, of three by default", async () => {
      const rules = await loadFixture(deployed);
      expect(await rules.start("0x", 2)).to.equal(encode(fresh(3)));
      expect(await rules.start("0x01", 2)).to.equal(encode(fresh(1)));
      expect(await rules.start("0x18", 2)).to.equal(encode(fresh(24)));
    });
  });

  it("ends before the 100 moves of the shortest life, so that nobody drags it there to have the stake back", async () => {
    const rules = await loadFixture(deployed);
    const draws = Array.from({ length: 24 }, (): [number, number] => [ROCK, ROCK]);
    const moves = 4 * draws.length;
    expect(moves).to.be.lessThan(100);
    const [over, shareBps] = await rules.outcome(await after(rules, "0x18", draws));
    expect([over, ...shareBps]).to.deep.equal([true, 5_000n, 5_000n]);
  });

  for (const [first, second, winner] of [
    [ROCK, ROCK, undefined],
    [PAPER, PAPER, undefined],
    [SCISSORS, SCISSORS, undefined],
    [ROCK, SCISSORS, 0],
    [SCISSORS, PAPER, 0],
    [PAPER, ROCK, 0],
    [SCISSORS, ROCK, 1],
    [PAPER, SCISSORS, 1],
    [ROCK, PAPER, 1],
  ] as const) {
    it(`gives ${first} against ${second} to ${winner ?? "nobody"}`, async () => {
      const rules = await loadFixture(deployed);
      const state = await after(rules, "0x01", [[first, second]]);
      const expected = winner === undefined ? [5_000n, 5_000n] : winner === 0 ? [10_000n, 0n] : [0n, 10_000n];
      expect(await rules.outcome(state)).to.deep.equal([true, expected]);
    });
  }

  it("ends as soon as the one behind cannot catch up", async () => {
    const rules = await loadFixture(deployed);
    const one: [number, number] = [ROCK, SCISSORS];
    expect((await rules.outcome(await after(rules, "0x05", [one, one]))).over).to.equal(false);
    const state = await after(rules, "0x05", [one, one, one]);
    expect(await rules.outcome(state)).to.deep.equal([true, [10_000n, 0n]]);
    await expect(rules.play(state, 0, keccak256("0x"))).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
  });

  it("splits the pot after the last round if both won as many", async () => {
    const rules = await loadFixture(deployed);
    const state = await after(rules, "0x02", [
      [ROCK, SCISSORS],
      [ROCK, PAPER],
    ]);
    expect(await rules.outcome(state)).to.deep.equal([true, [5_000n, 5_000n]]);
  });

  describe("play", () => {
    it("reverts for who has committed already, and for who does not play", async () => {
      const rules = await loadFixture(deployed);
      const state = await rules.play(await rules.start("0x", 2), 0, keccak256("0x"));
      await expect(rules.play(state, 0, keccak256("0x")))
        .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
        .withArgs(0, 1);
      for (const player of [2n, MaxUint256]) {
        await expect(rules.play(state, player, keccak256("0x")))
          .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
          .withArgs(player, 1);
        await expect(rules.play(await rules.start("0x", 2), player, keccak256("0x")))
          .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
          .withArgs(player, MaxUint256);
      }
    });

    it("reverts for a commitment of 0 or of another length", async () => {
      const rules = await loadFixture(deployed);
      const state = await rules.start("0x", 2);
      for (const bad of [ZeroHash, "0x", "0x01", opening(ROCK, SALT[0])]) {
        await expect(rules.play(state, 0, bad))
          .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
          .withArgs(bad);
      }
    });

    it("reverts for an opening of another choice, salt, player or round, and for none", async () => {
      const rules = await loadFixture(deployed);
      let state = await rules.start("0x", 2);
      state = await rules.play(state, 0, commitment(0, 0, ROCK, SALT[0]));
      const other = commitment(1, 1, ROCK, SALT[1]);
      const wrongRound = await rules.play(state, 1, other);
      const openings = [opening(PAPER, SALT[0]), opening(ROCK, SALT[1]), opening(0, SALT[0]), opening(4, SALT[0])];
      for (const bad of [...openings, "0x", SALT[0], concat([opening(ROCK, SALT[0]), "0x00"])]) {
        await expect(rules.play(wrongRound, 0, bad))
          .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
          .withArgs(bad);
      }
      const late = opening(ROCK, SALT[1]);
      await expect(rules.play(wrongRound, 1, late))
        .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
        .withArgs(late);
    });

    it("reverts for a choice that is none, though it was committed to", async () => {
      const rules = await loadFixture(deployed);
      for (const choice of [0, 4, 255]) {
        let state = await rules.play(await rules.start("0x", 2), 0, commitment(0, 0, choice, SALT[0]));
        state = await rules.play(state, 1, commitment(0, 1, ROCK, SALT[1]));
        const bad = opening(choice, SALT[0]);
        await expect(rules.play(state, 0, bad))
          .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
          .withArgs(bad);
      }
    });

    it("does not open a commitment that was copied", async () => {
      const rules = await loadFixture(deployed);
      const copied = commitment(0, 0, ROCK, SALT[0]);
      let state = await rules.play(await rules.start("0x", 2), 0, copied);
      state = await rules.play(state, 1, copied);
      state = await rules.play(state, 0, opening(ROCK, SALT[0]));
      const bad = opening(ROCK, SALT[0]);
      await expect(rules.play(state, 1, bad))
        .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
        .withArgs(bad);
      expect(await rules.outcome(await rules.expire(state))).to.deep.equal([true, [10_000n, 0n]]);
    });
  });

  describe("expire", () => {
    it("lets who did not commit lose, whoever leads", async () => {
      const rules = await loadFixture(deployed);
      for (const late of [0, 1] as const) {
        const leading = await after(rules, "0x05", [late === 0 ? [ROCK, SCISSORS] : [SCISSORS, ROCK]]);
        const state = await rules.expire(await rules.play(leading, 1 - late, keccak256("0x")));
        expect(await rules.outcome(state)).to.deep.equal([true, late === 0 ? [0n, 10_000n] : [10_000n, 0n]]);
        await expect(rules.expire(state)).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
      }
    });

    it("lets who did not open lose", async () => {
      const rules = await loadFixture(deployed);
      let state = await rules.start("0x", 2);
      for (const player of [0, 1] as const) {
        state = await rules.play(state, player, commitment(0, player, ROCK, SALT[player]));
      }
      for (const late of [0, 1] as const) {
        const expired = await rules.expire(await rules.play(state, 1 - late, opening(ROCK, SALT[1 - late] ?? "")));
        expect(await rules.outcome(expired)).to.deep.equal([true, late === 0 ? [0n, 10_000n] : [10_000n, 0n]]);
      }
    });

    it("splits the pot where both are late, whoever leads", async () => {
      const rules = await loadFixture(deployed);
      const state = await rules.expire(await after(rules, "0x05", [[ROCK, SCISSORS]]));
      expect(await rules.outcome(state)).to.deep.equal([true, [5_000n, 5_000n]]);
    });
  });

  it("refuses states that no game comes to, in every function", async () => {
    const rules = await loadFixture(deployed);
    const good = encode(fresh(3));
    const put = (at: number, value: number): string =>
      concat([dataSlice(good, 0, at), byte(value), dataSlice(good, at + 1)]);
    const both = { ...fresh(3), committed: [SALT[0], SALT[1]] as [string, string] };
    const states = [
      "0x",
      dataSlice(good, 1),
      concat([good, "0x00"]),
      put(0, 0), // no round
      put(0, 25), // too many
      put(1, 4), // more played than there are
      put(2, 1), // a win in no round
      put(3, 1),
      put(4, 4), // a third player late
      put(5, 1), // opened before both committed
      put(6, 3),
      encode({ ...both, opened: [4, undefined] }), // no such choice
      encode({ ...both, opened: [undefined, 4] }),
      encode({ ...both, opened: [1, 2] }), // both opened, nothing decided
      encode({ ...both, late: [0] }), // over, and committed
      encode({ ...fresh(1), results: [0], committed: [SALT[0], undefined] }),
      encode({ ...fresh(1), results: [0], committed: [undefined, SALT[0]] }),
    ];
    for (const bad of states) {
      const calls = [
        () => rules.play(bad, 0, SALT[0]),
        () => rules.turn(bad),
        () => rules.expire(bad),
        () => rules.outcome(bad),
      ];
      for (const call of calls) {
        await expect(call(), bad).to.be.revertedWithCustomError(ERRORS, "IllegalState").withArgs(bad);
      }
    }
  });

  it("agrees with the model in 500 random moves, lawful and not", async () => {
    const rules = await loadFixture(deployed);
    const random = new Random(20_261_121);
    const seen = { accepted: 0, refused: 0, ended: 0, late: 0 };
    let model = fresh(3);
    let secrets: { choice: number; salt: string }[] = [];
    for (let step = 0; step < 500; ++step) {
      if (isOver(model)) {
        ++seen.ended;
        model = fresh(1 + random.below(7));
      }
      const before = encode(model);
      const player = random.below(20) === 0 ? 2 : random.below(2);
      const round = model.results.length;
      let next: string;
      if (random.below(40) === 0) {
        model.late = waiting(model);
        clear(model);
        ++seen.late;
        next = await rules.expire(before);
      } else if (!waiting(model).includes(player)) {
        await expect(rules.play(before, player, SALT[0]), before)
          .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
          .withArgs(player, turnOf(model));
        ++seen.refused;
        continue;
      } else if (random.below(10) === 0) {
        const bad = random.pick([hexlify(random.bytes(33)), hexlify(random.bytes(31)), "0x"]);
        await expect(rules.play(before, player, bad))
          .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
          .withArgs(bad);
        ++seen.refused;
        continue;
      } else if (!committedBoth(model)) {
        const secret = { choice: 1 + random.below(3), salt: hexlify(random.bytes(32)) };
        secrets[player] = secret;
        const hash = commitment(round, player, secret.choice, secret.salt);
        model.committed[player] = hash;
        next = await rules.play(before, player, hash);
      } else {
        const { choice, salt } = secrets[player] ?? { choice: 0, salt: ZeroHash };
        open(model, player, choice);
        next = await rules.play(before, player, opening(choice, salt));
      }
      ++seen.accepted;
      if (model.results.length > round) secrets = [];
      expect(next).to.equal(encode(model));
      expect(await rules.outcome(next)).to.deep.equal([isOver(model), shares(model)]);
      if (!isOver(model)) expect(await rules.turn(next)).to.equal(turnOf(model));
    }
    for (const [kind, count] of Object.entries(seen)) expect(count, kind).to.be.greaterThan(5);
  });
});
