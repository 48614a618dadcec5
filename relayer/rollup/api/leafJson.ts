import { hexlify } from "ethers";
import type { Leaf } from "../../../protocol/ledger/leaves";

/** A value as JSON has it: addresses and bytes as hex, integers beyond 32 bits as decimals. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export function jsonOf(value: unknown): JsonValue {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return hexlify(value);
  if (Array.isArray(value)) return value.map((each) => jsonOf(each));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    return Object.fromEntries(entries.map(([name, each]) => [name, jsonOf(each)]));
  }
  return value as string | number | boolean | null;
}

/** A leaf with its index and all its fields. */
export function leafJson(index: number, leaf: Leaf): JsonValue {
  return { index, ...(jsonOf(leaf) as { readonly [name: string]: JsonValue }) };
}
