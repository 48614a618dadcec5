// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBatchData} from "./IBatchData.sol";
import {BlobElements} from "./libraries/BlobElements.sol";

/// @notice Shows the first field elements of a slot.
/// @param commitment KZG commitment of its blob: 48 bytes.
/// @param values The elements.
/// @param proofs A KZG proof for each: 48 bytes each.
struct SlotOpening {
    bytes commitment;
    bytes32[] values;
    bytes proofs;
}

/// @notice Shows one segment of a batch whose segments were in blobs.
/// @param versionedHashes Of all its blobs.
/// @param before The head of the slot before, which has the state before; of no meaning for the first segment.
/// @param shown The segment's slot, as far as it is used.
struct BlobOpening {
    bytes32[] versionedHashes;
    SlotOpening before;
    SlotOpening shown;
}

/// @title Segments in blobs (EIP-4844)
/// @notice Segment i is slot i % 64 of blob i / 64. A slot is 64 field elements of 31 bytes, the lower ones: the highest byte
/// does not count. It holds `u16` length, the hash of the state after the segment, and the body; where the length is beyond the
/// slot, the body is empty. So every blob has one reading. The commitment is keccak256 of the blobs' versioned hashes.
/// `protocol/ledger/blobs.ts` is the twin.
contract BlobSegments is IBatchData {
    uint256 public constant SLOT_ELEMENTS = 64;
    uint256 public constant SLOTS = 64;
    uint256 private constant ELEMENT_BYTES = 31;
    uint256 private constant PROOF_BYTES = 48;
    uint256 private constant LENGTH_BYTES = 2;
    /// @dev Length and state hash.
    uint256 private constant HEAD_BYTES = 34;
    uint256 private constant HEAD_ELEMENTS = 2;
    /// @notice Beyond it a body is empty.
    uint256 public constant MAX_BODY = SLOT_ELEMENTS * ELEMENT_BYTES - HEAD_BYTES;

    /// @inheritdoc IBatchData
    function open(
        bytes32 commitment,
        uint32 count,
        uint256 segment,
        bytes32 before,
        bytes32 last,
        bytes calldata opening
    ) external view returns (bytes memory body, bytes32 claimed) {
        BlobOpening memory given = abi.decode(opening, (BlobOpening));
        bytes32[] memory hashes = given.versionedHashes;
        bytes32 data = keccak256(abi.encodePacked(hashes));
        if (data != commitment) revert WrongSegments(data, commitment);
        if (segment != 0) {
            bytes memory slotBefore = _read(hashes, segment - 1, given.before);
            bytes32 stateHash = _stateHash(slotBefore);
            if (stateHash != before) revert WrongSegment(segment - 1, before, stateHash);
        }
        bytes memory slot = _read(hashes, segment, given.shown);
        uint256 length = _length(slot);
        uint256 needed = (HEAD_BYTES + length + ELEMENT_BYTES - 1) / ELEMENT_BYTES;
        if (given.shown.values.length < needed) revert WrongElementCount(given.shown.values.length, needed);
        body = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(body, 32), add(slot, 66), length)
        }
        claimed = segment + 1 == count ? last : _stateHash(slot);
    }

    /// @dev The bytes of the elements that are shown; at least the slot's head.
    function _read(
        bytes32[] memory versionedHashes,
        uint256 segment,
        SlotOpening memory opening
    ) private view returns (bytes memory data) {
        uint256 count = opening.values.length;
        if (count < HEAD_ELEMENTS) revert WrongElementCount(count, HEAD_ELEMENTS);
        if (count > SLOT_ELEMENTS) revert WrongElementCount(count, SLOT_ELEMENTS);
        if (opening.proofs.length != count * PROOF_BYTES) {
            revert WrongElementCount(opening.proofs.length / PROOF_BYTES, count);
        }
        if (opening.commitment.length != PROOF_BYTES) revert WrongElementCount(0, 1);
        bytes32 versionedHash = versionedHashes[segment / SLOTS];
        uint256 first = (segment % SLOTS) * SLOT_ELEMENTS;
        data = new bytes(count * ELEMENT_BYTES + 1);
        for (uint256 i = 0; i < count; ++i) {
            bytes32 value = opening.values[i];
            bool ok = BlobElements.isElement(
                versionedHash,
                first + i,
                value,
                opening.commitment,
                opening.proofs,
                i * PROOF_BYTES
            );
            if (!ok) revert WrongElement(segment, i);
            assembly ("memory-safe") {
                mstore(add(add(data, 32), mul(i, ELEMENT_BYTES)), shl(8, value))
            }
        }
    }

    function _length(bytes memory slot) private pure returns (uint256 length) {
        assembly ("memory-safe") {
            length := shr(240, mload(add(slot, 32)))
        }
        if (length > MAX_BODY) length = 0;
    }

    function _stateHash(bytes memory slot) private pure returns (bytes32 stateHash) {
        assembly ("memory-safe") {
            stateHash := mload(add(slot, 34))
        }
    }
}
