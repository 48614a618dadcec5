// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRevenuePool} from "./IRevenuePool.sol";

/// @notice Who stakes: the nodes with BNB, or the pledges with COS.
enum Pool {
    Node,
    COS
}

/// @notice How a sale or fee is divided, in basis points; the three sum to 10,000.
/// @param developer Whom the developer's part is for; zero only where that part is.
struct Shares {
    address developer;
    uint16 developerBps;
    uint16 stakersBps;
    uint16 treasuryBps;
}

/// @notice What a splitter starts with.
/// @param treasury Receives the treasury's parts.
/// @param nodeShareBps Part of the stakers' that goes to the nodes; the rest goes to the pledges.
/// @param tokens Tokens that may be credited from the beginning; zero is BNB.
struct SplitterParams {
    address treasury;
    uint16 nodeShareBps;
    address[] tokens;
}

/// @title Revenue of the games, divided among developers, stakers and treasury
/// @notice A token is an ERC-20, or BNB as address zero; amounts are in its smallest unit. An epoch is a week of 7 days
/// from Unix time zero. What the stakers get in one epoch streams evenly over the next. Source: COS paper (revenue of the
/// platform for stakers).
interface IRevenueSplitter {
    /// @dev What `outstanding` grew by. `nodes + pledges` streams in the epoch after `epoch`.
    event RevenueCredited(
        bytes32 indexed source,
        address indexed token,
        address indexed developer,
        uint256 epoch,
        uint256 developerPart,
        uint256 treasuryPart,
        uint256 nodes,
        uint256 pledges
    );
    /// @dev Of `amount`, `rolled` found nobody staked and streams in the next epoch.
    event EpochClosed(Pool indexed pool, address indexed token, uint256 indexed epoch, uint256 amount, uint256 rolled);
    event RevenueClaimed(
        Pool indexed pool,
        uint256 indexed position,
        address indexed token,
        address to,
        uint256 amount
    );
    event RevenueWithdrawn(address indexed developer, address indexed token, address to, uint256 amount);
    event TreasuryPaid(address indexed treasury, address indexed token, uint256 amount);
    event TokenAllowed(address indexed token, bool allowed);
    /// @dev In force from the start of `epoch` on.
    event NodeShareSet(uint256 bps, uint256 epoch);
    event TreasurySet(address treasury);

    error NotAContract(address account);
    error ZeroTreasury();
    error ZeroReceiver();
    error NodeShareOutOfRange(uint256 bps, uint256 max);

    error TokenNotAllowed(address token);
    error TokenNeverAllowed(address token);
    /// @dev The three parts sum to `bps`.
    error SharesNotWhole(uint256 bps, uint256 whole);
    error DeveloperMissing(uint256 developerBps);
    /// @dev The value that came is not the amount in BNB, or came with another token.
    error WrongValue(uint256 value, uint256 expected);
    error NothingReceived(address token);
    error OutstandingTooLarge(uint256 outstanding, uint256 max);

    error NotPositionOwner(address caller, address owner);
    /// @dev Epochs from `open` on are to be closed before this claim, up to `needed`: call `closeEpoch`.
    error EpochsOpen(uint256 open, uint256 needed);
    error NothingDue(address token);

    /// @notice Takes `amount` of `token` from the caller and divides what arrived; the stakers take the rounding. Role
    /// CREDITOR. Reverts for a token that isn't allowed.
    /// @param source Whose sale or fee it is: a game's id, or whatever the creditor counts by. For the log alone.
    /// @param amount For an ERC-20, approved to this contract; for BNB, the value sent along. Above zero.
    /// @param shares As they were fixed when the game was registered.
    function credit(bytes32 source, address token, uint256 amount, Shares calldata shares) external payable;

    /// @notice Settles the epochs of `token` in `pool` that have ended, at most `max` of them: what they paid per weight,
    /// and what rolls forward. Anyone may call, any time later: an epoch's result does not depend on when. Synchronises
    /// the pool, and reverts where that does.
    /// @return open The first epoch that isn't closed.
    function closeEpoch(Pool pool, address token, uint256 max) external returns (uint256 open);

    /// @notice Pays all of `token` that the caller's position has earned so far. Positions that ended keep what they
    /// earned. Closes the epochs before the position's end (or now) where that is needed, at most 100, and reverts with
    /// `EpochsOpen` if that doesn't suffice.
    /// @param to Who receives it; not zero.
    function claim(Pool pool, uint256 position, address token, address to) external returns (uint256 amount);

    /// @notice Pays the caller's parts as a developer to `to`.
    function withdraw(address token, address to) external returns (uint256 amount);

    /// @notice Pays the treasury's parts to the treasury. Anyone may call.
    function payTreasury(address token) external returns (uint256 amount);

    /// @notice Admits a token, or admits it no longer: what has been credited stays claimable. Role TIMELOCK.
    function setTokenAllowed(address token, bool allowed) external;

    /// @notice Changes the nodes' part of the stakers' revenue from the next epoch on. Role TIMELOCK.
    function setNodeShare(uint16 bps) external;

    /// @notice Changes who receives the treasury's parts, those that wait included. Role TIMELOCK.
    function setTreasury(address treasury) external;

    function isTokenAllowed(address token) external view returns (bool);

    /// @notice All of `token` that was credited and not paid: no more than the balance, as long as the token is honest.
    function outstanding(address token) external view returns (uint256);

    /// @notice What a developer may withdraw.
    function developerDue(address developer, address token) external view returns (uint256);

    /// @notice What waits for the treasury.
    function treasuryDue(address token) external view returns (uint256);

    function treasury() external view returns (address);

    /// @notice Part of the stakers' revenue that goes to the nodes in `epoch`, the current one or a later one.
    function nodeShareBps(uint256 epoch) external view returns (uint256);

    /// @notice What streams to `pool` in `epoch`: final once the epoch before is closed.
    function streamOf(Pool pool, address token, uint256 epoch) external view returns (uint256);

    /// @notice Paid per weight up to the start of `epoch`, in units of 1 / (INTEGRAL_SCALE · WEEK_SECONDS); final and
    /// exact from `openEpoch` backwards.
    function prefixOf(Pool pool, address token, uint256 epoch) external view returns (uint256);

    /// @notice First epoch of `token` in `pool` that isn't closed; 0 for a token that never was allowed.
    function openEpoch(Pool pool, address token) external view returns (uint256);

    /// @notice What a position was paid so far.
    function claimed(Pool pool, uint256 position, address token) external view returns (uint256);

    // solhint-disable func-name-mixedcase
    function NODE_POOL() external view returns (IRevenuePool);

    function COS_POOL() external view returns (IRevenuePool);
}
