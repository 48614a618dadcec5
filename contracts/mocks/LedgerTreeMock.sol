// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerTree} from "../rollup/libraries/LedgerTree.sol";

/// @notice `LedgerTree`, callable, and its plain twin: what its assembly is checked against and measured by.
contract LedgerTreeMock {
    /// @dev Nodes of one level, ascending: what they were, and what they became.
    struct Nodes {
        uint256[] indices;
        bytes32[] older;
        bytes32[] newer;
        uint256 count;
        uint256 used;
    }

    error SiblingsMissing(uint256 given);
    error SiblingsLeft(uint256 given, uint256 used);

    /// @notice The roots, and the gas that they took.
    function roots(
        uint256[] calldata indices,
        bytes32[] calldata older,
        bytes32[] calldata newer,
        bytes32[] calldata siblings
    ) external view returns (bytes32 before, bytes32 current, uint256 gasUsed) {
        Nodes memory nodes = Nodes(indices, older, newer, 0, 0);
        uint256 left = gasleft();
        (before, current) = LedgerTree.roots(nodes.indices, nodes.older, nodes.newer, siblings);
        gasUsed = left - gasleft();
    }

    function plainRoots(
        uint256[] calldata indices,
        bytes32[] calldata older,
        bytes32[] calldata newer,
        bytes32[] calldata siblings
    ) external view returns (bytes32 before, bytes32 current, uint256 gasUsed) {
        Nodes memory nodes = Nodes(indices, older, newer, indices.length, 0);
        uint256 left = gasleft();
        for (uint256 depth = 0; depth < LedgerTree.DEPTH; ++depth) _climb(nodes, siblings);
        if (nodes.used != siblings.length) revert SiblingsLeft(siblings.length, nodes.used);
        return (nodes.older[0], nodes.newer[0], left - gasleft());
    }

    function _climb(Nodes memory nodes, bytes32[] calldata siblings) private pure {
        uint256 parents = 0;
        for (uint256 i = 0; i < nodes.count; (++i, ++parents)) {
            uint256 index = nodes.indices[i];
            (bytes32 older, bytes32 newer) = (nodes.older[i], nodes.newer[i]);
            nodes.indices[parents] = index >> 1;
            if (index & 1 == 0 && i + 1 < nodes.count && nodes.indices[i + 1] == index + 1) {
                ++i;
                nodes.older[parents] = _node(index, older, nodes.older[i]);
                nodes.newer[parents] = _node(index, newer, nodes.newer[i]);
            } else {
                if (nodes.used == siblings.length) revert SiblingsMissing(nodes.used);
                bytes32 sibling = siblings[nodes.used++];
                nodes.older[parents] = _node(index, older, sibling);
                nodes.newer[parents] = _node(index, newer, sibling);
            }
        }
        nodes.count = parents;
    }

    function _node(uint256 index, bytes32 node, bytes32 sibling) private pure returns (bytes32) {
        if (node == 0 && sibling == 0) return 0;
        return index & 1 == 0 ? keccak256(bytes.concat(node, sibling)) : keccak256(bytes.concat(sibling, node));
    }
}
