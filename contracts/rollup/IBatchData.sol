// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Where the segments of a batch are, and how one of them is shown
/// @notice One implementation per `DataMode`. Without state and authority. A segment's hash is
/// keccak256(hash of the state after it ‖ keccak256(its body)); the state after the last one is the batch's own.
interface IBatchData {
    /// @dev What is shown is not what was committed to.
    error WrongSegments(bytes32 given, bytes32 expected);
    error WrongSegment(uint256 segment, bytes32 given, bytes32 expected);
    /// @dev A field element of a blob, or as many of them as are needed.
    error WrongElement(uint256 segment, uint256 element);
    error WrongElementCount(uint256 given, uint256 expected);

    /// @notice The body of a segment and the hash of the state that it claims to lead to. Reverts where `opening` does not fit.
    /// @param segment Below `count`.
    /// @param before Hash of the state that the segment before it claims; of no meaning for the first.
    /// @param last Hash of the state that the last one claims.
    /// @param opening Its form is the implementation's.
    function open(
        bytes32 commitment,
        uint32 count,
        uint256 segment,
        bytes32 before,
        bytes32 last,
        bytes calldata opening
    ) external view returns (bytes memory body, bytes32 claimed);
}
