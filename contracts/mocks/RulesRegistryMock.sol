// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../game/IGame.sol";
import {IGameRegistry} from "../game/IGameRegistry.sol";

/// @notice The one thing that channels ask a registry, and hostile rules in it.
contract RulesRegistryMock {
    mapping(uint256 gameId => IGame) private _rules;
    mapping(uint256 gameId => bool) private _retired;

    function setRules(uint256 gameId, IGame rules) external {
        _rules[gameId] = rules;
    }

    function retire(uint256 gameId) external {
        _retired[gameId] = true;
    }

    function rulesForNew(uint256 gameId) external view returns (IGame) {
        if (address(_rules[gameId]) == address(0)) revert IGameRegistry.UnknownGame(gameId);
        if (_retired[gameId]) revert IGameRegistry.GameIsRetired(gameId);
        return _rules[gameId];
    }
}
