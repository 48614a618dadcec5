import { SigningKey, computeAddress, id } from "ethers";
import type { LaneEnds } from "../../protocol/hashChain";
import { headerDigest, rotationDigest, type Header } from "../../protocol/header";
import type { AttestationSigner } from "../../relayer/ports";
import type { StoredMessage, StoredResult } from "../../relayer/store/blocks";

export const LANE: LaneEnds = {
  sourceChainId: 31337n,
  sourceGateway: "0x00000000000000000000000000000000000000a1",
  targetChainId: 31338n,
  targetGateway: "0x00000000000000000000000000000000000000B2",
};

export function headerAt(sourceBlock: bigint, toSeq: bigint, acc: string, ackSeq = 0n, resAcc = id("res")): Header {
  return { source: LANE.sourceChainId, sourceBlock, epoch: 1n, toSeq, acc, ackSeq, resAcc };
}

export function messagesUpTo(last: bigint, first = 1n): readonly StoredMessage[] {
  return Array.from({ length: Number(last - first + 1n) }, (_, offset) => {
    const seq = first + BigInt(offset);
    return {
      seq,
      packed: `0x${seq.toString(16).padStart(116, "0")}`,
      leaf: id(`leaf ${seq}`),
      acc: id(`acc ${seq}`),
      block: 9n,
      transactionHash: id(`transaction ${seq}`),
    };
  });
}

export function resultAt(index: bigint, first: bigint, last: bigint, failures = 0n): StoredResult {
  return {
    index,
    first,
    last,
    failures,
    payout: "0x00000000000000000000000000000000000000c3",
    acc: id(`res ${index}`),
    block: 9n,
    transactionHash: id(`delivery ${index}`),
  };
}

export function testSigner(name: string): AttestationSigner {
  const key = new SigningKey(id(name));
  return {
    address: computeAddress(key.publicKey),
    signHeader: (header, target) => key.sign(headerDigest(header, target)).compactSerialized,
    signRotation: (rotation, target) => key.sign(rotationDigest(rotation, target)).compactSerialized,
  };
}
