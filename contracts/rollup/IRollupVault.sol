// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Batch} from "./types/Batch.sol";

/// @notice A leaf, and its path to a root.
/// @param index Its place in the tree.
/// @param leaf Its bytes.
/// @param siblings Of its path, from the leaf upwards: 32.
struct LeafProof {
    uint32 index;
    bytes leaf;
    bytes32[] siblings;
}

/// @title RollupVault
/// @notice Holds what is on layer 2, and pays it out against final states. Nobody can pause it, and no role reaches what it
/// holds. An asset is the number of a token: 0 BNB, 1 COS, others as they are listed. Source: COS paper (layer 2).
interface IRollupVault {
    event AssetListed(uint32 indexed asset, address indexed token);
    event Deposited(uint64 indexed entry, address indexed from, address indexed to, uint32 asset, uint128 amount);
    event ItemDeposited(uint64 indexed entry, address indexed from, address indexed to, uint256 id, uint64 amount);
    /// @dev Items that `to` mints on layer 2.
    event AllowanceDeposited(uint64 indexed entry, address indexed from, address indexed to, uint256 id, uint64 amount);
    event GameListed(uint64 indexed entry, uint256 indexed gameId, uint32 indexed asset);
    event ExitClaimed(uint32 indexed leaf, address indexed owner, uint32 indexed asset, uint256 amount);
    event ItemExitClaimed(uint32 indexed leaf, address indexed owner, uint256 indexed id, uint256 amount);
    event FeesClaimed(
        uint32 indexed leaf,
        uint256 indexed gameId,
        uint32 indexed asset,
        uint256 amount,
        uint256 repaid
    );
    event Refunded(uint64 indexed entry, address indexed to);
    event SessionEscaped(uint32 indexed leaf, uint32 indexed game);
    /// @dev The receiver refused: it waits for `withdrawOwed`.
    event Owed(address indexed owner, uint32 indexed asset, uint256 amount);
    event OwedWithdrawn(address indexed owner, uint32 indexed asset, address indexed to, uint256 amount);
    event PostingRepaymentSet(address receiver, uint256 weiPerBatch);

    error AssetNotListed(uint32 asset);
    error AssetListedAlready(address token, uint32 asset);
    error NotAToken(address token);
    error WrongDepositValue(uint256 value, uint256 required);
    error ZeroDeposit();
    error DepositTooLarge(uint256 total, uint256 max);
    /// @dev A token that takes a fee, or lies.
    error WrongAmountReceived(uint256 received, uint256 amount);
    error LeafClaimed(uint32 index);
    error WrongLeaf(uint32 index, bytes32 root, bytes32 expected);
    /// @dev Not of the kind that the call pays.
    error WrongLeafKind(uint32 index, uint8 kind);
    error NothingOwed(address token);
    error EntryConsumed(uint64 number);
    error WrongOwner(uint32 account, address owner, address expected);

    /// @notice Gives a token a number. Role ROLLUP_ADMIN. A token whose balances change by themselves must never be listed.
    function listAsset(address token) external returns (uint32 asset);

    /// @notice Takes `amount` and queues its deposit to `to`. Anyone may call; the value is the price of an entry
    /// (`IRollup.depositPrice`) and, for BNB, the amount.
    /// @param balance Leaf of a balance of `to` in that asset; 0: a new account.
    function deposit(uint32 asset, uint128 amount, address to, uint32 balance) external payable returns (uint64 entry);

    /// @notice Takes items (`GameAssets`, approved) and queues them for `to`. Bound items cannot go.
    /// @param account Leaf of an account of `to`; 0: a new one.
    function depositItems(
        uint256 id,
        uint64 amount,
        address to,
        uint32 account
    ) external payable returns (uint64 entry);

    /// @notice Takes items and queues the right of `to` to mint as many on layer 2.
    function depositAllowance(
        uint256 id,
        uint64 amount,
        address to,
        uint32 account
    ) external payable returns (uint64 entry);

    /// @notice Queues a game in an asset, with the rules and the rake that the registry has for it. Anyone may call.
    function listGame(uint256 gameId, uint32 asset) external payable returns (uint64 entry);

    /// @notice Pays an exit leaf (`Exit` or `ItemExit`) of a final state to its owner, once. Anyone may call.
    function claimExit(Batch calldata batch, LeafProof calldata exit) external;

    /// @notice Pays a `FeeExit` leaf of a final state: in BNB the capped cost of posting first, the rest as the game's revenue. Anyone
    /// may call.
    function claimFees(Batch calldata batch, LeafProof calldata exit) external;

    /// @notice After a freeze: pays a balance, an item or an allowance of the frozen state to its account's owner, once. Anyone may call.
    function escape(LeafProof calldata leaf, LeafProof calldata account) external;

    /// @notice After a freeze: pays a session. Over: as its outcome says, without rake. Else, or not started: the stakes back.
    /// @param balances Of its players, in their order.
    /// @param accounts Of these balances.
    function escapeSession(
        LeafProof calldata session,
        LeafProof calldata game,
        LeafProof[] calldata balances,
        LeafProof[] calldata accounts
    ) external;

    /// @notice After a freeze: pays exit leaves of the frozen state likewise (`claimExit`), and gives back what an entry brought that the
    /// frozen state has not consumed, to its receiver. Anyone may call.
    function refund(uint64 number, bytes calldata entry) external;

    /// @notice Takes what a refused payment left to the caller.
    function withdrawOwed(uint32 asset, address to) external;

    function withdrawOwedItems(uint256 id, address to) external;

    /// @notice What posting may take of fees in BNB: `weiPerBatch` for each batch that became final, to `receiver`. Role ROLLUP_ADMIN.
    function setPostingRepayment(address receiver, uint256 weiPerBatch) external;

    function isClaimed(uint32 index) external view returns (bool);

    function tokenOf(uint32 asset) external view returns (address);

    function assetCount() external view returns (uint32);

    function owed(address owner, uint32 asset) external view returns (uint256);

    function owedItems(address owner, uint256 id) external view returns (uint256);
}
