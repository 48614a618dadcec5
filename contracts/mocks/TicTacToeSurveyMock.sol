// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../game/IGame.sol";
import {GameCall} from "../game/libraries/GameCall.sol";

/// @notice Everything that the rules of tic-tac-toe say about many states, in one answer.
contract TicTacToeSurveyMock {
    uint256 private constant STATE_BYTES = 3;
    /// @dev One more than there are, so that one is out of range.
    uint256 private constant CELLS = 10;

    /// @dev For each state of three bytes: turn, over, share of player 0 and of player 1 (two bytes each), then the state
    /// once expired, then that after each move of player 0 and of player 1; a state that is refused is 0xffffff.
    function survey(IGame rules, bytes calldata states) external view returns (bytes[] memory records) {
        records = new bytes[](states.length / STATE_BYTES);
        for (uint256 i = 0; i < records.length; ++i) {
            bytes memory state = states[i * STATE_BYTES:(i + 1) * STATE_BYTES];
            (, uint256 turn) = GameCall.turn(rules, state);
            (, bool over, uint256[] memory shares) = GameCall.outcome(rules, state, 2);
            (bool ok, bytes memory next) = GameCall.expire(rules, state);
            bytes memory moves = _orRefused(ok, next);
            for (uint256 j = 0; j < 2 * CELLS; ++j) {
                (ok, next) = GameCall.play(rules, state, j / CELLS, abi.encodePacked(uint8(j % CELLS)));
                moves = bytes.concat(moves, _orRefused(ok, next));
            }
            records[i] = abi.encodePacked(uint8(turn), over, uint16(shares[0]), uint16(shares[1]), moves);
        }
    }

    /// @dev For each state whether each of `turn`, `expire` and `outcome` has an answer, in a bit of one byte.
    function accepted(IGame rules, bytes calldata states) external view returns (bytes memory answers) {
        answers = new bytes(states.length / STATE_BYTES);
        for (uint256 i = 0; i < answers.length; ++i) {
            bytes memory state = states[i * STATE_BYTES:(i + 1) * STATE_BYTES];
            (bool turn, ) = GameCall.turn(rules, state);
            (bool expired, ) = GameCall.expire(rules, state);
            (bool ended, , ) = GameCall.outcome(rules, state, 2);
            answers[i] = bytes1(uint8((turn ? 1 : 0) | (expired ? 2 : 0) | (ended ? 4 : 0)));
        }
    }

    function _orRefused(bool ok, bytes memory next) private pure returns (bytes memory) {
        return ok ? next : bytes(hex"ffffff");
    }
}
