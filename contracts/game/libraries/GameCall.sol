// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../IGame.sol";

/// @title The one way of calling a game's rules
/// @notice A call gets exactly `GAS`, copies no more returndata than its answer may have, and never reverts for what the
/// rules do: where they revert, run out of gas, or answer with anything but the exact ABI encoding of a value within the
/// limits, `ok` is false and the value empty. The same rules hold off chain, byte for byte:
///
/// - an input beyond its limit fails without a call: a setup or move over `MAX_INPUT_BYTES`, a state that is empty or over
///   `MAX_STATE_BYTES`, players that are none or over `MAX_PLAYERS`;
/// - `bytes`: word 0 is 32, word 1 the length, from 1 to `MAX_STATE_BYTES`, and as many words follow as hold it. The bits
///   behind its end are ignored;
/// - `turn`: one word, any;
/// - `outcome`: word 0 is 0 or 1, word 1 is 64, word 2 the number of players, and as many words follow. Where over, they
///   sum to `TOTAL_BPS`.
library GameCall {
    /// @notice Gas of a call, all of it for the rules themselves.
    uint256 internal constant GAS = 1_000_000;
    /// @notice What must be left before a call: EIP-150 keeps back one part in 64, 15,874. The rest is for the way to the
    /// call and for a cold account, 2,600, which a fork may make dearer.
    uint256 internal constant REQUIRED_GAS = 1_030_000;
    uint256 internal constant MAX_STATE_BYTES = 1_024;
    /// @notice Of a setup and of a move.
    uint256 internal constant MAX_INPUT_BYTES = 256;
    uint256 internal constant MAX_PLAYERS = 16;
    uint256 internal constant TOTAL_BPS = 10_000;

    /// @dev With less the rules could fail for want of gas where they would not have: whoever calls could choose that.
    error NotEnoughGas(uint256 left, uint256 required);

    function start(
        IGame rules,
        bytes memory setup,
        uint256 players
    ) internal view returns (bool ok, bytes memory state) {
        if (setup.length > MAX_INPUT_BYTES || players == 0 || players > MAX_PLAYERS) return (false, "");
        return _toState(ask(rules, abi.encodeCall(IGame.start, (setup, players)), 64 + MAX_STATE_BYTES));
    }

    function play(
        IGame rules,
        bytes memory state,
        uint256 player,
        bytes memory move
    ) internal view returns (bool ok, bytes memory next) {
        if (!_isState(state) || move.length > MAX_INPUT_BYTES) return (false, "");
        return _toState(ask(rules, abi.encodeCall(IGame.play, (state, player, move)), 64 + MAX_STATE_BYTES));
    }

    function turn(IGame rules, bytes memory state) internal view returns (bool ok, uint256 player) {
        if (!_isState(state)) return (false, 0);
        bytes memory answer = ask(rules, abi.encodeCall(IGame.turn, (state)), 32);
        if (answer.length != 32) return (false, 0);
        return (true, _word(answer, 0));
    }

    function expire(IGame rules, bytes memory state) internal view returns (bool ok, bytes memory next) {
        if (!_isState(state)) return (false, "");
        return _toState(ask(rules, abi.encodeCall(IGame.expire, (state)), 64 + MAX_STATE_BYTES));
    }

    /// @param players How many play: the shares are one of each.
    function outcome(
        IGame rules,
        bytes memory state,
        uint256 players
    ) internal view returns (bool ok, bool over, uint256[] memory shareBps) {
        if (!_isState(state) || players == 0 || players > MAX_PLAYERS) return (false, false, shareBps);
        uint256 size = 96 + 32 * players;
        bytes memory answer = ask(rules, abi.encodeCall(IGame.outcome, (state)), size);
        if (answer.length != size || _word(answer, 0) > 1) return (false, false, shareBps);
        if (_word(answer, 32) != 64 || _word(answer, 64) != players) return (false, false, shareBps);
        over = _word(answer, 0) == 1;
        if (over && !_isWhole(answer, players)) return (false, false, shareBps);
        // The answer holds the array already, length first: a copy would cost as much again.
        assembly ("memory-safe") {
            shareBps := add(answer, 96)
        }
        return (true, over, shareBps);
    }

    /// @dev Whether the shares of an answer sum to `TOTAL_BPS`. None is larger, so that no sum overflows.
    function _isWhole(bytes memory answer, uint256 players) private pure returns (bool) {
        uint256 sum = 0;
        for (uint256 i = 0; i < players; ++i) {
            uint256 share = _word(answer, 96 + 32 * i);
            if (share > TOTAL_BPS) return false;
            sum += share;
        }
        return sum == TOTAL_BPS;
    }

    function _isState(bytes memory state) private pure returns (bool) {
        return state.length != 0 && state.length <= MAX_STATE_BYTES;
    }

    /// @dev The `bytes` that an answer encodes, where it is their exact encoding.
    function _toState(bytes memory answer) private pure returns (bool ok, bytes memory state) {
        // The least is a state of one word: an empty one has no third.
        if (answer.length < 96 || _word(answer, 0) != 32) return (false, "");
        uint256 length = _word(answer, 32);
        if (length > MAX_STATE_BYTES) return (false, "");
        if (answer.length != 64 + ((length + 31) & ~uint256(31))) return (false, "");
        // The answer holds the bytes already, length first: a copy would cost as much again.
        assembly ("memory-safe") {
            state := add(answer, 64)
        }
        return (true, state);
    }

    /// @dev The word at `offset` of an answer that has it.
    function _word(bytes memory answer, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(answer, 32), offset))
        }
    }

    /// @notice What the rules return to any call; empty where the call failed or returned more than `maxBytes`. Solidity's own call would
    /// copy all returndata, however much, at the cost of the caller.
    function ask(IGame rules, bytes memory input, uint256 maxBytes) internal view returns (bytes memory answer) {
        uint256 left = gasleft();
        if (left < REQUIRED_GAS) revert NotEnoughGas(left, REQUIRED_GAS);
        assembly ("memory-safe") {
            let size := 0
            if staticcall(GAS, rules, add(input, 32), mload(input), 0, 0) {
                size := returndatasize()
            }
            if gt(size, maxBytes) {
                size := 0
            }
            answer := mload(0x40)
            mstore(answer, size)
            returndatacopy(add(answer, 32), 0, size)
            mstore(0x40, and(add(add(answer, size), 63), not(31)))
        }
    }
}
