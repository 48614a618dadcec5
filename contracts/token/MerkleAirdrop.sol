// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {AirdropRound, IMerkleAirdrop} from "./IMerkleAirdrop.sol";

/// @title MerkleAirdrop
/// @notice See `IMerkleAirdrop` and the README of this folder.
contract MerkleAirdrop is IMerkleAirdrop, AccessManaged, EIP712, ReentrancyGuardTransient {
    using BitMaps for BitMaps.BitMap;
    using SafeERC20 for IERC20;

    bytes32 private constant CLAIM_TYPEHASH = keccak256(
        "Claim(uint256 round,uint256 index,address account,uint256 amount)"
    );

    /// @inheritdoc IMerkleAirdrop
    IERC20 public immutable TOKEN;
    /// @inheritdoc IMerkleAirdrop
    address public immutable VAULT;

    /// @inheritdoc IMerkleAirdrop
    uint256 public roundCount;

    mapping(uint256 round => AirdropRound) private _rounds;
    mapping(uint256 round => BitMaps.BitMap) private _claimed;

    constructor(address authority, IERC20 token, address vault) AccessManaged(authority) EIP712("MerkleAirdrop", "1") {
        TOKEN = token;
        VAULT = vault;
    }

    /// @inheritdoc IMerkleAirdrop
    function openRound(
        bytes32 root,
        uint256 amount,
        uint64 start,
        uint64 end
    ) external restricted nonReentrant returns (uint256 round) {
        // Check
        if (root == bytes32(0)) revert EmptyRoot();
        if (start >= end || end <= block.timestamp) revert InvalidWindow(start, end, block.timestamp);

        // Interaction: what arrives is what the round has.
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(VAULT, address(this), amount);
        uint256 funded = TOKEN.balanceOf(address(this)) - before;
        if (funded == 0) revert EmptyRound();

        // Effect
        round = roundCount++;
        _rounds[round] = AirdropRound(root, SafeCast.toUint128(funded), start, end);
        emit RoundOpened(round, root, funded, start, end);
    }

    /// @inheritdoc IMerkleAirdrop
    function claim(uint256 round, uint256 index, uint256 amount, bytes32[] calldata proof) external nonReentrant {
        _claim(round, index, msg.sender, amount, proof);
    }

    /// @inheritdoc IMerkleAirdrop
    function claimFor(
        uint256 round,
        uint256 index,
        address account,
        uint256 amount,
        bytes32[] calldata proof,
        bytes calldata signature
    ) external nonReentrant {
        bytes32 digest = claimDigest(round, index, account, amount);
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature)) revert ClaimNotSigned(account);
        _claim(round, index, account, amount, proof);
    }

    /// @inheritdoc IMerkleAirdrop
    function sweep(uint256 round) external nonReentrant {
        // Check
        AirdropRound storage swept = _round(round);
        if (block.timestamp < swept.end) revert RoundNotEnded(block.timestamp, swept.end);
        uint256 amount = swept.remaining;
        if (amount == 0) revert NothingLeft(round);

        // Effect
        swept.remaining = 0;
        emit RoundSwept(round, amount);

        // Interaction
        TOKEN.safeTransfer(VAULT, amount);
    }

    /// @inheritdoc IMerkleAirdrop
    function roundOf(uint256 round) external view returns (AirdropRound memory) {
        return _round(round);
    }

    /// @inheritdoc IMerkleAirdrop
    function isClaimed(uint256 round, uint256 index) external view returns (bool) {
        return _claimed[round].get(index);
    }

    /// @inheritdoc IMerkleAirdrop
    function claimDigest(uint256 round, uint256 index, address account, uint256 amount) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLAIM_TYPEHASH, round, index, account, amount)));
    }

    function _claim(uint256 round, uint256 index, address account, uint256 amount, bytes32[] calldata proof) private {
        // Check
        AirdropRound storage open = _round(round);
        (uint128 remaining, uint64 start, uint64 end) = (open.remaining, open.start, open.end);
        if (block.timestamp < start) revert RoundNotStarted(block.timestamp, start);
        if (block.timestamp >= end) revert RoundEnded(block.timestamp, end);
        if (_claimed[round].get(index)) revert AlreadyClaimed(round, index);
        // Hashed twice: an inner node of the tree is never a leaf.
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(index, account, amount))));
        bytes32 root = MerkleProof.processProofCalldata(proof, leaf);
        if (root != open.root) revert ProofMismatch(root, open.root);
        if (amount > remaining) revert RoundExhausted(amount, remaining);

        // Effect
        _claimed[round].set(index);
        open.remaining = uint128(remaining - amount);
        emit AirdropClaimed(round, index, account, amount);

        // Interaction
        TOKEN.safeTransfer(account, amount);
    }

    function _round(uint256 round) private view returns (AirdropRound storage found) {
        found = _rounds[round];
        if (found.root == bytes32(0)) revert UnknownRound(round, roundCount);
    }
}
