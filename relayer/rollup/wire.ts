import { z } from "zod";
import { address, uint64 } from "../api/wire";

/** What nodes of a rollup ask of each other: JSON with integers as decimal strings, parsed on both sides. */

/** Certificates or entries in one answer. */
export const NODE_PAGE = 256;

const bytes32 = z.string().regex(/^0x[0-9a-f]{64}$/, "give 32 bytes of lowercase hex");
const signature = z.string().regex(/^0x[0-9a-f]{128}$/, "give 64 bytes of lowercase hex");
const hex = z.string().regex(/^0x([0-9a-f]{2}){1,1024}$/, "give bytes of lowercase hex");

export const certificatesPage = z.object({
  certificates: z
    .array(z.object({ batchHash: bytes32, number: uint64, epoch: uint64, signer: address, signature }))
    .max(NODE_PAGE),
});

export const entriesPage = z.object({
  entries: z.array(z.object({ number: uint64, entry: hex })).max(NODE_PAGE),
});

export const certificatesQuery = z.strictObject({ after: uint64.default(0n) });

export const entriesQuery = z.strictObject({
  from: uint64,
  limit: z
    .string()
    .regex(/^[0-9]{1,3}$/, `give a whole number from 1 to ${NODE_PAGE}`)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= NODE_PAGE, `give a whole number from 1 to ${NODE_PAGE}`)
    .default(NODE_PAGE),
});
