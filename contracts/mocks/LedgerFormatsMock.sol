// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerLeaves} from "../rollup/libraries/LedgerLeaves.sol";
import {LedgerQueue} from "../rollup/libraries/LedgerQueue.sol";
import {LedgerTransaction, LedgerTx} from "../rollup/libraries/LedgerTransaction.sol";

/// @notice Formats of the ledger, read as its executor reads them: for vectors that TypeScript shares.
contract LedgerFormatsMock {
    using LedgerLeaves for bytes;
    using LedgerTransaction for bytes;
    using LedgerTransaction for LedgerTx;

    /// @notice A transaction without signatures: its kind, its fields (of bytes the hash), and its digest.
    function transaction(
        bytes calldata data,
        uint256 nonce,
        bytes32 separator
    ) external pure returns (bool ok, uint256 kind, uint256[] memory values, bytes32 digest) {
        bytes memory copy = data;
        LedgerTx memory read;
        uint256 end;
        (ok, read, end) = copy.read(0, false);
        ok = ok && end == copy.length;
        if (ok) (kind, values, digest) = (read.kind, read.values, read.digest(nonce, separator));
    }

    /// @notice Fields of a leaf, each as `LedgerLeaves` names it.
    function leaf(bytes calldata data, uint256[] calldata fields) external pure returns (uint256[] memory values) {
        bytes memory copy = data;
        values = new uint256[](fields.length);
        for (uint256 i = 0; i < fields.length; ++i) values[i] = copy.get(fields[i]);
    }

    /// @notice A session's seats, and its state.
    function session(bytes calldata data) external pure returns (uint256[] memory seats, bytes memory state) {
        bytes memory copy = data;
        seats = new uint256[](copy.get(LedgerLeaves.PLAYERS));
        for (uint256 i = 0; i < seats.length; ++i) seats[i] = copy.seat(i);
        state = copy.stateOf();
    }

    /// @notice An entry's kind and time; of a forced one, whether it is a transaction, its kind and its sender.
    function entry(
        bytes calldata data
    ) external pure returns (uint256 kind, uint256 queuedAt, bool valid, uint256 transactionKind, address sender) {
        bytes memory copy = data;
        (kind, queuedAt) = (LedgerQueue.kindOf(copy), LedgerQueue.queuedAt(copy));
        if (kind != LedgerQueue.FORCED) return (kind, queuedAt, true, 0, address(0));
        LedgerTx memory forced;
        (valid, forced, sender) = LedgerQueue.forced(copy);
        if (valid) transactionKind = forced.kind;
    }
}
