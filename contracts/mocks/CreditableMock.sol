// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ICreditable} from "../token/ICreditable.sol";

/// @notice Takes from who credits it what it was told to.
contract CreditableMock is ICreditable {
    IERC20 public immutable TOKEN;

    /// @notice Left of each credit that is not taken.
    uint256 public shortfall;

    constructor(IERC20 token) {
        TOKEN = token;
    }

    function setShortfall(uint256 value) external {
        shortfall = value;
    }

    function credit(uint256 amount) external {
        TOKEN.transferFrom(msg.sender, address(this), amount - shortfall);
    }
}
