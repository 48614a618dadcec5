// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IFundable} from "./IFundable.sol";

/// @title A holder of tokens that spends what governance decides
/// @notice It knows no token: the vaults exist before COS, whose constructor mints to them. `constructor(address
/// authority)`. Its COS is delegated to nobody and never votes. Amounts are in the token's smallest unit.
interface IVault {
    event VaultApproved(address indexed token, address indexed spender, uint256 amount);
    event VaultFunded(address indexed token, address indexed target, uint256 amount, uint64 newEnd);
    event VaultTransferred(address indexed token, address indexed to, uint256 amount);

    /// @dev The target took another amount than it was funded with.
    error FundingMismatch(uint256 taken, uint256 amount);

    /// @notice Lets `spender`, a schedule or an airdrop, take up to `amount`; 0 withdraws that. Treasurer only.
    function approve(IERC20 token, address spender, uint256 amount) external;

    /// @notice Funds `target` with exactly `amount`, in one step. What `approve` had left to the target is replaced, and
    /// ends at 0. Treasurer only; reverts with FundingMismatch, or as the target does.
    /// @param newEnd Unix seconds until which the target streams it.
    function fund(IERC20 token, IFundable target, uint256 amount, uint64 newEnd) external;

    /// @notice Pays `amount` to `to`. Treasurer only.
    function transfer(IERC20 token, address to, uint256 amount) external;
}
