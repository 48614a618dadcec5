// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../IGame.sol";
import {GameErrors} from "../libraries/GameErrors.sol";

/// @title Rock, paper, scissors
/// @notice Both choose at once: each commits to a choice, and opens it once both have. A setup is one byte, the number of
/// rounds from 1 to 24; empty is 3. A drawn round is nobody's. The game ends when the one behind cannot catch up any more,
/// or after the last round: then who won more has the pot, and a draw splits it. Who is late loses the game; where both
/// are, they split it.
///
/// A move is either a commitment, 32 bytes, not 0: `keccak256(abi.encodePacked(round, player, choice, salt))` with a byte
/// each for the round (from 0), the player and the choice (1 rock, 2 paper, 3 scissors), and 32 secret random bytes; or,
/// once both committed, its opening, 33 bytes: choice and salt. The player is in it, so that a copied commitment cannot be
/// opened.
///
/// A state is 71 bytes: rounds, rounds played, wins of each, who was late (bits 0 and 1), choice of each (0 where not
/// opened), commitment of each (0 where there is none).
contract RockPaperScissors is IGame {
    uint256 private constant PLAYERS = 2;
    uint256 private constant STATE_BYTES = 71;
    uint256 private constant DEFAULT_ROUNDS = 3;
    /// @dev Four moves each: in any venue 100 moves with their whole time fit into a game's life, so that who is behind cannot
    /// drag it to the end of that and have the stake back.
    uint256 private constant MAX_ROUNDS = 24;
    uint256 private constant CHOICES = 3;
    uint256 private constant COMMITMENT_BYTES = 32;
    uint256 private constant OPENING_BYTES = 33;
    uint256 private constant BOTH = 3;

    struct Match {
        uint256 rounds;
        uint256 played;
        uint256[2] wins;
        uint256 late;
        uint256[2] choices;
        bytes32[2] commitments;
    }

    /// @inheritdoc IGame
    function start(bytes calldata setup, uint256 players) external pure returns (bytes memory state) {
        if (players != PLAYERS) revert GameErrors.PlayersOutOfRange(players, PLAYERS, PLAYERS);
        if (setup.length > 1) revert GameErrors.IllegalSetup(setup);
        Match memory game;
        game.rounds = setup.length == 0 ? DEFAULT_ROUNDS : uint8(setup[0]);
        if (game.rounds == 0 || game.rounds > MAX_ROUNDS) revert GameErrors.IllegalSetup(setup);
        return _write(game);
    }

    /// @inheritdoc IGame
    function play(bytes calldata state, uint256 player, bytes calldata move) external pure returns (bytes memory next) {
        Match memory game = _read(state);
        if (_isOver(game)) revert GameErrors.GameIsOver();
        uint256 waiting = _waiting(game);
        if (player >= PLAYERS || waiting & (1 << player) == 0) revert GameErrors.NotYourTurn(player, _turn(waiting));
        if (_isCommitted(game)) _open(game, player, move);
        else _commit(game, player, move);
        return _write(game);
    }

    /// @inheritdoc IGame
    function turn(bytes calldata state) external pure returns (uint256 player) {
        return _turn(_waiting(_read(state)));
    }

    /// @inheritdoc IGame
    function expire(bytes calldata state) external pure returns (bytes memory next) {
        Match memory game = _read(state);
        if (_isOver(game)) revert GameErrors.GameIsOver();
        game.late = _waiting(game);
        _clear(game);
        return _write(game);
    }

    /// @inheritdoc IGame
    function outcome(bytes calldata state) external pure returns (bool over, uint256[] memory shareBps) {
        Match memory game = _read(state);
        over = _isOver(game);
        shareBps = new uint256[](PLAYERS);
        bool even = game.late == 0 ? game.wins[0] == game.wins[1] : game.late == BOTH;
        if (even) {
            (shareBps[0], shareBps[1]) = (5_000, 5_000);
        } else {
            bool second = game.late == 0 ? game.wins[1] > game.wins[0] : game.late == 1;
            shareBps[second ? 1 : 0] = 10_000;
        }
    }

    function _commit(Match memory game, uint256 player, bytes calldata move) private pure {
        if (move.length != COMMITMENT_BYTES || bytes32(move) == 0) revert GameErrors.IllegalMove(move);
        game.commitments[player] = bytes32(move);
    }

    function _open(Match memory game, uint256 player, bytes calldata move) private pure {
        if (move.length != OPENING_BYTES) revert GameErrors.IllegalMove(move);
        uint8 choice = uint8(move[0]);
        if (choice == 0 || choice > CHOICES) revert GameErrors.IllegalMove(move);
        bytes32 commitment = keccak256(abi.encodePacked(uint8(game.played), uint8(player), move));
        if (commitment != game.commitments[player]) revert GameErrors.IllegalMove(move);
        game.choices[player] = choice;
        (uint256 first, uint256 second) = (game.choices[0], game.choices[1]);
        if (first == 0 || second == 0) return;
        // Each choice beats the one before it, and rock, the first, scissors, the last.
        if (first != second) ++game.wins[(first + CHOICES - second) % CHOICES == 1 ? 0 : 1];
        ++game.played;
        _clear(game);
    }

    function _clear(Match memory game) private pure {
        delete game.choices;
        delete game.commitments;
    }

    function _isCommitted(Match memory game) private pure returns (bool) {
        return game.commitments[0] != 0 && game.commitments[1] != 0;
    }

    /// @dev Who has to move, one bit for each player.
    function _waiting(Match memory game) private pure returns (uint256 players) {
        bool committed = _isCommitted(game);
        for (uint256 i = 0; i < PLAYERS; ++i) {
            if (committed ? game.choices[i] == 0 : game.commitments[i] == 0) players |= 1 << i;
        }
    }

    function _turn(uint256 waiting) private pure returns (uint256) {
        return waiting == BOTH ? type(uint256).max : waiting - 1;
    }

    function _isOver(Match memory game) private pure returns (bool) {
        if (game.late != 0 || game.played == game.rounds) return true;
        (uint256 first, uint256 second) = (game.wins[0], game.wins[1]);
        return (first > second ? first - second : second - first) > game.rounds - game.played;
    }

    function _read(bytes calldata state) private pure returns (Match memory game) {
        if (state.length != STATE_BYTES) revert GameErrors.IllegalState(state);
        game.rounds = uint8(state[0]);
        game.played = uint8(state[1]);
        game.wins = [uint256(uint8(state[2])), uint8(state[3])];
        game.late = uint8(state[4]);
        game.choices = [uint256(uint8(state[5])), uint8(state[6])];
        game.commitments = [bytes32(state[7:39]), bytes32(state[39:71])];
        if (!_isReachable(game)) revert GameErrors.IllegalState(state);
    }

    function _isReachable(Match memory game) private pure returns (bool) {
        if (game.rounds == 0 || game.rounds > MAX_ROUNDS || game.played > game.rounds) return false;
        if (game.wins[0] + game.wins[1] > game.played || game.late > BOTH) return false;
        (uint256 first, uint256 second) = (game.choices[0], game.choices[1]);
        // Of two choices one is still missing, and none is opened before both committed.
        if (first > CHOICES || second > CHOICES || (first != 0 && second != 0)) return false;
        if (first + second != 0 && !_isCommitted(game)) return false;
        if (_isOver(game)) return game.commitments[0] == 0 && game.commitments[1] == 0;
        return true;
    }

    function _write(Match memory game) private pure returns (bytes memory) {
        return
            abi.encodePacked(
                uint8(game.rounds),
                uint8(game.played),
                uint8(game.wins[0]),
                uint8(game.wins[1]),
                uint8(game.late),
                uint8(game.choices[0]),
                uint8(game.choices[1]),
                game.commitments[0],
                game.commitments[1]
            );
    }
}
