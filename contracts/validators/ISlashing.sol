// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGateway} from "../crosschain/IGateway.sol";
import {Header, Rotation} from "../crosschain/types/QCP.sol";
import {IValidatorRegistry} from "./IValidatorRegistry.sol";

/// @notice The gateway that signatures were made for.
struct Target {
    uint256 chainId;
    address gateway;
}

/// @notice A header and one 64-byte EIP-2098 signature of it.
struct SignedHeader {
    Header header;
    bytes signature;
}

/// @notice A rotation and one 64-byte EIP-2098 signature of it.
struct SignedRotation {
    Rotation rotation;
    bytes signature;
}

/// @notice What this chain's outbox had at a header's `toSeq`. Empty where it has not come that far.
/// @param acc Its accumulator there.
/// @param leavesAfter Leaves of the messages after it, to the next multiple of 256 or, where there is none yet, to the
/// outbox's end: at most 256.
struct HeadEvidence {
    bytes32 acc;
    bytes leavesAfter;
}

/// @notice What this chain's inbox had at a header's `ackSeq`. Empty where it has not come that far, or is just there.
/// @param resAcc Its accumulator before `next`.
/// @param next The packed record (68 B) whose messages begin after `ackSeq`, or among which it lies.
/// @param leavesAfter Leaves of the records after that one, to the checkpoint or the present end.
/// @param checkpoint Index of the gateway's `resultCheckpoint` that they reach; 0: the inbox's present end.
struct ResultEvidence {
    bytes32 resAcc;
    bytes next;
    bytes leavesAfter;
    uint64 checkpoint;
}

/// @title Proofs that a key signed what nobody may sign
/// @notice Every proof stands for itself, can be brought by anyone, and costs the operator of the key all that the
/// registry can take. It counts until the deposit is withdrawn. `evidence` of the registry's event is
/// keccak256(abi.encode(digest of the first statement, digest of the second)); the second is zero where one is enough.
interface ISlashing {
    /// @dev The two statements are about different chains' gateways.
    error DifferentSources(uint64 first, uint64 second);
    /// @dev The two statements are about different sequences, blocks or epochs.
    error DifferentPositions(uint64 first, uint64 second);
    /// @dev The two statements agree.
    error NoConflict(bytes32 content);
    /// @dev Not 64 bytes, a high s, or nobody's. @param index 0: the first statement, 1: the second.
    error MalformedSignature(uint256 index);
    /// @dev Also where one of the two was signed for another target.
    error DifferentSigners(address first, address second);
    error UnknownSigner(address signer);
    /// @dev The registry published no such epoch with the key in its set.
    error NotInEpoch(address signer, uint64 epoch);
    error NotInEpochBefore(address signer, uint64 epoch);
    /// @dev What was signed was true, or became true.
    error NotFalse(bytes32 content);
    error NotOfThisChain(uint64 source, uint256 chainId);
    /// @dev No lane of this chain's gateway leads there.
    error UnknownTarget(uint256 chainId, address gateway);
    error LeavesLength(uint256 length, uint256 expected);
    /// @dev The evidence does not lead to what the gateway has.
    error NotTheChain(bytes32 acc, bytes32 expected);
    error WrongRecord(uint64 first, uint64 last, uint64 ackSeq);

    /// @notice Two headers with one `toSeq` and different `acc`, for one target. The key must have been in the epochs of
    /// both.
    function proveMessages(Target calldata target, SignedHeader calldata first, SignedHeader calldata second) external;

    /// @notice As `proveMessages`, for one `ackSeq` and different `resAcc`.
    function proveResults(Target calldata target, SignedHeader calldata first, SignedHeader calldata second) external;

    /// @notice As `proveMessages`, for one `sourceBlock` and headers that differ in anything.
    function proveBlock(Target calldata target, SignedHeader calldata first, SignedHeader calldata second) external;

    /// @notice As `proveMessages`, for two different rotations to one epoch. The key must have been in an earlier epoch.
    function proveRotations(
        Target calldata target,
        SignedRotation calldata first,
        SignedRotation calldata second
    ) external;

    /// @notice A header of this chain whose `toSeq` is beyond the outbox's end, or whose `acc` it never had there. `target`
    /// is the other end of a lane. The key must have been in the header's epoch.
    function proveFalseHead(
        Target calldata target,
        SignedHeader calldata statement,
        HeadEvidence calldata evidence
    ) external;

    /// @notice As `proveFalseHead`, for `ackSeq` and `resAcc` of the inbox.
    function proveFalseResult(
        Target calldata target,
        SignedHeader calldata statement,
        ResultEvidence calldata evidence
    ) external;

    /// @notice A rotation of the gateway at the other end of a lane, or of this chain's, to an epoch that is another one
    /// here. The key must have been in an earlier epoch.
    function proveFalseRotation(Target calldata target, SignedRotation calldata statement) external;

    // solhint-disable func-name-mixedcase
    /// @notice Holds the deposits and knows the epochs.
    function REGISTRY() external view returns (IValidatorRegistry);

    /// @notice The registry's gateway.
    function GATEWAY() external view returns (IGateway);
}
