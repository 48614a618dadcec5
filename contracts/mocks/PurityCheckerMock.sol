// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PurityChecker} from "../game/libraries/PurityChecker.sol";

/// @notice `PurityChecker`, callable, and its plain twin.
contract PurityCheckerMock {
    event Checked(address account);
    event Copied(address account, address copy);

    /// @dev As a transaction, so that a receipt tells its gas.
    function check(address account) external {
        PurityChecker.requirePure(account);
        emit Checked(account);
    }

    function copyOf(address account) external returns (address copy) {
        copy = PurityChecker.copyOf(account);
        emit Copied(account, copy);
    }

    function requirePure(address account) external view {
        PurityChecker.requirePure(account);
    }

    /// @dev After memory was used, and with memory used behind.
    function inspect(address account) external view returns (bool isPure, uint256 offset, uint8 opcode) {
        bytes memory before = abi.encode(type(uint256).max, type(uint256).max);
        (isPure, offset, opcode) = PurityChecker.inspect(account);
        bytes memory behind = abi.encode(type(uint256).max, type(uint256).max);
        assert(keccak256(before) == keccak256(behind));
    }

    function inspectPlain(address account) external view returns (bool isPure, uint256 offset, uint8 opcode) {
        bytes memory code = account.code;
        if (code.length == 0) return (false, 0, 0);
        while (offset < code.length) {
            opcode = uint8(code[offset]);
            if (!_isAdmitted(opcode)) return (false, offset, opcode);
            offset += 1;
            if (opcode >= 0x60 && opcode <= 0x7f) offset += opcode - 0x5f;
        }
        return (true, 0, 0);
    }

    function _isAdmitted(uint8 opcode) private pure returns (bool) {
        if (opcode <= 0x0b) return true;
        if (opcode >= 0x10 && opcode <= 0x1d) return true;
        if (opcode == 0x20) return true;
        if (opcode >= 0x34 && opcode <= 0x39) return true;
        if (opcode >= 0x50 && opcode <= 0x53) return true;
        if (opcode == 0x56 || opcode == 0x57 || opcode == 0x5b) return true;
        if (opcode >= 0x5e && opcode <= 0x9f) return true;
        return opcode == 0xf3 || opcode == 0xfd || opcode == 0xfe;
    }
}
