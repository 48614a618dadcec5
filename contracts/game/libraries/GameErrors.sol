// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Why rules refuse
/// @notice For whoever writes or debugs a game: the venues see no reason, for them a refusal is a refusal.
library GameErrors {
    /// @notice The game is not played by so many.
    error PlayersOutOfRange(uint256 players, uint256 least, uint256 most);
    error IllegalSetup(bytes setup);
    /// @notice Bytes that no sequence of moves leads to.
    error IllegalState(bytes state);
    error IllegalMove(bytes move);
    /// @dev Where `turn` is `type(uint256).max`, others may move, but not this player.
    error NotYourTurn(uint256 player, uint256 turn);
    error GameIsOver();
}
