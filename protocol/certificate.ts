import { TypedDataEncoder, type TypedDataDomain } from "ethers";

/** What an operator stands for by its signature: that it re-executed this batch, and found what the batch says. */
export interface Certificate {
  readonly batchHash: string;
  readonly number: bigint;
  /** Of the gateway's signer set that the operator is in. */
  readonly epoch: bigint;
}

/** The contract `Rollup` that a signature is for. */
export interface RollupTarget {
  readonly chainId: bigint;
  readonly rollup: string;
}

export const CERTIFICATE_TYPES = {
  BatchCertificate: [
    { name: "batchHash", type: "bytes32" },
    { name: "number", type: "uint64" },
    { name: "epoch", type: "uint64" },
  ],
};

/** EIP-712 domain of everything that is signed for a rollup. */
export function rollupDomain({ chainId, rollup }: RollupTarget): TypedDataDomain {
  return { name: "COS GameNet", version: "1", chainId, verifyingContract: rollup };
}

export function certificateDigest(certificate: Certificate, target: RollupTarget): string {
  return TypedDataEncoder.hash(rollupDomain(target), CERTIFICATE_TYPES, certificate);
}
