// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRollupVault, LeafProof} from "../IRollupVault.sol";
import {LedgerTree} from "./LedgerTree.sol";

/// @title Leaves shown by their path to a root
/// @notice A path has as many siblings as the tree has levels, so that no node passes for a leaf; an empty leaf hashes to
/// zero in the tree and to no zero here, so that it is never shown.
library LedgerProof {
    /// @notice The leaf's bytes and its kind. Reverts with `WrongLeaf` where the path leads elsewhere.
    function open(LeafProof calldata proof, bytes32 root) internal pure returns (bytes memory leaf, uint256 kind) {
        leaf = proof.leaf;
        bytes32 given = LedgerTree.root(proof.index, keccak256(leaf), proof.siblings);
        if (given != root) revert IRollupVault.WrongLeaf(proof.index, given, root);
        kind = uint8(leaf[0]);
    }

    /// @notice A leaf that another one names, and of that kind.
    function openNamed(
        LeafProof calldata proof,
        bytes32 root,
        uint256 named,
        uint256 expectedKind
    ) internal pure returns (bytes memory leaf) {
        if (proof.index != named) revert IRollupVault.OtherLeafNamed(proof.index, named);
        uint256 kind;
        (leaf, kind) = open(proof, root);
        if (kind != expectedKind) revert IRollupVault.WrongLeafKind(proof.index, kind);
    }
}
