// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A token whose transfers return what they are told: nothing, a word, a short word, or very much.
contract SilentTokenMock {
    bytes public answer;
    bool public reverts;

    function setAnswer(bytes calldata value, bool reverting) external {
        (answer, reverts) = (value, reverting);
    }

    function transfer(address, uint256) external view returns (bool) {
        bytes memory result = answer;
        bool fails = reverts;
        assembly ("memory-safe") {
            if fails {
                revert(add(result, 32), mload(result))
            }
            return(add(result, 32), mload(result))
        }
    }
}
