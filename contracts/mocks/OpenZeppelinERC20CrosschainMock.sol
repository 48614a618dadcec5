// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Crosschain} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Crosschain.sol";

/// @notice OpenZeppelin's cross-chain token as it is, with a supply and a way to link counterparts.
contract OpenZeppelinERC20CrosschainMock is ERC20Crosschain {
    constructor(address holder, uint256 supply) ERC20("Crosschain", "CROSS") CrosschainLinked(new Link[](0)) {
        _mint(holder, supply);
    }

    function link(address gateway, bytes calldata counterpart) external {
        _setLink(gateway, counterpart, false);
    }
}
