import { concat, dataLength, dataSlice, isHexString, keccak256, toBeHex } from "ethers";

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const PARITY_BIT = 1n << 255n;

/** `r ‖ s` of 64 bytes, and which of the two keys it is. */
export interface SplitSignature {
  readonly rs: string;
  readonly parity: 0 | 1;
}

/** EIP-2098: the parity in the highest bit of `s`, which a low `s` leaves free. */
export function joinSignature(rs: string, parity: number): string {
  const s = BigInt(dataSlice(rs, 32)) | (parity === 1 ? PARITY_BIT : 0n);
  return concat([dataSlice(rs, 0, 32), toBeHex(s, 32)]);
}

/** Undefined where it has not 64 bytes or its `s` is high: the contracts refuse both. */
export function splitSignature(signature: string): SplitSignature | undefined {
  if (!isHexString(signature) || dataLength(signature) !== 64) return undefined;
  const word = BigInt(dataSlice(signature, 32));
  const s = word & (PARITY_BIT - 1n);
  if (s > HALF_ORDER) return undefined;
  return { rs: concat([dataSlice(signature, 0, 32), toBeHex(s, 32)]), parity: word >= PARITY_BIT ? 1 : 0 };
}

/** Account of a public key of 65 bytes, in lower case. Not ethers' `computeAddress`, which first decompresses what is not compressed. */
export function addressOfKey(publicKey: Uint8Array): string {
  return dataSlice(keccak256(publicKey.subarray(1)), 12);
}
