// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Shares of a validator's bond
/// @notice A pool's index is what a share is worth, in COS wei times `SCALE`. It starts at 1 and only a slash changes it,
/// downwards: no deposit, however small or large, and no donation moves it.
library BondMath {
    /// @notice Scale of an index: one share for one wei.
    uint256 internal constant SCALE = 1e27;
    /// @notice Least index above 0: below it the rest is taken, too, so that shares and rewards per share keep their
    /// precision.
    uint256 internal constant MIN_INDEX = 1e18;
    /// @notice All, in basis points.
    uint256 internal constant BPS = 10_000;

    /// @notice Shares for a deposit of `amount` wei: at least as many as wei. Division by zero at index 0.
    function toSharesDown(uint256 amount, uint256 index) internal pure returns (uint256) {
        return Math.mulDiv(amount, SCALE, index);
    }

    /// @notice Wei that `shares` are worth.
    function toBondDown(uint256 shares, uint256 index) internal pure returns (uint256) {
        return Math.mulDiv(shares, index, SCALE);
    }

    /// @notice The index after a slash of `bps`; 0: nothing is left.
    function slashedIndex(uint256 index, uint256 bps) internal pure returns (uint256 left) {
        left = Math.mulDiv(index, BPS - bps, BPS);
        if (left < MIN_INDEX) left = 0;
    }
}
