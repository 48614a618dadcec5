import { createInterface } from "node:readline/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Refusal } from "../refusal";
import type { Session } from "../session";

/** A session as the account that looks at it sees it, wherever it is played. */
export interface SeatView {
  readonly phase: string;
  readonly isOver: boolean;
  readonly accounts: readonly string[];
  readonly seat: number | undefined;
  /** Who may move: a seat, or everybody. */
  readonly turn: number | "anyone" | undefined;
  readonly state: string;
  /** Unix seconds. */
  readonly deadline: bigint;
  /** What the account may have paid now. */
  readonly owed: bigint;
}

/** One account at one session. */
export interface Seat<View extends SeatView> {
  table(): Promise<View>;
  show(): Promise<View>;
  /** What a move looks like when typed. */
  hint(view: View): Promise<string>;
  move(text: string): Promise<void>;
  /** Has a missed deadline decided. */
  expire(): Promise<void>;
  withdraw(): Promise<void>;
}

const POLL_MS = 1_000;

/** Plays a session to its end with whoever sits at the terminal. */
export async function playInTerminal<View extends SeatView>(player: Seat<View>, session: Session): Promise<View> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C and Ctrl-D: they end a question as q does, and the waiting.
  let isClosed = false;
  terminal.once("close", () => (isClosed = true));
  const ask = (question: string): Promise<string> =>
    terminal.question(question).then(
      (answer) => answer.trim().toLowerCase(),
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ABORT_ERR") throw error;
        session.say("");
        return "q";
      },
    );
  // Another may have been faster, or the text be no move: the game goes on.
  const attempt = (step: Promise<void>): Promise<void> =>
    step.catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
      session.say(`  ${error.message}`);
    });
  try {
    let shown = "";
    for (;;) {
      const table = await player.table();
      const key = `${table.phase} ${table.state} ${table.accounts.length}`;
      const changed = key !== shown;
      if (changed) await player.show();
      shown = key;
      if (isClosed) return table;
      if (table.isOver) {
        if (table.owed === 0n || !isYes(await ask("Have it paid now? [y/N] "))) return table;
        await player.withdraw();
        return await player.table();
      }
      const mine = table.turn === "anyone" || (table.turn === table.seat && table.seat !== undefined);
      if (table.phase === "playing" && (await session.time()) > table.deadline) {
        const answer = await ask("The deadline has passed. Have it decided? [y/N], q quits> ");
        if (answer === "q") return table;
        if (isYes(answer)) await attempt(player.expire());
      } else if (table.phase === "playing" && mine && table.seat !== undefined) {
        const text = await ask(`Your move, ${await player.hint(table)}; Enter looks again, q quits> `);
        if (text === "q") return table;
        if (text !== "") await attempt(player.move(text));
      } else {
        if (changed) session.say("  waiting for the others: Ctrl-C ends this program, not the game");
        await delay(POLL_MS);
      }
    }
  } finally {
    terminal.close();
  }
}

const isYes = (answer: string): boolean => answer === "y" || answer === "yes";
