// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VanishingRulesMock} from "./VanishingRulesMock.sol";

/// @notice Code that its constructor asks its maker for, so that the same address may have any.
contract ShellMock {
    constructor() {
        VanishingRulesMock maker = VanishingRulesMock(msg.sender);
        address destroyer = maker.destroyer();
        if (destroyer != address(0)) {
            (bool ok, ) = destroyer.delegatecall("");
            assert(ok);
        }
        bytes memory code = maker.code();
        assembly ("memory-safe") {
            return(add(code, 32), mload(code))
        }
    }
}
