// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {Status} from "../crosschain/types/QCP.sol";

/// @notice Half of a pair of ERC-7786 gateways on one chain that pretend to be on two. The test decides what becomes of
/// each message. It knows the attributes `gasLimit(uint256)`,
/// `deadline(uint256)` and `reclaimable(bool)`.
contract GatewayMock is IERC7786GatewaySource {
    struct Message {
        address sender;
        address recipient;
        bool reclaimable;
        bytes payload;
        uint256 deadline;
        uint256 gasLimit;
        uint256 value;
    }

    bytes4 private constant GAS_LIMIT = bytes4(keccak256("gasLimit(uint256)"));
    bytes4 private constant RECLAIMABLE = bytes4(keccak256("reclaimable(bool)"));
    bytes4 private constant DEADLINE = bytes4(keccak256("deadline(uint256)"));
    uint256 private constant DEFAULT_GAS_LIMIT = 200_000;

    /// @notice Chain id that receivers see as the source.
    uint64 public immutable CHAIN_ID;
    uint256 public sent;
    mapping(bytes32 sendId => Status status) public statusOf;
    mapping(bytes32 sendId => Message message) public messageOf;

    error NotPending(bytes32 sendId, Status status);

    constructor(uint64 chainId) {
        CHAIN_ID = chainId;
    }

    function sendMessage(
        bytes calldata recipient,
        bytes calldata payload,
        bytes[] calldata attributes
    ) external payable returns (bytes32 sendId) {
        sendId = keccak256(abi.encode(CHAIN_ID, ++sent));
        (, address to) = InteroperableAddress.parseEvmV1Calldata(recipient);
        Message storage message = messageOf[sendId];
        message.sender = msg.sender;
        message.recipient = to;
        message.payload = payload;
        message.value = msg.value;
        message.gasLimit = DEFAULT_GAS_LIMIT;
        for (uint256 i = 0; i < attributes.length; ++i) {
            bytes4 selector = bytes4(attributes[i][:4]);
            if (selector == RECLAIMABLE) message.reclaimable = abi.decode(attributes[i][4:], (bool));
            else if (selector == DEADLINE) message.deadline = abi.decode(attributes[i][4:], (uint256));
            else if (selector == GAS_LIMIT) message.gasLimit = abi.decode(attributes[i][4:], (uint256));
            else revert UnsupportedAttribute(selector);
        }
        statusOf[sendId] = Status.Pending;
        bytes memory sender = InteroperableAddress.formatEvmV1(CHAIN_ID, msg.sender);
        emit MessageSent(sendId, sender, recipient, payload, msg.value, attributes);
    }

    /// @notice Executes a message at its recipient through the other gateway.
    function deliver(bytes32 sendId, GatewayMock other) external {
        if (statusOf[sendId] != Status.Pending) revert NotPending(sendId, statusOf[sendId]);
        Message storage message = messageOf[sendId];
        bool success =
            (message.deadline == 0 || block.timestamp <= message.deadline) && other.execute(sendId, CHAIN_ID, message);
        statusOf[sendId] = success ? Status.Succeeded : _failed(message);
    }

    /// @notice Fails a message unexecuted.
    function fail(bytes32 sendId) external {
        if (statusOf[sendId] != Status.Pending) revert NotPending(sendId, statusOf[sendId]);
        statusOf[sendId] = _failed(messageOf[sendId]);
    }

    function setStatus(bytes32 sendId, Status status) external {
        statusOf[sendId] = status;
    }

    /// @notice Calls a recipient with the message's gas, as the receiving half.
    function execute(
        bytes32 receiveId,
        uint64 sourceChainId,
        Message calldata message
    ) external returns (bool success) {
        bytes memory from = InteroperableAddress.formatEvmV1(sourceChainId, message.sender);
        bytes memory call = abi.encodeCall(IERC7786Recipient.receiveMessage, (receiveId, from, message.payload));
        (success, ) = message.recipient.call{gas: message.gasLimit}(call);
    }

    /// @notice Calls a recipient with any sender and lets its error through.
    function executeOrRevert(
        bytes32 receiveId,
        uint64 sourceChainId,
        address sender,
        address recipient,
        bytes calldata payload
    ) external {
        IERC7786Recipient(recipient).receiveMessage(
            receiveId,
            InteroperableAddress.formatEvmV1(sourceChainId, sender),
            payload
        );
    }

    function supportsAttribute(bytes4 selector) external pure returns (bool) {
        return selector == RECLAIMABLE || selector == DEADLINE;
    }

    function _failed(Message storage message) private view returns (Status) {
        return message.reclaimable ? Status.FailedFinal : Status.Failed;
    }
}
