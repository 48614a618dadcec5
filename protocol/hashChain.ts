import { AbiCoder, concat, id, keccak256, toBeHex } from "ethers";

/** The two ends of a lane, in the direction of its messages. */
export interface LaneEnds {
  readonly sourceChainId: bigint;
  readonly sourceGateway: string;
  readonly targetChainId: bigint;
  readonly targetGateway: string;
}

/** One record per delivered batch; bit `i` of `failures` says that message `first + i` failed. */
export interface ResultRecord {
  readonly first: bigint;
  readonly last: bigint;
  readonly failures: bigint;
  readonly payout: string;
}

function seed(kind: string, lane: LaneEnds): string {
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "uint64", "address", "uint64", "address"],
      [id(kind), lane.sourceChainId, lane.sourceGateway, lane.targetChainId, lane.targetGateway],
    ),
  );
}

/** Accumulator of a lane's outbox before its first message. */
export const messageSeed = (lane: LaneEnds): string => seed("QCP.messages", lane);

/** Accumulator of a lane's results before its first record. */
export const resultSeed = (lane: LaneEnds): string => seed("QCP.results", lane);

export function extend(acc: string, leaf: string): string {
  return keccak256(concat([acc, leaf]));
}

export function extendAll(acc: string, leaves: readonly string[]): string {
  return leaves.reduce(extend, acc);
}

/** A packed record, 68 bytes. */
export function encodeResult(record: ResultRecord): string {
  return concat([toBeHex(record.first, 8), toBeHex(record.last, 8), toBeHex(record.failures, 32), record.payout]);
}

export function resultLeaf(record: ResultRecord): string {
  return keccak256(encodeResult(record));
}
