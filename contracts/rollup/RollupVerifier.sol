// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BatchContext} from "./libraries/LedgerAuthority.sol";
import {LedgerExecutor} from "./libraries/LedgerExecutor.sol";
import {LedgerLeaves, Leaves} from "./libraries/LedgerLeaves.sol";
import {LedgerTree} from "./libraries/LedgerTree.sol";
import {LedgerState} from "./types/Ledger.sol";

/// @notice What an execution reads.
/// @param indices Of the leaves, ascending, each once; those that the segment may append included.
/// @param leaves Their bytes before; none where empty.
/// @param siblings Of their joint path, level by level, ascending.
/// @param entries The queue's entries that the segment consumes, in order.
struct Witness {
    uint256[] indices;
    bytes[] leaves;
    bytes32[] siblings;
    bytes[] entries;
}

/// @title Re-executes one segment of a batch
/// @notice Without state and without authority: whoever calls decides what the result means. A witness that does not fit
/// reverts; it never makes a transaction invalid.
contract RollupVerifier {
    using LedgerLeaves for Leaves;

    error WrongRoot(bytes32 given, bytes32 expected);

    /// @notice The state after `body`, executed from `state`. Source: COS paper (rollup).
    /// @return stateAfter The state after it.
    /// @return results What became of each entry and transaction (`LedgerRefusal`), in order.
    function execute(
        LedgerState calldata state,
        BatchContext calldata context,
        bytes calldata body,
        Witness calldata witness
    ) external view returns (LedgerState memory stateAfter, uint256[] memory results) {
        Leaves memory leaves = Leaves(witness.indices, witness.leaves, state.nextLeaf);
        leaves.requireAscending();
        bytes32[] memory before = _hashes(leaves.leaves);
        uint256 queue;
        (queue, results) = LedgerExecutor.execute(leaves, context, body, witness.entries, state.queue);
        bytes32 root = state.root;
        if (leaves.indices.length != 0) {
            (bytes32 given, bytes32 current) = LedgerTree.roots(
                witness.indices,
                before,
                _hashes(leaves.leaves),
                witness.siblings
            );
            if (given != root) revert WrongRoot(given, root);
            root = current;
        }
        stateAfter = LedgerState(root, uint32(leaves.next), uint64(queue));
    }

    function _hashes(bytes[] memory leaves) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (leaves[i].length != 0) hashes[i] = keccak256(leaves[i]);
        }
    }
}
