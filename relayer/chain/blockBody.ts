import type { BlockBody } from "../ports";
import { bytes, fields, list, quantity } from "./quantity";

/** A block with its transactions, as `eth_getBlockByNumber` gives them; nothing of it is verified. */
export function parseBody(raw: unknown): BlockBody {
  const { number, timestamp, transactions } = fields(raw, "block");
  return {
    number: quantity(number, "block number"),
    timestamp: quantity(timestamp, "timestamp"),
    calls: list(transactions, "transactions").map((each) => {
      const { hash, from, to, input, blobVersionedHashes } = fields(each, "transaction");
      return {
        hash: bytes(hash, "transaction hash", 32),
        from: bytes(from, "sender", 20),
        to: to === null || to === undefined ? undefined : bytes(to, "receiver", 20),
        input: bytes(input, "input"),
        blobHashes: list(blobVersionedHashes ?? [], "blob hashes").map((blob) => bytes(blob, "blob hash", 32)),
      };
    }),
  };
}
