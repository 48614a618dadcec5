// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Where the segments of a batch are, and how one of them is shown
/// @notice One implementation per `DataMode`. Without state and authority. A segment's hash is
/// keccak256(hash of the state after it ‖ keccak256(its body)); the state after the last one is the batch's own.
interface IBatchData {
    /// @notice Commits to the segments that come with the present transaction.
    /// @param segments Calldata: the segments one after another. Blobs: their number as a `uint32`, four bytes; they are in the
    /// transaction's blobs.
    /// @param last Hash of the state after the last of them.
    /// @return count How many, at least one.
    /// @return commitment What `open` opens.
    function commit(bytes calldata segments, bytes32 last) external view returns (uint32 count, bytes32 commitment);

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
