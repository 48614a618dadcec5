// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice An account that is a contract: does what its owner says, and takes BNB well or badly.
contract ChannelPartyMock {
    enum Behaviour {
        Accept,
        Refuse,
        BurnGas,
        ReturnBomb,
        Reenter
    }

    Behaviour public behaviour;
    address private _target;
    bytes private _call;

    /// @dev What the call from within `receive` came to; a log, for there is little gas.
    event Reentered(bool done, bytes answer);

    error Refuses();

    receive() external payable {
        if (behaviour == Behaviour.Refuse) revert Refuses();
        if (behaviour == Behaviour.BurnGas) {
            while (true) continue;
        }
        if (behaviour == Behaviour.ReturnBomb) {
            assembly ("memory-safe") {
                revert(0, 50000)
            }
        }
        if (behaviour == Behaviour.Reenter) {
            (bool done, bytes memory answer) = _target.call(_call);
            emit Reentered(done, answer);
        }
    }

    function setBehaviour(Behaviour value) external {
        behaviour = value;
    }

    function setReentry(address to, bytes calldata data) external {
        (behaviour, _target, _call) = (Behaviour.Reenter, to, data);
    }

    function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory result) {
        bool done;
        (done, result) = to.call{value: value}(data);
        if (done) return result;
        assembly ("memory-safe") {
            revert(add(result, 32), mload(result))
        }
    }
}
