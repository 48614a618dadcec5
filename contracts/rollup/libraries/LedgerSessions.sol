// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../../game/IGame.sol";
import {GameCall} from "../../game/libraries/GameCall.sol";
import {LedgerAuthority, Step} from "./LedgerAuthority.sol";
import {LedgerLeaves, Leaves} from "./LedgerLeaves.sol";
import {LedgerRefusal} from "./LedgerRefusal.sol";

/// @title Sessions of games on the ledger
/// @notice The twin of `protocol/ledger/sessions.ts`.
library LedgerSessions {
    using LedgerAuthority for Step;
    using LedgerLeaves for Leaves;
    using LedgerLeaves for bytes;

    uint256 internal constant MAX_PLAYERS = 8;
    uint256 internal constant MIN_MOVE_SECONDS = 2 hours;
    uint256 internal constant MAX_LIFE_SECONDS = 90 days;
    uint256 internal constant MIN_MOVES_IN_LIFE = 100;
    uint256 private constant WAITING = 0;
    uint256 private constant RUNNING = 1;
    uint256 private constant BPS = 10_000;

    function open(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isBalance, bytes memory balance) = step.leaves.ofKind(v[0], LedgerLeaves.BALANCE);
        (bool isGame, bytes memory game) = step.leaves.ofKind(v[1], LedgerLeaves.GAME);
        if (!isBalance || !isGame) return LedgerRefusal.WRONG_LEAF;
        bytes memory account = step.leaves.at(balance.get(LedgerLeaves.HOLDER));
        if (game.get(LedgerLeaves.GAME_ASSET) != balance.get(LedgerLeaves.ASSET)) return LedgerRefusal.WRONG_LEAF;
        if (v[3] < 2 || v[3] > MAX_PLAYERS) return LedgerRefusal.WRONG_TERMS;
        if (v[4] < MIN_MOVE_SECONDS || v[5] < MIN_MOVES_IN_LIFE * v[4] || v[5] > MAX_LIFE_SECONDS)
            return LedgerRefusal.WRONG_TERMS;
        uint256 available = balance.get(LedgerLeaves.AMOUNT);
        if (v[2] > available) return LedgerRefusal.WRONG_AMOUNT;
        if (!step.leaves.hasRoom(1)) return LedgerRefusal.TREE_FULL;
        if (!step.mayAct(account, 0, LedgerAuthority.GAMES, v[1])) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        balance.set(LedgerLeaves.AMOUNT, available - v[2]);
        bytes memory head = abi.encodePacked(
            uint8(LedgerLeaves.SESSION),
            uint32(v[1]),
            uint128(v[2]),
            uint8(v[3]),
            uint8(1),
            uint8(WAITING),
            uint32(v[4]),
            uint32(v[5]),
            new bytes(16)
        );
        bytes memory others = new bytes(4 * (v[3] - 1));
        bytes memory setup = step.transaction.data;
        step.leaves.append(abi.encodePacked(head, uint32(v[0]), others, uint16(setup.length), setup));
        return LedgerRefusal.APPLIED;
    }

    function join(Step memory step) internal view returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isSession, bytes memory session) = step.leaves.ofKind(v[0], LedgerLeaves.SESSION);
        (bool isBalance, bytes memory balance) = step.leaves.ofKind(v[1], LedgerLeaves.BALANCE);
        if (!isSession || !isBalance) return LedgerRefusal.WRONG_LEAF;
        bytes memory game = step.leaves.at(session.get(LedgerLeaves.SESSION_GAME));
        uint256 refusal = _seat(step, session, balance, game);
        if (refusal != LedgerRefusal.APPLIED) return refusal;
        if (session.get(LedgerLeaves.JOINED) == session.get(LedgerLeaves.PLAYERS)) _start(step, v[0], session, game);
        return LedgerRefusal.APPLIED;
    }

    /// @dev A player leaves before the session is full; whoever came later moves up.
    function leave(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isSession, bytes memory session) = step.leaves.ofKind(v[0], LedgerLeaves.SESSION);
        if (!isSession) return LedgerRefusal.WRONG_LEAF;
        uint256 joined = session.get(LedgerLeaves.JOINED);
        if (session.get(LedgerLeaves.PHASE) != WAITING || v[1] >= joined) return LedgerRefusal.WRONG_PHASE;
        bytes memory balance = step.leaves.at(session.seat(v[1]));
        bytes memory account = step.leaves.at(balance.get(LedgerLeaves.HOLDER));
        uint256 game = session.get(LedgerLeaves.SESSION_GAME);
        if (!step.mayAct(account, 0, LedgerAuthority.GAMES, game)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        _credit(balance, session.get(LedgerLeaves.STAKE));
        if (joined == 1) {
            step.leaves.clear(v[0]);
            return LedgerRefusal.APPLIED;
        }
        for (uint256 i = v[1]; i + 1 < joined; ++i) session.setSeat(i, session.seat(i + 1));
        session.setSeat(joined - 1, 0);
        session.set(LedgerLeaves.JOINED, joined - 1);
        return LedgerRefusal.APPLIED;
    }

    function play(Step memory step) internal view returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isSession, bytes memory session) = step.leaves.ofKind(v[0], LedgerLeaves.SESSION);
        if (!isSession) return LedgerRefusal.WRONG_LEAF;
        uint256 gameLeaf = session.get(LedgerLeaves.SESSION_GAME);
        bytes memory game = step.leaves.at(gameLeaf);
        if (session.get(LedgerLeaves.PHASE) != RUNNING || v[1] >= session.get(LedgerLeaves.PLAYERS)) {
            return LedgerRefusal.WRONG_PHASE;
        }
        bytes memory balance = step.leaves.at(session.seat(v[1]));
        bytes memory account = step.leaves.at(balance.get(LedgerLeaves.HOLDER));
        uint256 clock = step.clock;
        if (clock > session.get(LedgerLeaves.DEADLINE) || clock > session.get(LedgerLeaves.ENDS_BY)) {
            return LedgerRefusal.WRONG_TIME;
        }
        if (step.context.time >= step.context.movesHalt) return LedgerRefusal.WRONG_TIME;
        if (!step.mayAct(account, 0, LedgerAuthority.GAMES, gameLeaf)) return LedgerRefusal.NOT_AUTHORIZED;
        (bool ok, bytes memory next) = GameCall.play(_rules(game), session.stateOf(), v[1], step.transaction.data);
        if (!ok) return LedgerRefusal.RULES_REFUSED;

        step.advance(account);
        _goOn(step, v[0], session, next);
        return LedgerRefusal.APPLIED;
    }

    /// @dev A deadline passed. What is over is paid, however late; else the rules decide. Where they cannot, or the session's
    /// life is over, stakes go back.
    function timeOut(Step memory step) internal view returns (uint256) {
        uint256 index = step.transaction.values[0];
        (bool isSession, bytes memory session) = step.leaves.ofKind(index, LedgerLeaves.SESSION);
        if (!isSession) return LedgerRefusal.WRONG_LEAF;
        bytes memory game = step.leaves.at(session.get(LedgerLeaves.SESSION_GAME));
        if (session.get(LedgerLeaves.PHASE) != RUNNING) return LedgerRefusal.WRONG_PHASE;
        if (step.queue != step.context.queueTo) return LedgerRefusal.WRONG_TIME;
        bool ended = session.get(LedgerLeaves.ENDS_BY) < step.context.queueTime;
        if (!ended && session.get(LedgerLeaves.DEADLINE) >= step.context.queueTime) return LedgerRefusal.WRONG_TIME;
        if (step.context.time >= step.context.movesHalt) return LedgerRefusal.WRONG_TIME;
        (bool ok, bool over, uint256[] memory shares) = _outcome(session, game);
        if (ok && over) _payOutcome(step.leaves, index, session, game, shares);
        else if (!ok || ended) _giveBack(step.leaves, index, session);
        else _expire(step, index, session, game);
        return LedgerRefusal.APPLIED;
    }

    /// @dev Pays what the outcome says; where that is not well-formed, stakes go back.
    function settle(Step memory step) internal view returns (uint256) {
        uint256 index = step.transaction.values[0];
        (bool isSession, bytes memory session) = step.leaves.ofKind(index, LedgerLeaves.SESSION);
        if (!isSession) return LedgerRefusal.WRONG_LEAF;
        bytes memory game = step.leaves.at(session.get(LedgerLeaves.SESSION_GAME));
        if (session.get(LedgerLeaves.PHASE) != RUNNING) return LedgerRefusal.WRONG_PHASE;
        if (step.context.time >= step.context.movesHalt) return LedgerRefusal.WRONG_TIME;
        (bool ok, bool over, uint256[] memory shares) = _outcome(session, game);
        if (ok && !over) return LedgerRefusal.RULES_REFUSED;
        if (ok) _payOutcome(step.leaves, index, session, game, shares);
        else _giveBack(step.leaves, index, session);
        return LedgerRefusal.APPLIED;
    }

    function collectFees(Step memory step) internal pure returns (uint256) {
        (bool isGame, bytes memory game) = step.leaves.ofKind(step.transaction.values[0], LedgerLeaves.GAME);
        if (!isGame) return LedgerRefusal.WRONG_LEAF;
        uint256 fees = game.get(LedgerLeaves.FEES);
        if (fees == 0) return LedgerRefusal.WRONG_AMOUNT;
        if (!step.leaves.hasRoom(1)) return LedgerRefusal.TREE_FULL;

        game.set(LedgerLeaves.FEES, 0);
        step.leaves.append(
            abi.encodePacked(
                uint8(LedgerLeaves.FEE_EXIT),
                uint64(game.get(LedgerLeaves.GAME_ID)),
                uint32(game.get(LedgerLeaves.GAME_ASSET)),
                uint128(fees)
            )
        );
        return LedgerRefusal.APPLIED;
    }

    /// @dev Takes the stake of whoever joins, and gives the next seat.
    function _seat(
        Step memory step,
        bytes memory session,
        bytes memory balance,
        bytes memory game
    ) private pure returns (uint256) {
        bytes memory account = step.leaves.at(balance.get(LedgerLeaves.HOLDER));
        if (game.get(LedgerLeaves.GAME_ASSET) != balance.get(LedgerLeaves.ASSET)) return LedgerRefusal.WRONG_LEAF;
        if (session.get(LedgerLeaves.PHASE) != WAITING) return LedgerRefusal.WRONG_PHASE;
        (uint256 stake, uint256 available) = (session.get(LedgerLeaves.STAKE), balance.get(LedgerLeaves.AMOUNT));
        if (stake > available) return LedgerRefusal.WRONG_AMOUNT;
        uint256 joined = session.get(LedgerLeaves.JOINED);
        bool full = joined + 1 == session.get(LedgerLeaves.PLAYERS);
        if (full && step.context.time >= step.context.movesHalt) return LedgerRefusal.WRONG_TIME;
        if (!step.mayAct(account, 0, LedgerAuthority.GAMES, session.get(LedgerLeaves.SESSION_GAME))) {
            return LedgerRefusal.NOT_AUTHORIZED;
        }

        step.advance(account);
        balance.set(LedgerLeaves.AMOUNT, available - stake);
        session.set(LedgerLeaves.JOINED, joined + 1);
        session.setSeat(joined, step.transaction.values[1]);
        return LedgerRefusal.APPLIED;
    }

    function _start(Step memory step, uint256 index, bytes memory session, bytes memory game) private view {
        (bool ok, bytes memory state) = GameCall.start(
            _rules(game),
            session.stateOf(),
            session.get(LedgerLeaves.PLAYERS)
        );
        if (!ok) {
            _giveBack(step.leaves, index, session);
            return;
        }
        session.set(LedgerLeaves.PHASE, RUNNING);
        session.set(LedgerLeaves.ENDS_BY, step.context.time + session.get(LedgerLeaves.LIFE_SECONDS));
        _goOn(step, index, session, state);
    }

    function _expire(Step memory step, uint256 index, bytes memory session, bytes memory game) private view {
        bytes memory state = session.stateOf();
        (bool ok, bytes memory next) = GameCall.expire(_rules(game), state);
        if (!ok || keccak256(next) == keccak256(state)) _giveBack(step.leaves, index, session);
        else _goOn(step, index, session, next);
    }

    function _outcome(
        bytes memory session,
        bytes memory game
    ) private view returns (bool ok, bool over, uint256[] memory shares) {
        return GameCall.outcome(_rules(game), session.stateOf(), session.get(LedgerLeaves.PLAYERS));
    }

    /// @dev The pot less the rake, by shares.
    function _payOutcome(
        Leaves memory leaves,
        uint256 index,
        bytes memory session,
        bytes memory game,
        uint256[] memory shares
    ) private pure {
        uint256 pot = session.get(LedgerLeaves.STAKE) * session.get(LedgerLeaves.PLAYERS);
        uint256 rake = (pot * game.get(LedgerLeaves.RAKE_BPS)) / BPS;
        game.set(LedgerLeaves.FEES, game.get(LedgerLeaves.FEES) + rake);
        _divide(pot - rake, shares);
        _pay(leaves, index, session, shares);
    }

    function _goOn(Step memory step, uint256 index, bytes memory session, bytes memory state) private pure {
        session.set(LedgerLeaves.DEADLINE, step.context.time + session.get(LedgerLeaves.MOVE_SECONDS));
        step.leaves.put(index, session.withState(state));
    }

    function _giveBack(Leaves memory leaves, uint256 index, bytes memory session) private pure {
        uint256 players = session.get(LedgerLeaves.PLAYERS);
        uint256[] memory parts = new uint256[](players);
        for (uint256 i = 0; i < players; ++i) parts[i] = session.get(LedgerLeaves.STAKE);
        _pay(leaves, index, session, parts);
    }

    /// @dev Turns shares of `prize` into amounts, the rounding for the last player.
    function _divide(uint256 prize, uint256[] memory shares) private pure {
        uint256 left = prize;
        uint256 last = shares.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            shares[i] = (prize * shares[i]) / BPS;
            left -= shares[i];
        }
        shares[last] = left;
    }

    /// @dev Ends a session.
    function _pay(Leaves memory leaves, uint256 index, bytes memory session, uint256[] memory parts) private pure {
        for (uint256 i = 0; i < parts.length; ++i) _credit(leaves.at(session.seat(i)), parts[i]);
        leaves.clear(index);
    }

    /// @dev What a balance could not hold is impossible: no asset's sum reaches 2^128.
    function _credit(bytes memory balance, uint256 amount) private pure {
        balance.set(LedgerLeaves.AMOUNT, uint128(balance.get(LedgerLeaves.AMOUNT) + amount));
    }

    function _rules(bytes memory game) private pure returns (IGame) {
        return IGame(address(uint160(game.get(LedgerLeaves.RULES))));
    }
}
