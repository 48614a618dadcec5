// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {INTEGRAL_SCALE, WEEK_SECONDS, IRevenuePool, Span} from "./IRevenuePool.sol";
import {IRevenueSplitter, Pool, Shares, SplitterParams} from "./IRevenueSplitter.sol";

/// @title RevenueSplitter
/// @notice See `IRevenueSplitter` and the README of this folder.
contract RevenueSplitter is IRevenueSplitter, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev In force in epochs before `from`: `bps`; from then on: `next`.
    struct NodeShare {
        uint16 bps;
        uint16 next;
        uint64 from;
    }

    /// @notice Epochs that a claim closes at most.
    uint256 public constant MAX_CLOSED_BY_CLAIM = 100;
    /// @dev Stands for BNB among the tokens.
    address private constant BNB = address(0);
    uint256 private constant BPS = 10_000;
    /// @dev Bounds each stream, and with it the prefix sums.
    uint256 private constant MAX_OUTSTANDING = type(uint128).max;

    /// @inheritdoc IRevenueSplitter
    IRevenuePool public immutable NODE_POOL;
    /// @inheritdoc IRevenueSplitter
    IRevenuePool public immutable COS_POOL;

    /// @inheritdoc IRevenueSplitter
    address public treasury;
    NodeShare private _nodeShare;

    /// @inheritdoc IRevenueSplitter
    mapping(address token => bool) public isTokenAllowed;
    /// @inheritdoc IRevenueSplitter
    mapping(address token => uint256) public outstanding;
    /// @inheritdoc IRevenueSplitter
    mapping(address token => uint256) public treasuryDue;
    /// @inheritdoc IRevenueSplitter
    mapping(address developer => mapping(address token => uint256)) public developerDue;
    /// @inheritdoc IRevenueSplitter
    mapping(Pool pool => mapping(address token => uint256)) public openEpoch;
    /// @inheritdoc IRevenueSplitter
    mapping(Pool pool => mapping(address token => mapping(uint256 epoch => uint256))) public prefixOf;
    /// @inheritdoc IRevenueSplitter
    mapping(Pool pool => mapping(uint256 position => mapping(address token => uint256))) public claimed;
    /// @dev By epoch, what streams in it to either pool: one slot, so that a credit writes once.
    mapping(address token => mapping(uint256 epoch => uint128[2])) private _streams;

    constructor(
        address authority,
        IRevenuePool nodePool,
        IRevenuePool cosPool,
        SplitterParams memory params
    ) AccessManaged(authority) {
        // Check
        _requireContract(authority);
        _requireContract(address(nodePool));
        _requireContract(address(cosPool));

        // Effect
        NODE_POOL = nodePool;
        COS_POOL = cosPool;
        _setTreasury(params.treasury);
        _setNodeShare(params.nodeShareBps, _currentEpoch());
        for (uint256 i = 0; i < params.tokens.length; ++i) _setTokenAllowed(params.tokens[i], true);
    }

    /// @inheritdoc IRevenueSplitter
    function credit(
        bytes32 source,
        address token,
        uint256 amount,
        Shares calldata shares
    ) external payable nonReentrant restricted {
        // Check
        if (!isTokenAllowed[token]) revert TokenNotAllowed(token);
        uint256 whole = uint256(shares.developerBps) + shares.stakersBps + shares.treasuryBps;
        if (whole != BPS) revert SharesNotWhole(whole, BPS);
        if (shares.developer == address(0) && shares.developerBps != 0) revert DeveloperMissing(shares.developerBps);
        uint256 value = token == BNB ? amount : 0;
        if (msg.value != value) revert WrongValue(msg.value, value);

        // Interaction: only afterwards is it known what arrived; the guard keeps everybody out meanwhile
        uint256 received = token == BNB ? msg.value : _pull(IERC20(token), amount);
        if (received == 0) revert NothingReceived(token);

        // Effect
        _divide(source, token, received, shares);
    }

    /// @inheritdoc IRevenueSplitter
    function closeEpoch(Pool pool, address token, uint256 max) external returns (uint256 open) {
        IRevenuePool target = _poolOf(pool);
        target.sync();
        uint256 end = Math.saturatingAdd(openEpoch[pool][token], max);
        return _close(pool, target, token, Math.min(end, _currentEpoch()));
    }

    /// @inheritdoc IRevenueSplitter
    function claim(
        Pool pool,
        uint256 position,
        address token,
        address to
    ) external nonReentrant returns (uint256 amount) {
        IRevenuePool target = _poolOf(pool);
        target.sync();

        // Check
        Span memory span = target.spanOf(position);
        if (msg.sender != span.owner) revert NotPositionOwner(msg.sender, span.owner);
        if (to == address(0)) revert ZeroReceiver();
        if (span.to == 0) (span.to, span.integralTo) = (uint64(block.timestamp), target.integral());

        // Effect
        uint256 needed = span.to / WEEK_SECONDS;
        uint256 open = openEpoch[pool][token];
        if (open < needed) open = _close(pool, target, token, Math.min(needed, open + MAX_CLOSED_BY_CLAIM));
        if (open < needed) revert EpochsOpen(open, needed);
        uint256 earned = _earned(pool, target, token, span);
        amount = earned - claimed[pool][position][token];
        claimed[pool][position][token] = earned;
        emit RevenueClaimed(pool, position, token, to, amount);

        // Interaction
        _pay(token, to, amount);
    }

    /// @inheritdoc IRevenueSplitter
    function withdraw(address token, address to) external nonReentrant returns (uint256 amount) {
        // Check
        if (to == address(0)) revert ZeroReceiver();

        // Effect
        amount = developerDue[msg.sender][token];
        developerDue[msg.sender][token] = 0;
        emit RevenueWithdrawn(msg.sender, token, to, amount);

        // Interaction
        _pay(token, to, amount);
    }

    /// @inheritdoc IRevenueSplitter
    function payTreasury(address token) external nonReentrant returns (uint256 amount) {
        // Effect
        amount = treasuryDue[token];
        treasuryDue[token] = 0;
        emit TreasuryPaid(treasury, token, amount);

        // Interaction
        _pay(token, treasury, amount);
    }

    /// @inheritdoc IRevenueSplitter
    function setTokenAllowed(address token, bool allowed) external restricted {
        _setTokenAllowed(token, allowed);
    }

    /// @inheritdoc IRevenueSplitter
    function setNodeShare(uint16 bps) external restricted {
        _setNodeShare(bps, _currentEpoch() + 1);
    }

    /// @inheritdoc IRevenueSplitter
    function setTreasury(address newTreasury) external restricted {
        _setTreasury(newTreasury);
    }

    /// @inheritdoc IRevenueSplitter
    function nodeShareBps(uint256 epoch) public view returns (uint256) {
        NodeShare memory share = _nodeShare;
        return epoch < share.from ? share.bps : share.next;
    }

    /// @inheritdoc IRevenueSplitter
    function streamOf(Pool pool, address token, uint256 epoch) external view returns (uint256) {
        return _streams[token][epoch][uint256(pool)];
    }

    /// @dev Takes `amount` from the caller; what arrives is what counts.
    function _pull(IERC20 token, uint256 amount) private returns (uint256) {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        return token.balanceOf(address(this)) - before;
    }

    function _divide(bytes32 source, address token, uint256 amount, Shares calldata shares) private {
        uint256 total = outstanding[token] + amount;
        if (total > MAX_OUTSTANDING) revert OutstandingTooLarge(total, MAX_OUTSTANDING);
        outstanding[token] = total;

        uint256 epoch = _currentEpoch();
        uint256 developerPart = Math.mulDiv(amount, shares.developerBps, BPS);
        uint256 treasuryPart = Math.mulDiv(amount, shares.treasuryBps, BPS);
        uint256 pledges = amount - developerPart - treasuryPart;
        uint256 nodes = Math.mulDiv(pledges, nodeShareBps(epoch), BPS);
        pledges -= nodes;

        if (developerPart != 0) developerDue[shares.developer][token] += developerPart;
        if (treasuryPart != 0) treasuryDue[token] += treasuryPart;
        uint128[2] storage streams = _streams[token][epoch + 1];
        // Casts lose nothing: all that is outstanding fits.
        (streams[0], streams[1]) = (streams[0] + uint128(nodes), streams[1] + uint128(pledges));
        emit RevenueCredited(source, token, shares.developer, epoch, developerPart, treasuryPart, nodes, pledges);
    }

    /// @dev Closes the open epochs before `end`, which have ended. The pool is synchronised.
    function _close(Pool pool, IRevenuePool target, address token, uint256 end) private returns (uint256 epoch) {
        epoch = openEpoch[pool][token];
        if (epoch == 0) revert TokenNeverAllowed(token);
        uint256 prefix = prefixOf[pool][token][epoch];
        for (; epoch < end; ++epoch) {
            uint256 amount = _streams[token][epoch][uint256(pool)];
            uint256 rolled = 0;
            if (amount != 0) {
                uint256 idle = target.idleAt(epoch + 1) - target.idleAt(epoch);
                rolled = Math.mulDiv(amount, idle, WEEK_SECONDS);
                if (rolled != 0) _streams[token][epoch + 1][uint256(pool)] += uint128(rolled);
                prefix += amount * (target.integralAt(epoch + 1) - target.integralAt(epoch));
            }
            prefixOf[pool][token][epoch + 1] = prefix;
            emit EpochClosed(pool, token, epoch, amount, rolled);
        }
        openEpoch[pool][token] = epoch;
    }

    /// @dev All that a position has ever earned, rounded down.
    function _earned(Pool pool, IRevenuePool target, address token, Span memory span) private view returns (uint256) {
        uint256 until = _paidPerWeight(pool, target, token, span.to, span.integralTo);
        uint256 since = _paidPerWeight(pool, target, token, span.from, span.integralFrom);
        return Math.mulDiv(span.weight, until - since, INTEGRAL_SCALE * WEEK_SECONDS);
    }

    /// @dev The prefix sum at any second of an epoch whose predecessors are closed. `integral` is the pool's then.
    function _paidPerWeight(
        Pool pool,
        IRevenuePool target,
        address token,
        uint256 timestamp,
        uint256 integral
    ) private view returns (uint256 sum) {
        uint256 epoch = timestamp / WEEK_SECONDS;
        sum = prefixOf[pool][token][epoch];
        uint256 amount = _streams[token][epoch][uint256(pool)];
        if (amount != 0) sum += amount * (integral - target.integralAt(epoch));
    }

    function _pay(address token, address to, uint256 amount) private {
        if (amount == 0) revert NothingDue(token);
        outstanding[token] -= amount;
        if (token == BNB) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    function _setTokenAllowed(address token, bool allowed) private {
        if (allowed && token != BNB) _requireContract(token);
        if (allowed && openEpoch[Pool.Node][token] == 0) {
            // Nothing streams before the next epoch.
            openEpoch[Pool.Node][token] = _currentEpoch();
            openEpoch[Pool.COS][token] = _currentEpoch();
        }
        isTokenAllowed[token] = allowed;
        emit TokenAllowed(token, allowed);
    }

    function _setNodeShare(uint16 bps, uint256 from) private {
        if (bps > BPS) revert NodeShareOutOfRange(bps, BPS);
        uint16 current = uint16(nodeShareBps(_currentEpoch()));
        _nodeShare = NodeShare(current, bps, uint64(from));
        emit NodeShareSet(bps, from);
    }

    function _setTreasury(address newTreasury) private {
        if (newTreasury == address(0)) revert ZeroTreasury();
        treasury = newTreasury;
        emit TreasurySet(newTreasury);
    }

    function _requireContract(address account) private view {
        if (account.code.length == 0) revert NotAContract(account);
    }

    function _poolOf(Pool pool) private view returns (IRevenuePool) {
        return pool == Pool.Node ? NODE_POOL : COS_POOL;
    }

    function _currentEpoch() private view returns (uint256) {
        return block.timestamp / WEEK_SECONDS;
    }
}
