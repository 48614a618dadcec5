// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IRevenueSplitter} from "../staking/IRevenueSplitter.sol";
import {IGameRegistry} from "./IGameRegistry.sol";
import {IGameRevenue} from "./IGameRevenue.sol";

/// @title GameRevenue
/// @notice See `IGameRevenue` and the README of this folder.
contract GameRevenue is IGameRevenue, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev Stands for BNB among the tokens.
    address private constant BNB = address(0);

    /// @inheritdoc IGameRevenue
    IGameRegistry public immutable REGISTRY;
    /// @inheritdoc IGameRevenue
    IRevenueSplitter public immutable SPLITTER;

    constructor(address authority, IGameRegistry registry, IRevenueSplitter splitter) AccessManaged(authority) {
        REGISTRY = registry;
        SPLITTER = splitter;
    }

    /// @inheritdoc IGameRevenue
    function credit(uint256 gameId, address token, uint256 amount) external payable nonReentrant {
        // Check
        if (!REGISTRY.speaksFor(gameId, msg.sender)) _checkCanCall(msg.sender, msg.data);
        uint256 value = token == BNB ? amount : 0;
        if (msg.value != value) revert RevenueValueMismatch(msg.value, value);

        // Interaction: only afterwards is it known what arrived; the guard keeps everybody out meanwhile
        uint256 received = token == BNB ? amount : _pull(IERC20(token), amount);
        SPLITTER.credit{value: value}(bytes32(gameId), token, received, REGISTRY.sharesOf(gameId));
        emit GamePaid(gameId, msg.sender, token, received);
    }

    /// @dev Takes `amount` from the caller; what arrives is what the splitter may take.
    function _pull(IERC20 token, uint256 amount) private returns (uint256 received) {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        received = token.balanceOf(address(this)) - before;
        token.forceApprove(address(SPLITTER), received);
    }
}
