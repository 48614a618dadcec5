// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A schedule that counts its releases, or fails each time.
contract ReleaseMock {
    uint256 public releases;
    bool public isBroken;

    error Broken();

    function setBroken(bool broken) external {
        isBroken = broken;
    }

    function release() external returns (uint256) {
        if (isBroken) revert Broken();
        return ++releases;
    }
}
