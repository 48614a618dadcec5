// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../../game/IGame.sol";
import {GameCall} from "../../game/libraries/GameCall.sol";
import {LedgerLeaves} from "./LedgerLeaves.sol";

/// @title What a session comes to that the frozen state left behind
library SessionEnd {
    using LedgerLeaves for bytes;

    uint256 private constant RUNNING = 1;
    uint256 private constant BPS = 10_000;

    /// @notice What each of those who joined gets: of a session that is over as its outcome says, the rounding for the last
    /// one; of any other its stake.
    function partsOf(bytes memory session, bytes memory game) internal view returns (uint256[] memory parts) {
        uint256 players = session.get(LedgerLeaves.JOINED);
        uint256 stake = session.get(LedgerLeaves.STAKE);
        if (session.get(LedgerLeaves.PHASE) == RUNNING) {
            IGame rules = IGame(address(uint160(game.get(LedgerLeaves.RULES))));
            (bool ok, bool over, uint256[] memory shares) = GameCall.outcome(rules, session.stateOf(), players);
            if (ok && over) return _divide(stake * players, shares);
        }
        parts = new uint256[](players);
        for (uint256 i = 0; i < players; ++i) parts[i] = stake;
    }

    /// @dev Turns shares of `pot` into amounts.
    function _divide(uint256 pot, uint256[] memory shares) private pure returns (uint256[] memory) {
        uint256 left = pot;
        uint256 last = shares.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            shares[i] = (pot * shares[i]) / BPS;
            left -= shares[i];
        }
        shares[last] = left;
        return shares;
    }
}
