// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice An account that calls what it is told, and refuses coin or answers it with a call of its own.
contract OperatorMock {
    bool public refuses;
    address public callee;
    bytes public reaction;
    /// @notice What the call in answer to the last coin returned.
    bool public reacted;
    bytes public answer;

    error CoinRefused(uint256 value);

    receive() external payable {
        if (refuses) revert CoinRefused(msg.value);
        if (callee != address(0)) (reacted, answer) = callee.call(reaction);
    }

    function setRefuses(bool value) external {
        refuses = value;
    }

    function setReaction(address to, bytes calldata data) external {
        callee = to;
        reaction = data;
    }

    function execute(address to, bytes calldata data) external payable {
        (bool success, bytes memory result) = to.call{value: msg.value}(data);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }
}
