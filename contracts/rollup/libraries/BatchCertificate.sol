// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IQuorum} from "../../crosschain/IQuorum.sol";
import {CompactSignature} from "../../crosschain/libraries/CompactSignature.sol";

/// @title What certifiers sign, and when enough of them did
/// @notice By the keys of a gateway's epoch, over the rollup's EIP-712 domain.
library BatchCertificate {
    bytes32 private constant TYPE_HASH = keccak256("BatchCertificate(bytes32 batchHash,uint64 number,uint64 epoch)");

    function digest(bytes32 separator, bytes32 batchHash, uint64 number, uint64 epoch) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(separator, keccak256(abi.encode(TYPE_HASH, batchHash, number, epoch)));
    }

    /// @notice Reverts unless exactly a quorum of `members` signed: the least k of n with 3k ≥ 2n, as the gateway counts.
    /// @param signers Bitmap over the members.
    /// @param signatures 64 bytes each (EIP-2098), in the order of the bits.
    function requireQuorum(
        address[] memory members,
        bytes32 certificate,
        uint256 signers,
        bytes calldata signatures
    ) internal view {
        uint256 size = members.length;
        if (signers >> size != 0) revert IQuorum.SignerBitOutOfRange(signers, size);
        uint256 needed = (2 * size + 2) / 3;
        uint256 length = needed * CompactSignature.BYTES;
        if (signatures.length != length) revert IQuorum.SignaturesLength(signatures.length, length);
        (uint256 given, uint256 bad, address recovered) = CompactSignature.check(
            _packed(members),
            signers,
            certificate,
            signatures
        );
        if (bad != 0) revert IQuorum.InvalidSignature(bad - 1, recovered, members[bad - 1]);
        if (given != needed) revert IQuorum.WrongSignatureCount(given, needed);
    }

    function _packed(address[] memory members) private pure returns (bytes memory packed) {
        for (uint256 i = 0; i < members.length; ++i) packed = bytes.concat(packed, bytes20(members[i]));
    }
}
