const DIGITS = "0123456789abcdef";
const PAIRS = Array.from({ length: 256 }, (_, byte) => `${DIGITS[byte >> 4]}${DIGITS[byte & 15]}`);
const NOT_A_DIGIT = 255;

/** By character code: what a digit is worth. */
const WORTH = Uint8Array.from({ length: 128 }, (_, code) => {
  const worth = DIGITS.indexOf(String.fromCharCode(code).toLowerCase());
  return worth < 0 ? NOT_A_DIGIT : worth;
});

function worthOf(text: string, at: number): number {
  return WORTH[text.charCodeAt(at)] ?? NOT_A_DIGIT;
}

/**
 * The bytes of a text such as `0x04ff`; a RangeError for any other. By a table, and its twin too: state by state ethers'
 * `getBytes` and `hexlify` would take as long as the signatures.
 */
export function hexToBytes(text: string): Uint8Array {
  const length = (text.length - 2) / 2;
  if (!text.startsWith("0x") || !Number.isInteger(length)) throw new RangeError(`not whole bytes in hex: ${text}`);
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    const high = worthOf(text, 2 + 2 * index);
    const low = worthOf(text, 3 + 2 * index);
    if (high === NOT_A_DIGIT || low === NOT_A_DIGIT) throw new RangeError(`not hex: ${text}`);
    bytes[index] = high * 16 + low;
  }
  return bytes;
}

/** In lower case, with `0x`. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = "0x";
  for (const byte of bytes) text += PAIRS[byte];
  return text;
}

/** A number below 2^256 as the chain has it: 64 digits behind `0x`. */
export function wordToHex(value: bigint): string {
  return `0x${value.toString(16).padStart(64, "0")}`;
}
