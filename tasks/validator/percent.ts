import { Refusal } from "../refusal";

/** "7.5" in parts of 10,000. */
export function parsePercent(key: string, value: string): bigint {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(value)) {
    throw new Refusal(`--${key} ${value}: not a percentage such as 7.5, with at most two decimals`);
  }
  const [whole, decimals = ""] = value.split(".");
  return BigInt(whole ?? 0) * 100n + BigInt(decimals.padEnd(2, "0"));
}
