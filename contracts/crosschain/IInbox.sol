// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Header} from "./types/QCP.sol";

/// @title Inbox: delivers batches that a quorum stands for
interface IInbox {
    /// @dev Messages `first … last` were attempted; bit `i` of `failures`:
    /// message `first + i` failed or had expired. `payout`: where the deliverer is to be paid on the source chain.
    event BatchDelivered(uint64 indexed sourceChainId, uint64 first, uint64 last, uint256 failures, address payout);
    /// @dev A message that had failed was executed.
    event MessageRetried(bytes32 indexed receiveId);

    error NothingToDeliver();
    error BatchTooLarge(uint256 messages, uint256 max);
    error StaleHeader(uint64 toSeq, uint64 inSeq);
    error MessageOutOfOrder(uint64 seq, uint64 expected);
    error MessageMalformed(bytes message);
    error AccumulatorMismatch(bytes32 acc, bytes32 expected);
    /// @dev The transaction must carry more gas; nothing was delivered.
    error InsufficientGas(uint64 seq, uint256 available, uint256 required);
    error NotRetriable(uint64 sourceChainId, uint64 seq);
    error MessageExpired(uint64 seq, uint40 deadline);
    error RetryFailed(uint64 seq);

    /// @notice Checks a quorum's header, replays the results and executes the messages that come with it, in order.
    /// Anyone may call. A message that fails or has expired is recorded and never stops those after it. It fails where
    /// its recipient reverts, runs out of the message's gas, or returns anything but the ERC-7786 selector: a recipient
    /// that means to refuse must revert, else its effects stand although the source calls the message failed.
    /// @param delivery Packed: `libraries/DeliveryCodec.sol` and `protocol/delivery.ts` define the bytes.
    function deliver(bytes calldata delivery) external;

    /// @notice Executes a message that failed and is not reclaimable, with all gas that the caller gives. Anyone may
    /// call; reverts if it fails again. @param message Its packed bytes.
    function retry(uint64 sourceChainId, bytes calldata message) external;

    /// @notice Leaf of a received message that may be retried; zero if none.
    function retriable(uint64 sourceChainId, uint64 seq) external view returns (bytes32 leaf);

    /// @notice The results' accumulator after the first batch that reached message `index * 256`; zero if none did yet.
    function resultCheckpoint(uint64 sourceChainId, uint64 index) external view returns (bytes32);

    /// @notice EIP-712 digest of a header for this gateway.
    function headerDigest(Header calldata header) external view returns (bytes32);
}
