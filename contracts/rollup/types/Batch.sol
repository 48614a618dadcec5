// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerState} from "./Ledger.sol";

/// @notice Where the segments of a batch are.
enum DataMode {
    Calldata,
    Blobs
}

/// @notice A batch as it was posted. Layer 1 keeps its hash, keccak256(abi.encode(batch)): whoever speaks of it gives it
/// whole.
/// @param number From 1; 0 is the beginning.
/// @param parent Hash of the batch before.
/// @param state What its last segment claims to lead to.
/// @param time The clock of layer 2, in Unix seconds.
/// @param queueTime All entries queued until then are consumed by it.
/// @param postedAt Unix seconds of the block that took it.
/// @param blockNumber That block.
/// @param poster Whose bond stands for it.
/// @param mode Where its segments are.
/// @param segments How many.
/// @param data Calldata: keccak256 of all segment hashes. Blobs: keccak256 of all versioned hashes.
struct Batch {
    uint64 number;
    bytes32 parent;
    LedgerState state;
    uint64 time;
    uint64 queueTime;
    uint64 postedAt;
    uint64 blockNumber;
    address poster;
    DataMode mode;
    uint32 segments;
    bytes32 data;
}

/// @notice What a poster claims of a batch.
/// @param parent Hash of the latest batch, on which it builds.
/// @param parentBlock The block that took that one: from the latest batch backwards, every batch is found without logs.
/// @param state The state after it.
/// @param time Its clock.
/// @param queueTime All entries queued until then are consumed by it.
struct BatchClaim {
    bytes32 parent;
    uint64 parentBlock;
    LedgerState state;
    uint64 time;
    uint64 queueTime;
}

/// @notice An entry of the queue, as layer 1 keeps it.
/// @param entryHash First 27 bytes of keccak256(entry).
/// @param queuedAt Unix seconds; the entry begins with them.
struct QueuedEntry {
    bytes27 entryHash;
    uint40 queuedAt;
}

using {batchHash} for Batch global;

/// @dev keccak256(abi.encode(batch)), by hand: the compiler's encoding costs 600 gas more, for each batch that is posted. Its state
/// is where the third word points.
function batchHash(Batch memory batch) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        let words := mload(0x40)
        mcopy(words, batch, 64)
        mcopy(add(words, 64), mload(add(batch, 64)), 96)
        mcopy(add(words, 160), add(batch, 96), 256)
        hash := keccak256(words, 416)
    }
}
