import { Interface, getBytes, hexlify } from "ethers";
import {
  DATA_MODE,
  batchHash,
  calldataCommitment,
  decodeSegments,
  type Batch,
  type DataMode,
  type StateHeader,
} from "../../protocol/ledger/batch";
import { blobsCommitment } from "../../protocol/ledger/blobs";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import { stateHash } from "../../protocol/ledger/segment";
import type { KnownBatch, PostedBatch } from "./replica";

const STATE = "tuple(bytes32 root, uint32 nextLeaf, uint64 queue)";
const BATCH = `tuple(uint64 number, bytes32 parent, ${STATE} state, uint64 time, uint64 queueTime, uint64 postedAt, uint64 blockNumber, address poster, uint8 mode, uint32 segments, bytes32 data)`;
const CLAIM = `tuple(bytes32 parent, uint64 parentBlock, ${STATE} state, uint64 time, uint64 queueTime)`;
const WITNESS = "tuple(uint256[] indices, bytes[] leaves, bytes32[] siblings, bytes[] entries)";
const PROOF = `tuple(${BATCH} batch, ${BATCH} parent, uint256 segment, ${STATE} before, bytes opening, ${WITNESS} witness, address prover, bytes32 salt)`;

/** What relayers need of `contracts/rollup/IRollup.sol`, so that they run without a build. */
export const ROLLUP = new Interface([
  "event BatchPosted(uint64 indexed number, bytes32 indexed batchHash)",
  "event EntryQueued(uint64 indexed number, bytes entry)",

  `function postBatch(${CLAIM} claim, bytes segments) returns (bytes32 batchHash)`,
  `function postBlobs(${CLAIM} claim, uint32 segments) returns (bytes32 batchHash)`,
  `function certify(${BATCH} batch, uint64 epoch, uint256 signers, bytes signatures)`,
  "function commitProof(bytes32 commitment)",
  `function proveFraud(${PROOF} proof)`,
  `function freeze(${BATCH} last, ${BATCH} next)`,
  "function withdrawReward(address to)",

  "function head() view returns (tuple(uint40 number, uint40 time, uint40 queue, uint40 postedAt, uint40 blockNumber, uint40 queueLength, bool frozen))",
  "function batchHashOf(uint64 number) view returns (bytes32)",
  "function entryOf(uint64 number) view returns (tuple(bytes27 entryHash, uint40 queuedAt))",
  "function posterOf(address account) view returns (tuple(uint128 bond, uint64 leavingAt, bool sequencer))",
  "function rewardOf(address prover) view returns (uint256)",
  "function isCertified(bytes32 batchHash) view returns (bool)",
  "function isProvenFalse(bytes32 batchHash) view returns (bool)",
  "function movesHaltAt(uint64 time) view returns (uint64)",
  "function domainSeparator() view returns (bytes32)",
  "function BOND() view returns (uint256)",
  "function CHALLENGE_SECONDS() view returns (uint256)",
  "function OPEN_SECONDS() view returns (uint256)",

  "error NotOnTheLatest(bytes32 parent, bytes32 latest)",
  "error WrongParentBlock(uint64 given, uint64 expected)",
  "error NotPostedDirectly(address caller)",
  "error PostingNotOpen(address caller, uint256 openAt)",
  "error BondMissing(address poster, uint256 bond, uint256 required)",
  "error PosterIsLeaving(address poster)",
  "error BatchTimeOutOfRange(uint256 time, uint256 least, uint256 most)",
  "error QueueTimeTooLate(uint256 queueTime, uint256 time)",
  "error QueueTimeTooEarly(uint256 queueTime, uint256 least)",
  "error QueueSkipped(uint256 queue, uint256 queuedAt)",
  "error QueueOutOfRange(uint256 queue, uint256 least, uint256 most)",
  "error SegmentsOutOfRange(uint256 segments, uint256 most)",
  "error NotCanonical(uint64 number, bytes32 batchHash)",
  "error BatchIsFinal(uint64 number)",
  "error BatchIsTrue(uint64 number, uint256 segment)",
  "error NoCommitment(bytes32 commitment)",
  "error CommitmentTooYoung(bytes32 commitment, uint256 provableFrom)",
  "error RollupIsFrozen()",
  "error FreezeTooEarly(uint256 at)",
  "error NotTheLastFinal(uint64 number)",
  "error NothingToWithdraw(address account)",
]);

/** An entry of the queue as layer 1 keeps it. */
export interface QueuedEntry {
  /** The first 27 bytes of its keccak256; zero where there is none. */
  readonly entryHash: string;
  /** Unix seconds. */
  readonly queuedAt: bigint;
}

/** The latest batch and the queue's end, as `head` has them. */
export interface RollupHead {
  readonly number: bigint;
  readonly time: bigint;
  readonly queue: bigint;
  readonly postedAt: bigint;
  readonly blockNumber: bigint;
  readonly queueLength: bigint;
  readonly frozen: boolean;
}

/** What a poster claims of a batch. */
export interface BatchClaim {
  readonly parent: Uint8Array;
  readonly parentBlock: bigint;
  readonly state: StateHeader;
  readonly time: bigint;
  readonly queueTime: bigint;
}

interface AbiState {
  readonly root: string;
  readonly nextLeaf: bigint;
  readonly queue: bigint;
}

type AbiClaim = Omit<BatchClaim, "parent" | "state"> & { readonly parent: string; readonly state: AbiState };

/** A batch as an argument of a call. */
export function abiBatch(batch: Batch): Record<string, unknown> {
  const { parent, poster, data, state } = batch;
  return {
    ...batch,
    parent: hexlify(parent),
    poster: hexlify(poster),
    data: hexlify(data),
    state: abiState(state),
  };
}

export function abiState({ root, nextLeaf, queue }: StateHeader): Record<string, unknown> {
  return { root: hexlify(root), nextLeaf, queue };
}

/** A call that posts a batch, read as the contract reads it. */
export interface PostingCall {
  readonly claim: BatchClaim;
  readonly mode: DataMode;
  /** Calldata: the segments. Blobs: none. */
  readonly segments: Uint8Array;
  /** Blobs: how many segments are claimed. */
  readonly count: number;
}

/** More than the contract reads of a call's last word: it takes bytes that are not filled up to a whole one, ethers does not. */
const FILLING = "00".repeat(32);

/** Undefined for any other call, and for one that is malformed. */
export function decodePosting(input: string): PostingCall | undefined {
  const selector = input.slice(0, 10);
  const postBatch = ROLLUP.getFunction("postBatch");
  const postBlobs = ROLLUP.getFunction("postBlobs");
  if (selector !== postBatch?.selector && selector !== postBlobs?.selector) return undefined;
  const inCalldata = selector === postBatch?.selector;
  try {
    const args = ROLLUP.decodeFunctionData(inCalldata ? "postBatch" : "postBlobs", `${input}${FILLING}`);
    const [claim] = args as unknown as [AbiClaim];
    const data = args[1] as string | bigint;
    const { root, nextLeaf, queue } = claim.state;
    return {
      claim: {
        parent: getBytes(claim.parent),
        parentBlock: claim.parentBlock,
        state: { root: getBytes(root), nextLeaf: Number(nextLeaf), queue },
        time: claim.time,
        queueTime: claim.queueTime,
      },
      mode: inCalldata ? DATA_MODE.Calldata : DATA_MODE.Blobs,
      segments: inCalldata ? getBytes(data as string) : new Uint8Array(),
      count: inCalldata ? 0 : Number(data),
    };
  } catch {
    return undefined;
  }
}

/** The batch with which every rollup begins, made in the block of its deployment. */
export function firstBatch(block: { readonly number: bigint; readonly timestamp: bigint }): Batch {
  const time = block.timestamp;
  return {
    number: 0n,
    parent: new Uint8Array(32),
    state: { root: new Uint8Array(32), nextLeaf: 1, queue: 0n },
    time,
    queueTime: time,
    postedAt: time,
    blockNumber: block.number,
    poster: new Uint8Array(20),
    mode: DATA_MODE.Calldata,
    segments: 0,
    data: new Uint8Array(32),
  };
}

/** Where a batch was taken: what the contract adds to its claim. */
export interface PostingPlace {
  readonly number: bigint;
  readonly postedAt: bigint;
  readonly blockNumber: bigint;
  readonly poster: string;
}

/** What a posting made there, but for the data: how many segments, and what layer 1 keeps of them. */
function batchOf(
  { claim, mode }: PostingCall,
  { number, postedAt, blockNumber, poster }: PostingPlace,
  { segments, data }: Pick<Batch, "segments" | "data">,
): Batch {
  const { parent, state, time, queueTime } = claim;
  const where = { postedAt, blockNumber, poster: getBytes(poster) };
  return { number, parent, state, time, queueTime, ...where, mode, segments, data };
}

/** The batch that a posting in calldata made there; undefined for segments that the contract would refuse. */
export function calldataBatch(crypto: LedgerCrypto, call: PostingCall, place: PostingPlace): PostedBatch | undefined {
  const { root, nextLeaf, queue } = call.claim.state;
  const segments = decodeSegments(call.segments, stateHash(crypto, root, nextLeaf, queue));
  if (segments === undefined) return undefined;
  const data = calldataCommitment(crypto, segments);
  const batch = batchOf(call, place, { segments: segments.length, data });
  return { batch, hash: hexlify(batchHash(crypto, batch)), segments };
}

/** The batch that a posting in blobs made there. */
export function blobBatch(
  crypto: LedgerCrypto,
  call: PostingCall,
  place: PostingPlace,
  blobHashes: readonly string[],
): KnownBatch {
  const data = blobsCommitment(
    crypto,
    blobHashes.map((hash) => getBytes(hash)),
  );
  const batch = batchOf(call, place, { segments: call.count, data });
  return { batch, hash: hexlify(batchHash(crypto, batch)) };
}
