// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A wallet that gives its tokens to one account, little by little
/// @notice OpenZeppelin's `VestingWalletCliff`, whose owner is the beneficiary: nothing before `cliff()`, from then on the
/// share of everything it ever held that the time since `start()` has of `duration()`, all from `end()` on. Anyone may
/// call `release(token)`; it pays the beneficiary. `constructor(address beneficiary, uint64 start, uint64 duration,
/// uint64 cliff)`, all but the first in seconds, the cliff counted from the start. Source: COS paper (token distribution).
interface IVesting {
    /// @dev The beneficiary neither sells nor gives up what is not vested yet.
    error BeneficiaryFixed(address beneficiary);
}
