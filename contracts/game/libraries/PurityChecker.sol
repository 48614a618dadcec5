// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

/// @title Which bytecode may be a game's rules
/// @notice A linear scan against a list of what is admitted: instructions whose result cannot differ between machines or
/// moments. Refused is all else, also what no instruction is yet, for it may become one. Code reads as the EVM reads it:
/// what follows a PUSH is its data, and a jump can only reach a JUMPDEST that is not such data, so that what the scan did
/// not see as an instruction cannot run. Data behind the last instruction is read as instructions as well.
library PurityChecker {
    /// @dev By opcode, how far behind it the next one is; 0 where it is refused. Admitted:
    /// - 0x00 STOP, ADD … SIGNEXTEND; LT … SAR
    /// - 0x20 KECCAK256, CALLVALUE (always 0), CALLDATALOAD, CALLDATASIZE, CALLDATACOPY, CODESIZE, CODECOPY
    /// - 0x40 POP, MLOAD, MSTORE, MSTORE8, JUMP, JUMPI, JUMPDEST, MCOPY, PUSH0
    /// - 0x60 PUSH1 … PUSH32
    /// - 0x80 DUP1 … SWAP16
    /// - 0xe0 RETURN, REVERT, INVALID
    /// PC, MSIZE and RETURNDATASIZE would be pure too; the compiler has no use for them, and what is not admitted need not
    /// be the same everywhere.
    bytes private constant STEPS =
        hex"0101010101010101010101010000000001010101010101010101010101010000"
        hex"0100000000000000000000000000000000000000010101010101000000000000"
        hex"0000000000000000000000000000000001010101000001010000000100000101"
        hex"02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021"
        hex"0101010101010101010101010101010101010101010101010101010101010101"
        hex"0000000000000000000000000000000000000000000000000000000000000000"
        hex"0000000000000000000000000000000000000000000000000000000000000000"
        hex"0000000000000000000000000000000000000001000000000000000000010100";
    /// @dev PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN: returns what follows. The size goes in between.
    uint256 private constant RETURN_REST = 0x610000_80_600a_5f_39_5f_f3;
    uint256 private constant RETURN_REST_BYTES = 10;
    uint256 private constant SIZE_SHIFT = 56;

    /// @notice No code is no rules: not an account of a person, nor a contract still being made.
    error NoCode(address account);
    /// @notice The first instruction that is not admitted. 0xEF at offset 0 is an account that delegates (EIP-7702).
    error ImpureCode(address account, uint256 offset, uint8 opcode);

    /// @notice Whether the code of `account` is admitted; if not, the first instruction that is refused. Without code
    /// both are 0, where a STOP is never refused.
    function inspect(address account) internal view returns (bool isPure, uint256 offset, uint8 opcode) {
        bytes memory code = _load(account);
        if (code.length == 0) return (false, 0, 0);
        return _scan(code);
    }

    /// @notice Reverts where the code of `account` is not admitted.
    function requirePure(address account) internal view {
        _requirePure(account, _load(account));
    }

    /// @notice Deploys the code of `account` once more, where it is admitted, and returns the address.
    /// @dev What is admitted now need not be there tomorrow: a constructor that delegates to a SELFDESTRUCT leaves code
    /// which is gone at the end of the transaction, and other code may take its address. A copy made by the caller cannot
    /// go, for no part of its making was anybody else's.
    function copyOf(address account) internal returns (address copy) {
        bytes memory code = _load(account);
        _requirePure(account, code);
        uint256 size = code.length;
        uint256 init = RETURN_REST | (size << SIZE_SHIFT);
        // The word before the code holds its length, which nothing needs any more.
        assembly ("memory-safe") {
            mstore(code, init)
            copy := create(0, add(code, sub(32, RETURN_REST_BYTES)), add(size, RETURN_REST_BYTES))
        }
        if (copy == address(0)) revert Errors.FailedDeployment();
    }

    function _requirePure(address account, bytes memory code) private pure {
        if (code.length == 0) revert NoCode(account);
        (bool isPure, uint256 offset, uint8 opcode) = _scan(code);
        if (!isPure) revert ImpureCode(account, offset, opcode);
    }

    /// @dev The code of `account`, with 64 bytes behind it that no scan passes.
    function _load(address account) private view returns (bytes memory code) {
        assembly ("memory-safe") {
            let size := extcodesize(account)
            code := mload(0x40)
            mstore(code, size)
            let end := add(add(code, 32), size)
            extcodecopy(account, add(code, 32), 0, size)
            mstore(end, not(0))
            mstore(add(end, 32), not(0))
            mstore(0x40, and(add(end, 95), not(31)))
        }
    }

    /// @dev Expects code from `_load`. In assembly for its price: 24,576 instructions, one lookup each. What lies behind
    /// the code ends the loop, which therefore has no bound to compare with; a PUSH at the end skips 32 bytes at most.
    function _scan(bytes memory code) private pure returns (bool isPure, uint256 offset, uint8 opcode) {
        bytes memory steps = STEPS;
        assembly ("memory-safe") {
            let first := add(code, 32)
            let table := add(steps, 32)
            let at := first
            for {
                let step := byte(0, mload(add(table, byte(0, mload(at)))))
            } step {
                step := byte(0, mload(add(table, byte(0, mload(at)))))
            } {
                at := add(at, step)
            }
            offset := sub(at, first)
            isPure := iszero(lt(offset, mload(code)))
            opcode := byte(0, mload(at))
        }
        if (isPure) return (true, 0, 0);
    }
}
