// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The sparse tree of the ledger
/// @notice Depth 32; a node is keccak256(left ‖ right), but zero where both are zero. `protocol/ledger/tree.ts` is its twin.
library LedgerTree {
    uint256 internal constant DEPTH = 32;

    error SiblingsMissing(uint256 given);
    error SiblingsLeft(uint256 given, uint256 used);

    /// @dev Nodes of one level, ascending: what they were, and what they became.
    struct Nodes {
        uint256[] indices;
        bytes32[] before;
        bytes32[] current;
        uint256 count;
        uint256 used;
    }

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
        Nodes memory nodes = Nodes(indices, before, current, indices.length, 0);
        for (uint256 depth = 0; depth < DEPTH; ++depth) _climb(nodes, siblings);
        if (nodes.used != siblings.length) revert SiblingsLeft(siblings.length, nodes.used);
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

    /// @dev From one level to the next: neighbours join, all others take a sibling.
    function _climb(Nodes memory nodes, bytes32[] calldata siblings) private pure {
        (uint256[] memory indices, bytes32[] memory before, bytes32[] memory current) = (
            nodes.indices,
            nodes.before,
            nodes.current
        );
        uint256 parent = 0;
        for (uint256 i = 0; i < nodes.count; (++i, ++parent)) {
            uint256 index = indices[i];
            if (index & 1 == 0 && i + 1 < nodes.count && indices[i + 1] == index + 1) {
                before[parent] = _node(before[i], before[i + 1]);
                current[parent] = _node(current[i], current[i + 1]);
                ++i;
            } else {
                if (nodes.used == siblings.length) revert SiblingsMissing(nodes.used);
                bytes32 sibling = siblings[nodes.used++];
                bool left = index & 1 == 0;
                before[parent] = left ? _node(before[i], sibling) : _node(sibling, before[i]);
                current[parent] = left ? _node(current[i], sibling) : _node(sibling, current[i]);
            }
            indices[parent] = index >> 1;
        }
        nodes.count = parent;
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
