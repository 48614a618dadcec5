import type { Outcome } from "../../protocol/gameAnswer";

/**
 * A game's rules, as `GameCall` has them on chain. Each answer is the exact value that the venue on chain would see, or
 * undefined where the rules revert, run out of gas, break a limit or answer with anything but the exact encoding.
 */
export interface Rules {
  start(setup: Uint8Array, players: bigint): Promise<Uint8Array | undefined>;
  play(state: Uint8Array, player: bigint, move: Uint8Array): Promise<Uint8Array | undefined>;
  /** `ANYONE` where more than one may move. */
  turn(state: Uint8Array): Promise<bigint | undefined>;
  expire(state: Uint8Array): Promise<Uint8Array | undefined>;
  outcome(state: Uint8Array, players: bigint): Promise<Outcome | undefined>;
}

/** What `turn` answers where more than one player may move. */
export const ANYONE = (1n << 256n) - 1n;
