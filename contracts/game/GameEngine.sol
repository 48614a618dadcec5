// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IRevenueSplitter} from "../staking/IRevenueSplitter.sol";
import {IGame} from "./IGame.sol";
import {IGameEngine, Phase, Session, Terms} from "./IGameEngine.sol";
import {IGameRegistry} from "./IGameRegistry.sol";
import {IGameRevenue} from "./IGameRevenue.sol";
import {GameCall} from "./libraries/GameCall.sol";

/// @title GameEngine
/// @notice See `IGameEngine` and the README of this folder.
contract GameEngine is IGameEngine, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @inheritdoc IGameEngine
    uint256 public constant MAX_LIFE_SECONDS = 3_650 days;
    /// @inheritdoc IGameEngine
    uint256 public constant MIN_MOVES_IN_LIFE = 100;
    /// @dev Stands for BNB among the tokens.
    address private constant BNB = address(0);
    uint256 private constant BPS = 10_000;
    /// @dev In the place of a seat: invited, not joined. A seat is stored as its number plus 1.
    uint8 private constant INVITED = type(uint8).max;

    /// @inheritdoc IGameEngine
    IGameRegistry public immutable REGISTRY;
    /// @inheritdoc IGameEngine
    IGameRevenue public immutable REVENUE;
    IRevenueSplitter private immutable _SPLITTER;

    /// @inheritdoc IGameEngine
    uint256 public sessionCount;
    /// @inheritdoc IGameEngine
    mapping(address account => mapping(address token => uint256)) public owed;
    /// @inheritdoc IGameEngine
    mapping(uint256 gameId => mapping(address token => uint256)) public rakeDue;
    mapping(uint256 sessionId => Session) private _sessions;
    mapping(uint256 sessionId => bytes) private _states;
    mapping(uint256 sessionId => address[]) private _accounts;
    mapping(uint256 sessionId => mapping(address account => uint8)) private _seats;

    constructor(IGameRegistry registry, IGameRevenue revenue) {
        REGISTRY = registry;
        REVENUE = revenue;
        _SPLITTER = revenue.SPLITTER();
    }

    /// @inheritdoc IGameEngine
    function createGame(
        uint256 gameId,
        Terms calldata terms
    ) external payable nonReentrant returns (uint256 sessionId) {
        // Check
        _requireTerms(terms);
        IGame rules = REGISTRY.rulesForNew(gameId);
        bytes memory state = _firstState(gameId, rules, terms);

        // Effect
        sessionId = ++sessionCount;
        uint16 rakeBps = REGISTRY.gameOf(gameId).rakeBps;
        _sessions[sessionId] = Session({
            rules: rules,
            deadline: 0,
            end: 0,
            players: terms.players,
            phase: Phase.Open,
            gameId: SafeCast.toUint64(gameId),
            stake: terms.stake,
            moveSeconds: terms.moveSeconds,
            rakeBps: rakeBps,
            inviteOnly: terms.invited.length != 0,
            token: terms.token,
            lifeSeconds: terms.lifeSeconds,
            endedAt: 0
        });
        _states[sessionId] = state;
        emit SessionCreated(sessionId, gameId, msg.sender, terms, rakeBps, state);
        _invite(sessionId, terms.invited);
        _sit(sessionId, terms.players);

        // Interaction
        _take(terms.token, terms.stake);
    }

    /// @inheritdoc IGameEngine
    function joinGame(uint256 sessionId) external payable nonReentrant {
        // Check
        Session storage session = _inPhase(sessionId, Phase.Open);
        REGISTRY.rulesForNew(session.gameId);
        uint8 seat = _seats[sessionId][msg.sender];
        if (session.inviteOnly && seat == 0) revert NotInvited(sessionId, msg.sender);
        if (seat != 0 && seat != INVITED) revert AlreadyJoined(sessionId, msg.sender);

        // Effect
        _sit(sessionId, session.players);

        // Interaction
        _take(session.token, session.stake);
    }

    /// @inheritdoc IGameEngine
    function leaveGame(uint256 sessionId) external nonReentrant {
        // Check
        Session storage session = _inPhase(sessionId, Phase.Open);
        uint256 seat = _requireSeat(sessionId);

        // Effect
        address[] storage accounts = _accounts[sessionId];
        address last = accounts[accounts.length - 1];
        accounts.pop();
        if (last != msg.sender) {
            accounts[seat] = last;
            _seats[sessionId][last] = uint8(seat + 1);
        }
        _seats[sessionId][msg.sender] = session.inviteOnly ? INVITED : 0;
        _owe(msg.sender, session.token, session.stake);
        emit PlayerLeft(sessionId, msg.sender);
        if (accounts.length == 0) _void(sessionId, session);
    }

    /// @inheritdoc IGameEngine
    function playGame(uint256 sessionId, bytes calldata move) external nonReentrant {
        // Check
        Session storage session = _inPhase(sessionId, Phase.Playing);
        uint256 deadline = session.deadline;
        if (block.timestamp > deadline) revert MoveTooLate(block.timestamp, deadline);
        uint256 seat = _requireSeat(sessionId);
        (bool ok, bytes memory next) = GameCall.play(session.rules, _states[sessionId], seat, move);
        if (!ok) revert MoveRefused(sessionId, seat);

        // Effect
        emit MoveMade(sessionId, msg.sender, move);
        _goOn(sessionId, session, next);
    }

    /// @inheritdoc IGameEngine
    function expireGame(uint256 sessionId) external nonReentrant {
        // Check
        Session storage session = _inPhase(sessionId, Phase.Playing);
        uint256 deadline = session.deadline;
        if (block.timestamp <= deadline) revert MoveStillDue(block.timestamp, deadline);

        // Effect: what a missed deadline leads to does not depend on when somebody says so
        if (deadline < session.end) {
            bytes memory state = _states[sessionId];
            (bool ok, bytes memory next) = GameCall.expire(session.rules, state);
            if (ok && keccak256(next) != keccak256(state)) {
                emit MoveMissed(sessionId);
                return _goOn(sessionId, session, next);
            }
        }
        _void(sessionId, session);
    }

    /// @inheritdoc IGameEngine
    function creditRevenue(uint256 gameId, address token) external nonReentrant returns (uint256 amount) {
        // Effect
        amount = rakeDue[gameId][token];
        if (amount == 0) revert NothingOwed(token);
        delete rakeDue[gameId][token];
        emit RakeCredited(gameId, token, amount);

        // Interaction
        if (token != BNB) IERC20(token).forceApprove(address(REVENUE), amount);
        REVENUE.credit{value: token == BNB ? amount : 0}(gameId, token, amount);
    }

    /// @inheritdoc IGameEngine
    function withdraw(address token, address to) external nonReentrant returns (uint256 amount) {
        // Check
        if (to == address(0)) revert IRevenueSplitter.ZeroReceiver();
        amount = owed[msg.sender][token];
        if (amount == 0) revert NothingOwed(token);

        // Effect
        delete owed[msg.sender][token];
        emit PayoutWithdrawn(msg.sender, token, to, amount);

        // Interaction
        if (token == BNB) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IGameEngine
    function sessionOf(uint256 sessionId) external view returns (Session memory) {
        return _sessions[sessionId];
    }

    /// @inheritdoc IGameEngine
    function accountsOf(uint256 sessionId) external view returns (address[] memory) {
        return _accounts[sessionId];
    }

    /// @inheritdoc IGameEngine
    function stateOf(uint256 sessionId) external view returns (bytes memory) {
        return _states[sessionId];
    }

    /// @inheritdoc IGameEngine
    function seatOf(uint256 sessionId, address account) external view returns (bool joined, uint256 seat) {
        uint8 stored = _seats[sessionId][account];
        joined = stored != 0 && stored != INVITED;
        if (joined) seat = stored - 1;
    }

    /// @inheritdoc IGameEngine
    function mayJoin(uint256 sessionId, address account) external view returns (bool) {
        Session storage session = _sessions[sessionId];
        return session.phase == Phase.Open && _seats[sessionId][account] == (session.inviteOnly ? INVITED : 0);
    }

    /// @dev Takes the state after a move, made or missed, and what follows from it.
    function _goOn(uint256 sessionId, Session storage session, bytes memory next) private {
        _states[sessionId] = next;
        (bool ok, bool over, uint256[] memory shareBps) = GameCall.outcome(session.rules, next, session.players);
        uint256 end = session.end;
        if (!ok || (!over && block.timestamp > end)) _void(sessionId, session);
        else if (over) _settle(sessionId, session, shareBps);
        else session.deadline = uint40(Math.min(block.timestamp + session.moveSeconds, end));
    }

    /// @dev Divides the stakes, the rounding for the last player.
    function _settle(uint256 sessionId, Session storage session, uint256[] memory shareBps) private {
        _end(session, Phase.Settled);
        address[] memory accounts = _accounts[sessionId];
        address token = session.token;
        uint256 pot = session.stake * accounts.length;
        uint256 rake = (pot * session.rakeBps) / BPS;
        if (rake != 0) rakeDue[session.gameId][token] += rake;

        uint256 prize = pot - rake;
        uint256 left = prize;
        uint256[] memory payouts = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            uint256 payout = i == accounts.length - 1 ? left : (prize * shareBps[i]) / BPS;
            left -= payout;
            payouts[i] = payout;
            _owe(accounts[i], token, payout);
        }
        emit SessionSettled(sessionId, payouts, rake);
    }

    /// @dev Gives each player that is left its stake back.
    function _void(uint256 sessionId, Session storage session) private {
        _end(session, Phase.Voided);
        address[] memory accounts = _accounts[sessionId];
        for (uint256 i = 0; i < accounts.length; ++i) _owe(accounts[i], session.token, session.stake);
        emit SessionVoided(sessionId);
    }

    function _end(Session storage session, Phase phase) private {
        session.phase = phase;
        session.endedAt = uint40(block.timestamp);
    }

    function _owe(address account, address token, uint256 amount) private {
        if (amount != 0) owed[account][token] += amount;
    }

    /// @dev Gives the caller the next seat, and starts the session with the last one.
    function _sit(uint256 sessionId, uint256 players) private {
        address[] storage accounts = _accounts[sessionId];
        accounts.push(msg.sender);
        uint256 taken = accounts.length;
        _seats[sessionId][msg.sender] = uint8(taken);
        emit PlayerJoined(sessionId, msg.sender);
        if (taken != players) return;

        Session storage session = _sessions[sessionId];
        uint256 deadline = block.timestamp + session.moveSeconds;
        uint256 end = block.timestamp + session.lifeSeconds;
        (session.phase, session.deadline, session.end) = (Phase.Playing, uint40(deadline), uint40(end));
        emit SessionStarted(sessionId, accounts, deadline, end);
    }

    function _invite(uint256 sessionId, address[] calldata invited) private {
        for (uint256 i = 0; i < invited.length; ++i) {
            address account = invited[i];
            if (account == address(0) || account == msg.sender || _seats[sessionId][account] != 0) {
                revert InvalidInvitation(account);
            }
            _seats[sessionId][account] = INVITED;
        }
    }

    /// @dev Takes a stake from the caller: all of it, or nothing at all.
    function _take(address token, uint256 stake) private {
        uint256 value = token == BNB ? stake : 0;
        if (msg.value != value) revert StakeValueMismatch(msg.value, value);
        if (token == BNB || stake == 0) return;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), stake);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != stake) revert StakeNotReceived(received, stake);
    }

    function _requireTerms(Terms calldata terms) private view {
        uint256 players = terms.players;
        if (players == 0 || players > GameCall.MAX_PLAYERS) revert SeatsOutOfRange(players, GameCall.MAX_PLAYERS);
        uint256 invited = terms.invited.length;
        if (invited != 0 && invited != players - 1) revert InvitedOutOfRange(invited, players - 1);
        if (terms.moveSeconds == 0) revert ZeroMoveTime();
        // Where it ends with the move that decides, whoever is about to lose gets its stake back by not making it.
        uint256 least = MIN_MOVES_IN_LIFE * terms.moveSeconds;
        if (terms.lifeSeconds < least || terms.lifeSeconds > MAX_LIFE_SECONDS) {
            revert SessionLifeOutOfRange(terms.lifeSeconds, least, MAX_LIFE_SECONDS);
        }
        if (!_SPLITTER.isTokenAllowed(terms.token)) revert StakeTokenNotAllowed(terms.token);
    }

    /// @dev The state that the game begins with. Rules are pure: at the start they would say the same.
    function _firstState(uint256 gameId, IGame rules, Terms calldata terms) private view returns (bytes memory state) {
        bool ok;
        (ok, state) = GameCall.start(rules, terms.setup, terms.players);
        if (!ok) revert StartRefused(gameId);
        bool over;
        (ok, over, ) = GameCall.outcome(rules, state, terms.players);
        if (!ok || over) revert StartRefused(gameId);
    }

    function _inPhase(uint256 sessionId, Phase expected) private view returns (Session storage session) {
        session = _sessions[sessionId];
        if (session.phase != expected) revert WrongPhase(sessionId, session.phase, expected);
    }

    function _requireSeat(uint256 sessionId) private view returns (uint256 seat) {
        uint8 stored = _seats[sessionId][msg.sender];
        if (stored == 0 || stored == INVITED) revert NotSeated(sessionId, msg.sender);
        return stored - 1;
    }
}
