/**
 * Fields as bytes, big-endian. `f40` is an amount as mantissa · 10^exponent (35 and 5 bits); `bytes8` and `bytes16` have
 * their length before them in as many bits.
 */
export type Wire = "u8" | "u16" | "u32" | "u64" | "u128" | "u256" | "f40" | "address" | "bytes8" | "bytes16";

/** How a field appears in TypeScript: an address is 20 bytes. */
export type Value<W extends Wire> = W extends "u8" | "u16" | "u32"
  ? number
  : W extends "u64" | "u128" | "u256" | "f40"
    ? bigint
    : Uint8Array;

export type Fields = Readonly<Record<string, Wire>>;

export type Values<F extends Fields> = { readonly [Name in keyof F]: Value<F[Name]> };

const BYTES: Readonly<Record<Exclude<Wire, "bytes8" | "bytes16">, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  u128: 16,
  u256: 32,
  f40: 5,
  address: 20,
};

const MAX_U128 = (1n << 128n) - 1n;
const POWERS = Array.from({ length: 32 }, (_, exponent) => 10n ** BigInt(exponent));
const MAX_MANTISSA = (1n << 35n) - 1n;

/**
 * Reads fields one after another; `undefined` where the bytes end too early or an amount has no meaning. Values are the
 * reader's own: they outlive the bytes.
 */
export class WireReader {
  constructor(
    private readonly bytes: Uint8Array,
    public offset = 0,
  ) {}

  get left(): number {
    return this.bytes.length - this.offset;
  }

  read(wire: Wire): number | bigint | Uint8Array | undefined {
    if (wire === "bytes8" || wire === "bytes16") {
      const length = this.read(wire === "bytes8" ? "u8" : "u16") as number | undefined;
      return length === undefined ? undefined : this.copy(length);
    }
    const size = BYTES[wire];
    if (wire === "address") return this.copy(size);
    if (this.left < size) return undefined;
    if (wire === "f40") return this.amount();
    return size <= 4 ? this.small(size) : this.big(size);
  }

  /** All fields, in their order; undefined where one is. */
  readAll<F extends Fields>(fields: F): Values<F> | undefined {
    return this.readInto({}, fields);
  }

  /** All fields into `target`, behind what it has. */
  readInto<Target extends object, F extends Fields>(target: Target, fields: F): (Target & Values<F>) | undefined {
    const values = target as Record<string, number | bigint | Uint8Array>;
    for (const name in fields) {
      const value = this.read(fields[name] as Wire);
      if (value === undefined) return undefined;
      values[name] = value;
    }
    return values as unknown as Target & Values<F>;
  }

  /** A view of the next bytes. */
  take(size: number): Uint8Array | undefined {
    if (this.left < size) return undefined;
    this.offset += size;
    return this.bytes.subarray(this.offset - size, this.offset);
  }

  private copy(size: number): Uint8Array | undefined {
    if (this.left < size) return undefined;
    this.offset += size;
    // A Buffer's own slice is no copy.
    return Uint8Array.prototype.slice.call(this.bytes, this.offset - size, this.offset);
  }

  private small(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (this.bytes[this.offset++] as number);
    return value;
  }

  private big(size: number): bigint {
    let value = 0n;
    for (let left = size; left > 0; left -= 4) {
      const word = this.small(4);
      // Most are small: zeros before them need no arithmetic.
      if (value !== 0n) value = (value << 32n) | BigInt(word);
      else if (word !== 0) value = BigInt(word);
    }
    return value;
  }

  private amount(): bigint | undefined {
    const high = BigInt(this.small(1));
    const low = this.small(4);
    const value = ((high << 27n) | BigInt(low >>> 5)) * (POWERS[low & 31] as bigint);
    return value > MAX_U128 ? undefined : value;
  }
}

const FIRST_CAPACITY = 128;
const LOW_32_BITS = 0xffff_ffffn;

/** Writes what `WireReader` reads; throws a RangeError for a value that does not fit. */
export class WireWriter {
  private buffer = new Uint8Array(FIRST_CAPACITY);
  private view = new DataView(this.buffer.buffer);
  private length = 0;

  write(wire: Wire, value: number | bigint | Uint8Array): this {
    if (value instanceof Uint8Array) {
      if (wire === "bytes8" || wire === "bytes16") this.integer(value.length, wire === "bytes8" ? 1 : 2);
      else if (wire !== "address" || value.length !== 20) throw new RangeError(`${value.length} bytes are no ${wire}`);
      // Room first: another buffer may be the one after it.
      const start = this.reserve(value.length);
      this.buffer.set(value, start);
      return this;
    }
    if (wire === "f40") return this.amount(BigInt(value));
    if (wire === "bytes8" || wire === "bytes16" || wire === "address") throw new RangeError(`${value} is no ${wire}`);
    return this.integer(value, BYTES[wire]);
  }

  writeAll<F extends Fields>(fields: F, values: Values<F>): this {
    for (const name in fields) this.write(fields[name] as Wire, values[name]);
    return this;
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  /** From the beginning again: what is written often needs no new writer each time. */
  clear(): this {
    this.length = 0;
    return this;
  }

  private integer(value: number | bigint, size: number): this {
    return size > 4 ? this.big(BigInt(value), size) : this.small(Number(value), size);
  }

  private small(value: number, size: number): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) return refuse(value, size);
    const start = this.reserve(size);
    for (let i = size - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) this.buffer[start + i] = rest;
    return this;
  }

  private big(value: bigint, size: number): this {
    const start = this.reserve(size);
    let rest = value;
    // Of each value its lowest 64 bits are written.
    for (let i = size - 8; i >= 0; i -= 8, rest >>= 64n) this.view.setBigUint64(start + i, rest);
    return rest === 0n ? this : refuse(value, size);
  }

  private amount(amount: bigint): this {
    const packed = packAmount(amount);
    return this.small(Number(packed >> 32n), 1).small(Number(packed & LOW_32_BITS), 4);
  }

  /** Room for `size` bytes more; returns where it begins. */
  private reserve(size: number): number {
    const start = this.length;
    this.length += size;
    if (this.length > this.buffer.length) {
      const grown = new Uint8Array(2 * this.length);
      grown.set(this.buffer);
      this.buffer = grown;
      this.view = new DataView(grown.buffer);
    }
    return start;
  }
}

function refuse(value: number | bigint, size: number): never {
  throw new RangeError(`${value} has more than ${size} bytes`);
}

/** An amount in 40 bits; throws a RangeError where it needs more digits than 35 bits hold. */
export function packAmount(amount: bigint): bigint {
  let mantissa = amount;
  let exponent = 0n;
  while (mantissa > MAX_MANTISSA && mantissa % 10n === 0n && exponent < 31n) {
    mantissa /= 10n;
    exponent += 1n;
  }
  if (amount < 0n || mantissa > MAX_MANTISSA) throw new RangeError(`${amount} has too many digits: round it down`);
  return (mantissa << 5n) | exponent;
}

/** The greatest amount not above `amount` that fits in 40 bits. */
export function floorAmount(amount: bigint): bigint {
  let unit = 1n;
  while (amount / unit > MAX_MANTISSA) unit *= 10n;
  return amount - (amount % unit);
}
