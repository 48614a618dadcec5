import type { Entry } from "./entries";
import type { TransactionKind } from "./transactions";

/** Transactions and entries of a segment, together. */
export const MAX_IN_SEGMENT = 16;

/** What the proof of a segment may cost, in gas; an upper bound of each kind's part is charged, whatever it does. */
export const SEGMENT_METER = 9_000_000;

const CALL = 1_050_000;
/** Each leaf that may be read: its path, twice hashed, and its bytes. */
const LEAF = 25_000;
const SIGNATURE = 10_000;

export const METER: Readonly<Record<TransactionKind, number>> = {
  Transfer: 3 * LEAF + SIGNATURE,
  TransferToNew: 4 * LEAF + SIGNATURE,
  OpenBalance: 2 * LEAF + SIGNATURE,
  Withdraw: 3 * LEAF + SIGNATURE,
  ItemMint: 4 * LEAF + SIGNATURE,
  ItemTransfer: 5 * LEAF + SIGNATURE,
  ItemBurn: 2 * LEAF + SIGNATURE,
  ItemSwap: 7 * LEAF + 2 * SIGNATURE,
  ItemWithdraw: 3 * LEAF + SIGNATURE,
  GrantKey: LEAF + SIGNATURE,
  RevokeKey: LEAF + SIGNATURE,
  SessionOpen: 4 * LEAF + SIGNATURE,
  SessionJoin: 11 * LEAF + SIGNATURE + CALL,
  SessionLeave: 3 * LEAF + SIGNATURE,
  SessionMove: 4 * LEAF + SIGNATURE + CALL,
  SessionTimeout: 10 * LEAF + CALL,
  SessionSettle: 10 * LEAF + CALL,
  CollectFees: 2 * LEAF,
};

/** Of an entry; a forced transaction costs what it costs, a malformed one nothing but its reading. */
export function meterOf(entry: Entry): number {
  if (entry.kind !== "Forced") return 3 * LEAF;
  return entry.transaction === undefined ? LEAF : METER[entry.transaction.kind];
}
