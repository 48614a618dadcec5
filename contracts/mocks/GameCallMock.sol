// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../game/IGame.sol";
import {GameCall} from "../game/libraries/GameCall.sol";

/// @notice `GameCall`, callable. What it returns is encoded anew, with memory behind that is not clean.
contract GameCallMock {
    function start(
        IGame rules,
        bytes calldata setup,
        uint256 players
    ) external view returns (bool ok, bytes memory state) {
        return GameCall.start(rules, setup, players);
    }

    function play(
        IGame rules,
        bytes calldata state,
        uint256 player,
        bytes calldata move
    ) external view returns (bool ok, bytes memory next) {
        return GameCall.play(rules, state, player, move);
    }

    function turn(IGame rules, bytes calldata state) external view returns (bool ok, uint256 player) {
        return GameCall.turn(rules, state);
    }

    function expire(IGame rules, bytes calldata state) external view returns (bool ok, bytes memory next) {
        return GameCall.expire(rules, state);
    }

    function outcome(
        IGame rules,
        bytes calldata state,
        uint256 players
    ) external view returns (bool ok, bool over, uint256[] memory shareBps) {
        return GameCall.outcome(rules, state, players);
    }

    /// @dev What two answers are once memory was used behind each of them.
    function twice(IGame rules, bytes calldata state) external view returns (bytes memory first, bytes memory second) {
        (, first) = GameCall.expire(rules, state);
        bytes memory behind = abi.encode(type(uint256).max, type(uint256).max);
        (, second) = GameCall.expire(rules, state);
        assert(keccak256(behind) == keccak256(abi.encode(type(uint256).max, type(uint256).max)));
    }
}
