// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRevenueSplitter} from "../staking/IRevenueSplitter.sol";
import {IGameAssets} from "./IGameAssets.sol";
import {IGameRevenue} from "./IGameRevenue.sol";

/// @notice An ask sells what its maker holds, a bid buys for its maker.
enum Side {
    Ask,
    Bid
}

/// @notice What a maker signs. Fillable in parts, each at exactly `unitPrice` for each piece.
/// @param taker Who alone may fill it; zero for anyone.
/// @param amount Pieces in all.
/// @param token What it is paid in: an ERC-20 that revenue may be credited in, or zero for BNB.
/// @param maxFeeBps Highest fee at which it may be filled.
/// @param expiry First second in which it is void.
/// @param salt Tells apart orders that are otherwise alike.
/// @param counter The maker's `counterOf`; raising that voids the order.
struct Order {
    Side side;
    address maker;
    address taker;
    uint256 id;
    uint256 amount;
    address token;
    uint256 unitPrice;
    uint256 maxFeeBps;
    uint256 expiry;
    uint256 salt;
    uint256 counter;
}

/// @notice One of several fills.
/// @param amount Pieces to fill now.
struct Fill {
    Order order;
    bytes signature;
    uint256 amount;
}

/// @title Market for the games' assets
/// @notice Orders are signed (EIP-712) and kept anywhere; the market holds no asset. It holds BNB of accounts, royalties in
/// other tokens, and fees that are not credited yet. A token is an ERC-20, or BNB as address zero. Source: COS paper (trade
/// of assets among players, commission into the platform's revenue).
interface IMarketplace {
    /// @dev The buyer paid `total`: `royalty` to `royaltyReceiver`, `fee` to the game's revenue, the rest to the seller.
    event OrderFilled(
        bytes32 indexed orderHash,
        address indexed maker,
        uint256 indexed id,
        address taker,
        Side side,
        uint256 amount,
        address token,
        uint256 total,
        uint256 fee,
        uint256 royalty,
        address royaltyReceiver
    );
    event OrderCancelled(bytes32 indexed orderHash, address indexed maker);
    event CounterRaised(address indexed maker, uint256 counter);
    event Deposited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);
    event FeesCredited(uint256 indexed gameId, address indexed token, uint256 amount);
    event FeeSet(uint16 bps);

    error NotAContract(address account);
    error FeeOutOfRange(uint256 bps, uint256 max);

    error FillsNothing(bytes32 orderHash);
    error ZeroPrice(bytes32 orderHash);
    /// @dev The whole order would cost more than 128 bits can hold.
    error PriceOutOfRange(uint256 unitPrice, uint256 max);
    error OrderExpired(uint256 timestamp, uint256 expiry);
    error NotTheTaker(address caller, address taker);
    error SelfTrade(address account);
    error FeeAboveSigned(uint256 feeBps, uint256 maxFeeBps);
    error CounterMismatch(uint256 signed, uint256 current);
    error PaymentTokenNotAllowed(address token);
    error OrderNotSigned(address maker);
    error OrderIsCancelled(bytes32 orderHash);
    /// @dev `left` pieces of the order are not filled.
    error OrderExhausted(uint256 amount, uint256 left);
    error NotTheMaker(address caller, address maker);
    /// @dev BNB that came, and what the fills cost together.
    error PaymentMismatch(uint256 value, uint256 cost);
    error DepositTooSmall(address account, uint256 deposit, uint256 cost);
    /// @dev A token that moves another amount than it is told.
    error TokenMovedOther(address token, uint256 received, uint256 amount);
    error ZeroReceiver();
    error NothingOwed(address token);
    error NoFees(uint256 gameId, address token);

    /// @notice Fills `amount` pieces of the order, or reverts. The buyer of an ask in BNB sends exactly its cost along; other
    /// tokens are taken from the buyer, who has approved this contract; a bid in BNB is paid from its maker's deposit. The
    /// seller has approved this contract in `ASSETS`.
    function fill(Order calldata order, bytes calldata signature, uint256 amount) external payable;

    /// @notice All of `fills`, or none.
    function fillMany(Fill[] calldata fills) external payable;

    /// @notice Voids orders of the caller for good.
    function cancel(Order[] calldata orders) external;

    /// @notice Voids all orders that the caller has signed so far.
    function raiseCounter() external returns (uint256 counter);

    /// @notice Adds the BNB that comes to what the caller is owed: what bids in BNB are paid from.
    function deposit() external payable;

    /// @notice Pays all that the caller is owed in `token`: BNB from sales, royalties and deposits; royalties in others.
    /// @param to Who receives it; not zero.
    function withdraw(address token, address to) external returns (uint256 amount);

    /// @notice Passes on the fees of a game's sales to be divided as its revenue. Anyone may call. Reverts as long as the
    /// token is one that revenue may not be credited in: the fees wait.
    function creditRevenue(uint256 gameId, address token) external returns (uint256 amount);

    /// @notice Changes the fee of all later fills, within what their orders say. Role TIMELOCK.
    /// @param bps At most `MAX_FEE_BPS`.
    function setFee(uint16 bps) external;

    /// @notice Part of each sale that is the game's revenue, in basis points.
    function feeBps() external view returns (uint16);

    /// @notice What the maker of an order signs, and its name here.
    function hashOf(Order calldata order) external view returns (bytes32);

    /// @notice Pieces of an order that were filled; all bits set for a cancelled one.
    function filled(bytes32 orderHash) external view returns (uint256);

    function counterOf(address maker) external view returns (uint256);

    /// @notice What `account` may withdraw.
    function owed(address account, address token) external view returns (uint256);

    /// @notice Fees of a game's sales that are not credited yet.
    function feesOf(uint256 gameId, address token) external view returns (uint256);

    // solhint-disable func-name-mixedcase
    function ASSETS() external view returns (IGameAssets);

    function REVENUE() external view returns (IGameRevenue);

    /// @notice Says which tokens are taken.
    function SPLITTER() external view returns (IRevenueSplitter);

    function MAX_FEE_BPS() external view returns (uint16);
}
