// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IOutbox} from "../crosschain/IOutbox.sol";
import {QSCParams} from "./IQSC.sol";

/// @notice Permission to create tokens.
/// @param validUntil Unix seconds; valid while `block.timestamp < validUntil`.
/// @param subject Hash of what identifies the issuer off chain.
struct Certificate {
    uint64 validUntil;
    bytes32 subject;
}

/// @title Factory and registry of QSCs: one symbol, one token, created by a certified issuer
interface IQSCFactory {
    event IssuerCertified(address indexed issuer, uint64 validUntil, bytes32 subject);
    event IssuerRevoked(address indexed issuer);
    event QSCCreated(address indexed token, address indexed issuer, string symbol, uint64 homeChainId);

    error InvalidIssuer(address issuer);
    error CertificateEnded(uint64 validUntil, uint256 timestamp);
    /// @dev `validUntil` is 0 where there is no certificate.
    error NotCertified(address issuer, uint64 validUntil);
    error InvalidSymbol(string symbol);
    error SymbolTaken(string symbol, address token);

    /// @dev `creationCode` is not that of the QSC which this factory stands for.
    error CreationCodeMismatch(bytes32 hash, bytes32 expected);

    /// @notice Grants or renews a certificate. Restricted (AccessManager).
    /// @param validUntil In the future, else CertificateEnded.
    function certify(address issuer, uint64 validUntil, bytes32 subject) external;

    /// @notice Withdraws a certificate. Restricted (AccessManager). Tokens that exist are untouched: their roles are
    /// their own.
    function revoke(address issuer) external;

    /// @notice Creates a token, or the counterpart of one whose home is elsewhere. Certified issuers only.
    /// @param params Its symbol: 1 to 11 of `A–Z` and `0–9`, not yet taken on this chain.
    /// @param creationCode Of `QSC`, without constructor arguments; its hash is CREATION_CODE_HASH. Errors of the
    /// token's constructor come through.
    function createQSC(QSCParams calldata params, bytes calldata creationCode) external returns (address token);

    /// @notice Where `createQSC` puts it. The same on every chain where the factory has the same address.
    function addressOf(
        address issuer,
        string calldata symbol,
        uint64 homeChainId
    ) external view returns (address token);

    function certificateOf(address issuer) external view returns (Certificate memory);

    /// @notice The token of a symbol; zero if there is none.
    function tokenOf(string calldata symbol) external view returns (address token);

    /// @notice Who created a token; zero if this factory did not.
    function issuerOf(address token) external view returns (address issuer);

    // solhint-disable func-name-mixedcase
    /// @notice The gateway of every token created here.
    function GATEWAY() external view returns (IOutbox);

    /// @notice keccak256 of the creation code of `QSC`.
    function CREATION_CODE_HASH() external view returns (bytes32);
}
