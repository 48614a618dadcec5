// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {INodeStaking, NodeKind} from "../staking/INodeStaking.sol";

/// @notice Many nodes in one transaction.
contract NodeCrowdMock {
    function pledge(INodeStaking pool, uint256 count) external payable {
        uint256 price = pool.priceOf(NodeKind.Cellular);
        for (uint256 i = 0; i < count; ++i) pool.pledge{value: price}(NodeKind.Cellular, 0);
    }
}
