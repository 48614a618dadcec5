// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGateway} from "../crosschain/IGateway.sol";
import {CompactSignature} from "../crosschain/libraries/CompactSignature.sol";
import {QCPHash} from "../crosschain/libraries/QCPHash.sol";
import {HeadEvidence, ISlashing, ResultEvidence, SignedHeader, SignedRotation, Target} from "./ISlashing.sol";
import {IValidatorRegistry, Offence} from "./IValidatorRegistry.sol";
import {Equivocation} from "./libraries/Equivocation.sol";
import {Falsehood} from "./libraries/Falsehood.sol";

/// @title Slashing
/// @notice See `ISlashing` and the README of this folder. It holds nothing and knows nothing: it checks a proof against
/// the registry and the gateway, and tells the registry.
contract Slashing is ISlashing {
    /// @inheritdoc ISlashing
    IValidatorRegistry public immutable REGISTRY;
    /// @inheritdoc ISlashing
    IGateway public immutable GATEWAY;

    constructor(IValidatorRegistry registry) {
        REGISTRY = registry;
        GATEWAY = registry.GATEWAY();
    }

    /// @inheritdoc ISlashing
    function proveMessages(Target calldata target, SignedHeader calldata first, SignedHeader calldata second) external {
        Equivocation.requireMessagesConflict(first.header, second.header);
        _slashForHeaders(Offence.Messages, target, first, second);
    }

    /// @inheritdoc ISlashing
    function proveResults(Target calldata target, SignedHeader calldata first, SignedHeader calldata second) external {
        Equivocation.requireResultsConflict(first.header, second.header);
        _slashForHeaders(Offence.Results, target, first, second);
    }

    /// @inheritdoc ISlashing
    function proveBlock(Target calldata target, SignedHeader calldata first, SignedHeader calldata second) external {
        Equivocation.requireBlockConflict(first.header, second.header);
        _slashForHeaders(Offence.Block, target, first, second);
    }

    /// @inheritdoc ISlashing
    function proveRotations(
        Target calldata target,
        SignedRotation calldata first,
        SignedRotation calldata second
    ) external {
        Equivocation.requireRotationsConflict(first.rotation, second.rotation);
        bytes32 firstDigest = QCPHash.digest(first.rotation, target.chainId, target.gateway);
        bytes32 secondDigest = QCPHash.digest(second.rotation, target.chainId, target.gateway);
        address signer = _sameSigner(firstDigest, first.signature, secondDigest, second.signature);
        _requireInEpochBefore(signer, first.rotation.epoch);
        REGISTRY.slash(signer, Offence.Rotations, _evidence(firstDigest, secondDigest));
    }

    /// @inheritdoc ISlashing
    function proveFalseHead(
        Target calldata target,
        SignedHeader calldata statement,
        HeadEvidence calldata evidence
    ) external {
        Falsehood.requireFalseHead(GATEWAY, target, statement.header, evidence);
        _slashForHeader(Offence.FalseHead, target, statement);
    }

    /// @inheritdoc ISlashing
    function proveFalseResult(
        Target calldata target,
        SignedHeader calldata statement,
        ResultEvidence calldata evidence
    ) external {
        Falsehood.requireFalseResult(GATEWAY, target, statement.header, evidence);
        _slashForHeader(Offence.FalseResult, target, statement);
    }

    /// @inheritdoc ISlashing
    function proveFalseRotation(Target calldata target, SignedRotation calldata statement) external {
        Falsehood.requireFalseRotation(GATEWAY, REGISTRY, target, statement.rotation);
        bytes32 digest = QCPHash.digest(statement.rotation, target.chainId, target.gateway);
        address signer = _recover(digest, statement.signature, 0);
        _requireKnown(signer);
        _requireInEpochBefore(signer, statement.rotation.epoch);
        REGISTRY.slash(signer, Offence.FalseRotation, _evidence(digest, 0));
    }

    function _slashForHeader(Offence offence, Target calldata target, SignedHeader calldata statement) private {
        bytes32 digest = QCPHash.digest(statement.header, target.chainId, target.gateway);
        address signer = _recover(digest, statement.signature, 0);
        _requireKnown(signer);
        _requireInEpoch(signer, statement.header.epoch);
        REGISTRY.slash(signer, offence, _evidence(digest, 0));
    }

    function _slashForHeaders(
        Offence offence,
        Target calldata target,
        SignedHeader calldata first,
        SignedHeader calldata second
    ) private {
        bytes32 firstDigest = QCPHash.digest(first.header, target.chainId, target.gateway);
        bytes32 secondDigest = QCPHash.digest(second.header, target.chainId, target.gateway);
        address signer = _sameSigner(firstDigest, first.signature, secondDigest, second.signature);
        _requireInEpoch(signer, first.header.epoch);
        _requireInEpoch(signer, second.header.epoch);
        REGISTRY.slash(signer, offence, _evidence(firstDigest, secondDigest));
    }

    /// @dev The one registered key behind both signatures.
    function _sameSigner(
        bytes32 firstDigest,
        bytes calldata firstSignature,
        bytes32 secondDigest,
        bytes calldata secondSignature
    ) private view returns (address signer) {
        signer = _recover(firstDigest, firstSignature, 0);
        address other = _recover(secondDigest, secondSignature, 1);
        if (signer != other) revert DifferentSigners(signer, other);
        _requireKnown(signer);
    }

    /// @dev In the epoch as the registry published it. Epochs that others installed are nobody's.
    function _requireInEpoch(address signer, uint64 epoch) private view {
        (, address[] memory signers) = REGISTRY.epochRecord(epoch);
        for (uint256 i = 0; i < signers.length; ++i) {
            if (signers[i] == signer) return;
        }
        revert NotInEpoch(signer, epoch);
    }

    /// @dev A gateway counts the signers of its own current epoch, which may be any below a rotation's.
    function _requireInEpochBefore(address signer, uint64 epoch) private view {
        uint64 since = REGISTRY.keyOf(signer).since;
        if (since == 0 || since >= epoch) revert NotInEpochBefore(signer, epoch);
    }

    function _requireKnown(address signer) private view {
        if (REGISTRY.keyOf(signer).operator == address(0)) revert UnknownSigner(signer);
    }

    function _recover(bytes32 digest, bytes calldata signature, uint256 index) private pure returns (address signer) {
        signer = CompactSignature.recover(digest, signature);
        if (signer == address(0)) revert MalformedSignature(index);
    }

    function _evidence(bytes32 first, bytes32 second) private pure returns (bytes32) {
        return keccak256(abi.encode(first, second));
    }
}
