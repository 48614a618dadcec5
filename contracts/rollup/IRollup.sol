// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGateway} from "../crosschain/IGateway.sol";
import {CalldataSegments} from "./CalldataSegments.sol";
import {IBatchData} from "./IBatchData.sol";
import {RollupVerifier, Witness} from "./RollupVerifier.sol";
import {Batch, BatchClaim, QueuedEntry} from "./types/Batch.sol";
import {LedgerState} from "./types/Ledger.sol";

/// @notice The latest batch and the queue's end, in one slot.
/// @param number Of the latest batch.
/// @param time Its clock.
/// @param queue Entries that it and those before it consumed.
/// @param postedAt When it was posted.
/// @param blockNumber Where.
/// @param queueLength Entries queued so far; they are numbered from 0.
/// @param frozen Whether posting has ended for good.
struct Head {
    uint40 number;
    uint40 time;
    uint40 queue;
    uint40 postedAt;
    uint40 blockNumber;
    uint40 queueLength;
    bool frozen;
}

/// @notice Who stands behind batches.
/// @param bond BNB in wei.
/// @param leavingAt Unix seconds at which it announced to leave; 0: it stays. Nobody posts while leaving.
/// @param sequencer Whether it may post at any time.
struct Poster {
    uint128 bond;
    uint64 leavingAt;
    bool sequencer;
}

/// @notice A proof that one segment of a batch does not lead to what the batch says.
/// @param batch The batch.
/// @param parent The one before it.
/// @param segment Which segment.
/// @param before The state before it: the parent's for the first, else what the segment before it claims.
/// @param opening Shows the segment (`IBatchData.open`).
/// @param witness What its execution reads.
/// @param prover Whom the reward is for.
/// @param salt Of the prover's commitment.
struct FraudProof {
    Batch batch;
    Batch parent;
    uint256 segment;
    LedgerState before;
    bytes opening;
    Witness witness;
    address prover;
    bytes32 salt;
}

/// @notice What a rollup starts with, for good.
/// @param bond BNB in wei behind a poster.
/// @param challengeSeconds An unchallenged batch is final after them.
/// @param openSeconds Without a batch, or with an entry that waits, after which every bonded account may post.
struct RollupParams {
    uint128 bond;
    uint32 challengeSeconds;
    uint32 openSeconds;
}

/// @title Rollup
/// @notice Batches of layer 2: posted with a bond, final after a window in which anyone may prove one false. Source: COS
/// paper (layer 2, rollup). Signatures are over its EIP-712 domain: `COS GameNet`, `1`.
interface IRollup {
    /// @dev Everything else about it is in the calldata of the call.
    event BatchPosted(uint64 indexed number, bytes32 indexed batchHash);
    event BatchCertified(uint64 indexed number, bytes32 indexed batchHash, uint64 epoch);
    /// @dev That batch and all after it are gone.
    event FraudProven(
        uint64 indexed number,
        bytes32 indexed batchHash,
        address indexed poster,
        address prover,
        uint256 reward
    );
    /// @dev `entry` as the README of this folder has it, from `queuedAt` on.
    event EntryQueued(uint64 indexed number, bytes entry);
    event ProofCommitted(bytes32 indexed commitment, address by);
    event BondPaid(address indexed poster, uint256 bond);
    event LeavingAnnounced(address indexed poster, uint256 withdrawableAt);
    event BondWithdrawn(address indexed poster, address indexed to, uint256 bond);
    event RewardWithdrawn(address indexed prover, address indexed to, uint256 amount);
    event SequencerSet(address indexed sequencer, bool admitted);
    event EntryPriceSet(uint256 weiPerGas);
    event EntryFeesWithdrawn(address indexed to, uint256 amount);
    event VaultSet(address indexed vault);
    /// @dev Rules are not called by batches whose clock is from `from` on and below `to`.
    event MovesHaltSet(uint64 from, uint64 to);
    /// @dev The last final batch: everyone leaves against its state.
    event RollupFrozen(uint64 indexed number, bytes32 indexed batchHash);

    error RollupIsFrozen();
    error RollupIsNotFrozen();
    /// @dev A batch is built on the latest one.
    error NotOnTheLatest(bytes32 parent, bytes32 latest);
    error WrongParentBlock(uint64 given, uint64 expected);
    /// @dev Never was, or was rolled back.
    error NotCanonical(uint64 number, bytes32 batchHash);
    /// @dev A batch is posted by an account itself, which has no code (EIP-7702 included), so that its data is found in a
    /// transaction to this contract.
    error NotPostedDirectly(address caller);
    /// @dev Neither a sequencer, nor is posting open; `openAt` where no entry waits.
    error PostingNotOpen(address caller, uint256 openAt);
    error BondMissing(address poster, uint256 bond, uint256 required);
    error PosterIsLeaving(address poster);
    error PosterIsNotLeaving(address poster);
    error BondInUse(uint256 until);
    /// @dev `required` is 0 where the bond is paid.
    error WrongBond(uint256 value, uint256 required);
    error ZeroBond();
    error WindowTooShort(uint256 seconds_, uint256 least);
    error BatchTimeOutOfRange(uint256 time, uint256 least, uint256 most);
    error QueueTimeTooLate(uint256 queueTime, uint256 time);
    /// @dev The batch says to know less of the queue than it has to: no time-out would ever apply.
    error QueueTimeTooEarly(uint256 queueTime, uint256 least);
    /// @dev The batch consumes too little of the queue.
    error QueueSkipped(uint256 queue, uint256 queuedAt);
    error QueueOutOfRange(uint256 queue, uint256 least, uint256 most);
    /// @dev An entry of a proof is not the queue's.
    error WrongEntry(uint256 number, bytes27 given, bytes27 expected);
    error NotTheVault(address caller);
    error VaultIsSet(address vault);
    error NotAVault(address account);
    error SegmentsOutOfRange(uint256 segments, uint256 most);
    error BatchIsFinal(uint64 number);
    error BatchNotFinal(uint64 number, uint256 finalAt);
    error WrongParent(bytes32 given, bytes32 expected);
    error SegmentOutOfRange(uint256 segment, uint256 segments);
    error WrongStateBefore(bytes32 given, bytes32 expected);
    error NoCommitment(bytes32 commitment);
    error CommitmentTooYoung(bytes32 commitment, uint256 provableFrom);
    /// @dev The segment leads to what the batch says.
    error BatchIsTrue(uint64 number, uint256 segment);
    error EntryTooLong(uint256 length, uint256 max);
    error WrongEntryFee(uint256 value, uint256 fee);
    error EntryPriceTooHigh(uint256 weiPerGas, uint256 most);
    error FreezeTooEarly(uint256 at);
    error NotTheLastFinal(uint64 number);
    error NothingToWithdraw(address account);
    error CertificateFromOldEpoch(uint64 epoch, uint64 validUntil);

    /// @notice Posts the batch that follows the latest one, its segments in calldata. A sequencer, or once posting is open
    /// any account; with the whole bond. `segments`: each `u16` length and body, and behind each but the last 32 bytes, the
    /// hash of the state after it.
    function postBatch(BatchClaim calldata claim, bytes calldata segments) external returns (bytes32 batchHash);

    /// @notice As `postBatch`, its segments in the transaction's blobs (EIP-4844).
    function postBlobs(BatchClaim calldata claim, uint32 segments) external returns (bytes32 batchHash);

    /// @notice Confirms a canonical batch by at least two thirds of an epoch of the gateway, each of whom re-executed it. It
    /// shortens no window. Anyone may call.
    /// @param signers Bitmap over the epoch's set; exactly a quorum of bits.
    /// @param signatures 64 bytes each (EIP-2098) over `BatchCertificate(bytes32 batchHash,uint64 number,uint64 epoch)`.
    function certify(Batch calldata batch, uint64 epoch, uint256 signers, bytes calldata signatures) external;

    /// @notice Binds a prover to a proof shown at least two blocks later: keccak256(abi.encode(batchHash, segment, prover,
    /// salt)). Anyone may call.
    function commitProof(bytes32 commitment) external;

    /// @notice Rolls back to the parent of a batch that is proven false and takes its poster's bond: half burns, half is the
    /// prover's (`withdrawReward`). Anyone may call for the prover. Reverts where the batch is true, final or gone, or the
    /// witness does not fit. Freezes the rollup where that was overdue.
    function proveFraud(FraudProof calldata proof) external;

    /// @notice Stands for what the caller posts; exactly the bond.
    function payBond() external payable;

    /// @notice The caller posts no more; its bond is free when its last batch is final.
    function announceLeaving() external;

    /// @notice After `announceLeaving` and a challenge window.
    function withdrawBond(address payable to) external;

    function withdrawReward(address payable to) external;

    /// @notice Queues a transaction without signatures; its author is the caller. At most `MAX_FORCED_BYTES`. Pays
    /// `forcePrice(transaction)` exactly.
    function force(bytes calldata transaction) external payable returns (uint64 number);

    /// @notice Queues an entry that the vault vouches for; pays `depositPrice()` exactly. The vault alone.
    /// @param entry Without `queuedAt`.
    function enqueue(bytes calldata entry) external payable returns (uint64 number);

    /// @notice Ends posting for good, where for a whole window posting was open and nobody posted, or the queue was not served.
    /// Anyone may call. Batches that are not final are gone.
    /// @param last The last batch that is final.
    /// @param next The one after it; of no meaning where `last` is the latest.
    function freeze(Batch calldata last, Batch calldata next) external;

    /// @notice Role ROLLUP_ADMIN.
    function setSequencer(address sequencer, bool admitted) external;

    /// @notice Wei per unit of the meter that entries pay; at most `MAX_ENTRY_PRICE`. Role ROLLUP_ADMIN.
    function setEntryPrice(uint256 weiPerGas) external;

    /// @notice Halts calls of rules for batches whose clock is in [from, to), before a hard fork that reprices what rules use.
    /// `from` is at least a challenge window and a day ahead, and a day after the end of the halt before; it lasts at most 30 days.
    /// Role TIMELOCK.
    function setMovesHalt(uint64 from, uint64 to) external;

    /// @notice Withdraws what entries have paid. Role ROLLUP_ADMIN.
    function withdrawEntryFees(address payable to) external;

    /// @notice Names the vault, once and for good: it alone queues deposits. The deployment, as ADMIN.
    function setVault(address vault) external;

    /// @notice The state of a canonical batch that is final; reverts for any other. After a freeze: of the frozen one and those
    /// before it.
    function finalState(Batch calldata batch) external view returns (LedgerState memory);

    function head() external view returns (Head memory);

    /// @notice Zero beyond the latest.
    function batchHashOf(uint64 number) external view returns (bytes32);

    /// @notice Zero beyond the queue.
    function entryOf(uint64 number) external view returns (QueuedEntry memory);

    function posterOf(address account) external view returns (Poster memory);

    function rewardOf(address prover) external view returns (uint256);

    function isCertified(bytes32 batchHash) external view returns (bool);

    /// @notice Whether that batch was proven false: whoever certified it is slashable.
    function isProvenFalse(bytes32 batchHash) external view returns (bool);

    /// @notice Where the halt of moves begins that a batch with this clock falls into; the largest `uint64` where it falls into none.
    function movesHaltAt(uint64 time) external view returns (uint64);

    /// @notice Wei to queue a deposit.
    function depositPrice() external view returns (uint256);

    /// @notice Wei to force this transaction.
    function forcePrice(bytes calldata transaction) external view returns (uint256);

    /// @notice EIP-712 digest of a certificate.
    function certificateDigest(bytes32 batchHash, uint64 number, uint64 epoch) external view returns (bytes32);

    function domainSeparator() external view returns (bytes32);

    /// @notice Block in which that commitment was made first; 0: never.
    function committedAt(bytes32 commitment) external view returns (uint256);

    /// @notice Wei per unit of the meter.
    function entryPrice() external view returns (uint256);

    /// @notice Who queues deposits; zero until it is set.
    function vault() external view returns (address);

    // solhint-disable func-name-mixedcase
    /// @notice Wei behind a poster.
    function BOND() external view returns (uint256);

    function CHALLENGE_SECONDS() external view returns (uint256);

    function OPEN_SECONDS() external view returns (uint256);

    /// @notice Whose epochs certify.
    function GATEWAY() external view returns (IGateway);

    function VERIFIER() external view returns (RollupVerifier);

    /// @notice How segments in calldata are shown.
    function CALLDATA_SEGMENTS() external view returns (CalldataSegments);

    /// @notice How segments in blobs are shown.
    function BLOB_SEGMENTS() external view returns (IBatchData);
}
