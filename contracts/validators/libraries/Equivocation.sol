// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {QCPHash} from "../../crosschain/libraries/QCPHash.sol";
import {Header, Rotation} from "../../crosschain/types/QCP.sol";
import {ISlashing} from "../ISlashing.sol";

/// @title When two statements contradict each other
/// @notice One predicate per offence: it returns where nobody can honestly sign both for one target, and reverts with the
/// reason where somebody can. Who signed is the caller's question.
library Equivocation {
    /// @notice One `toSeq`, two accumulators: the messages up to a sequence never change.
    function requireMessagesConflict(Header calldata first, Header calldata second) internal pure {
        _requireSame(first, second, first.toSeq, second.toSeq);
        if (first.acc == second.acc) revert ISlashing.NoConflict(first.acc);
    }

    /// @notice One `ackSeq`, two result chains: a batch has one record, and nothing after it changes that.
    function requireResultsConflict(Header calldata first, Header calldata second) internal pure {
        _requireSame(first, second, first.ackSeq, second.ackSeq);
        if (first.resAcc == second.resAcc) revert ISlashing.NoConflict(first.resAcc);
    }

    /// @notice One `sourceBlock`, two headers: a block has one end state.
    function requireBlockConflict(Header calldata first, Header calldata second) internal pure {
        _requireSame(first, second, first.sourceBlock, second.sourceBlock);
        bytes32 content = QCPHash.structHash(first);
        if (content == QCPHash.structHash(second)) revert ISlashing.NoConflict(content);
    }

    /// @notice One epoch, two validities or sets: the registry publishes an epoch once.
    function requireRotationsConflict(Rotation calldata first, Rotation calldata second) internal pure {
        if (first.epoch != second.epoch) revert ISlashing.DifferentPositions(first.epoch, second.epoch);
        bytes32 content = QCPHash.structHash(first);
        if (content == QCPHash.structHash(second)) revert ISlashing.NoConflict(content);
    }

    function _requireSame(
        Header calldata first,
        Header calldata second,
        uint64 firstPosition,
        uint64 secondPosition
    ) private pure {
        if (first.source != second.source) revert ISlashing.DifferentSources(first.source, second.source);
        if (firstPosition != secondPosition) {
            revert ISlashing.DifferentPositions(firstPosition, secondPosition);
        }
    }
}
