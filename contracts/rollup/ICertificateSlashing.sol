// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IValidatorRegistry} from "../validators/IValidatorRegistry.sol";
import {IRollup} from "./IRollup.sol";

/// @title Slashing of certifiers
/// @notice A certifier re-executes a batch before it signs: whoever signed a certificate over a batch that was proven false has
/// not, or lies. Descendants of such a batch are gone with it, but not proven false. Errors about the signer are those of
/// `ISlashing`. Source: COS paper (rollup).
interface ICertificateSlashing {
    error BatchNotProvenFalse(bytes32 batchHash);

    /// @notice Has the registry take the deposit behind the key that signed this certificate. Anyone may call.
    /// @param number Of the certificate; @param epoch of the certificate: the signer was in it, as the registry published it.
    /// @param signature 64 bytes (EIP-2098) over `IRollup.certificateDigest(batchHash, number, epoch)`.
    function proveFalseCertificate(bytes32 batchHash, uint64 number, uint64 epoch, bytes calldata signature) external;

    // solhint-disable func-name-mixedcase
    function REGISTRY() external view returns (IValidatorRegistry);

    function ROLLUP() external view returns (IRollup);
}
