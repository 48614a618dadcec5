import { same } from "../../protocol/ledger/authority";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import type { SignatureItem } from "./signatureBatch";

interface Known {
  readonly item: SignatureItem;
  readonly address: Uint8Array | undefined;
}

/** Kept at most; the oldest go first. */
const CAPACITY = 65_536;
/** Of a digest, in its key: as many as a number holds exactly. Where two digests have one key, the newer one is known. */
const KEY_BYTES = 6;

/**
 * The ledger's cryptography with signatures that somebody recovered before, at the door or in a thread: each answer is
 * given once, by digest and signature. What is not known is recovered here, so that no execution depends on what is.
 */
export class KnownSigners implements LedgerCrypto {
  readonly keccak256: LedgerCrypto["keccak256"];
  private readonly known = new Map<number, Known>();

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
    for (const [i, item] of items.entries()) this.known.set(keyOf(item.digest), { item, address: addresses[i] });
    for (const key of this.known.keys()) {
      if (this.known.size <= this.capacity) return;
      this.known.delete(key);
    }
  }

  readonly recover = (digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined => {
    const key = keyOf(digest);
    const known = this.known.get(key);
    if (known === undefined || !same(known.item.digest, digest) || !same(known.item.signature, signature)) {
      return this.crypto.recover(digest, signature);
    }
    this.known.delete(key);
    return known.address;
  };
}

function keyOf(digest: Uint8Array): number {
  let key = 0;
  for (let i = 0; i < KEY_BYTES; i++) key = key * 256 + (digest[i] as number);
  return key;
}
