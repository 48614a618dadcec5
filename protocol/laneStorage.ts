import { AbiCoder, getAddress, keccak256, toBeHex } from "ethers";

/**
 * Where a gateway keeps what a header commits to: ERC-7201 namespaces, so that a storage proof needs no knowledge of
 * the contract's inheritance. Mirrors `contracts/crosschain/types/Lane.sol` and `Quorum.sol`.
 */
export const LANES_SLOT = "0xfc9184e4f6e9572110eb5f8eecfbcb5cb99d52d9a4f33429bd7ceef1ce2fd400";
export const QUORUM_SLOT = "0x3f24966cf8d851f5d9cd461e4d2255b27b77ff506672c6a2b35c63d9a4efa800";

/** Slots of one lane, in the order that {@link readLaneState} takes their values. */
export function laneSlots(remoteChainId: bigint): readonly string[] {
  const base = BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(["uint64", "bytes32"], [remoteChainId, LANES_SLOT])));
  const slot = (offset: bigint): string => toBeHex((base + offset) % (1n << 256n), 32);
  return [slot(0n), slot(1n), slot(3n), slot(2n), QUORUM_SLOT];
}

/** What a header is made of, as it stands in a gateway's storage. */
export interface LaneState {
  readonly toSeq: bigint;
  readonly acc: string;
  readonly ackSeq: bigint;
  readonly resAcc: string;
  readonly cadence: bigint;
  readonly epoch: bigint;
}

const bits = (word: bigint, offset: bigint, width: bigint): bigint => (word >> offset) & ((1n << width) - 1n);

/** Decodes the values of {@link laneSlots}. */
export function readLaneState(values: readonly bigint[]): LaneState {
  const [outAcc, out, inbox, resAcc, quorum] = values as [bigint, bigint, bigint, bigint, bigint];
  return {
    toSeq: bits(out, 0n, 64n),
    cadence: bits(out, 64n, 16n),
    acc: toBeHex(outAcc, 32),
    ackSeq: bits(inbox, 0n, 64n),
    resAcc: toBeHex(resAcc, 32),
    epoch: bits(quorum, 0n, 64n),
  };
}

/** Slot of an epoch's record: the account whose code is its set, and until when it counts. */
export function epochSlot(epoch: bigint): string {
  const mapping = toBeHex(BigInt(QUORUM_SLOT) + 1n, 32);
  return keccak256(AbiCoder.defaultAbiCoder().encode(["uint64", "bytes32"], [epoch, mapping]));
}

/** Decodes the value of {@link epochSlot}. */
export function readEpoch(value: bigint): { readonly set: string; readonly validUntil: bigint } {
  return { set: getAddress(toBeHex(bits(value, 0n, 160n), 20)), validUntil: bits(value, 160n, 64n) };
}

/** Decodes the value of {@link QUORUM_SLOT}: the current epoch. */
export const readCurrentEpoch = (value: bigint): bigint => bits(value, 0n, 64n);

/** Signers in the code of the account that holds a set: STOP, then 20 bytes each. */
export function readSignerSet(code: string): readonly string[] {
  const count = (code.length - 4) / 40;
  return Array.from({ length: count }, (_, index) => getAddress(`0x${code.slice(4 + 40 * index, 44 + 40 * index)}`));
}
