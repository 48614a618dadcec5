// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BatchContext, Step} from "./LedgerAuthority.sol";
import {LedgerItems} from "./LedgerItems.sol";
import {Leaves} from "./LedgerLeaves.sol";
import {LedgerMeter} from "./LedgerMeter.sol";
import {LedgerQueue} from "./LedgerQueue.sol";
import {LedgerRefusal} from "./LedgerRefusal.sol";
import {LedgerSessions} from "./LedgerSessions.sol";
import {LedgerTransaction} from "./LedgerTransaction.sol";
import {LedgerTransfers} from "./LedgerTransfers.sol";

/// @title The transition: one segment, over leaves in memory
/// @notice Total: any bytes have one result. What is unknown, cut short, beyond the sixteenth or beyond the meter ends the
/// segment; what is invalid changes nothing. The twin of `protocol/ledger/segment.ts` and `transition.ts`.
library LedgerExecutor {
    using LedgerQueue for bytes;
    using LedgerTransaction for bytes;

    /// @dev The queue's entry of this number is read, and was not given.
    error EntryMissing(uint256 number);

    /// @param body The segment's bytes.
    /// @param entries The queue's entries from `queue` on, as many as the execution reads.
    /// @param queue Entries of the queue consumed before.
    /// @return queueAfter Entries consumed after.
    /// @return results What became of each: entries first, then transactions.
    function execute(
        Leaves memory leaves,
        BatchContext memory context,
        bytes memory body,
        bytes[] memory entries,
        uint256 queue
    ) internal view returns (uint256 queueAfter, uint256[] memory results) {
        results = new uint256[](LedgerMeter.MAX_IN_SEGMENT);
        Step memory step;
        (step.leaves, step.context, step.queue) = (leaves, context, queue);
        (bool full, uint256 count, uint256 meter) = _consume(step, body, entries, results);
        if (!full) count = _executeTransactions(step, body, results, count, meter);
        // Shorter than it was made.
        assembly ("memory-safe") {
            mstore(results, count)
        }
        return (step.queue, results);
    }

    /// @return full Whether the segment ends here.
    function _consume(
        Step memory step,
        bytes memory body,
        bytes[] memory entries,
        uint256[] memory results
    ) private view returns (bool full, uint256 count, uint256 meter) {
        uint256 wanted = body.length == 0 ? 0 : uint8(body[0]);
        for (; count < wanted && step.queue < step.context.queueTo; ++count) {
            if (count == entries.length) revert EntryMissing(step.queue);
            bytes memory entry = entries[count];
            bool valid = true;
            if (entry.kindOf() == LedgerQueue.FORCED) {
                (valid, step.transaction, step.sender) = entry.forced();
                step.clock = entry.queuedAt();
                meter += valid ? LedgerMeter.ofTransaction(step.transaction.kind) : LedgerMeter.ofMalformed();
            } else {
                meter += LedgerMeter.ofDeposit();
            }
            if (count == LedgerMeter.MAX_IN_SEGMENT || meter > LedgerMeter.SEGMENT_METER) return (true, count, meter);
            ++step.queue;
            if (!valid) results[count] = LedgerRefusal.MALFORMED;
            else if (entry.kindOf() == LedgerQueue.FORCED) results[count] = _apply(step);
            else results[count] = LedgerQueue.consume(step.leaves, entry);
        }
    }

    function _executeTransactions(
        Step memory step,
        bytes memory body,
        uint256[] memory results,
        uint256 count,
        uint256 meter
    ) private view returns (uint256) {
        (step.sender, step.clock) = (address(0), step.context.time);
        for (uint256 offset = 1; ; ++count) {
            bool ok;
            (ok, step.transaction, offset) = body.read(offset, true);
            if (!ok) return count;
            meter += LedgerMeter.ofTransaction(step.transaction.kind);
            if (count == LedgerMeter.MAX_IN_SEGMENT || meter > LedgerMeter.SEGMENT_METER) return count;
            results[count] = _apply(step);
        }
        return count;
    }

    /// @dev One transaction, applied whole or not at all.
    function _apply(Step memory step) private view returns (uint256) {
        uint256 kind = step.transaction.kind;
        if (kind == LedgerTransaction.TRANSFER) return LedgerTransfers.transfer(step);
        if (kind == LedgerTransaction.SESSION_MOVE) return LedgerSessions.play(step);
        if (kind == LedgerTransaction.TRANSFER_TO_NEW) return LedgerTransfers.transferToNew(step);
        if (kind == LedgerTransaction.OPEN_BALANCE) return LedgerTransfers.openBalance(step);
        if (kind == LedgerTransaction.WITHDRAW) return LedgerTransfers.withdraw(step);
        if (kind == LedgerTransaction.ITEM_MINT) return LedgerItems.mint(step);
        if (kind == LedgerTransaction.ITEM_TRANSFER) return LedgerItems.transfer(step);
        if (kind == LedgerTransaction.ITEM_BURN) return LedgerItems.burn(step);
        if (kind == LedgerTransaction.ITEM_SWAP) return LedgerItems.swap(step);
        if (kind == LedgerTransaction.ITEM_WITHDRAW) return LedgerItems.withdraw(step);
        if (kind == LedgerTransaction.GRANT_KEY) return LedgerTransfers.grantKey(step);
        if (kind == LedgerTransaction.REVOKE_KEY) return LedgerTransfers.revokeKey(step);
        if (kind == LedgerTransaction.SESSION_OPEN) return LedgerSessions.open(step);
        if (kind == LedgerTransaction.SESSION_JOIN) return LedgerSessions.join(step);
        if (kind == LedgerTransaction.SESSION_LEAVE) return LedgerSessions.leave(step);
        if (kind == LedgerTransaction.SESSION_TIMEOUT) return LedgerSessions.timeOut(step);
        if (kind == LedgerTransaction.SESSION_SETTLE) return LedgerSessions.settle(step);
        return LedgerSessions.collectFees(step);
    }
}
