import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { TransactionKind } from "../../protocol/ledger/transactions";

/** `test/vectors/ledger`, written by scripts/vectors/ledger.ts: bytes as 0x hex, large numbers as decimal strings. */
type Fields = Readonly<Record<string, string | number>>;

export interface TransactionVector {
  readonly transaction: Fields & { readonly kind: string };
  readonly nonce: string;
  readonly bytes: string;
  /** Where somebody signs it. */
  readonly digest?: string;
}

export interface LeafVector {
  readonly leaf: Fields & { readonly kind: string; readonly balances?: never; readonly state?: string };
  readonly bytes: string;
  readonly hash: string;
}

export interface TreeVector {
  readonly leaves: readonly { readonly index: number; readonly hash: string }[];
  readonly root: string;
  readonly proofs: readonly { readonly indices: number[]; readonly leaves: string[]; readonly siblings: string[] }[];
}

export interface EntryVector {
  readonly bytes: string;
  readonly entry:
    | { readonly kind: "Deposit" | "ItemDeposit" | "ListGame" | "Allow"; readonly queuedAt: string }
    | {
        readonly kind: "Forced";
        readonly queuedAt: string;
        readonly sender: string;
        readonly transaction?: { readonly kind: TransactionKind };
      };
  readonly entryHash: string;
}

interface StateVector {
  readonly root: string;
  readonly nextLeaf: number;
  readonly queue: string;
}

export interface SegmentVector {
  readonly before: StateVector;
  readonly context: {
    readonly time: string;
    readonly queueTime: string;
    readonly queueTo: string;
    readonly movesHalt: string;
  };
  readonly body: string;
  readonly witness: {
    readonly indices: number[];
    readonly leaves: string[];
    readonly siblings: string[];
    readonly entries: string[];
  };
  /** What rules answered, in order: a state, an outcome, or nothing. */
  readonly answers: readonly ({
    readonly state?: string;
    readonly over?: boolean;
    readonly shareBps?: string[];
  } | null)[];
  readonly results: readonly number[];
  readonly after: StateVector & { readonly hash: string };
}

function read<Content>(name: string): Content {
  return JSON.parse(readFileSync(resolve(__dirname, `../vectors/ledger/${name}.json`), "utf8")) as Content;
}

export function transactionVectors() {
  return read<{
    readonly domain: { name: string; version: string; chainId: string; verifyingContract: string };
    readonly transactions: readonly TransactionVector[];
  }>("transactions");
}

export function leafVectors() {
  return read<readonly LeafVector[]>("leaves");
}

export function treeVectors() {
  return read<readonly TreeVector[]>("trees");
}

export function entryVectors() {
  return read<readonly EntryVector[]>("entries");
}

export function segmentVectors() {
  return read<{
    readonly rules: { readonly address: string; readonly code: string };
    readonly segments: readonly SegmentVector[];
  }>("segments");
}
