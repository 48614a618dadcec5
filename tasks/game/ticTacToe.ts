import { toBeHex } from "ethers";
import type { Board } from "./board";

const CELLS = 9;
const MARKS = ["X", "O"] as const;

/** Player 0 has X. A state's low 9 bits are its cells, the next 9 those of player 1; then who was late. */
export const ticTacToe: Board = {
  hint: () => "the number of a free cell",
  async draw({ state, seat }) {
    const bits = BigInt(state);
    const cell = (index: number): string => {
      if (((bits >> BigInt(index)) & 1n) === 1n) return MARKS[0];
      if (((bits >> BigInt(CELLS + index)) & 1n) === 1n) return MARKS[1];
      return `${index + 1}`;
    };
    const rows = [0, 3, 6].map((first) => `   ${[0, 1, 2].map((column) => cell(first + column)).join(" │ ")}`);
    const lines = rows.flatMap((row, index) => (index === 0 ? [row] : ["  ───┼───┼───", row]));
    return Promise.resolve(seat === undefined ? lines : [...lines, `  you are ${MARKS[seat] ?? "?"}`]);
  },
  async move(text) {
    if (!/^[1-9]$/.test(text)) throw new Error(`"${text}" is no cell: type a number from 1 to 9`);
    return Promise.resolve(toBeHex(Number(text) - 1, 1));
  },
};
