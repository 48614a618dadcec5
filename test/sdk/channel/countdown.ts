import { getBytes, hexlify } from "ethers";
import { ANYONE, type Rules } from "../../../sdk/rules/rules";

/**
 * Rules in a few lines, for tests of the channel itself. Players take 1 to 3 from a heap in turn; who takes the last one
 * gets everything. State: heap, player whose turn it is (0xff: anyone), players, winner + 1. A setup of one byte is the
 * heap; a second byte lets anyone move.
 */
export class CountdownRules implements Rules {
  async start(setup: Uint8Array, players: bigint): Promise<Uint8Array | undefined> {
    if (setup.length < 1 || setup.length > 2 || players < 2n) return undefined;
    return Uint8Array.of(setup[0] as number, setup.length === 2 ? 0xff : 0, Number(players), 0);
  }

  async play(state: Uint8Array, player: bigint, move: Uint8Array): Promise<Uint8Array | undefined> {
    const [heap, turn, players] = [...state] as [number, number, number];
    const taken = move[0] ?? 0;
    const isTurn = turn === 0xff || BigInt(turn) === player;
    if (move.length !== 1 || taken < 1 || taken > 3 || taken > heap || !isTurn || player >= BigInt(players))
      return undefined;
    const rest = heap - taken;
    const next = turn === 0xff ? 0xff : (turn + 1) % players;
    return Uint8Array.of(rest, next, players, rest === 0 ? Number(player) + 1 : 0);
  }

  async turn(state: Uint8Array): Promise<bigint | undefined> {
    return state[1] === 0xff ? ANYONE : BigInt(state[1] as number);
  }

  async expire(): Promise<Uint8Array | undefined> {
    return undefined;
  }

  async outcome(state: Uint8Array, players: bigint): Promise<{ over: boolean; shareBps: bigint[] } | undefined> {
    const winner = (state[3] as number) - 1;
    const shareBps = Array.from({ length: Number(players) }, (_, index) => (index === winner ? 10_000n : 0n));
    return { over: winner >= 0, shareBps };
  }
}

/** The heap that a state holds. */
export function heapOf(gameState: string): number {
  return getBytes(gameState)[0] as number;
}

export function take(count: number): string {
  return hexlify(Uint8Array.of(count));
}
