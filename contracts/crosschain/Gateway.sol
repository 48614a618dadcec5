// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IGateway, LaneLimits, LaneView} from "./IGateway.sol";
import {IQuorum} from "./IQuorum.sol";
import {Inbox} from "./Inbox.sol";
import {Quorum} from "./Quorum.sol";
import {FeeLedger} from "./libraries/FeeLedger.sol";
import {HashChain} from "./libraries/HashChain.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";
import {Lane, LaneStorage} from "./types/Lane.sol";
import {tagOf} from "./types/MessageId.sol";
import {LaneFees, Rotation} from "./types/QCP.sol";

/// @title Gateway: who may open, limit, pause and restore the lanes of this chain
/// @notice Roles sit in the AccessManager that the constructor names; `deploy/` lists which function has which.
contract Gateway is IGateway, Inbox, AccessManaged {
    using FeeLedger for Lane;

    /// @notice Lanes that `pauseAll` can reach in one transaction.
    uint256 public constant MAX_LANES = 64;
    /// @dev EIP-7825, and the size that nodes accept: what any target is taken to allow.
    uint256 private constant TARGET_TX_GAS = 16_777_216;
    uint256 private constant TARGET_TX_BYTES = 131_072;
    /// @dev A delivery of one empty message with 14 signatures and all other leaves in flight: measured, rounded up.
    uint256 private constant DELIVERY_GAS = 2_500_000;
    /// @dev Calldata at EIP-7623's floor, and the copies that are made of it.
    uint256 private constant DELIVERY_GAS_PER_BYTE = 64;
    uint256 private constant DELIVERY_BYTES = 32 * MAX_IN_FLIGHT + 4_096;

    uint64[] private _chainIds;

    /// @param genesis First epoch; with epoch 0 there is none until the registry sets it.
    constructor(
        address authority,
        uint256 minSigners,
        uint64 rotationDelay,
        uint64 overlap,
        Rotation memory genesis
    ) AccessManaged(authority) Quorum(minSigners, rotationDelay, overlap) {
        if (genesis.epoch != 0) _installEpoch(genesis);
    }

    /// @inheritdoc IGateway
    function addLane(uint64 chainId, address gateway, LaneLimits calldata limits) external restricted {
        // Check
        if (chainId == 0 || chainId == block.chainid || tagOf(gateway) == 0) revert InvalidLane(chainId, gateway);
        Lane storage lane = LaneStorage.lanes()[chainId];
        if (lane.remoteGateway != address(0)) revert LaneExists(chainId);
        if (_chainIds.length == MAX_LANES) revert TooManyLanes(MAX_LANES);

        // Effect
        uint64 here = uint64(block.chainid);
        lane.remoteGateway = gateway;
        lane.remoteTag = tagOf(gateway);
        lane.outAcc = HashChain.seed(HashChain.MESSAGES, here, address(this), chainId, gateway);
        lane.ackAcc = HashChain.seed(HashChain.RESULTS, here, address(this), chainId, gateway);
        lane.resAcc = HashChain.seed(HashChain.RESULTS, chainId, gateway, here, address(this));
        _chainIds.push(chainId);
        emit LaneAdded(chainId, gateway);
        _setLimits(chainId, lane, limits);
    }

    /// @inheritdoc IGateway
    function setLimits(uint64 chainId, LaneLimits calldata limits) external restricted {
        _setLimits(chainId, _lane(chainId), limits);
    }

    /// @inheritdoc IGateway
    function setFees(uint64 chainId, LaneFees calldata fees) external restricted {
        _lane(chainId).setPrices(fees);
        emit FeesSet(chainId, fees.base, fees.perGas, fees.perByte);
    }

    /// @inheritdoc IGateway
    function pauseLane(uint64 chainId) external restricted {
        _setPaused(chainId, true);
    }

    /// @inheritdoc IGateway
    function pauseAll() external restricted {
        for (uint256 i = 0; i < _chainIds.length; ++i) {
            _setPaused(_chainIds[i], true);
        }
    }

    /// @inheritdoc IGateway
    function unpauseLane(uint64 chainId) external restricted {
        _setPaused(chainId, false);
    }

    /// @inheritdoc IQuorum
    function setEpoch(Rotation calldata rotation) external restricted {
        _installEpoch(rotation);
    }

    /// @inheritdoc IQuorum
    function restoreEpoch(Rotation calldata rotation) external restricted {
        uint64 current = currentEpoch();
        uint64 validUntil = epochValidUntil(current);
        if (block.timestamp <= validUntil) revert EpochStillValid(current, validUntil);
        _installEpoch(rotation);
    }

    /// @inheritdoc IQuorum
    function raiseFloor(uint64 floor) external restricted {
        _raiseFloor(floor);
    }

    /// @inheritdoc IGateway
    function laneChainIds() external view returns (uint64[] memory) {
        return _chainIds;
    }

    /// @inheritdoc IGateway
    function laneFees(uint64 chainId) external view returns (LaneFees memory) {
        return _lane(chainId).prices();
    }

    /// @inheritdoc IGateway
    function laneState(uint64 chainId) external view returns (LaneView memory) {
        Lane storage lane = _lane(chainId);
        return
            LaneView({
                remoteGateway: lane.remoteGateway,
                outSeq: lane.outSeq,
                outAcc: lane.outAcc,
                ackSeq: lane.ackSeq,
                ackAcc: lane.ackAcc,
                inSeq: lane.inSeq,
                resAcc: lane.resAcc,
                cadence: lane.cadence,
                maxGas: lane.maxGas,
                maxBytes: lane.maxBytes,
                paused: lane.outPaused
            });
    }

    function _setLimits(uint64 chainId, Lane storage lane, LaneLimits calldata limits) private {
        if (limits.cadence == 0) revert ZeroCadence();
        if (limits.maxGas < DEFAULT_GAS_LIMIT) revert GasBelowDefault(limits.maxGas, DEFAULT_GAS_LIMIT);
        uint256 bytesLength = DELIVERY_BYTES + MessageCodec.OVERHEAD_BYTES + limits.maxBytes;
        uint256 gas = DELIVERY_GAS + DELIVERY_GAS_PER_BYTE * limits.maxBytes + (uint256(limits.maxGas) * 64) / 63;
        if (gas > TARGET_TX_GAS || bytesLength > TARGET_TX_BYTES) {
            revert LimitsUndeliverable(gas, TARGET_TX_GAS, bytesLength, TARGET_TX_BYTES);
        }
        lane.cadence = limits.cadence;
        lane.maxGas = limits.maxGas;
        lane.maxBytes = limits.maxBytes;
        emit LimitsSet(chainId, limits.cadence, limits.maxGas, limits.maxBytes);
    }

    function _setPaused(uint64 chainId, bool paused) private {
        Lane storage lane = _lane(chainId);
        lane.outPaused = paused;
        lane.inPaused = paused;
        emit LanePauseSet(chainId, paused);
    }

    function _lane(uint64 chainId) private view returns (Lane storage lane) {
        lane = LaneStorage.lanes()[chainId];
        if (lane.remoteGateway == address(0)) revert UnknownLane(chainId);
    }
}
