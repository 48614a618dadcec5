// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {Status} from "./types/QCP.sol";

/// @title Outbox: an ERC-7786 source gateway with one FIFO queue per lane
/// @notice Attributes of `sendMessage`, ABI-encoded with their selector, each at most once:
/// - `gasLimit(uint256)`: gas for the recipient, exactly; default 200,000; at most the lane's `maxGas`
/// - `deadline(uint256)`: Unix seconds after which the message fails unexecuted; default 0, never
/// - `reclaimable(bool)`: final once failed, so that the sender may take back what it stood for; default false
/// The value of a call is the fee, which is `quote`, exactly: nothing is refunded, so that a send never calls anybody. A
/// fee is what the message's deliverer earns, whether the message succeeds, fails or comes too late; its result credits it.
interface IOutbox is IERC7786GatewaySource {
    /// @dev One result record of the target was replayed.
    event ResultRecorded(uint64 indexed targetChainId, uint64 first, uint64 last, uint256 failures, address payout);

    /// @dev `amount` wei were added to what the message's deliverer earns: its fee, or more of it.
    event MessageFunded(bytes32 indexed sendId, uint256 amount);
    /// @dev `amount` wei for the messages of the `ResultRecorded` before it.
    event FeesCredited(address indexed payee, uint256 amount);
    event FeesWithdrawn(address indexed payee, address to, uint256 amount);

    error UnknownLane(uint256 chainId);
    error LanePaused(uint64 chainId);
    /// @dev A message carries no native coin: the value is its fee, no less and no more.
    error WrongFee(uint256 value, uint256 fee);
    /// @dev Nothing, or no multiple of the unit.
    error InvalidTopUp(uint256 value, uint256 unit);
    error NotPending(bytes32 sendId, Status status);
    error NoFees(address payee);
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

    /// @notice Raises what the deliverer of a pending message earns, by a multiple of 10^6 wei. Anyone may pay, and gets
    /// nothing back: if it is delivered already and only its result is missing, it comes to that deliverer.
    function topUp(bytes32 sendId) external payable;

    /// @notice Pays the caller what it earned by deliveries, to `to`. No pause stops it; not while this gateway delivers.
    function withdrawFees(address to) external;

    /// @notice Wei that a message with this payload and gas limit (default 200,000) costs now. Reverts with UnknownLane.
    function quote(uint64 chainId, uint256 payloadBytes, uint256 gasLimit) external view returns (uint256 fee);

    /// @notice Wei that the deliverer of a message earns, whatever became of it; 0 for one that was never sent.
    function feeOf(bytes32 sendId) external view returns (uint256 fee);

    /// @notice Wei that `payee` has earned by deliveries and not withdrawn.
    function earnedBy(address payee) external view returns (uint256);

    /// @notice Status of a message that this gateway sent; Unknown for any other id. Never stopped by a pause.
    function statusOf(bytes32 sendId) external view returns (Status);

    /// @notice Accumulator of the outbox after message `index * 256`; zero if there is none yet.
    function checkpoint(uint64 chainId, uint64 index) external view returns (bytes32);
}
