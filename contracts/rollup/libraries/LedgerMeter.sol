// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerTransaction} from "./LedgerTransaction.sol";

/// @title What the proof of a segment may cost
/// @notice An upper bound of its kind's part is charged for each, whatever it does. The twin of `protocol/ledger/meter.ts`.
library LedgerMeter {
    /// @notice Transactions and entries of a segment, together.
    uint256 internal constant MAX_IN_SEGMENT = 16;
    /// @notice Of each kind the worst case is charged: its gas, or 110 for each of its bytes in the proof, whichever is more, in
    /// a tree that is full.
    uint256 internal constant SEGMENT_METER = 9_000_000;

    /// @dev What a transaction is besides its leaves, one signature included.
    uint256 private constant BASE = 20_000;
    uint256 private constant SECOND_SIGNATURE = 10_000;
    /// @dev By bytes: a path of 32 siblings, the index, and up to 62 bytes in their encoding.
    uint256 private constant LEAF = 130_000;
    /// @dev By bytes: a setup of 255 more.
    uint256 private constant SETUP = 20_000;
    /// @dev By gas: a call of rules, and a state of 1,024 bytes before and after it.
    uint256 private constant CALL = 1_060_000;
    /// @dev By gas: a leaf of what calls rules.
    uint256 private constant CALL_LEAF = 35_000;

    function ofTransaction(uint256 kind) internal pure returns (uint256) {
        if (kind == LedgerTransaction.TRANSFER) return BASE + 3 * LEAF;
        if (kind == LedgerTransaction.SESSION_MOVE) return BASE + CALL + 4 * CALL_LEAF;
        if (kind == LedgerTransaction.TRANSFER_TO_NEW) return BASE + 4 * LEAF;
        if (kind == LedgerTransaction.OPEN_BALANCE) return BASE + 2 * LEAF;
        if (kind == LedgerTransaction.WITHDRAW) return BASE + 3 * LEAF;
        if (kind == LedgerTransaction.ITEM_MINT) return BASE + 4 * LEAF;
        if (kind == LedgerTransaction.ITEM_TRANSFER) return BASE + 4 * LEAF;
        if (kind == LedgerTransaction.ITEM_BURN) return BASE + 2 * LEAF;
        if (kind == LedgerTransaction.ITEM_SWAP) return BASE + SECOND_SIGNATURE + 6 * LEAF;
        if (kind == LedgerTransaction.ITEM_WITHDRAW) return BASE + 3 * LEAF;
        if (kind == LedgerTransaction.GRANT_KEY || kind == LedgerTransaction.REVOKE_KEY) return BASE + LEAF;
        if (kind == LedgerTransaction.SESSION_OPEN) return BASE + SETUP + 4 * LEAF;
        if (kind == LedgerTransaction.SESSION_JOIN) return BASE + CALL + 11 * CALL_LEAF;
        if (kind == LedgerTransaction.SESSION_LEAVE) return BASE + SETUP + 3 * LEAF;
        if (kind == LedgerTransaction.COLLECT_FEES) return BASE + 2 * LEAF;
        if (kind == LedgerTransaction.SESSION_TIMEOUT) return BASE + 2 * CALL + 10 * CALL_LEAF;
        // SESSION_SETTLE
        return BASE + CALL + 10 * CALL_LEAF;
    }

    /// @notice Of an entry of the queue that is no transaction.
    function ofDeposit() internal pure returns (uint256) {
        return BASE + 4 * LEAF;
    }

    /// @notice At most, of a forced entry whose bytes begin with this type.
    function ofForced(uint256 kind) internal pure returns (uint256) {
        if (kind == 0 || kind > LedgerTransaction.COLLECT_FEES) return ofMalformed();
        return ofTransaction(kind);
    }

    /// @notice Of a forced entry whose bytes are no transaction.
    function ofMalformed() internal pure returns (uint256) {
        return LEAF;
    }
}
