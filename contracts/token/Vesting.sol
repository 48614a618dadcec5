// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VestingWallet} from "@openzeppelin/contracts/finance/VestingWallet.sol";
import {VestingWalletCliff} from "@openzeppelin/contracts/finance/VestingWalletCliff.sol";
import {IVesting} from "./IVesting.sol";

/// @title Vesting
/// @notice See `IVesting` and the README of this folder.
contract Vesting is IVesting, VestingWalletCliff {
    constructor(
        address beneficiary,
        uint64 start,
        uint64 duration,
        uint64 cliff
    ) VestingWallet(beneficiary, start, duration) VestingWalletCliff(cliff) {}

    /// @dev The constructor names the owner; `transferOwnership` and `renounceOwnership` come here, too.
    function _transferOwnership(address newOwner) internal override {
        if (owner() != address(0)) revert BeneficiaryFixed(owner());
        super._transferOwnership(newOwner);
    }
}
