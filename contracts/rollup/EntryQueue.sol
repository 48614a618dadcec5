// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Head, IRollup} from "./IRollup.sol";
import {LedgerMeter} from "./libraries/LedgerMeter.sol";
import {LedgerQueue} from "./libraries/LedgerQueue.sol";
import {QueuedEntry} from "./types/Batch.sol";

/// @title The forced queue: what every batch has to consume in time
/// @notice Deposits by the vault, transactions by anyone.
abstract contract EntryQueue is IRollup, AccessManaged {
    /// @notice The longest transaction is shorter.
    uint256 public constant MAX_FORCED_BYTES = 512;
    /// @notice A price must not keep anybody out: at it the dearest entry costs less than 0.002 BNB.
    uint256 public constant MAX_ENTRY_PRICE = 1 gwei;

    /// @dev Its `queueLength` is the queue's.
    Head internal _head;
    /// @inheritdoc IRollup
    address public vault;
    /// @inheritdoc IRollup
    uint256 public entryPrice;
    mapping(uint256 number => QueuedEntry) private _entries;

    /// @inheritdoc IRollup
    function force(bytes calldata transaction) external payable returns (uint64 number) {
        if (transaction.length > MAX_FORCED_BYTES) revert EntryTooLong(transaction.length, MAX_FORCED_BYTES);
        _requireFee(forcePrice(transaction));
        return _enqueue(abi.encodePacked(uint64(block.timestamp), uint8(LedgerQueue.FORCED), msg.sender, transaction));
    }

    /// @inheritdoc IRollup
    function enqueue(bytes calldata entry) external payable returns (uint64 number) {
        if (msg.sender != vault) revert NotTheVault(msg.sender);
        _requireFee(depositPrice());
        return _enqueue(abi.encodePacked(uint64(block.timestamp), entry));
    }

    /// @inheritdoc IRollup
    function setEntryPrice(uint256 weiPerGas) external restricted {
        if (weiPerGas > MAX_ENTRY_PRICE) revert EntryPriceTooHigh(weiPerGas, MAX_ENTRY_PRICE);
        entryPrice = weiPerGas;
        emit EntryPriceSet(weiPerGas);
    }

    /// @inheritdoc IRollup
    function setVault(address vault_) external restricted {
        if (vault != address(0)) revert VaultIsSet(vault);
        if (vault_.code.length == 0) revert NotAVault(vault_);
        vault = vault_;
        emit VaultSet(vault_);
    }

    /// @inheritdoc IRollup
    function entryOf(uint64 number) external view returns (QueuedEntry memory) {
        return _entries[number];
    }

    /// @inheritdoc IRollup
    function depositPrice() public view returns (uint256) {
        return LedgerMeter.ofDeposit() * entryPrice;
    }

    /// @inheritdoc IRollup
    function forcePrice(bytes calldata transaction) public view returns (uint256) {
        return LedgerMeter.ofForced(transaction.length == 0 ? 0 : uint8(transaction[0])) * entryPrice;
    }

    function _queuedAt(uint256 number) internal view returns (uint256) {
        return _entries[number].queuedAt;
    }

    /// @dev Reverts where these are not the queue's entries from `first` on.
    function _requireEntries(uint256 first, bytes[] calldata entries) internal view {
        for (uint256 i = 0; i < entries.length; ++i) {
            (bytes27 given, bytes27 expected) = (bytes27(keccak256(entries[i])), _entries[first + i].entryHash);
            if (given != expected) revert WrongEntry(first + i, given, expected);
        }
    }

    function _requireFee(uint256 fee) private view {
        if (msg.value != fee) revert WrongEntryFee(msg.value, fee);
    }

    function _enqueue(bytes memory entry) private returns (uint64 number) {
        if (_head.frozen) revert RollupIsFrozen();
        number = _head.queueLength++;
        _entries[number] = QueuedEntry(bytes27(keccak256(entry)), uint40(block.timestamp));
        emit EntryQueued(number, entry);
    }
}
