// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IQuorum} from "./IQuorum.sol";
import {CompactSignature} from "./libraries/CompactSignature.sol";
import {QCPHash} from "./libraries/QCPHash.sol";
import {SignerSet} from "./libraries/SignerSet.sol";
import {Rotation} from "./types/QCP.sol";

/// @title Quorum: epochs of signer sets, rotation, and the check that two thirds signed
abstract contract Quorum is IQuorum {
    using SignerSet for bytes;
    using QCPHash for Rotation;

    struct Epoch {
        address set;
        uint64 validUntil;
    }

    /// @dev `protocol/laneStorage.ts` proves the first slot: the current epoch is its lowest 64 bits.
    /// @custom:storage-location erc7201:gamenet.storage.Quorum
    struct QuorumStorage {
        uint64 current;
        uint64 previous;
        uint64 rotatedAt;
        mapping(uint64 epoch => Epoch) epochs;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("gamenet.storage.Quorum")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE_SLOT = 0x3f24966cf8d851f5d9cd461e4d2255b27b77ff506672c6a2b35c63d9a4efa800;

    /// @notice Seats of a set.
    uint256 public constant MAX_SIGNERS = 21;
    /// @notice A set is renewed at least this often.
    uint64 public constant MAX_VALIDITY = 7 days;
    /// @notice An epoch follows the one before at most so far away: nobody can use up the numbers.
    uint64 public constant MAX_EPOCH_STEP = 1 << 32;

    /// @inheritdoc IQuorum
    uint256 public immutable MIN_SIGNERS;
    /// @inheritdoc IQuorum
    uint64 public immutable ROTATION_DELAY;
    /// @inheritdoc IQuorum
    uint64 public immutable OVERLAP;

    constructor(uint256 minSigners, uint64 rotationDelay, uint64 overlap) {
        // Fewer than four tolerate no fault; a local chain may do with less.
        uint256 least = block.chainid == 31337 || block.chainid == 31338 ? 1 : 4;
        if (minSigners < least) revert MinSignersTooFew(minSigners, least);
        // So that no more than two epochs are valid at a time.
        if (overlap > rotationDelay) revert OverlapTooLong(overlap, rotationDelay);
        MIN_SIGNERS = minSigners;
        ROTATION_DELAY = rotationDelay;
        OVERLAP = overlap;
    }

    /// @inheritdoc IQuorum
    function rotate(Rotation calldata rotation, uint256 signers, bytes calldata signatures) external {
        QuorumStorage storage $ = _quorum();
        uint256 earliest = uint256($.rotatedAt) + ROTATION_DELAY;
        if (block.timestamp < earliest) revert RotationTooEarly(block.timestamp, earliest);
        uint256 end = _checkQuorum($.current, rotationDigest(rotation), signers, signatures, 0);
        if (end != signatures.length) revert SignaturesLength(signatures.length, end);
        _installEpoch(rotation);
    }

    /// @inheritdoc IQuorum
    function currentEpoch() public view returns (uint64) {
        return _quorum().current;
    }

    /// @inheritdoc IQuorum
    function epochValidUntil(uint64 epoch) public view returns (uint64) {
        return _quorum().epochs[epoch].validUntil;
    }

    /// @inheritdoc IQuorum
    function signersOf(uint64 epoch) external view returns (address[] memory signers) {
        bytes memory set = SignerSet.load(_quorum().epochs[epoch].set);
        signers = new address[](set.count());
        for (uint256 i = 0; i < signers.length; ++i) {
            signers[i] = set.at(i);
        }
    }

    /// @inheritdoc IQuorum
    function rotationDigest(Rotation calldata rotation) public view returns (bytes32) {
        return rotation.digest(block.chainid, address(this));
    }

    function _installEpoch(Rotation memory rotation) internal {
        QuorumStorage storage $ = _quorum();
        uint64 current = $.current;
        if (rotation.epoch <= current) revert EpochNotNewer(rotation.epoch, current);
        if (rotation.epoch - current > MAX_EPOCH_STEP) revert EpochTooFar(rotation.epoch, current + MAX_EPOCH_STEP);
        uint256 latest = block.timestamp + MAX_VALIDITY;
        if (rotation.validUntil <= block.timestamp || rotation.validUntil > latest) {
            revert ValidityOutOfRange(rotation.validUntil, latest);
        }
        _checkSet(rotation.signers);

        // The epoch before the current one ends now, the current one after the overlap.
        $.epochs[$.previous].validUntil = 0;
        Epoch storage ending = $.epochs[current];
        uint64 end = uint64(block.timestamp) + OVERLAP;
        if (ending.validUntil > end) ending.validUntil = end;

        $.previous = current;
        $.current = rotation.epoch;
        $.rotatedAt = uint64(block.timestamp);
        $.epochs[rotation.epoch] = Epoch(SignerSet.store(rotation.signers), rotation.validUntil);
        emit EpochRotated(rotation.epoch, rotation.validUntil, rotation.signers);
    }

    /// @dev At most two epochs are ever valid, so voiding the one before the current voids all below.
    function _raiseFloor(uint64 floor) internal {
        QuorumStorage storage $ = _quorum();
        if (floor > $.current) revert FloorAboveCurrent(floor, $.current);
        if ($.previous < floor) $.epochs[$.previous].validUntil = 0;
        emit FloorRaised(floor);
    }

    /// @dev Reverts unless exactly a quorum of `epoch`'s set signed `digest`. The signatures stand in `data` from `offset`
    /// on; returns where they end. Epoch 0 and unknown epochs have no set.
    function _checkQuorum(
        uint64 epoch,
        bytes32 digest,
        uint256 signers,
        bytes calldata data,
        uint256 offset
    ) internal view returns (uint256 end) {
        bytes memory set = _acceptedSet(epoch);
        uint256 size = set.count();
        if (signers >> size != 0) revert SignerBitOutOfRange(signers, size);
        uint256 needed;
        unchecked {
            // The least k with 3k >= 2n; sizes and offsets are far below any overflow.
            needed = (2 * size + 2) / 3;
            end = offset + needed * CompactSignature.BYTES;
        }
        if (end > data.length) revert SignaturesLength(data.length - offset, end - offset);

        (uint256 given, uint256 bad, address recovered) = CompactSignature.check(
            set,
            signers,
            digest,
            data[offset:end]
        );
        if (bad != 0) revert InvalidSignature(bad - 1, recovered, set.at(bad - 1));
        if (given != needed) revert WrongSignatureCount(given, needed);
    }

    function _acceptedSet(uint64 epoch) private view returns (bytes memory) {
        Epoch storage record = _quorum().epochs[epoch];
        (address pointer, uint64 validUntil) = (record.set, record.validUntil);
        if (block.timestamp > validUntil) revert EpochNotAccepted(epoch, validUntil, block.timestamp);
        return SignerSet.load(pointer);
    }

    function _checkSet(address[] memory signers) private view {
        uint256 size = signers.length;
        if (size < MIN_SIGNERS || size > MAX_SIGNERS) revert SetSizeOutOfRange(size, MIN_SIGNERS, MAX_SIGNERS);
        address last = address(0);
        for (uint256 i = 0; i < size; ++i) {
            if (signers[i] <= last) revert SignersNotAscending(i, signers[i]);
            last = signers[i];
        }
    }

    function _quorum() internal pure returns (QuorumStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE_SLOT
        }
    }
}
