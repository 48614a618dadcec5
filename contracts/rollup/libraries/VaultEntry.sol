// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerLeaves} from "./LedgerLeaves.sol";
import {LedgerQueue} from "./LedgerQueue.sol";

/// @title Entries of the queue that the vault makes, and takes back after a freeze
/// @notice Their formats are in contracts/rollup/README.md; `Rollup` puts `queuedAt`, 8 bytes, in front.
library VaultEntry {
    using LedgerLeaves for bytes;

    /// @dev Fields as `LedgerLeaves` has them, of an entry from `queuedAt` on.
    uint256 private constant KIND = (8 << 8) | 1;
    uint256 private constant RECEIVER = (9 << 8) | 20;
    uint256 private constant ASSET = (33 << 8) | 4;
    uint256 private constant AMOUNT = (37 << 8) | 16;
    uint256 private constant ITEM = (33 << 8) | 32;
    uint256 private constant ITEM_AMOUNT = (65 << 8) | 8;

    function ofAsset(address to, uint32 balance, uint32 asset, uint128 amount) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(LedgerQueue.DEPOSIT), to, balance, asset, amount);
    }

    /// @param kind `ITEM_DEPOSIT` or `ALLOW`.
    function ofItems(
        uint256 kind,
        address to,
        uint32 account,
        uint256 id,
        uint64 amount
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(kind), to, account, id, amount);
    }

    function ofGame(uint64 gameId, address rules, uint32 asset, uint16 rakeBps) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(LedgerQueue.LIST_GAME), gameId, rules, asset, rakeBps);
    }

    function isAsset(bytes memory entry) internal pure returns (bool) {
        return entry.get(KIND) == LedgerQueue.DEPOSIT;
    }

    function isItems(bytes memory entry) internal pure returns (bool) {
        uint256 kind = entry.get(KIND);
        return kind == LedgerQueue.ITEM_DEPOSIT || kind == LedgerQueue.ALLOW;
    }

    function receiverOf(bytes memory entry) internal pure returns (address) {
        return address(uint160(entry.get(RECEIVER)));
    }

    function assetOf(bytes memory entry) internal pure returns (uint32 asset, uint256 amount) {
        return (uint32(entry.get(ASSET)), entry.get(AMOUNT));
    }

    function itemOf(bytes memory entry) internal pure returns (uint256 id, uint256 amount) {
        return (entry.get(ITEM), entry.get(ITEM_AMOUNT));
    }
}
