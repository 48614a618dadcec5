// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {CompactAddress} from "./CompactAddress.sol";
import {MessageCodec} from "./MessageCodec.sol";

/// @title The call of `receiveMessage`, built in one buffer that a whole batch shares
/// @notice Its plain twin is `abi.encodeCall(receiveMessage, (receiveId, sender, payload))`: all but the id, the sender's
/// account and the payload is equal for every message of a lane, and is written once.
library RecipientCall {
    using MessageCodec for bytes;

    struct Buffer {
        // Start of the call's data in memory.
        uint256 start;
        // Where the sender's account stands in it.
        uint256 account;
        // Where the payload's length stands in it.
        uint256 payload;
    }

    /// @notice A buffer for messages from `source`. Payloads are written behind the free memory pointer, which stays: so
    /// nothing may be allocated between a `fill` and its `invoke`.
    function prepare(uint64 source) internal pure returns (Buffer memory buffer) {
        bytes memory sender = CompactAddress.format(source, address(0));
        bytes32 selector = IERC7786Recipient.receiveMessage.selector;
        assembly ("memory-safe") {
            let padded := and(add(mload(sender), 31), not(31))
            // Selector, id, offset of the sender, offset of the payload, the sender; the payload follows.
            let start := mload(0x40)
            mstore(start, selector)
            mstore(add(start, 0x24), 0x60)
            mstore(add(start, 0x44), add(0x80, padded))
            // The sender's last word first, so that its padding is zero.
            mstore(add(start, add(0x64, padded)), 0)
            mcopy(add(start, 0x64), sender, add(0x20, mload(sender)))
            let payload := add(add(start, 0x84), padded)
            mstore(0x40, add(payload, 0x20))
            mstore(buffer, start)
            mstore(add(buffer, 0x20), sub(add(add(start, 0x84), mload(sender)), 20))
            mstore(add(buffer, 0x40), payload)
        }
    }

    /// @notice Fills in one message and returns the length of the call's data.
    function fill(
        Buffer memory buffer,
        bytes32 receiveId,
        bytes calldata message
    ) internal pure returns (uint256 length) {
        address sender = message.senderOf();
        bytes calldata payload = message.payloadOf();
        assembly {
            let start := mload(buffer)
            mstore(add(start, 4), receiveId)
            let account := mload(add(buffer, 0x20))
            // The 12 bytes after the account are the sender's padding or the payload's length: keep them.
            mstore(account, or(shl(96, sender), and(mload(account), 0xffffffffffffffffffffffff)))
            let at := mload(add(buffer, 0x40))
            mstore(at, payload.length)
            calldatacopy(add(at, 0x20), payload.offset, payload.length)
            mstore(add(add(at, 0x20), payload.length), 0)
            length := sub(add(add(at, 0x20), and(add(payload.length, 31), not(31))), start)
        }
    }

    /// @notice Calls `recipient` with exactly `gasLimit`. True iff it returned the ERC-7786 selector; never copies more
    /// than one word of what it returns.
    function invoke(
        Buffer memory buffer,
        address recipient,
        uint256 gasLimit,
        uint256 length
    ) internal returns (bool done) {
        bytes32 expected = IERC7786Recipient.receiveMessage.selector;
        assembly ("memory-safe") {
            mstore(0, 0)
            done := call(gasLimit, recipient, 0, mload(buffer), length, 0, 0x20)
            done := and(done, and(gt(returndatasize(), 0x1f), eq(mload(0), expected)))
        }
    }
}
