// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What one vault receives when the token is made.
/// @param amount In wei of COS: 10^18 are one COS.
struct COSAllocation {
    address vault;
    uint256 amount;
}

/// @title Cosmicbyte (COS): a billion, made once
/// @notice ERC-20, ERC-2612 permits, ERC-5805 votes on a timestamp clock (ERC-6372). Nobody can mint, burn, pause or
/// own it. `constructor(COSAllocation[5] table)`: ecosystem, code contributors, advisors, early investors, airdrop.
/// Source: COS paper (token distribution).
interface ICOSToken {
    /// @dev The table's amounts have to sum to the supply, to the wei.
    error AllocationSumMismatch(uint256 sum, uint256 supply);

    // solhint-disable func-name-mixedcase
    /// @notice 1,000,000,000 COS in wei: all that ever exists.
    function SUPPLY() external view returns (uint256);
}
