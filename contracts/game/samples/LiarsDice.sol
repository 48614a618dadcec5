// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../IGame.sol";
import {GameErrors} from "../libraries/GameErrors.sol";

/// @title Liar's dice
/// @notice Two to six players with hidden dice bid on how many of all dice show a face; who is proven wrong loses a die,
/// and the last with dice has the pot. A setup is one byte, the dice of each, from 1 to 5; empty is 5. No face is wild.
///
/// A round has four phases. In the first, the second and the last all who still have dice move, in any order.
/// 1. Commit: 32 bytes, not 0, `keccak256(abi.encodePacked(image, round, player))` with
///    `image = keccak256(abi.encodePacked(secret, round, player))`, a byte each for the round (from 0) and the player, and
///    32 secret random bytes.
/// 2. Mix: 32 bytes, the image. The hash of all images, 0 for who is out, is the seed.
/// 3. Bid, in turns: two bytes, how many and which face from 1 to 6. A bid is higher by number, or by face for the same
///    number. Instead of a bid, no bytes at all: the bid before is doubted.
/// 4. Show: 32 bytes, the secret. If there are at least as many dice of the face as was bid, who doubted loses a die, else
///    who bid; the loser begins the next round, or the next player if the loser has no dice left.
///
/// A player's dice are the digits to the base 6 of `keccak256(abi.encodePacked(secret, seed))`, the lowest first, plus 1.
/// Nobody chooses its own: the seed is known only after all secrets are fixed. Nobody knows another's: of the secret only
/// its hash is known. Who saw its dice as the last to mix, and dislikes them, can only be late.
///
/// Who is late is out, and the round is void: the others begin a new one, with new secrets, so that nobody knew what the
/// delay would bring. Where all are late, they share the pot, the rounding to the last of them.
///
/// With five dice each and every bid made that can be, two players make up to 387 moves, six up to 3,305. A session or a
/// channel should live as long as that takes: at the end of its life all have their stakes back, which a player about to
/// lose would wait for.
///
/// A state is 9 + 33n bytes for n players: number of players, phase, round, whose turn it is (in the last phase: who
/// doubted), the bid's number, face and player, dice found so far, who has moved (a bit for each); the dice of each; what
/// each committed to, from the second phase on its image once mixed.
contract LiarsDice is IGame {
    enum Phase {
        Commit,
        Mix,
        Bid,
        Show,
        Over
    }

    uint256 private constant MIN_PLAYERS = 2;
    uint256 private constant MAX_PLAYERS = 6;
    uint256 private constant MAX_DICE = 5;
    uint256 private constant FACES = 6;
    uint256 private constant HEAD_BYTES = 9;
    uint256 private constant HASH_BYTES = 32;

    struct Table {
        Phase phase;
        uint256 round;
        // Whose turn it is to bid, or who doubted; who begins, before the bids.
        uint256 turn;
        uint256 quantity;
        uint256 face;
        uint256 bidder;
        uint256 found;
        // Who has moved in a phase of all, one bit for each.
        uint256 done;
        uint256[] dice;
        bytes32[] hashes;
    }

    /// @inheritdoc IGame
    function start(bytes calldata setup, uint256 players) external pure returns (bytes memory state) {
        if (players < MIN_PLAYERS || players > MAX_PLAYERS) {
            revert GameErrors.PlayersOutOfRange(players, MIN_PLAYERS, MAX_PLAYERS);
        }
        if (setup.length > 1) revert GameErrors.IllegalSetup(setup);
        uint256 dice = setup.length == 0 ? MAX_DICE : uint8(setup[0]);
        if (dice == 0 || dice > MAX_DICE) revert GameErrors.IllegalSetup(setup);
        Table memory table;
        table.dice = new uint256[](players);
        table.hashes = new bytes32[](players);
        for (uint256 i = 0; i < players; ++i) {
            table.dice[i] = dice;
        }
        return _write(table);
    }

    /// @inheritdoc IGame
    function play(bytes calldata state, uint256 player, bytes calldata move) external pure returns (bytes memory next) {
        Table memory table = _read(state);
        if (table.phase == Phase.Over) revert GameErrors.GameIsOver();
        uint256 waiting = _waiting(table);
        if (player >= table.dice.length || waiting & (1 << player) == 0) {
            revert GameErrors.NotYourTurn(player, _turn(waiting));
        }
        if (table.phase == Phase.Bid) {
            if (move.length == 0) _doubt(table, move);
            else _bid(table, move);
        } else {
            if (move.length != HASH_BYTES) revert GameErrors.IllegalMove(move);
            if (table.phase == Phase.Commit) _commit(table, player, move);
            else if (table.phase == Phase.Mix) _mix(table, player, move);
            else _show(table, player, move);
            table.done |= 1 << player;
            if (_waiting(table) == 0) _endPhase(table);
        }
        return _write(table);
    }

    /// @inheritdoc IGame
    function turn(bytes calldata state) external pure returns (uint256 player) {
        return _turn(_waiting(_read(state)));
    }

    /// @inheritdoc IGame
    function expire(bytes calldata state) external pure returns (bytes memory next) {
        Table memory table = _read(state);
        if (table.phase == Phase.Over) revert GameErrors.GameIsOver();
        uint256 late = _waiting(table);
        if (late == _living(table)) {
            // Nobody is left to win: all who were still in share.
            _clear(table, Phase.Over);
            return _write(table);
        }
        for (uint256 i = 0; i < table.dice.length; ++i) {
            if (late & (1 << i) != 0) table.dice[i] = 0;
        }
        _newRound(table);
        return _write(table);
    }

    /// @inheritdoc IGame
    function outcome(bytes calldata state) external pure returns (bool over, uint256[] memory shareBps) {
        Table memory table = _read(state);
        over = table.phase == Phase.Over;
        uint256 players = table.dice.length;
        shareBps = new uint256[](players);
        uint256 living = _count(_living(table));
        uint256 rest = 10_000 % living;
        for (uint256 i = players; i != 0; --i) {
            if (table.dice[i - 1] == 0) continue;
            shareBps[i - 1] = 10_000 / living + rest;
            rest = 0;
        }
    }

    function _commit(Table memory table, uint256 player, bytes calldata move) private pure {
        if (bytes32(move) == 0) revert GameErrors.IllegalMove(move);
        table.hashes[player] = bytes32(move);
    }

    function _mix(Table memory table, uint256 player, bytes calldata move) private pure {
        if (_hash(bytes32(move), table.round, player) != table.hashes[player]) revert GameErrors.IllegalMove(move);
        table.hashes[player] = bytes32(move);
    }

    function _bid(Table memory table, bytes calldata move) private pure {
        if (move.length != 2) revert GameErrors.IllegalMove(move);
        (uint256 quantity, uint256 face) = (uint8(move[0]), uint8(move[1]));
        if (quantity == 0 || quantity > _sum(table.dice)) revert GameErrors.IllegalMove(move);
        if (face == 0 || face > FACES) revert GameErrors.IllegalMove(move);
        bool higher = quantity == table.quantity ? face > table.face : quantity > table.quantity;
        if (!higher) revert GameErrors.IllegalMove(move);
        (table.quantity, table.face, table.bidder) = (quantity, face, table.turn);
        table.turn = _livingFrom(table, table.turn + 1);
    }

    function _doubt(Table memory table, bytes calldata move) private pure {
        if (table.quantity == 0) revert GameErrors.IllegalMove(move);
        table.phase = Phase.Show;
    }

    function _show(Table memory table, uint256 player, bytes calldata move) private pure {
        if (_hash(bytes32(move), table.round, player) != table.hashes[player]) revert GameErrors.IllegalMove(move);
        uint256 digits = uint256(keccak256(abi.encodePacked(move, _seed(table))));
        for (uint256 i = 0; i < table.dice[player]; ++i) {
            if ((digits % FACES) + 1 == table.face) ++table.found;
            digits /= FACES;
        }
    }

    function _endPhase(Table memory table) private pure {
        if (table.phase == Phase.Commit) {
            (table.phase, table.done) = (Phase.Mix, 0);
        } else if (table.phase == Phase.Mix) {
            (table.phase, table.done) = (Phase.Bid, 0);
        } else {
            uint256 loser = table.found >= table.quantity ? table.turn : table.bidder;
            --table.dice[loser];
            table.turn = loser;
            _newRound(table);
        }
    }

    function _newRound(Table memory table) private pure {
        table.turn = _livingFrom(table, table.turn);
        ++table.round;
        _clear(table, _count(_living(table)) == 1 ? Phase.Over : Phase.Commit);
    }

    function _clear(Table memory table, Phase phase) private pure {
        table.phase = phase;
        (table.quantity, table.face, table.bidder, table.found, table.done) = (0, 0, 0, 0, 0);
        table.hashes = new bytes32[](table.dice.length);
    }

    /// @dev Who has to move, one bit for each player; nobody once the game is over.
    function _waiting(Table memory table) private pure returns (uint256) {
        if (table.phase == Phase.Over) return 0;
        if (table.phase == Phase.Bid) return 1 << table.turn;
        return _living(table) & ~table.done;
    }

    /// @dev The only one of these players, if there is but one.
    function _turn(uint256 players) private pure returns (uint256 player) {
        if (_count(players) != 1) return type(uint256).max;
        while (players != 1 << player) ++player;
    }

    /// @dev Who has dice, one bit for each player.
    function _living(Table memory table) private pure returns (uint256 players) {
        for (uint256 i = 0; i < table.dice.length; ++i) {
            if (table.dice[i] != 0) players |= 1 << i;
        }
    }

    /// @dev The first with dice from `player` on, around the table.
    function _livingFrom(Table memory table, uint256 player) private pure returns (uint256) {
        player %= table.dice.length;
        while (table.dice[player] == 0) player = (player + 1) % table.dice.length;
        return player;
    }

    function _count(uint256 players) private pure returns (uint256 count) {
        for (; players != 0; players &= players - 1) ++count;
    }

    function _sum(uint256[] memory dice) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < dice.length; ++i) {
            sum += dice[i];
        }
    }

    function _seed(Table memory table) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(table.hashes));
    }

    /// @dev Bound to round and player, so that nobody opens what it copied.
    function _hash(bytes32 value, uint256 round, uint256 player) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(value, uint8(round), uint8(player)));
    }

    function _read(bytes calldata state) private pure returns (Table memory table) {
        if (state.length < HEAD_BYTES) revert GameErrors.IllegalState(state);
        uint256 players = uint8(state[0]);
        if (players < MIN_PLAYERS || players > MAX_PLAYERS) revert GameErrors.IllegalState(state);
        uint256 hashesAt = HEAD_BYTES + players;
        if (state.length != hashesAt + players * HASH_BYTES) revert GameErrors.IllegalState(state);
        if (uint8(state[1]) > uint8(Phase.Over)) revert GameErrors.IllegalState(state);
        table.phase = Phase(uint8(state[1]));
        table.round = uint8(state[2]);
        table.turn = uint8(state[3]);
        table.quantity = uint8(state[4]);
        table.face = uint8(state[5]);
        table.bidder = uint8(state[6]);
        table.found = uint8(state[7]);
        table.done = uint8(state[8]);
        table.dice = new uint256[](players);
        table.hashes = new bytes32[](players);
        for (uint256 i = 0; i < players; ++i) {
            table.dice[i] = uint8(state[HEAD_BYTES + i]);
            uint256 at = hashesAt + i * HASH_BYTES;
            table.hashes[i] = bytes32(state[at:at + HASH_BYTES]);
        }
        if (!_isSound(table)) revert GameErrors.IllegalState(state);
    }

    /// @dev Whether every number is within its range and fits its phase: no later step can fail for it.
    function _isSound(Table memory table) private pure returns (bool) {
        uint256 players = table.dice.length;
        for (uint256 i = 0; i < players; ++i) {
            if (table.dice[i] > MAX_DICE) return false;
        }
        uint256 living = _living(table);
        uint256 count = _count(living);
        if (count == 0 || (count == 1 && table.phase != Phase.Over)) return false;
        if (table.turn >= players || living & (1 << table.turn) == 0) return false;
        // Every round costs somebody a die, or all of them.
        if (table.round + _sum(table.dice) > MAX_DICE * players) return false;
        // A phase ends with the last who moves in it.
        if (table.done & ~living != 0 || table.done == living) return false;
        if (table.phase == Phase.Bid || table.phase == Phase.Over) {
            if (table.done != 0) return false;
        }
        return _isBidSound(table, living) && _areHashesSound(table, living);
    }

    function _isBidSound(Table memory table, uint256 living) private pure returns (bool) {
        if (table.quantity == 0) {
            return table.face == 0 && table.bidder == 0 && table.found == 0 && table.phase != Phase.Show;
        }
        if (table.phase != Phase.Bid && table.phase != Phase.Show) return false;
        if (table.quantity > _sum(table.dice) || table.face == 0 || table.face > FACES) return false;
        if (table.bidder >= table.dice.length || living & (1 << table.bidder) == 0) return false;
        if (table.turn != _livingFrom(table, table.bidder + 1)) return false;
        uint256 shown = 0;
        for (uint256 i = 0; i < table.dice.length; ++i) {
            if (table.done & (1 << i) != 0) shown += table.dice[i];
        }
        return table.found <= shown;
    }

    function _areHashesSound(Table memory table, uint256 living) private pure returns (bool) {
        uint256 expected = living;
        if (table.phase == Phase.Commit) expected = table.done;
        if (table.phase == Phase.Over) expected = 0;
        for (uint256 i = 0; i < table.hashes.length; ++i) {
            if ((table.hashes[i] != 0) != (expected & (1 << i) != 0)) return false;
        }
        return true;
    }

    function _write(Table memory table) private pure returns (bytes memory state) {
        uint256 players = table.dice.length;
        state = abi.encodePacked(
            uint8(players),
            uint8(table.phase),
            uint8(table.round),
            uint8(table.turn),
            uint8(table.quantity),
            uint8(table.face),
            uint8(table.bidder),
            uint8(table.found),
            uint8(table.done)
        );
        bytes memory dice = new bytes(players);
        for (uint256 i = 0; i < players; ++i) {
            dice[i] = bytes1(uint8(table.dice[i]));
        }
        return abi.encodePacked(state, dice, table.hashes);
    }
}
