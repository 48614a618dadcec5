// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {DoubleEndedQueue} from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";
import {COSStakingParams, ICOSStaking} from "./ICOSStaking.sol";
import {StakePool} from "./StakePool.sol";
import {Accrual} from "./libraries/Accrual.sol";

/// @title COSStaking
/// @notice See `ICOSStaking` and the README of this folder. A term's pledges end in the order in which they were made, so
/// each term has a queue, and the earliest of the heads ends first.
contract COSStaking is ICOSStaking, StakePool, Votes {
    using DoubleEndedQueue for DoubleEndedQueue.Bytes32Deque;
    using SafeERC20 for IERC20;

    struct Term {
        uint64 length;
        uint64 multiplierBps;
        DoubleEndedQueue.Bytes32Deque queue;
    }

    /// @dev `weight` outlives the withdrawal: the span may wait for its end.
    struct Lot {
        uint128 amount;
        uint128 weight;
    }

    /// @notice Terms that a pool has at most.
    uint256 public constant MAX_TERMS = 8;
    uint256 public constant MIN_MULTIPLIER_BPS = 10_000;
    uint256 public constant MAX_MULTIPLIER_BPS = 100_000;
    /// @dev A pool's first multipliers: 10,000 + SLOPE_BPS · term / SLOPE_SECONDS.
    uint256 private constant SLOPE_BPS = 30_000;
    uint256 private constant SLOPE_SECONDS = 730 days;
    uint256 private constant BPS = 10_000;
    /// @dev More than there is of COS, and small enough for every sum of weights.
    uint256 private constant MAX_AMOUNT = type(uint96).max;
    uint256 private constant MAX_TERM_SECONDS = 3_650 days;
    uint256 private constant OPEN_ENDED = type(uint64).max;

    uint256 public immutable MINIMUM;
    uint64 public immutable COOLDOWN_SECONDS;

    /// @inheritdoc ICOSStaking
    uint256 public totalStaked;
    /// @inheritdoc ICOSStaking
    mapping(address account => uint256 amount) public stakedOf;
    mapping(uint256 position => Lot) private _lots;
    Term[] private _terms;

    constructor(
        address authority,
        IERC20 cos,
        address ecosystem,
        COSStakingParams memory params
    ) StakePool(authority, cos, ecosystem) EIP712("COSStaking", "1") {
        uint256 count = params.termSeconds.length;
        if (params.minimum < Accrual.MIN_WEIGHT) revert MinimumTooLow(params.minimum, Accrual.MIN_WEIGHT);
        if (count == 0 || count > MAX_TERMS) revert TermCountOutOfRange(count, 1, MAX_TERMS);
        MINIMUM = params.minimum;
        COOLDOWN_SECONDS = params.cooldownSeconds;
        for (uint256 i = 0; i < count; ++i) {
            uint64 length = params.termSeconds[i];
            if (i != 0 && length <= params.termSeconds[i - 1]) revert TermsNotAscending(i, length);
            if (length > MAX_TERM_SECONDS) revert TermTooLong(length, MAX_TERM_SECONDS);
            _terms.push().length = length;
            _setMultiplier(i, BPS + Math.mulDiv(SLOPE_BPS, length, SLOPE_SECONDS));
        }
    }

    /// @inheritdoc ICOSStaking
    function pledge(
        uint256 term,
        uint256 amount,
        uint64 minEmissionEnd
    ) external nonReentrant returns (uint256 position) {
        // Check
        _sync();
        Term storage terms = _term(term);
        if (amount < MINIMUM) revert PledgeBelowMinimum(amount, MINIMUM);
        if (amount > MAX_AMOUNT) revert PledgeAboveLimit(amount, MAX_AMOUNT);
        _requireEmission(minEmissionEnd);

        // Effect
        uint256 weight = Math.mulDiv(amount, terms.multiplierBps, BPS);
        position = _open(msg.sender, uint8(term), weight);
        _lots[position] = Lot(uint128(amount), uint128(weight));
        if (terms.length != 0) terms.queue.pushBack(bytes32(position));
        totalStaked += amount;
        stakedOf[msg.sender] += amount;
        _transferVotingUnits(address(0), msg.sender, amount);
        emit Pledged(position, msg.sender, term, amount, weight, uint64(_endOf(_stakes[position])));

        // Interaction
        COS.safeTransferFrom(msg.sender, address(this), amount);
        if (delegates(msg.sender) == address(0)) _takeOverDelegate(msg.sender);
    }

    /// @inheritdoc ICOSStaking
    function leave(uint256 position) external {
        // Check
        Stake storage stake = _stakeOfCaller(position);
        if (_terms[stake.class].length != 0) revert NoEarlyExit(position, _endOf(stake));
        if (stake.to != 0) revert AlreadyLeft(position, stake.to);
        _sync();

        // Effect
        _endSpan(position, stake);
        emit CooldownStarted(position, uint64(block.timestamp) + COOLDOWN_SECONDS);
    }

    /// @inheritdoc ICOSStaking
    function withdraw(uint256 position, address to) external nonReentrant returns (uint256 amount) {
        // Check
        Stake storage stake = _stakeOfCaller(position);
        if (to == address(0)) revert ZeroReceiver();
        amount = _lots[position].amount;
        if (amount == 0) revert AlreadyWithdrawn(position);
        uint256 free = _freeAt(stake);
        if (block.timestamp < free) revert PledgeLocked(block.timestamp, free);

        // Effect
        _lots[position].amount = 0;
        totalStaked -= amount;
        stakedOf[msg.sender] -= amount;
        _transferVotingUnits(msg.sender, address(0), amount);
        emit PledgeWithdrawn(position, to, amount);

        // Interaction
        COS.safeTransfer(to, amount);
    }

    /// @inheritdoc ICOSStaking
    function setMultiplier(uint256 term, uint256 multiplierBps) external restricted {
        _setMultiplier(term, multiplierBps);
    }

    /// @inheritdoc ICOSStaking
    function termCount() external view returns (uint256) {
        return _terms.length;
    }

    /// @inheritdoc ICOSStaking
    function termOf(uint256 term) external view returns (uint64 termSeconds, uint256 multiplierBps) {
        Term storage terms = _term(term);
        return (terms.length, terms.multiplierBps);
    }

    /// @inheritdoc ICOSStaking
    function termIndexOf(uint256 position) external view returns (uint256) {
        return _stakeOf(position).class;
    }

    /// @inheritdoc ICOSStaking
    function principalOf(uint256 position) external view returns (uint256) {
        _stakeOf(position);
        return _lots[position].amount;
    }

    /// @inheritdoc ICOSStaking
    function withdrawableAt(uint256 position) external view returns (uint64) {
        return uint64(_freeAt(_stakeOf(position)));
    }

    /// @inheritdoc Votes
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @inheritdoc Votes
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function _dequeue(uint256 position) internal override {
        _terms[_stakes[position].class].queue.popFront();
    }

    /// @dev Of two heads with one end, the shorter term's.
    function _nextEnd() internal view override returns (uint256 position, uint256 end) {
        end = type(uint256).max;
        for (uint256 i = 0; i < _terms.length; ++i) {
            DoubleEndedQueue.Bytes32Deque storage queue = _terms[i].queue;
            if (queue.empty()) continue;
            uint256 head = uint256(queue.front());
            uint256 headEnd = _endOf(_stakes[head]);
            if (headEnd < end) (position, end) = (head, headEnd);
        }
    }

    function _endOf(Stake storage stake) internal view override returns (uint256) {
        uint64 length = _terms[stake.class].length;
        if (length != 0) return stake.from + length;
        return stake.to == 0 ? OPEN_ENDED : stake.to;
    }

    function _weightOf(uint256 position) internal view override returns (uint256) {
        return _lots[position].weight;
    }

    /// @inheritdoc Votes
    function _getVotingUnits(address account) internal view override returns (uint256) {
        return stakedOf[account];
    }

    function _takeOverDelegate(address account) private {
        address delegatee = IVotes(address(COS)).delegates(account);
        if (delegatee != address(0)) _delegate(account, delegatee);
    }

    function _setMultiplier(uint256 term, uint256 multiplierBps) private {
        Term storage terms = _term(term);
        if (multiplierBps < MIN_MULTIPLIER_BPS || multiplierBps > MAX_MULTIPLIER_BPS) {
            revert MultiplierOutOfRange(multiplierBps, MIN_MULTIPLIER_BPS, MAX_MULTIPLIER_BPS);
        }
        terms.multiplierBps = uint64(multiplierBps);
        emit MultiplierSet(term, multiplierBps);
    }

    function _term(uint256 term) private view returns (Term storage) {
        if (term >= _terms.length) revert UnknownTerm(term, _terms.length);
        return _terms[term];
    }

    /// @dev When the pledged COS may leave.
    function _freeAt(Stake storage stake) private view returns (uint256) {
        uint256 end = _endOf(stake);
        if (_terms[stake.class].length != 0 || stake.to == 0) return end;
        return end + COOLDOWN_SECONDS;
    }
}
