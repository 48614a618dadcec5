// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerAuthority, Step} from "./LedgerAuthority.sol";
import {LedgerLeaves, Leaves} from "./LedgerLeaves.sol";
import {LedgerRefusal} from "./LedgerRefusal.sol";

/// @title Items on the ledger
/// @notice The twin of `protocol/ledger/items.ts`.
library LedgerItems {
    using LedgerAuthority for Step;
    using LedgerLeaves for Leaves;
    using LedgerLeaves for bytes;

    function mint(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isAllowance, bytes memory allowance) = step.leaves.ofKind(v[0], LedgerLeaves.ALLOWANCE);
        (bool isTo, ) = step.leaves.ofKind(v[1], LedgerLeaves.ACCOUNT);
        if (!isAllowance || !isTo) return LedgerRefusal.WRONG_LEAF;
        bytes memory account = step.leaves.at(allowance.get(LedgerLeaves.HOLDER));
        (uint256 amount, uint256 available) = (v[2], allowance.get(LedgerLeaves.ITEM_AMOUNT));
        if (amount == 0 || amount > available) return LedgerRefusal.WRONG_AMOUNT;
        if (!step.leaves.hasRoom(1)) return LedgerRefusal.TREE_FULL;
        if (!step.mayAct(account, 0, LedgerAuthority.ITEMS, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        allowance.set(LedgerLeaves.ITEM_AMOUNT, available - amount);
        step.leaves.append(LedgerLeaves.item(LedgerLeaves.ITEM, v[1], allowance.get(LedgerLeaves.ITEM_ID), amount));
        return LedgerRefusal.APPLIED;
    }

    function transfer(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isItem, bytes memory item) = step.leaves.ofKind(v[0], LedgerLeaves.ITEM);
        (bool isTo, ) = step.leaves.ofKind(v[1], LedgerLeaves.ACCOUNT);
        if (!isItem || !isTo) return LedgerRefusal.WRONG_LEAF;
        bytes memory account = step.leaves.at(item.get(LedgerLeaves.HOLDER));
        uint256 refusal = _refuseMove(step.leaves, item, v[0], v[1], v[2], v[3]);
        if (refusal != LedgerRefusal.APPLIED) return refusal;
        if (!step.mayAct(account, 0, LedgerAuthority.ITEMS, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        _move(step.leaves, item, v[0], v[1], v[2], v[3]);
        return LedgerRefusal.APPLIED;
    }

    function burn(Step memory step) internal pure returns (uint256) {
        return _remove(step, LedgerAuthority.ITEMS, false);
    }

    function withdraw(Step memory step) internal pure returns (uint256) {
        return _remove(step, LedgerAuthority.OWNER_ONLY, true);
    }

    /// @dev An item for a price, both or neither: the seller signs first, then the buyer.
    function swap(Step memory step) internal pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isItem, bytes memory item) = step.leaves.ofKind(v[0], LedgerLeaves.ITEM);
        (bool isPay, bytes memory pay) = step.leaves.ofKind(v[3], LedgerLeaves.BALANCE);
        (bool isReceive, bytes memory receiving) = step.leaves.ofKind(v[4], LedgerLeaves.BALANCE);
        if (!isItem || !isPay || !isReceive) return LedgerRefusal.WRONG_LEAF;
        uint256 buyer = pay.get(LedgerLeaves.HOLDER);
        if (item.get(LedgerLeaves.HOLDER) == buyer) return LedgerRefusal.WRONG_LEAF;
        if (receiving.get(LedgerLeaves.HOLDER) != item.get(LedgerLeaves.HOLDER)) return LedgerRefusal.WRONG_LEAF;
        if (receiving.get(LedgerLeaves.ASSET) != pay.get(LedgerLeaves.ASSET)) return LedgerRefusal.WRONG_LEAF;
        uint256 refusal = _refuseMove(step.leaves, item, v[0], buyer, v[1], v[2]);
        if (refusal == LedgerRefusal.APPLIED) refusal = _exchange(step, pay, receiving, v[5]);
        if (refusal == LedgerRefusal.APPLIED) _move(step.leaves, item, v[0], buyer, v[1], v[2]);
        return refusal;
    }

    /// @dev The price's part of a swap; the item's follows where it was applied.
    function _exchange(
        Step memory step,
        bytes memory pay,
        bytes memory receiving,
        uint256 price
    ) private pure returns (uint256) {
        bytes memory seller = step.leaves.at(receiving.get(LedgerLeaves.HOLDER));
        bytes memory buyer = step.leaves.at(pay.get(LedgerLeaves.HOLDER));
        uint256 available = pay.get(LedgerLeaves.AMOUNT);
        if (price == 0 || price > available) return LedgerRefusal.WRONG_AMOUNT;
        uint256 sum = receiving.get(LedgerLeaves.AMOUNT) + price;
        if (sum > type(uint128).max) return LedgerRefusal.OVERFLOW;
        if (!step.mayAct(seller, 0, LedgerAuthority.ITEMS, 0)) return LedgerRefusal.NOT_AUTHORIZED;
        if (!step.mayAct(buyer, 1, LedgerAuthority.TRANSFERS, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(seller);
        step.advance(buyer);
        pay.set(LedgerLeaves.AMOUNT, available - price);
        receiving.set(LedgerLeaves.AMOUNT, sum);
        return LedgerRefusal.APPLIED;
    }

    function _remove(Step memory step, uint256 scope, bool exits) private pure returns (uint256) {
        uint256[] memory v = step.transaction.values;
        (bool isItem, bytes memory item) = step.leaves.ofKind(v[0], LedgerLeaves.ITEM);
        if (!isItem) return LedgerRefusal.WRONG_LEAF;
        bytes memory account = step.leaves.at(item.get(LedgerLeaves.HOLDER));
        if (v[1] == 0 || v[1] > item.get(LedgerLeaves.ITEM_AMOUNT)) return LedgerRefusal.WRONG_AMOUNT;
        if (exits && !step.leaves.hasRoom(1)) return LedgerRefusal.TREE_FULL;
        if (!step.mayAct(account, 0, scope, 0)) return LedgerRefusal.NOT_AUTHORIZED;

        step.advance(account);
        _take(step.leaves, item, v[0], v[1]);
        if (!exits) return LedgerRefusal.APPLIED;
        uint160 owner = uint160(account.get(LedgerLeaves.OWNER));
        step.leaves.append(
            abi.encodePacked(uint8(LedgerLeaves.ITEM_EXIT), owner, item.get(LedgerLeaves.ITEM_ID), uint64(v[1]))
        );
        return LedgerRefusal.APPLIED;
    }

    /// @param into The item leaf of the receiver that grows, or 0.
    function _refuseMove(
        Leaves memory leaves,
        bytes memory item,
        uint256 from,
        uint256 receiver,
        uint256 into,
        uint256 amount
    ) private pure returns (uint256) {
        uint256 held = 0;
        if (into != 0) {
            (bool isItem, bytes memory target) = leaves.ofKind(into, LedgerLeaves.ITEM);
            if (!isItem || into == from) return LedgerRefusal.WRONG_LEAF;
            if (target.get(LedgerLeaves.ITEM_ID) != item.get(LedgerLeaves.ITEM_ID)) return LedgerRefusal.WRONG_LEAF;
            if (target.get(LedgerLeaves.HOLDER) != receiver) return LedgerRefusal.WRONG_LEAF;
            held = target.get(LedgerLeaves.ITEM_AMOUNT);
        }
        uint256 available = item.get(LedgerLeaves.ITEM_AMOUNT);
        if (amount == 0 || amount > available) return LedgerRefusal.WRONG_AMOUNT;
        if (held + amount > type(uint64).max) return LedgerRefusal.OVERFLOW;
        if (into == 0 && amount < available && !leaves.hasRoom(1)) return LedgerRefusal.TREE_FULL;
        return LedgerRefusal.APPLIED;
    }

    /// @dev The whole of a leaf goes with its leaf; a part grows another leaf, or gets one of its own.
    function _move(
        Leaves memory leaves,
        bytes memory item,
        uint256 from,
        uint256 receiver,
        uint256 into,
        uint256 amount
    ) private pure {
        if (into != 0) {
            bytes memory target = leaves.at(into);
            target.set(LedgerLeaves.ITEM_AMOUNT, target.get(LedgerLeaves.ITEM_AMOUNT) + amount);
            _take(leaves, item, from, amount);
        } else if (amount == item.get(LedgerLeaves.ITEM_AMOUNT)) {
            item.set(LedgerLeaves.HOLDER, receiver);
        } else {
            _take(leaves, item, from, amount);
            leaves.append(LedgerLeaves.item(LedgerLeaves.ITEM, receiver, item.get(LedgerLeaves.ITEM_ID), amount));
        }
    }

    function _take(Leaves memory leaves, bytes memory item, uint256 index, uint256 amount) private pure {
        uint256 left = item.get(LedgerLeaves.ITEM_AMOUNT) - amount;
        if (left == 0) leaves.clear(index);
        else item.set(LedgerLeaves.ITEM_AMOUNT, left);
    }
}
