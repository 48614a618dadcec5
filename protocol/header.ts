import { Signature, TypedDataEncoder, recoverAddress, type TypedDataDomain } from "ethers";

/** State of a source gateway for one lane at the end of one finalized block. */
export interface Header {
  readonly source: bigint;
  readonly sourceBlock: bigint;
  readonly epoch: bigint;
  readonly toSeq: bigint;
  readonly acc: string;
  readonly ackSeq: bigint;
  readonly resAcc: string;
}

/** A signer set that follows the current one. `signers` ascend. */
export interface Rotation {
  readonly epoch: bigint;
  readonly validUntil: bigint;
  readonly signers: readonly string[];
}

/** The gateway that a signature is for. */
export interface Target {
  readonly chainId: bigint;
  readonly gateway: string;
}

export const HEADER_TYPES = {
  Header: [
    { name: "source", type: "uint64" },
    { name: "sourceBlock", type: "uint64" },
    { name: "epoch", type: "uint64" },
    { name: "toSeq", type: "uint64" },
    { name: "acc", type: "bytes32" },
    { name: "ackSeq", type: "uint64" },
    { name: "resAcc", type: "bytes32" },
  ],
};

export const ROTATION_TYPES = {
  Rotation: [
    { name: "epoch", type: "uint64" },
    { name: "validUntil", type: "uint64" },
    { name: "signers", type: "address[]" },
  ],
};

export function domain(target: Target): TypedDataDomain {
  return { name: "QCP", version: "1", chainId: target.chainId, verifyingContract: target.gateway };
}

export function headerDigest(header: Header, target: Target): string {
  return TypedDataEncoder.hash(domain(target), HEADER_TYPES, header);
}

export function rotationDigest(rotation: Rotation, target: Target): string {
  return TypedDataEncoder.hash(domain(target), ROTATION_TYPES, rotation);
}

/** Address behind a 64-byte EIP-2098 signature; throws on a malformed or high-s one. */
export function recoverSigner(digest: string, compact: string): string {
  return recoverAddress(digest, Signature.from(compact));
}
