// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerLeaves, Leaves} from "./LedgerLeaves.sol";
import {LedgerRefusal} from "./LedgerRefusal.sol";
import {LedgerTransaction, LedgerTx} from "./LedgerTransaction.sol";
import {LedgerTransfers} from "./LedgerTransfers.sol";

/// @title Entries of the forced queue, as the ledger takes them
/// @notice Their bytes are made by layer 1 alone. The twin of `protocol/ledger/entries.ts` and `queue.ts`.
library LedgerQueue {
    using LedgerLeaves for Leaves;
    using LedgerLeaves for bytes;

    uint256 internal constant DEPOSIT = 1;
    uint256 internal constant ITEM_DEPOSIT = 2;
    uint256 internal constant FORCED = 3;
    uint256 internal constant LIST_GAME = 4;
    uint256 internal constant ALLOW = 5;

    /// @dev A field as `LedgerLeaves` has it: where it begins, and its bytes.
    uint256 private constant QUEUED_AT = (0 << 8) | 8;
    uint256 private constant KIND = (8 << 8) | 1;
    /// @dev The receiver, or the sender of a forced transaction.
    uint256 private constant WHO = (9 << 8) | 20;
    uint256 private constant FORCED_OFFSET = 29;
    uint256 private constant TARGET = (29 << 8) | 4;
    uint256 private constant DEPOSIT_ASSET = (33 << 8) | 4;
    uint256 private constant DEPOSIT_AMOUNT = (37 << 8) | 16;
    uint256 private constant DEPOSIT_ID = (33 << 8) | 32;
    uint256 private constant DEPOSIT_ITEMS = (65 << 8) | 8;

    function kindOf(bytes memory entry) internal pure returns (uint256) {
        return entry.get(KIND);
    }

    function queuedAt(bytes memory entry) internal pure returns (uint256) {
        return entry.get(QUEUED_AT);
    }

    /// @notice The transaction of a forced entry, where its bytes are exactly one, and its sender.
    function forced(bytes memory entry) internal pure returns (bool ok, LedgerTx memory transaction, address sender) {
        uint256 end;
        (ok, transaction, end) = LedgerTransaction.read(entry, FORCED_OFFSET, false);
        return (ok && end == entry.length, transaction, address(uint160(entry.get(WHO))));
    }

    /// @notice An entry that is not forced.
    function consume(Leaves memory leaves, bytes memory entry) internal pure returns (uint256) {
        uint256 kind = kindOf(entry);
        if (kind == DEPOSIT) return _deposit(leaves, entry);
        if (kind == LIST_GAME) return _list(leaves, entry);
        return _depositItem(leaves, entry, kind == ALLOW ? LedgerLeaves.ALLOWANCE : LedgerLeaves.ITEM);
    }

    /// @dev To the balance that was named, where it is the receiver's and of that asset; else to a new account.
    function _deposit(Leaves memory leaves, bytes memory entry) private pure returns (uint256) {
        (uint256 asset, uint256 amount) = (entry.get(DEPOSIT_ASSET), entry.get(DEPOSIT_AMOUNT));
        (bool isBalance, bytes memory balance) = leaves.ofKind(entry.get(TARGET), LedgerLeaves.BALANCE);
        if (isBalance && balance.get(LedgerLeaves.ASSET) == asset) {
            if (_owns(leaves, balance.get(LedgerLeaves.HOLDER), entry.get(WHO))) {
                uint256 sum = balance.get(LedgerLeaves.AMOUNT) + amount;
                if (sum > type(uint128).max) return LedgerRefusal.OVERFLOW;
                balance.set(LedgerLeaves.AMOUNT, sum);
                return LedgerRefusal.APPLIED;
            }
        }
        if (!leaves.hasRoom(2)) return LedgerRefusal.TREE_FULL;
        LedgerTransfers.openAccount(leaves, address(uint160(entry.get(WHO))), asset, amount);
        return LedgerRefusal.APPLIED;
    }

    /// @dev To a new leaf of the account that was named, where it is the receiver's; else of a new account.
    function _depositItem(Leaves memory leaves, bytes memory entry, uint256 kind) private pure returns (uint256) {
        if (!leaves.hasRoom(2)) return LedgerRefusal.TREE_FULL;
        (uint256 account, uint256 owner) = (entry.get(TARGET), entry.get(WHO));
        if (!_owns(leaves, account, owner)) account = leaves.append(LedgerLeaves.account(address(uint160(owner))));
        leaves.append(LedgerLeaves.item(kind, account, entry.get(DEPOSIT_ID), entry.get(DEPOSIT_ITEMS)));
        return LedgerRefusal.APPLIED;
    }

    /// @dev The entry's fields are the leaf's, in its order but for what the game has earned.
    function _list(Leaves memory leaves, bytes memory entry) private pure returns (uint256) {
        if (!leaves.hasRoom(1)) return LedgerRefusal.TREE_FULL;
        bytes memory leaf = new bytes(51);
        leaf[0] = bytes1(uint8(LedgerLeaves.GAME));
        assembly ("memory-safe") {
            mcopy(add(leaf, 33), add(entry, 41), 34)
        }
        leaves.append(leaf);
        return LedgerRefusal.APPLIED;
    }

    function _owns(Leaves memory leaves, uint256 index, uint256 owner) private pure returns (bool) {
        (bool isAccount, bytes memory account) = leaves.ofKind(index, LedgerLeaves.ACCOUNT);
        return isAccount && account.get(LedgerLeaves.OWNER) == owner;
    }
}
