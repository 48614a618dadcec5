// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A budget given out over seven phases of four years
/// @notice Phases are numbered from 0. Amounts are in the token's smallest unit. Two variants: `ReleaseSchedule` takes
/// them from a vault, `IssuanceSchedule` issues them. Source: QOS paper (issuance).
interface IEmission {
    event Emitted(address indexed to, uint256 amount);
    event RecipientSet(address indexed recipient);
    event PhaseSet(uint256 indexed phase, uint256 total);

    error ZeroRecipient();
    error UnknownPhase(uint256 phase, uint256 count);
    /// @dev Only a phase that has not begun can change.
    error PhaseBegun(uint256 timestamp, uint256 start);
    /// @dev All phases together stay within the budget.
    error BudgetExceeded(uint256 total, uint256 budget);

    /// @notice Pays the recipient what was emitted since the last call; 0 pays nothing and changes nothing. Anyone may
    /// call. Where the source cannot pay, it reverts and the emission stays due.
    function release() external returns (uint256 amount);

    /// @notice Names who receives from now on, what is due already included: call `release` before. Treasurer only.
    function setRecipient(address recipient) external;

    /// @notice Changes what a future phase gives. Treasurer only.
    function setPhase(uint256 phase, uint128 total) external;

    /// @notice What `release` would pay now.
    function releasable() external view returns (uint256);

    /// @notice What has been paid.
    function released() external view returns (uint256);

    function recipient() external view returns (address);

    /// @notice What `phase` gives. @return start Its first Unix second. @return end The first after it.
    function phaseOf(uint256 phase) external view returns (uint256 total, uint256 start, uint256 end);

    // solhint-disable func-name-mixedcase
    /// @notice Most that all phases give.
    function BUDGET() external view returns (uint128);

    /// @notice First Unix second of phase 0.
    function START() external view returns (uint64);
}
