// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What a vault funds: a stream of rewards that runs until a time
interface IFundable {
    /// @notice Takes `amount` of its token from the caller, which has approved it, and streams it until `newEnd`. The
    /// caller is the vault that the contract was made with; anybody else is refused. What counts is what arrives, as the
    /// difference of balances.
    /// @param amount In the token's smallest unit. @param newEnd Unix seconds, not before the present end.
    function fund(uint256 amount, uint64 newEnd) external;
}
