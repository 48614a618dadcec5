// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Shares} from "../staking/IRevenueSplitter.sol";
import {IGame} from "./IGame.sol";

/// @notice A registered game.
/// @param rules Its pure rule contract.
/// @param rakeBps Part of a pot that is the game's revenue; for good.
/// @param retired No new session, channel or item begins; what runs goes on to its end.
/// @param developer Whom the developer's part is for, and who administers the game.
/// @param developerBps Parts of its revenue, as they were when it was registered; for good. They sum to 10,000.
struct Game {
    IGame rules;
    uint16 rakeBps;
    bool retired;
    address developer;
    uint16 developerBps;
    uint16 stakersBps;
    uint16 treasuryBps;
}

/// @title Registry of games
/// @notice Assigns the numbers of games itself, from 1, and holds no asset and no role. Source: COS paper
/// (`registerGame`, `callGameFunction`).
interface IGameRegistry {
    event GameRegistered(uint256 indexed gameId, address indexed developer, address indexed rules, uint16 rakeBps);
    /// @dev Of games registered from then on.
    event SharesSet(uint256 developerBps, uint256 stakersBps, uint256 treasuryBps);
    event MetadataSet(uint256 indexed gameId, string uri);
    event GameRetired(uint256 indexed gameId, address by);
    /// @dev Whether `operator` speaks for the game while `developer` is its developer: mints and changes its items, grants
    /// its achievements, pays in revenue.
    event OperatorSet(uint256 indexed gameId, address indexed developer, address indexed operator, bool admitted);
    event DeveloperOffered(uint256 indexed gameId, address indexed developer);
    event DeveloperChanged(uint256 indexed gameId, address indexed developer);

    error UnknownGame(uint256 gameId);
    error GameIsRetired(uint256 gameId);
    error NotDeveloper(address caller, address developer);
    error NotOfferedDeveloper(address caller, address offered);
    /// @dev The three parts sum to `bps`.
    error RevenueNotWhole(uint256 bps, uint256 whole);
    error RakeTooHigh(uint256 rakeBps, uint256 max);
    /// @dev `callGameFunction` forwards to the functions of `IGame` only.
    error NotAGameFunction(bytes4 selector);
    /// @dev The rules reverted, ran out of their gas, or returned too much.
    error GameCallFailed(uint256 gameId, bytes4 selector);

    /// @notice Registers the caller's game. Anyone may call; reverts where the code of `rules` is not pure. The game's rules
    /// are a copy of that code which the registry makes: what stands at `rules` later is of no account.
    /// @param rakeBps At most `MAX_RAKE_BPS`.
    /// @param uri Where the game's description is, ERC-1155-style metadata JSON.
    function registerGame(IGame rules, uint16 rakeBps, string calldata uri) external returns (uint256 gameId);

    /// @notice Calls a function of the game's rules as nobody, without value, and returns what it returned.
    /// @param call ABI-encoded call of one of the functions of `IGame`.
    function callGameFunction(uint256 gameId, bytes calldata call) external view returns (bytes memory result);

    /// @notice Developer of the game only.
    function setMetadata(uint256 gameId, string calldata uri) external;

    /// @notice Developer of the game only. Its operators end with it: another developer admits its own.
    function setOperator(uint256 gameId, address operator, bool admitted) external;

    /// @notice Ends what could still begin of the game, for good. Its developer only.
    function retire(uint256 gameId) external;

    /// @notice Retires a game that harms those who play it. Role GUARDIAN.
    function retireUnsafe(uint256 gameId) external;

    /// @notice Changes how the revenue of games registered later is divided, in basis points that sum to 10,000. Role
    /// TIMELOCK.
    function setShares(uint16 developerBps, uint16 stakersBps, uint16 treasuryBps) external;

    /// @notice Offers the game to another developer, who has to accept; zero withdraws the offer. Developer only.
    function offerDeveloper(uint256 gameId, address developer) external;

    /// @notice Takes over an offered game.
    function acceptDeveloper(uint256 gameId) external;

    /// @notice Reverts for an unknown game.
    function gameOf(uint256 gameId) external view returns (Game memory);

    /// @notice The game's rules; reverts for a game that is unknown or, where it is to begin something new, retired.
    function rulesForNew(uint256 gameId) external view returns (IGame);

    /// @notice Whether `account` is the game's developer or one of its operators; false for an unknown game.
    function speaksFor(uint256 gameId, address account) external view returns (bool);

    /// @notice How the game's revenue is divided.
    function sharesOf(uint256 gameId) external view returns (Shares memory);

    /// @notice To whom the game is offered; zero for nobody.
    function offeredDeveloper(uint256 gameId) external view returns (address);

    /// @notice How the revenue of a game would be divided that is registered now.
    function currentShares() external view returns (uint16 developerBps, uint16 stakersBps, uint16 treasuryBps);

    function metadataOf(uint256 gameId) external view returns (string memory);

    /// @notice Games registered so far; the latest one's number.
    function gameCount() external view returns (uint256);

    // solhint-disable-next-line func-name-mixedcase
    function MAX_RAKE_BPS() external view returns (uint256);
}
