import { keccak256, toUtf8Bytes } from "ethers";
import { z } from "zod";
import { isSdkErrorCode, type SdkErrorCode } from "../errors";

/** Longest message that is read, in characters: a hello with two states of 1 KB and 16 signatures each fits twice. */
export const MAX_MESSAGE_CHARACTERS = 32_768;

const MAX_UINT64 = (1n << 64n) - 1n;
const MAX_UINT128 = (1n << 128n) - 1n;
const MAX_PARTICIPANTS = 16;

function uint(max: bigint): z.ZodType<bigint, unknown> {
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,38})$/)
    .transform((digits) => BigInt(digits))
    .refine((value) => value <= max);
}

function hex(maxBytes: number): z.ZodType<string, unknown> {
  return z
    .string()
    .max(2 + 2 * maxBytes)
    .regex(/^0x([0-9a-f]{2})*$/);
}

const player = z
  .int()
  .min(0)
  .max(MAX_PARTICIPANTS - 1);
const signature = z.string().regex(/^0x[0-9a-f]{128}$/);
const balances = z.array(uint(MAX_UINT128)).min(2).max(MAX_PARTICIPANTS).readonly();
const version = uint(MAX_UINT64);
const terms = { stake: uint(MAX_UINT128), setup: hex(256) };

const step = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("begin"), ...terms }),
  z.strictObject({ kind: z.literal("move"), player, move: hex(256) }),
  z.strictObject({ kind: z.literal("settle") }),
]);

const state = z.strictObject({
  channelId: z.string().regex(/^0x[0-9a-f]{64}$/),
  version,
  stake: uint(MAX_UINT128),
  balances,
  gameState: hex(1_024),
});

export const signedStateSchema = z.strictObject({
  state,
  signatures: z.array(signature).max(MAX_PARTICIPANTS).readonly(),
});

export const proposalSchema = z.strictObject({
  proposer: player,
  step,
  state,
  signatures: z.array(signature.nullable()).min(2).max(MAX_PARTICIPANTS).readonly(),
});

export const closingSchema = z.strictObject({
  balances,
  signatures: z.array(signature.nullable()).min(2).max(MAX_PARTICIPANTS).readonly(),
});

export const requestSchema = z.strictObject({ version, step });
export const termsSchema = z.strictObject(terms);

const message = z.discriminatedUnion("type", [
  // What the sender has: sent when a connection opens, and whenever versions differ.
  z.strictObject({
    type: z.literal("hello"),
    agreed: signedStateSchema,
    pending: proposalSchema.nullable(),
    closing: closingSchema.nullable(),
    reply: z.boolean(),
  }),
  z.strictObject({ type: z.literal("propose"), proposer: player, step, state, signature }),
  z.strictObject({ type: z.literal("signed"), version, signature }),
  // A move of a player who may not propose it itself: where anyone may move, the first participant sets the order.
  z.strictObject({ type: z.literal("request"), version, step, signature }),
  z.strictObject({ type: z.literal("invite"), version, ...terms, signature }),
  z.strictObject({ type: z.literal("accept"), version, ...terms, signature }),
  z.strictObject({ type: z.literal("decline"), version, ...terms, signature }),
  z.strictObject({ type: z.literal("close"), balances, signature }),
  z.strictObject({
    type: z.literal("refuse"),
    of: z.string().max(16),
    version,
    code: z.custom<SdkErrorCode>((code) => typeof code === "string" && isSdkErrorCode(code)),
    signature: signature.nullable(),
  }),
]);

/** What peers say to each other about one channel. */
export type Message = z.infer<typeof message>;
export type MessageType = Message["type"];
export type MessageOf<Type extends MessageType> = Extract<Message, { readonly type: Type }>;
/** Messages that carry their sender's signature over themselves; states carry their own. */
export type AuthoredType = "request" | "invite" | "accept" | "decline" | "refuse";
export type Authored = MessageOf<AuthoredType>;
type WithoutSignature<Each> = Each extends Authored ? Omit<Each, "signature"> : never;
export type Unsigned = WithoutSignature<Authored>;

/** Undefined for anything but a message of this protocol. */
export function parseMessage(body: unknown): Message | undefined {
  return message.safeParse(body).data;
}

/** JSON of what is sent and stored: whole numbers as decimal digits, exact at any size. */
export function toText(value: object): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? each.toString() : each));
}

/** For JSON: whole numbers as decimal digits, exact at any size; names in order, so that equal values are equal texts. */
export function toWire(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object" || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, toWire(value[name as keyof typeof value])]));
}

/** What the sender of an authored message signs: the message and the channel. No contract knows this digest. */
export function authorDigest(channelId: string, authored: Unsigned): string {
  const content = JSON.stringify(toWire({ ...authored, signature: null }));
  return keccak256(toUtf8Bytes(`COS GameNet channel message\n${channelId}\n${content}`));
}
