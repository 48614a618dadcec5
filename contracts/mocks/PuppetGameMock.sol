// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../game/IGame.sol";

/// @notice Rules that do what the state says, well or badly. A state is `turn ‖ mode ‖ uint16 share …`, one share per
/// player; turn 0xff: anyone. A move is the next state itself.
contract PuppetGameMock is IGame {
    enum Mode {
        // `expire`: the next player gets the pot.
        Runs,
        Over,
        OutcomeReverts,
        OutcomeBurnsGas,
        OutcomeIsMalformed,
        OutcomeIsHuge,
        ExpireReverts,
        ExpireChangesNothing,
        ExpireBurnsGas,
        // `expire`: the next player's turn.
        ExpirePasses,
        // As `move`: what `play` does.
        PlayBurnsGas,
        PlayIsMalformed,
        PlayIsTooLong
    }

    uint8 private constant ANYONE = 0xff;

    error NotNow();

    function start(bytes calldata, uint256 players) external pure returns (bytes memory state) {
        return new bytes(2 + 2 * players);
    }

    function play(bytes calldata state, uint256 player, bytes calldata move) external pure returns (bytes memory next) {
        uint8 mover = uint8(state[0]);
        if (_modeOf(state) == Mode.Over || (mover != ANYONE && mover != player)) revert NotNow();
        Mode mode = _modeOf(move);
        if (mode == Mode.PlayBurnsGas) _burnGas();
        if (mode == Mode.PlayIsMalformed) _return(31);
        if (mode == Mode.PlayIsTooLong) _return(1 << 18);
        return move;
    }

    function turn(bytes calldata state) external pure returns (uint256 player) {
        return uint8(state[0]) == ANYONE ? type(uint256).max : uint8(state[0]);
    }

    function expire(bytes calldata state) external pure returns (bytes memory next) {
        Mode mode = _modeOf(state);
        if (mode == Mode.ExpireReverts) revert NotNow();
        if (mode == Mode.ExpireBurnsGas) _burnGas();
        if (mode == Mode.ExpireChangesNothing) return state;
        next = state;
        uint256 players = (state.length - 2) / 2;
        uint256 winner = (uint256(uint8(state[0])) + 1) % players;
        next[0] = bytes1(uint8(winner));
        if (mode == Mode.ExpirePasses) return next;
        next[1] = bytes1(uint8(Mode.Over));
        for (uint256 i = 0; i < players; ++i) {
            (next[2 + 2 * i], next[3 + 2 * i]) = i == winner ? (bytes1(0x27), bytes1(0x10)) : (bytes1(0), bytes1(0));
        }
    }

    function outcome(bytes calldata state) external pure returns (bool over, uint256[] memory shareBps) {
        Mode mode = _modeOf(state);
        if (mode == Mode.OutcomeReverts) revert NotNow();
        if (mode == Mode.OutcomeBurnsGas) _burnGas();
        if (mode == Mode.OutcomeIsMalformed) _return(95);
        if (mode == Mode.OutcomeIsHuge) _return(1 << 18);
        shareBps = new uint256[]((state.length - 2) / 2);
        for (uint256 i = 0; i < shareBps.length; ++i) shareBps[i] = uint16(bytes2(state[2 + 2 * i:4 + 2 * i]));
        return (mode == Mode.Over, shareBps);
    }

    function _modeOf(bytes calldata state) private pure returns (Mode) {
        return Mode(uint8(state[1]));
    }

    function _burnGas() private pure {
        while (true) continue;
    }

    function _return(uint256 size) private pure {
        assembly ("memory-safe") {
            return(0x80, size)
        }
    }
}
