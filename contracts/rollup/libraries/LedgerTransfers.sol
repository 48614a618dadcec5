// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerAuthority, Step} from "./LedgerAuthority.sol";
import {LedgerLeaves, Leaves} from "./LedgerLeaves.sol";
import {LedgerRefusal} from "./LedgerRefusal.sol";

/// @title Balances and session keys on the ledger
/// @notice The twin of `protocol/ledger/transfers.ts` and `keys.ts`.
library LedgerTransfers {
    using LedgerAuthority for Step;
    using LedgerLeaves for Leaves;
    using LedgerLeaves for bytes;

    function transfer(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isFrom, bytes memory from) = step.leaves.ofKind(v[0], LedgerLeaves.BALANCE);
        (bool isTo, bytes memory to) = step.leaves.ofKind(v[1], LedgerLeaves.BALANCE);
        if (!isFrom || !isTo || v[0] == v[1]) return LedgerRefusal.WRONG_LEAF;
        if (from.get(LedgerLeaves.ASSET) != to.get(LedgerLeaves.ASSET)) return LedgerRefusal.WRONG_LEAF;
        bytes memory account = step.leaves.at(from.get(LedgerLeaves.HOLDER));
        (uint256 amount, uint256 available) = (v[2], from.get(LedgerLeaves.AMOUNT));
        if (amount == 0 || amount > available) return LedgerRefusal.WRONG_AMOUNT;
        uint256 sum = to.get(LedgerLeaves.AMOUNT) + amount;
        if (sum > type(uint128).max) return LedgerRefusal.OVERFLOW;
        if (!step.mayAct(account, 0, LedgerAuthority.TRANSFERS, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        from.set(LedgerLeaves.AMOUNT, available - amount);
        to.set(LedgerLeaves.AMOUNT, sum);
        return LedgerRefusal.APPLIED;
    }

    function transferToNew(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isFrom, bytes memory from) = step.leaves.ofKind(v[0], LedgerLeaves.BALANCE);
        if (!isFrom) return LedgerRefusal.WRONG_LEAF;
        bytes memory account = step.leaves.at(from.get(LedgerLeaves.HOLDER));
        (uint256 amount, uint256 available) = (v[2], from.get(LedgerLeaves.AMOUNT));
        if (amount == 0 || amount > available) return LedgerRefusal.WRONG_AMOUNT;
        if (!step.leaves.hasRoom(2)) return LedgerRefusal.TREE_FULL;
        if (!step.mayAct(account, 0, LedgerAuthority.TRANSFERS, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        from.set(LedgerLeaves.AMOUNT, available - amount);
        openAccount(step.leaves, address(uint160(v[1])), from.get(LedgerLeaves.ASSET), amount);
        return LedgerRefusal.APPLIED;
    }

    function openBalance(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isAccount, bytes memory account) = step.leaves.ofKind(v[0], LedgerLeaves.ACCOUNT);
        if (!isAccount) return LedgerRefusal.WRONG_LEAF;
        if (!step.leaves.hasRoom(1)) return LedgerRefusal.TREE_FULL;
        if (!step.mayAct(account, 0, LedgerAuthority.ALL_SCOPES, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        step.leaves.append(LedgerLeaves.balance(v[0], v[1], 0));
        return LedgerRefusal.APPLIED;
    }

    function withdraw(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isFrom, bytes memory from) = step.leaves.ofKind(v[0], LedgerLeaves.BALANCE);
        if (!isFrom) return LedgerRefusal.WRONG_LEAF;
        bytes memory account = step.leaves.at(from.get(LedgerLeaves.HOLDER));
        (uint256 amount, uint256 available) = (v[1], from.get(LedgerLeaves.AMOUNT));
        if (amount == 0 || amount > available) return LedgerRefusal.WRONG_AMOUNT;
        if (!step.leaves.hasRoom(1)) return LedgerRefusal.TREE_FULL;
        if (!step.mayAct(account, 0, LedgerAuthority.OWNER_ONLY, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        from.set(LedgerLeaves.AMOUNT, available - amount);
        step.leaves.append(
            abi.encodePacked(
                uint8(LedgerLeaves.EXIT),
                uint160(account.get(LedgerLeaves.OWNER)),
                uint32(from.get(LedgerLeaves.ASSET)),
                uint128(amount)
            )
        );
        return LedgerRefusal.APPLIED;
    }

    function grantKey(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isAccount, bytes memory account) = step.leaves.ofKind(v[0], LedgerLeaves.ACCOUNT);
        if (!isAccount) return LedgerRefusal.WRONG_LEAF;
        if (v[2] <= step.clock || v[3] == 0 || v[3] > LedgerAuthority.ALL_SCOPES || v[1] == 0) {
            return LedgerRefusal.WRONG_TERMS;
        }
        if (!step.mayAct(account, 0, LedgerAuthority.OWNER_ONLY, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        _setKey(account, v[1], v[2], v[3], v[4]);
        return LedgerRefusal.APPLIED;
    }

    function revokeKey(Step memory step) internal pure returns (uint256) {
        (bool isAccount, bytes memory account) = step.leaves.ofKind(step.transaction.values[0], LedgerLeaves.ACCOUNT);
        if (!isAccount) return LedgerRefusal.WRONG_LEAF;
        if (account.get(LedgerLeaves.KEY_EXPIRY) == 0) return LedgerRefusal.WRONG_TERMS;
        uint256 who = uint160(step.speaker(0, account.get(LedgerLeaves.NONCE)));
        bool known = who == account.get(LedgerLeaves.OWNER) || who == account.get(LedgerLeaves.KEY);
        if (who == 0 || !known) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        _setKey(account, 0, 0, 0, 0);
        return LedgerRefusal.APPLIED;
    }

    /// @notice A new account of `owner` with a balance; there is room for two leaves.
    function openAccount(Leaves memory leaves, address owner, uint256 asset, uint256 amount) internal pure {
        uint256 index = leaves.append(LedgerLeaves.account(owner));
        leaves.append(LedgerLeaves.balance(index, asset, amount));
    }

    function _setKey(bytes memory account, uint256 key, uint256 expiry, uint256 scope, uint256 game) private pure {
        account.set(LedgerLeaves.KEY, key);
        account.set(LedgerLeaves.KEY_EXPIRY, expiry);
        account.set(LedgerLeaves.KEY_SCOPE, scope);
        account.set(LedgerLeaves.KEY_GAME, game);
    }
}
