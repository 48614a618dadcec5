// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEmission} from "./IEmission.sol";
import {EmissionSchedule, PHASES} from "./libraries/EmissionSchedule.sol";

/// @title Emission
/// @notice See `IEmission` and the README of this folder. A variant says where the tokens come from.
abstract contract Emission is IEmission, AccessManaged, ReentrancyGuardTransient {
    /// @inheritdoc IEmission
    uint128 public immutable BUDGET;
    /// @inheritdoc IEmission
    uint64 public immutable START;

    /// @inheritdoc IEmission
    address public recipient;
    /// @inheritdoc IEmission
    uint256 public released;

    EmissionSchedule.Cursor private _cursor;
    uint128[PHASES] private _totals;

    constructor(address authority, uint128 budget, uint64 start, address initialRecipient) AccessManaged(authority) {
        BUDGET = budget;
        START = start;
        _totals = EmissionSchedule.split(budget);
        _cursor.last = start;
        _setRecipient(initialRecipient);
    }

    /// @inheritdoc IEmission
    function release() external nonReentrant returns (uint256 amount) {
        EmissionSchedule.Cursor memory next;
        (next, amount) = _due();
        if (amount == 0) return 0;

        // Effect
        _cursor = next;
        released += amount;
        emit Emitted(recipient, amount);

        // Interaction
        _pay(recipient, amount);
    }

    /// @inheritdoc IEmission
    function setRecipient(address newRecipient) external restricted {
        _setRecipient(newRecipient);
    }

    /// @inheritdoc IEmission
    function setPhase(uint256 phase, uint128 total) external restricted {
        // Check
        _requirePhase(phase);
        uint256 start = EmissionSchedule.startOf(START, phase);
        if (block.timestamp >= start) revert PhaseBegun(block.timestamp, start);

        // Effect
        _totals[phase] = total;
        uint256 sum = 0;
        for (uint256 i = 0; i < PHASES; ++i) sum += _totals[i];
        if (sum > BUDGET) revert BudgetExceeded(sum, BUDGET);
        emit PhaseSet(phase, total);
    }

    /// @inheritdoc IEmission
    function releasable() external view returns (uint256 amount) {
        (, amount) = _due();
    }

    /// @inheritdoc IEmission
    function phaseOf(uint256 phase) external view returns (uint256 total, uint256 start, uint256 end) {
        _requirePhase(phase);
        return (_totals[phase], EmissionSchedule.startOf(START, phase), EmissionSchedule.startOf(START, phase + 1));
    }

    /// @dev Brings `amount` to `to`, or reverts.
    function _pay(address to, uint256 amount) internal virtual;

    function _setRecipient(address newRecipient) private {
        if (newRecipient == address(0)) revert ZeroRecipient();
        recipient = newRecipient;
        emit RecipientSet(newRecipient);
    }

    function _due() private view returns (EmissionSchedule.Cursor memory next, uint256 amount) {
        return EmissionSchedule.advance(_cursor, START, _totals, block.timestamp);
    }

    function _requirePhase(uint256 phase) private pure {
        if (phase >= PHASES) revert UnknownPhase(phase, PHASES);
    }
}
