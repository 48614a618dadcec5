// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerTransaction} from "./LedgerTransaction.sol";

/// @title What the proof of a segment may cost
/// @notice An upper bound of its kind's part is charged for each, whatever it does. The twin of `protocol/ledger/meter.ts`.
library LedgerMeter {
    /// @notice Transactions and entries of a segment, together.
    uint256 internal constant MAX_IN_SEGMENT = 16;
    /// @notice In gas.
    uint256 internal constant SEGMENT_METER = 9_000_000;

    uint256 private constant CALL = 1_050_000;
    /// @dev Each leaf that may be read: its path, twice hashed, and its bytes.
    uint256 private constant LEAF = 25_000;
    uint256 private constant SIGNATURE = 10_000;

    function ofTransaction(uint256 kind) internal pure returns (uint256) {
        if (kind == LedgerTransaction.TRANSFER) return 3 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.SESSION_MOVE) return 4 * LEAF + SIGNATURE + CALL;
        if (kind == LedgerTransaction.TRANSFER_TO_NEW) return 4 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.OPEN_BALANCE) return 2 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.WITHDRAW) return 3 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.ITEM_MINT) return 4 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.ITEM_TRANSFER) return 5 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.ITEM_BURN) return 2 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.ITEM_SWAP) return 7 * LEAF + 2 * SIGNATURE;
        if (kind == LedgerTransaction.ITEM_WITHDRAW) return 3 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.GRANT_KEY || kind == LedgerTransaction.REVOKE_KEY) return LEAF + SIGNATURE;
        if (kind == LedgerTransaction.SESSION_OPEN) return 4 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.SESSION_JOIN) return 11 * LEAF + SIGNATURE + CALL;
        if (kind == LedgerTransaction.SESSION_LEAVE) return 3 * LEAF + SIGNATURE;
        if (kind == LedgerTransaction.COLLECT_FEES) return 2 * LEAF;
        // SESSION_TIMEOUT, SESSION_SETTLE
        return 10 * LEAF + CALL;
    }

    /// @notice Of an entry of the queue that is no transaction.
    function ofDeposit() internal pure returns (uint256) {
        return 3 * LEAF;
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
