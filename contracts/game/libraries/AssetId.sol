// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Kind} from "../IGameAssets.sol";

/// @title Ids of assets: `game 64 | kind 8 | traits 8 | number 48 | serial 128`
/// @notice Serial 0 is the item itself, its *item id*: what is minted of a stackable item, and what all pieces of a unique
/// one share, whose serials count from 1. Kind and traits are part of the id, so that a transfer reads no definition.
library AssetId {
    uint256 private constant GAME_SHIFT = 192;
    uint256 private constant KIND_SHIFT = 184;
    uint256 private constant NUMBER_SHIFT = 128;
    uint256 private constant UNIQUE = 1 << 176;
    uint256 private constant BOUND = 1 << 177;

    /// @notice The item id. `gameId` has 64 bits and `number` 48: both count from 1.
    function ofItem(
        uint256 gameId,
        Kind kind,
        bool unique,
        bool bound,
        uint256 number
    ) internal pure returns (uint256 itemId) {
        itemId = (gameId << GAME_SHIFT) | (uint256(kind) << KIND_SHIFT) | (number << NUMBER_SHIFT);
        if (unique) itemId |= UNIQUE;
        if (bound) itemId |= BOUND;
    }

    function gameOf(uint256 id) internal pure returns (uint256) {
        return id >> GAME_SHIFT;
    }

    /// @notice The item of which `id` is a piece; of an item id, itself.
    function itemOf(uint256 id) internal pure returns (uint256) {
        return id ^ uint128(id);
    }

    function serialOf(uint256 id) internal pure returns (uint256) {
        return uint128(id);
    }

    function isKind(uint256 id, Kind kind) internal pure returns (bool) {
        return uint8(id >> KIND_SHIFT) == uint8(kind);
    }

    function isUnique(uint256 id) internal pure returns (bool) {
        return id & UNIQUE != 0;
    }

    function isBound(uint256 id) internal pure returns (bool) {
        return id & BOUND != 0;
    }
}
