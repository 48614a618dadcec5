import { AbiCoder, hexlify, keccak256 } from "ethers";
import { DATA_MODE, segmentHash } from "../../protocol/ledger/batch";
import { BLOB_OPENING_TYPE, openBlobSegment, type Kzg } from "../../protocol/ledger/blobs";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
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

/** Shows a segment of a batch in blobs: about a second for each of the field elements that it takes. */
function blobOpening(kzg: Kzg, { blobs }: PostedBatch, at: number): string {
  return coder.encode([BLOB_OPENING_TYPE], [openBlobSegment(kzg, blobs ?? [], at)]);
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
  { crypto, kzg }: { readonly crypto: LedgerCrypto; readonly kzg: () => Kzg },
  { batch: posted, parent, segment, before, witness }: FalseSegment,
  claim: ProofClaim,
): string {
  const inCalldata = posted.batch.mode === DATA_MODE.Calldata;
  const proof = {
    batch: abiBatch(posted.batch),
    parent: abiBatch(parent),
    segment,
    before: abiState(before),
    opening: inCalldata ? calldataOpening(crypto, posted, segment) : blobOpening(kzg(), posted, segment),
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
