import { isAddress } from "ethers";
import { z } from "zod";
import type { Attestation, RotationAttestation } from "../ports";

/**
 * What the attestation endpoint speaks: JSON with integers as decimal strings. The same codecs serve the answering and
 * the asking side; the asking side parses before it believes anything.
 */

/** Attestations or messages in one answer. */
export const PAGE_LIMIT = 256;
/** Longest that a request waits for something new. */
export const WAIT_LIMIT_MS = 25_000;
/** Signers of a set. */
const SIGNERS_LIMIT = 64;

/** Largest that a store keeps; no chain comes near it. */
const INTEGER_MAX = (1n << 63n) - 1n;

export const uint64 = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,19})$/, "give a decimal integer")
  .transform((value) => BigInt(value))
  .refine((value) => value <= INTEGER_MAX, "give at most 2^63 - 1");

const bytes32 = z.string().regex(/^0x[0-9a-f]{64}$/, "give 32 bytes of lowercase hex");

export const address = z.string().refine((value) => isAddress(value), "give a 20-byte address");

const signature = z.string().regex(/^0x[0-9a-f]{128}$/, "give 64 bytes of lowercase hex");

const target = z.object({ chainId: uint64, gateway: address });

export const attestationCodec = z.object({
  header: z.object({
    source: uint64,
    sourceBlock: uint64,
    epoch: uint64,
    toSeq: uint64,
    acc: bytes32,
    ackSeq: uint64,
    resAcc: bytes32,
  }),
  target,
  signer: address,
  signature,
});

export const rotationAttestationCodec = z.object({
  rotation: z.object({ epoch: uint64, validUntil: uint64, signers: z.array(address).max(SIGNERS_LIMIT) }),
  target,
  signer: address,
  signature,
});

export const attestationsPage = z.object({ attestations: z.array(attestationCodec).max(PAGE_LIMIT) });
export const rotationsPage = z.object({ rotations: z.array(rotationAttestationCodec).max(PAGE_LIMIT) });

/** The inverse of what the codecs parse: every bigint as its decimal string. */
export type Json<T> = T extends bigint
  ? string
  : T extends readonly (infer E)[]
    ? Json<E>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

export function toJson<T>(value: T): Json<T> {
  if (typeof value === "bigint") return value.toString() as Json<T>;
  if (Array.isArray(value)) return value.map((each) => toJson<unknown>(each)) as Json<T>;
  if (typeof value !== "object" || value === null) return value as Json<T>;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([name, each]) => [name, toJson<unknown>(each)]),
  ) as Json<T>;
}

/** Parses an answer to `/attestations`; throws a ZodError on anything else. */
export function parseAttestations(body: unknown): readonly Attestation[] {
  return attestationsPage.parse(body).attestations;
}

/** Parses an answer to `/rotations`; throws a ZodError on anything else. */
export function parseRotations(body: unknown): readonly RotationAttestation[] {
  return rotationsPage.parse(body).rotations;
}
