// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Shares} from "../staking/IRevenueSplitter.sol";
import {IGame} from "./IGame.sol";
import {Game, IGameRegistry} from "./IGameRegistry.sol";
import {GameCall} from "./libraries/GameCall.sol";
import {PurityChecker} from "./libraries/PurityChecker.sol";

/// @title GameRegistry
/// @notice See `IGameRegistry` and the README of this folder.
contract GameRegistry is IGameRegistry, AccessManaged {
    struct CurrentShares {
        uint16 developerBps;
        uint16 stakersBps;
        uint16 treasuryBps;
    }

    /// @inheritdoc IGameRegistry
    uint256 public constant MAX_RAKE_BPS = 1_000;
    uint256 private constant BPS = 10_000;
    /// @dev The longest answer of a function of `IGame`: a state.
    uint256 private constant MAX_ANSWER_BYTES = 64 + GameCall.MAX_STATE_BYTES;

    /// @inheritdoc IGameRegistry
    uint256 public gameCount;
    /// @inheritdoc IGameRegistry
    CurrentShares public currentShares;
    /// @inheritdoc IGameRegistry
    mapping(uint256 gameId => address) public offeredDeveloper;
    mapping(uint256 gameId => Game) private _games;
    mapping(uint256 gameId => string) private _metadata;
    /// @dev By developer, so that nobody takes over a game together with operators that it does not know.
    mapping(uint256 gameId => mapping(address developer => mapping(address operator => bool))) private _operators;

    modifier onlyDeveloper(uint256 gameId) {
        address developer = _known(gameId).developer;
        if (msg.sender != developer) revert NotDeveloper(msg.sender, developer);
        _;
    }

    constructor(
        address authority,
        uint16 developerBps,
        uint16 stakersBps,
        uint16 treasuryBps
    ) AccessManaged(authority) {
        _setShares(developerBps, stakersBps, treasuryBps);
    }

    /// @inheritdoc IGameRegistry
    function registerGame(IGame rules, uint16 rakeBps, string calldata uri) external returns (uint256 gameId) {
        // Check
        if (rakeBps > MAX_RAKE_BPS) revert RakeTooHigh(rakeBps, MAX_RAKE_BPS);
        IGame copy = IGame(PurityChecker.copyOf(address(rules)));

        // Effect
        gameId = ++gameCount;
        CurrentShares memory shares = currentShares;
        _games[gameId] = Game({
            rules: copy,
            rakeBps: rakeBps,
            retired: false,
            developer: msg.sender,
            developerBps: shares.developerBps,
            stakersBps: shares.stakersBps,
            treasuryBps: shares.treasuryBps
        });
        emit GameRegistered(gameId, msg.sender, address(copy), rakeBps);
        _setMetadata(gameId, uri);
    }

    /// @inheritdoc IGameRegistry
    function callGameFunction(uint256 gameId, bytes calldata call) external view returns (bytes memory result) {
        IGame rules = _known(gameId).rules;
        bytes4 selector = bytes4(call);
        if (!_isGameFunction(selector)) revert NotAGameFunction(selector);
        result = GameCall.ask(rules, call, MAX_ANSWER_BYTES);
        if (result.length == 0) revert GameCallFailed(gameId, selector);
    }

    /// @inheritdoc IGameRegistry
    function setMetadata(uint256 gameId, string calldata uri) external onlyDeveloper(gameId) {
        _setMetadata(gameId, uri);
    }

    /// @inheritdoc IGameRegistry
    function setOperator(uint256 gameId, address operator, bool admitted) external onlyDeveloper(gameId) {
        _operators[gameId][msg.sender][operator] = admitted;
        emit OperatorSet(gameId, msg.sender, operator, admitted);
    }

    /// @inheritdoc IGameRegistry
    function retire(uint256 gameId) external onlyDeveloper(gameId) {
        _retire(gameId);
    }

    /// @inheritdoc IGameRegistry
    function retireUnsafe(uint256 gameId) external restricted {
        _retire(gameId);
    }

    /// @inheritdoc IGameRegistry
    function setShares(uint16 developerBps, uint16 stakersBps, uint16 treasuryBps) external restricted {
        _setShares(developerBps, stakersBps, treasuryBps);
    }

    /// @inheritdoc IGameRegistry
    function offerDeveloper(uint256 gameId, address developer) external onlyDeveloper(gameId) {
        offeredDeveloper[gameId] = developer;
        emit DeveloperOffered(gameId, developer);
    }

    /// @inheritdoc IGameRegistry
    function acceptDeveloper(uint256 gameId) external {
        address offered = offeredDeveloper[gameId];
        if (msg.sender != offered) revert NotOfferedDeveloper(msg.sender, offered);
        delete offeredDeveloper[gameId];
        _games[gameId].developer = msg.sender;
        emit DeveloperChanged(gameId, msg.sender);
    }

    /// @inheritdoc IGameRegistry
    function gameOf(uint256 gameId) external view returns (Game memory) {
        return _known(gameId);
    }

    /// @inheritdoc IGameRegistry
    function rulesForNew(uint256 gameId) external view returns (IGame) {
        Game storage game = _known(gameId);
        if (game.retired) revert GameIsRetired(gameId);
        return game.rules;
    }

    /// @inheritdoc IGameRegistry
    function speaksFor(uint256 gameId, address account) external view returns (bool) {
        address developer = _games[gameId].developer;
        if (developer == address(0)) return false;
        return account == developer || _operators[gameId][developer][account];
    }

    /// @inheritdoc IGameRegistry
    function sharesOf(uint256 gameId) external view returns (Shares memory) {
        Game storage game = _known(gameId);
        return Shares(game.developer, game.developerBps, game.stakersBps, game.treasuryBps);
    }

    /// @inheritdoc IGameRegistry
    function metadataOf(uint256 gameId) external view returns (string memory) {
        _known(gameId);
        return _metadata[gameId];
    }

    function _setMetadata(uint256 gameId, string calldata uri) private {
        _metadata[gameId] = uri;
        emit MetadataSet(gameId, uri);
    }

    function _retire(uint256 gameId) private {
        Game storage game = _known(gameId);
        if (game.retired) revert GameIsRetired(gameId);
        game.retired = true;
        emit GameRetired(gameId, msg.sender);
    }

    function _setShares(uint16 developerBps, uint16 stakersBps, uint16 treasuryBps) private {
        uint256 whole = uint256(developerBps) + stakersBps + treasuryBps;
        if (whole != BPS) revert RevenueNotWhole(whole, BPS);
        currentShares = CurrentShares(developerBps, stakersBps, treasuryBps);
        emit SharesSet(developerBps, stakersBps, treasuryBps);
    }

    function _known(uint256 gameId) private view returns (Game storage game) {
        game = _games[gameId];
        if (game.developer == address(0)) revert UnknownGame(gameId);
    }

    function _isGameFunction(bytes4 selector) private pure returns (bool) {
        return
            selector == IGame.start.selector ||
            selector == IGame.play.selector ||
            selector == IGame.turn.selector ||
            selector == IGame.expire.selector ||
            selector == IGame.outcome.selector;
    }
}
