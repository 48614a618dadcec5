// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Hash chains over a lane's messages and results; twin of `protocol/hashChain.ts`
library HashChain {
    bytes32 internal constant MESSAGES = keccak256("QCP.messages");
    bytes32 internal constant RESULTS = keccak256("QCP.results");

    /// @notice Accumulator before the first leaf. Source and target are those of the messages, for both kinds.
    function seed(
        bytes32 kind,
        uint64 sourceChainId,
        address sourceGateway,
        uint64 targetChainId,
        address targetGateway
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(kind, sourceChainId, sourceGateway, targetChainId, targetGateway));
    }

    function extend(bytes32 acc, bytes32 leaf) internal pure returns (bytes32) {
        return Hashes.efficientKeccak256(acc, leaf);
    }

    /// @notice Extends by packed leaves, 32 bytes each.
    function extendAll(bytes32 acc, bytes calldata leaves) internal pure returns (bytes32 extended) {
        extended = acc;
        assembly ("memory-safe") {
            let end := add(leaves.offset, leaves.length)
            for {
                let at := leaves.offset
            } lt(at, end) {
                at := add(at, 0x20)
            } {
                mstore(0, extended)
                mstore(0x20, calldataload(at))
                extended := keccak256(0, 0x40)
            }
        }
    }

    /// @notice Leaf of a result: `keccak256(abi.encodePacked(first, last, failures, payout))`.
    function resultLeaf(
        uint64 first,
        uint64 last,
        uint256 failures,
        address payout
    ) internal pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, or(shl(192, first), shl(128, last)))
            mstore(add(free, 0x10), failures)
            mstore(add(free, 0x30), shl(96, payout))
            leaf := keccak256(free, 68)
        }
    }
}
