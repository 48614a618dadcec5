// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {INTEGRAL_SCALE, WEEK_SECONDS} from "../IRevenuePool.sol";

/// @title What an integral and the idle seconds were when each week began
/// @notice Between two changes of the weight both are linear in time. So one knot stands for all week starts within a
/// stretch of constant weight: recording costs the same after a minute and after years, and any week is read exactly as
/// if it had been recorded when it began.
library WeekHistory {
    /// @dev Values at the start of `week`; `weight` is what held then and at every week start before the next knot.
    struct Knot {
        uint32 week;
        uint64 idle;
        uint128 weight;
        uint128 integral;
    }

    /// @notice Lets time pass from `from` to `to` under a constant weight and records the week starts on the way. The
    /// integral is rounded down at each of them, as if every week had been recorded when it began: so over a week, too,
    /// no more is shared than there was time.
    /// @param integral Its value at `from`. @param idle Seconds without weight at `from`.
    function record(
        Knot[] storage knots,
        uint256 from,
        uint256 to,
        uint128 weight,
        uint256 integral,
        uint256 idle
    ) internal returns (uint256 integralThen, uint256 idleThen) {
        uint256 week = from / WEEK_SECONDS + 1;
        uint256 start = week * WEEK_SECONDS;
        if (start > to) return grow(integral, idle, weight, to - from);
        (integralThen, idleThen) = grow(integral, idle, weight, start - from);
        knots.push(Knot(uint32(week), uint64(idleThen), weight, uint128(integralThen)));
        (integralThen, idleThen) = growWeeks(integralThen, idleThen, weight, to / WEEK_SECONDS - week);
        return grow(integralThen, idleThen, weight, to % WEEK_SECONDS);
    }

    /// @notice Integral and idle seconds at the start of `week`, which the last record must have reached. Zero before the
    /// first record.
    function at(Knot[] storage knots, uint256 week) internal view returns (uint256 integral, uint256 idle) {
        uint256 count = knots.length;
        if (count == 0 || week < knots[0].week) return (0, 0);
        Knot storage knot = knots[_indexOf(knots, count - 1, week)];
        return growWeeks(knot.integral, knot.idle, knot.weight, week - knot.week);
    }

    /// @notice Both values `elapsed` seconds later, over which `weight` was constant. The integral rounds down.
    function grow(
        uint256 integral,
        uint256 idle,
        uint256 weight,
        uint256 elapsed
    ) internal pure returns (uint256 integralThen, uint256 idleThen) {
        if (weight == 0) return (integral, idle + elapsed);
        return (integral + Math.mulDiv(INTEGRAL_SCALE, elapsed, weight), idle);
    }

    /// @dev As `grow`, from a week's start on, rounding each week.
    function growWeeks(
        uint256 integral,
        uint256 idle,
        uint256 weight,
        uint256 weekCount
    ) private pure returns (uint256 integralThen, uint256 idleThen) {
        (integralThen, idleThen) = grow(0, 0, weight, WEEK_SECONDS);
        return (integral + weekCount * integralThen, idle + weekCount * idleThen);
    }

    /// @dev The last knot not after `week`. Where no week was skipped that is one look, else a search among as many knots
    /// as weeks were skipped.
    function _indexOf(Knot[] storage knots, uint256 last, uint256 week) private view returns (uint256) {
        uint256 first = knots[0].week;
        uint256 lastWeek = knots[last].week;
        if (week >= lastWeek) return last;
        uint256 skipped = lastWeek - first - last;
        uint256 high = Math.min(last, week - first);
        uint256 low = Math.saturatingSub(week - first, skipped);
        while (low < high) {
            uint256 middle = Math.average(low, high + 1);
            if (knots[middle].week <= week) low = middle;
            else high = middle - 1;
        }
        return low;
    }
}
