// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice State of a source gateway for one lane at the end of one finalized block: what relayers sign.
/// @param source Chain id of the source gateway.
/// @param sourceBlock Block whose end state this is; a multiple of the lane's cadence.
/// @param epoch Current epoch of the source gateway at that block: whose signatures count.
/// @param toSeq Sequence of the outbox's last message to the target.
/// @param acc Hash chain over the leaves of all messages up to `toSeq`.
/// @param ackSeq Last message from the target that the source's inbox has delivered.
/// @param resAcc Hash chain over the source inbox's results up to `ackSeq`.
struct Header {
    uint64 source;
    uint64 sourceBlock;
    uint64 epoch;
    uint64 toSeq;
    bytes32 acc;
    uint64 ackSeq;
    bytes32 resAcc;
}

/// @notice The signer set that follows the current one.
/// @param epoch Its number, above the current one.
/// @param validUntil Unix seconds; at most 7 days ahead.
/// @param signers Distinct, non-zero, strictly ascending.
struct Rotation {
    uint64 epoch;
    uint64 validUntil;
    address[] signers;
}

/// @notice All of a message but its payload.
/// @param seq Place in its lane, from 1.
/// @param gasLimit Gas for the recipient, exactly.
/// @param deadline Unix seconds after which it fails unexecuted; 0: never.
/// @param reclaimable Final once failed.
struct Envelope {
    uint64 seq;
    address sender;
    address recipient;
    uint32 gasLimit;
    uint40 deadline;
    bool reclaimable;
}

/// @notice What a message of a lane costs its sender, in units of 10^6 wei (1 mwei) of the source's coin:
/// `base + perGas * gasLimit + perByte * payload bytes`.
struct LaneFees {
    uint48 base;
    uint32 perGas;
    uint32 perByte;
}

/// @notice What the source chain knows of a message.
/// - Unknown: this gateway never sent it.
/// - Pending: sent, no result yet.
/// - Succeeded: it executed on the target.
/// - Failed: its first attempt failed; anyone may retry it on the target.
/// - FailedFinal: it failed and can never execute; its sender may take back what it stood for, once.
enum Status {
    Unknown,
    Pending,
    Succeeded,
    Failed,
    FailedFinal
}
