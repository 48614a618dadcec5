// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What a game's rules may say beside who won
/// @notice Optional, in the same contract as `IGame` and under the same limits.
interface IGameAchievements {
    /// @notice What each player has achieved in a game that ended in `state`: one bitmap per player. What a bit stands for
    /// is for the game to say.
    function achievements(bytes calldata state) external pure returns (uint256[] memory bitmaps);
}
