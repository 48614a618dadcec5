// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IRevenueSplitter} from "../staking/IRevenueSplitter.sol";
import {IGameAssets} from "./IGameAssets.sol";
import {IGameRevenue} from "./IGameRevenue.sol";
import {Fill, IMarketplace, Order, Side} from "./IMarketplace.sol";
import {AccountSignature} from "./libraries/AccountSignature.sol";
import {AssetId} from "./libraries/AssetId.sol";

/// @title Marketplace
/// @notice See `IMarketplace` and the README of this folder.
contract Marketplace is IMarketplace, AccessManaged, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev One slot, so that a sale for BNB reads the maker's counter where it writes what the maker gets. It never becomes
    /// zero again (`known`): a sale after a withdrawal costs 17,100 gas less.
    struct Account {
        uint128 bnb;
        uint120 counter;
        bool known;
    }

    /// @dev One fill: who gives and takes what.
    struct Sale {
        address seller;
        address buyer;
        uint256 total;
        uint256 fee;
        uint256 royalty;
        address royaltyReceiver;
    }

    /// @inheritdoc IMarketplace
    uint16 public constant MAX_FEE_BPS = 1_000;
    uint256 private constant BPS = 10_000;
    /// @dev Stands for BNB among the tokens.
    address private constant BNB = address(0);
    uint256 private constant CANCELLED = type(uint256).max;
    uint256 private constant MAX_TOTAL = type(uint128).max;
    bytes32 private constant ORDER_TYPEHASH = keccak256(
        "Order(uint8 side,address maker,address taker,uint256 id,uint256 amount,address token,uint256 unitPrice,"
        "uint256 maxFeeBps,uint256 expiry,uint256 salt,uint256 counter)"
    );

    /// @inheritdoc IMarketplace
    IGameAssets public immutable ASSETS;
    /// @inheritdoc IMarketplace
    IGameRevenue public immutable REVENUE;
    /// @inheritdoc IMarketplace
    IRevenueSplitter public immutable SPLITTER;

    /// @inheritdoc IMarketplace
    uint16 public feeBps;
    /// @inheritdoc IMarketplace
    mapping(bytes32 orderHash => uint256) public filled;
    /// @inheritdoc IMarketplace
    mapping(uint256 gameId => mapping(address token => uint256)) public feesOf;
    mapping(address account => Account) private _accounts;
    /// @dev In other tokens than BNB.
    mapping(address account => mapping(address token => uint256)) private _owed;

    constructor(
        address authority,
        IGameAssets assets,
        IGameRevenue revenue,
        uint16 bps
    ) AccessManaged(authority) EIP712("Marketplace", "1") {
        // Check
        _requireContract(authority);
        _requireContract(address(assets));
        _requireContract(address(revenue));

        // Effect
        ASSETS = assets;
        REVENUE = revenue;
        SPLITTER = revenue.SPLITTER();
        _setFee(bps);
    }

    /// @inheritdoc IMarketplace
    function fill(Order calldata order, bytes calldata signature, uint256 amount) external payable nonReentrant {
        uint256 cost = _fill(order, signature, amount);
        if (msg.value != cost) revert PaymentMismatch(msg.value, cost);
    }

    /// @inheritdoc IMarketplace
    function fillMany(Fill[] calldata fills) external payable nonReentrant {
        uint256 cost = 0;
        for (uint256 i = 0; i < fills.length; ++i) cost += _fill(fills[i].order, fills[i].signature, fills[i].amount);
        if (msg.value != cost) revert PaymentMismatch(msg.value, cost);
    }

    /// @inheritdoc IMarketplace
    function cancel(Order[] calldata orders) external {
        for (uint256 i = 0; i < orders.length; ++i) {
            address maker = orders[i].maker;
            if (msg.sender != maker) revert NotTheMaker(msg.sender, maker);
            bytes32 orderHash = hashOf(orders[i]);
            filled[orderHash] = CANCELLED;
            emit OrderCancelled(orderHash, maker);
        }
    }

    /// @inheritdoc IMarketplace
    function raiseCounter() external returns (uint256 counter) {
        counter = ++_accounts[msg.sender].counter;
        emit CounterRaised(msg.sender, counter);
    }

    /// @inheritdoc IMarketplace
    function deposit() external payable {
        _add(msg.sender, msg.value);
        emit Deposited(msg.sender, msg.value);
    }

    /// @inheritdoc IMarketplace
    function withdraw(address token, address to) external nonReentrant returns (uint256 amount) {
        // Check
        if (to == address(0)) revert ZeroReceiver();
        amount = owed(msg.sender, token);
        if (amount == 0) revert NothingOwed(token);

        // Effect
        if (token == BNB) _accounts[msg.sender].bnb = 0;
        else _owed[msg.sender][token] = 0;
        emit Withdrawn(msg.sender, token, to, amount);

        // Interaction
        if (token == BNB) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IMarketplace
    function creditRevenue(uint256 gameId, address token) external nonReentrant returns (uint256 amount) {
        // Check
        amount = feesOf[gameId][token];
        if (amount == 0) revert NoFees(gameId, token);

        // Effect
        feesOf[gameId][token] = 0;
        emit FeesCredited(gameId, token, amount);

        // Interaction
        if (token == BNB) {
            REVENUE.credit{value: amount}(gameId, token, amount);
        } else {
            IERC20(token).forceApprove(address(REVENUE), amount);
            REVENUE.credit(gameId, token, amount);
        }
    }

    /// @inheritdoc IMarketplace
    function setFee(uint16 bps) external restricted {
        _setFee(bps);
    }

    /// @inheritdoc IMarketplace
    function counterOf(address maker) external view returns (uint256) {
        return _accounts[maker].counter;
    }

    /// @inheritdoc IMarketplace
    function owed(address account, address token) public view returns (uint256) {
        return token == BNB ? _accounts[account].bnb : _owed[account][token];
    }

    /// @inheritdoc IMarketplace
    function hashOf(Order calldata order) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ORDER_TYPEHASH, order)));
    }

    /// @dev Returns the BNB that the caller has to send for it.
    function _fill(Order calldata order, bytes calldata signature, uint256 amount) private returns (uint256 cost) {
        // Check
        bytes32 orderHash = hashOf(order);
        uint256 before = filled[orderHash];
        _checkTerms(order, orderHash, before, amount);
        _checkParties(order, orderHash, signature);

        // Effect
        filled[orderHash] = before + amount;
        Sale memory sale = _saleOf(order, amount);
        cost = _account(order, sale);
        emit OrderFilled(
            orderHash,
            order.maker,
            order.id,
            msg.sender,
            order.side,
            amount,
            order.token,
            sale.total,
            sale.fee,
            sale.royalty,
            sale.royaltyReceiver
        );

        // Interaction
        if (order.token != BNB) {
            uint256 kept = sale.fee + sale.royalty;
            _move(order.token, sale.buyer, sale.seller, sale.total - kept);
            if (kept != 0) _move(order.token, sale.buyer, address(this), kept);
        }
        ASSETS.safeTransferFrom(sale.seller, sale.buyer, order.id, amount, "");
    }

    function _checkTerms(Order calldata order, bytes32 orderHash, uint256 before, uint256 amount) private view {
        if (amount == 0) revert FillsNothing(orderHash);
        if (order.unitPrice == 0) revert ZeroPrice(orderHash);
        if (before == CANCELLED) revert OrderIsCancelled(orderHash);
        uint256 left = order.amount - before;
        if (amount > left) revert OrderExhausted(amount, left);
        if (order.unitPrice > MAX_TOTAL / order.amount) {
            revert PriceOutOfRange(order.unitPrice, MAX_TOTAL / order.amount);
        }
        if (block.timestamp >= order.expiry) revert OrderExpired(block.timestamp, order.expiry);
    }

    /// @dev Who and what meets here, and whether the maker has signed.
    function _checkParties(Order calldata order, bytes32 orderHash, bytes calldata signature) private view {
        address maker = order.maker;
        if (order.taker != address(0) && msg.sender != order.taker) revert NotTheTaker(msg.sender, order.taker);
        if (msg.sender == maker) revert SelfTrade(maker);
        if (feeBps > order.maxFeeBps) revert FeeAboveSigned(feeBps, order.maxFeeBps);
        uint256 counter = _accounts[maker].counter;
        if (order.counter != counter) revert CounterMismatch(order.counter, counter);
        // BNB always is: where its fees may not be credited for a while, they wait.
        if (order.token != BNB && !SPLITTER.isTokenAllowed(order.token)) revert PaymentTokenNotAllowed(order.token);
        if (!AccountSignature.isBy(maker, orderHash, signature)) revert OrderNotSigned(maker);
    }

    function _saleOf(Order calldata order, uint256 amount) private view returns (Sale memory sale) {
        (sale.seller, sale.buyer) = order.side == Side.Ask ? (order.maker, msg.sender) : (msg.sender, order.maker);
        sale.total = order.unitPrice * amount;
        sale.fee = (sale.total * feeBps) / BPS;
        (sale.royaltyReceiver, sale.royalty) = ASSETS.royaltyInfo(order.id, sale.total);
    }

    /// @dev Writes down who is owed what of it.
    function _account(Order calldata order, Sale memory sale) private returns (uint256 cost) {
        if (order.token != BNB) {
            if (sale.royalty != 0) _owed[sale.royaltyReceiver][order.token] += sale.royalty;
        } else {
            if (order.side == Side.Ask) cost = sale.total;
            else _take(sale.buyer, sale.total);
            _add(sale.seller, sale.total - sale.fee - sale.royalty);
            if (sale.royalty != 0) _add(sale.royaltyReceiver, sale.royalty);
        }
        if (sale.fee != 0) feesOf[AssetId.gameOf(order.id)][order.token] += sale.fee;
    }

    /// @dev All BNB there is fits into 128 bits.
    function _add(address account, uint256 amount) private {
        Account memory state = _accounts[account];
        _accounts[account] = Account(state.bnb + uint128(amount), state.counter, true);
    }

    function _take(address account, uint256 amount) private {
        uint256 balance = _accounts[account].bnb;
        if (amount > balance) revert DepositTooSmall(account, balance, amount);
        _accounts[account].bnb = uint128(balance - amount);
    }

    /// @dev Exactly `amount` arrives, or nothing does.
    function _move(address token, address from, address to, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(to);
        IERC20(token).safeTransferFrom(from, to, amount);
        uint256 received = IERC20(token).balanceOf(to) - before;
        if (received != amount) revert TokenMovedOther(token, received, amount);
    }

    function _setFee(uint16 bps) private {
        if (bps > MAX_FEE_BPS) revert FeeOutOfRange(bps, MAX_FEE_BPS);
        feeBps = bps;
        emit FeeSet(bps);
    }

    function _requireContract(address account) private view {
        if (account.code.length == 0) revert NotAContract(account);
    }
}
