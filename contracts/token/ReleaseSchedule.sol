// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Emission} from "./Emission.sol";
import {ICreditable} from "./ICreditable.sol";

/// @title ReleaseSchedule: an emission of tokens that exist already, from a vault that has approved it
/// @notice See `IEmission` and the README of this folder. Its recipient is an `ICreditable`, so that what it pays is
/// counted there as it arrives.
contract ReleaseSchedule is Emission {
    using SafeERC20 for IERC20;

    /// @notice What it releases.
    IERC20 public immutable TOKEN;
    /// @notice Where it is taken from.
    address public immutable VAULT;

    /// @dev The recipient took another amount than it was credited with.
    error CreditMismatch(uint256 taken, uint256 amount);

    constructor(
        address authority,
        IERC20 token,
        address vault,
        uint128 budget,
        uint64 start,
        address initialRecipient
    ) Emission(authority, budget, start, initialRecipient) {
        TOKEN = token;
        VAULT = vault;
    }

    /// @inheritdoc Emission
    function _pay(address to, uint256 amount) internal override {
        TOKEN.safeTransferFrom(VAULT, address(this), amount);
        uint256 held = TOKEN.balanceOf(address(this));
        TOKEN.forceApprove(to, amount);
        ICreditable(to).credit(amount);
        uint256 taken = held - TOKEN.balanceOf(address(this));
        if (taken != amount) revert CreditMismatch(taken, amount);
    }
}
