// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CompactSignature} from "../crosschain/libraries/CompactSignature.sol";
import {ISlashing} from "../validators/ISlashing.sol";
import {IValidatorRegistry, Offence} from "../validators/IValidatorRegistry.sol";
import {ICertificateSlashing} from "./ICertificateSlashing.sol";
import {IRollup} from "./IRollup.sol";

/// @title CertificateSlashing
/// @notice See `ICertificateSlashing`. It holds nothing: the rollup says what is false, the registry takes the deposit.
contract CertificateSlashing is ICertificateSlashing {
    /// @inheritdoc ICertificateSlashing
    IValidatorRegistry public immutable REGISTRY;
    /// @inheritdoc ICertificateSlashing
    IRollup public immutable ROLLUP;

    constructor(IValidatorRegistry registry, IRollup rollup) {
        REGISTRY = registry;
        ROLLUP = rollup;
    }

    /// @inheritdoc ICertificateSlashing
    function proveFalseCertificate(bytes32 batchHash, uint64 number, uint64 epoch, bytes calldata signature) external {
        if (!ROLLUP.isProvenFalse(batchHash)) revert BatchNotProvenFalse(batchHash);
        bytes32 digest = ROLLUP.certificateDigest(batchHash, number, epoch);
        address signer = CompactSignature.recover(digest, signature);
        if (signer == address(0)) revert ISlashing.MalformedSignature(0);
        if (REGISTRY.keyOf(signer).operator == address(0)) revert ISlashing.UnknownSigner(signer);
        _requireInEpoch(signer, epoch);
        REGISTRY.slash(signer, Offence.FalseCertificate, keccak256(abi.encode(digest, bytes32(0))));
    }

    /// @dev In the epoch as the registry published it. Epochs that others installed are nobody's.
    function _requireInEpoch(address signer, uint64 epoch) private view {
        (, address[] memory signers) = REGISTRY.epochRecord(epoch);
        for (uint256 i = 0; i < signers.length; ++i) {
            if (signers[i] == signer) return;
        }
        revert ISlashing.NotInEpoch(signer, epoch);
    }
}
