import { concat, dataSlice, getBytes, hexlify, keccak256, randomBytes, toBeHex } from "ethers";
import type { Board, Position } from "./board";
import { findSecret, keepSecrets } from "./secrets";

const CHOICES = ["rock", "paper", "scissors"] as const;
const NOTHING = `0x${"00".repeat(32)}`;

interface Match {
  readonly rounds: number;
  readonly played: number;
  readonly wins: readonly number[];
  /** A bit for each player who was late. */
  readonly late: number;
  /** 0: not opened. */
  readonly choices: readonly number[];
  readonly commitments: readonly string[];
}

function read(state: string): Match {
  const [rounds, played, first, second, late, ...choices] = getBytes(dataSlice(state, 0, 7));
  return {
    rounds: rounds ?? 0,
    played: played ?? 0,
    wins: [first ?? 0, second ?? 0],
    late: late ?? 0,
    choices,
    commitments: [dataSlice(state, 7, 39), dataSlice(state, 39, 71)],
  };
}

/** Whatever the rounds left bring, the result stands. */
function isOver({ rounds, played, wins, late }: Match): boolean {
  return late !== 0 || played === rounds || Math.abs((wins[0] ?? 0) - (wins[1] ?? 0)) > rounds - played;
}

/** A choice is committed to with a salt, which is kept in a file until both have committed; then it is opened. */
export const rockPaperScissors: Board = {
  hint: ({ state }) => (read(state).commitments.includes(NOTHING) ? "rock, paper or scissors" : "open"),
  async draw({ state, seat, secretFile }) {
    const match = read(state);
    const { rounds, played, wins, late, choices, commitments } = match;
    if (isOver(match)) {
      const missed = [0, 1].filter((player) => (late >> player) & 1);
      return [
        `  over after ${played} of ${rounds} rounds, ${wins.join(" : ")}`,
        ...missed.map((player) => `  player ${player}${player === seat ? " (you)" : ""} was late`),
      ];
    }
    const stands = [0, 1].map((player) => {
      const choice = choices[player] ?? 0;
      if (choice !== 0) return `shows ${CHOICES[choice - 1] ?? "?"}`;
      return commitments[player] === NOTHING ? "has not chosen" : "has chosen";
    });
    const own = seat === undefined ? undefined : commitments[seat];
    const known = own === undefined || own === NOTHING ? undefined : await findSecret(secretFile, own);
    return [
      `  round ${played + 1} of ${rounds}, ${wins.join(" : ")}`,
      ...stands.map((stand, player) => `  player ${player}${player === seat ? " (you)" : ""} ${stand}`),
      ...(known === undefined ? [] : [`  your choice is kept in ${secretFile}: without this file you lose`]),
    ];
  },
  async move(text, position) {
    const word = text.toLowerCase();
    if (word === "open") return opening(position);
    const choice = CHOICES.findIndex((name) => name === word) + 1;
    if (choice === 0) throw new Error(`"${text}" is neither rock, paper, scissors nor open`);
    const { seat, secretFile } = position;
    if (seat === undefined) throw new Error("you do not play in this session");
    const opened = concat([toBeHex(choice, 1), hexlify(randomBytes(32))]);
    const { played } = read(position.state);
    const commitment = keccak256(concat([toBeHex(played, 1), toBeHex(seat, 1), opened]));
    await keepSecrets(secretFile, { [commitment]: opened });
    return commitment;
  },
};

async function opening({ state, seat, secretFile }: Position): Promise<string> {
  const commitment = seat === undefined ? NOTHING : (read(state).commitments[seat] ?? NOTHING);
  if (commitment === NOTHING) throw new Error("you have not chosen yet");
  const opened = await findSecret(secretFile, commitment);
  if (opened === undefined)
    throw new Error(`${secretFile} does not hold what you chose: look on the machine you chose on`);
  return opened;
}
