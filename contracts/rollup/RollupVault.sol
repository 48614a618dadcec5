// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {IGame} from "../game/IGame.sol";
import {IGameAssets} from "../game/IGameAssets.sol";
import {IGameRegistry} from "../game/IGameRegistry.sol";
import {IGameRevenue} from "../game/IGameRevenue.sol";
import {BoundedPayment} from "../game/libraries/BoundedPayment.sol";
import {IRevenueSplitter} from "../staking/IRevenueSplitter.sol";
import {Head, IRollup} from "./IRollup.sol";
import {IRollupVault, LeafProof, VaultParams} from "./IRollupVault.sol";
import {ItemPayment} from "./libraries/ItemPayment.sol";
import {LedgerLeaves} from "./libraries/LedgerLeaves.sol";
import {LedgerProof} from "./libraries/LedgerProof.sol";
import {LedgerQueue} from "./libraries/LedgerQueue.sol";
import {SessionEnd} from "./libraries/SessionEnd.sol";
import {VaultEntry} from "./libraries/VaultEntry.sol";
import {Batch} from "./types/Batch.sol";

/// @title RollupVault
/// @notice See `IRollupVault` and the README of this folder.
contract RollupVault is IRollupVault, IERC1155Receiver, AccessManaged, ReentrancyGuardTransient {
    using BitMaps for BitMaps.BitMap;
    using LedgerLeaves for bytes;
    using LedgerProof for LeafProof;
    using SafeERC20 for IERC20;
    using VaultEntry for bytes;

    /// @dev What posting may take of fees in BNB.
    struct Repayment {
        address receiver;
        uint64 counted;
        uint128 weiPerBatch;
        uint128 unrepaid;
    }

    /// @inheritdoc IRollupVault
    uint256 public constant MAX_WEI_PER_BATCH = 0.1 ether;
    uint32 private constant BNB_ASSET = 0;
    address private constant BNB = BoundedPayment.BNB;

    /// @inheritdoc IRollupVault
    IRollup public immutable ROLLUP;
    /// @inheritdoc IRollupVault
    IGameAssets public immutable ASSETS;
    /// @inheritdoc IRollupVault
    IGameRevenue public immutable REVENUE;
    IGameRegistry private immutable _REGISTRY;
    IRevenueSplitter private immutable _SPLITTER;

    /// @inheritdoc IRollupVault
    mapping(uint32 asset => uint256) public heldOf;
    /// @inheritdoc IRollupVault
    mapping(uint256 id => uint256) public heldItemsOf;
    /// @inheritdoc IRollupVault
    mapping(address owner => mapping(uint32 asset => uint256)) public owed;
    /// @inheritdoc IRollupVault
    mapping(address owner => mapping(uint256 id => uint256)) public owedItems;
    address[] private _tokens;
    BitMaps.BitMap private _claimed;
    BitMaps.BitMap private _refunded;
    Repayment private _repayment;

    constructor(address authority, VaultParams memory params) AccessManaged(authority) {
        ROLLUP = params.rollup;
        ASSETS = params.assets;
        REVENUE = params.revenue;
        _REGISTRY = params.revenue.REGISTRY();
        _SPLITTER = params.revenue.SPLITTER();
        _addAsset(BNB);
        _list(params.cos);
        _setRepayment(params.repaid, params.weiPerBatch);
    }

    /// @inheritdoc IRollupVault
    function listAsset(address token) external restricted returns (uint32 asset) {
        return _list(token);
    }

    /// @inheritdoc IRollupVault
    function deposit(
        uint32 asset,
        uint128 amount,
        address to,
        uint32 balance
    ) external payable nonReentrant returns (uint64 entry) {
        // Check
        address token = tokenOf(asset);
        uint256 price = _requirePayment(token == BNB ? amount : 0);
        _requireDeposit(amount, to);
        uint256 total = heldOf[asset] + amount;
        if (total > type(uint128).max) revert DepositTooLarge(total, type(uint128).max);

        // Effect
        heldOf[asset] = total;

        // Interaction
        if (token != BNB) _pull(IERC20(token), amount);
        entry = ROLLUP.enqueue{value: price}(VaultEntry.ofAsset(to, balance, asset, amount));
        emit Deposited(entry, msg.sender, to, asset, amount);
    }

    /// @inheritdoc IRollupVault
    function depositItems(
        uint256 id,
        uint64 amount,
        address to,
        uint32 account
    ) external payable nonReentrant returns (uint64 entry) {
        entry = _depositItems(LedgerQueue.ITEM_DEPOSIT, id, amount, to, account);
        emit ItemDeposited(entry, msg.sender, to, id, amount);
    }

    /// @inheritdoc IRollupVault
    function depositAllowance(
        uint256 id,
        uint64 amount,
        address to,
        uint32 account
    ) external payable nonReentrant returns (uint64 entry) {
        entry = _depositItems(LedgerQueue.ALLOW, id, amount, to, account);
        emit AllowanceDeposited(entry, msg.sender, to, id, amount);
    }

    /// @inheritdoc IRollupVault
    function listGame(uint256 gameId, uint32 asset) external payable nonReentrant returns (uint64 entry) {
        // Check
        address token = tokenOf(asset);
        uint256 price = _requirePayment(0);
        IGame rules = _REGISTRY.rulesForNew(gameId);
        uint16 rakeBps = _REGISTRY.gameOf(gameId).rakeBps;
        if (rakeBps != 0 && !_SPLITTER.isTokenAllowed(token)) revert IRevenueSplitter.TokenNotAllowed(token);

        // Interaction: the registry counts games in 64 bits
        entry = ROLLUP.enqueue{value: price}(VaultEntry.ofGame(uint64(gameId), address(rules), asset, rakeBps));
        emit GameListed(entry, gameId, asset);
    }

    /// @inheritdoc IRollupVault
    function claimExit(Batch calldata batch, LeafProof calldata exit) external nonReentrant {
        (bytes memory leaf, uint256 kind) = exit.open(ROLLUP.finalState(batch).root);
        address owner = address(uint160(leaf.get(LedgerLeaves.OWNER)));
        if (kind == LedgerLeaves.EXIT) {
            _claim(exit.index);
            _payLeaf(exit.index, owner, leaf.get(LedgerLeaves.EXIT_ASSET), leaf.get(LedgerLeaves.EXIT_AMOUNT));
        } else if (kind == LedgerLeaves.ITEM_EXIT) {
            _claim(exit.index);
            _payItemLeaf(exit.index, owner, leaf.get(LedgerLeaves.EXIT_ITEM), leaf.get(LedgerLeaves.EXIT_ITEM_AMOUNT));
        } else {
            revert WrongLeafKind(exit.index, kind);
        }
    }

    /// @inheritdoc IRollupVault
    function claimFees(Batch calldata batch, LeafProof calldata exit) external nonReentrant {
        (bytes memory leaf, uint256 kind) = exit.open(ROLLUP.finalState(batch).root);
        uint256 gameId = leaf.get(LedgerLeaves.GAME_ID);
        if (kind == LedgerLeaves.FEE_EXIT) {
            _claim(exit.index);
            uint256 amount = leaf.get(LedgerLeaves.FEE_EXIT_AMOUNT);
            _passOn(exit.index, batch.number, gameId, uint32(leaf.get(LedgerLeaves.FEE_EXIT_ASSET)), amount);
        } else if (kind == LedgerLeaves.GAME) {
            _requireFrozen(batch);
            _claim(exit.index);
            uint256 fees = leaf.get(LedgerLeaves.FEES);
            _passOn(exit.index, batch.number, gameId, uint32(leaf.get(LedgerLeaves.GAME_ASSET)), fees);
        } else {
            revert WrongLeafKind(exit.index, kind);
        }
    }

    /// @inheritdoc IRollupVault
    function escape(Batch calldata batch, LeafProof calldata leaf, LeafProof calldata account) external nonReentrant {
        _requireFrozen(batch);
        bytes32 root = ROLLUP.finalState(batch).root;
        (bytes memory holding, uint256 kind) = leaf.open(root);
        bool isItem = kind == LedgerLeaves.ITEM || kind == LedgerLeaves.ALLOWANCE;
        if (!isItem && kind != LedgerLeaves.BALANCE) revert WrongLeafKind(leaf.index, kind);
        address owner = _ownerOf(account, root, holding);

        _claim(leaf.index);
        if (isItem) {
            _payItemLeaf(leaf.index, owner, holding.get(LedgerLeaves.ITEM_ID), holding.get(LedgerLeaves.ITEM_AMOUNT));
        } else {
            _payLeaf(leaf.index, owner, holding.get(LedgerLeaves.ASSET), holding.get(LedgerLeaves.AMOUNT));
        }
    }

    /// @inheritdoc IRollupVault
    function escapeSession(
        Batch calldata batch,
        LeafProof calldata session,
        LeafProof calldata game,
        LeafProof[] calldata balances,
        LeafProof[] calldata accounts
    ) external nonReentrant {
        // Check
        _requireFrozen(batch);
        bytes32 root = ROLLUP.finalState(batch).root;
        bytes memory leaf = session.openNamed(root, session.index, LedgerLeaves.SESSION);
        bytes memory terms = game.openNamed(root, leaf.get(LedgerLeaves.SESSION_GAME), LedgerLeaves.GAME);
        uint256 joined = leaf.get(LedgerLeaves.JOINED);
        if (balances.length != joined) revert WrongPlayers(balances.length, joined);
        if (accounts.length != joined) revert WrongPlayers(accounts.length, joined);
        address[] memory owners = new address[](joined);
        for (uint256 i = 0; i < joined; ++i) {
            bytes memory balance = balances[i].openNamed(root, leaf.seat(i), LedgerLeaves.BALANCE);
            owners[i] = _ownerOf(accounts[i], root, balance);
        }

        // Effect
        _claim(session.index);
        emit SessionEscaped(session.index, game.index);

        // Interaction
        uint256[] memory parts = SessionEnd.partsOf(leaf, terms);
        uint256 asset = terms.get(LedgerLeaves.GAME_ASSET);
        for (uint256 i = 0; i < joined; ++i) _payLeaf(session.index, owners[i], asset, parts[i]);
    }

    /// @inheritdoc IRollupVault
    function refund(uint64 number, bytes calldata entry) external nonReentrant {
        // Check
        Head memory head = ROLLUP.head();
        if (!head.frozen) revert IRollup.RollupIsNotFrozen();
        if (number < head.queue) revert EntryConsumed(number);
        (bytes27 given, bytes27 expected) = (bytes27(keccak256(entry)), ROLLUP.entryOf(number).entryHash);
        if (given != expected) revert IRollup.WrongEntry(number, given, expected);
        bytes memory content = entry;
        bool isItems = content.isItems();
        if (!isItems && !content.isAsset()) revert NothingToRefund(number);
        if (_refunded.get(number)) revert EntryRefunded(number);

        // Effect
        _refunded.set(number);
        address to = content.receiverOf();
        emit Refunded(number, to);

        // Interaction
        if (isItems) {
            (uint256 id, uint256 amount) = content.itemOf();
            _payItems(to, id, amount);
        } else {
            (uint32 asset, uint256 amount) = content.assetOf();
            _pay(to, asset, amount);
        }
    }

    /// @inheritdoc IRollupVault
    function withdrawOwed(uint32 asset, address to) external nonReentrant returns (uint256 amount) {
        // Check
        address token = tokenOf(asset);
        amount = owed[msg.sender][asset];
        if (amount == 0) revert NothingWaits(msg.sender);

        // Effect
        owed[msg.sender][asset] = 0;
        emit OwedWithdrawn(msg.sender, asset, to, amount);

        // Interaction
        if (token == BNB) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IRollupVault
    function withdrawOwedItems(uint256 id, address to) external nonReentrant returns (uint256 amount) {
        // Check
        amount = owedItems[msg.sender][id];
        if (amount == 0) revert NothingWaits(msg.sender);

        // Effect
        owedItems[msg.sender][id] = 0;
        emit OwedItemsWithdrawn(msg.sender, id, to, amount);

        // Interaction
        ASSETS.safeTransferFrom(address(this), to, id, amount, "");
    }

    /// @inheritdoc IRollupVault
    function setPostingRepayment(address receiver, uint256 weiPerBatch) external restricted {
        _setRepayment(receiver, weiPerBatch);
    }

    /// @notice Takes the games' assets while the vault itself moves them; whatever else is sent here would be nobody's.
    function onERC1155Received(
        address operator,
        address,
        uint256,
        uint256,
        bytes calldata
    ) external view returns (bytes4) {
        if (msg.sender != address(ASSETS) || operator != address(this)) revert NotADeposit(operator);
        return IERC1155Receiver.onERC1155Received.selector;
    }

    /// @notice Always reverts: a deposit is of one item.
    function onERC1155BatchReceived(
        address operator,
        address,
        uint256[] calldata,
        uint256[] calldata,
        bytes calldata
    ) external pure returns (bytes4) {
        revert NotADeposit(operator);
    }

    /// @inheritdoc IRollupVault
    function isClaimed(uint32 index) external view returns (bool) {
        return _claimed.get(index);
    }

    /// @inheritdoc IRollupVault
    function isRefunded(uint64 entry) external view returns (bool) {
        return _refunded.get(entry);
    }

    /// @inheritdoc IRollupVault
    function assetCount() external view returns (uint32) {
        return uint32(_tokens.length);
    }

    /// @inheritdoc IRollupVault
    function postingRepayment()
        external
        view
        returns (address receiver, uint256 weiPerBatch, uint256 unrepaid, uint64 countedBatch)
    {
        Repayment memory repayment = _repayment;
        return (repayment.receiver, repayment.weiPerBatch, repayment.unrepaid, repayment.counted);
    }

    /// @notice ERC-165: a receiver of ERC-1155.
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC1155Receiver).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    /// @inheritdoc IRollupVault
    function tokenOf(uint32 asset) public view returns (address) {
        if (asset >= _tokens.length) revert AssetNotListed(asset);
        return _tokens[asset];
    }

    function _list(address token) private returns (uint32 asset) {
        // Check
        if (token.code.length == 0 || token == address(ASSETS)) revert NotAToken(token);
        (bool answered, bytes memory answer) = token.staticcall(abi.encodeCall(IERC20.balanceOf, (address(this))));
        if (!answered || answer.length != 32) revert NotAToken(token);
        uint256 count = _tokens.length;
        for (uint256 i = 0; i < count; ++i) if (_tokens[i] == token) revert AssetListedAlready(token, uint32(i));

        // Effect
        return _addAsset(token);
    }

    function _addAsset(address token) private returns (uint32 asset) {
        asset = uint32(_tokens.length);
        _tokens.push(token);
        emit AssetListed(asset, token);
    }

    function _setRepayment(address receiver, uint256 weiPerBatch) private {
        if (weiPerBatch > MAX_WEI_PER_BATCH) revert RepaymentTooHigh(weiPerBatch, MAX_WEI_PER_BATCH);
        if (receiver == address(0) && weiPerBatch != 0) revert RepaymentReceiverMissing(weiPerBatch);
        (_repayment.receiver, _repayment.weiPerBatch) = (receiver, uint128(weiPerBatch));
        // What is left would be paid to nobody.
        if (receiver == address(0)) _repayment.unrepaid = 0;
        emit PostingRepaymentSet(receiver, weiPerBatch);
    }

    function _depositItems(
        uint256 kind,
        uint256 id,
        uint64 amount,
        address to,
        uint32 account
    ) private returns (uint64 entry) {
        // Check
        uint256 price = _requirePayment(0);
        _requireDeposit(amount, to);
        uint256 total = heldItemsOf[id] + amount;
        if (total > type(uint64).max) revert DepositTooLarge(total, type(uint64).max);

        // Effect
        heldItemsOf[id] = total;

        // Interaction
        ASSETS.safeTransferFrom(msg.sender, address(this), id, amount, "");
        return ROLLUP.enqueue{value: price}(VaultEntry.ofItems(kind, to, account, id, amount));
    }

    /// @dev Exactly `amount` arrives, or nothing does.
    function _pull(IERC20 token, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert WrongAmountReceived(received, amount);
    }

    /// @dev Leaves are never used again: what was paid once never is a second time.
    function _claim(uint32 index) private {
        if (_claimed.get(index)) revert LeafClaimed(index);
        _claimed.set(index);
    }

    function _payLeaf(uint32 index, address owner, uint256 asset, uint256 amount) private {
        emit ExitClaimed(index, owner, uint32(asset), amount);
        _pay(owner, uint32(asset), amount);
    }

    function _payItemLeaf(uint32 index, address owner, uint256 id, uint256 amount) private {
        emit ItemExitClaimed(index, owner, id, amount);
        _payItems(owner, id, amount);
    }

    /// @dev What the receiver or the token does not take waits. A state that gave more than was ever deposited would revert
    /// here: what waits for others is not touched.
    function _pay(address to, uint32 asset, uint256 amount) private {
        heldOf[asset] -= amount;
        if (amount == 0 || BoundedPayment.push(tokenOf(asset), to, amount)) return;
        owed[to][asset] += amount;
        emit Owed(to, asset, amount);
    }

    function _payItems(address to, uint256 id, uint256 amount) private {
        heldItemsOf[id] -= amount;
        if (amount == 0 || ItemPayment.push(ASSETS, to, id, amount)) return;
        owedItems[to][id] += amount;
        emit ItemsOwed(to, id, amount);
    }

    /// @dev What a game has earned: posting is repaid in BNB first.
    function _passOn(uint32 index, uint64 batch, uint256 gameId, uint32 asset, uint256 amount) private {
        uint256 repaid = asset == BNB_ASSET ? _repay(batch, amount) : 0;
        emit FeesClaimed(index, gameId, asset, amount, repaid);
        _pay(_repayment.receiver, asset, repaid);
        uint256 rest = amount - repaid;
        if (rest == 0) return;
        heldOf[asset] -= rest;
        address token = tokenOf(asset);
        if (token == BNB) {
            REVENUE.credit{value: rest}(gameId, token, rest);
        } else {
            IERC20(token).forceApprove(address(REVENUE), rest);
            REVENUE.credit(gameId, token, rest);
        }
    }

    /// @dev What of `amount` repays posting. `batch` is final, and so are all before it.
    function _repay(uint64 batch, uint256 amount) private returns (uint256 repaid) {
        Repayment memory repayment = _repayment;
        uint256 unrepaid = repayment.unrepaid;
        if (batch > repayment.counted) {
            unrepaid += uint256(batch - repayment.counted) * repayment.weiPerBatch;
            _repayment.counted = batch;
        }
        repaid = Math.min(amount, unrepaid);
        // At most 2^64 batches at 2^57 wei each.
        _repayment.unrepaid = uint128(unrepaid - repaid);
    }

    /// @dev The value is the price of an entry and `amount`; returns that price.
    function _requirePayment(uint256 amount) private view returns (uint256 price) {
        price = ROLLUP.depositPrice();
        if (msg.value != price + amount) revert WrongDepositPayment(msg.value, price + amount);
    }

    function _requireFrozen(Batch calldata batch) private view {
        Head memory head = ROLLUP.head();
        if (!head.frozen) revert IRollup.RollupIsNotFrozen();
        if (batch.number != head.number) revert IRollup.NotTheLastFinal(batch.number);
    }

    /// @dev Of the account that a balance, an item or an allowance names.
    function _ownerOf(
        LeafProof calldata account,
        bytes32 root,
        bytes memory holding
    ) private pure returns (address owner) {
        bytes memory leaf = account.openNamed(root, holding.get(LedgerLeaves.HOLDER), LedgerLeaves.ACCOUNT);
        return address(uint160(leaf.get(LedgerLeaves.OWNER)));
    }

    function _requireDeposit(uint256 amount, address to) private pure {
        if (amount == 0) revert ZeroDeposit();
        if (to == address(0)) revert DepositToNobody();
    }
}
