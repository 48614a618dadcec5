import { formatUnits, parseUnits } from "ethers";
import type { ContractTypes } from "../../deploy/contracts";
import { Refusal } from "../refusal";

/** "12.5" of a token with its decimals. */
export function parseAmount(key: string, value: string, decimals: bigint | number): bigint {
  if (!/^\d+(\.\d+)?$/.test(value)) throw new Refusal(`--${key} ${value}: not an amount such as 12.5`);
  try {
    return parseUnits(value, decimals);
  } catch (cause) {
    throw new Refusal(`--${key} ${value}: the token has ${decimals} decimals`, cause);
  }
}

/** A token's amounts, read and shown in its own unit. */
export interface Unit {
  parse(key: string, value: string): bigint;
  show(amount: bigint): string;
}

export async function unitOf(token: ContractTypes["QSC"]): Promise<Unit> {
  const [decimals, symbol] = [await token.decimals(), await token.symbol()];
  return {
    parse: (key, value) => parseAmount(key, value, decimals),
    show: (amount) => `${formatUnits(amount, decimals)} ${symbol}`,
  };
}
