// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IFundable} from "../token/IFundable.sol";
import {IRevenuePool, Span, WEEK_SECONDS} from "./IRevenuePool.sol";
import {IStakePool} from "./IStakePool.sol";
import {Accrual} from "./libraries/Accrual.sol";
import {WeekHistory} from "./libraries/WeekHistory.sol";

/// @title StakePool
/// @notice See `IStakePool` and the README of this folder. A pool says whose turn it is to end and what a position weighs.
abstract contract StakePool is IStakePool, AccessManaged, ReentrancyGuardTransient {
    using Accrual for Accrual.State;
    using SafeERC20 for IERC20;
    using WeekHistory for WeekHistory.Knot[];

    /// @dev `to` is 0 while it has weight. `class` and `state` are the pool's own. A claim lifts `rewardFrom` to `rewardTo`.
    struct Stake {
        address owner;
        uint40 from;
        uint40 to;
        uint8 class;
        uint8 state;
        uint128 rewardFrom;
        uint128 integralFrom;
        uint128 rewardTo;
        uint128 integralTo;
    }

    /// @notice Spans that a call ends at most, beside `poke`.
    uint256 public constant MAX_STEPS = 100;

    IERC20 public immutable COS;
    /// @notice The vault that funds.
    address public immutable ECOSYSTEM;

    /// @inheritdoc IStakePool
    uint256 public lastPosition;
    /// @inheritdoc IStakePool
    uint256 public paid;
    Accrual.State internal _accrual;
    mapping(uint256 position => Stake) internal _stakes;

    constructor(address authority, IERC20 cos, address ecosystem) AccessManaged(authority) {
        if (authority.code.length == 0) revert NotAContract(authority);
        if (address(cos).code.length == 0) revert NotAContract(address(cos));
        if (ecosystem.code.length == 0) revert NotAContract(ecosystem);
        COS = cos;
        ECOSYSTEM = ecosystem;
        _accrual.syncedAt = uint64(block.timestamp);
    }

    /// @inheritdoc IFundable
    function fund(uint256 amount, uint64 newEnd) external nonReentrant {
        // Check
        if (msg.sender != ECOSYSTEM) revert NotEcosystem(msg.sender, ECOSYSTEM);
        _sync();

        // Interaction: only afterwards is it known what arrived; the guard keeps everybody out meanwhile
        uint256 before = COS.balanceOf(address(this));
        COS.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = COS.balanceOf(address(this)) - before;

        // Effect
        _accrual.fund(received, newEnd);
        emit Funded(received, _accrual.rate, newEnd, _accrual.undistributed);
    }

    /// @inheritdoc IRevenuePool
    function sync() external {
        _sync();
    }

    /// @inheritdoc IStakePool
    function poke(uint256 maxSteps) external returns (bool done) {
        return _walk(maxSteps) == 0;
    }

    /// @inheritdoc IStakePool
    function claim(uint256 position, address to) external nonReentrant returns (uint256 reward) {
        // Check
        Stake storage stake = _stakeOfCaller(position);
        if (to == address(0)) revert ZeroReceiver();
        uint256 end = _endOf(stake);
        if (block.timestamp < end) revert NotEnded(block.timestamp, end);
        if (stake.to == 0) _sync();
        reward = Accrual.earned(_weightOf(position), stake.rewardFrom, stake.rewardTo);
        if (reward == 0) revert NothingToClaim(position);

        // Effect
        stake.rewardFrom = stake.rewardTo;
        paid += reward;
        emit RewardClaimed(position, to, reward);

        // Interaction
        COS.safeTransfer(to, reward);
    }

    /// @inheritdoc IRevenuePool
    function integralAt(uint256 week) external view returns (uint256 value) {
        _requireReached(week);
        (value, ) = _accrual.knots.at(week);
    }

    /// @inheritdoc IRevenuePool
    function idleAt(uint256 week) external view returns (uint256 value) {
        _requireReached(week);
        (, value) = _accrual.knots.at(week);
    }

    /// @inheritdoc IRevenuePool
    function integral() external view returns (uint256) {
        return _accrual.integral;
    }

    /// @inheritdoc IRevenuePool
    function syncedAt() external view returns (uint64) {
        return _accrual.syncedAt;
    }

    /// @inheritdoc IRevenuePool
    function spanOf(uint256 position) external view returns (Span memory) {
        Stake storage stake = _stakeOf(position);
        return
            Span({
                owner: stake.owner,
                weight: _weightOf(position),
                from: stake.from,
                to: stake.to,
                integralFrom: stake.integralFrom,
                integralTo: stake.integralTo
            });
    }

    /// @inheritdoc IStakePool
    function rewardOf(uint256 position) external view returns (uint256) {
        Stake storage stake = _stakeOf(position);
        uint256 end = stake.to == 0 ? _accrual.rewardPerWeight : stake.rewardTo;
        return Accrual.earned(_weightOf(position), stake.rewardFrom, end);
    }

    /// @inheritdoc IStakePool
    function endOf(uint256 position) external view returns (uint64) {
        return uint64(_endOf(_stakeOf(position)));
    }

    /// @inheritdoc IStakePool
    function totalWeight() external view returns (uint256) {
        return _accrual.weight;
    }

    /// @inheritdoc IStakePool
    function rewardRate() external view returns (uint256) {
        return _accrual.rate;
    }

    /// @inheritdoc IStakePool
    function emissionEnd() external view returns (uint64) {
        return _accrual.emissionEnd;
    }

    /// @inheritdoc IStakePool
    function undistributed() external view returns (uint256) {
        return _accrual.undistributed;
    }

    /// @inheritdoc IStakePool
    function emitted() external view returns (uint256) {
        return _accrual.funded - _accrual.undistributed - _accrual.unelapsed();
    }

    /// @inheritdoc IStakePool
    function funded() external view returns (uint256) {
        return _accrual.funded;
    }

    /// @dev Opens a position from now on, in a pool that is synced. The caller of this function keeps `weight` for
    /// `_weightOf`.
    function _open(address owner, uint8 class, uint256 weight) internal returns (uint256 position) {
        position = ++lastPosition;
        Stake storage stake = _stakes[position];
        (stake.owner, stake.from, stake.class) = (owner, uint40(block.timestamp), class);
        (stake.rewardFrom, stake.integralFrom) = (_accrual.rewardPerWeight, _accrual.integral);
        _accrual.weight += uint128(weight);
    }

    /// @dev Ends the span of a position with weight at the time up to which the pool is synced.
    function _endSpan(uint256 position, Stake storage stake) internal {
        uint256 weight = _weightOf(position);
        uint64 at = _accrual.syncedAt;
        uint128 rewardTo = _accrual.rewardPerWeight;
        stake.to = uint40(at);
        (stake.rewardTo, stake.integralTo) = (rewardTo, _accrual.integral);
        _accrual.weight -= uint128(weight);
        emit SpanEnded(position, at, Accrual.earned(weight, stake.rewardFrom, rewardTo));
    }

    function _sync() internal {
        uint256 waiting = _walk(MAX_STEPS);
        if (waiting != 0) revert PokeFirst(waiting, MAX_STEPS);
    }

    function _stakeOf(uint256 position) internal view returns (Stake storage stake) {
        stake = _stakes[position];
        if (stake.owner == address(0)) revert UnknownPosition(position);
    }

    function _stakeOfCaller(uint256 position) internal view returns (Stake storage stake) {
        stake = _stakeOf(position);
        if (msg.sender != stake.owner) revert NotPositionOwner(msg.sender, stake.owner);
    }

    function _requireEmission(uint64 minEmissionEnd) internal view {
        uint64 end = _accrual.emissionEnd;
        if (end < minEmissionEnd) revert EmissionEndsTooEarly(end, minEmissionEnd);
    }

    /// @dev The position that leaves the queue of endings next, and when; 0 where none waits.
    function _nextEnd() internal view virtual returns (uint256 position, uint256 end);

    /// @dev Takes that position, which `_nextEnd` returned, out of the queue.
    function _dequeue(uint256 position) internal virtual;

    /// @dev When the position ends or ended, were it not for a slash; the largest uint64 where that is open.
    function _endOf(Stake storage stake) internal view virtual returns (uint256);

    /// @dev The weight of a position in its span, also afterwards.
    function _weightOf(uint256 position) internal view virtual returns (uint256);

    /// @dev Returns the first position left, where more than `maxSteps` were over, else 0.
    function _walk(uint256 maxSteps) private returns (uint256) {
        (uint256 position, uint256 end) = _nextEnd();
        for (uint256 step = 0; position != 0 && end <= block.timestamp; ++step) {
            if (step == maxSteps) return position;
            _dequeue(position);
            Stake storage stake = _stakes[position];
            // One that a slash ended is only taken out.
            if (stake.to == 0) {
                _accrual.advance(end);
                _endSpan(position, stake);
            }
            (position, end) = _nextEnd();
        }
        _accrual.advance(block.timestamp);
        return 0;
    }

    function _requireReached(uint256 week) private view {
        uint256 synced = _accrual.syncedAt / WEEK_SECONDS;
        if (week > synced) revert WeekNotReached(week, synced);
    }
}
