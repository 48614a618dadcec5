// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {BondPool, BondPosition, DelegationParams, IDelegation} from "./IDelegation.sol";
import {BondMath} from "./libraries/BondMath.sol";

/// @title Delegation
/// @notice See `IDelegation` and the README of this folder.
contract Delegation is IDelegation, AccessManaged, ReentrancyGuardTransient {
    using Checkpoints for Checkpoints.Trace208;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev Index 0: never opened, or wiped. `commissionSetAt` 0: never opened. `credits` holds what one share has earned
    /// since the beginning, after each credit.
    struct Pool {
        uint96 index;
        uint48 commissionSetAt;
        uint16 commissionBps;
        uint16 maxCommissionBps;
        uint16 maxChangeBps;
        bool closed;
        uint128 unbondingShares;
        Checkpoints.Trace208 activeShares;
        Checkpoints.Trace208 indexes;
        uint256[] credits;
    }

    /// @dev `accrued` counts the pool's first `credited` credits. `past` holds the shares before `since`.
    struct Position {
        uint128 shares;
        uint48 since;
        uint32 credited;
        uint32 unbondings;
        uint256 accrued;
        Checkpoints.Trace208 past;
    }

    struct Unbonding {
        uint128 shares;
        uint48 readyAt;
    }

    /// @notice Seconds between undelegating and withdrawing.
    uint256 public constant UNBONDING_SECONDS = 15 days;
    /// @notice Seconds between two changes of a commission.
    uint256 public constant COMMISSION_SECONDS = 24 hours;
    /// @notice Basis points of an epoch's reward that its proposer's pool gets first.
    uint256 public constant PROPOSER_BPS = 400;
    /// @notice Scale of a pool's reward per share.
    uint256 public constant ACC = 1e27;

    /// @inheritdoc IDelegation
    IERC20 public immutable COS;
    /// @inheritdoc IDelegation
    address public immutable VAULT;
    /// @inheritdoc IDelegation
    uint64 public immutable EPOCH_SECONDS;

    /// @inheritdoc IDelegation
    address public treasury;
    /// @inheritdoc IDelegation
    address public community;
    /// @inheritdoc IDelegation
    uint128 public rewardRate;
    /// @inheritdoc IDelegation
    uint64 public emissionEnd;
    /// @inheritdoc IDelegation
    uint64 public streamedUntil;
    /// @inheritdoc IDelegation
    uint256 public unsettled;
    /// @inheritdoc IDelegation
    uint256 public undistributed;
    /// @inheritdoc IDelegation
    uint256 public unsweptSlashed;
    /// @inheritdoc IDelegation
    uint256 public unsweptCommunity;
    /// @inheritdoc IDelegation
    uint256 public nextRewardEpoch;

    mapping(address validator => Pool) private _pools;
    mapping(address validator => mapping(address delegator => Position)) private _positions;
    mapping(address validator => mapping(address delegator => mapping(uint256 id => Unbonding))) private _unbondings;

    constructor(address initialAuthority, DelegationParams memory params) AccessManaged(initialAuthority) {
        if (initialAuthority.code.length == 0) revert NotAContract(initialAuthority);
        if (address(params.cos).code.length == 0) revert NotAContract(address(params.cos));
        if (params.vault == address(0)) revert ZeroVault();
        if (params.epochSeconds == 0) revert ZeroEpochSeconds();
        COS = params.cos;
        VAULT = params.vault;
        EPOCH_SECONDS = params.epochSeconds;
        _setTreasury(params.treasury);
        _setCommunity(params.community);
    }

    /// @inheritdoc IDelegation
    function delegate(address validator, uint256 amount) external nonReentrant returns (uint256 shares) {
        // Check
        Pool storage pool = _pools[validator];
        _requireOpened(pool, validator);
        if (pool.closed) revert PoolClosed(validator);
        uint256 index = pool.index;
        if (index == 0) revert PoolWiped(validator);
        if (amount == 0) revert ZeroBond();

        // Effect
        shares = BondMath.toSharesDown(amount, index);
        Position storage position = _accrue(validator, msg.sender);
        _setShares(position, position.shares + shares);
        _setActive(pool, pool.activeShares.latest() + shares);
        emit Delegated(validator, msg.sender, amount, shares);

        // Interaction
        COS.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IDelegation
    function undelegate(address validator, uint256 shares) external returns (uint256 id) {
        // Check
        if (shares == 0) revert ZeroShares();
        Position storage position = _positions[validator][msg.sender];
        uint256 held = position.shares;
        if (shares > held) revert SharesExceeded(shares, held);

        // Effect
        Pool storage pool = _pools[validator];
        _accrue(validator, msg.sender);
        _setShares(position, held - shares);
        _setActive(pool, pool.activeShares.latest() - shares);
        // Within uint128: part of what `_setShares` has cast.
        pool.unbondingShares += uint128(shares);
        id = position.unbondings++;
        uint256 readyAt = block.timestamp + UNBONDING_SECONDS;
        _unbondings[validator][msg.sender][id] = Unbonding(uint128(shares), uint48(readyAt));
        emit Undelegated(validator, msg.sender, id, shares, readyAt);
    }

    /// @inheritdoc IDelegation
    function withdraw(address validator, uint256 id, address to) external nonReentrant returns (uint256 amount) {
        // Check
        if (to == address(0)) revert ZeroReceiver();
        Unbonding memory unbonding = _unbondings[validator][msg.sender][id];
        if (unbonding.shares == 0) revert UnknownUnbonding(validator, msg.sender, id);
        if (block.timestamp < unbonding.readyAt) revert StillUnbonding(block.timestamp, unbonding.readyAt);

        // Effect
        Pool storage pool = _pools[validator];
        amount = BondMath.toBondDown(unbonding.shares, pool.index);
        pool.unbondingShares -= unbonding.shares;
        delete _unbondings[validator][msg.sender][id];
        emit Withdrawn(validator, msg.sender, id, to, unbonding.shares, amount);

        // Interaction
        COS.safeTransfer(to, amount);
    }

    /// @inheritdoc IDelegation
    function claim(address validator, address to) external nonReentrant returns (uint256 amount) {
        // Check
        if (to == address(0)) revert ZeroReceiver();
        Position storage position = _accrue(validator, msg.sender);
        amount = position.accrued;
        if (amount == 0) revert NoReward(validator, msg.sender);

        // Effect
        position.accrued = 0;
        emit RewardClaimed(validator, msg.sender, to, amount);

        // Interaction
        COS.safeTransfer(to, amount);
    }

    /// @inheritdoc IDelegation
    function setCommission(uint16 commissionBps) external {
        // Check
        Pool storage pool = _pools[msg.sender];
        _requireOpened(pool, msg.sender);
        if (commissionBps > pool.maxCommissionBps) {
            revert CommissionOutOfRange(commissionBps, pool.maxCommissionBps);
        }
        uint256 earliest = pool.commissionSetAt + COMMISSION_SECONDS;
        if (block.timestamp < earliest) revert CommissionChangeTooEarly(block.timestamp, earliest);
        uint256 present = pool.commissionBps;
        uint256 change = commissionBps > present ? commissionBps - present : present - commissionBps;
        if (change > pool.maxChangeBps) revert CommissionChangeTooLarge(change, pool.maxChangeBps);

        // Effect
        pool.commissionBps = commissionBps;
        pool.commissionSetAt = uint48(block.timestamp);
        emit CommissionSet(msg.sender, commissionBps);
    }

    /// @inheritdoc IDelegation
    function open(
        address validator,
        uint16 maxCommissionBps,
        uint16 maxChangeBps,
        uint16 commissionBps
    ) external restricted {
        // Check
        Pool storage pool = _pools[validator];
        if (pool.commissionSetAt != 0) revert PoolExists(validator);
        if (maxCommissionBps > BondMath.BPS) revert CommissionOutOfRange(maxCommissionBps, BondMath.BPS);
        if (maxChangeBps > maxCommissionBps) revert MaxChangeOutOfRange(maxChangeBps, maxCommissionBps);
        if (commissionBps > maxCommissionBps) revert CommissionOutOfRange(commissionBps, maxCommissionBps);

        // Effect
        _setIndex(pool, BondMath.SCALE);
        pool.commissionSetAt = uint48(block.timestamp);
        pool.commissionBps = commissionBps;
        pool.maxCommissionBps = maxCommissionBps;
        pool.maxChangeBps = maxChangeBps;
        emit PoolOpened(validator, maxCommissionBps, maxChangeBps, commissionBps);
    }

    /// @inheritdoc IDelegation
    function close(address validator) external restricted {
        Pool storage pool = _pools[validator];
        if (pool.commissionSetAt == 0 || pool.closed) return;
        pool.closed = true;
        emit PoolShut(validator);
    }

    /// @inheritdoc IDelegation
    function slash(address validator, uint256 bps) external restricted returns (uint256 taken) {
        // Check
        if (bps > BondMath.BPS) revert SlashOutOfRange(bps, BondMath.BPS);
        Pool storage pool = _pools[validator];
        uint256 index = pool.index;
        if (index == 0) return 0;

        // Effect
        uint256 left = BondMath.slashedIndex(index, bps);
        uint256 shares = uint256(pool.activeShares.latest()) + pool.unbondingShares;
        taken = BondMath.toBondDown(shares, index) - BondMath.toBondDown(shares, left);
        _setIndex(pool, left);
        unsweptSlashed += taken;
        emit BondSlashed(validator, bps, left, taken);
    }

    /// @inheritdoc IDelegation
    function settle(uint256 rewardEpoch, address proposer, address[] calldata signed) external restricted {
        // Check
        uint256 current = currentRewardEpoch();
        if (rewardEpoch >= current) revert RewardEpochRunning(rewardEpoch, current);
        if (rewardEpoch < nextRewardEpoch) revert RewardEpochSettled(rewardEpoch, nextRewardEpoch);

        // Effect
        nextRewardEpoch = rewardEpoch + 1;
        _stream((rewardEpoch + 1) * EPOCH_SECONDS);
        uint256 reward = unsettled;
        unsettled = 0;
        uint256 proposerPart = Math.mulDiv(reward, PROPOSER_BPS, BondMath.BPS);
        uint256 assigned = _credit(rewardEpoch, proposer, proposerPart);
        assigned += _creditByBond(rewardEpoch, signed, reward - proposerPart);
        unsweptCommunity += reward - assigned;
        emit EpochSettled(rewardEpoch, reward, reward - assigned);
    }

    /// @inheritdoc IDelegation
    function fund(uint256 amount, uint64 newEnd) external nonReentrant {
        // Check
        if (msg.sender != VAULT) revert NotVault(msg.sender, VAULT);
        uint256 runningEnd = emissionEnd;
        uint256 earliest = Math.max(runningEnd, block.timestamp + 1);
        if (newEnd < earliest) revert EmissionEndTooEarly(newEnd, earliest);

        // Interaction, first: what arrives is what counts.
        uint256 received = _pull(amount);

        // Effect
        _stream(block.timestamp);
        uint256 running = rewardRate;
        uint256 total = received + undistributed;
        if (block.timestamp < runningEnd) total += running * (runningEnd - block.timestamp);
        uint256 duration = newEnd - block.timestamp;
        uint256 rate = total / duration;
        if (block.timestamp < runningEnd && rate < running) revert RewardRateFell(rate, running);
        rewardRate = rate.toUint128();
        emissionEnd = newEnd;
        streamedUntil = uint64(block.timestamp);
        undistributed = total % duration;
        emit RewardFunded(received, rate, newEnd, total % duration);
    }

    /// @inheritdoc IDelegation
    function credit(uint256 amount) external nonReentrant {
        // Interaction, first: what arrives is what counts.
        uint256 received = _pull(amount);

        // Effect
        unsettled += received;
        emit RewardGiven(msg.sender, received);
    }

    /// @inheritdoc IDelegation
    function sweepSlashed() external nonReentrant {
        uint256 amount = unsweptSlashed;
        if (amount == 0) revert NothingToSweep();
        unsweptSlashed = 0;
        emit SlashedBondSwept(treasury, amount);
        COS.safeTransfer(treasury, amount);
    }

    /// @inheritdoc IDelegation
    function sweepCommunity() external nonReentrant {
        uint256 amount = unsweptCommunity;
        if (amount == 0) revert NothingToSweep();
        unsweptCommunity = 0;
        emit CommunitySwept(community, amount);
        COS.safeTransfer(community, amount);
    }

    /// @inheritdoc IDelegation
    function setTreasury(address newTreasury) external restricted {
        _setTreasury(newTreasury);
    }

    /// @inheritdoc IDelegation
    function setCommunity(address newCommunity) external restricted {
        _setCommunity(newCommunity);
    }

    /// @inheritdoc IDelegation
    function poolOf(address validator) external view returns (BondPool memory) {
        Pool storage pool = _pools[validator];
        return
            BondPool({
                opened: pool.commissionSetAt != 0,
                closed: pool.closed,
                index: pool.index,
                activeShares: pool.activeShares.latest(),
                unbondingShares: pool.unbondingShares,
                bond: bondOf(validator),
                rewardPerShare: _rewardPerShare(pool, pool.credits.length),
                commissionBps: pool.commissionBps,
                maxCommissionBps: pool.maxCommissionBps,
                maxChangeBps: pool.maxChangeBps,
                commissionSetAt: pool.commissionSetAt
            });
    }

    /// @inheritdoc IDelegation
    function positionOf(address validator, address delegator) external view returns (BondPosition memory) {
        Pool storage pool = _pools[validator];
        Position storage position = _positions[validator][delegator];
        return
            BondPosition({
                shares: position.shares,
                bond: BondMath.toBondDown(position.shares, pool.index),
                reward: position.accrued + _pending(pool, position),
                unbondings: position.unbondings
            });
    }

    /// @inheritdoc IDelegation
    function unbondingOf(
        address validator,
        address delegator,
        uint256 id
    ) external view returns (uint256 shares, uint256 amount, uint256 readyAt) {
        Unbonding storage unbonding = _unbondings[validator][delegator][id];
        shares = unbonding.shares;
        return (shares, BondMath.toBondDown(shares, _pools[validator].index), unbonding.readyAt);
    }

    /// @inheritdoc IDelegation
    function pastBondOf(address validator, uint256 timepoint) external view returns (uint256) {
        uint48 key = _pastKey(timepoint);
        Pool storage pool = _pools[validator];
        return BondMath.toBondDown(pool.activeShares.upperLookupRecent(key), pool.indexes.upperLookupRecent(key));
    }

    /// @inheritdoc IDelegation
    function pastDelegationOf(address validator, address delegator, uint256 timepoint) external view returns (uint256) {
        uint48 key = _pastKey(timepoint);
        Position storage position = _positions[validator][delegator];
        uint256 shares = key < position.since ? position.past.upperLookupRecent(key) : position.shares;
        return BondMath.toBondDown(shares, _pools[validator].indexes.upperLookupRecent(key));
    }

    /// @inheritdoc IDelegation
    function bondOf(address validator) public view returns (uint256) {
        Pool storage pool = _pools[validator];
        return BondMath.toBondDown(pool.activeShares.latest(), pool.index);
    }

    /// @inheritdoc IDelegation
    function currentRewardEpoch() public view returns (uint256) {
        return block.timestamp / EPOCH_SECONDS;
    }

    /// @dev Takes up to `amount` from the caller, but not nothing.
    function _pull(uint256 amount) private returns (uint256 received) {
        uint256 before = COS.balanceOf(address(this));
        COS.safeTransferFrom(msg.sender, address(this), amount);
        received = COS.balanceOf(address(this)) - before;
        if (received == 0) revert ZeroFunding();
    }

    /// @dev Moves what the position has earned since it was touched last to `accrued`.
    function _accrue(address validator, address delegator) private returns (Position storage position) {
        Pool storage pool = _pools[validator];
        position = _positions[validator][delegator];
        uint256 pending = _pending(pool, position);
        if (pending != 0) position.accrued += pending;
        position.credited = uint32(pool.credits.length);
    }

    /// @dev The present shares stand in the position itself: only what they replace is written to the history.
    function _setShares(Position storage position, uint256 shares) private {
        if (position.since != block.timestamp) {
            if (position.since != 0) position.past.push(position.since, position.shares);
            position.since = uint48(block.timestamp);
        }
        position.shares = shares.toUint128();
    }

    function _setActive(Pool storage pool, uint256 shares) private {
        pool.activeShares.push(uint48(block.timestamp), shares.toUint128());
    }

    /// @dev At most `BondMath.SCALE`.
    function _setIndex(Pool storage pool, uint256 index) private {
        pool.index = uint96(index);
        pool.indexes.push(uint48(block.timestamp), uint208(index));
    }

    /// @dev Counts the stream up to `to`, which is not later than now, unless it is counted already.
    function _stream(uint256 to) private {
        uint256 from = streamedUntil;
        uint256 until = Math.min(to, emissionEnd);
        if (until <= from) return;
        unsettled += rewardRate * (until - from);
        streamedUntil = uint64(until);
    }

    /// @return assigned What found an owner of `reward`.
    function _creditByBond(
        uint256 rewardEpoch,
        address[] calldata signed,
        uint256 reward
    ) private returns (uint256 assigned) {
        uint256[] memory bonds = new uint256[](signed.length);
        uint256 total = 0;
        for (uint256 i = 0; i < signed.length; ++i) {
            bonds[i] = bondOf(signed[i]);
            total += bonds[i];
        }
        for (uint256 i = 0; i < signed.length; ++i) {
            if (bonds[i] != 0) assigned += _credit(rewardEpoch, signed[i], Math.mulDiv(reward, bonds[i], total));
        }
    }

    /// @return assigned What found an owner of `reward`: nothing where no bond is.
    function _credit(uint256 rewardEpoch, address validator, uint256 reward) private returns (uint256 assigned) {
        Pool storage pool = _pools[validator];
        if (pool.index == 0 || reward == 0) return 0;

        uint256 commission = Math.mulDiv(reward, pool.commissionBps, BondMath.BPS);
        if (commission != 0) _positions[validator][validator].accrued += commission;

        uint256 shares = pool.activeShares.latest();
        uint256 toDelegators = 0;
        uint256 perShare = _rewardPerShare(pool, pool.credits.length);
        if (shares != 0) {
            uint256 earned = Math.mulDiv(reward - commission, ACC, shares);
            perShare += earned;
            pool.credits.push(perShare);
            toDelegators = Math.mulDiv(earned, shares, ACC, Math.Rounding.Ceil);
        }
        emit RewardCredited(rewardEpoch, validator, commission, toDelegators, perShare);
        return commission + toDelegators;
    }

    function _setTreasury(address newTreasury) private {
        if (newTreasury == address(0)) revert ZeroTreasury();
        treasury = newTreasury;
        emit TreasurySet(newTreasury);
    }

    function _setCommunity(address newCommunity) private {
        if (newCommunity == address(0)) revert ZeroCommunity();
        community = newCommunity;
        emit CommunitySet(newCommunity);
    }

    function _requireOpened(Pool storage pool, address validator) private view {
        if (pool.commissionSetAt == 0) revert UnknownPool(validator);
    }

    function _pending(Pool storage pool, Position storage position) private view returns (uint256) {
        uint256 earned = _rewardPerShare(pool, pool.credits.length) - _rewardPerShare(pool, position.credited);
        return Math.mulDiv(position.shares, earned, ACC);
    }

    /// @dev After the first `credits` credits.
    function _rewardPerShare(Pool storage pool, uint256 credits) private view returns (uint256) {
        return credits == 0 ? 0 : pool.credits[credits - 1];
    }

    function _pastKey(uint256 timepoint) private view returns (uint48) {
        if (timepoint >= block.timestamp) revert LookupInFuture(timepoint, block.timestamp);
        return uint48(timepoint);
    }
}
