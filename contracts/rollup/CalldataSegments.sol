// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBatchData} from "./IBatchData.sol";

/// @notice Shows one segment of a batch whose segments were in calldata.
/// @param segmentHashes Of all of them.
/// @param bodyHashBefore keccak256 of the body of the segment before; of no meaning for the first.
/// @param body The segment's bytes.
/// @param claimed Hash of the state that it claims to lead to; of no meaning for the last.
struct CalldataOpening {
    bytes32[] segmentHashes;
    bytes32 bodyHashBefore;
    bytes body;
    bytes32 claimed;
}

/// @title Segments in calldata
/// @notice The commitment is keccak256 of all segment hashes. See `IBatchData`; `protocol/ledger/batch.ts` is the twin.
contract CalldataSegments is IBatchData {
    /// @notice A proof shows a whole body within one transaction.
    uint256 public constant MAX_BODY = 6_000;
    /// @notice A proof shows all their hashes.
    uint256 public constant MAX_SEGMENTS = 256;
    uint256 private constant LENGTH_BYTES = 2;
    uint256 private constant HASH_BYTES = 32;

    error SegmentsMalformed(uint256 offset);
    error SegmentTooLong(uint256 segment, uint256 length, uint256 most);
    error TooManySegments(uint256 most);

    /// @notice Commits to segments: each `u16` length and body, and behind each but the last 32 bytes, the hash of the state
    /// after it.
    /// @param last Hash of the state after the last of them.
    /// @return count How many, at least one.
    /// @return commitment What `open` opens.
    function commit(bytes calldata segments, bytes32 last) external pure returns (uint32 count, bytes32 commitment) {
        bytes32[] memory hashes = new bytes32[](MAX_SEGMENTS);
        for (uint256 offset = 0; ; ++count) {
            if (count == MAX_SEGMENTS) revert TooManySegments(MAX_SEGMENTS);
            uint256 start = offset + LENGTH_BYTES;
            if (start > segments.length) revert SegmentsMalformed(offset);
            uint256 length = uint16(bytes2(segments[offset:start]));
            if (length > MAX_BODY) revert SegmentTooLong(count, length, MAX_BODY);
            offset = start + length;
            if (offset > segments.length) revert SegmentsMalformed(start);
            bytes32 bodyHash = _bodyHash(segments[start:offset]);
            if (offset == segments.length) {
                hashes[count++] = _segmentHash(last, bodyHash);
                return (count, _commitment(hashes, count));
            }
            if (offset + HASH_BYTES > segments.length) revert SegmentsMalformed(offset);
            hashes[count] = _segmentHash(bytes32(segments[offset:offset + HASH_BYTES]), bodyHash);
            offset += HASH_BYTES;
        }
    }

    /// @inheritdoc IBatchData
    function open(
        bytes32 commitment,
        uint32 count,
        uint256 segment,
        bytes32 before,
        bytes32 last,
        bytes calldata opening
    ) external pure returns (bytes memory body, bytes32 claimed) {
        CalldataOpening memory shown = abi.decode(opening, (CalldataOpening));
        bytes32[] memory hashes = shown.segmentHashes;
        // The hashes of `count` segments have no second reading: a list of another length has another hash.
        bytes32 given = _commitment(hashes, hashes.length);
        if (given != commitment) revert WrongSegments(given, commitment);
        if (segment != 0) _requireSegment(segment - 1, hashes, before, shown.bodyHashBefore);
        claimed = segment + 1 == count ? last : shown.claimed;
        _requireSegment(segment, hashes, claimed, keccak256(shown.body));
        return (shown.body, claimed);
    }

    function _requireSegment(
        uint256 segment,
        bytes32[] memory hashes,
        bytes32 stateHash,
        bytes32 bodyHash
    ) private pure {
        bytes32 given = _segmentHash(stateHash, bodyHash);
        if (given != hashes[segment]) revert WrongSegment(segment, given, hashes[segment]);
    }

    /// @dev Each body is hashed where free memory begins, which stays free: 80 KB of segments must not fill 80 KB of memory.
    function _bodyHash(bytes calldata body) private pure returns (bytes32 bodyHash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, body.offset, body.length)
            bodyHash := keccak256(free, body.length)
        }
    }

    function _segmentHash(bytes32 stateHash, bytes32 bodyHash) private pure returns (bytes32 segmentHash) {
        assembly ("memory-safe") {
            mstore(0, stateHash)
            mstore(32, bodyHash)
            segmentHash := keccak256(0, 64)
        }
    }

    function _commitment(bytes32[] memory hashes, uint256 count) private pure returns (bytes32 commitment) {
        assembly ("memory-safe") {
            commitment := keccak256(add(hashes, 32), mul(count, 32))
        }
    }
}
