// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGameAchievements} from "../game/IGameAchievements.sol";

/// @notice Pure rules that do as they are told, well or badly. A state is `[over, expiry, shares…]`: what `outcome` and
/// what `expire` do, and a share of two bytes for each player. A setup is the first state; a move of one byte does it, and
/// another move is the next state. `turn` is always anybody's.
contract ScriptedGameMock is IGameAchievements {
    enum Deed {
        // In `outcome`: not over. In `expire`: the same state.
        Nothing,
        // In `outcome`: over. In `expire`: over, by the shares.
        Finish,
        Revert,
        BurnGas,
        ReturnBomb,
        RevertBomb,
        // One word that is no encoding.
        Malformed,
        // An array beyond the answer's end.
        Truncated,
        // In `outcome`: over, with one share too many. In `expire`: another state each time, for ever.
        Change,
        // In `expire`: a state too long.
        TooLong
    }

    uint256 private constant BOMB_BYTES = 1 << 17;

    error Told(Deed deed);

    function start(bytes calldata setup, uint256 players) external pure returns (bytes memory state) {
        if (setup.length == 1) _misbehave(Deed(uint8(setup[0])));
        if (setup.length != 0) return setup;
        state = abi.encodePacked(Deed.Nothing, Deed.Nothing);
        for (uint256 i = 0; i < players; ++i) state = abi.encodePacked(state, uint16(i == 0 ? 10_000 : 0));
    }

    function play(bytes calldata state, uint256, bytes calldata move) external pure returns (bytes memory next) {
        if (move.length == 1) {
            _misbehave(Deed(uint8(move[0])));
            return state;
        }
        return move;
    }

    function expire(bytes calldata state) external pure returns (bytes memory next) {
        Deed deed = Deed(uint8(state[1]));
        _misbehave(deed);
        next = state;
        if (deed == Deed.Finish) next[0] = bytes1(uint8(Deed.Finish));
        if (deed == Deed.TooLong) return new bytes(1_025);
        if (deed == Deed.Change) next[next.length - 1] = bytes1(uint8(next[next.length - 1]) ^ 1);
    }

    function outcome(bytes calldata state) external pure returns (bool over, uint256[] memory shareBps) {
        Deed deed = Deed(uint8(state[0]));
        _misbehave(deed);
        uint256 players = (state.length - 2) / 2;
        shareBps = new uint256[](deed == Deed.Change ? players + 1 : players);
        for (uint256 i = 0; i < players; ++i) shareBps[i] = uint16(bytes2(state[2 + 2 * i:4 + 2 * i]));
        return (deed == Deed.Finish || deed == Deed.Change, shareBps);
    }

    /// @notice A player has reached the bits of its share. Does what `expire` would do badly, too; where that is to change,
    /// the array is said to begin elsewhere, where it is too long, to be longer.
    function achievements(bytes calldata state) external pure returns (uint256[] memory bitmaps) {
        bitmaps = new uint256[]((state.length - 2) / 2);
        for (uint256 i = 0; i < bitmaps.length; ++i) bitmaps[i] = uint16(bytes2(state[2 + 2 * i:4 + 2 * i]));
        Deed deed = Deed(uint8(state[1]));
        _misbehave(deed);
        bytes memory answer = abi.encode(bitmaps);
        if (deed == Deed.Change) answer[31] = 0x40;
        if (deed == Deed.TooLong) answer[63] = bytes1(uint8(bitmaps.length + 1));
        assembly ("memory-safe") {
            return(add(answer, 32), mload(answer))
        }
    }

    function turn(bytes calldata) external pure returns (uint256) {
        return type(uint256).max;
    }

    function _misbehave(Deed deed) private pure {
        if (deed == Deed.Revert) revert Told(deed);
        assembly ("memory-safe") {
            if eq(deed, 3) {
                invalid()
            }
            if eq(deed, 4) {
                return(0x80, BOMB_BYTES)
            }
            if eq(deed, 5) {
                revert(0x80, BOMB_BYTES)
            }
            if eq(deed, 6) {
                mstore(0x80, not(0))
                return(0x80, 0x20)
            }
            if eq(deed, 7) {
                mstore(0x80, 0x40)
                mstore(0xa0, 0x40)
                mstore(0xc0, not(0))
                return(0x80, 0x60)
            }
        }
    }
}
