// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "./IGame.sol";
import {IGameRegistry} from "./IGameRegistry.sol";
import {IGameRevenue} from "./IGameRevenue.sol";

/// @notice Where a session stands.
enum Phase {
    None,
    // Players may join and leave.
    Open,
    // All seats are taken.
    Playing,
    // Over, and paid by the rules' outcome.
    Settled,
    // Over, and each player has got its stake back.
    Voided
}

/// @notice What its creator fixes of a session, and whoever joins agrees to.
/// @param setup The game's own options; empty for its default.
/// @param players How many play, the creator included; 1 to 16.
/// @param token What is staked: an ERC-20, or BNB as address zero.
/// @param stake Of each player, in the token's smallest unit; may be zero.
/// @param moveSeconds For each move; at least 1.
/// @param lifeSeconds Of the session from its start: at least `MIN_MOVES_IN_LIFE` times `moveSeconds`, at most
/// `MAX_LIFE_SECONDS`. Where a move's deadline would be later, it is the session's end, and passing it gives each player
/// its stake back.
/// @param invited Who may join; empty: anyone. As many as the other seats.
struct Terms {
    bytes setup;
    uint8 players;
    address token;
    uint128 stake;
    uint32 moveSeconds;
    uint32 lifeSeconds;
    address[] invited;
}

/// @notice What is kept of a session, for good.
/// @param rules What decides it.
/// @param deadline Until when the next move may be made, this second included.
/// @param end When its whole time is over.
/// @param players Seats.
/// @param phase Where it stands.
/// @param gameId Its game.
/// @param stake Of each player.
/// @param moveSeconds For each move.
/// @param rakeBps Part of the pot that is the game's revenue.
/// @param inviteOnly Whether only those invited may join.
/// @param token What is staked.
/// @param lifeSeconds From start to end.
/// @param endedAt When it was settled or voided; zero before.
struct Session {
    IGame rules;
    uint40 deadline;
    uint40 end;
    uint8 players;
    Phase phase;
    uint64 gameId;
    uint128 stake;
    uint32 moveSeconds;
    uint16 rakeBps;
    bool inviteOnly;
    address token;
    uint32 lifeSeconds;
    uint40 endedAt;
}

/// @title Sessions of games, played on chain
/// @notice A player's seat is its place in the order of joining, from 0, the creator's first; where somebody leaves before
/// the start, the last one takes its seat. Nobody administers the engine. Source: COS paper (`createGame`, `joinGame`,
/// `playGame`).
interface IGameEngine {
    /// @dev `state` is the game's first.
    event SessionCreated(
        uint256 indexed sessionId,
        uint256 indexed gameId,
        address indexed creator,
        Terms terms,
        uint256 rakeBps,
        bytes state
    );
    event PlayerJoined(uint256 indexed sessionId, address indexed account);
    event PlayerLeft(uint256 indexed sessionId, address indexed account);
    /// @dev `accounts` in the order of their seats.
    event SessionStarted(uint256 indexed sessionId, address[] accounts, uint256 deadline, uint256 end);
    /// @dev The state after it is that of the rules' `play`; the next deadline is `moveSeconds` later, but not after the end.
    event MoveMade(uint256 indexed sessionId, address indexed account, bytes move);
    /// @dev The state after it is that of the rules' `expire`.
    event MoveMissed(uint256 indexed sessionId);
    /// @dev `payouts` in the order of the seats; with `rake` they sum to the stakes.
    event SessionSettled(uint256 indexed sessionId, uint256[] payouts, uint256 rake);
    event SessionVoided(uint256 indexed sessionId);
    event PayoutWithdrawn(address indexed account, address indexed token, address to, uint256 amount);
    event RakeCredited(uint256 indexed gameId, address indexed token, uint256 amount);

    error SeatsOutOfRange(uint256 players, uint256 max);
    error ZeroMoveTime();
    error SessionLifeOutOfRange(uint256 lifeSeconds, uint256 min, uint256 max);
    /// @dev As many as the seats that the creator leaves, or none.
    error InvitedOutOfRange(uint256 invited, uint256 seats);
    /// @dev Zero, the creator, or named twice.
    error InvalidInvitation(address account);
    /// @dev The rules know no such setup or number of players, or the game would be over before it began.
    error StartRefused(uint256 gameId);
    /// @dev Not among the tokens that the revenue splitter allows.
    error StakeTokenNotAllowed(address token);
    /// @dev The value that came is not the stake in BNB, or came with another token.
    error StakeValueMismatch(uint256 value, uint256 expected);
    /// @dev The token took a fee, or does not do what it says.
    error StakeNotReceived(uint256 received, uint256 stake);
    error WrongPhase(uint256 sessionId, Phase phase, Phase expected);
    error AlreadyJoined(uint256 sessionId, address account);
    error NotInvited(uint256 sessionId, address account);
    error NotSeated(uint256 sessionId, address account);
    error MoveTooLate(uint256 timestamp, uint256 deadline);
    /// @dev The rules: it is illegal, or not this player's turn. Or they do not work.
    error MoveRefused(uint256 sessionId, uint256 seat);
    error MoveStillDue(uint256 timestamp, uint256 deadline);
    error NothingOwed(address token);

    /// @notice Opens a session and takes the caller's seat and stake; a session of one starts at once. Reverts for a game
    /// that is unknown or retired. The game's first state is computed here: the start depends on nobody.
    function createGame(uint256 gameId, Terms calldata terms) external payable returns (uint256 sessionId);

    /// @notice Takes a seat and its stake; with the last seat the session starts. Reverts once the game is retired.
    function joinGame(uint256 sessionId) external payable;

    /// @notice Gives a seat back before the start; its stake may be withdrawn. With the last player the session is gone.
    function leaveGame(uint256 sessionId) external;

    /// @notice Makes a move, until the deadline. Where it ends the game, stakes are divided by the rules' outcome after the
    /// rake; where the outcome is not well-formed, each player gets its stake back. Needs about 1,020,000 gas left for
    /// each of two calls of the rules, most of which is not used.
    /// @param move At most 256 bytes.
    function playGame(uint256 sessionId, bytes calldata move) external;

    /// @notice Has the rules decide who loses by a missed move, once its deadline has passed; anyone may call. Where they
    /// do not decide, or where the deadline was the session's end, each player gets its stake back.
    function expireGame(uint256 sessionId) external;

    /// @notice Passes the collected rake of a game on to the revenue splitter. Anyone may call.
    function creditRevenue(uint256 gameId, address token) external returns (uint256 amount);

    /// @notice Pays all that the caller is owed in `token`.
    /// @param to Who receives it; not zero.
    function withdraw(address token, address to) external returns (uint256 amount);

    function sessionOf(uint256 sessionId) external view returns (Session memory);

    /// @notice Who has joined, in the order of the seats.
    function accountsOf(uint256 sessionId) external view returns (address[] memory);

    /// @notice The game's present state; after the end, its last one.
    function stateOf(uint256 sessionId) external view returns (bytes memory);

    /// @notice Whether `account` has joined, and its seat if it has.
    function seatOf(uint256 sessionId, address account) external view returns (bool joined, uint256 seat);

    /// @notice Whether `account` could take a seat now, as far as invitations and seats go.
    function mayJoin(uint256 sessionId, address account) external view returns (bool);

    /// @notice What `account` may withdraw.
    function owed(address account, address token) external view returns (uint256);

    /// @notice Rake that was not credited yet.
    function rakeDue(uint256 gameId, address token) external view returns (uint256);

    /// @notice Sessions created so far; the latest one's number.
    function sessionCount() external view returns (uint256);

    // solhint-disable func-name-mixedcase
    function REGISTRY() external view returns (IGameRegistry);

    function REVENUE() external view returns (IGameRevenue);

    function MAX_LIFE_SECONDS() external view returns (uint256);

    /// @notice Moves with their whole time that fit into a session, at least.
    function MIN_MOVES_IN_LIFE() external view returns (uint256);
}
