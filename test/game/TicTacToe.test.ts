import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ContractFactory, JsonRpcProvider, concat, dataSlice, hexlify, toBeHex } from "ethers";
import hre, { ethers } from "hardhat";
import { startAnvil, type LocalNode } from "../../scripts/local/nodes";
import {
  GameErrors__factory,
  TicTacToeSurveyMock__factory,
  type TicTacToe,
  type TicTacToeSurveyMock,
} from "../../typechain-types";

/** The model: who has each cell, and who was late. */
interface Position {
  readonly cells: readonly (0 | 1 | undefined)[];
  readonly late?: 0 | 1;
}

const LINES: readonly (readonly [number, number, number])[] = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
];
const EMPTY: Position = { cells: Array.from({ length: 9 }, () => undefined) };
const REFUSED = "0xffffff";

function winner({ cells }: Position): 0 | 1 | undefined {
  return LINES.filter(([a, b, c]) => cells[a] === cells[b] && cells[b] === cells[c])
    .map(([a]) => cells[a])
    .find((who) => who !== undefined);
}

const taken = ({ cells }: Position): number => cells.filter((cell) => cell !== undefined).length;
const mover = (position: Position): 0 | 1 => (taken(position) % 2 === 0 ? 0 : 1);
const isOver = (position: Position): boolean =>
  position.late !== undefined || winner(position) !== undefined || taken(position) === 9;

function shares(position: Position): [number, number] {
  if (position.late !== undefined) return position.late === 0 ? [0, 10_000] : [10_000, 0];
  const who = winner(position);
  if (who === undefined) return [5_000, 5_000];
  return who === 0 ? [10_000, 0] : [0, 10_000];
}

function move(position: Position, player: number, cell: number): Position | undefined {
  if (isOver(position) || player !== mover(position) || cell > 8) return undefined;
  if (position.cells[cell] !== undefined) return undefined;
  return { cells: position.cells.map((who, at) => (at === cell ? mover(position) : who)) };
}

const expire = (position: Position): Position | undefined =>
  isOver(position) ? undefined : { ...position, late: mover(position) };

function encode({ cells, late }: Position): string {
  const marks = cells.reduce<number>((sum, who, at) => (who === undefined ? sum : sum + 2 ** (at + 9 * who)), 0);
  return toBeHex(marks + (late === undefined ? 0 : (late + 1) * 2 ** 18), 3);
}

/** All that a game can come to, by state. */
function reachable(): ReadonlyMap<string, Position> {
  const seen = new Map<string, Position>([[encode(EMPTY), EMPTY]]);
  const queue = [EMPTY];
  for (let position = queue.pop(); position !== undefined; position = queue.pop()) {
    const cells = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    for (const next of [
      expire(position),
      ...cells.map((cell) => move(position as Position, mover(position as Position), cell)),
    ]) {
      if (next === undefined || seen.has(encode(next))) continue;
      seen.set(encode(next), next);
      queue.push(next);
    }
  }
  return seen;
}

/** What the rules are expected to say about a state, as `TicTacToeSurveyMock` writes it. */
function record(position: Position): string {
  const orRefused = (next: Position | undefined): string => (next === undefined ? REFUSED : encode(next));
  const moves = [0, 1].flatMap((player) =>
    Array.from({ length: 10 }, (_, cell) => orRefused(move(position, player, cell))),
  );
  const [first, second] = shares(position);
  return concat([
    toBeHex(mover(position), 1),
    isOver(position) ? "0x01" : "0x00",
    toBeHex(first, 2),
    toBeHex(second, 2),
    orRefused(expire(position)),
    ...moves,
  ]);
}

function* chunks<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

async function deployed(): Promise<TicTacToe> {
  return ethers.deployContract("TicTacToe");
}

const ERRORS = { interface: GameErrors__factory.createInterface() };

describe("TicTacToe", () => {
  describe("start", () => {
    it("begins with an empty board", async () => {
      const rules = await loadFixture(deployed);
      expect(await rules.start("0x", 2)).to.equal("0x000000");
    });

    it("reverts for a setup, and for more or fewer than two", async () => {
      const rules = await loadFixture(deployed);
      await expect(rules.start("0x00", 2)).to.be.revertedWithCustomError(ERRORS, "IllegalSetup").withArgs("0x00");
      for (const players of [0, 1, 3]) {
        await expect(rules.start("0x", players))
          .to.be.revertedWithCustomError(ERRORS, "PlayersOutOfRange")
          .withArgs(players, 2, 2);
      }
    });
  });

  describe("play", () => {
    it("reverts once the game is over", async () => {
      const rules = await loadFixture(deployed);
      for (const cells of [
        [0, 0, 0, 1, 1],
        [0, 0, undefined, 1, 1, 1, 0],
      ] as const) {
        const position: Position = { cells: Array.from({ length: 9 }, (_, at) => cells[at]) };
        await expect(rules.play(encode(position), mover(position), "0x08")).to.be.revertedWithCustomError(
          ERRORS,
          "GameIsOver",
        );
      }
      const late = encode({ ...EMPTY, late: 0 });
      await expect(rules.play(late, 0, "0x00")).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
    });

    it("reverts out of turn", async () => {
      const rules = await loadFixture(deployed);
      for (const player of [1n, 2n, (1n << 256n) - 1n]) {
        await expect(rules.play("0x000000", player, "0x00"))
          .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
          .withArgs(player, 0);
      }
    });

    it("reverts for a cell that is taken or is none, and for any other number of bytes", async () => {
      const rules = await loadFixture(deployed);
      const state = await rules.play("0x000000", 0, "0x04");
      for (const bad of ["0x04", "0x09", "0xff", "0x", "0x0004", `0x${"00".repeat(32)}`]) {
        await expect(rules.play(state, 1, bad))
          .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
          .withArgs(bad);
      }
    });

    it("reverts for a state that no game comes to", async () => {
      const rules = await loadFixture(deployed);
      // Another length; a cell of both; out of turn; both late; two lines; a move after a line; late after a line.
      for (const bad of ["0x", "0x0000", "0x00000000", "0x000201", "0x000200", "0x0c0000", "0x007007", "0x003807"]) {
        await expect(rules.play(bad, 0, "0x08"))
          .to.be.revertedWithCustomError(ERRORS, "IllegalState")
          .withArgs(bad);
      }
    });
  });

  it("plays a game to its end", async () => {
    const rules = await loadFixture(deployed);
    let state = await rules.start("0x", 2);
    let position = EMPTY;
    for (const [turn, cell] of [4, 0, 8, 2, 1, 7, 3, 5, 6].entries()) {
      expect(await rules.turn(state)).to.equal(turn % 2);
      expect(await rules.outcome(state)).to.deep.equal([false, [5_000n, 5_000n]]);
      state = await rules.play(state, turn % 2, toBeHex(cell, 1));
      position = move(position, turn % 2, cell) ?? EMPTY;
      expect(state).to.equal(encode(position));
    }
    expect(await rules.outcome(state)).to.deep.equal([true, [5_000n, 5_000n]]);
    await expect(rules.expire(state)).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
  });

  for (const [title, cells, shareBps] of [
    ["first", [0, 3, 1, 4, 2], [10_000n, 0n]],
    ["second", [0, 3, 1, 4, 8, 5], [0n, 10_000n]],
  ] as const) {
    it(`gives the pot to the ${title} player for a line`, async () => {
      const rules = await loadFixture(deployed);
      let state = await rules.start("0x", 2);
      for (const [turn, cell] of cells.entries()) state = await rules.play(state, turn % 2, toBeHex(cell, 1));
      expect(await rules.outcome(state)).to.deep.equal([true, shareBps]);
      await expect(rules.play(state, cells.length % 2, "0x06")).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
    });
  }

  it("gives the pot to the other where a player is late", async () => {
    const rules = await loadFixture(deployed);
    const first = await rules.expire("0x000000");
    expect(await rules.outcome(first)).to.deep.equal([true, [0n, 10_000n]]);
    const second = await rules.expire(await rules.play("0x000000", 0, "0x04"));
    expect(await rules.outcome(second)).to.deep.equal([true, [10_000n, 0n]]);
  });

  /** On anvil, which executes calls without watching every instruction. */
  describe("in every state", () => {
    let node: LocalNode;
    let provider: JsonRpcProvider;
    let survey: TicTacToeSurveyMock;
    let rules: string;

    before(async () => {
      node = await startAnvil({ chainId: 31_337, args: ["--gas-limit", "1000000000"] });
      provider = new JsonRpcProvider(node.url, 31_337, { batchMaxCount: 1, staticNetwork: true, cacheTimeout: -1 });
      const signer = await provider.getSigner(0);
      const deploy = async (name: string): Promise<string> => {
        const { abi, bytecode } = await hre.artifacts.readArtifact(name);
        const contract = await new ContractFactory(abi, bytecode, signer).deploy();
        await contract.waitForDeployment();
        return contract.getAddress();
      };
      rules = await deploy("TicTacToe");
      survey = TicTacToeSurveyMock__factory.connect(await deploy("TicTacToeSurveyMock"), provider);
    });

    after(async () => {
      provider.destroy();
      await node.stop();
    });

    it("says what the model says, of all turns, ends, moves of both players and delays", async () => {
      const positions = [...reachable()];
      expect(positions.filter(([, { late }]) => late === undefined)).to.have.length(5_478);
      for (const some of chunks(positions, 100)) {
        const records = await survey.survey(rules, concat(some.map(([state]) => state)), { gasLimit: 1_000_000_000 });
        for (const [at, [state, position]] of some.entries()) expect(records[at], state).to.equal(record(position));
      }
    });

    it("refuses every other state of disjoint cells, with nobody late and with somebody", async () => {
      const known = reachable();
      const states: string[] = [];
      for (let board = 0; board < 3 ** 9; ++board) {
        const cells = Array.from({ length: 9 }, (_, at) => [undefined, 0, 1][Math.floor(board / 3 ** at) % 3] as 0 | 1);
        const marks = encode({ cells });
        for (const late of [0, 1 + (board % 3)]) states.push(toBeHex(Number(marks) + late * 2 ** 18, 3));
      }
      for (const some of chunks(states, 500)) {
        const answers = await survey.accepted(rules, concat(some), { gasLimit: 1_000_000_000 });
        for (const [at, state] of some.entries()) {
          const position = known.get(state);
          const expected = position === undefined ? 0 : isOver(position) ? 5 : 7;
          if (Number(dataSlice(answers, at, at + 1)) !== expected) {
            expect(dataSlice(answers, at, at + 1), state).to.equal(hexlify(Uint8Array.of(expected)));
          }
        }
      }
    });

    it("refuses cells of both players, and the bits beyond", async () => {
      const states: string[] = [];
      for (let first = 1; first < 512; ++first) {
        for (const second of [first, first & -first, 511]) states.push(toBeHex(first + second * 512, 3));
      }
      for (let bit = 20; bit < 24; ++bit) states.push(toBeHex(2 ** bit, 3), toBeHex(2 ** bit + 2 ** 18, 3));
      const answers = await survey.accepted(rules, concat(states), { gasLimit: 1_000_000_000 });
      expect(answers).to.equal(`0x${"00".repeat(states.length)}`);
    });
  });
});
