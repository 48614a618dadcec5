// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title How much one chain may release here: a bucket that empties evenly, and the limit that follows
/// @notice What was released leaves the bucket at `capacity / window` per second. So any span of `window` seconds sees at
/// most twice the capacity, and any longer one `capacity` per window more. A limit that is to come takes over at its time
/// by itself. OpenZeppelin's RateLimiter has one setting for all its buckets and no setting to come.
library InboundLimit {
    struct Limit {
        // slot 0: the limit, and what the bucket held at `at`
        uint96 capacity;
        uint96 level;
        uint24 window;
        uint40 at;
        // slot 1: what follows from second `nextFrom` on; 0: nothing
        uint96 nextCapacity;
        uint24 nextWindow;
        uint40 nextFrom;
    }

    /// @notice The limit at second `time`, which is not before the last change, and what the bucket holds then.
    function atTime(Limit storage limit, uint256 time) internal view returns (Limit memory now_) {
        uint256 from = limit.nextFrom;
        now_ = limit;
        if (from != 0 && time >= from) {
            // Each limit empties the bucket while it is the limit; every change before `from` was before it.
            _drain(now_, from);
            (now_.capacity, now_.window) = (now_.nextCapacity, now_.nextWindow);
            (now_.nextCapacity, now_.nextWindow, now_.nextFrom) = (0, 0, 0);
        }
        _drain(now_, time);
    }

    /// @notice What may be released now.
    function available(Limit memory now_) internal pure returns (uint256) {
        return Math.saturatingSub(now_.capacity, now_.level);
    }

    /// @notice Puts `amount`, at most what is available, into the bucket.
    function fill(Limit storage limit, Limit memory now_, uint256 amount) internal {
        now_.level += uint96(amount);
        _store(limit, now_);
    }

    /// @notice Whether no more is released under `capacity` and `window` than under the present limit, at any time.
    function lowers(Limit memory now_, uint96 capacity, uint24 window) internal pure returns (bool) {
        return capacity <= now_.capacity && window >= now_.window;
    }

    /// @notice From now on, and nothing follows.
    function set(Limit storage limit, Limit memory now_, uint96 capacity, uint24 window) internal {
        (now_.capacity, now_.window) = (capacity, window);
        (now_.nextCapacity, now_.nextWindow, now_.nextFrom) = (0, 0, 0);
        _store(limit, now_);
    }

    /// @notice From second `from` on, in the place of what was to follow.
    function setNext(Limit storage limit, Limit memory now_, uint96 capacity, uint24 window, uint40 from) internal {
        (now_.nextCapacity, now_.nextWindow, now_.nextFrom) = (capacity, window, from);
        _store(limit, now_);
    }

    function _drain(Limit memory now_, uint256 time) private pure {
        if (now_.window != 0) {
            uint256 drained = ((time - now_.at) * now_.capacity) / now_.window;
            now_.level = uint96(Math.saturatingSub(now_.level, drained));
        }
        now_.at = uint40(time);
    }

    function _store(Limit storage limit, Limit memory now_) private {
        (limit.capacity, limit.level, limit.window, limit.at) = (now_.capacity, now_.level, now_.window, now_.at);
        (limit.nextCapacity, limit.nextWindow, limit.nextFrom) = (now_.nextCapacity, now_.nextWindow, now_.nextFrom);
    }
}
