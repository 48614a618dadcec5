// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Rules that answer every call as told: with the bytes given to `setAnswer`, or badly.
contract HostileGameMock {
    enum Behaviour {
        Answer,
        Revert,
        BurnGas,
        ReturnBomb,
        RevertBomb,
        // Calls itself as deep as the gas lasts, then answers.
        Recurse,
        // Writes to storage, then answers.
        Write,
        // Answers with the call data that it was given, as bytes.
        Echo
    }

    uint256 private constant BOMB_BYTES = 1 << 17;
    Behaviour public behaviour;
    bytes public answer;
    uint256 private _writes;

    error Refused(bytes data);

    function setBehaviour(Behaviour value) external {
        behaviour = value;
    }

    function setAnswer(bytes calldata value) external {
        answer = value;
        behaviour = Behaviour.Answer;
    }

    fallback() external {
        Behaviour current = behaviour;
        if (current == Behaviour.Revert) revert Refused(answer);
        if (current == Behaviour.BurnGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (current == Behaviour.ReturnBomb) {
            assembly ("memory-safe") {
                return(0x80, BOMB_BYTES)
            }
        }
        if (current == Behaviour.RevertBomb) {
            assembly ("memory-safe") {
                revert(0x80, BOMB_BYTES)
            }
        }
        if (current == Behaviour.Recurse) {
            (bool ok, ) = address(this).staticcall(msg.data);
            ok;
        }
        if (current == Behaviour.Write) ++_writes;
        bytes memory value = current == Behaviour.Echo ? abi.encode(msg.data) : answer;
        assembly ("memory-safe") {
            return(add(value, 32), mload(value))
        }
    }
}
