// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IInbox} from "./IInbox.sol";
import {IOutbox} from "./IOutbox.sol";
import {IQuorum} from "./IQuorum.sol";
import {LaneFees} from "./types/QCP.sol";

/// @notice What `laneState` returns: both directions of a lane, with its limits.
struct LaneView {
    address remoteGateway;
    uint64 outSeq;
    bytes32 outAcc;
    uint64 ackSeq;
    bytes32 ackAcc;
    uint64 inSeq;
    bytes32 resAcc;
    uint16 cadence;
    uint32 maxGas;
    uint24 maxBytes;
    bool paused;
}

/// @notice Limits of a lane. They bind new messages only.
/// @param cadence A header may exist for every `cadence`-th block, 1 or more.
/// @param maxGas Largest gas limit of a message.
/// @param maxBytes Longest payload.
struct LaneLimits {
    uint16 cadence;
    uint32 maxGas;
    uint24 maxBytes;
}

/// @title Gateway: the outbox, the inbox and the quorum of one chain
interface IGateway is IOutbox, IInbox, IQuorum {
    event LaneAdded(uint64 indexed chainId, address gateway);
    event LimitsSet(uint64 indexed chainId, uint16 cadence, uint32 maxGas, uint24 maxBytes);
    event FeesSet(uint64 indexed chainId, uint48 base, uint32 perGas, uint32 perByte);
    event LanePauseSet(uint64 indexed chainId, bool paused);

    error LaneExists(uint64 chainId);
    error InvalidLane(uint64 chainId, address gateway);
    error TooManyLanes(uint256 max);
    error ZeroCadence();
    error GasBelowDefault(uint32 maxGas, uint32 defaultGas);
    /// @dev A message of these limits, alone and with 21 signatures, would not fit into one transaction of the target.
    error LimitsUndeliverable(uint256 gas, uint256 maxGas, uint256 bytesLength, uint256 maxBytes);

    /// @notice Opens a lane to the gateway of another chain, for good: it is never pointed elsewhere. Lane admin only.
    function addLane(uint64 chainId, address gateway, LaneLimits calldata limits) external;

    /// @notice Changes a lane's limits. Lane admin only.
    function setLimits(uint64 chainId, LaneLimits calldata limits) external;

    /// @notice Changes what a message of a lane costs from now on; a lane opens without fees. Lane admin only.
    function setFees(uint64 chainId, LaneFees calldata fees) external;

    /// @notice Stops sending and delivering on a lane. Guardian only.
    function pauseLane(uint64 chainId) external;

    /// @notice Stops all lanes. Guardian, or the validator registry when a third of a set is slashed.
    function pauseAll() external;

    /// @notice Resumes a lane. Timelock only.
    function unpauseLane(uint64 chainId) external;

    /// @notice Chain ids of all lanes, in the order of their addition.
    function laneChainIds() external view returns (uint64[] memory);

    /// @notice What a message of a lane costs; reverts with UnknownLane if there is none.
    function laneFees(uint64 chainId) external view returns (LaneFees memory);

    /// @notice State of a lane; reverts with UnknownLane if there is none.
    function laneState(uint64 chainId) external view returns (LaneView memory);
}
