// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Many views in one call, with little to encode and decode.
contract ReaderMock {
    uint256 private constant CALL_BYTES = 56;

    /// @notice Each call is 20 bytes of target, 4 of selector, 32 of argument; results are packed one after the other.
    function read(bytes calldata calls) external view returns (bytes memory results) {
        for (uint256 at = 0; at < calls.length; at += CALL_BYTES) {
            address target = address(bytes20(calls[at:at + 20]));
            (bool success, bytes memory result) = target.staticcall(calls[at + 20:at + CALL_BYTES]);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(result, 0x20), mload(result))
                }
            }
            results = bytes.concat(results, result);
        }
    }
}
