// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGameAssets} from "../game/IGameAssets.sol";
import {IGameRevenue} from "../game/IGameRevenue.sol";
import {IRollup} from "./IRollup.sol";
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

/// @notice What a vault starts with, for good but for the repayment.
/// @param rollup Whose final states it pays against.
/// @param assets The games' assets.
/// @param revenue Takes what games earn.
/// @param cos Asset 1.
/// @param repaid Receives what posting has cost, of fees in BNB.
/// @param weiPerBatch See `setPostingRepayment`.
struct VaultParams {
    IRollup rollup;
    IGameAssets assets;
    IGameRevenue revenue;
    address cos;
    address repaid;
    uint256 weiPerBatch;
}

/// @title RollupVault
/// @notice Holds what is on layer 2, and pays it out against final states. Nobody can pause it, and no role reaches what it
/// holds. An asset is the number of a token: 0 BNB, 1 COS, others as they are listed. Source: COS paper (layer 2).
///
/// A payment has a fixed gas; what its receiver or its token refuses waits for the receiver (`withdrawOwed`), so that no
/// claim can be made to fail. Whoever calls brings enough gas for the payment, else the call reverts.
interface IRollupVault {
    event AssetListed(uint32 indexed asset, address indexed token);
    event Deposited(uint64 indexed entry, address indexed from, address indexed to, uint32 asset, uint128 amount);
    event ItemDeposited(uint64 indexed entry, address indexed from, address indexed to, uint256 id, uint64 amount);
    /// @dev Items that `to` mints on layer 2.
    event AllowanceDeposited(uint64 indexed entry, address indexed from, address indexed to, uint256 id, uint64 amount);
    event GameListed(uint64 indexed entry, uint256 indexed gameId, uint32 indexed asset);
    /// @dev Of an exit, or after a freeze of a balance; of a session once for each player. Either paid or `Owed`.
    event ExitClaimed(uint32 indexed leaf, address indexed owner, uint32 indexed asset, uint256 amount);
    /// @dev Of an exit, or after a freeze of an item or an allowance. Either paid or `ItemsOwed`.
    event ItemExitClaimed(uint32 indexed leaf, address indexed owner, uint256 indexed id, uint256 amount);
    /// @dev Of `amount`, `repaid` went to whom posting costs.
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
    /// @dev Likewise, for `withdrawOwedItems`.
    event ItemsOwed(address indexed owner, uint256 indexed id, uint256 amount);
    event OwedWithdrawn(address indexed owner, uint32 indexed asset, address indexed to, uint256 amount);
    event OwedItemsWithdrawn(address indexed owner, uint256 indexed id, address indexed to, uint256 amount);
    event PostingRepaymentSet(address receiver, uint256 weiPerBatch);

    error AssetNotListed(uint32 asset);
    error AssetListedAlready(address token, uint32 asset);
    error NotAToken(address token);
    /// @dev The price of an entry, and for BNB the amount.
    error WrongDepositPayment(uint256 value, uint256 required);
    error ZeroDeposit();
    error DepositToNobody();
    /// @dev `total` of an asset or of an item would be in the vault.
    error DepositTooLarge(uint256 total, uint256 max);
    /// @dev A token that takes a fee, or lies.
    error WrongAmountReceived(uint256 received, uint256 amount);
    /// @dev Items come by `depositItems` and `depositAllowance` alone.
    error NotADeposit(address operator);
    error LeafClaimed(uint32 index);
    /// @dev The leaf and its path lead to another root.
    error WrongLeaf(uint32 index, bytes32 root, bytes32 expected);
    /// @dev Not of the kind that the call pays, or asks for.
    error WrongLeafKind(uint32 index, uint256 kind);
    /// @dev The leaf before it names another one.
    error OtherLeafNamed(uint32 index, uint256 named);
    /// @dev A session has as many balances as players joined.
    error WrongPlayers(uint256 given, uint256 joined);
    /// @dev It is part of the frozen state.
    error EntryConsumed(uint64 number);
    error EntryRefunded(uint64 number);
    /// @dev A forced transaction, or a game.
    error NothingToRefund(uint64 number);
    error NothingWaits(address owner);
    error RepaymentTooHigh(uint256 weiPerBatch, uint256 max);
    error RepaymentReceiverMissing(uint256 weiPerBatch);

    /// @notice Gives a token a number. Role ROLLUP_ADMIN. A token whose balances change by themselves, or of which a
    /// transfer takes more than its amount from the sender, must never be listed.
    function listAsset(address token) external returns (uint32 asset);

    /// @notice Takes `amount` and queues its deposit to `to`. Anyone may call; the value is the price of an entry
    /// (`IRollup.depositPrice`) and, for BNB, the amount. Reverts where the vault would hold 2^128 of the asset, or another
    /// amount arrives.
    /// @param balance Leaf of a balance of `to` in that asset; 0: a new account.
    function deposit(uint32 asset, uint128 amount, address to, uint32 balance) external payable returns (uint64 entry);

    /// @notice Takes items (`GameAssets`, approved) and queues them for `to`. Bound items cannot go. Reverts where the vault
    /// would hold 2^64 of them, allowances included.
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

    /// @notice Queues a game in an asset, with the rules and the rake that the registry has for it. Anyone may call, as often
    /// as they like. Reverts for a game that is unknown or retired, and where it takes a rake in what the splitter does not
    /// divide.
    function listGame(uint256 gameId, uint32 asset) external payable returns (uint64 entry);

    /// @notice Pays an exit leaf (`Exit` or `ItemExit`) of a final state to its owner, once. Anyone may call.
    function claimExit(Batch calldata batch, LeafProof calldata exit) external;

    /// @notice Passes on a `FeeExit` leaf of a final state: in BNB what posting has cost first, as far as that is not repaid
    /// yet, the rest as the game's revenue. After a freeze also what a `Game` leaf of the frozen state holds. Anyone may
    /// call; where the splitter does not take the asset the call reverts, and may be made later.
    function claimFees(Batch calldata batch, LeafProof calldata exit) external;

    /// @notice After a freeze: pays a balance, an item or an allowance to its account's owner, once. Anyone may call.
    /// @param batch The frozen one.
    /// @param account That the leaf names.
    function escape(Batch calldata batch, LeafProof calldata leaf, LeafProof calldata account) external;

    /// @notice After a freeze: pays a session, once. Over: as its outcome says, without rake. Else, or not started: the
    /// stakes back. Anyone may call.
    /// @param batch The frozen one.
    /// @param game That the session names.
    /// @param balances Of those who joined, in their order.
    /// @param accounts Of these balances.
    function escapeSession(
        Batch calldata batch,
        LeafProof calldata session,
        LeafProof calldata game,
        LeafProof[] calldata balances,
        LeafProof[] calldata accounts
    ) external;

    /// @notice After a freeze: gives back what an entry brought that the frozen state has not consumed, to its receiver.
    /// Anyone may call.
    /// @param entry As it was queued, from `queuedAt` on.
    function refund(uint64 number, bytes calldata entry) external;

    /// @notice Takes what a refused payment left to the caller.
    function withdrawOwed(uint32 asset, address to) external returns (uint256 amount);

    function withdrawOwedItems(uint256 id, address to) external returns (uint256 amount);

    /// @notice What posting may take of fees in BNB: `weiPerBatch`, at most `MAX_WEI_PER_BATCH`, for each batch that became
    /// final since fees were claimed last, to `receiver`. Role ROLLUP_ADMIN.
    function setPostingRepayment(address receiver, uint256 weiPerBatch) external;

    /// @notice Whether that leaf was paid: exits, and what escaped.
    function isClaimed(uint32 index) external view returns (bool);

    function isRefunded(uint64 entry) external view returns (bool);

    /// @notice Reverts for what is not listed.
    function tokenOf(uint32 asset) external view returns (address);

    function assetCount() external view returns (uint32);

    /// @notice What was deposited and not claimed: all of the asset on layer 2, its fees, exits and waiting entries.
    function heldOf(uint32 asset) external view returns (uint256);

    /// @notice Likewise of an item: allowances, and what was burned on layer 2, included.
    function heldItemsOf(uint256 id) external view returns (uint256);

    function owed(address owner, uint32 asset) external view returns (uint256);

    function owedItems(address owner, uint256 id) external view returns (uint256);

    /// @notice Of posting, what the batches up to `countedBatch` have cost and no fee has repaid.
    function postingRepayment()
        external
        view
        returns (address receiver, uint256 weiPerBatch, uint256 unrepaid, uint64 countedBatch);

    // solhint-disable func-name-mixedcase
    function MAX_WEI_PER_BATCH() external view returns (uint256);

    function ROLLUP() external view returns (IRollup);

    function ASSETS() external view returns (IGameAssets);

    function REVENUE() external view returns (IGameRevenue);
}
