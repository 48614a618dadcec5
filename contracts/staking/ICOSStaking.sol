// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakePool} from "./IStakePool.sol";

/// @notice What a COS pool is made with: `constructor(address authority, IERC20 cos, address ecosystem, COSStakingParams
/// params)`.
/// @param minimum Least wei of COS of a pledge, at least 1 COS. @param cooldownSeconds Wait of an open-ended pledge between
/// leaving and withdrawal. @param termSeconds The terms, ascending, at most 8; 0 is the open-ended one.
struct COSStakingParams {
    uint256 minimum;
    uint64 cooldownSeconds;
    uint64[] termSeconds;
}

/// @title COS pledge mining: COS locked for a term, which earns COS
/// @notice A pledge earns by `amount · multiplier / 10,000` until its term ends; an open-ended one until `leave`. Pledged
/// COS is kept apart from rewards and keeps its votes: this contract is an ERC-5805 source of votes beside the token.
/// Source: COS paper (pledge mining).
interface ICOSStaking is IStakePool {
    /// @dev `weight` = amount · multiplier / 10,000. `end` is the largest uint64 for an open-ended pledge.
    event Pledged(
        uint256 indexed position,
        address indexed owner,
        uint256 term,
        uint256 amount,
        uint256 weight,
        uint64 end
    );
    /// @dev The pledge has no weight any more and may be withdrawn at `withdrawableAt`.
    event CooldownStarted(uint256 indexed position, uint64 withdrawableAt);
    event PledgeWithdrawn(uint256 indexed position, address indexed to, uint256 amount);
    event MultiplierSet(uint256 indexed term, uint256 multiplierBps);

    error MinimumTooLow(uint256 minimum, uint256 min);
    error TermCountOutOfRange(uint256 count, uint256 min, uint256 max);
    error TermsNotAscending(uint256 index, uint256 termSeconds);
    error TermTooLong(uint256 termSeconds, uint256 max);
    error MultiplierOutOfRange(uint256 multiplierBps, uint256 min, uint256 max);
    error UnknownTerm(uint256 term, uint256 count);
    error PledgeBelowMinimum(uint256 amount, uint256 minimum);
    error PledgeAboveLimit(uint256 amount, uint256 max);
    /// @dev A pledge for a term ends with the term.
    error NoEarlyExit(uint256 position, uint256 end);
    error AlreadyLeft(uint256 position, uint256 since);
    error PledgeLocked(uint256 timestamp, uint256 withdrawableAt);
    error AlreadyWithdrawn(uint256 position);

    /// @notice Takes `amount` of COS, which the caller has approved, for the term with the index `term`. Where the caller
    /// has no delegate here, it gets the one that it has at the token. Reverts with `UnknownTerm`, `PledgeBelowMinimum`,
    /// `PledgeAboveLimit`, `EmissionEndsTooEarly`, `PokeFirst`.
    /// @param minEmissionEnd Time until which rewards must be funded for the pledge to be wanted; 0: any.
    function pledge(uint256 term, uint256 amount, uint64 minEmissionEnd) external returns (uint256 position);

    /// @notice Ends the earning of an open-ended pledge and starts its cooldown. Owner only. Reverts with
    /// `UnknownPosition`, `NotPositionOwner`, `NoEarlyExit`, `AlreadyLeft`, `PokeFirst`.
    function leave(uint256 position) external;

    /// @notice Pays the pledged COS to `to`, from `withdrawableAt` on. No reward, pause or queue holds it. Owner only.
    /// Reverts with `UnknownPosition`, `NotPositionOwner`, `ZeroReceiver`, `AlreadyWithdrawn`, `PledgeLocked`.
    function withdraw(uint256 position, address to) external returns (uint256 amount);

    /// @notice Sets what later pledges for `term` weigh: 10,000 to 100,000. Timelock only. Reverts with `UnknownTerm`,
    /// `MultiplierOutOfRange`.
    function setMultiplier(uint256 term, uint256 multiplierBps) external;

    function termCount() external view returns (uint256);

    /// @notice Length of a term in seconds, and what a pledge for it weighs now. Reverts with `UnknownTerm`.
    function termOf(uint256 term) external view returns (uint64 termSeconds, uint256 multiplierBps);

    /// @notice Index of the position's term.
    function termIndexOf(uint256 position) external view returns (uint256);

    /// @notice Wei of COS that the position holds.
    function principalOf(uint256 position) external view returns (uint256);

    /// @notice The largest uint64 for an open-ended pledge that was not left.
    function withdrawableAt(uint256 position) external view returns (uint64);

    /// @notice Wei of COS that all positions of `account` hold: what it can delegate here.
    function stakedOf(address account) external view returns (uint256);

    /// @notice Wei of COS that all positions hold: apart from every reward.
    function totalStaked() external view returns (uint256);
}
