// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGateway} from "../crosschain/IGateway.sol";
import {CompactSignature} from "../crosschain/libraries/CompactSignature.sol";
import {QCPHash} from "../crosschain/libraries/QCPHash.sol";
import {Header} from "../crosschain/types/QCP.sol";
import {IEmission} from "../token/IEmission.sol";
import {IDelegation} from "./IDelegation.sol";
import {Attendance, ILiveness, Sample} from "./ILiveness.sol";
import {IValidatorRegistry, OperatorStatus} from "./IValidatorRegistry.sol";
import {RoundRobin} from "./libraries/RoundRobin.sol";

/// @title Liveness
/// @notice See `ILiveness` and the README of this folder.
contract Liveness is ILiveness {
    using RoundRobin for RoundRobin.Turns;

    /// @notice Attestations that a sample stands for.
    uint256 public constant ATTESTATIONS_PER_SAMPLE = 100;
    /// @notice Samples of the window: 10,000 attestations.
    uint256 public constant WINDOW_SAMPLES = 100;
    /// @notice Samples of the window that may be missed: 3,000 attestations.
    uint256 public constant MAX_MISSED_SAMPLES = 30;
    /// @notice Blocks after which a header is no sample any more: it must be known that it could not be signed earlier.
    uint256 public constant FRESH_BLOCKS = 256;
    uint256 private constant WINDOW_MASK = (1 << WINDOW_SAMPLES) - 1;

    /// @inheritdoc ILiveness
    IValidatorRegistry public immutable REGISTRY;
    /// @inheritdoc ILiveness
    IDelegation public immutable DELEGATION;
    /// @notice The gateway whose headers are sampled.
    IGateway public immutable GATEWAY;
    /// @inheritdoc ILiveness
    IEmission public immutable SCHEDULE;
    /// @inheritdoc ILiveness
    uint64 public immutable PERIOD;
    /// @inheritdoc ILiveness
    uint64 public immutable SLOTS;
    /// @inheritdoc ILiveness
    uint64 public immutable GRACE;

    /// @inheritdoc ILiveness
    uint256 public openPeriod;
    /// @inheritdoc ILiveness
    address public proposer;
    /// @notice Source block of the last sample.
    uint64 public lastSampledBlock;

    mapping(uint256 slot => Sample) private _samples;
    mapping(address operator => Attendance) private _attendance;
    RoundRobin.Turns private _turns;

    constructor(IValidatorRegistry registry, IEmission schedule, uint64 slots, uint64 grace) {
        IDelegation delegation = registry.DELEGATION();
        uint64 period = delegation.EPOCH_SECONDS();
        if (slots == 0 || period % slots != 0) revert InvalidSlots(slots, period);
        if (grace > period) revert GraceTooLong(grace, period);
        if (address(schedule).code.length == 0) revert NotAContract(address(schedule));
        REGISTRY = registry;
        DELEGATION = delegation;
        GATEWAY = registry.GATEWAY();
        SCHEDULE = schedule;
        PERIOD = period;
        SLOTS = slots;
        GRACE = grace;
        openPeriod = block.timestamp / period;
    }

    /// @inheritdoc ILiveness
    function openSample(
        uint64 target,
        Header calldata header,
        uint256 signers,
        bytes calldata signatures
    ) external returns (uint256 slot) {
        // Check
        slot = currentSlot();
        if (_samples[slot].digest != 0) revert SampleExists(slot);
        _requireFresh(header);
        address[] memory set = _setOf(header.epoch);
        bytes32 digest = QCPHash.digest(header, target, GATEWAY.laneState(target).remoteGateway);
        uint256 count = _checkSignatures(set, digest, signers, signatures);
        if (3 * count < 2 * set.length) revert NoQuorum(count, set.length);

        // Effect
        lastSampledBlock = header.sourceBlock;
        _samples[slot] = Sample(digest, header.epoch, uint32(signers));
        emit SampleOpened(slot, target, header.epoch, header.sourceBlock, digest, signers);
    }

    /// @inheritdoc ILiveness
    function addSignatures(uint256 slot, uint256 signers, bytes calldata signatures) external {
        // Check
        if (slot / SLOTS < openPeriod) revert PeriodAlreadyClosed(slot / SLOTS, openPeriod);
        Sample storage sample = _samples[slot];
        if (sample.digest == 0) revert NoSample(slot);
        (, address[] memory set) = REGISTRY.epochRecord(sample.epoch);
        _checkSignatures(set, sample.digest, signers, signatures);

        // Effect
        sample.signed |= uint32(signers);
        emit SignaturesAdded(slot, signers);
    }

    /// @inheritdoc ILiveness
    function closePeriod() external returns (uint256 period) {
        // Check
        period = openPeriod;
        uint256 earliest = closableAt();
        if (block.timestamp < earliest) revert PeriodStillOpen(period, block.timestamp, earliest);

        // Effect
        openPeriod = period + 1;
        uint256 samples = _countSamples(period);
        address[] memory seated = REGISTRY.activeOperators();
        address[] memory signed = _signedOf(period, samples, seated);
        address paid = _contains(signed, proposer) ? proposer : address(0);
        emit PeriodClosed(period, samples, paid, signed);
        _electProposer(seated);

        // Interaction: a vault that approved too little holds no period up, and what is due comes with a later one. Nobody
        // can make the release alone run out of gas: the settlement needs more than the 64th part that is left then.
        try SCHEDULE.release() {} catch {}
        DELEGATION.settle(period, paid, signed);
    }

    /// @inheritdoc ILiveness
    function sampleOf(uint256 slot) external view returns (Sample memory) {
        return _samples[slot];
    }

    /// @inheritdoc ILiveness
    function attendanceOf(address operator) external view returns (Attendance memory) {
        return _attendance[operator];
    }

    /// @inheritdoc ILiveness
    function missedOf(address operator) external view returns (uint256) {
        return _ones(_attendance[operator].window) * ATTESTATIONS_PER_SAMPLE;
    }

    /// @inheritdoc ILiveness
    function closableAt() public view returns (uint256) {
        return (openPeriod + 1) * PERIOD + GRACE;
    }

    /// @inheritdoc ILiveness
    function currentSlot() public view returns (uint256) {
        return block.timestamp / (PERIOD / SLOTS);
    }

    /// @dev Each operator of each sample's set, in the order of the slots.
    function _countSamples(uint256 period) private returns (uint256 samples) {
        uint64 known = 0;
        address[] memory operators;
        for (uint256 slot = period * SLOTS; slot < (period + 1) * SLOTS; ++slot) {
            (uint64 epoch, uint256 signed) = (_samples[slot].epoch, _samples[slot].signed);
            if (epoch == 0) continue;
            if (epoch != known) (known, operators) = (epoch, _operatorsOf(epoch));
            ++samples;
            for (uint256 i = 0; i < operators.length; ++i) {
                _count(operators[i], period, (signed >> i) & 1 == 0);
            }
        }
    }

    function _count(address operator, uint256 period, bool missed) private {
        Attendance memory attendance = _attendance[operator];
        if (attendance.period != period)
            (attendance.period, attendance.sampled, attendance.missed) = (uint64(period), 0, 0);
        ++attendance.sampled;
        attendance.window = uint128((uint256(attendance.window) << 1) & WINDOW_MASK);
        bool tooMany = false;
        if (missed) {
            ++attendance.missed;
            attendance.window |= 1;
            uint256 ones = _ones(attendance.window);
            tooMany = ones > MAX_MISSED_SAMPLES;
            if (tooMany) {
                // Whoever returns starts anew.
                attendance.window = 0;
                emit AttendanceMissed(operator, period, ones * ATTESTATIONS_PER_SAMPLE);
            }
        }
        _attendance[operator] = attendance;
        if (tooMany && !_isGone(operator)) REGISTRY.jailMissing(operator);
    }

    function _electProposer(address[] memory seated) private {
        uint256[] memory bonds = new uint256[](seated.length);
        for (uint256 i = 0; i < seated.length; ++i) {
            bonds[i] = DELEGATION.bondOf(seated[i]);
        }
        proposer = _turns.next(seated, bonds);
        emit ProposerElected(openPeriod, proposer);
    }

    /// @dev Those with a seat that signed at least seven tenths of the period's samples they were to sign; all of them
    /// where there was nothing to sign.
    function _signedOf(
        uint256 period,
        uint256 samples,
        address[] memory seated
    ) private view returns (address[] memory signed) {
        signed = new address[](seated.length);
        uint256 count = 0;
        for (uint256 i = 0; i < seated.length; ++i) {
            if (samples == 0 || _attended(seated[i], period)) signed[count++] = seated[i];
        }
        assembly ("memory-safe") {
            mstore(signed, count)
        }
    }

    function _attended(address operator, uint256 period) private view returns (bool) {
        Attendance memory attendance = _attendance[operator];
        return
            attendance.period == period &&
            uint256(attendance.missed) * WINDOW_SAMPLES <= uint256(attendance.sampled) * MAX_MISSED_SAMPLES;
    }

    /// @dev One that is only inactive must answer: its key is in the set still.
    function _isGone(address operator) private view returns (bool) {
        return REGISTRY.operatorOf(operator).status >= OperatorStatus.Closed;
    }

    function _operatorsOf(uint64 epoch) private view returns (address[] memory operators) {
        (, operators) = REGISTRY.epochRecord(epoch);
        for (uint256 i = 0; i < operators.length; ++i) {
            operators[i] = REGISTRY.keyOf(operators[i]).operator;
        }
    }

    /// @dev A header serves one sample, and one that was signed long ago proves nobody's presence now.
    function _requireFresh(Header calldata header) private view {
        if (header.source != block.chainid) revert WrongSource(header.source, block.chainid);
        uint256 min = uint256(lastSampledBlock) + 1;
        if (block.number > FRESH_BLOCKS && block.number - FRESH_BLOCKS > min) min = block.number - FRESH_BLOCKS;
        if (header.sourceBlock < min || header.sourceBlock >= block.number) {
            revert SourceBlockOutOfRange(header.sourceBlock, min, block.number - 1);
        }
    }

    /// @dev The set of an epoch that the registry published and the gateway accepts still.
    function _setOf(uint64 epoch) private view returns (address[] memory set) {
        (, set) = REGISTRY.epochRecord(epoch);
        if (set.length == 0) revert NotAnEpochOfRegistry(epoch);
        uint256 validUntil = GATEWAY.epochValidUntil(epoch);
        if (block.timestamp > validUntil) revert SamplesEpochExpired(epoch, block.timestamp, validUntil);
    }

    function _checkSignatures(
        address[] memory set,
        bytes32 digest,
        uint256 signers,
        bytes calldata signatures
    ) private pure returns (uint256 count) {
        if (signers == 0 || signers >> set.length != 0) revert SignersOutsideSet(signers, set.length);
        uint256 expected = _ones(signers) * CompactSignature.BYTES;
        if (signatures.length != expected) revert SignaturesMismatch(signatures.length, expected);
        for (uint256 i = 0; i < set.length; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            uint256 offset = count++ * CompactSignature.BYTES;
            address recovered = CompactSignature.recover(digest, signatures[offset:offset + CompactSignature.BYTES]);
            if (recovered != set[i]) revert NotSignedByMember(i, recovered, set[i]);
        }
    }

    function _contains(address[] memory list, address account) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == account) return true;
        }
        return false;
    }

    function _ones(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}
