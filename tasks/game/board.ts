import type { Session } from "../session";
import { liarsDice } from "./liarsDice";
import { rockPaperScissors } from "./rockPaperScissors";
import { ticTacToe } from "./ticTacToe";

/** Where somebody is in a session: what a board needs to draw it and to understand a move. */
export interface Position {
  /** Hex. */
  readonly state: string;
  readonly players: number;
  /** Of the account that looks; undefined for a spectator. */
  readonly seat: number | undefined;
  /** Where what only this account may know of this session is kept. */
  readonly secretFile: string;
}

/** How a known game is shown and typed. */
export interface Board {
  /** What a move looks like when typed, of those that can be made now. */
  hint(position: Position): string;
  draw(position: Position): Promise<readonly string[]>;
  /** The move's bytes, in hex, of what was typed. Keeps a secret where the move is a commitment. */
  move(text: string, position: Position): Promise<string>;
}

/** By the name of the sample whose code it is. */
const BOARDS: Readonly<Record<string, Board>> = {
  TicTacToe: ticTacToe,
  RockPaperScissors: rockPaperScissors,
  LiarsDice: liarsDice,
};

/** Of a game that nobody has drawn a board for. */
export const hexBoard: Board = {
  hint: () => "a move in hex, such as 0x04",
  draw: ({ state }) => Promise.resolve([`  state ${state}`]),
  async move(text) {
    const hex = text.startsWith("0x") ? text : `0x${text}`;
    if (!/^0x([0-9a-fA-F]{2}){0,256}$/.test(hex)) throw new Error(`"${text}" is not a move in hex`);
    return Promise.resolve(hex);
  },
};

/** The board of the rules at an address, known by their code. */
export async function boardOf(session: Session, rules: string): Promise<Board> {
  const code = await session.provider.getCode(rules);
  for (const [name, board] of Object.entries(BOARDS)) {
    const { deployedBytecode } = await session.hre.artifacts.readArtifact(name);
    if (deployedBytecode === code) return board;
  }
  return hexBoard;
}
