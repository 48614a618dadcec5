// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CompactSignature} from "../../crosschain/libraries/CompactSignature.sol";

/// @notice A transaction as it stands in a segment, or in a forced entry of the queue.
/// @param kind Its type byte.
/// @param values Its fields in their order; a field of bytes is their hash here.
/// @param data The bytes of the field that has some.
/// @param signatures 64 bytes each; none where layer 1 has authenticated the sender.
struct LedgerTx {
    uint256 kind;
    uint256[] values;
    bytes data;
    bytes signatures;
}

/// @title Layer-2 transactions: bytes, fields, EIP-712
/// @notice The table of contracts/rollup/README.md; `protocol/ledger/transactions.ts` is its twin.
library LedgerTransaction {
    uint256 internal constant TRANSFER = 1;
    uint256 internal constant TRANSFER_TO_NEW = 2;
    uint256 internal constant OPEN_BALANCE = 3;
    uint256 internal constant WITHDRAW = 4;
    uint256 internal constant ITEM_MINT = 5;
    uint256 internal constant ITEM_TRANSFER = 6;
    uint256 internal constant ITEM_BURN = 7;
    uint256 internal constant ITEM_SWAP = 8;
    uint256 internal constant ITEM_WITHDRAW = 9;
    uint256 internal constant GRANT_KEY = 10;
    uint256 internal constant REVOKE_KEY = 11;
    uint256 internal constant SESSION_OPEN = 12;
    uint256 internal constant SESSION_JOIN = 13;
    uint256 internal constant SESSION_LEAVE = 14;
    uint256 internal constant SESSION_MOVE = 15;
    uint256 internal constant SESSION_TIMEOUT = 16;
    uint256 internal constant SESSION_SETTLE = 17;
    uint256 internal constant COLLECT_FEES = 18;

    /// @dev Fields of a transaction, four bits each, the first one lowest.
    uint256 private constant U8 = 1;
    uint256 private constant U32 = 2;
    uint256 private constant U64 = 3;
    uint256 private constant U128 = 4;
    uint256 private constant F40 = 5;
    uint256 private constant ADDRESS = 6;
    uint256 private constant BYTES8 = 7;

    uint256 private constant FIELD_BITS = 4;
    uint256 private constant FIELD_MASK = 15;

    /// @notice The next transaction of `data` from `offset` on.
    /// @param signed Whether its signatures follow.
    /// @return ok False where its type is unknown, an amount has no meaning, or it is cut short.
    /// @return transaction The transaction.
    /// @return end Where it ends.
    function read(
        bytes memory data,
        uint256 offset,
        bool signed
    ) internal pure returns (bool ok, LedgerTx memory transaction, uint256 end) {
        if (offset >= data.length) return (false, transaction, offset);
        transaction.kind = uint8(data[offset]);
        (uint256 fields, uint256 signatures) = _layout(transaction.kind);
        if (fields == 0) return (false, transaction, offset);
        end = offset + 1;
        transaction.values = new uint256[](_count(fields));
        for (uint256 i = 0; fields != 0; (++i, fields >>= FIELD_BITS)) {
            (ok, transaction.values[i], end) = _readField(transaction, data, fields & FIELD_MASK, end);
            if (!ok) return (false, transaction, end);
        }
        if (signed) {
            uint256 size = signatures * CompactSignature.BYTES;
            if (end + size > data.length) return (false, transaction, end);
            transaction.signatures = _slice(data, end, size);
            end += size;
        }
        return (true, transaction, end);
    }

    /// @notice EIP-712 digest of `transaction` by an account with this nonce.
    function digest(LedgerTx memory transaction, uint256 nonce, bytes32 separator) internal pure returns (bytes32) {
        bytes32 typeHash = _typeHash(transaction.kind);
        bytes32 structHash = keccak256(abi.encodePacked(typeHash, transaction.values, nonce));
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    function _readField(
        LedgerTx memory transaction,
        bytes memory data,
        uint256 field,
        uint256 offset
    ) private pure returns (bool ok, uint256 value, uint256 end) {
        uint256 size = _size(field);
        end = offset + size;
        if (end > data.length) return (false, 0, offset);
        value = _integer(data, offset, size);
        if (field == F40) {
            // 2^35 · 10^31 is far below 2^256.
            value = (value >> 5) * 10 ** (value & 31);
            if (value > type(uint128).max) return (false, 0, offset);
        } else if (field == BYTES8) {
            if (end + value > data.length) return (false, 0, offset);
            transaction.data = _slice(data, end, value);
            end += value;
            value = uint256(keccak256(transaction.data));
        }
        return (true, value, end);
    }

    function _integer(bytes memory data, uint256 offset, uint256 size) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, mul(8, size)), mload(add(add(data, 32), offset)))
        }
    }

    function _slice(bytes memory data, uint256 offset, uint256 size) private pure returns (bytes memory part) {
        part = new bytes(size);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), offset), size)
        }
    }

    function _size(uint256 field) private pure returns (uint256) {
        if (field == U32) return 4;
        if (field == F40) return 5;
        if (field == U64) return 8;
        if (field == U128) return 16;
        if (field == ADDRESS) return 20;
        // U8, and the length of BYTES8
        return 1;
    }

    function _count(uint256 fields) private pure returns (uint256 count) {
        for (; fields != 0; fields >>= FIELD_BITS) ++count;
    }

    /// @dev Zero fields for an unknown type.
    function _layout(uint256 kind) private pure returns (uint256 fields, uint256 signatures) {
        if (kind == TRANSFER) return (U32 | (U32 << 4) | (F40 << 8), 1);
        if (kind == SESSION_MOVE) return (U32 | (U8 << 4) | (BYTES8 << 8), 1);
        if (kind == TRANSFER_TO_NEW) return (U32 | (ADDRESS << 4) | (F40 << 8), 1);
        if (kind == OPEN_BALANCE) return (U32 | (U32 << 4), 1);
        if (kind == WITHDRAW) return (U32 | (U128 << 4), 1);
        if (kind == ITEM_MINT) return (U32 | (U32 << 4) | (U64 << 8), 1);
        if (kind == ITEM_TRANSFER) return (U32 | (U32 << 4) | (U32 << 8) | (U64 << 12), 1);
        if (kind == ITEM_BURN || kind == ITEM_WITHDRAW) return (U32 | (U64 << 4), 1);
        if (kind == ITEM_SWAP) {
            return (U32 | (U32 << 4) | (U64 << 8) | (U32 << 12) | (U32 << 16) | (F40 << 20), 2);
        }
        if (kind == GRANT_KEY) return (U32 | (ADDRESS << 4) | (U64 << 8) | (U8 << 12) | (U32 << 16), 1);
        if (kind == REVOKE_KEY) return (U32, 1);
        if (kind == SESSION_OPEN) {
            uint256 head = U32 | (U32 << 4) | (F40 << 8) | (U8 << 12);
            return (head | (U32 << 16) | (U32 << 20) | (BYTES8 << 24), 1);
        }
        if (kind == SESSION_JOIN) return (U32 | (U32 << 4), 1);
        if (kind == SESSION_LEAVE) return (U32 | (U8 << 4), 1);
        if (kind == SESSION_TIMEOUT || kind == SESSION_SETTLE || kind == COLLECT_FEES) return (U32, 0);
        return (0, 0);
    }

    function _typeHash(uint256 kind) private pure returns (bytes32) {
        if (kind == TRANSFER) return keccak256("Transfer(uint32 from,uint32 to,uint128 amount,uint64 nonce)");
        if (kind == SESSION_MOVE) return keccak256("SessionMove(uint32 session,uint8 player,bytes move,uint64 nonce)");
        if (kind == TRANSFER_TO_NEW) {
            return keccak256("TransferToNew(uint32 from,address to,uint128 amount,uint64 nonce)");
        }
        if (kind == OPEN_BALANCE) return keccak256("OpenBalance(uint32 account,uint32 asset,uint64 nonce)");
        if (kind == WITHDRAW) return keccak256("Withdraw(uint32 from,uint128 amount,uint64 nonce)");
        if (kind == ITEM_MINT) return keccak256("ItemMint(uint32 allowance,uint32 to,uint64 amount,uint64 nonce)");
        if (kind == ITEM_TRANSFER) {
            return keccak256("ItemTransfer(uint32 item,uint32 to,uint32 into,uint64 amount,uint64 nonce)");
        }
        if (kind == ITEM_BURN) return keccak256("ItemBurn(uint32 item,uint64 amount,uint64 nonce)");
        if (kind == ITEM_SWAP) {
            return
                keccak256(
                    "ItemSwap(uint32 item,uint32 into,uint64 amount,uint32 pay,uint32 receive,uint128 price,uint64 nonce)"
                );
        }
        if (kind == ITEM_WITHDRAW) return keccak256("ItemWithdraw(uint32 item,uint64 amount,uint64 nonce)");
        if (kind == GRANT_KEY) {
            return keccak256("GrantKey(uint32 account,address key,uint64 expiry,uint8 scope,uint32 game,uint64 nonce)");
        }
        if (kind == REVOKE_KEY) return keccak256("RevokeKey(uint32 account,uint64 nonce)");
        if (kind == SESSION_OPEN) {
            return
                keccak256(
                    "SessionOpen(uint32 balance,uint32 game,uint128 stake,uint8 players,uint32 moveSeconds,uint32 lifeSeconds,bytes setup,uint64 nonce)"
                );
        }
        if (kind == SESSION_JOIN) return keccak256("SessionJoin(uint32 session,uint32 balance,uint64 nonce)");
        return keccak256("SessionLeave(uint32 session,uint8 player,uint64 nonce)");
    }
}
