// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What a release pays into: whoever takes it divides it further
interface ICreditable {
    /// @notice Takes `amount` of its token from the caller, which has approved it. Anyone may give.
    /// @param amount In the token's smallest unit.
    function credit(uint256 amount) external;
}
