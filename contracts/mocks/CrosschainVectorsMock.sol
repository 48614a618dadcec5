// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {CompactAddress} from "../crosschain/libraries/CompactAddress.sol";
import {CompactSignature} from "../crosschain/libraries/CompactSignature.sol";
import {HashChain} from "../crosschain/libraries/HashChain.sol";
import {MessageCodec} from "../crosschain/libraries/MessageCodec.sol";
import {QCPHash} from "../crosschain/libraries/QCPHash.sol";
import {RecipientCall} from "../crosschain/libraries/RecipientCall.sol";
import {SignerSet} from "../crosschain/libraries/SignerSet.sol";
import {MessageId, messageId, tagOf} from "../crosschain/types/MessageId.sol";
import {Envelope, Header, Rotation} from "../crosschain/types/QCP.sol";

/// @notice The crosschain libraries, callable one by one, for the vectors that TypeScript runs as well.
contract CrosschainVectorsMock {
    using MessageCodec for Envelope;
    using MessageCodec for bytes;
    using QCPHash for Header;
    using QCPHash for Rotation;
    using SignerSet for address[];
    using SignerSet for bytes;
    using RecipientCall for RecipientCall.Buffer;

    function encodeMessage(Envelope calldata envelope, bytes calldata payload) external pure returns (bytes memory) {
        return envelope.encode(payload);
    }

    function decodeMessage(
        bytes calldata message
    ) external pure returns (Envelope memory envelope, bytes memory payload) {
        envelope.seq = message.seqOf();
        envelope.sender = message.senderOf();
        envelope.recipient = message.recipientOf();
        envelope.gasLimit = message.gasLimitOf();
        envelope.deadline = message.deadlineOf();
        envelope.reclaimable = message.isReclaimable();
        payload = message.payloadOf();
    }

    function idOf(uint64 source, uint64 target, address gateway, uint64 seq) external pure returns (bytes32) {
        return messageId(source, target, tagOf(gateway), seq).unwrap();
    }

    function idParts(bytes32 id) external pure returns (uint64 source, uint64 target, uint64 tag, uint64 seq) {
        MessageId value = MessageId.wrap(id);
        return (value.sourceChainId(), value.targetChainId(), value.gatewayTag(), value.seq());
    }

    function messageSeed(
        uint64 sourceChainId,
        address sourceGateway,
        uint64 targetChainId,
        address targetGateway
    ) external pure returns (bytes32) {
        return HashChain.seed(HashChain.MESSAGES, sourceChainId, sourceGateway, targetChainId, targetGateway);
    }

    function resultSeed(
        uint64 sourceChainId,
        address sourceGateway,
        uint64 targetChainId,
        address targetGateway
    ) external pure returns (bytes32) {
        return HashChain.seed(HashChain.RESULTS, sourceChainId, sourceGateway, targetChainId, targetGateway);
    }

    function extendAll(bytes32 acc, bytes calldata leaves) external pure returns (bytes32) {
        return HashChain.extendAll(acc, leaves);
    }

    function resultLeaf(uint64 first, uint64 last, uint256 failures, address payout) external pure returns (bytes32) {
        return HashChain.resultLeaf(first, last, failures, payout);
    }

    /// @dev Digest of the header that packed bytes start with, read by assembly.
    function packedHeaderDigest(
        bytes calldata delivery,
        uint256 chainId,
        address gateway
    ) external pure returns (bytes32) {
        bytes32 structHash = QCPHash.headerStructHash(delivery);
        return MessageHashUtils.toTypedDataHash(QCPHash.domainSeparator(chainId, gateway), structHash);
    }

    function recover(bytes32 digest, bytes calldata signature) external pure returns (address) {
        return CompactSignature.recover(digest, signature);
    }

    /// @dev Plain twin of `recover`.
    function recoverPlain(bytes32 digest, bytes calldata signature) external pure returns (address) {
        if (signature.length != 64) return address(0);
        (bytes32 r, bytes32 vs) = (bytes32(signature[:32]), bytes32(signature[32:]));
        (address signer, ECDSA.RecoverError failure, ) = ECDSA.tryRecover(digest, r, vs);
        return failure == ECDSA.RecoverError.NoError ? signer : address(0);
    }

    /// @dev Checks signatures against a set that was stored by `storeSigners`.
    function checkSignatures(
        address pointer,
        uint256 bits,
        bytes32 digest,
        bytes calldata signatures
    ) external view returns (uint256 given, uint256 bad, address recovered) {
        return CompactSignature.check(SignerSet.load(pointer), bits, digest, signatures);
    }

    /// @dev Plain twin of `checkSignatures`.
    function checkSignaturesPlain(
        address pointer,
        uint256 bits,
        bytes32 digest,
        bytes calldata signatures
    ) external view returns (uint256 given, uint256 bad, address recovered) {
        bytes memory set = SignerSet.load(pointer);
        uint256 used = 0;
        for (uint256 i = 0; i < set.count(); ++i) {
            if ((bits >> i) & 1 == 0) continue;
            ++given;
            if (used == signatures.length) return (given, 0, recovered);
            recovered = CompactSignature.recover(digest, signatures[used:used + 64]);
            if (recovered != set.at(i)) return (given, i + 1, recovered);
            used += 64;
        }
    }

    function formatAddress(uint64 chainId, address account) external pure returns (bytes memory) {
        return CompactAddress.format(chainId, account);
    }

    /// @dev Plain twin of `formatAddress`.
    function formatAddressPlain(uint64 chainId, address account) external pure returns (bytes memory) {
        return InteroperableAddress.formatEvmV1(chainId, account);
    }

    /// @dev Plain twin of the readers of `MessageCodec`.
    function decodeMessagePlain(
        bytes calldata message
    ) external pure returns (Envelope memory envelope, bytes memory payload) {
        envelope.seq = uint64(bytes8(message[:8]));
        envelope.sender = address(bytes20(message[8:28]));
        envelope.recipient = address(bytes20(message[28:48]));
        envelope.gasLimit = uint32(bytes4(message[48:52]));
        envelope.deadline = uint40(bytes5(message[52:57]));
        envelope.reclaimable = uint8(message[57]) & 1 != 0;
        payload = message[58:];
    }

    /// @dev Plain twin of `resultLeaf`.
    function resultLeafPlain(
        uint64 first,
        uint64 last,
        uint256 failures,
        address payout
    ) external pure returns (bytes32) {
        return keccak256(abi.encodePacked(first, last, failures, payout));
    }

    function headerDigest(Header calldata header, uint256 chainId, address gateway) external pure returns (bytes32) {
        return header.digest(chainId, gateway);
    }

    function rotationDigest(
        Rotation calldata rotation,
        uint256 chainId,
        address gateway
    ) external pure returns (bytes32) {
        return rotation.digest(chainId, gateway);
    }

    /// @dev The call data of each message, from one buffer that all share, over memory that is not clean.
    function buildCalls(
        uint64 source,
        bytes32[] calldata receiveIds,
        bytes[] calldata messages
    ) external pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](messages.length);
        assembly ("memory-safe") {
            let free := mload(0x40)
            for {
                let i := 0
            } lt(i, 0x1000) {
                i := add(i, 0x20)
            } {
                mstore(add(free, i), not(0))
            }
        }
        RecipientCall.Buffer memory buffer = RecipientCall.prepare(source);
        for (uint256 i = 0; i < messages.length; ++i) {
            uint256 length = buffer.fill(receiveIds[i], messages[i]);
            uint256 start = buffer.start;
            bytes32 hash;
            assembly ("memory-safe") {
                hash := keccak256(start, length)
            }
            hashes[i] = hash;
        }
    }

    /// @dev Plain twin of `buildCalls`.
    function buildCallsPlain(
        uint64 source,
        bytes32[] calldata receiveIds,
        bytes[] calldata messages
    ) external pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](messages.length);
        for (uint256 i = 0; i < messages.length; ++i) {
            bytes memory sender = InteroperableAddress.formatEvmV1(source, messages[i].senderOf());
            bytes calldata payload = messages[i][MessageCodec.OVERHEAD_BYTES:];
            hashes[i] = keccak256(abi.encodeCall(IERC7786Recipient.receiveMessage, (receiveIds[i], sender, payload)));
        }
    }

    function storeSigners(address[] calldata signers) external returns (address) {
        return signers.store();
    }

    /// @dev Reads each member after something else was written to memory behind the set.
    function loadSigners(address pointer) external view returns (address[] memory signers) {
        bytes memory set = SignerSet.load(pointer);
        bytes memory behind = abi.encode(type(uint256).max, type(uint256).max);
        signers = new address[](set.count());
        for (uint256 i = 0; i < signers.length; ++i) {
            signers[i] = set.at(i);
        }
        assert(keccak256(behind) == keccak256(abi.encode(type(uint256).max, type(uint256).max)));
    }
}
