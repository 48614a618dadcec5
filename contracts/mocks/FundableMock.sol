// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IFundable} from "../token/IFundable.sol";

/// @notice Takes from who funds it what it was told to, and answers with a call of its own.
contract FundableMock is IFundable {
    IERC20 public immutable TOKEN;

    /// @notice Left of each funding that is not taken.
    uint256 public shortfall;
    uint64 public fundedUntil;
    address private _callee;
    bytes private _reaction;

    constructor(IERC20 token) {
        TOKEN = token;
    }

    function setShortfall(uint256 value) external {
        shortfall = value;
    }

    function setReaction(address callee, bytes calldata reaction) external {
        (_callee, _reaction) = (callee, reaction);
    }

    function fund(uint256 amount, uint64 newEnd) external {
        fundedUntil = newEnd;
        TOKEN.transferFrom(msg.sender, address(this), amount - shortfall);
        if (_callee == address(0)) return;
        (bool success, bytes memory result) = _callee.call(_reaction);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }
}
