import { getBytes, isAddress, isHexString } from "ethers";
import { z } from "zod";

/** Transactions of one submission. */
export const MAX_SUBMITTED = 256;
/** Bytes of a submission's body. */
export const MAX_BODY_BYTES = 131_072;
/** Leaves in one answer. */
export const PAGE = 256;

const hex = z
  .string()
  .refine((value) => isHexString(value) && value.length % 2 === 0, "give bytes as hex, 0x-prefixed")
  .transform((value) => getBytes(value));

export const addressBytes = z
  .string()
  .refine((value) => isAddress(value), "give a 20-byte address")
  .transform((value) => getBytes(value.toLowerCase()));

export const hash = z
  .string()
  .refine((value) => isHexString(value, 32), "give 32 bytes of hex, 0x-prefixed")
  .transform((value) => getBytes(value));

const transactions = z
  .array(hex)
  .min(1, "give at least one transaction")
  .max(MAX_SUBMITTED, `give at most ${MAX_SUBMITTED}`);

export const submission = z.strictObject({ transactions });

const wholeNumber = (most: number) =>
  z
    .string()
    .regex(/^[0-9]{1,10}$/, "give a whole number")
    .transform((value) => Number(value))
    .refine((value) => value <= most, `give at most ${most}`);

export const leafIndex = wholeNumber(2 ** 32 - 1);
export const indexParams = z.strictObject({ index: leafIndex });
export const hashParams = z.strictObject({ hash });
export const addressParams = z.strictObject({ address: addressBytes });
export const page = z.strictObject({ after: leafIndex.default(0), limit: wholeNumber(PAGE).default(PAGE) });
export const ownerQuery = z.strictObject({ owner: addressBytes });
export const proofQuery = z.strictObject({ at: z.enum(["posted", "final"], "give posted or final").default("final") });

const uint64 = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,19})$/, "give a decimal integer")
  .transform((value) => BigInt(value));

export const batchParams = z.strictObject({ number: uint64 });
export const segmentParams = z.strictObject({ number: uint64, segment: wholeNumber(65_535) });

const topics = z.strictObject({
  transactions: z.array(hash).max(1_000).default([]),
  sessions: z.array(z.int().nonnegative()).max(1_000).default([]),
  owners: z.array(addressBytes).max(1_000).default([]),
  batches: z.boolean().default(false),
});

export type Topics = z.output<typeof topics>;

const id = z.union([z.int(), z.string().max(64)]);

/** What a client sends over the WebSocket. */
export const clientMessage = z.union([
  z.strictObject({ id, submit: transactions }),
  z.strictObject({ id, subscribe: topics }),
  z.strictObject({ id, unsubscribe: topics }),
]);
