// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {IOutbox} from "./IOutbox.sol";
import {CompactAddress} from "./libraries/CompactAddress.sol";
import {DeliveryCodec} from "./libraries/DeliveryCodec.sol";
import {FeeLedger} from "./libraries/FeeLedger.sol";
import {HashChain} from "./libraries/HashChain.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";
import {Lane, LaneStorage} from "./types/Lane.sol";
import {MessageId, messageId, tagOf} from "./types/MessageId.sol";
import {Envelope, Status} from "./types/QCP.sol";

/// @title Outbox: one FIFO queue per lane, committed to by a hash chain
abstract contract Outbox is IOutbox, ReentrancyGuardTransient {
    using InteroperableAddress for bytes;
    using MessageCodec for Envelope;
    using DeliveryCodec for bytes;
    using FeeLedger for Lane;

    bytes4 private constant GAS_LIMIT = bytes4(keccak256("gasLimit(uint256)"));
    bytes4 private constant DEADLINE = bytes4(keccak256("deadline(uint256)"));
    bytes4 private constant RECLAIMABLE = bytes4(keccak256("reclaimable(bool)"));
    /// @dev Selector and one word.
    uint256 private constant ATTRIBUTE_BYTES = 36;

    /// @notice Gas for the recipient of a message that names none.
    uint32 public constant DEFAULT_GAS_LIMIT = 200_000;
    /// @notice Messages of a lane that may await acknowledgement, so that one delivery always reaches over them.
    uint64 public constant MAX_IN_FLIGHT = 2_048;
    /// @notice A checkpoint is kept after every so many messages.
    uint64 public constant CHECKPOINT_INTERVAL = 256;

    /// @inheritdoc IOutbox
    mapping(address payee => uint256 amount) public earnedBy;

    /// @inheritdoc IERC7786GatewaySource
    function supportsAttribute(bytes4 selector) external pure returns (bool) {
        return selector == GAS_LIMIT || selector == DEADLINE || selector == RECLAIMABLE;
    }

    /// @inheritdoc IERC7786GatewaySource
    function sendMessage(
        bytes calldata recipient,
        bytes calldata payload,
        bytes[] calldata attributes
    ) external payable returns (bytes32) {
        // Check
        (uint64 chainId, address account) = _parseRecipient(recipient);
        Envelope memory envelope = _admit(chainId, payload.length, attributes);
        envelope.sender = msg.sender;
        envelope.recipient = account;

        // Effect
        bytes32 sendId = _append(chainId, envelope, keccak256(envelope.encode(payload)));

        bytes memory sender = CompactAddress.format(uint64(block.chainid), msg.sender);
        emit MessageSent(sendId, sender, recipient, payload, 0, attributes);
        return sendId;
    }

    /// @inheritdoc IOutbox
    function topUp(bytes32 sendId) external payable {
        Status status = statusOf(sendId);
        if (status != Status.Pending) revert NotPending(sendId, status);
        if (msg.value == 0 || msg.value % FeeLedger.UNIT != 0) revert InvalidTopUp(msg.value, FeeLedger.UNIT);
        MessageId id = MessageId.wrap(sendId);
        _fund(LaneStorage.lanes()[id.targetChainId()], id.seq(), sendId);
    }

    /// @inheritdoc IOutbox
    function withdrawFees(address to) external nonReentrant {
        // Check
        uint256 amount = earnedBy[msg.sender];
        if (amount == 0) revert NoFees(msg.sender);

        // Effect
        delete earnedBy[msg.sender];
        emit FeesWithdrawn(msg.sender, to, amount);

        // Interaction
        Address.sendValue(payable(to), amount);
    }

    /// @inheritdoc IOutbox
    function quote(uint64 chainId, uint256 payloadBytes, uint256 gasLimit) external view returns (uint256 fee) {
        Lane storage lane = LaneStorage.lanes()[chainId];
        if (lane.maxGas == 0) revert UnknownLane(chainId);
        return lane.price(gasLimit, payloadBytes) * FeeLedger.UNIT;
    }

    /// @inheritdoc IOutbox
    function feeOf(bytes32 sendId) external view returns (uint256 fee) {
        if (statusOf(sendId) == Status.Unknown) return 0;
        MessageId id = MessageId.wrap(sendId);
        return LaneStorage.lanes()[id.targetChainId()].sum(id.seq(), id.seq()) * FeeLedger.UNIT;
    }

    /// @inheritdoc IOutbox
    function statusOf(bytes32 sendId) public view returns (Status) {
        MessageId id = MessageId.wrap(sendId);
        Lane storage lane = LaneStorage.lanes()[id.targetChainId()];
        uint64 seq = id.seq();
        if (
            id.sourceChainId() != block.chainid ||
            id.gatewayTag() != tagOf(address(this)) ||
            seq == 0 ||
            seq > lane.outSeq
        ) return Status.Unknown;
        if (seq > lane.ackSeq) return Status.Pending;
        if (!_bit(lane.failures, seq)) return Status.Succeeded;
        return _bit(lane.reclaimable, seq) ? Status.FailedFinal : Status.Failed;
    }

    /// @inheritdoc IOutbox
    function checkpoint(uint64 chainId, uint64 index) external view returns (bytes32) {
        return LaneStorage.lanes()[chainId].checkpoints[index];
    }

    /// @dev Replays the first `count` of `records`, 68 bytes each, which with the leaves after them must reach a quorum's
    /// `resAcc`. Returns the last message that is acknowledged now: the caller writes it to the slot that it writes anyway.
    function _acknowledge(
        uint64 chainId,
        Lane storage lane,
        uint64 ackSeq,
        bytes32 resAcc,
        uint256 count,
        bytes calldata records
    ) internal returns (uint64 seq) {
        if (ackSeq > lane.outSeq) revert AckAhead(ackSeq, lane.outSeq);
        seq = lane.ackSeq;
        bytes32 acc = lane.ackAcc;
        uint256 cursor = 0;
        for (uint256 i = 0; i < count; ++i) {
            bytes calldata record = records.section(cursor, DeliveryCodec.RESULT_BYTES);
            seq = _record(chainId, lane, seq, ackSeq, record);
            acc = HashChain.extend(acc, keccak256(record));
            cursor += DeliveryCodec.RESULT_BYTES;
        }
        lane.ackAcc = acc;
        bytes calldata leavesAfter = records[cursor:];
        if (leavesAfter.length % 32 != 0) revert DeliveryCodec.DeliveryMalformed(leavesAfter.length, 32);
        acc = HashChain.extendAll(acc, leavesAfter);
        if (acc != resAcc) revert ResultMismatch(acc, resAcc);
    }

    function _record(
        uint64 chainId,
        Lane storage lane,
        uint64 seq,
        uint64 ackSeq,
        bytes calldata record
    ) private returns (uint64 last) {
        uint64 first = record.uint64At(0);
        last = record.uint64At(8);
        if (first != seq + 1 || last < first || last > ackSeq || last - first > 255) {
            revert ResultOutOfOrder(first, last, seq + 1);
        }
        uint256 failures = uint256(record.wordAt(16));
        // A bit beyond the batch would mark a message that has no result yet.
        if ((failures >> (last - first)) >> 1 != 0) revert FailureOutOfRange(failures, last - first + 1);
        address payout = address(bytes20(record.wordAt(48)));
        if (failures != 0) _recordFailures(lane, first, failures);
        emit ResultRecorded(chainId, first, last, failures, payout);
        if (lane.hasFees) _credit(lane, first, last, payout);
    }

    /// @dev A record is replayed once, so each message's fee is credited once. Where the deliverer named nobody, whoever
    /// brings the result earns it.
    function _credit(Lane storage lane, uint64 first, uint64 last, address payout) private {
        uint256 amount = lane.sum(first, last) * FeeLedger.UNIT;
        if (amount == 0) return;
        address payee = payout == address(0) ? msg.sender : payout;
        earnedBy[payee] += amount;
        emit FeesCredited(payee, amount);
    }

    /// @dev The value of the call, which is a multiple of the unit.
    function _fund(Lane storage lane, uint64 seq, bytes32 sendId) private {
        lane.add(seq, msg.value / FeeLedger.UNIT);
        emit MessageFunded(sendId, msg.value);
    }

    /// @dev A batch's map starts at its first message, a stored word at a multiple of 256: it falls into two words.
    function _recordFailures(Lane storage lane, uint64 first, uint256 failures) private {
        uint64 shift = first & 0xff;
        lane.failures[first >> 8] |= failures << shift;
        if (shift != 0) {
            uint256 high = failures >> (256 - shift);
            if (high != 0) lane.failures[(first >> 8) + 1] |= high;
        }
    }

    /// @dev The next place of a lane that is open, has room and takes a payload of `length` bytes with `attributes` for the
    /// value of the call.
    function _admit(
        uint64 chainId,
        uint256 length,
        bytes[] calldata attributes
    ) private view returns (Envelope memory envelope) {
        Lane storage lane = LaneStorage.lanes()[chainId];
        (uint64 last, uint32 maxGas, uint24 maxBytes, bool paused) = (
            lane.outSeq,
            lane.maxGas,
            lane.maxBytes,
            lane.outPaused
        );
        if (maxGas == 0) revert UnknownLane(chainId);
        if (paused) revert LanePaused(chainId);
        uint64 inFlight = last - lane.ackSeq;
        if (inFlight >= MAX_IN_FLIGHT) revert LaneFull(chainId, inFlight);
        if (length > maxBytes) revert PayloadTooLong(length, maxBytes);
        envelope.seq = last + 1;
        envelope.gasLimit = DEFAULT_GAS_LIMIT;
        _parseAttributes(envelope, attributes, maxGas);
        uint256 fee = lane.price(envelope.gasLimit, length) * FeeLedger.UNIT;
        if (msg.value != fee) revert WrongFee(msg.value, fee);
    }

    function _append(uint64 chainId, Envelope memory envelope, bytes32 leaf) private returns (bytes32 sendId) {
        Lane storage lane = LaneStorage.lanes()[chainId];
        uint64 seq = envelope.seq;
        bytes32 acc = HashChain.extend(lane.outAcc, leaf);
        lane.outAcc = acc;
        lane.outSeq = seq;
        if (seq % CHECKPOINT_INTERVAL == 0) lane.checkpoints[seq / CHECKPOINT_INTERVAL] = acc;
        if (envelope.reclaimable) lane.reclaimable[seq >> 8] |= 1 << (seq & 0xff);
        sendId = messageId(uint64(block.chainid), chainId, tagOf(address(this)), seq).unwrap();
        if (msg.value != 0) _fund(lane, seq, sendId);
    }

    function _parseRecipient(bytes calldata recipient) private pure returns (uint64, address) {
        (bool valid, uint256 chainId, address account) = recipient.tryParseEvmV1Calldata();
        if (!valid || account == address(0)) revert InvalidRecipient(recipient);
        if (chainId > type(uint64).max) revert UnknownLane(chainId);
        return (uint64(chainId), account);
    }

    function _parseAttributes(Envelope memory envelope, bytes[] calldata attributes, uint32 maxGas) private view {
        uint256 seen = 0;
        for (uint256 i = 0; i < attributes.length; ++i) {
            bytes calldata attribute = attributes[i];
            if (attribute.length < 4) revert InvalidAttribute(attribute);
            bytes4 selector = bytes4(attribute[:4]);
            uint256 kind =
                selector == GAS_LIMIT
                    ? 1
                    : selector == DEADLINE
                        ? 2
                        : selector == RECLAIMABLE
                            ? 4
                            : 0;
            if (kind == 0) revert UnsupportedAttribute(selector);
            if (seen & kind != 0) revert DuplicateAttribute(selector);
            if (attribute.length != ATTRIBUTE_BYTES) revert InvalidAttribute(attribute);
            seen |= kind;

            uint256 value = uint256(bytes32(attribute[4:]));
            if (kind == 1) {
                if (value > maxGas) revert GasLimitTooHigh(value, maxGas);
                envelope.gasLimit = uint32(value);
            } else if (kind == 2) {
                if (value != 0 && (value <= block.timestamp || value > type(uint40).max)) {
                    revert DeadlineOutOfRange(value, block.timestamp + 1);
                }
                envelope.deadline = uint40(value);
            } else {
                if (value > 1) revert InvalidAttribute(attribute);
                envelope.reclaimable = value == 1;
            }
        }
    }

    function _bit(mapping(uint64 word => uint256 bits) storage map, uint64 seq) private view returns (bool) {
        return (map[seq >> 8] >> (seq & 0xff)) & 1 == 1;
    }
}
