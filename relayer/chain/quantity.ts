import { RelayerError } from "../errors";

const QUANTITY = /^0x[0-9a-f]{1,64}$/i;

function malformed(what: string, value: unknown): RelayerError {
  return new RelayerError("ENDPOINT_UNAVAILABLE", `malformed answer: ${what}`, {
    retriable: true,
    context: { value: String(value).slice(0, 80) },
  });
}

/** Reads a hexadecimal quantity of a JSON-RPC answer; leading zeros are tolerated. */
export function quantity(value: unknown, what: string): bigint {
  if (typeof value !== "string" || !QUANTITY.test(value)) throw malformed(what, value);
  return BigInt(value);
}

/** Reads bytes of a JSON-RPC answer, of this length where one is given, in lower case. */
export function bytes(value: unknown, what: string, length?: number): string {
  if (typeof value !== "string" || !/^0x([0-9a-f]{2})*$/i.test(value)) throw malformed(what, value);
  if (length !== undefined && value.length !== 2 + 2 * length) throw malformed(what, value);
  return value.toLowerCase();
}

export function fields(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(what, value);
  return value as Readonly<Record<string, unknown>>;
}

export function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what, value);
  return value;
}

/** The shortest hexadecimal form, as JSON-RPC wants it. */
export function toQuantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}
