// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A game's rules: one pure contract, the same bytecode on BSC, in a state channel and on layer 2
/// @notice Every function is a function of its arguments alone: the bytecode may hold only what `PurityChecker` admits.
/// At most 16 players are numbered from 0. A state is 1 to 1,024 bytes, a setup or a move at most 256, a call may use
/// 1,000,000 gas; what exceeds a limit, reverts, or returns anything but the exact ABI encoding changes nothing. Source:
/// COS paper (game registry and engine).
interface IGame {
    /// @notice The first state. Reverts for a setup or a number of players that the game does not know.
    /// @param setup The game's own options; empty for its default.
    /// @param players How many play.
    function start(bytes calldata setup, uint256 players) external pure returns (bytes memory state);

    /// @notice The state after `move`. Reverts where the move is illegal, it is not this player's turn, or the game is over.
    function play(bytes calldata state, uint256 player, bytes calldata move) external pure returns (bytes memory next);

    /// @notice Whose turn it is: `type(uint256).max` where more than one player may move. Of no meaning once over.
    function turn(bytes calldata state) external pure returns (uint256 player);

    /// @notice The state after a deadline passed with no move: who delayed loses by it. Where it reverts or returns the
    /// same state, the venue ends the game and each gets back what it staked.
    function expire(bytes calldata state) external pure returns (bytes memory next);

    /// @notice Whether the game is over, and each player's part of the pot.
    /// @return over No move is legal any more.
    /// @return shareBps One per player, in basis points, summing to 10,000 where `over`; of no meaning before.
    function outcome(bytes calldata state) external pure returns (bool over, uint256[] memory shareBps);
}
