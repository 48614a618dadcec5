import { ZeroAddress, formatUnits, getAddress, parseUnits } from "ethers";
import { airdropTree, type AirdropEntry } from "./airdrop";

/** COS has 18 decimals. */
const DECIMALS = 18;
/** What a round can count. */
const MAX_TOTAL = 2n ** 128n - 1n;
const FORMAT = "cos-airdrop-1";

/** A line of a list that is wrong, counted from 1. */
export interface BadLine {
  readonly line: number;
  readonly reason: string;
}

export type ParsedList = { readonly entries: readonly AirdropEntry[] } | { readonly bad: readonly BadLine[] };

/**
 * Reads a list of `account,amount`, a line each, amounts in COS. A first line `account,amount` is a heading; the order of
 * the others is that of the indices. Nothing is guessed: every line that is wrong is named.
 */
export function parseAirdropList(text: string): ParsedList {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines[lines.length - 1] === "") lines.pop();
  const entries: AirdropEntry[] = [];
  const bad: BadLine[] = [];
  const lineOf = new Map<string, number>();
  let total = 0n;
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    if (line === 1 && /^account,amount$/i.test(text.replace(/\s/g, ""))) continue;
    const read = parseLine(text);
    if ("reason" in read) {
      bad.push({ line, ...read });
      continue;
    }
    const first = lineOf.get(read.account);
    if (first !== undefined) bad.push({ line, reason: `${read.account} is on line ${first} already` });
    else lineOf.set(read.account, line);
    total += read.amount;
    entries.push(read);
  }
  if (bad.length > 0) return { bad };
  if (entries.length === 0) return { bad: [{ line: 1, reason: "the list names nobody" }] };
  if (total > MAX_TOTAL) return { bad: [{ line: lines.length, reason: `the amounts sum to ${formatUnits(total)}` }] };
  return { entries };
}

function parseLine(text: string): AirdropEntry | { readonly reason: string } {
  const fields = text.split(",").map((field) => field.trim());
  const [address, amount] = fields;
  if (address === undefined || amount === undefined || fields.length !== 2) {
    return { reason: `"${text}" is not of the form account,amount` };
  }
  if (!/^0x[0-9a-fA-F]{40}$/.test(address)) return { reason: `"${address}" is not an address of 40 digits` };
  let account: string;
  try {
    account = getAddress(address);
  } catch {
    return { reason: `"${address}" does not match its checksum: check its digits and their case` };
  }
  if (account === ZeroAddress) return { reason: "the zero address receives nothing" };
  if (!/^\d+(\.\d{1,18})?$/.test(amount)) {
    return { reason: `"${amount}" is not an amount such as 12.5 with at most 18 decimals` };
  }
  const wei = parseUnits(amount, DECIMALS);
  return wei === 0n ? { reason: "the amount is 0" } : { account, amount: wei };
}

/** One entry of a tree file. */
export interface AirdropFileEntry {
  readonly index: number;
  readonly account: string;
  /** Wei, decimal. */
  readonly amount: string;
  readonly proof: readonly string[];
}

/** What is published of a round: all that a claim needs. */
export interface AirdropFile {
  readonly format: typeof FORMAT;
  readonly root: string;
  /** Wei, decimal. */
  readonly total: string;
  readonly entries: readonly AirdropFileEntry[];
}

/** The file of a list: the same list gives the same bytes, everywhere. */
export function airdropFile(entries: readonly AirdropEntry[]): AirdropFile {
  const { root, total, proofs } = airdropTree(entries);
  return {
    format: FORMAT,
    root,
    total: total.toString(),
    entries: entries.map(({ account, amount }, index) => ({
      index,
      account,
      amount: amount.toString(),
      proof: proofs[index] ?? [],
    })),
  };
}

export function writeAirdropFile(file: AirdropFile): string {
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** Reads a tree file and builds its tree again; undefined where it is not one, or where its parts do not fit together. */
export function readAirdropFile(text: string): AirdropFile | undefined {
  try {
    const file = JSON.parse(text) as AirdropFile;
    const entries = file.entries.map(({ account, amount }) => ({ account, amount: BigInt(amount) }));
    const rebuilt = airdropFile(entries);
    return writeAirdropFile(rebuilt) === writeAirdropFile(file) ? rebuilt : undefined;
  } catch {
    return undefined;
  }
}
