// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDelegation} from "../validators/IDelegation.sol";

/// @title DelegatorCrowdMock
/// @notice Any number of delegators, each a clone of this contract with a position of its own.
contract DelegatorCrowdMock {
    /// @notice Creates `count` delegators, with `amount` COS of this contract each, all bonded to `validator`.
    function join(IDelegation delegation, address validator, uint256 amount, uint256 count) external {
        for (uint256 i = 0; i < count; ++i) {
            address delegator = Clones.clone(address(this));
            delegation.COS().transfer(delegator, amount);
            DelegatorCrowdMock(delegator).bond(delegation, validator, amount);
        }
    }

    function bond(IDelegation delegation, address validator, uint256 amount) external {
        IERC20 cos = delegation.COS();
        cos.approve(address(delegation), amount);
        delegation.delegate(validator, amount);
    }
}
