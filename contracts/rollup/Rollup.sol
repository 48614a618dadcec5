// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IGateway} from "../crosschain/IGateway.sol";
import {CalldataSegments} from "./CalldataSegments.sol";
import {EntryQueue} from "./EntryQueue.sol";
import {IBatchData} from "./IBatchData.sol";
import {FraudProof, Head, IRollup, RollupParams} from "./IRollup.sol";
import {PosterBonds} from "./PosterBonds.sol";
import {RollupVerifier} from "./RollupVerifier.sol";
import {BatchCertificate} from "./libraries/BatchCertificate.sol";
import {BatchContext} from "./libraries/LedgerAuthority.sol";
import {Halt, MovesHalts} from "./libraries/MovesHalts.sol";
import {Batch, BatchClaim, DataMode} from "./types/Batch.sol";
import {LedgerState} from "./types/Ledger.sol";

/// @title Rollup
/// @notice See `IRollup` and the README of this folder.
contract Rollup is IRollup, EntryQueue, PosterBonds, EIP712 {
    using MovesHalts for Halt[];

    /// @notice A batch's clock is at most so far behind the block that takes it.
    uint256 public constant MAX_CLOCK_LAG = 15 minutes;
    /// @notice Entries as old as this have to be consumed.
    uint256 public constant FORCED_AFTER = 1 hours;
    /// @notice More of them than this need not be, by one batch.
    uint256 public constant MAX_FORCED = 128;
    /// @notice Segments of a blob: a slot of 64 field elements each.
    uint256 public constant SEGMENTS_PER_BLOB = 64;
    /// @notice Blocks between a commitment and its proof.
    uint256 public constant PROOF_DELAY_BLOCKS = 2;
    /// @notice Beyond the challenge window, so that a halt is known before the batches that it is for.
    uint256 public constant HALT_NOTICE = 1 days;
    /// @dev Where burned bonds go.
    address private constant BURNED = 0x000000000000000000000000000000000000dEaD;

    /// @inheritdoc IRollup
    uint256 public immutable OPEN_SECONDS;
    /// @inheritdoc IRollup
    IGateway public immutable GATEWAY;
    /// @inheritdoc IRollup
    RollupVerifier public immutable VERIFIER;
    /// @inheritdoc IRollup
    CalldataSegments public immutable CALLDATA_SEGMENTS;
    /// @inheritdoc IRollup
    IBatchData public immutable BLOB_SEGMENTS;

    Halt[] private _halts;
    mapping(uint256 number => bytes32) private _batchHashes;
    /// @inheritdoc IRollup
    mapping(bytes32 commitment => uint256) public committedAt;
    /// @inheritdoc IRollup
    mapping(bytes32 batchHash => bool) public isCertified;
    /// @inheritdoc IRollup
    mapping(bytes32 batchHash => bool) public isProvenFalse;

    constructor(
        address authority,
        IGateway gateway,
        RollupVerifier verifier,
        CalldataSegments calldataSegments,
        IBatchData blobSegments,
        RollupParams memory params
    ) AccessManaged(authority) PosterBonds(params.bond, params.challengeSeconds) EIP712("COS GameNet", "1") {
        if (params.openSeconds == 0) revert WindowTooShort(0, 1);
        OPEN_SECONDS = params.openSeconds;
        GATEWAY = gateway;
        VERIFIER = verifier;
        CALLDATA_SEGMENTS = calldataSegments;
        BLOB_SEGMENTS = blobSegments;

        Batch memory beginning;
        beginning.state.nextLeaf = 1;
        uint64 time = uint64(block.timestamp);
        (beginning.time, beginning.queueTime, beginning.postedAt) = (time, time, time);
        beginning.blockNumber = uint64(block.number);
        bytes32 beginningHash = beginning.batchHash();
        _batchHashes[0] = beginningHash;
        _setLatest(beginning, 0, false);
        emit BatchPosted(0, beginningHash);
    }

    /// @inheritdoc IRollup
    function postBatch(BatchClaim calldata claim, bytes calldata segments) external returns (bytes32 batchHash) {
        Head memory latest = _latest();
        _requirePostable(latest, claim);
        (uint32 count, bytes32 data) = CALLDATA_SEGMENTS.commit(segments, claim.state.stateHash());
        return _append(latest, claim, DataMode.Calldata, count, data);
    }

    /// @inheritdoc IRollup
    function postBlobs(BatchClaim calldata claim, uint32 segments) external returns (bytes32 batchHash) {
        Head memory latest = _latest();
        _requirePostable(latest, claim);
        (uint256 blobs, bytes32 data) = _blobs();
        uint256 most = blobs * SEGMENTS_PER_BLOB;
        if (segments == 0 || segments > most) revert SegmentsOutOfRange(segments, most);
        return _append(latest, claim, DataMode.Blobs, segments, data);
    }

    /// @inheritdoc IRollup
    function certify(Batch calldata batch, uint64 epoch, uint256 signers, bytes calldata signatures) external {
        bytes32 batchHash = _requireCanonical(batch);
        uint64 validUntil = GATEWAY.epochValidUntil(epoch);
        if (block.timestamp > validUntil) revert CertificateFromOldEpoch(epoch, validUntil);
        bytes32 digest = certificateDigest(batchHash, batch.number, epoch);
        BatchCertificate.requireQuorum(GATEWAY.signersOf(epoch), digest, signers, signatures);
        isCertified[batchHash] = true;
        emit BatchCertified(batch.number, batchHash, epoch);
    }

    /// @inheritdoc IRollup
    function commitProof(bytes32 commitment) external {
        if (committedAt[commitment] == 0) committedAt[commitment] = block.number;
        emit ProofCommitted(commitment, msg.sender);
    }

    /// @inheritdoc IRollup
    function proveFraud(FraudProof calldata proof) external {
        // Check
        Batch calldata batch = proof.batch;
        bytes32 batchHash = _requireCanonical(batch);
        if (_isFinal(batch)) revert BatchIsFinal(batch.number);
        _requireCommitment(keccak256(abi.encode(batchHash, proof.segment, proof.prover, proof.salt)));
        bytes32 parentHash = proof.parent.batchHash();
        if (parentHash != batch.parent) revert WrongParent(parentHash, batch.parent);
        if (_isTrue(proof)) revert BatchIsTrue(batch.number, proof.segment);

        // Effect
        isProvenFalse[batchHash] = true;
        (uint256 reward, uint256 burned) = _takeBond(batch.poster, proof.prover);
        // By the parent's clock: who is rolled back every day must not keep the rollup from its end.
        bool overdue = block.timestamp >= proof.parent.postedAt + OPEN_SECONDS + CHALLENGE_SECONDS;
        _setLatest(proof.parent, _head.queueLength, overdue);
        emit FraudProven(batch.number, batchHash, batch.poster, proof.prover, reward);
        if (overdue) emit RollupFrozen(proof.parent.number, parentHash);

        // Interaction
        Address.sendValue(payable(BURNED), burned);
    }

    /// @inheritdoc IRollup
    function freeze(Batch calldata last, Batch calldata next) external {
        // Check
        Head memory latest = _head;
        if (latest.frozen) revert RollupIsFrozen();
        uint256 at = _openAt(latest) + CHALLENGE_SECONDS;
        if (block.timestamp < at) revert FreezeTooEarly(at);
        bytes32 lastHash = _requireFinal(last);
        if (last.number != latest.number) {
            _requireCanonical(next);
            if (next.number != last.number + 1 || _isFinal(next)) revert NotTheLastFinal(last.number);
        }

        // Effect
        _setLatest(last, latest.queueLength, true);
        emit RollupFrozen(last.number, lastHash);
    }

    /// @inheritdoc IRollup
    function setMovesHalt(uint64 from, uint64 to) external restricted {
        _halts.announce(from, to, block.timestamp + CHALLENGE_SECONDS + HALT_NOTICE);
        emit MovesHaltSet(from, to);
    }

    /// @inheritdoc IRollup
    function withdrawEntryFees(address payable to) external restricted {
        uint256 amount = address(this).balance - _owed;
        if (amount == 0) revert NothingToWithdraw(address(this));
        emit EntryFeesWithdrawn(to, amount);
        Address.sendValue(to, amount);
    }

    /// @inheritdoc IRollup
    function finalState(Batch calldata batch) external view returns (LedgerState memory) {
        _requireFinal(batch);
        return batch.state;
    }

    /// @inheritdoc IRollup
    function head() external view returns (Head memory) {
        return _head;
    }

    /// @inheritdoc IRollup
    function batchHashOf(uint64 number) external view returns (bytes32) {
        // What was rolled back lies behind the latest until it is overwritten.
        return number > _head.number ? bytes32(0) : _batchHashes[number];
    }

    /// @inheritdoc IRollup
    function movesHaltAt(uint64 time) external view returns (uint64) {
        return _halts.at(time);
    }

    /// @inheritdoc IRollup
    function certificateDigest(bytes32 batchHash, uint64 number, uint64 epoch) public view returns (bytes32) {
        return BatchCertificate.digest(_domainSeparatorV4(), batchHash, number, epoch);
    }

    /// @inheritdoc IRollup
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @dev All but the segments: who posts, on what, at which time, and how far the queue is consumed.
    function _requirePostable(Head memory latest, BatchClaim calldata claim) private view {
        if (latest.frozen) revert RollupIsFrozen();
        // solhint-disable-next-line avoid-tx-origin
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotPostedDirectly(msg.sender);
        if (!_requireBonded(msg.sender)) {
            uint256 openAt = _openAt(latest);
            if (block.timestamp < openAt) revert PostingNotOpen(msg.sender, openAt);
        }
        bytes32 parent = _batchHashes[latest.number];
        if (claim.parent != parent) revert NotOnTheLatest(claim.parent, parent);
        if (claim.parentBlock != latest.blockNumber) revert WrongParentBlock(claim.parentBlock, latest.blockNumber);

        uint256 clock = claim.time;
        uint256 queueTime = claim.queueTime;
        unchecked {
            // Unix seconds are far above both.
            uint256 least = block.timestamp - MAX_CLOCK_LAG;
            if (latest.time > least) least = latest.time;
            if (clock < least || clock > block.timestamp) revert BatchTimeOutOfRange(clock, least, block.timestamp);
            if (queueTime > clock) revert QueueTimeTooLate(queueTime, clock);
            _requireQueueServed(latest, claim.state.queue, queueTime, clock - FORCED_AFTER);
        }
    }

    /// @dev The first entry that is not consumed is younger than the batch says, and old only where as many as a batch must take
    /// were consumed. A batch knows the queue of an hour before it, as far as it consumed it: else no time-out would apply.
    function _requireQueueServed(Head memory latest, uint256 queue, uint256 queueTime, uint256 least) private view {
        if (queue < latest.queue || queue > latest.queueLength) {
            revert QueueOutOfRange(queue, latest.queue, latest.queueLength);
        }
        if (queue != latest.queueLength) {
            uint256 queuedAt = _queuedAt(queue);
            bool due = queuedAt + FORCED_AFTER <= block.timestamp && queue - latest.queue < MAX_FORCED;
            if (due || queuedAt <= queueTime) revert QueueSkipped(queue, queuedAt);
            if (queuedAt <= least) least = queuedAt - 1;
        }
        if (queueTime < least) revert QueueTimeTooEarly(queueTime, least);
    }

    /// @dev From when on everyone may post: the latest batch, or the first entry that waits, is as old.
    function _openAt(Head memory latest) private view returns (uint256 since) {
        since = latest.postedAt;
        if (latest.queue != latest.queueLength) {
            uint256 queuedAt = _queuedAt(latest.queue);
            if (queuedAt < since) since = queuedAt;
        }
        since += OPEN_SECONDS;
    }

    function _append(
        Head memory latest,
        BatchClaim calldata claim,
        DataMode mode,
        uint32 segments,
        bytes32 data
    ) private returns (bytes32 batchHash) {
        Batch memory batch = Batch({
            number: latest.number + 1,
            parent: claim.parent,
            state: claim.state,
            time: claim.time,
            queueTime: claim.queueTime,
            postedAt: uint64(block.timestamp),
            blockNumber: uint64(block.number),
            poster: msg.sender,
            mode: mode,
            segments: segments,
            data: data
        });
        batchHash = batch.batchHash();
        _batchHashes[batch.number] = batchHash;
        _setLatest(batch, latest.queueLength, false);
        emit BatchPosted(batch.number, batchHash);
    }

    function _latest() private view returns (Head memory) {
        uint256 word;
        assembly ("memory-safe") {
            word := sload(_head.slot)
        }
        return
            Head({
                number: uint40(word),
                time: uint40(word >> 40),
                queue: uint40(word >> 80),
                postedAt: uint40(word >> 120),
                blockNumber: uint40(word >> 160),
                queueLength: uint40(word >> 200),
                frozen: word >> 240 != 0
            });
    }

    /// @dev The slot of the head at once: field by field it costs 1,000 gas more, of 60 for each transaction of a batch.
    function _setLatest(Batch memory batch, uint256 queueLength, bool frozen) private {
        uint256 word = batch.number | (uint256(batch.time) << 40) | (uint256(batch.state.queue) << 80);
        word |= (uint256(batch.postedAt) << 120) | (uint256(batch.blockNumber) << 160) | (queueLength << 200);
        if (frozen) word |= 1 << 240;
        assembly ("memory-safe") {
            sstore(_head.slot, word)
        }
    }

    /// @dev Blobs of this transaction: how many, and keccak256 of their versioned hashes.
    function _blobs() private view returns (uint256 count, bytes32 data) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            for {
                let hash := blobhash(0)
            } hash {
                hash := blobhash(count)
            } {
                mstore(add(free, mul(count, 32)), hash)
                count := add(count, 1)
            }
            data := keccak256(free, mul(count, 32))
        }
    }

    function _requireCommitment(bytes32 commitment) private view {
        uint256 made = committedAt[commitment];
        if (made == 0) revert NoCommitment(commitment);
        uint256 provableFrom = made + PROOF_DELAY_BLOCKS;
        if (block.number < provableFrom) revert CommitmentTooYoung(commitment, provableFrom);
    }

    /// @dev Whether the segment leads to what the batch says. Reverts where what is shown is not what was posted.
    function _isTrue(FraudProof calldata proof) private view returns (bool) {
        (Batch calldata batch, uint256 segment) = (proof.batch, proof.segment);
        if (segment >= batch.segments) revert SegmentOutOfRange(segment, batch.segments);
        bytes32 before = proof.before.stateHash();
        if (segment == 0) {
            bytes32 expected = proof.parent.state.stateHash();
            if (before != expected) revert WrongStateBefore(before, expected);
        }
        IBatchData source = batch.mode == DataMode.Blobs ? BLOB_SEGMENTS : CALLDATA_SEGMENTS;
        (bytes memory body, bytes32 claimed) = source.open(
            batch.data,
            batch.segments,
            segment,
            before,
            batch.state.stateHash(),
            proof.opening
        );
        _requireEntries(proof.before.queue, proof.witness.entries);
        (LedgerState memory stateAfter, ) = VERIFIER.execute(proof.before, _contextOf(batch), body, proof.witness);
        return stateAfter.stateHash() == claimed;
    }

    function _contextOf(Batch calldata batch) private view returns (BatchContext memory) {
        return
            BatchContext({
                time: batch.time,
                queueTime: batch.queueTime,
                queueTo: batch.state.queue,
                movesHalt: _halts.at(batch.time),
                separator: _domainSeparatorV4()
            });
    }

    function _requireCanonical(Batch calldata batch) private view returns (bytes32 batchHash) {
        batchHash = batch.batchHash();
        if (batch.number > _head.number || _batchHashes[batch.number] != batchHash) {
            revert NotCanonical(batch.number, batchHash);
        }
    }

    function _requireFinal(Batch calldata batch) private view returns (bytes32 batchHash) {
        batchHash = _requireCanonical(batch);
        if (!_isFinal(batch)) revert BatchNotFinal(batch.number, batch.postedAt + CHALLENGE_SECONDS);
    }

    function _isFinal(Batch calldata batch) private view returns (bool) {
        return block.timestamp >= batch.postedAt + CHALLENGE_SECONDS;
    }
}
