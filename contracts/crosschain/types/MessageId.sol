// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Id of a message, equal on both chains:
/// `uint64 sourceChainId ‖ uint64 targetChainId ‖ low 64 bits of the source gateway ‖ uint64 seq`.
type MessageId is bytes32;

using {sourceChainId, targetChainId, gatewayTag, seq, unwrap} for MessageId global;

function messageId(uint64 source, uint64 target, uint64 tag, uint64 sequence) pure returns (MessageId) {
    return
        MessageId.wrap(
            bytes32((uint256(source) << 192) | (uint256(target) << 128) | (uint256(tag) << 64) | uint256(sequence))
        );
}

function tagOf(address gateway) pure returns (uint64) {
    return uint64(uint160(gateway));
}

function sourceChainId(MessageId id) pure returns (uint64) {
    return uint64(uint256(MessageId.unwrap(id)) >> 192);
}

function targetChainId(MessageId id) pure returns (uint64) {
    return uint64(uint256(MessageId.unwrap(id)) >> 128);
}

function gatewayTag(MessageId id) pure returns (uint64) {
    return uint64(uint256(MessageId.unwrap(id)) >> 64);
}

function seq(MessageId id) pure returns (uint64) {
    return uint64(uint256(MessageId.unwrap(id)));
}

function unwrap(MessageId id) pure returns (bytes32) {
    return MessageId.unwrap(id);
}
