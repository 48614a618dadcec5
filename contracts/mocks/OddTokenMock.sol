// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that keeps a fee of every transfer, or moves nothing and returns false.
contract OddTokenMock is ERC20 {
    uint256 public feeBps;
    bool public refuses;

    constructor(address holder, uint256 supply) ERC20("Odd", "ODD") {
        _mint(holder, supply);
    }

    function setFeeBps(uint256 bps) external {
        feeBps = bps;
    }

    function setRefuses(bool refused) external {
        refuses = refused;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !refuses && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !refuses && super.transferFrom(from, to, value);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0xfee), (value * feeBps) / 10_000);
    }
}
