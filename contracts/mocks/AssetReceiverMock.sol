// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";

/// @notice A holder of assets that counts how it was told of them, calls somebody in answer, and acts as it is told.
contract AssetReceiverMock is ERC1155Holder {
    uint256 public singles;
    uint256 public batches;
    address public callee;
    bytes public reaction;
    /// @notice What the call in answer to the last asset returned.
    bool public reacted;
    bytes public answer;

    receive() external payable {}

    function setReaction(address to, bytes calldata data) external {
        callee = to;
        reaction = data;
    }

    function execute(address to, bytes calldata data) external payable returns (bytes memory result) {
        bool success;
        (success, result) = to.call{value: msg.value}(data);
        if (success) return result;
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }

    function onERC1155Received(
        address operator,
        address from,
        uint256 id,
        uint256 value,
        bytes memory data
    ) public override returns (bytes4) {
        ++singles;
        _react();
        return super.onERC1155Received(operator, from, id, value, data);
    }

    function onERC1155BatchReceived(
        address operator,
        address from,
        uint256[] memory ids,
        uint256[] memory values,
        bytes memory data
    ) public override returns (bytes4) {
        ++batches;
        _react();
        return super.onERC1155BatchReceived(operator, from, ids, values, data);
    }

    function _react() private {
        if (callee != address(0)) (reacted, answer) = callee.call(reaction);
    }
}
