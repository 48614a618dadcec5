import { keccak256 } from "ethers";
import { bytesToHex, hexToBytes } from "../../protocol/hex";

const HALF_ORDER = hexToBytes("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
const BYTES = 64;
const S_AT = 32;
const PARITY_BIT = 0x80;

/** `r ‖ s` of 64 bytes, and which of the two keys it is. */
export interface SplitSignature {
  readonly rs: Uint8Array;
  readonly parity: 0 | 1;
}

/** EIP-2098: the parity in the highest bit of `s`, which a low `s` leaves free. */
export function joinSignature(rs: Uint8Array, parity: number): string {
  const joined = rs.slice();
  if (parity === 1) joined[S_AT] = (joined[S_AT] as number) | PARITY_BIT;
  return bytesToHex(joined);
}

/** Undefined where it has not 64 bytes or its `s` is high: the contracts refuse both. */
export function splitSignature(signature: string): SplitSignature | undefined {
  const rs = bytesOf(signature);
  if (rs?.length !== BYTES) return undefined;
  const top = rs[S_AT] as number;
  rs[S_AT] = top & ~PARITY_BIT;
  return isHigh(rs.subarray(S_AT)) ? undefined : { rs, parity: top < PARITY_BIT ? 0 : 1 };
}

/** Account of a public key of 65 bytes, in lower case. Not ethers' `computeAddress`, which first decompresses what is not compressed. */
export function addressOfKey(publicKey: Uint8Array): string {
  return `0x${keccak256(publicKey.subarray(1)).slice(-40)}`;
}

function bytesOf(text: string): Uint8Array | undefined {
  try {
    return hexToBytes(text);
  } catch {
    return undefined;
  }
}

function isHigh(s: Uint8Array): boolean {
  const differing = s.findIndex((byte, index) => byte !== HALF_ORDER[index]);
  return differing >= 0 && (s[differing] as number) > (HALF_ORDER[differing] as number);
}
