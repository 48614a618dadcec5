// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Envelope} from "../types/QCP.sol";

/// @title Packed messages; twin of `protocol/message.ts`
/// @notice `uint64 seq ‖ address sender ‖ address recipient ‖ uint32 gasLimit ‖ uint40 deadline ‖ uint8 flags ‖ payload`
library MessageCodec {
    /// @notice Bytes before the payload.
    uint256 internal constant OVERHEAD_BYTES = 58;
    uint8 internal constant RECLAIMABLE = 1;

    function encode(Envelope memory envelope, bytes calldata payload) internal pure returns (bytes memory) {
        uint8 flags = envelope.reclaimable ? RECLAIMABLE : 0;
        return
            abi.encodePacked(
                envelope.seq,
                envelope.sender,
                envelope.recipient,
                envelope.gasLimit,
                envelope.deadline,
                flags,
                payload
            );
    }

    // Readers of a packed message of at least `OVERHEAD_BYTES`, which the caller has checked: one load each.

    function seqOf(bytes calldata message) internal pure returns (uint64 seq) {
        assembly ("memory-safe") {
            seq := shr(192, calldataload(message.offset))
        }
    }

    function senderOf(bytes calldata message) internal pure returns (address sender) {
        assembly ("memory-safe") {
            sender := shr(96, calldataload(add(message.offset, 8)))
        }
    }

    function recipientOf(bytes calldata message) internal pure returns (address recipient) {
        assembly ("memory-safe") {
            recipient := shr(96, calldataload(add(message.offset, 28)))
        }
    }

    function gasLimitOf(bytes calldata message) internal pure returns (uint32 gasLimit) {
        assembly ("memory-safe") {
            gasLimit := shr(224, calldataload(add(message.offset, 48)))
        }
    }

    function deadlineOf(bytes calldata message) internal pure returns (uint40 deadline) {
        assembly ("memory-safe") {
            deadline := shr(216, calldataload(add(message.offset, 52)))
        }
    }

    function isReclaimable(bytes calldata message) internal pure returns (bool) {
        return uint8(message[57]) & RECLAIMABLE != 0;
    }

    function payloadOf(bytes calldata message) internal pure returns (bytes calldata payload) {
        assembly ("memory-safe") {
            payload.offset := add(message.offset, OVERHEAD_BYTES)
            payload.length := sub(message.length, OVERHEAD_BYTES)
        }
    }
}
