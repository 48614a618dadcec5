// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The sparse tree of the ledger
/// @notice Depth 32; a node is keccak256(left ‖ right), but zero where both are zero. `protocol/ledger/tree.ts` is its twin.
library LedgerTree {
    uint256 internal constant DEPTH = 32;

    error SiblingsMissing(uint256 given);
    error SiblingsLeft(uint256 given, uint256 used);

    /// @notice The roots before and after, of some leaves and the siblings of their joint path.
    /// @param indices Ascending, each once, at least one; overwritten.
    /// @param before Their hashes before; overwritten.
    /// @param current Their hashes after; overwritten.
    /// @param siblings Level by level, ascending: what `prove` of the twin returns.
    function roots(
        uint256[] memory indices,
        bytes32[] memory before,
        bytes32[] memory current,
        bytes32[] calldata siblings
    ) internal pure returns (bytes32, bytes32) {
        uint256 begin;
        assembly ("memory-safe") {
            begin := siblings.offset
        }
        uint256 end = begin;
        uint256 count = indices.length;
        for (uint256 depth = 0; depth < DEPTH; ++depth) (count, end) = _climb(indices, before, current, count, end);
        // Where siblings were missing, what lies behind them in the calldata was read in their place: no harm was done.
        uint256 used = (end - begin) >> 5;
        if (used > siblings.length) revert SiblingsMissing(siblings.length);
        if (used != siblings.length) revert SiblingsLeft(siblings.length, used);
        return (before[0], current[0]);
    }

    /// @notice The root of a leaf's path.
    function root(uint256 index, bytes32 leaf, bytes32[] calldata siblings) internal pure returns (bytes32 node) {
        if (siblings.length != DEPTH) revert SiblingsLeft(siblings.length, DEPTH);
        node = leaf;
        for (uint256 depth = 0; depth < DEPTH; (++depth, index >>= 1)) {
            node = index & 1 == 0 ? _node(node, siblings[depth]) : _node(siblings[depth], node);
        }
    }

    /// @dev From one level to the next: neighbours join, all others take a sibling. In assembly because a proof spends most
    /// of its gas here, a third of what the plain form takes (`LedgerTreeMock`).
    /// @param count Nodes of this level, at least one.
    /// @param sibling Where in the calldata the next sibling is.
    /// @return parents Nodes of the next level.
    /// @return next Where the siblings of the next level are.
    function _climb(
        uint256[] memory indices,
        bytes32[] memory before,
        bytes32[] memory current,
        uint256 count,
        uint256 sibling
    ) private pure returns (uint256 parents, uint256 next) {
        assembly ("memory-safe") {
            next := sibling
            // From here on, offsets from the word before each array's first.
            let end := shl(5, add(count, 1))
            let to := 32
            for {
                let from := 32
            } lt(from, end) {
                to := add(to, 32)
            } {
                let index := mload(add(indices, from))
                let older := mload(add(before, from))
                let newer := mload(add(current, from))
                let side := shl(5, and(index, 1))
                from := add(from, 32)
                mstore(add(indices, to), shr(1, index))
                switch and(lt(from, end), eq(mload(add(indices, from)), or(index, 1)))
                case 1 {
                    let right := mload(add(before, from))
                    mstore(0, older)
                    mstore(32, right)
                    if or(older, right) {
                        older := keccak256(0, 64)
                    }
                    right := mload(add(current, from))
                    mstore(0, newer)
                    mstore(32, right)
                    if or(newer, right) {
                        newer := keccak256(0, 64)
                    }
                    from := add(from, 32)
                }
                default {
                    let other := calldataload(next)
                    next := add(next, 32)
                    mstore(side, older)
                    mstore(xor(side, 32), other)
                    if or(older, other) {
                        older := keccak256(0, 64)
                    }
                    mstore(side, newer)
                    if or(newer, other) {
                        newer := keccak256(0, 64)
                    }
                }
                mstore(add(before, to), older)
                mstore(add(current, to), newer)
            }
            parents := sub(shr(5, to), 1)
        }
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32 node) {
        if (left | right == 0) return 0;
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(32, right)
            node := keccak256(0, 64)
        }
    }
}
