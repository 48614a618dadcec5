// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

/// @notice Sends many equal messages in one transaction.
contract BurstSenderMock {
    function send(
        IERC7786GatewaySource gateway,
        bytes calldata recipient,
        bytes calldata payload,
        bytes[] calldata attributes,
        uint256 count
    ) external {
        for (uint256 i = 0; i < count; ++i) {
            gateway.sendMessage(recipient, payload, attributes);
        }
    }
}
