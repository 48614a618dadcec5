import type { Entry } from "./entries";
import type { TransactionKind } from "./transactions";

/** Transactions and entries of a segment, together. */
export const MAX_IN_SEGMENT = 16;

/**
 * What the proof of a segment may cost. Of each kind the worst case is charged, whatever it does: its gas, or `BYTE` for
 * each of its bytes in the proof, whichever is more, in a tree that is full.
 */
export const SEGMENT_METER = 9_000_000;
/** So that what 9,000,000 admit is 82 KB. */
export const BYTE = 110;

/** What a transaction is besides its leaves, one signature included. */
const BASE = 20_000;
const SECOND_SIGNATURE = 10_000;
/** By bytes: a path of 32 siblings, the index, and up to 62 bytes in their encoding. */
const LEAF = 130_000;
/** By bytes: a setup of 255 more. */
const SETUP = 20_000;
/** By gas: a call of rules, and a state of 1,024 bytes before and after it. */
const CALL = 1_060_000;
/** By gas: a leaf of what calls rules. */
const CALL_LEAF = 35_000;

export const METER: Readonly<Record<TransactionKind, number>> = {
  Transfer: BASE + 3 * LEAF,
  TransferToNew: BASE + 4 * LEAF,
  OpenBalance: BASE + 2 * LEAF,
  Withdraw: BASE + 3 * LEAF,
  ItemMint: BASE + 4 * LEAF,
  ItemTransfer: BASE + 4 * LEAF,
  ItemBurn: BASE + 2 * LEAF,
  ItemSwap: BASE + SECOND_SIGNATURE + 6 * LEAF,
  ItemWithdraw: BASE + 3 * LEAF,
  GrantKey: BASE + LEAF,
  RevokeKey: BASE + LEAF,
  SessionOpen: BASE + SETUP + 4 * LEAF,
  SessionJoin: BASE + CALL + 11 * CALL_LEAF,
  SessionLeave: BASE + SETUP + 3 * LEAF,
  SessionMove: BASE + CALL + 4 * CALL_LEAF,
  SessionTimeout: BASE + 2 * CALL + 10 * CALL_LEAF,
  SessionSettle: BASE + CALL + 10 * CALL_LEAF,
  CollectFees: BASE + 2 * LEAF,
};

/** Of an entry that is no transaction, and of one that was to be one and is none. */
const DEPOSIT = BASE + 4 * LEAF;
const MALFORMED = LEAF;

/** Of an entry; a forced transaction costs what it costs. */
export function meterOf(entry: Entry): number {
  if (entry.kind !== "Forced") return DEPOSIT;
  return entry.transaction === undefined ? MALFORMED : METER[entry.transaction.kind];
}
