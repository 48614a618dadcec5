import { z } from "zod";
import { initialState, type Channel, type ChannelVenue, type SignedState } from "../../protocol/channel";
import { SdkError } from "../errors";
import type { Proposal, RoundTerms, Step } from "./step";
import { closingSchema, proposalSchema, requestSchema, signedStateSchema, termsSchema, toText } from "./wire";

/** Balances to close with, and the signatures so far, by participant. */
export interface Closing {
  readonly balances: readonly bigint[];
  readonly signatures: readonly (string | null)[];
}

/** A step that the first participant was asked to propose, and at which version: that names the request. */
export interface MoveRequest {
  readonly version: bigint;
  readonly step: Step;
}

/** All that a participant must not forget of a channel. Whatever it signed is in here before anyone else sees it. */
export interface ChannelRecord {
  /** The newest state that all have signed. */
  readonly agreed: SignedState;
  /** The one state after it that this participant has signed. */
  readonly pending: Proposal | null;
  /** What the first participant was asked to propose and has not yet. */
  readonly request: MoveRequest | null;
  /** Terms of a round that were accepted: a `begin` with others is not signed. */
  readonly accepted: RoundTerms | null;
  /** Where present, the own signature to close was given, and no state is signed any more. */
  readonly closing: Closing | null;
  /** In dispute on chain: nothing but a closing is signed any more. */
  readonly stopped: boolean;
}

const recordSchema = z.strictObject({
  agreed: signedStateSchema,
  pending: proposalSchema.nullable(),
  request: requestSchema.nullable(),
  accepted: termsSchema.nullable(),
  closing: closingSchema.nullable(),
  stopped: z.boolean(),
});

export function firstRecord(channel: Channel, venue: ChannelVenue): ChannelRecord {
  const agreed = { state: initialState(channel, venue), signatures: [] };
  return { agreed, pending: null, request: null, accepted: null, closing: null, stopped: false };
}

export function encodeRecord(record: ChannelRecord): string {
  return toText(record);
}

/** Throws STORE_CORRUPT. */
export function decodeRecord(text: string): ChannelRecord {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SdkError("STORE_CORRUPT", { cause });
  }
}
