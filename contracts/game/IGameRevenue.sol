// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRevenueSplitter} from "../staking/IRevenueSplitter.sol";
import {IGameRegistry} from "./IGameRegistry.sol";

/// @title The way of games' revenue into the splitter
/// @notice A token is an ERC-20, or BNB as address zero. Nothing stays here from one call to the next.
interface IGameRevenue {
    /// @dev `received` is what was passed on to be divided; how it was is in the splitter's `RevenueCredited`, whose source
    /// is the game's number.
    event GamePaid(uint256 indexed gameId, address indexed payer, address indexed token, uint256 received);

    /// @dev The value that came is not the amount in BNB, or came with another token.
    error RevenueValueMismatch(uint256 value, uint256 expected);

    /// @notice Takes `amount` of `token` from the caller and has what arrived divided by the game's shares. Role
    /// GAME_CREDITOR, or whoever speaks for the game. Reverts for an unknown game, and for a token that the splitter does
    /// not allow.
    /// @param amount For an ERC-20, approved to this contract; for BNB, the value sent along. Above zero.
    function credit(uint256 gameId, address token, uint256 amount) external payable;

    // solhint-disable func-name-mixedcase
    function REGISTRY() external view returns (IGameRegistry);

    function SPLITTER() external view returns (IRevenueSplitter);
}
