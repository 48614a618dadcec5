// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Bonds that are whatever a test says, and what the registry and the liveness asked of them.
contract DelegationMock {
    uint64 public constant EPOCH_SECONDS = 1 days;

    mapping(address validator => uint256) public bondOf;
    mapping(address validator => bool) public opened;
    mapping(address validator => bool) public closed;
    mapping(address validator => uint256 bps) public slashed;

    uint256 public settledEpochs;
    uint256 public lastEpoch;
    address public lastProposer;
    address[] private _lastSigned;

    error PoolExists(address validator);

    function setBond(address validator, uint256 amount) external {
        bondOf[validator] = amount;
    }

    function open(address validator, uint16, uint16, uint16) external {
        if (opened[validator]) revert PoolExists(validator);
        opened[validator] = true;
    }

    function close(address validator) external {
        closed[validator] = true;
    }

    function slash(address validator, uint256 bps) external returns (uint256 taken) {
        slashed[validator] += bps;
        taken = (bondOf[validator] * bps) / 10_000;
        bondOf[validator] -= taken;
    }

    function settle(uint256 rewardEpoch, address proposer, address[] calldata signed) external {
        ++settledEpochs;
        (lastEpoch, lastProposer, _lastSigned) = (rewardEpoch, proposer, signed);
    }

    function lastSigned() external view returns (address[] memory) {
        return _lastSigned;
    }
}
