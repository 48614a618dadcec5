// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Rotation} from "./types/QCP.sol";

/// @title Epochs of signer sets
/// @notice `k` distinct signers of an epoch's set of `n` suffice iff `3k ≥ 2n`. A set is valid for at most 7 days; the
/// one before stays valid for a short overlap. Source: QOS paper (Cassini, two thirds of independent relayers).
interface IQuorum {
    /// @dev After the write: `epoch` is the current one from now on.
    event EpochRotated(uint64 indexed epoch, uint64 validUntil, address[] signers);
    /// @dev Every epoch below `floor` is void from now on.
    event FloorRaised(uint64 floor);

    error EpochNotAccepted(uint64 epoch, uint64 validUntil, uint256 timestamp);
    error EpochNotNewer(uint64 epoch, uint64 current);
    error EpochTooFar(uint64 epoch, uint64 max);
    error EpochStillValid(uint64 epoch, uint64 validUntil);
    error FloorAboveCurrent(uint64 floor, uint64 current);
    error RotationTooEarly(uint256 timestamp, uint256 earliest);
    error ValidityOutOfRange(uint64 validUntil, uint256 latest);
    error SetSizeOutOfRange(uint256 size, uint256 min, uint256 max);
    error SignersNotAscending(uint256 index, address signer);
    error SignerBitOutOfRange(uint256 signers, uint256 setSize);
    /// @dev `given` is counted up to one more than needed.
    error WrongSignatureCount(uint256 given, uint256 needed);
    error SignaturesLength(uint256 length, uint256 expected);
    error InvalidSignature(uint256 index, address recovered, address expected);
    error MinSignersTooFew(uint256 minSigners, uint256 floor);
    error OverlapTooLong(uint256 overlap, uint256 rotationDelay);

    /// @notice Installs the next epoch, signed by a quorum of the current one. Anyone may call; no pause stops it.
    /// @param signers Bitmap over the current set, ascending by address; exactly a quorum of bits.
    /// @param signatures 64-byte EIP-2098 signatures in the order of the bits.
    function rotate(Rotation calldata rotation, uint256 signers, bytes calldata signatures) external;

    /// @notice Installs the next epoch without signatures. Only the validator registry of this chain (AccessManager).
    function setEpoch(Rotation calldata rotation) external;

    /// @notice Installs the next epoch where the current one has expired. Only the timelock (AccessManager): it can
    /// bring a dead lane back, and never deliver a message.
    function restoreEpoch(Rotation calldata rotation) external;

    /// @notice Voids all epochs below `floor`, the overlap included. Only the timelock (AccessManager).
    function raiseFloor(uint64 floor) external;

    function currentEpoch() external view returns (uint64);

    /// @notice Unix seconds until which signatures of `epoch` count; 0 if they never did or no longer do.
    function epochValidUntil(uint64 epoch) external view returns (uint64);

    /// @notice Ascending set of `epoch`; empty if unknown.
    function signersOf(uint64 epoch) external view returns (address[] memory);

    /// @notice EIP-712 digest of a rotation for this gateway.
    function rotationDigest(Rotation calldata rotation) external view returns (bytes32);

    // solhint-disable func-name-mixedcase
    /// @notice Smallest set that is ever accepted.
    function MIN_SIGNERS() external view returns (uint256);

    /// @notice Least seconds between two signed rotations.
    function ROTATION_DELAY() external view returns (uint64);

    /// @notice Seconds for which the epoch before stays valid.
    function OVERLAP() external view returns (uint64);
}
