// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoreNodes} from "../validators/ICoreNodes.sol";

/// @notice Core nodes of 100 BNB without the BNB: who owns which, which are bound, which are slashed.
contract CoreNodesMock is ICoreNodes {
    uint256 public constant PRINCIPAL = 100 ether;

    mapping(address account => bool) public isGenesisOperator;
    mapping(address operator => uint256 position) public boundPosition;
    mapping(uint256 position => uint256) public principalOf;
    mapping(uint256 position => address) public ownerOf;
    mapping(address operator => uint256 timestamp) public unboundAt;

    error NotBindable(address operator, uint256 position);
    error NotBound(address operator);

    constructor(address[] memory genesisOperators) {
        for (uint256 i = 0; i < genesisOperators.length; ++i) {
            isGenesisOperator[genesisOperators[i]] = true;
        }
    }

    function pledge(address owner, uint256 position) external {
        ownerOf[position] = owner;
        principalOf[position] = PRINCIPAL;
    }

    /// @notice As a withdrawal does.
    function pay(uint256 position) external {
        principalOf[position] = 0;
    }

    function bind(address operator, uint256 position) external {
        if (ownerOf[position] != operator || principalOf[position] == 0 || boundPosition[operator] != 0) {
            revert NotBindable(operator, position);
        }
        boundPosition[operator] = position;
    }

    function unbind(address operator) external {
        if (boundPosition[operator] == 0 || unboundAt[operator] != 0) revert NotBound(operator);
        unboundAt[operator] = block.timestamp;
    }

    function slash(address operator) external returns (uint256 amount) {
        uint256 position = boundPosition[operator];
        amount = principalOf[position];
        if (amount == 0) revert NotBound(operator);
        principalOf[position] = 0;
    }

    function bondOf(address operator) external view returns (uint256 position, uint64 bondedUntil) {
        position = boundPosition[operator];
        bondedUntil = unboundAt[operator] == 0 ? type(uint64).max : uint64(unboundAt[operator]) + 15 days;
    }
}
