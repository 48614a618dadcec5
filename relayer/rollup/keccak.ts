import type { LedgerCrypto } from "../../protocol/ledger/crypto";

/**
 * keccak256 by a WebAssembly module that is written here, instruction by instruction: the permutation and nothing else. A
 * ledger hashes forty times a transaction, 64 bytes mostly, and in a module of a package half of that time is its wrapper
 * (three calls and as many views for each hash). `test/relayer/rollup/signatures.test.ts` compares it with two others.
 */
const LANES = 25;
const ROUNDS = 24;
const STATE_BYTES = 200;
const RATE_BYTES = 136;
const DIGEST_BYTES = 32;
const LANE_BYTES = 8;
/** Where the module finds the constants of its rounds. */
const CONSTANTS_AT = 256;

const OP = {
  Loop: 0x03,
  End: 0x0b,
  BranchIf: 0x0d,
  Get: 0x20,
  Set: 0x21,
  Tee: 0x22,
  Load64: 0x29,
  Store64: 0x37,
  Const32: 0x41,
  Const64: 0x42,
  LessThan32: 0x49,
  Add32: 0x6a,
  And64: 0x83,
  Xor64: 0x85,
  RotateLeft64: 0x89,
} as const;
const I32 = 0x7f;
const I64 = 0x7e;
const NOTHING = 0x40;
/** `-1` as a constant of either size. */
const ALL_BITS = 0x7f;
const ALIGN_8 = 3;

/** Locals: the state, what becomes of it in a round, a word per column twice, and where the round's constant is. */
const NEXT = LANES;
const COLUMN = 2 * LANES;
const CHANGE = COLUMN + 5;
const CONSTANT = CHANGE + 5;

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** A constant that is not negative: its highest bit of seven must not look like a sign. */
function positive(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...positive(value >>> 7)];
}

const get = (local: number): number[] => [OP.Get, ...unsigned(local)];
const set = (local: number): number[] => [OP.Set, ...unsigned(local)];
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** How far each lane is rotated, by the recurrence of FIPS 202, 3.2.2. */
function rotations(): readonly number[] {
  const offsets = Array<number>(LANES).fill(0);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    offsets[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return offsets;
}

/** Constants of the rounds, by the shift register of FIPS 202, 3.2.5. */
function constants(): readonly bigint[] {
  let register = 1;
  return range(ROUNDS).map(() => {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
      if ((register & 1) === 1) constant |= 1n << BigInt(2 ** j - 1);
      register = (register << 1) ^ ((register >> 7) * 0x171);
    }
    return constant;
  });
}

function round(): number[] {
  const code: number[] = [];
  for (const x of range(5)) {
    code.push(...get(x));
    for (const y of [1, 2, 3, 4]) code.push(...get(x + 5 * y), OP.Xor64);
    code.push(...set(COLUMN + x));
  }
  for (const x of range(5)) {
    code.push(...get(COLUMN + ((x + 1) % 5)), OP.Const64, 1, OP.RotateLeft64);
    code.push(...get(COLUMN + ((x + 4) % 5)), OP.Xor64, ...set(CHANGE + x));
  }
  const offsets = rotations();
  for (const lane of range(LANES)) {
    const [x, y] = [lane % 5, Math.floor(lane / 5)];
    code.push(...get(lane), ...get(CHANGE + x), OP.Xor64);
    code.push(OP.Const64, ...positive(offsets[lane] as number), OP.RotateLeft64);
    code.push(...set(NEXT + y + 5 * ((2 * x + 3 * y) % 5)));
  }
  for (const lane of range(LANES)) {
    const row = lane - (lane % 5);
    code.push(...get(NEXT + row + ((lane + 1) % 5)), OP.Const64, ALL_BITS, OP.Xor64);
    code.push(...get(NEXT + row + ((lane + 2) % 5)), OP.And64, ...get(NEXT + lane), OP.Xor64, ...set(lane));
  }
  code.push(...get(0), ...get(CONSTANT), OP.Load64, ALIGN_8, 0, OP.Xor64, ...set(0));
  return code;
}

function permutation(): number[] {
  const code: number[] = [];
  for (const lane of range(LANES)) {
    code.push(OP.Const32, 0, OP.Load64, ALIGN_8, ...unsigned(LANE_BYTES * lane), ...set(lane));
  }
  code.push(OP.Const32, ...positive(CONSTANTS_AT), ...set(CONSTANT));
  code.push(OP.Loop, NOTHING, ...round());
  code.push(...get(CONSTANT), OP.Const32, LANE_BYTES, OP.Add32, OP.Tee, ...unsigned(CONSTANT));
  code.push(OP.Const32, ...positive(CONSTANTS_AT + LANE_BYTES * ROUNDS), OP.LessThan32, OP.BranchIf, 0, OP.End);
  for (const lane of range(LANES)) {
    code.push(OP.Const32, 0, ...get(lane), OP.Store64, ALIGN_8, ...unsigned(LANE_BYTES * lane));
  }
  code.push(OP.End);
  return code;
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const locals = [2, ...unsigned(CONSTANT), I64, 1, I32];
  const body = [...locals, ...permutation()];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // One type, of a function without arguments and results; one function; a memory of one page.
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name("memory"), 2, 0, ...name("permute"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/** What is used of the platform's WebAssembly, which belongs to no library of types without a browser. */
interface WebAssemblyPlatform {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly permute: () => void };
  };
}

/** A hasher of its own memory. */
export function createKeccak256(): LedgerCrypto["keccak256"] {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyPlatform }).WebAssembly;
  const { memory, permute } = new Instance(new Module(moduleBytes())).exports;
  new BigUint64Array(memory.buffer, CONSTANTS_AT, ROUNDS).set(constants());
  const state = new Uint8Array(memory.buffer, 0, STATE_BYTES);
  return (bytes) => {
    state.fill(0);
    let length = bytes.length;
    if (length < RATE_BYTES) {
      state.set(bytes);
    } else {
      let at = 0;
      for (; length >= RATE_BYTES; length -= RATE_BYTES) {
        for (let i = 0; i < RATE_BYTES; i++) state[i] = (state[i] as number) ^ (bytes[at++] as number);
        permute();
      }
      for (let i = 0; i < length; i++) state[i] = (state[i] as number) ^ (bytes[at++] as number);
    }
    state[length] = (state[length] as number) ^ 0x01;
    state[RATE_BYTES - 1] = (state[RATE_BYTES - 1] as number) ^ 0x80;
    permute();
    return state.slice(0, DIGEST_BYTES);
  };
}
