// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Why a transaction or an entry changed nothing
/// @notice The numbers of `protocol/ledger/refusal.ts`, which explains each.
library LedgerRefusal {
    uint256 internal constant APPLIED = 0;
    uint256 internal constant WRONG_LEAF = 1;
    uint256 internal constant WRONG_AMOUNT = 2;
    uint256 internal constant OVERFLOW = 3;
    uint256 internal constant NOT_AUTHORIZED = 4;
    uint256 internal constant TREE_FULL = 5;
    uint256 internal constant WRONG_TERMS = 6;
    uint256 internal constant WRONG_PHASE = 7;
    uint256 internal constant WRONG_TIME = 8;
    uint256 internal constant RULES_REFUSED = 9;
    uint256 internal constant MALFORMED = 10;
}
