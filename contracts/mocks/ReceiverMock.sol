// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

/// @notice A recipient that does what the first byte of the payload says, well or badly, and keeps what it received.
contract ReceiverMock is IERC7786Recipient {
    enum Behaviour {
        Accept,
        Revert,
        BurnGas,
        ReturnBomb,
        RevertBomb,
        WrongSelector,
        ShortReturn,
        DirtySelector,
        // Calls the gateway with the rest of the payload.
        Reenter,
        // Reverts with less gas than the rest of the payload says.
        NeedGas,
        // Uses almost all gas, and accepts.
        ConsumeGas
    }

    uint256 private constant BOMB_BYTES = 1 << 20;
    uint256 private constant RESERVED_GAS = 190_000;

    /// @notice Whether it accepts everything.
    bool public healed;
    /// @notice Gas at the entry of the last accepted call.
    uint256 public lastGas;
    bytes public lastSender;
    bytes public lastPayload;
    /// @notice What the gateway said to the last re-entry.
    bool public reentered;
    bytes public reentryAnswer;
    mapping(bytes32 receiveId => uint256 times) public executions;
    /// @notice Hash of all call data that came with a message.
    mapping(bytes32 receiveId => bytes32 hash) public callHash;
    bytes32[] private _received;

    error Refused(bytes32 receiveId);
    error TooLittleGas(uint256 available, uint256 required);

    /// @inheritdoc IERC7786Recipient
    function receiveMessage(
        bytes32 receiveId,
        bytes calldata sender,
        bytes calldata payload
    ) external payable returns (bytes4) {
        uint256 available = gasleft();
        Behaviour behaviour = Behaviour.Accept;
        if (payload.length != 0 && !healed) behaviour = Behaviour(uint8(payload[0]));
        if (behaviour == Behaviour.Revert) revert Refused(receiveId);
        if (behaviour == Behaviour.NeedGas) {
            uint256 required = uint256(bytes32(payload[1:]));
            if (available < required) revert TooLittleGas(available, required);
        }
        if (behaviour == Behaviour.BurnGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (behaviour == Behaviour.RevertBomb) {
            assembly ("memory-safe") {
                revert(0, BOMB_BYTES)
            }
        }
        if (behaviour == Behaviour.ReturnBomb) {
            assembly ("memory-safe") {
                return(0x80, BOMB_BYTES)
            }
        }
        if (behaviour == Behaviour.WrongSelector) return 0xdeadbeef;
        bytes32 selector = IERC7786Recipient.receiveMessage.selector;
        if (behaviour == Behaviour.ShortReturn) {
            assembly ("memory-safe") {
                mstore(0, selector)
                return(0, 0x1f)
            }
        }
        if (behaviour == Behaviour.DirtySelector) {
            assembly ("memory-safe") {
                mstore(0, or(selector, 1))
                return(0, 0x20)
            }
        }
        if (behaviour == Behaviour.Reenter) {
            (reentered, reentryAnswer) = msg.sender.call(payload[1:]);
        }
        if (behaviour == Behaviour.ConsumeGas) {
            while (gasleft() > RESERVED_GAS) continue;
        } else {
            lastPayload = payload;
        }
        lastGas = available;
        lastSender = sender;
        ++executions[receiveId];
        callHash[receiveId] = keccak256(msg.data);
        _received.push(receiveId);
        return IERC7786Recipient.receiveMessage.selector;
    }

    function setHealed(bool value) external {
        healed = value;
    }

    /// @notice Ids of the messages that it accepted, in their order.
    function received() external view returns (bytes32[] memory) {
        return _received;
    }
}
