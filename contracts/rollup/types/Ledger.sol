// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A state of the ledger.
/// @param root Of the tree of its leaves.
/// @param nextLeaf First index never used.
/// @param queue Entries of the queue that were consumed.
struct LedgerState {
    bytes32 root;
    uint32 nextLeaf;
    uint64 queue;
}

using {stateHash} for LedgerState global;

/// @dev keccak256(root ‖ nextLeaf ‖ queue): commits to everything that a segment leads to.
function stateHash(LedgerState memory state) pure returns (bytes32) {
    return keccak256(abi.encodePacked(state.root, state.nextLeaf, state.queue));
}
