import { expect } from "chai";
import { Interface, hexlify } from "ethers";
import { playInput, startInput, stateInput } from "../../../sdk/rules/gameInput";

const GAME = new Interface([
  "function start(bytes setup, uint256 players)",
  "function play(bytes state, uint256 player, bytes move)",
  "function turn(bytes state)",
  "function expire(bytes state)",
  "function outcome(bytes state)",
]);
/** Around the edges of a word, and the longest of each. */
const LENGTHS = [0, 1, 31, 32, 33, 64, 256] as const;
const STATE_LENGTHS = [...LENGTHS, 1_023, 1_024] as const;
const NUMBERS = [0n, 1n, 16n, (1n << 64n) - 1n, 1n << 64n, (1n << 256n) - 1n] as const;

/** No two words of it are the same. */
function filled(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 5)) % 251);
}

describe("calls of a game's functions", () => {
  it("are what a general encoder makes of them", () => {
    for (const length of STATE_LENGTHS) {
      const bytes = filled(length);
      for (const name of ["turn", "expire", "outcome"] as const) {
        expect(hexlify(stateInput(name, bytes))).to.equal(GAME.encodeFunctionData(name, [bytes]));
      }
      for (const [at, number] of NUMBERS.entries()) {
        expect(hexlify(startInput(bytes, number))).to.equal(GAME.encodeFunctionData("start", [bytes, number]));
        const move = filled(LENGTHS[at] as number);
        const expected = GAME.encodeFunctionData("play", [bytes, number, move]);
        expect(hexlify(playInput(bytes, number, move))).to.equal(expected);
      }
    }
  });
});
