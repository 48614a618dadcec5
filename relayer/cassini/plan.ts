import { concat, dataLength, keccak256 } from "ethers";
import type { ResultRecord } from "../../protocol/hashChain";
import type { Header } from "../../protocol/header";
import { MAX_BATCH, decodeMessage } from "../../protocol/message";
import { quorumProof, type QuorumProof } from "../../protocol/quorum";
import type { AttestedHeader } from "../store/attestations";

/** What one transaction on the target may be. */
export interface DeliveryLimits {
  readonly maxGas: bigint;
  readonly maxBytes: number;
  readonly maxMessages: number;
  readonly maxResults: number;
}

/** BSC's limits per transaction (EIP-7825, 128 KB), with room for the envelope. */
export const DEFAULT_LIMITS: DeliveryLimits = {
  maxGas: 16_700_000n,
  maxBytes: 120_000,
  maxMessages: MAX_BATCH,
  maxResults: 64,
};

/** Where the target stands: the last message it delivered, and the last one of its own that it knows the result of. */
export interface TargetState {
  readonly inSeq: bigint;
  readonly ackSeq: bigint;
}

/** A header that the target accepts, with its proof. */
export interface ProvenHeader {
  readonly header: Header;
  readonly digest: string;
  readonly proof: QuorumProof;
  /** Signers of the proof and of the set, as `3/4`. */
  readonly quorum: string;
}

/** Costs, rounded up: what a plan reserves is an upper bound. A failing message stores its leaf for a retry. */
const BASE_GAS = 120_000n;
const GAS_PER_SIGNATURE = 8_000n;
const GAS_PER_MESSAGE = 30_000n;
const GAS_PER_RESULT = 90_000n;
/** Its fee is read: a quarter of a slot. */
const GAS_PER_ACKNOWLEDGED = 700n;
const GAS_PER_LEAF = 1_600n;
const GAS_PER_BYTE = 24n;
/** A delivery without signatures, messages and records, in its call. */
const BASE_BYTES = 4 + 64 + 163 + 32;

/** The newest header that brings the target forward and that a quorum of an accepted epoch's set signed. */
export function bestHeader(
  target: TargetState,
  candidates: readonly AttestedHeader[],
  sets: ReadonlyMap<bigint, readonly string[]>,
): ProvenHeader | undefined {
  let best: ProvenHeader | undefined;
  for (const { header, digest, signatures } of candidates) {
    if (!bringsForward(target, header)) continue;
    if (best !== undefined && header.sourceBlock <= best.header.sourceBlock) continue;
    const set = sets.get(header.epoch);
    const proof = set && quorumProof(set, signatures);
    if (set === undefined || proof === undefined) continue;
    best = { header, digest, proof, quorum: `${dataLength(proof.signatures) / 64}/${set.length}` };
  }
  return best;
}

/** True where a delivery with this header can do anything and does not fall behind the target. */
export function bringsForward(target: TargetState, header: Header): boolean {
  const { toSeq, ackSeq } = header;
  return toSeq >= target.inSeq && ackSeq >= target.ackSeq && (toSeq > target.inSeq || ackSeq > target.ackSeq);
}

/** A batch as it goes out: prefixes of messages and results that fit, and how many leaves follow each. */
export interface Batch {
  readonly messages: readonly string[];
  readonly results: readonly ResultRecord[];
  /** Upper bound of the gas that it may need. */
  readonly gas: bigint;
}

/** Gas that a packed message may need, its recipient's share of 63/64 included. */
function messageGas(packed: string): bigint {
  const { gasLimit } = decodeMessage(packed);
  return (gasLimit * 64n) / 63n + GAS_PER_MESSAGE + GAS_PER_BYTE * BigInt(dataLength(packed));
}

/** A packed message in a delivery: its length, then its bytes. */
const bytesLength = (packed: string): number => 3 + dataLength(packed);

/**
 * The longest prefix of `messages` and of `results` that fits the limits; each message or record that stays behind
 * costs its leaf, as long as anything of its kind is sent. A single first message is always taken: the outbox accepted
 * it, so it fits the target alone.
 */
export function fitBatch(
  input: {
    readonly messages: readonly string[];
    readonly results: readonly ResultRecord[];
    /** Of the header, in all. */
    readonly messageCount: number;
    readonly resultCount: number;
    readonly signatures: number;
  },
  limits: DeliveryLimits,
): Batch {
  const results = input.results.slice(0, limits.maxResults);
  let gas = BASE_GAS + GAS_PER_SIGNATURE * BigInt(input.signatures);
  for (const { first, last } of results) gas += GAS_PER_RESULT + GAS_PER_ACKNOWLEDGED * (last - first + 1n);
  let bytes = BASE_BYTES + 64 * input.signatures + 68 * results.length;
  if (results.length > 0) {
    gas += GAS_PER_LEAF * BigInt(input.resultCount - results.length);
    bytes += 32 * (input.resultCount - results.length);
  }
  if (input.messages.length === 0) return { messages: [], results, gas };

  // Every message as a leaf first; each one taken replaces its leaf.
  gas += GAS_PER_LEAF * BigInt(input.messageCount);
  bytes += 32 * input.messageCount;
  const messages: string[] = [];
  for (const packed of input.messages.slice(0, limits.maxMessages)) {
    const nextGas = gas + messageGas(packed) - GAS_PER_LEAF;
    const nextBytes = bytes + bytesLength(packed) - 32;
    if (messages.length > 0 && (nextGas > limits.maxGas || nextBytes > limits.maxBytes)) break;
    messages.push(packed);
    gas = nextGas;
    bytes = nextBytes;
  }
  return { messages, results, gas: gas < limits.maxGas ? gas : limits.maxGas };
}

/**
 * Place of an operator in the order in which operators try to move the target on from `target`: a different one for
 * each state, the same for everybody, decided by nobody. Strangers to the set come last.
 */
export function turnOf(lane: string, target: TargetState, operators: readonly string[], self: string): number {
  const turn = keccak256(concat([lane, word(target.inSeq), word(target.ackSeq)]));
  const ticket = (operator: string): string => keccak256(concat([turn, operator]));
  const own = ticket(self);
  if (!operators.some((operator) => operator.toLowerCase() === self.toLowerCase())) return operators.length;
  return operators.filter((operator) => ticket(operator) < own).length;
}

function word(value: bigint): string {
  return `0x${value.toString(16).padStart(64, "0")}`;
}
