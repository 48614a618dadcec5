import { TypedDataEncoder, getBytes, keccak256, type TypedDataDomain } from "ethers";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import { TransactionDigests } from "../../protocol/ledger/transactions";

/** The rollup that transactions are signed for. */
export interface LedgerVenue {
  readonly chainId: bigint;
  /** Address of `Rollup`. */
  readonly rollup: string;
}

/** Source: EIP-712; contracts/rollup/README.md. */
export function ledgerDomain({ chainId, rollup }: LedgerVenue): TypedDataDomain {
  return { name: "COS GameNet", version: "1", chainId, verifyingContract: rollup };
}

const crypto: Pick<LedgerCrypto, "keccak256"> = { keccak256: (bytes) => getBytes(keccak256(bytes)) };

/** Digests of the transactions of one rollup. */
export function ledgerDigests(venue: LedgerVenue): TransactionDigests {
  const separator = getBytes(TypedDataEncoder.hashDomain(ledgerDomain(venue)));
  // Nothing is recovered here.
  return new TransactionDigests({ ...crypto, recover: () => undefined }, separator);
}
