// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGateway, LaneView} from "../../crosschain/IGateway.sol";
import {HashChain} from "../../crosschain/libraries/HashChain.sol";
import {DeliveryCodec} from "../../crosschain/libraries/DeliveryCodec.sol";
import {QCPHash} from "../../crosschain/libraries/QCPHash.sol";
import {Header, Rotation} from "../../crosschain/types/QCP.sol";
import {HeadEvidence, ISlashing, ResultEvidence, Target} from "../ISlashing.sol";
import {IValidatorRegistry} from "../IValidatorRegistry.sol";

/// @title When one statement contradicts this chain
/// @notice One predicate per offence: it returns where what was signed was never true of this chain's gateway or registry,
/// and reverts with the reason otherwise. What the gateway once had stays provable, and what is true of a past block stays
/// true: so an honest signature, of a final block, can never become evidence.
/// @dev keccak256 has one preimage: who reproduces an accumulator of the gateway from an earlier one, by leaves, knows the
/// one that the gateway had there.
library Falsehood {
    using DeliveryCodec for bytes;

    /// @dev The gateway keeps its outbox's accumulator after every so many messages.
    uint64 private constant CHECKPOINT_INTERVAL = 256;

    /// @notice A head of this chain's outbox: beyond its end, or with another accumulator than it had at that sequence.
    function requireFalseHead(
        IGateway gateway,
        Target calldata target,
        Header calldata header,
        HeadEvidence calldata evidence
    ) internal view {
        LaneView memory lane = _laneTo(gateway, target, header.source);
        if (header.toSeq > lane.outSeq) return;

        uint64 index = header.toSeq / CHECKPOINT_INTERVAL + 1;
        (uint64 end, bytes32 endAcc) = (index * CHECKPOINT_INTERVAL, bytes32(0));
        if (end <= lane.outSeq) endAcc = gateway.checkpoint(uint64(target.chainId), index);
        else (end, endAcc) = (lane.outSeq, lane.outAcc);
        uint256 length = uint256(end - header.toSeq) * 32;
        if (evidence.leavesAfter.length != length) {
            revert ISlashing.LeavesLength(evidence.leavesAfter.length, length);
        }
        _requireReached(HashChain.extendAll(evidence.acc, evidence.leavesAfter), endAcc);
        if (evidence.acc == header.acc) revert ISlashing.NotFalse(header.acc);
    }

    /// @notice A result of this chain's inbox: beyond its end, within a batch, or with another accumulator than it had there.
    function requireFalseResult(
        IGateway gateway,
        Target calldata target,
        Header calldata header,
        ResultEvidence calldata evidence
    ) internal view {
        LaneView memory lane = _laneTo(gateway, target, header.source);
        if (header.ackSeq > lane.inSeq) return;

        if (header.ackSeq == lane.inSeq) {
            if (lane.resAcc == header.resAcc) revert ISlashing.NotFalse(header.resAcc);
            return;
        }
        bytes32 endAcc =
            evidence.checkpoint == 0
                ? lane.resAcc
                : gateway.resultCheckpoint(uint64(target.chainId), evidence.checkpoint);
        bytes32 acc = HashChain.extend(evidence.resAcc, keccak256(evidence.next));
        _requireReached(HashChain.extendAll(acc, evidence.leavesAfter), endAcc);
        (uint64 first, uint64 last) = (evidence.next.uint64At(0), evidence.next.uint64At(8));
        if (first > header.ackSeq + 1 || last <= header.ackSeq) {
            revert ISlashing.WrongRecord(first, last, header.ackSeq);
        }
        // A batch that holds the sequence and the one after it has no result between the two.
        if (first == header.ackSeq + 1 && evidence.resAcc == header.resAcc) revert ISlashing.NotFalse(header.resAcc);
    }

    /// @notice A rotation to another set or validity than the registry published; or, to an epoch that it did not publish,
    /// to another set than this chain's gateway has. Nobody may rotate this chain's gateway to such an epoch at all.
    function requireFalseRotation(
        IGateway gateway,
        IValidatorRegistry registry,
        Target calldata target,
        Rotation calldata rotation
    ) internal view {
        bool home = target.chainId == block.chainid && target.gateway == address(gateway);
        if (!home) _lane(gateway, target);
        (uint64 validUntil, address[] memory signers) = registry.epochRecord(rotation.epoch);
        if (validUntil == 0) {
            if (home) return;
            // The timelock, or a registry before this one, may have installed it: then honest relayers carry it on.
            (validUntil, signers) = (rotation.validUntil, gateway.signersOf(rotation.epoch));
        }
        bytes32 content = QCPHash.structHash(rotation);
        if (content == QCPHash.structHash(Rotation(rotation.epoch, validUntil, signers))) {
            revert ISlashing.NotFalse(content);
        }
    }

    /// @dev The lane whose source, for the header, is this chain.
    function _laneTo(
        IGateway gateway,
        Target calldata target,
        uint64 source
    ) private view returns (LaneView memory lane) {
        if (source != block.chainid) revert ISlashing.NotOfThisChain(source, block.chainid);
        return _lane(gateway, target);
    }

    /// @dev A signature for a gateway that this one does not know, such as that of a test deployment, proves nothing here.
    function _lane(IGateway gateway, Target calldata target) private view returns (LaneView memory lane) {
        if (target.chainId > type(uint64).max) revert ISlashing.UnknownTarget(target.chainId, target.gateway);
        lane = gateway.laneState(uint64(target.chainId));
        if (lane.remoteGateway != target.gateway) revert ISlashing.UnknownTarget(target.chainId, target.gateway);
    }

    function _requireReached(bytes32 acc, bytes32 endAcc) private pure {
        if (acc != endAcc) revert ISlashing.NotTheChain(acc, endAcc);
    }
}
