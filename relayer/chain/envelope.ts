import { Transaction } from "ethers";
import type { SidecarBlob } from "../ports";
import type { Fees } from "./gasPrice";
import { EMPTY_BLOB, versionedHash, withSidecar } from "./sidecar";
import type { TransactionAttempt, TransactionRow } from "./transactionStore";

/** Gas of a transaction that only uses its nonce up. */
export const NOOP_GAS = 21_000n;

/** What is to be signed: a row's call, or in its place a no-op; with blobs where the fees have a price for them. */
export function unsigned(row: TransactionRow, kind: TransactionAttempt["kind"], fees: Fees): Transaction {
  const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas } = fees;
  const { chainId, sender, nonce, to, data, gasLimit } = row;
  const call = kind === "call" ? { to, data, gasLimit } : { to: sender, data: "0x", gasLimit: NOOP_GAS };
  const common = { chainId, nonce: Number(nonce), value: 0n, ...call };
  if (maxFeePerBlobGas !== undefined) {
    const blobVersionedHashes = carriedBy(row, kind).map(({ commitment }) => versionedHash(commitment));
    const prices = { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas };
    return Transaction.from({ ...common, type: 3, ...prices, blobVersionedHashes });
  }
  if (fees.legacy) return Transaction.from({ ...common, type: 0, gasPrice: maxFeePerGas });
  return Transaction.from({ ...common, type: 2, maxFeePerGas, maxPriorityFeePerGas });
}

/** A signed transaction as nodes take it, with what it carries. */
export function broadcastForm(row: TransactionRow, { raw, kind, maxFeePerBlobGas }: TransactionAttempt): string {
  return maxFeePerBlobGas === undefined ? raw : withSidecar(raw, carriedBy(row, kind));
}

/** A pool replaces a transaction with blobs only by another one with blobs: a no-op has the least that there is. */
function carriedBy({ key, blobs }: TransactionRow, kind: TransactionAttempt["kind"]): readonly SidecarBlob[] {
  if (kind === "noop") return [EMPTY_BLOB];
  if (blobs === undefined) throw new TypeError(`the blobs of ${key} are forgotten`);
  return blobs;
}
