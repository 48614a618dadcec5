// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Field elements of a blob (EIP-4844)
/// @notice A blob is a polynomial given by its values at the 4,096th roots of unity, in bit-reversed order.
library BlobElements {
    /// @notice Field elements of a blob.
    uint256 internal constant COUNT = 4_096;
    /// @notice Order of the field.
    uint256 internal constant MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    /// @dev A primitive root of unity of order `COUNT`.
    uint256 private constant ROOT = 0x564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306;
    address private constant POINT_EVALUATION = address(0x0A);
    /// @dev What the precompile returns where the proof holds.
    uint256 private constant ANSWER_BYTES = 64;

    /// @notice Where the polynomial has the value that is element `index` of the blob.
    function pointOf(uint256 index) internal pure returns (uint256 point) {
        point = 1;
        uint256 power = ROOT;
        for (uint256 bit = COUNT >> 1; bit != 0; bit >>= 1) {
            if (index & bit != 0) point = mulmod(point, power, MODULUS);
            power = mulmod(power, power, MODULUS);
        }
    }

    /// @notice Whether the blob behind `versionedHash` has `value` as element `index`. A wrong proof uses up what gas it is given.
    /// @param commitment KZG commitment of the blob. @param proof KZG proof, 48 bytes of `proofs` from `offset` on.
    function isElement(
        bytes32 versionedHash,
        uint256 index,
        bytes32 value,
        bytes memory commitment,
        bytes memory proofs,
        uint256 offset
    ) internal view returns (bool ok) {
        uint256 point = pointOf(index);
        uint256 answer = ANSWER_BYTES;
        address precompile = POINT_EVALUATION;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, versionedHash)
            mstore(add(input, 32), point)
            mstore(add(input, 64), value)
            mcopy(add(input, 96), add(commitment, 32), 48)
            mcopy(add(input, 144), add(add(proofs, 32), offset), 48)
            ok := staticcall(gas(), precompile, input, 192, 0, 0)
            // Where there is no precompile, a call succeeds too.
            ok := and(ok, eq(returndatasize(), answer))
        }
    }
}
