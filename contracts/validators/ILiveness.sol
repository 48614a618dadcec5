// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Header} from "../crosschain/types/QCP.sol";
import {IEmission} from "../token/IEmission.sol";
import {IDelegation} from "./IDelegation.sol";
import {IValidatorRegistry} from "./IValidatorRegistry.sol";

/// @notice A header that a quorum was shown to have signed: what its epoch's set is measured by.
/// @param digest Its EIP-712 digest for the lane's gateway; zero: the slot has no sample.
/// @param epoch Whose set was to sign it.
/// @param signed Bit i: the i-th signer of the set, ascending, was shown to have signed.
struct Sample {
    bytes32 digest;
    uint64 epoch;
    uint32 signed;
}

/// @notice How an operator attended.
/// @param window Bit i: it missed the sample i before its last one; `WINDOW_SAMPLES` bits.
/// @param period The last closed period in which it was sampled.
/// @param sampled Samples of that period that it was to sign. @param missed Those that it did not.
struct Attendance {
    uint128 window;
    uint64 period;
    uint32 sampled;
    uint32 missed;
}

/// @title Liveness: who attends, and who therefore is paid or jailed
/// @notice A period is a reward epoch, floor(t / `PERIOD`); it has `SLOTS` slots, each with at most one sample. A sample
/// stands for 100 attestations. Source: QOS paper (validators' status, proposer, rewards).
interface ILiveness {
    event SampleOpened(
        uint256 indexed slot,
        uint64 indexed target,
        uint64 epoch,
        uint64 sourceBlock,
        bytes32 digest,
        uint256 signers
    );
    event SignaturesAdded(uint256 indexed slot, uint256 signers);
    event AttendanceMissed(address indexed operator, uint256 indexed period, uint256 missed);
    /// @dev `proposer` is zero if the elected one did not sign, or if there was none.
    event PeriodClosed(uint256 indexed period, uint256 samples, address proposer, address[] signed);
    event ProposerElected(uint256 indexed period, address proposer);

    error NotAContract(address account);
    /// @dev `slots` must divide the period.
    error InvalidSlots(uint256 slots, uint256 period);
    error GraceTooLong(uint256 grace, uint256 max);

    error SampleExists(uint256 slot);
    error NoSample(uint256 slot);
    error WrongSource(uint256 source, uint256 chainId);
    /// @dev `min` is one above the last sampled block, or 256 blocks back.
    error SourceBlockOutOfRange(uint256 sourceBlock, uint256 min, uint256 max);
    error NotAnEpochOfRegistry(uint64 epoch);
    error SamplesEpochExpired(uint64 epoch, uint256 timestamp, uint256 validUntil);
    error NoQuorum(uint256 signatures, uint256 setSize);
    error SignersOutsideSet(uint256 signers, uint256 setSize);
    error SignaturesMismatch(uint256 length, uint256 expected);
    error NotSignedByMember(uint256 index, address recovered, address member);
    error PeriodStillOpen(uint256 period, uint256 timestamp, uint256 closableAt);
    error PeriodAlreadyClosed(uint256 period, uint256 next);

    /// @notice Makes a header of this chain's gateway the present slot's sample. Anyone may call.
    /// @param target Chain of the lane that it is for. @param header Not older than 256 blocks, nor than the last sample.
    /// @param signers Bitmap over the set of its epoch, at least a quorum. @param signatures 64 bytes each, in that order.
    function openSample(
        uint64 target,
        Header calldata header,
        uint256 signers,
        bytes calldata signatures
    ) external returns (uint256 slot);

    /// @notice Adds signatures of a sample, until its period is closed. Anyone may call, the signers included.
    function addSignatures(uint256 slot, uint256 signers, bytes calldata signatures) external;

    /// @notice Closes the oldest open period from `closableAt` on: counts its samples, jails who missed too many, has the
    /// release schedule pay what is due and the rewards split over who signed, and elects the next proposer. Anyone may
    /// call.
    function closePeriod() external returns (uint256 period);

    /// @notice The period that is closed next.
    function openPeriod() external view returns (uint256);

    /// @notice Unix seconds from which `closePeriod` is open.
    function closableAt() external view returns (uint256);

    /// @notice Number of the slot that runs now: slots `p * SLOTS` to `p * SLOTS + SLOTS - 1` are those of period `p`.
    function currentSlot() external view returns (uint256);

    function sampleOf(uint256 slot) external view returns (Sample memory);

    function attendanceOf(address operator) external view returns (Attendance memory);

    /// @notice Attestations of the last 10,000 that `operator` missed, as far as periods are closed.
    function missedOf(address operator) external view returns (uint256);

    /// @notice Elected for the oldest open period; zero if nobody was.
    function proposer() external view returns (address);

    // solhint-disable func-name-mixedcase
    function REGISTRY() external view returns (IValidatorRegistry);

    /// @notice The registry's, which also names the period.
    function DELEGATION() external view returns (IDelegation);

    /// @notice The release schedule that pays the validators.
    function SCHEDULE() external view returns (IEmission);

    /// @notice Seconds of a period.
    function PERIOD() external view returns (uint64);

    /// @notice Slots of a period.
    function SLOTS() external view returns (uint64);

    /// @notice Seconds after a period for which signatures may still be added before anyone can close it.
    function GRACE() external view returns (uint64);
}
