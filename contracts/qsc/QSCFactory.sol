// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";
import {IOutbox} from "../crosschain/IOutbox.sol";
import {QSCParams} from "./IQSC.sol";
import {Certificate, IQSCFactory} from "./IQSCFactory.sol";

/// @title QSCFactory
contract QSCFactory is IQSCFactory, AccessManaged {
    uint256 private constant MAX_SYMBOL_BYTES = 11;

    IOutbox public immutable GATEWAY;
    bytes32 public immutable CREATION_CODE_HASH;

    mapping(string symbol => address token) public tokenOf;
    mapping(address token => address issuer) public issuerOf;
    mapping(address issuer => Certificate certificate) private _certificates;

    constructor(address initialAuthority, IOutbox gateway, bytes32 creationCodeHash) AccessManaged(initialAuthority) {
        GATEWAY = gateway;
        CREATION_CODE_HASH = creationCodeHash;
    }

    /// @inheritdoc IQSCFactory
    function certify(address issuer, uint64 validUntil, bytes32 subject) external restricted {
        if (issuer == address(0)) revert InvalidIssuer(issuer);
        if (validUntil <= block.timestamp) revert CertificateEnded(validUntil, block.timestamp);
        _certificates[issuer] = Certificate(validUntil, subject);
        emit IssuerCertified(issuer, validUntil, subject);
    }

    /// @inheritdoc IQSCFactory
    function revoke(address issuer) external restricted {
        if (_certificates[issuer].validUntil == 0) revert NotCertified(issuer, 0);
        delete _certificates[issuer];
        emit IssuerRevoked(issuer);
    }

    /// @inheritdoc IQSCFactory
    function createQSC(QSCParams calldata params, bytes calldata creationCode) external returns (address token) {
        uint64 validUntil = _certificates[msg.sender].validUntil;
        if (validUntil <= block.timestamp) revert NotCertified(msg.sender, validUntil);
        if (!_isSymbol(bytes(params.symbol))) revert InvalidSymbol(params.symbol);
        address taken = tokenOf[params.symbol];
        if (taken != address(0)) revert SymbolTaken(params.symbol, taken);

        bytes32 codeHash = keccak256(creationCode);
        if (codeHash != CREATION_CODE_HASH) revert CreationCodeMismatch(codeHash, CREATION_CODE_HASH);

        token = Create3.deploy(
            0,
            _salt(msg.sender, params.symbol, params.homeChainId),
            abi.encodePacked(creationCode, abi.encode(params, GATEWAY))
        );
        tokenOf[params.symbol] = token;
        issuerOf[token] = msg.sender;
        emit QSCCreated(token, msg.sender, params.symbol, params.homeChainId);
    }

    /// @inheritdoc IQSCFactory
    function addressOf(
        address issuer,
        string calldata symbol,
        uint64 homeChainId
    ) external view returns (address token) {
        return Create3.computeAddress(_salt(issuer, symbol, homeChainId));
    }

    /// @inheritdoc IQSCFactory
    function certificateOf(address issuer) external view returns (Certificate memory) {
        return _certificates[issuer];
    }

    function _salt(address issuer, string calldata symbol, uint64 homeChainId) private pure returns (bytes32) {
        return keccak256(abi.encode(issuer, symbol, homeChainId));
    }

    /// @dev Capitals and digits only: no two symbols look alike or differ by case.
    function _isSymbol(bytes calldata symbol) private pure returns (bool) {
        if (symbol.length == 0 || symbol.length > MAX_SYMBOL_BYTES) return false;
        for (uint256 i = 0; i < symbol.length; ++i) {
            bytes1 char = symbol[i];
            if (!((char >= "A" && char <= "Z") || (char >= "0" && char <= "9"))) return false;
        }
        return true;
    }
}
