import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import type { SignatureItem } from "./signatureBatch";

interface Known {
  readonly signature: Uint8Array;
  readonly address: Uint8Array | undefined;
}

/** Kept at most; the oldest go first. */
const CAPACITY = 65_536;

/**
 * The ledger's cryptography with signatures that somebody recovered before, at the door or in a thread: each answer is
 * given once, by digest and signature. What is not known is recovered here, so that no execution depends on what is.
 */
export class KnownSigners implements LedgerCrypto {
  readonly keccak256: LedgerCrypto["keccak256"];
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly crypto: LedgerCrypto,
    private readonly capacity = CAPACITY,
  ) {
    this.keccak256 = crypto.keccak256;
  }

  /** How many answers wait. */
  get size(): number {
    return this.known.size;
  }

  /** @param addresses One per item; undefined where the signature is nobody's. */
  learn(items: readonly SignatureItem[], addresses: readonly (Uint8Array | undefined)[]): void {
    for (const [i, { digest, signature }] of items.entries()) {
      this.known.set(keyOf(digest), { signature, address: addresses[i] });
    }
    for (const key of this.known.keys()) {
      if (this.known.size <= this.capacity) return;
      this.known.delete(key);
    }
  }

  readonly recover = (digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined => {
    const key = keyOf(digest);
    const known = this.known.get(key);
    if (known === undefined || !Buffer.from(signature).equals(known.signature)) {
      return this.crypto.recover(digest, signature);
    }
    this.known.delete(key);
    return known.address;
  };
}

function keyOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("latin1");
}
