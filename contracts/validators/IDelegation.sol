// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ICreditable} from "../token/ICreditable.sol";
import {IFundable} from "../token/IFundable.sol";

/// @notice What a delegation contract is made with: `constructor(address authority, DelegationParams params)`.
/// @param cos The token that is bonded and paid.
/// @param vault The only account that may fund the rewards.
/// @param treasury Receives what is slashed.
/// @param community Receives what finds nobody else of a reward.
/// @param epochSeconds Length of a reward epoch.
struct DelegationParams {
    IERC20 cos;
    address vault;
    address treasury;
    address community;
    uint64 epochSeconds;
}

/// @notice A validator's bond and terms.
/// @param opened False: nobody can delegate to this account yet.
/// @param closed True: nobody can delegate any more.
/// @param index Worth of one share, in COS wei times 1e27: 1e27 at first, less after each slash, 0 once nothing is left.
/// @param activeShares Shares that count as bond and earn.
/// @param unbondingShares Shares on their way out: slashable, neither bond nor earning.
/// @param bond COS wei of the active shares.
/// @param rewardPerShare COS wei that one share has earned since the beginning, times 1e27.
/// @param commissionBps Basis points of its rewards that the validator keeps.
/// @param maxCommissionBps The most that it can ever be.
/// @param maxChangeBps The most that one change can be.
/// @param commissionSetAt Unix seconds of the last change; of the opening before.
struct BondPool {
    bool opened;
    bool closed;
    uint256 index;
    uint256 activeShares;
    uint256 unbondingShares;
    uint256 bond;
    uint256 rewardPerShare;
    uint16 commissionBps;
    uint16 maxCommissionBps;
    uint16 maxChangeBps;
    uint64 commissionSetAt;
}

/// @notice What one account has at one validator.
/// @param shares Active shares.
/// @param bond COS wei that they are worth.
/// @param reward COS wei to claim, the validator's commission included.
/// @param unbondings How many times it has undelegated: ids 0 to `unbondings − 1`.
struct BondPosition {
    uint256 shares;
    uint256 bond;
    uint256 reward;
    uint256 unbondings;
}

/// @title Bonds of the validators in COS: own and delegated, their shares, slashes and rewards
/// @notice Time is Unix seconds, amounts are COS wei, shares are a validator's own unit. A validator is the account that
/// its registry opened a pool for; its own bond is its own delegation to itself. Source: QOS paper (delegation,
/// commission, unbonding).
interface IDelegation is IFundable, ICreditable {
    event PoolOpened(address indexed validator, uint16 maxCommissionBps, uint16 maxChangeBps, uint16 commissionBps);
    event PoolShut(address indexed validator);
    event CommissionSet(address indexed validator, uint16 commissionBps);
    event Delegated(address indexed validator, address indexed delegator, uint256 amount, uint256 shares);
    event Undelegated(
        address indexed validator,
        address indexed delegator,
        uint256 indexed id,
        uint256 shares,
        uint256 readyAt
    );
    event Withdrawn(
        address indexed validator,
        address indexed delegator,
        uint256 indexed id,
        address to,
        uint256 shares,
        uint256 amount
    );
    event RewardClaimed(address indexed validator, address indexed delegator, address to, uint256 amount);
    /// @dev `index` is the new one; `amount` waits to be swept.
    event BondSlashed(address indexed validator, uint256 bps, uint256 index, uint256 amount);
    /// @dev `toDelegators` as far as it could be divided among the shares.
    event RewardCredited(
        uint256 indexed epoch,
        address indexed validator,
        uint256 commission,
        uint256 toDelegators,
        uint256 rewardPerShare
    );
    /// @dev After its `RewardCredited`; `reward` includes `toCommunity`.
    event EpochSettled(uint256 indexed epoch, uint256 reward, uint256 toCommunity);
    event RewardFunded(uint256 amount, uint256 rate, uint64 emissionEnd, uint256 undistributed);
    event RewardGiven(address indexed giver, uint256 amount);
    event SlashedBondSwept(address treasury, uint256 amount);
    event CommunitySwept(address community, uint256 amount);
    event TreasurySet(address treasury);
    event CommunitySet(address community);

    error NotAContract(address account);
    error ZeroVault();
    error ZeroTreasury();
    error ZeroCommunity();
    error ZeroEpochSeconds();

    error PoolExists(address validator);
    error UnknownPool(address validator);
    error PoolClosed(address validator);
    /// @dev Slashes left nothing of its bond.
    error PoolWiped(address validator);
    error CommissionOutOfRange(uint256 commissionBps, uint256 max);
    /// @dev The largest change that a pool is opened with must be within its largest commission.
    error MaxChangeOutOfRange(uint256 maxChangeBps, uint256 max);
    error CommissionChangeTooLarge(uint256 changeBps, uint256 max);
    error CommissionChangeTooEarly(uint256 timestamp, uint256 earliest);

    error ZeroBond();
    error ZeroShares();
    error ZeroReceiver();
    error SharesExceeded(uint256 shares, uint256 held);
    error UnknownUnbonding(address validator, address delegator, uint256 id);
    error StillUnbonding(uint256 timestamp, uint256 readyAt);
    error NoReward(address validator, address delegator);
    error NothingToSweep();

    error SlashOutOfRange(uint256 bps, uint256 max);
    error RewardEpochRunning(uint256 epoch, uint256 current);
    error RewardEpochSettled(uint256 epoch, uint256 next);
    error EmissionEndTooEarly(uint256 newEnd, uint256 earliest);
    error RewardRateFell(uint256 rate, uint256 running);
    error ZeroFunding();
    error NotVault(address caller, address vault);
    error LookupInFuture(uint256 timepoint, uint256 timestamp);

    /// @notice Bonds `amount` of the caller's COS, which it approved, to `validator`: active and earning at once.
    /// @return shares For the whole `amount` at the present index: the fraction of a share is the pool's.
    function delegate(address validator, uint256 amount) external returns (uint256 shares);

    /// @notice Takes active shares of the caller out: they count and earn no more, stay slashable, and can be withdrawn
    /// `UNBONDING_SECONDS` later. Needs nobody's consent, at no time.
    /// @param shares At most the caller's active shares; all of them to leave.
    /// @return id Counts the caller's unbondings at this validator, from 0 on.
    function undelegate(address validator, uint256 shares) external returns (uint256 id);

    /// @notice Pays an unbonding of the caller to `to`, at what its shares are worth now, once it is ready. Needs nobody's
    /// consent, at no time.
    function withdraw(address validator, uint256 id, address to) external returns (uint256 amount);

    /// @notice Pays the caller's rewards at `validator` to `to`: its delegation's, and the commission if it is the
    /// validator. Its cost depends neither on epochs nor on delegators.
    function claim(address validator, address to) external returns (uint256 amount);

    /// @notice Changes the calling validator's commission, from the next settled epoch on: within its maximum, by at most
    /// its largest change, not before 24 hours after the last change or the opening.
    function setCommission(uint16 commissionBps) external;

    /// @notice Lets delegate to `validator`, once per account, for good. Role REGISTRY.
    /// @param maxCommissionBps At most 10,000; never changes. @param maxChangeBps At most `maxCommissionBps`; never
    /// changes. @param commissionBps At most `maxCommissionBps`.
    function open(address validator, uint16 maxCommissionBps, uint16 maxChangeBps, uint16 commissionBps) external;

    /// @notice Ends delegating to `validator`, for good. It slashes and releases nothing; where there is no pool, or it is
    /// closed, it does nothing. Role REGISTRY.
    function close(address validator) external;

    /// @notice Takes `bps` basis points of everything at `validator`: own, delegated and unbonding until it is paid,
    /// after `close` as well. Where less than a billionth of a share's first worth is left, that is taken, too. Role
    /// REGISTRY.
    /// @return taken What it took, for `sweepSlashed`; 0 where there was never a pool or nothing is left.
    function slash(address validator, uint256 bps) external returns (uint256 taken);

    /// @notice Splits what has streamed up to the end of `rewardEpoch`, and what was credited, and was not split before:
    /// `PROPOSER_BPS` to the proposer's pool, the rest over those of `signed` by their bond now; in each pool the commission to the validator,
    /// the remainder to the delegators by share. What finds nobody goes to the community. Role LIVENESS.
    /// @param rewardEpoch Is over, and later than the last settled.
    /// @param proposer Zero if there is none, or if it is inactive.
    /// @param signed The active validators that signed, each once. An account without a bond earns nothing.
    function settle(uint256 rewardEpoch, address proposer, address[] calldata signed) external;

    /// @notice Takes approved COS from the vault, the only caller, and streams it until `newEnd`, after now and not before
    /// the running end, together with what is left of the running stream. What arrives counts; the rate never falls
    /// while it runs; what cannot be divided waits for the next funding.
    function fund(uint256 amount, uint64 newEnd) external override;

    /// @notice Takes approved COS from anyone, the release schedule first of all, into the reward that is settled next.
    /// What arrives counts.
    function credit(uint256 amount) external override;

    /// @notice Pays what was slashed to the treasury. Anyone may call.
    function sweepSlashed() external;

    /// @notice Pays the community's part of the rewards to its account. Anyone may call.
    function sweepCommunity() external;

    /// @notice Changes who receives what is slashed. Role TIMELOCK.
    function setTreasury(address treasury) external;

    /// @notice Changes who receives the community's part. Role TIMELOCK.
    function setCommunity(address community) external;

    /// @notice Active COS wei of `validator`, own plus delegated, not unbonding; 0 if it was never opened.
    function bondOf(address validator) external view returns (uint256);

    /// @notice All zero if never opened.
    function poolOf(address validator) external view returns (BondPool memory);

    function positionOf(address validator, address delegator) external view returns (BondPosition memory);

    /// @notice An unbonding; all zero if there is none, or it is paid.
    /// @param amount What its shares are worth now. @param readyAt Unix seconds from which it can be withdrawn.
    function unbondingOf(
        address validator,
        address delegator,
        uint256 id
    ) external view returns (uint256 shares, uint256 amount, uint256 readyAt);

    /// @notice As `bondOf`, at the end of an earlier second.
    function pastBondOf(address validator, uint256 timepoint) external view returns (uint256);

    /// @notice Active COS wei of `delegator` at `validator`, at the end of an earlier second: what a delegator votes with,
    /// and what its validator then does not.
    function pastDelegationOf(address validator, address delegator, uint256 timepoint) external view returns (uint256);

    /// @notice Number of the reward epoch that runs now: whole `EPOCH_SECONDS` since 1970.
    function currentRewardEpoch() external view returns (uint256);

    /// @notice Least reward epoch that can be settled next.
    function nextRewardEpoch() external view returns (uint256);

    /// @notice COS wei per second, until `emissionEnd`.
    function rewardRate() external view returns (uint128);

    function emissionEnd() external view returns (uint64);

    /// @notice Unix seconds up to which the stream is counted in `unsettled`.
    function streamedUntil() external view returns (uint64);

    /// @notice COS wei streamed up to `streamedUntil`, or credited, and not settled.
    function unsettled() external view returns (uint256);

    /// @notice COS wei that no rate could be made of.
    function undistributed() external view returns (uint256);

    /// @notice COS wei slashed and not swept.
    function unsweptSlashed() external view returns (uint256);

    /// @notice COS wei of the community, not swept.
    function unsweptCommunity() external view returns (uint256);

    function treasury() external view returns (address);

    function community() external view returns (address);

    // solhint-disable func-name-mixedcase
    /// @notice The token that is bonded and paid.
    function COS() external view returns (IERC20);

    /// @notice The only account that may fund the rewards.
    function VAULT() external view returns (address);

    /// @notice Seconds of a reward epoch.
    function EPOCH_SECONDS() external view returns (uint64);
}
