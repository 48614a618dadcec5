import { concat, getBytes, keccak256, toBeHex } from "ethers";

const byte = (value: number | bigint): string => toBeHex(value, 1);
const SECRET = keccak256("0x5ec7");

/** A choice of a pseudo-random sequence: below `bound`. */
export type Dice = (bound: number) => number;

export function dice(seed: number): Dice {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function pick<T>(roll: Dice, from: readonly T[]): T {
  return from[roll(from.length)] as T;
}

/** A sample game, and moves of which many are legal at one time or another. */
export interface SampleGame {
  readonly name: string;
  readonly players: number;
  readonly setups: readonly string[];
  move(roll: Dice, player: number, state: string): string;
}

const GARBAGE = [
  "0x",
  "0x00",
  "0xff",
  "0x0001",
  `0x${"00".repeat(32)}`,
  `0x${"a7".repeat(256)}`,
  `0x${"a7".repeat(257)}`,
];

export const SAMPLES: readonly SampleGame[] = [
  {
    name: "TicTacToe",
    players: 2,
    setups: ["0x", "0x00"],
    move: (roll) => (roll(12) === 0 ? pick(roll, GARBAGE) : byte(roll(10))),
  },
  {
    name: "RockPaperScissors",
    players: 2,
    setups: ["0x", "0x01", "0x02", "0x03", "0xff", "0x0001"],
    move(roll, player) {
      if (roll(16) === 0) return pick(roll, GARBAGE);
      // Mostly of the first round: the games are begun anew often enough.
      const opening = concat([byte(1 + player), SECRET]);
      return roll(2) === 0 ? opening : keccak256(concat([byte(roll(8) === 0 ? 1 : 0), byte(player), opening]));
    },
  },
  {
    name: "LiarsDice",
    players: 3,
    setups: ["0x", "0x01", "0x02", "0x06"],
    move(roll, player, state) {
      if (roll(16) === 0) return pick(roll, GARBAGE);
      const bytes = getBytes(state);
      const [phase, round] = [bytes[1] ?? 0, bytes[2] ?? 0];
      const image = keccak256(concat([SECRET, byte(round), byte(player)]));
      if (phase === 0) return keccak256(concat([image, byte(round), byte(player)]));
      if (phase === 1) return image;
      if (phase === 2) return roll(4) === 0 ? "0x" : concat([byte(1 + roll(3)), byte(1 + roll(6))]);
      return SECRET;
    },
  },
];

/** Code that answers every call with these bytes. */
export function answeringCode(answer: string): string {
  const length = toBeHex(getBytes(answer).length, 2);
  // PUSH2 length, PUSH2 offset, PUSH0, CODECOPY, PUSH2 length, PUSH0, RETURN; then the bytes.
  return concat(["0x61", length, "0x61000d", "0x5f39", "0x61", length, "0x5ff3", answer]);
}

/** Code that behaves badly, admitted all the same. */
export const HOSTILE_CODES: readonly { readonly title: string; readonly code: string }[] = [
  { title: "loops for ever", code: "0x5b5f56" },
  { title: "stops", code: "0x00" },
  { title: "is invalid", code: "0xfe" },
  { title: "reverts with nothing", code: "0x5f5ffd" },
  { title: "reverts with an answer", code: "0x60205ffd" },
  { title: "reverts with a megabyte", code: "0x620fffff5ffd" },
  { title: "returns a megabyte", code: "0x620fffff5ff3" },
  { title: "returns 2,048 bytes", code: "0x6108005ff3" },
  { title: "touches memory that no gas pays for", code: `0x7f${"ff".repeat(32)}51` },
  { title: "overflows the stack", code: "0x5b5f5f56" },
  { title: "underflows the stack", code: "0x01" },
  { title: "jumps into a push", code: "0x6003605b56" },
  { title: "jumps beyond its end", code: "0x61ffff56" },
  { title: "ends inside a push", code: "0x7f00" },
  // Returns 32 bytes of zero when 15,000 rounds fit into the gas, and does not at some more.
  { title: "uses nearly all gas", code: "0x61753060015b9003806005575f5260205ff3" },
];
