// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice One remote chain, both directions. A send touches the first two slots; a delivery the two after them.
/// `protocol/laneStorage.ts` proves slots 0 to 3 against a block's state root.
struct Lane {
    // slot 0
    bytes32 outAcc;
    // slot 1
    uint64 outSeq;
    uint16 cadence;
    uint32 maxGas;
    uint24 maxBytes;
    bool outPaused;
    // What a message costs, in units of 10^6 wei: `libraries/FeeLedger.sol`.
    uint48 feeBase;
    uint32 feePerGas;
    uint32 feePerByte;
    // slot 2
    bytes32 resAcc;
    // slot 3
    uint64 inSeq;
    uint64 ackSeq;
    uint64 remoteTag;
    // Equals `outPaused`: each direction reads it from the slot that it reads anyway.
    bool inPaused;
    // Whether any message of the outbox ever carried a fee.
    bool hasFees;
    // slot 4
    bytes32 ackAcc;
    // slot 5
    address remoteGateway;
    // Accumulator after every 256th message.
    mapping(uint64 index => bytes32 acc) checkpoints;
    // Bit per message, 256 to a word.
    mapping(uint64 word => uint256 bits) reclaimable;
    mapping(uint64 word => uint256 bits) failures;
    // Leaves of received messages that failed and may be retried.
    mapping(uint64 seq => bytes32 leaf) retriable;
    // What sent messages pay, four to a word.
    mapping(uint64 word => uint256 amounts) fees;
    // The results' accumulator after the batch that held, or was the first beyond, every 256th message.
    mapping(uint64 index => bytes32 acc) resultCheckpoints;
}

/// @title The lanes of a gateway, at a fixed place (ERC-7201), so that a storage proof survives a change of inheritance
library LaneStorage {
    /// @dev keccak256(abi.encode(uint256(keccak256("gamenet.storage.Lanes")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SLOT = 0xfc9184e4f6e9572110eb5f8eecfbcb5cb99d52d9a4f33429bd7ceef1ce2fd400;

    function lanes() internal pure returns (mapping(uint64 chainId => Lane) storage all) {
        assembly ("memory-safe") {
            all.slot := SLOT
        }
    }
}
