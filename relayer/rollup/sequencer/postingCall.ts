import { hexlify } from "ethers";
import { encodeSegments } from "../../../protocol/ledger/batch";
import { ROLLUP, abiState } from "../rollupInterface";
import type { SealedBatch } from "./engine";
import type { ChainHead } from "./ports";

/** Posts by calldata: the segments stand behind the claim. */
export function calldataCall(batch: SealedBatch, parent: ChainHead): string {
  return ROLLUP.encodeFunctionData("postBatch", [claimOf(batch, parent), encodeSegments(batch.segments)]);
}

/** Posts by blobs: the claim says how many segments they hold. */
export function blobCall(batch: SealedBatch, parent: ChainHead): string {
  return ROLLUP.encodeFunctionData("postBlobs", [claimOf(batch, parent), batch.segments.length]);
}

function claimOf({ state, header }: SealedBatch, parent: ChainHead): Record<string, unknown> {
  return {
    parent: hexlify(parent.hash),
    parentBlock: parent.blockNumber,
    state: abiState(state),
    time: header.time,
    queueTime: header.queueTime,
  };
}
