import type { ContractTypes } from "../../deploy/contracts";
import { Refusal } from "../refusal";

const DAY = 86_400n;
const HOUR = 3_600n;

/** "90" days, "1h", or "open" for an open-ended pledge: the index of that term. */
export async function parseTerm(pool: ContractTypes["COSStaking"], value: string): Promise<number> {
  const lengths = await termsOf(pool);
  const index = lengths.findIndex((length) => termInWords(length) === value || `${length / DAY}` === daysOf(value));
  if (index < 0) throw new Refusal(`--term ${value}: not one of ${lengths.map(termInWords).join(", ")}`);
  return index;
}

/** `open`, `1h`, `90d` */
export function termInWords(seconds: bigint): string {
  if (seconds === 0n) return "open";
  if (seconds % DAY === 0n) return `${seconds / DAY}d`;
  return seconds % HOUR === 0n ? `${seconds / HOUR}h` : `${seconds}s`;
}

/** A number of whole days that is not zero. */
function daysOf(value: string): string | undefined {
  return /^[1-9]\d*$/.test(value) ? value : undefined;
}

async function termsOf(pool: ContractTypes["COSStaking"]): Promise<readonly bigint[]> {
  const count = Number(await pool.termCount());
  const terms = await Promise.all(Array.from({ length: count }, (_, index) => pool.termOf(index)));
  return terms.map(([length]) => length);
}
