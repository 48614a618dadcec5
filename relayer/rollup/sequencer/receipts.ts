import type { TransactionKind } from "../../../protocol/ledger/transactions";
import type { Place } from "./engine";
import type { RefusedTransaction } from "./refusals";

/** How far a batch has come. */
export type BatchStatus = "pending" | "included" | "posted" | "certified" | "final";

/** What became of a transaction that was acknowledged. */
export interface Receipt {
  readonly hash: Uint8Array;
  readonly kind: TransactionKind;
  readonly place: Place;
  readonly nonce: bigint | undefined;
  /** Indices of the leaves that it made. */
  readonly leaves: readonly number[];
  /** Its batch is gone, and it does not apply any more. */
  readonly dropped?: RefusedTransaction;
}

export const hashKey = (hash: Uint8Array): string =>
  Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString("latin1");

/** The newest receipts, in bounded memory. */
export class Receipts {
  private readonly byHash = new Map<string, Receipt>();

  constructor(private readonly capacity: number) {}

  get(hash: Uint8Array): Receipt | undefined {
    return this.byHash.get(hashKey(hash));
  }

  put(receipt: Receipt): void {
    const key = hashKey(receipt.hash);
    this.byHash.delete(key);
    this.byHash.set(key, receipt);
    const oldest = this.byHash.keys().next();
    if (this.byHash.size > this.capacity && oldest.done === false) this.byHash.delete(oldest.value);
  }
}

/** Numbers of the latest batch that has come so far. */
export class Progress {
  sealed = 0n;
  posted = 0n;
  certified = 0n;
  final = 0n;

  statusOf(batch: bigint): BatchStatus {
    if (batch <= this.final) return "final";
    if (batch <= this.certified) return "certified";
    if (batch <= this.posted) return "posted";
    return batch <= this.sealed ? "included" : "pending";
  }
}
