// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IInbox} from "./IInbox.sol";
import {Outbox} from "./Outbox.sol";
import {Quorum} from "./Quorum.sol";
import {DeliveryCodec} from "./libraries/DeliveryCodec.sol";
import {HashChain} from "./libraries/HashChain.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";
import {QCPHash} from "./libraries/QCPHash.sol";
import {RecipientCall} from "./libraries/RecipientCall.sol";
import {Lane, LaneStorage} from "./types/Lane.sol";
import {messageId} from "./types/MessageId.sol";
import {Header} from "./types/QCP.sol";

/// @title Inbox: executes what a quorum stands for, in the order of the lane
abstract contract Inbox is Outbox, IInbox, Quorum {
    using DeliveryCodec for bytes;
    using MessageCodec for bytes;
    using QCPHash for Header;
    using RecipientCall for RecipientCall.Buffer;

    /// @notice Messages of one delivery; a result's failure map has as many bits.
    uint256 public constant MAX_BATCH = 256;
    /// @dev Beyond the recipient's own gas: a cold account, the copy of the call's data, what follows it.
    uint256 private constant CALL_OVERHEAD_GAS = 10_000;

    uint256 private immutable DEPLOYED_CHAIN_ID = block.chainid;
    bytes32 private immutable DEPLOYED_DOMAIN = QCPHash.domainSeparator(block.chainid, address(this));

    /// @inheritdoc IInbox
    function deliver(bytes calldata delivery) external nonReentrant {
        // Check
        if (delivery.length < DeliveryCodec.HEAD_BYTES) {
            revert DeliveryCodec.DeliveryMalformed(delivery.length, DeliveryCodec.HEAD_BYTES);
        }
        (uint256 count, uint256 results) = (delivery.messageCount(), delivery.resultCount());
        if (count == 0 && results == 0) revert NothingToDeliver();
        if (count > MAX_BATCH) revert BatchTooLarge(count, MAX_BATCH);
        Lane storage lane = _openLane(delivery.source());
        uint64 inSeq = lane.inSeq;
        uint64 last;
        unchecked {
            // A sequence cannot reach the end of 64 bits.
            last = inSeq + uint64(count);
        }
        if (delivery.toSeq() < last) revert StaleHeader(delivery.toSeq(), inSeq);
        if (delivery.ackSeq() < lane.ackSeq) revert AckBehind(delivery.ackSeq(), lane.ackSeq);
        uint256 start = _checkHeader(delivery);

        // Effect
        uint256 end = count == 0 ? start : _acceptMessages(lane, inSeq, delivery, start, count);
        if (results != 0) _acceptResults(lane, delivery, end);
        else if (end != delivery.length) revert DeliveryCodec.DeliveryMalformed(delivery.length, end);
        if (count == 0) return;

        // Interaction
        uint64 first = inSeq + 1;
        uint256 failures = _executeBatch(lane, first, delivery, start, count);

        // Effect: nothing but this function, which is locked, writes `resAcc`.
        address payout = delivery.payout();
        bytes32 acc = HashChain.extend(lane.resAcc, HashChain.resultLeaf(first, last, failures, payout));
        lane.resAcc = acc;
        if (last / CHECKPOINT_INTERVAL != inSeq / CHECKPOINT_INTERVAL) {
            lane.resultCheckpoints[last / CHECKPOINT_INTERVAL] = acc;
        }
        emit BatchDelivered(delivery.source(), first, last, failures, payout);
    }

    /// @inheritdoc IInbox
    function retry(uint64 sourceChainId, bytes calldata message) external nonReentrant {
        // Check
        Lane storage lane = _openLane(sourceChainId);
        if (message.length < MessageCodec.OVERHEAD_BYTES) revert MessageMalformed(message);
        uint64 seq = message.seqOf();
        bytes32 leaf = lane.retriable[seq];
        if (leaf == 0 || leaf != keccak256(message)) revert NotRetriable(sourceChainId, seq);
        if (_expired(message)) revert MessageExpired(seq, message.deadlineOf());
        _requireGas(message, message.gasLimitOf());

        // Effect
        delete lane.retriable[seq];
        bytes32 receiveId = messageId(sourceChainId, uint64(block.chainid), lane.remoteTag, seq).unwrap();
        emit MessageRetried(receiveId);

        // Interaction
        RecipientCall.Buffer memory buffer = RecipientCall.prepare(sourceChainId);
        uint256 length = buffer.fill(receiveId, message);
        if (!buffer.invoke(message.recipientOf(), gasleft(), length)) revert RetryFailed(seq);
    }

    /// @inheritdoc IInbox
    function retriable(uint64 sourceChainId, uint64 seq) external view returns (bytes32 leaf) {
        return LaneStorage.lanes()[sourceChainId].retriable[seq];
    }

    /// @inheritdoc IInbox
    function resultCheckpoint(uint64 sourceChainId, uint64 index) external view returns (bytes32) {
        return LaneStorage.lanes()[sourceChainId].resultCheckpoints[index];
    }

    /// @inheritdoc IInbox
    function headerDigest(Header calldata header) public view returns (bytes32) {
        return header.digest(block.chainid, address(this));
    }

    function _openLane(uint64 chainId) private view returns (Lane storage lane) {
        lane = LaneStorage.lanes()[chainId];
        // A lane without a remote gateway has no tag, unless 64 bits of an address happen to be zero: `addLane` refuses.
        if (lane.remoteTag == 0) revert UnknownLane(chainId);
        if (lane.inPaused) revert LanePaused(chainId);
    }

    /// @dev Checks the quorum under the header; returns where the messages start.
    function _checkHeader(bytes calldata delivery) private view returns (uint256 start) {
        bytes32 digest = MessageHashUtils.toTypedDataHash(_domainSeparator(), QCPHash.headerStructHash(delivery));
        return _checkQuorum(delivery.epoch(), digest, delivery.signers(), delivery, DeliveryCodec.HEAD_BYTES);
    }

    /// @dev Cached for the chain id of the deployment only: after a fork that changes it, computed live.
    function _domainSeparator() private view returns (bytes32) {
        if (block.chainid == DEPLOYED_CHAIN_ID) return DEPLOYED_DOMAIN;
        return QCPHash.domainSeparator(block.chainid, address(this));
    }

    /// @dev Accepts the messages from `start` on, once they and the leaves after them reproduce the header's
    /// accumulator; returns where the results start. Nobody need vouch for `accBefore`: the hash chain has one preimage,
    /// so `toSeq - inSeq` steps back from the signed accumulator there is only one.
    function _acceptMessages(
        Lane storage lane,
        uint64 inSeq,
        bytes calldata delivery,
        uint256 start,
        uint256 count
    ) private returns (uint256 end) {
        bytes32 acc = delivery.accBefore();
        end = start;
        unchecked {
            // Counts are bounded by the calldata, sequences cannot reach the end of 64 bits.
            for (uint256 i = 0; i < count; ++i) {
                bytes calldata message;
                (message, end) = delivery.messageAt(end);
                if (message.length < MessageCodec.OVERHEAD_BYTES) revert MessageMalformed(message);
                if (message.seqOf() != ++inSeq) revert MessageOutOfOrder(message.seqOf(), inSeq);
                acc = HashChain.extend(acc, keccak256(message));
            }
            lane.inSeq = inSeq;
            bytes calldata leavesAfter = delivery.section(end, uint256(delivery.toSeq() - inSeq) * 32);
            end += leavesAfter.length;
            acc = HashChain.extendAll(acc, leavesAfter);
        }
        if (acc != delivery.acc()) revert AccumulatorMismatch(acc, delivery.acc());
    }

    function _acceptResults(Lane storage lane, bytes calldata delivery, uint256 start) private {
        bytes calldata records = delivery.section(start, delivery.length - start);
        lane.ackSeq = _acknowledge(
            delivery.source(),
            lane,
            delivery.ackSeq(),
            delivery.resAcc(),
            delivery.resultCount(),
            records
        );
    }

    function _executeBatch(
        Lane storage lane,
        uint64 first,
        bytes calldata delivery,
        uint256 cursor,
        uint256 count
    ) private returns (uint256 failures) {
        // No message is longer than all of the delivery; memory grows only by what a message really fills.
        RecipientCall.Buffer memory buffer = RecipientCall.prepare(delivery.source());
        // Consecutive ids differ by one: the sequence is their lowest part.
        uint256 receiveId = uint256(
            messageId(delivery.source(), uint64(block.chainid), lane.remoteTag, first).unwrap()
        );
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                bytes calldata message;
                (message, cursor) = delivery.messageAt(cursor);
                if (!_execute(buffer, bytes32(receiveId + i), message)) {
                    failures |= 1 << i;
                    if (!message.isReclaimable()) lane.retriable[first + uint64(i)] = keccak256(message);
                }
            }
        }
    }

    function _execute(
        RecipientCall.Buffer memory buffer,
        bytes32 receiveId,
        bytes calldata message
    ) private returns (bool) {
        address recipient = message.recipientOf();
        if (recipient == address(this) || _expired(message)) return false;
        uint256 length = buffer.fill(receiveId, message);
        uint256 gasLimit = message.gasLimitOf();
        _requireGas(message, gasLimit);
        return buffer.invoke(recipient, gasLimit, length);
    }

    /// @dev A call gets 63/64 of what is left (EIP-150): with less than this a relayer could make a message fail.
    function _requireGas(bytes calldata message, uint256 gasLimit) private view {
        uint256 required;
        unchecked {
            // A gas limit has 32 bits.
            required = (gasLimit * 64) / 63 + CALL_OVERHEAD_GAS;
        }
        if (gasleft() < required) revert InsufficientGas(message.seqOf(), gasleft(), required);
    }

    function _expired(bytes calldata message) private view returns (bool) {
        uint40 deadline = message.deadlineOf();
        return deadline != 0 && block.timestamp > deadline;
    }
}
