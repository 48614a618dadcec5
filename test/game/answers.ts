import { concat, dataLength, toBeHex, zeroPadBytes } from "ethers";

/** What rules may answer, and what it means; the same for Solidity and for TypeScript. */
export interface AnswerCase {
  readonly title: string;
  readonly answer: string;
}

export interface StateCase extends AnswerCase {
  /** Absent where the answer is a failure. */
  readonly state?: string;
}

export interface TurnCase extends AnswerCase {
  readonly player?: bigint;
}

export interface OutcomeCase extends AnswerCase {
  readonly players: number;
  readonly outcome?: { readonly over: boolean; readonly shareBps: readonly bigint[] };
}

export const word = (value: bigint | number): string => toBeHex(value, 32);
export const bytes = (length: number): string => `0x${"a7".repeat(length)}`;
const MAX_WORD = (1n << 256n) - 1n;

/** The exact ABI encoding of `bytes`. */
export function encodeState(
  state: string,
  offset: bigint | number = 32,
  length: bigint | number = dataLength(state),
): string {
  return concat([word(offset), word(length), zeroPadBytes(state, Math.ceil(dataLength(state) / 32) * 32)]);
}

export function encodeOutcome(over: bigint | number, shares: readonly (bigint | number)[]): string {
  return concat([word(over), word(64), word(shares.length), ...shares.map(word)]);
}

export const STATES: readonly StateCase[] = [
  ...[1, 31, 32, 33, 64, 1_023, 1_024].map((length) => ({
    title: `a state of ${length} bytes`,
    answer: encodeState(bytes(length)),
    state: bytes(length),
  })),
  {
    title: "a state with bits behind its end",
    answer: concat([word(32), word(3), bytes(32)]),
    state: bytes(3),
  },
  { title: "no state", answer: encodeState("0x") },
  { title: "no state, with a word behind", answer: concat([encodeState("0x"), word(0)]) },
  { title: "a state of 1,025 bytes", answer: encodeState(bytes(1_025)) },
  { title: "a length of 1,025 in the room of 1,024", answer: encodeState(bytes(1_024), 32, 1_025) },
  { title: "an offset of 0", answer: encodeState(bytes(5), 0) },
  { title: "an offset of 31", answer: encodeState(bytes(5), 31) },
  { title: "an offset of 33", answer: encodeState(bytes(5), 33) },
  { title: "an offset of 64, with the state there", answer: concat([word(64), word(0), word(1), bytes(32)]) },
  { title: "an offset of 32 in the low bits only", answer: encodeState(bytes(5), 32n + (1n << 64n)) },
  { title: "a length beyond the answer", answer: encodeState(bytes(32), 32, 33) },
  { title: "a word more than the state needs", answer: encodeState(bytes(33), 32, 32) },
  { title: "a length of all ones", answer: encodeState(bytes(32), 32, MAX_WORD) },
  { title: "a length that overflows when rounded", answer: encodeState(bytes(32), 32, MAX_WORD - 31n) },
  { title: "a state that is not padded", answer: concat([word(32), word(5), bytes(5)]) },
  { title: "a byte behind the padding", answer: concat([encodeState(bytes(5)), "0x00"]) },
  { title: "a last byte that is missing", answer: encodeState(bytes(32)).slice(0, -2) },
  { title: "a length alone", answer: concat([word(32), word(5)]) },
  { title: "an offset alone", answer: word(32) },
  { title: "nothing", answer: "0x" },
  { title: "all that a state may have, and a byte", answer: concat([encodeState(bytes(1_024)), "0x00"]) },
];

export const TURNS: readonly TurnCase[] = [
  { title: "player 0", answer: word(0), player: 0n },
  { title: "player 15", answer: word(15), player: 15n },
  { title: "whoever likes", answer: word(MAX_WORD), player: MAX_WORD },
  { title: "31 bytes", answer: bytes(31) },
  { title: "33 bytes", answer: bytes(33) },
  { title: "two words", answer: concat([word(0), word(0)]) },
  { title: "nothing", answer: "0x" },
];

const even = (players: number): bigint[] =>
  Array.from({ length: players }, (_, i) => (i === 0 ? 10_000n - 600n * BigInt(players - 1) : 600n));

export const OUTCOMES: readonly OutcomeCase[] = [
  ...[1, 2, 16].map((players) => ({
    title: `the shares of ${players}`,
    answer: encodeOutcome(1, even(players)),
    players,
    outcome: { over: true, shareBps: even(players) },
  })),
  {
    title: "all to one",
    answer: encodeOutcome(1, [0, 10_000]),
    players: 2,
    outcome: { over: true, shareBps: [0n, 10_000n] },
  },
  {
    title: "a game that is not over, whatever the shares",
    answer: encodeOutcome(0, [MAX_WORD, 3n]),
    players: 2,
    outcome: { over: false, shareBps: [MAX_WORD, 3n] },
  },
  { title: "more than the pot", answer: encodeOutcome(1, [5_000, 5_001]), players: 2 },
  { title: "less than the pot", answer: encodeOutcome(1, [5_000, 4_999]), players: 2 },
  { title: "nothing of the pot", answer: encodeOutcome(1, [0, 0]), players: 2 },
  { title: "a sum that overflows to the pot", answer: encodeOutcome(1, [MAX_WORD, 10_001n]), players: 2 },
  { title: "a share of 10,001 beside a sum that wraps", answer: encodeOutcome(1, [10_001n, MAX_WORD]), players: 2 },
  { title: "over as 2", answer: encodeOutcome(2, [5_000, 5_000]), players: 2 },
  { title: "over in a high bit", answer: encodeOutcome(1n << 255n, [5_000, 5_000]), players: 2 },
  { title: "the shares of one player more", answer: encodeOutcome(1, [5_000, 5_000, 0]), players: 2 },
  { title: "the shares of one player less", answer: encodeOutcome(1, [10_000]), players: 2 },
  {
    title: "another length in the right size",
    answer: concat([word(1), word(64), word(1), word(10_000), word(0)]),
    players: 2,
  },
  {
    title: "another offset in the right size",
    answer: concat([word(1), word(96), word(2), word(5_000), word(5_000)]),
    players: 2,
  },
  { title: "a byte behind", answer: concat([encodeOutcome(1, [5_000, 5_000]), "0x00"]), players: 2 },
  { title: "a last byte that is missing", answer: encodeOutcome(1, [5_000, 5_000]).slice(0, -2), players: 2 },
  { title: "nothing", answer: "0x", players: 2 },
  { title: "17 players", answer: encodeOutcome(1, even(17)), players: 17 },
  { title: "no players", answer: encodeOutcome(0, []), players: 0 },
];
