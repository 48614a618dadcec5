// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What a round's end makes of the balances; twin of `roundResult` in `protocol/channel.ts`
library RoundPayout {
    uint256 private constant BPS = 10_000;

    /// @notice Each balance without the stake, and its part of the pot, rounded down; the last one gets the rest of it.
    /// @param stake Of each, at most the least of the balances; their number times it must be below 2^242.
    /// @param shareBps One per balance, summing to 10,000.
    function settle(
        uint256[] memory balances,
        uint256 stake,
        uint256[] memory shareBps
    ) internal pure returns (uint256[] memory payouts) {
        uint256 last = balances.length - 1;
        uint256 pot = stake * balances.length;
        uint256 rest = pot;
        payouts = new uint256[](balances.length);
        for (uint256 i = 0; i < last; ++i) {
            uint256 part = (pot * shareBps[i]) / BPS;
            rest -= part;
            payouts[i] = balances[i] - stake + part;
        }
        payouts[last] = balances[last] - stake + rest;
    }
}
