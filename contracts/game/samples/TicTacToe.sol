// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../IGame.sol";
import {GameErrors} from "../libraries/GameErrors.sol";

/// @title Tic-tac-toe
/// @notice Player 0 begins. A move is one byte, the cell from 0 to 8, row by row. A state is three bytes, which take one
/// storage slot: the cells of player 0 in bits 0 to 8, those of player 1 in bits 9 to 17, and in bits 18 and 19 the
/// player who was late, counted from 1. A draw splits the pot; who is late loses.
contract TicTacToe is IGame {
    uint256 private constant PLAYERS = 2;
    uint256 private constant STATE_BYTES = 3;
    uint256 private constant CELLS = 9;
    uint256 private constant FULL = (1 << CELLS) - 1;
    uint256 private constant LATE_SHIFT = 2 * CELLS;
    /// @dev Of each set of cells, a number below 512, whether it contains a line. A set is a line's if it has the three
    /// cells of a row (0x007, 0x038, 0x1c0), of a column (0x049, 0x092, 0x124), or of a diagonal (0x054, 0x111).
    uint256 private constant LINES_LOW = 0xfffcaa80fefcaa80ffcc8080cccc8080fff0aa80faf0aa80ff80808080808080;
    uint256 private constant LINES_HIGH = 0xfffffffffffffffffffef0f0eeee8080fffafaf0fafaaa80fffaf0f0aaaa8080;

    struct Board {
        uint256 first;
        uint256 second;
        // Who was late, from 1; 0 for nobody.
        uint256 late;
    }

    /// @inheritdoc IGame
    function start(bytes calldata setup, uint256 players) external pure returns (bytes memory state) {
        if (setup.length != 0) revert GameErrors.IllegalSetup(setup);
        if (players != PLAYERS) revert GameErrors.PlayersOutOfRange(players, PLAYERS, PLAYERS);
        return new bytes(STATE_BYTES);
    }

    /// @inheritdoc IGame
    function play(bytes calldata state, uint256 player, bytes calldata move) external pure returns (bytes memory next) {
        Board memory board = _read(state);
        if (_isOver(board)) revert GameErrors.GameIsOver();
        uint256 mover = _mover(board);
        if (player != mover) revert GameErrors.NotYourTurn(player, mover);
        if (move.length != 1) revert GameErrors.IllegalMove(move);
        uint256 cell = 1 << uint8(move[0]);
        if (cell > FULL || (board.first | board.second) & cell != 0) revert GameErrors.IllegalMove(move);
        if (mover == 0) board.first |= cell;
        else board.second |= cell;
        return _write(board);
    }

    /// @inheritdoc IGame
    function turn(bytes calldata state) external pure returns (uint256 player) {
        return _mover(_read(state));
    }

    /// @inheritdoc IGame
    function expire(bytes calldata state) external pure returns (bytes memory next) {
        Board memory board = _read(state);
        if (_isOver(board)) revert GameErrors.GameIsOver();
        board.late = _mover(board) + 1;
        return _write(board);
    }

    /// @inheritdoc IGame
    function outcome(bytes calldata state) external pure returns (bool over, uint256[] memory shareBps) {
        Board memory board = _read(state);
        over = _isOver(board);
        shareBps = new uint256[](PLAYERS);
        if (board.late != 0) {
            shareBps[PLAYERS - board.late] = 10_000;
        } else if (_hasLine(board.first)) {
            shareBps[0] = 10_000;
        } else if (_hasLine(board.second)) {
            shareBps[1] = 10_000;
        } else {
            (shareBps[0], shareBps[1]) = (5_000, 5_000);
        }
    }

    function _isOver(Board memory board) private pure returns (bool) {
        if (board.late != 0 || board.first | board.second == FULL) return true;
        return _hasLine(board.first) || _hasLine(board.second);
    }

    function _mover(Board memory board) private pure returns (uint256) {
        return _count(board.first) - _count(board.second);
    }

    function _hasLine(uint256 cells) private pure returns (bool) {
        uint256 lines = cells < 256 ? LINES_LOW : LINES_HIGH;
        return (lines >> (cells & 255)) & 1 != 0;
    }

    /// @dev How many of nine bits are set: copies of the set side by side, one bit of each group, summed modulo 15.
    function _count(uint256 cells) private pure returns (uint256) {
        return ((cells * 0x200040008001) & 0x111111111111111) % 15;
    }

    /// @dev Reverts for what cannot be reached: cells of both, moves out of turn, and moves after a line.
    function _read(bytes calldata state) private pure returns (Board memory board) {
        if (state.length != STATE_BYTES) revert GameErrors.IllegalState(state);
        uint256 value = uint24(bytes3(state));
        board = Board(value & FULL, (value >> CELLS) & FULL, value >> LATE_SHIFT);
        uint256 first = _count(board.first);
        uint256 second = _count(board.second);
        bool legal = board.first & board.second == 0 && (first == second || first == second + 1);
        // Who has a line moved last.
        if (_hasLine(board.first)) legal = legal && first != second && !_hasLine(board.second) && board.late == 0;
        if (_hasLine(board.second)) legal = legal && first == second && board.late == 0;
        // Only whose turn it was can be late, and only before the board is full.
        if (board.late != 0) legal = legal && board.late == first - second + 1 && first + second != CELLS;
        if (!legal) revert GameErrors.IllegalState(state);
    }

    function _write(Board memory board) private pure returns (bytes memory) {
        return abi.encodePacked(uint24(board.first | (board.second << CELLS) | (board.late << LATE_SHIFT)));
    }
}
