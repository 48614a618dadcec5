// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Payments that no receiver and no token can make fail for others
/// @notice A payment gets a fixed gas, nothing that is returned is copied but one word, and a failure is a value: whoever
/// pays keeps a credit instead. Token zero is BNB.
library BoundedPayment {
    address internal constant BNB = address(0);
    /// @notice Beyond the stipend of 2,300: enough for a wallet contract that logs the receipt.
    uint256 internal constant BNB_GAS = 30_000;
    /// @notice A transfer of a QSC with histories and votes of both sides takes half of it.
    uint256 internal constant TOKEN_GAS = 400_000;
    /// @notice Beyond the receiver's own gas: a cold account that begins with this value, and the way to the call.
    uint256 private constant RESERVE_GAS = 50_000;

    /// @dev With less the payment could fail for want of gas where it would not have: whoever calls could choose that.
    error NotEnoughGasToPay(uint256 left, uint256 required);

    /// @notice Whether `to` got `amount`.
    function push(address token, address to, uint256 amount) internal returns (bool paid) {
        uint256 limit = token == BNB ? BNB_GAS : TOKEN_GAS;
        uint256 required = (limit * 64) / 63 + RESERVE_GAS;
        uint256 left = gasleft();
        if (left < required) revert NotEnoughGasToPay(left, required);
        if (token == BNB) {
            assembly ("memory-safe") {
                paid := call(limit, to, amount, 0, 0, 0, 0)
            }
            return paid;
        }
        bytes memory input = abi.encodeCall(IERC20.transfer, (to, amount));
        assembly ("memory-safe") {
            mstore(0, 0)
            paid := call(limit, token, 0, add(input, 32), mload(input), 0, 32)
            // As OpenZeppelin's SafeERC20: true is returned, or nothing by a contract.
            let silent := and(iszero(returndatasize()), gt(extcodesize(token), 0))
            paid := and(paid, or(silent, and(gt(returndatasize(), 31), eq(mload(0), 1))))
        }
    }
}
