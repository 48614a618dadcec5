// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice One round.
/// @param root Of the tree over its leaves, keccak256(keccak256(abi.encode(index, account, amount))), pairs sorted.
/// @param remaining What it can still pay; 0 once swept.
/// @param start First Unix second of claims. @param end First Unix second without claims.
struct AirdropRound {
    bytes32 root;
    uint128 remaining;
    uint64 start;
    uint64 end;
}

/// @title Rounds in which listed accounts claim tokens by a Merkle proof
/// @notice A claim is valid while start ≤ t < end, the sweep from t = end on. Rounds are numbered from 0 and share
/// nothing: each pays from what it was funded with. `constructor(address authority, IERC20 token, address vault)`. Amounts
/// are in the token's smallest unit. Source: COS paper (airdrop).
interface IMerkleAirdrop {
    event RoundOpened(uint256 indexed round, bytes32 root, uint256 amount, uint64 start, uint64 end);
    event AirdropClaimed(uint256 indexed round, uint256 index, address indexed account, uint256 amount);
    event RoundSwept(uint256 indexed round, uint256 amount);

    error EmptyRoot();
    /// @dev The window is empty, or it is over.
    error InvalidWindow(uint64 start, uint64 end, uint256 timestamp);
    error EmptyRound();
    error UnknownRound(uint256 round, uint256 count);
    error RoundNotStarted(uint256 timestamp, uint64 start);
    error RoundEnded(uint256 timestamp, uint64 end);
    error RoundNotEnded(uint256 timestamp, uint64 end);
    error AlreadyClaimed(uint256 round, uint256 index);
    /// @dev `root` is what leaf and proof lead to.
    error ProofMismatch(bytes32 root, bytes32 expected);
    /// @dev The list sums to more than the round was funded with.
    error RoundExhausted(uint256 amount, uint256 remaining);
    error ClaimNotSigned(address account);
    error NothingLeft(uint256 round);

    /// @notice Opens the next round and takes `amount` from the vault, which has approved it; what arrives is what the
    /// round can pay. Treasurer only; reverts with EmptyRoot, InvalidWindow, EmptyRound.
    function openRound(bytes32 root, uint256 amount, uint64 start, uint64 end) external returns (uint256 round);

    /// @notice Pays the caller what the list of `round` holds for it at `index`, once.
    function claim(uint256 round, uint256 index, uint256 amount, bytes32[] calldata proof) external;

    /// @notice As `claim`, sent by anyone and paid to `account`, which agreed to it by its signature of `claimDigest`
    /// (ECDSA, or ERC-1271 where it is a contract).
    function claimFor(
        uint256 round,
        uint256 index,
        address account,
        uint256 amount,
        bytes32[] calldata proof,
        bytes calldata signature
    ) external;

    /// @notice Returns what nobody claimed to the vault, from the round's end on. Anyone may call.
    function sweep(uint256 round) external;

    /// @notice A round; reverts with UnknownRound.
    function roundOf(uint256 round) external view returns (AirdropRound memory);

    function roundCount() external view returns (uint256);

    /// @notice Whether the entry at `index` was paid; false for a round or an index that does not exist.
    function isClaimed(uint256 round, uint256 index) external view returns (bool);

    /// @notice EIP-712 digest of `Claim(uint256 round,uint256 index,address account,uint256 amount)`; domain name
    /// `MerkleAirdrop`, version `1`, chain id and address of this contract.
    function claimDigest(uint256 round, uint256 index, address account, uint256 amount) external view returns (bytes32);

    // solhint-disable func-name-mixedcase
    function TOKEN() external view returns (IERC20);

    /// @notice Funds the rounds and receives what they leave.
    function VAULT() external view returns (address);
}
