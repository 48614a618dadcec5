// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BridgeERC20} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC20.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice OpenZeppelin's custodial bridge as it is, with a way to link counterparts.
contract OpenZeppelinBridgeERC20Mock is BridgeERC20 {
    constructor(IERC20 token) BridgeERC20(token) CrosschainLinked(new Link[](0)) {}

    function link(address gateway, bytes calldata counterpart) external {
        _setLink(gateway, counterpart, false);
    }
}
