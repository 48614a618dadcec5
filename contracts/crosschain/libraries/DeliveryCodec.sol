// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Packed deliveries; twin of `protocol/delivery.ts`
/// @notice Everything is big-endian and without padding, because a zero byte of ABI padding costs gas as well:
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 8 | source chain id |
/// | 8 | 8 | source block |
/// | 16 | 8 | epoch |
/// | 24 | 8 | toSeq |
/// | 32 | 32 | acc |
/// | 64 | 8 | ackSeq |
/// | 72 | 32 | resAcc |
/// | 104 | 20 | payout: address on the source chain that the deliverer is to be paid at |
/// | 124 | 3 | signers: bitmap over the epoch's ascending set, exactly a quorum of bits |
/// | 127 | 2 | number of messages to execute, at most 256 |
/// | 129 | 2 | number of result records to replay |
/// | 131 | 32 | accBefore: accumulator of the source's outbox before the messages; ignored if there are none |
/// | 163 | 64 each | EIP-2098 signatures, in the order of the bits |
/// | then | 3 + length each | messages: length, packed message; from the inbox's next sequence on |
/// | then | 32 each | if there are messages: the leaves of the header's messages after them |
/// | then | 68 each | result records: first, last, failures, payout; from the one after the last acknowledged on |
/// | then | 32 each | the leaves of the header's records after them, to the end |
library DeliveryCodec {
    uint256 internal constant HEAD_BYTES = 163;
    uint256 internal constant LENGTH_BYTES = 3;
    uint256 internal constant RESULT_BYTES = 68;

    /// @dev The bytes end before what they announce, or go on after it.
    error DeliveryMalformed(uint256 length, uint256 expected);

    function source(bytes calldata delivery) internal pure returns (uint64) {
        return uint64At(delivery, 0);
    }

    function epoch(bytes calldata delivery) internal pure returns (uint64) {
        return uint64At(delivery, 16);
    }

    function toSeq(bytes calldata delivery) internal pure returns (uint64) {
        return uint64At(delivery, 24);
    }

    function acc(bytes calldata delivery) internal pure returns (bytes32) {
        return wordAt(delivery, 32);
    }

    function ackSeq(bytes calldata delivery) internal pure returns (uint64) {
        return uint64At(delivery, 64);
    }

    function resAcc(bytes calldata delivery) internal pure returns (bytes32) {
        return wordAt(delivery, 72);
    }

    function payout(bytes calldata delivery) internal pure returns (address) {
        return address(bytes20(wordAt(delivery, 104)));
    }

    function signers(bytes calldata delivery) internal pure returns (uint256) {
        return uint256(wordAt(delivery, 124)) >> 232;
    }

    function messageCount(bytes calldata delivery) internal pure returns (uint256) {
        return uint256(wordAt(delivery, 127)) >> 240;
    }

    function resultCount(bytes calldata delivery) internal pure returns (uint256) {
        return uint256(wordAt(delivery, 129)) >> 240;
    }

    function accBefore(bytes calldata delivery) internal pure returns (bytes32) {
        return wordAt(delivery, 131);
    }

    /// @notice The message at `cursor`, and where the next one starts.
    function messageAt(
        bytes calldata delivery,
        uint256 cursor
    ) internal pure returns (bytes calldata message, uint256 next) {
        uint256 length = uint256(wordAt(delivery, cursor)) >> 232;
        unchecked {
            next = cursor + LENGTH_BYTES + length;
        }
        if (next > delivery.length) revert DeliveryMalformed(delivery.length, next);
        assembly ("memory-safe") {
            message.offset := add(add(delivery.offset, cursor), LENGTH_BYTES)
            message.length := length
        }
    }

    /// @notice The `length` bytes from `cursor` on.
    function section(
        bytes calldata delivery,
        uint256 cursor,
        uint256 length
    ) internal pure returns (bytes calldata part) {
        // A length comes from 64 bits at most, a cursor from calldata: no sum overflows.
        unchecked {
            if (cursor + length > delivery.length) revert DeliveryMalformed(delivery.length, cursor + length);
        }
        assembly ("memory-safe") {
            part.offset := add(delivery.offset, cursor)
            part.length := length
        }
    }

    /// @notice Past the end it reads zeros, as calldata does: whoever reads checks the length.
    function wordAt(bytes calldata data, uint256 offset) internal pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }

    function uint64At(bytes calldata data, uint256 offset) internal pure returns (uint64 value) {
        assembly ("memory-safe") {
            value := shr(192, calldataload(add(data.offset, offset)))
        }
    }
}
