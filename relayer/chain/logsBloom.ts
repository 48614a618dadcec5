import { keccak256 } from "ethers";

/** Whether a header's bloom filter admits a log with this address or topic. False is certain, true is not. */
export function bloomAdmits(bloom: string, value: string): boolean {
  const hash = keccak256(value);
  for (const pair of [0, 1, 2]) {
    const bit = Number.parseInt(hash.slice(2 + 4 * pair, 6 + 4 * pair), 16) & 2047;
    const nibble = Number.parseInt(bloom.charAt(2 + 511 - (bit >> 2)), 16);
    if ((nibble & (1 << (bit & 3))) === 0) return false;
  }
  return true;
}
