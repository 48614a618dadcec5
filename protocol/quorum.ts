import { concat } from "ethers";

/** Signers needed of a set of `n`: the least `k` with `3k ≥ 2n`. */
export function quorumOf(n: number): number {
  return Math.ceil((2 * n) / 3);
}

/** What a gateway takes as proof of a quorum: a bitmap over the ascending set and the signatures in that order. */
export interface QuorumProof {
  readonly signers: bigint;
  readonly signatures: string;
}

/**
 * Assembles the proof from 64-byte signatures by signer address. Takes exactly as many as the quorum needs, the lowest
 * addresses first; undefined while there are fewer. Signatures of strangers are ignored.
 */
export function quorumProof(set: readonly string[], signatures: ReadonlyMap<string, string>): QuorumProof | undefined {
  const needed = quorumOf(set.length);
  let signers = 0n;
  const chosen: string[] = [];
  for (const [index, signer] of set.entries()) {
    const signature = signatures.get(signer);
    if (signature === undefined || chosen.length === needed) continue;
    signers |= 1n << BigInt(index);
    chosen.push(signature);
  }
  return set.length > 0 && chosen.length === needed ? { signers, signatures: concat(chosen) } : undefined;
}

/** Ascending by address value, as every gateway stores a set. */
export function sortSigners(signers: readonly string[]): string[] {
  return [...signers].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}
