// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {INTEGRAL_SCALE, WEEK_SECONDS, IRevenuePool, Span} from "../staking/IRevenuePool.sol";

/// @notice A pool whose positions begin and end when they are told to, with any weight.
contract RevenuePoolMock is IRevenuePool {
    uint256 public integral;
    uint256 public idle;
    uint64 public syncedAt = uint64(block.timestamp);
    uint256 public weight;
    bool public refuses;

    Span[] private _spans;
    mapping(uint256 week => uint256) private _integrals;
    mapping(uint256 week => uint256) private _idles;

    error WeekNotReached(uint256 week, uint256 syncedWeek);
    error UnknownPosition(uint256 position);
    error SyncRefused();

    function begin(address owner, uint256 amount) external returns (uint256 position) {
        sync();
        weight += amount;
        _spans.push(Span(owner, amount, uint64(block.timestamp), 0, integral, 0));
        return _spans.length;
    }

    function end(uint256 position) external {
        sync();
        Span storage span = _spans[position - 1];
        weight -= span.weight;
        (span.to, span.integralTo) = (uint64(block.timestamp), integral);
    }

    function setRefuses(bool value) external {
        refuses = value;
    }

    function sync() public {
        if (refuses) revert SyncRefused();
        for (uint256 week = syncedAt / WEEK_SECONDS + 1; week * WEEK_SECONDS <= block.timestamp; ++week) {
            _advance(week * WEEK_SECONDS);
            (_integrals[week], _idles[week]) = (integral, idle);
        }
        _advance(block.timestamp);
    }

    function integralAt(uint256 week) external view returns (uint256) {
        _requireBegun(week);
        return _integrals[week];
    }

    function idleAt(uint256 week) external view returns (uint256) {
        _requireBegun(week);
        return _idles[week];
    }

    function spanOf(uint256 position) external view returns (Span memory) {
        if (position == 0 || position > _spans.length) revert UnknownPosition(position);
        return _spans[position - 1];
    }

    function _advance(uint256 to) private {
        uint256 elapsed = to - syncedAt;
        if (weight == 0) idle += elapsed;
        else integral += (elapsed * INTEGRAL_SCALE) / weight;
        syncedAt = uint64(to);
    }

    function _requireBegun(uint256 week) private view {
        if (week * WEEK_SECONDS > syncedAt) revert WeekNotReached(week, syncedAt / WEEK_SECONDS);
    }
}
