/** What rules answer, read as `GameCall` reads it: what is not the exact encoding of a value within the limits is nothing. */

/** Gas of a call of rules, all of it for the rules themselves. */
export const GAME_CALL_GAS = 1_000_000n;
export const MAX_STATE_BYTES = 1_024;
/** Of a setup and of a move. */
export const MAX_INPUT_BYTES = 256;
export const MAX_PLAYERS = 16;
export const TOTAL_BPS = 10_000n;

export interface Outcome {
  readonly over: boolean;
  /** One part of the pot per player; of no meaning before the game is over. */
  readonly shareBps: readonly bigint[];
}

/** Whether rules are asked at all about this state. */
export function isState(state: Uint8Array): boolean {
  return state.length !== 0 && state.length <= MAX_STATE_BYTES;
}

/** Whether rules are asked at all with this setup or move. */
export function isInput(input: Uint8Array): boolean {
  return input.length <= MAX_INPUT_BYTES;
}

/** Whether rules are asked at all about so many players. */
export function isPlayerCount(players: bigint): boolean {
  return players >= 1n && players <= BigInt(MAX_PLAYERS);
}

/** Answer of `start`, `play` and `expire`. The bits behind the state's end are ignored. */
export function readState(answer: Uint8Array): Uint8Array | undefined {
  if (answer.length < 96 || answer.length > 64 + MAX_STATE_BYTES || word(answer, 0) !== 32n) return undefined;
  const length = word(answer, 32);
  if (length === 0n || length > BigInt(MAX_STATE_BYTES)) return undefined;
  if (answer.length !== 64 + Math.ceil(Number(length) / 32) * 32) return undefined;
  return answer.slice(64, 64 + Number(length));
}

/** Answer of `turn`. */
export function readTurn(answer: Uint8Array): bigint | undefined {
  return answer.length === 32 ? word(answer, 0) : undefined;
}

/** Answer of `outcome` in a game of `players`. */
export function readOutcome(answer: Uint8Array, players: bigint): Outcome | undefined {
  if (!isPlayerCount(players) || answer.length !== 96 + 32 * Number(players)) return undefined;
  const first = word(answer, 0);
  if (first > 1n || word(answer, 32) !== 64n || word(answer, 64) !== players) return undefined;
  const over = first === 1n;
  const shareBps = Array.from({ length: Number(players) }, (_, index) => word(answer, 96 + 32 * index));
  if (over && shareBps.reduce((sum, share) => sum + share, 0n) !== TOTAL_BPS) return undefined;
  return { over, shareBps };
}

function word(bytes: Uint8Array, offset: number): bigint {
  let value = 0n;
  for (const byte of bytes.subarray(offset, offset + 32)) value = (value << 8n) | BigInt(byte);
  return value;
}
