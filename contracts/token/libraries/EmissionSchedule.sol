// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @dev Of every emission.
uint256 constant PHASES = 7;

/// @title The arithmetic of seven phases, each of half the rate of the one before and the last two alike
/// @notice Emission follows the clock, not whoever calls: every phase that is over is finished to the last unit, and a
/// running one gives what is left of it in equal parts per second. Source: QOS paper (issuance).
library EmissionSchedule {
    /// @dev Four years of 365 days, as the node lock's two are 730 days.
    uint64 internal constant PHASE_SECONDS = 1_460 days;

    /// @notice How far the emission has come.
    /// @param last Unix seconds up to which everything was emitted.
    /// @param phase The one that `last` is in; PHASES at the end of all.
    /// @param applied What was emitted of that phase.
    struct Cursor {
        uint64 last;
        uint8 phase;
        uint128 applied;
    }

    /// @notice 50, 25, 12.5, 6.25, 3.125, 1.5625 and 1.5625 % of `budget`; what rounding leaves is in the last.
    function split(uint128 budget) internal pure returns (uint128[PHASES] memory totals) {
        uint128 left = budget;
        for (uint256 i = 0; i < PHASES - 1; ++i) {
            totals[i] = budget >> (i + 1);
            left -= totals[i];
        }
        totals[PHASES - 1] = left;
    }

    /// @notice Unix seconds at which `phase` begins; for PHASES, at which the schedule ends.
    function startOf(uint64 start, uint256 phase) internal pure returns (uint256) {
        return start + phase * PHASE_SECONDS;
    }

    /// @notice Where the cursor is at `timestamp`, and what is emitted on the way there.
    function advance(
        Cursor memory cursor,
        uint64 start,
        uint128[PHASES] memory totals,
        uint256 timestamp
    ) internal pure returns (Cursor memory next, uint256 amount) {
        next = Cursor(cursor.last, cursor.phase, cursor.applied);
        while (next.phase < PHASES && next.last < timestamp) {
            uint256 left = totals[next.phase] - next.applied;
            uint256 end = startOf(start, next.phase + 1);
            if (timestamp < end) {
                left = Math.mulDiv(left, timestamp - next.last, end - next.last);
                next.last = uint64(timestamp);
                next.applied += uint128(left);
            } else {
                next = Cursor(uint64(end), next.phase + 1, 0);
            }
            amount += left;
        }
    }
}
