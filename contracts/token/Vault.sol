// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IFundable} from "./IFundable.sol";
import {IVault} from "./IVault.sol";

/// @title Vault
/// @notice See `IVault` and the README of this folder.
contract Vault is IVault, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    constructor(address authority) AccessManaged(authority) {}

    /// @inheritdoc IVault
    function approve(IERC20 token, address spender, uint256 amount) external restricted {
        emit VaultApproved(address(token), spender, amount);
        token.forceApprove(spender, amount);
    }

    /// @inheritdoc IVault
    function fund(IERC20 token, IFundable target, uint256 amount, uint64 newEnd) external restricted nonReentrant {
        uint256 before = token.balanceOf(address(this));
        emit VaultFunded(address(token), address(target), amount, newEnd);
        token.forceApprove(address(target), amount);
        target.fund(amount, newEnd);
        uint256 taken = before - token.balanceOf(address(this));
        if (taken != amount) revert FundingMismatch(taken, amount);
    }

    /// @inheritdoc IVault
    function transfer(IERC20 token, address to, uint256 amount) external restricted nonReentrant {
        emit VaultTransferred(address(token), to, amount);
        token.safeTransfer(to, amount);
    }
}
