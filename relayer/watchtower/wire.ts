import { isAddress } from "ethers";
import { z } from "zod";
import { MAX_PARTICIPANTS } from "../../protocol/channelFault";

/** What the watchtower's endpoint takes: JSON with integers as decimal strings. */

/** Of a request: a state and a channel at their limits, twice over. */
export const SUBMISSION_BYTES = 16_384;

/** Decimal digits of 2^256. */
const MAX_DIGITS = 78;

function uint(bits: number) {
  return z
    .string()
    .regex(/^(0|[1-9][0-9]*)$/, "give a decimal integer")
    .max(MAX_DIGITS, `give less than 2^${bits}`)
    .transform((value) => BigInt(value))
    .refine((value) => value < 1n << BigInt(bits), `give less than 2^${bits}`);
}

const account = z.string().refine((value) => isAddress(value), "give a 20-byte address");

const bytesHex = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/, "give bytes of hex, 0x-prefixed")
  .transform((value) => value.toLowerCase());

const signature = z
  .string()
  .regex(/^0x[0-9a-fA-F]{128}$/, "give 64 bytes of hex, 0x-prefixed")
  .transform((value) => value.toLowerCase());

export const submissionCodec = z.strictObject({
  chainId: uint(63),
  channel: z.strictObject({
    gameId: uint(256),
    rules: account,
    token: account,
    participants: z
      .array(z.strictObject({ account, signer: account, deposit: uint(256) }))
      .max(MAX_PARTICIPANTS, `give at most ${MAX_PARTICIPANTS}`),
    challengeSeconds: uint(32),
    lifeSeconds: uint(32),
    nonce: uint(256),
  }),
  state: z.strictObject({
    version: uint(64),
    stake: uint(256),
    balances: z.array(uint(256)).max(MAX_PARTICIPANTS, `give at most ${MAX_PARTICIPANTS}`),
    gameState: bytesHex,
  }),
  signatures: z.array(signature).max(MAX_PARTICIPANTS, `give at most ${MAX_PARTICIPANTS}`),
});

/** A channel's state as somebody submits it. */
export type Submission = z.output<typeof submissionCodec>;

export const keptQuery = z.strictObject({
  chainId: uint(63),
  channelId: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/, "give 32 bytes of hex, 0x-prefixed")
    .transform((value) => value.toLowerCase()),
});
