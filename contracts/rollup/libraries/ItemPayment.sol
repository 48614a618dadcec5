// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IGameAssets} from "../../game/IGameAssets.sol";
import {BoundedPayment} from "../../game/libraries/BoundedPayment.sol";

/// @title Payments of items that no receiver can make fail for others
/// @notice As `BoundedPayment`: a fixed gas, of which the receiver's hook has what the transfer leaves, nothing that is
/// returned is copied, and a failure is a value.
library ItemPayment {
    /// @notice A transfer takes about 60,000 of it.
    uint256 internal constant GAS = 400_000;
    /// @notice For the way to the call.
    uint256 private constant RESERVE_GAS = 50_000;

    /// @notice Whether `to` got the items of this contract.
    function push(IGameAssets assets, address to, uint256 id, uint256 amount) internal returns (bool paid) {
        uint256 required = (GAS * 64) / 63 + RESERVE_GAS;
        uint256 left = gasleft();
        if (left < required) revert BoundedPayment.NotEnoughGasToPay(left, required);
        bytes memory input = abi.encodeCall(IERC1155.safeTransferFrom, (address(this), to, id, amount, ""));
        assembly ("memory-safe") {
            paid := call(GAS, assets, 0, add(input, 32), mload(input), 0, 0)
        }
    }
}
