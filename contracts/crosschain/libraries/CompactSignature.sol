// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title EIP-2098 signatures: `r ‖ yParityAndS`, 64 bytes
/// @notice The one form of a signature that is accepted: another length or a high s is nobody's.
library CompactSignature {
    uint256 internal constant BYTES = 64;
    /// @dev Largest `s` of a canonical signature: half the order of secp256k1.
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    uint256 private constant S_MASK = (1 << 255) - 1;

    /// @notice Who signed `digest`; zero for another length, a high s and for whatever recovers to nobody.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        if (signature.length != BYTES) return address(0);
        (bytes32 r, uint256 vs) = abi.decode(signature, (bytes32, uint256));
        return recover(digest, r, vs);
    }

    /// @notice Who signed `digest`, of the signature's two words; zero for a high s and for whatever recovers to nobody.
    function recover(bytes32 digest, bytes32 r, uint256 vs) internal pure returns (address) {
        uint256 s = vs & S_MASK;
        if (s > MAX_S) return address(0);
        return ecrecover(digest, uint8(27 + (vs >> 255)), r, bytes32(s));
    }

    /// @notice Checks the signature of each member of `set` (packed, 20 bytes each) whose bit is set in `bits`, in
    /// order, as far as `signatures` reach. Bits must not reach beyond the set, and `signatures` must be whole ones.
    /// @return given Number of bits, at most one more than there are signatures.
    /// @return bad One more than the index of the first member who did not sign; 0 if there is none.
    /// @return recovered Who signed in its place.
    /// @dev Plain twin: `recover` in a loop (contracts/mocks). By hand it costs 200 gas a signature beside the
    /// precompile, a third of what the twin does.
    function check(
        bytes memory set,
        uint256 bits,
        bytes32 digest,
        bytes calldata signatures
    ) internal view returns (uint256 given, uint256 bad, address recovered) {
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, digest)
            let at := signatures.offset
            let end := add(at, signatures.length)
            let member := add(set, 0x20)
            for {} bits {} {
                if and(bits, 1) {
                    given := add(given, 1)
                    if eq(at, end) {
                        break
                    }
                    let vs := calldataload(add(at, 0x20))
                    let s := and(vs, S_MASK)
                    mstore(add(input, 0x20), add(27, shr(255, vs)))
                    mstore(add(input, 0x40), calldataload(at))
                    mstore(add(input, 0x60), s)
                    // The precompile returns nothing where there is no signer: the zero stays.
                    mstore(0, 0)
                    pop(staticcall(gas(), 1, input, 0x80, 0, 0x20))
                    recovered := mul(mload(0), iszero(gt(s, MAX_S)))
                    if xor(recovered, shr(96, mload(member))) {
                        bad := add(1, div(sub(member, add(set, 0x20)), 20))
                        break
                    }
                    at := add(at, 0x40)
                }
                bits := shr(1, bits)
                member := add(member, 20)
            }
        }
    }
}
