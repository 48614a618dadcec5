import { getBytes, id } from "ethers";

const WORD = 32;

function selector(signature: string): Uint8Array {
  return getBytes(id(signature)).slice(0, 4);
}

const SELECTORS = {
  start: selector("start(bytes,uint256)"),
  play: selector("play(bytes,uint256,bytes)"),
  turn: selector("turn(bytes)"),
  expire: selector("expire(bytes)"),
  outcome: selector("outcome(bytes)"),
};

/**
 * Calls of `IGame` as `abi.encodeCall` encodes them. By hand, because a general encoder takes as long as a small game's
 * whole move.
 */
export function startInput(setup: Uint8Array, players: bigint): Uint8Array {
  return encode(SELECTORS.start, [setup, players]);
}

export function playInput(state: Uint8Array, player: bigint, move: Uint8Array): Uint8Array {
  return encode(SELECTORS.play, [state, player, move]);
}

/** A call of one of the functions that take a state alone. */
export function stateInput(name: "turn" | "expire" | "outcome", state: Uint8Array): Uint8Array {
  return encode(SELECTORS[name], [state]);
}

function padded(bytes: Uint8Array): number {
  return Math.ceil(bytes.length / WORD) * WORD;
}

function encode(name: Uint8Array, args: readonly (Uint8Array | bigint)[]): Uint8Array {
  const tails = args.map((arg) => (typeof arg === "bigint" ? 0 : WORD + padded(arg)));
  const input = new Uint8Array(4 + args.length * WORD + tails.reduce((sum, tail) => sum + tail, 0));
  input.set(name);
  let tailAt = args.length * WORD;
  for (const [index, arg] of args.entries()) {
    const headAt = 4 + index * WORD;
    if (typeof arg === "bigint") {
      setWord(input, headAt, arg);
      continue;
    }
    setWord(input, headAt, BigInt(tailAt));
    setWord(input, 4 + tailAt, BigInt(arg.length));
    input.set(arg, 4 + tailAt + WORD);
    tailAt += WORD + padded(arg);
  }
  return input;
}

function setWord(bytes: Uint8Array, at: number, word: bigint): void {
  const view = new DataView(bytes.buffer, at, WORD);
  for (let quarter = 0; quarter < 4; quarter++) {
    view.setBigUint64(quarter * 8, BigInt.asUintN(64, word >> BigInt(192 - 64 * quarter)));
  }
}
