// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Header, Rotation} from "../types/QCP.sol";

/// @title EIP-712 hashes of what relayers sign; twin of `protocol/header.ts`
/// @notice The domain is that of the target gateway, wherever the hash is computed: the registry checks signatures that
/// were made for the gateways of other chains.
library QCPHash {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME_HASH = keccak256("QCP");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant HEADER_TYPEHASH = keccak256(
        "Header(uint64 source,uint64 sourceBlock,uint64 epoch,uint64 toSeq,bytes32 acc,uint64 ackSeq,bytes32 resAcc)"
    );
    bytes32 private constant ROTATION_TYPEHASH = keccak256(
        "Rotation(uint64 epoch,uint64 validUntil,address[] signers)"
    );

    function domainSeparator(uint256 chainId, address gateway) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, chainId, gateway));
    }

    function structHash(Header memory header) internal pure returns (bytes32) {
        return keccak256(abi.encode(HEADER_TYPEHASH, header));
    }

    /// @notice Struct hash of the header that a packed delivery starts with. Plain twin: `structHash(Header)`.
    function headerStructHash(bytes calldata delivery) internal pure returns (bytes32 hash) {
        bytes32 typehash = HEADER_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let at := delivery.offset
            mstore(free, typehash)
            mstore(add(free, 0x20), shr(192, calldataload(at)))
            mstore(add(free, 0x40), shr(192, calldataload(add(at, 8))))
            mstore(add(free, 0x60), shr(192, calldataload(add(at, 16))))
            mstore(add(free, 0x80), shr(192, calldataload(add(at, 24))))
            mstore(add(free, 0xa0), calldataload(add(at, 32)))
            mstore(add(free, 0xc0), shr(192, calldataload(add(at, 64))))
            mstore(add(free, 0xe0), calldataload(add(at, 72)))
            hash := keccak256(free, 0x100)
        }
    }

    function structHash(Rotation memory rotation) internal pure returns (bytes32) {
        bytes32 signers = keccak256(abi.encodePacked(rotation.signers));
        return keccak256(abi.encode(ROTATION_TYPEHASH, rotation.epoch, rotation.validUntil, signers));
    }

    function digest(Header memory header, uint256 chainId, address gateway) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domainSeparator(chainId, gateway), structHash(header));
    }

    function digest(Rotation memory rotation, uint256 chainId, address gateway) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domainSeparator(chainId, gateway), structHash(rotation));
    }
}
