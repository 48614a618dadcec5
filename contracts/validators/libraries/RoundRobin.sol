// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

/// @title Turns in proportion to weight
/// @notice Each turn, every member's credit grows by its weight; the one with the most credit takes the turn and pays the
/// sum of all weights for it. Over any number of turns of an unchanged set, a member has its share of them, give or take
/// one. Where weights fall, nobody is owed, or owes, more than one turn of what they are now.
library RoundRobin {
    struct Turns {
        mapping(address member => int256) credit;
    }

    /// @notice Whose turn it is; zero where there are no members. Among equals the first.
    /// @param weights As many as members, each below 2^128. A wei is added to each: members without any take turns, too.
    function next(
        Turns storage self,
        address[] memory members,
        uint256[] memory weights
    ) internal returns (address chosen) {
        int256 total = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            total += int256(weights[i] + 1);
        }
        int256 most = type(int256).min;
        for (uint256 i = 0; i < members.length; ++i) {
            // A weight that was there for a moment leaves no turns for years behind.
            int256 kept = SignedMath.max(-total, SignedMath.min(total, self.credit[members[i]]));
            int256 credit = kept + int256(weights[i] + 1);
            self.credit[members[i]] = credit;
            if (credit > most) (most, chosen) = (credit, members[i]);
        }
        if (chosen != address(0)) self.credit[chosen] -= total;
    }
}
