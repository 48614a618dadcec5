// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {WeekHistory} from "./WeekHistory.sol";
import {IStakePool} from "../IStakePool.sol";

/// @title A stream of COS and an integral of time, both shared over one weight
/// @notice Arithmetic alone: who may fund, whose weight it is and when it ends are the contract's questions.
/// Bounds: a weight is zero or at least `MIN_WEIGHT`, and no more than `MAX_FUNDED` is ever funded. So the reward per
/// weight stays below 2^128, as does the integral for 10^18 seconds, and nothing here can overflow and hold an exit.
library Accrual {
    using WeekHistory for WeekHistory.Knot[];

    /// @dev Scale of `rewardPerWeight`.
    uint256 internal constant ACC = 1e27;
    /// @dev Smallest weight of a pool that is not empty.
    uint256 internal constant MIN_WEIGHT = 1e18;
    /// @dev Wei of COS, over all time: 340 times the supply.
    uint256 internal constant MAX_FUNDED = type(uint128).max / (ACC / MIN_WEIGHT);

    /// @param idle Seconds without weight up to `syncedAt`.
    /// @param rate Wei of COS per second; 0 from `emissionEnd` on.
    /// @param undistributed Wei of COS that streamed while nobody had weight, or that the last funding did not divide.
    /// @param funded Wei of COS, over all time.
    struct State {
        uint128 weight;
        uint64 syncedAt;
        uint64 idle;
        uint128 rewardPerWeight;
        uint128 integral;
        uint128 rate;
        uint64 emissionEnd;
        uint128 undistributed;
        uint128 funded;
        WeekHistory.Knot[] knots;
    }

    /// @notice Lets time pass up to `to`, not before `syncedAt`, under the present weight.
    function advance(State storage self, uint256 to) internal {
        uint256 from = self.syncedAt;
        if (to == from) return;
        (uint128 weight, uint64 idle, uint128 integral) = (self.weight, self.idle, self.integral);
        (uint256 integralThen, uint256 idleThen) = self.knots.record(from, to, weight, integral, idle);
        uint256 streamed = _stream(self, from, to);
        (self.syncedAt, self.idle, self.integral) = (uint64(to), uint64(idleThen), uint128(integralThen));
        if (weight == 0) {
            if (streamed != 0) self.undistributed += uint128(streamed);
        } else {
            self.rewardPerWeight += uint128(Math.mulDiv(streamed, ACC, weight));
        }
    }

    /// @notice Spreads `amount` and all that is left, from the last sync, which is now, until `newEnd`.
    function fund(State storage self, uint256 amount, uint64 newEnd) internal {
        // Check
        (uint256 rate, uint256 start, uint256 oldEnd) = (self.rate, self.syncedAt, self.emissionEnd);
        if (newEnd < oldEnd) revert IStakePool.EmissionEndFalls(newEnd, oldEnd);
        if (newEnd <= start) revert IStakePool.EmissionEndPassed(newEnd, start);
        uint256 funded = self.funded + amount;
        if (funded > MAX_FUNDED) revert IStakePool.FundingAboveLimit(funded, MAX_FUNDED);
        uint256 pot = amount + self.undistributed + unelapsed(self);
        uint256 newRate = pot / (newEnd - start);
        uint256 minRate = Math.max(rate, 1);
        if (newRate < minRate) revert IStakePool.RateTooLow(newRate, minRate);

        // Effect
        (self.rate, self.emissionEnd) = (uint128(newRate), newEnd);
        self.undistributed = uint128(pot % (newEnd - start));
        self.funded = uint128(funded);
    }

    /// @notice Wei of COS that the stream has still to bring.
    function unelapsed(State storage self) internal view returns (uint256) {
        uint256 rate = self.rate;
        return rate == 0 ? 0 : rate * (self.emissionEnd - self.syncedAt);
    }

    /// @notice Wei of COS that a weight earned while the reward per weight rose from `start` to `end`.
    function earned(uint256 weight, uint256 start, uint256 end) internal pure returns (uint256) {
        return Math.mulDiv(weight, end - start, ACC);
    }

    /// @dev A rate that is not zero has an end after `from`.
    function _stream(State storage self, uint256 from, uint256 to) private returns (uint256) {
        uint256 rate = self.rate;
        if (rate == 0) return 0;
        uint256 end = self.emissionEnd;
        if (to < end) return rate * (to - from);
        self.rate = 0;
        return rate * (end - from);
    }
}
