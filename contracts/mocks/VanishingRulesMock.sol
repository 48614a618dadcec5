// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ShellMock} from "./ShellMock.sol";

/// @notice Puts code at one address, to vanish at the end of the transaction, and other code there later.
contract VanishingRulesMock {
    bytes public code;
    /// @notice Destroys whoever delegates to it; none where the code is to stay.
    address public destroyer;

    error Failed(bytes reason);

    /// @notice Places `newCode`, and calls `target` in the same transaction.
    function place(
        bytes calldata newCode,
        address newDestroyer,
        address target,
        bytes calldata data
    ) external returns (address placed) {
        code = newCode;
        destroyer = newDestroyer;
        placed = address(new ShellMock{salt: 0}());
        (bool ok, bytes memory reason) = target.call(data);
        if (!ok) revert Failed(reason);
    }
}
