// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {Status} from "./types/QCP.sol";

/// @title Outbox: an ERC-7786 source gateway with one FIFO queue per lane
/// @notice Attributes of `sendMessage`, ABI-encoded with their selector, each at most once:
/// - `gasLimit(uint256)`: gas for the recipient, exactly; default 200,000; at most the lane's `maxGas`
/// - `deadline(uint256)`: Unix seconds after which the message fails unexecuted; default 0, never
/// - `reclaimable(bool)`: final once failed, so that the sender may take back what it stood for; default false
interface IOutbox is IERC7786GatewaySource {
    /// @dev One result record of the target was replayed.
    event ResultRecorded(uint64 indexed targetChainId, uint64 first, uint64 last, uint256 failures, address payout);

    error UnknownLane(uint256 chainId);
    error LanePaused(uint64 chainId);
    /// @dev Native coin cannot be carried by a message.
    error UnsupportedNativeTransfer(uint256 value);
    error InvalidRecipient(bytes recipient);
    error InvalidAttribute(bytes attribute);
    error DuplicateAttribute(bytes4 selector);
    error DeadlineOutOfRange(uint256 deadline, uint256 earliest);
    error GasLimitTooHigh(uint256 gasLimit, uint256 maxGas);
    error PayloadTooLong(uint256 length, uint256 maxBytes);
    /// @dev As many messages as one delivery can reach over await acknowledgement; send again once some arrived.
    error LaneFull(uint64 chainId, uint64 inFlight);
    error AckAhead(uint64 ackSeq, uint64 outSeq);
    error AckBehind(uint64 ackSeq, uint64 known);
    error ResultOutOfOrder(uint64 first, uint64 last, uint64 expectedFirst);
    error FailureOutOfRange(uint256 failures, uint256 messages);
    error ResultMismatch(bytes32 resAcc, bytes32 expected);

    /// @notice Status of a message that this gateway sent; Unknown for any other id. Never stopped by a pause.
    function statusOf(bytes32 sendId) external view returns (Status);

    /// @notice Accumulator of the outbox after message `index * 256`; zero if there is none yet.
    function checkpoint(uint64 chainId, uint64 index) external view returns (bytes32);
}
