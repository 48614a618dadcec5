// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Batches whose clock is in [from, to) call no rules.
struct Halt {
    uint64 from;
    uint64 to;
}

/// @title Halts of moves, ascending
/// @notice None is ever changed or forgotten: what a past batch leads to must not change.
library MovesHalts {
    uint256 internal constant MAX_SECONDS = 30 days;
    /// @notice Between two halts rules are called: sessions that ended in the first can be settled.
    uint256 internal constant PAUSE_SECONDS = 1 days;

    error MovesHaltOutOfRange(uint64 from, uint64 to, uint256 least);

    /// @param earliest Where it may begin, but for the halt before it.
    function announce(Halt[] storage self, uint64 from, uint64 to, uint256 earliest) internal {
        uint256 least = earliest;
        uint256 count = self.length;
        if (count != 0 && self[count - 1].to + PAUSE_SECONDS > least) least = self[count - 1].to + PAUSE_SECONDS;
        if (from < least || to <= from || to - from > MAX_SECONDS) revert MovesHaltOutOfRange(from, to, least);
        self.push(Halt(from, to));
    }

    /// @notice Where the halt begins that `time` falls into; the largest `uint64` for none.
    /// @dev By bisection: a proof of fraud asks, and has to fit into a transaction however many were announced.
    function at(Halt[] storage self, uint256 time) internal view returns (uint64) {
        uint256 first = 0;
        uint256 end = self.length;
        while (first < end) {
            uint256 middle = (first + end) / 2;
            if (self[middle].to > time) end = middle;
            else first = middle + 1;
        }
        if (first == self.length || time < self[first].from) return type(uint64).max;
        return self[first].from;
    }
}
