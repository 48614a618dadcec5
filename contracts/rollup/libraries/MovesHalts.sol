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

    error MovesHaltOutOfRange(uint64 from, uint64 to, uint256 least);

    /// @param earliest Where it may begin, but for the halt before it.
    function announce(Halt[] storage self, uint64 from, uint64 to, uint256 earliest) internal {
        uint256 least = earliest;
        uint256 count = self.length;
        if (count != 0 && self[count - 1].to > least) least = self[count - 1].to;
        if (from < least || to <= from || to - from > MAX_SECONDS) revert MovesHaltOutOfRange(from, to, least);
        self.push(Halt(from, to));
    }

    /// @notice Where the halt begins that `time` falls into; the largest `uint64` for none.
    function at(Halt[] storage self, uint256 time) internal view returns (uint64) {
        for (uint256 i = self.length; i != 0; --i) {
            Halt memory halt = self[i - 1];
            if (time >= halt.to) break;
            if (time >= halt.from) return halt.from;
        }
        return type(uint64).max;
    }
}
