// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IQSC} from "../qsc/IQSC.sol";
import {Emission} from "./Emission.sol";

/// @title IssuanceSchedule: an emission of a QSC that is issued as it goes, within the token's cap
/// @notice See `IEmission` and the README of this folder. It needs the token's BANKER_ROLE, on its home chain.
contract IssuanceSchedule is Emission {
    /// @notice What it issues.
    IQSC public immutable TOKEN;

    /// @dev The cap leaves no room for the budget.
    error BudgetBeyondCap(uint256 budget, uint256 issuable);

    constructor(
        address authority,
        IQSC token,
        uint128 budget,
        uint64 start,
        address initialRecipient
    ) Emission(authority, budget, start, initialRecipient) {
        uint256 issuable = token.CAP() - token.issued();
        if (budget > issuable) revert BudgetBeyondCap(budget, issuable);
        TOKEN = token;
    }

    /// @inheritdoc Emission
    function _pay(address to, uint256 amount) internal override {
        TOKEN.issue(to, amount);
    }
}
