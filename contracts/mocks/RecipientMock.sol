// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

/// @title The cheapest recipient: accepts whatever comes and keeps nothing, so that a benchmark measures the gateway
contract RecipientMock {
    fallback(bytes calldata) external payable returns (bytes memory) {
        return abi.encode(IERC7786Recipient.receiveMessage.selector);
    }
}
