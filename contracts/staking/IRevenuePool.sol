// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev What an integral of 1 / weight is multiplied with.
uint256 constant INTEGRAL_SCALE = 2 ** 128;

/// @dev Weeks are counted from the Unix epoch: week = floor(timestamp / WEEK_SECONDS).
uint256 constant WEEK_SECONDS = 7 days;

/// @notice A position's time in a pool. Its weight is constant over `[from, to)` and zero outside.
/// @param owner Never changes.
/// @param weight In the pool's own unit; it keeps its value after `to`.
/// @param from Unix seconds. @param to Unix seconds; 0 while the position has weight, as of the pool's last sync.
/// @param integralFrom The pool's integral at `from`. @param integralTo At `to`; 0 while the position has weight.
struct Span {
    address owner;
    uint256 weight;
    uint64 from;
    uint64 to;
    uint256 integralFrom;
    uint256 integralTo;
}

/// @title A pool of weights that shares an income over time
/// @notice Whatever is shared at a constant rate `r` per second by weight gives a position with weight `w`, from time `a`
/// to time `b`, `r · w · (integral at b − integral at a) / INTEGRAL_SCALE`. Integrals never fall, and round
/// down at every sync and at every week's start: over whole weeks, and between a sync and a week's start, all positions
/// together never get more than `r · seconds`.
interface IRevenuePool {
    /// @notice Brings the pool to the present: ends every span that is over at its exact end, and advances the
    /// integral. Anyone may. Reverts with `PokeFirst` where more than 100 spans are over.
    function sync() external;

    /// @notice ∫ INTEGRAL_SCALE / weight dt, over the time in which the pool had weight, up to the start of `week`.
    /// Reverts with `WeekNotReached` for a week that began after the last sync.
    function integralAt(uint256 week) external view returns (uint256);

    /// @notice Seconds in which the pool had no weight, from its creation up to the start of `week`. Reverts as above.
    function idleAt(uint256 week) external view returns (uint256);

    /// @notice The integral at the last sync.
    function integral() external view returns (uint256);

    /// @notice Unix seconds of the last sync.
    function syncedAt() external view returns (uint64);

    /// @notice Reverts with `UnknownPosition`. Positions are numbered from 1.
    function spanOf(uint256 position) external view returns (Span memory);
}
