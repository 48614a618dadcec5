import { AbiCoder, hexlify, keccak256 } from "ethers";
import { DATA_MODE, segmentHash } from "../../protocol/ledger/batch";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import { RelayerError } from "../errors";
import type { FalseSegment, PostedBatch } from "./replica";
import { ROLLUP, abiBatch, abiState } from "./rollupInterface";

const coder = AbiCoder.defaultAbiCoder();
const OPENING = ["tuple(bytes32[] segmentHashes, bytes32 bodyHashBefore, bytes body, bytes32 claimed)"];

/** Shows a segment of a batch in calldata. */
function calldataOpening(crypto: LedgerCrypto, { segments }: PostedBatch, at: number): string {
  const { body, claimed } = segments[at] as PostedBatch["segments"][number];
  const before = segments[at - 1];
  const bodyHashBefore = before === undefined ? new Uint8Array(32) : crypto.keccak256(before.body);
  const segmentHashes = segments.map((segment) => segmentHash(crypto, segment));
  return coder.encode(OPENING, [{ segmentHashes, bodyHashBefore, body, claimed }]);
}

/** Whose proof it is. */
export interface ProofClaim {
  readonly prover: string;
  readonly salt: string;
}

/** What binds a prover to a proof before it shows it. */
export function commitmentOf(batchHash: string, segment: number, { prover, salt }: ProofClaim): string {
  return keccak256(coder.encode(["bytes32", "uint256", "address", "bytes32"], [batchHash, segment, prover, salt]));
}

/** The call of `proveFraud` that shows a false segment. */
export function fraudProofCall(
  crypto: LedgerCrypto,
  { batch: posted, parent, segment, before, witness }: FalseSegment,
  claim: ProofClaim,
): string {
  const { batch } = posted;
  if (batch.mode !== DATA_MODE.Calldata) {
    throw new RelayerError("DATA_UNAVAILABLE", `batch ${batch.number} is not in calldata`);
  }
  const proof = {
    batch: abiBatch(batch),
    parent: abiBatch(parent),
    segment,
    before: abiState(before),
    opening: calldataOpening(crypto, posted, segment),
    witness: {
      indices: witness.leaves.map(({ index }) => index),
      leaves: witness.leaves.map(({ bytes }) => hexlify(bytes)),
      siblings: witness.siblings.map((sibling) => hexlify(sibling)),
      entries: witness.entries.map((entry) => hexlify(entry)),
    },
    ...claim,
  };
  return ROLLUP.encodeFunctionData("proveFraud", [proof]);
}
