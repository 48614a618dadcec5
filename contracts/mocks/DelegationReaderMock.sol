// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BondPool, BondPosition, IDelegation} from "../validators/IDelegation.sol";

/// @title DelegationReaderMock
/// @notice Reads many pools and positions in one call, for tests that compare all of them after each step.
contract DelegationReaderMock {
    struct Reading {
        uint256 balance;
        uint256 undistributed;
        uint256 unsettled;
        uint256 unstreamed;
        uint256 streamedUntil;
        uint256 unsweptSlashed;
        uint256 unsweptCommunity;
        BondPool[] pools;
        BondPosition[][] positions;
    }

    function read(
        IDelegation delegation,
        address[] calldata validators,
        address[] calldata accounts
    ) external view returns (Reading memory reading) {
        reading.balance = delegation.COS().balanceOf(address(delegation));
        reading.undistributed = delegation.undistributed();
        reading.unsettled = delegation.unsettled();
        reading.streamedUntil = delegation.streamedUntil();
        uint256 left = delegation.emissionEnd() - delegation.streamedUntil();
        reading.unstreamed = uint256(delegation.rewardRate()) * left;
        reading.unsweptSlashed = delegation.unsweptSlashed();
        reading.unsweptCommunity = delegation.unsweptCommunity();
        reading.pools = new BondPool[](validators.length);
        reading.positions = new BondPosition[][](validators.length);
        for (uint256 i = 0; i < validators.length; ++i) {
            reading.pools[i] = delegation.poolOf(validators[i]);
            reading.positions[i] = new BondPosition[](accounts.length);
            for (uint256 j = 0; j < accounts.length; ++j) {
                reading.positions[i][j] = delegation.positionOf(validators[i], accounts[j]);
            }
        }
    }
}
