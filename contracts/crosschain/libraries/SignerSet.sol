// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

/// @title A signer set kept as the code of an account
/// @notice One cold account access (2,600 gas) reads the whole set, where 21 storage slots would cost 44,100.
library SignerSet {
    /// @dev The code starts with STOP, so that it can never run.
    uint256 private constant PREFIX_BYTES = 1;
    uint256 private constant SIGNER_BYTES = 20;

    /// @notice Stores a set of at most 3,276 signers; its order is kept.
    function store(address[] memory signers) internal returns (address pointer) {
        uint256 length = PREFIX_BYTES + signers.length * SIGNER_BYTES;
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: returns what follows, which
        // starts with the STOP. The spare 12 bytes take the last word's padding.
        bytes memory init = bytes.concat(
            hex"61",
            bytes2(uint16(length)),
            hex"80600a3d393df300",
            new bytes(length + 11)
        );
        uint256 offset = 0x20 + 10 + PREFIX_BYTES;
        for (uint256 i = 0; i < signers.length; ++i) {
            address signer = signers[i];
            assembly ("memory-safe") {
                mstore(add(init, offset), shl(96, signer))
            }
            offset += SIGNER_BYTES;
        }
        assembly ("memory-safe") {
            pointer := create(0, add(init, 0x20), add(10, length))
        }
        if (pointer == address(0)) revert Errors.FailedDeployment();
    }

    /// @notice The packed set: `length / 20` signers, 20 bytes each.
    function load(address pointer) internal view returns (bytes memory set) {
        uint256 length = pointer.code.length;
        if (length == 0) return set;
        length -= PREFIX_BYTES;
        assembly ("memory-safe") {
            set := mload(0x40)
            mstore(set, length)
            extcodecopy(pointer, add(set, 0x20), PREFIX_BYTES, length)
            // Keep the free pointer on a word boundary; one word of slack lets `at` read past the last signer.
            mstore(0x40, and(add(add(set, length), 0x5f), not(0x1f)))
        }
    }

    function count(bytes memory set) internal pure returns (uint256) {
        return set.length / SIGNER_BYTES;
    }

    /// @notice The signer at `index`, which must be below `count`.
    function at(bytes memory set, uint256 index) internal pure returns (address signer) {
        assembly ("memory-safe") {
            signer := shr(96, mload(add(add(set, 0x20), mul(index, SIGNER_BYTES))))
        }
    }
}
