// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFundable} from "../token/IFundable.sol";
import {IRevenuePool} from "./IRevenuePool.sol";

/// @title What both pools have in common: a stream of COS, shared by weight, and positions that end
/// @notice Amounts are in wei, of COS unless said otherwise; times in Unix seconds. Source: COS paper (node and pledge
/// rewards). `fund` is the ecosystem vault's; it starts from what has not streamed yet, adds what is undistributed, and
/// reverts with `NotEcosystem`, `EmissionEndFalls`, `EmissionEndPassed`, `RateTooLow`, `FundingAboveLimit`, `PokeFirst`.
interface IStakePool is IFundable, IRevenuePool {
    /// @dev `amount` arrived; `rate` holds from now until `emissionEnd`.
    event Funded(uint256 amount, uint256 rate, uint64 emissionEnd, uint256 undistributed);
    /// @dev The position has no weight from `endedAt` on; `reward` is all that it earned.
    event SpanEnded(uint256 indexed position, uint64 endedAt, uint256 reward);
    event RewardClaimed(uint256 indexed position, address indexed to, uint256 amount);

    error NotAContract(address account);
    error NotEcosystem(address caller, address ecosystem);
    error EmissionEndFalls(uint256 newEnd, uint256 oldEnd);
    error EmissionEndPassed(uint256 newEnd, uint256 timestamp);
    /// @dev A running rate never falls, and a stream is never empty.
    error RateTooLow(uint256 newRate, uint256 minRate);
    error FundingAboveLimit(uint256 funded, uint256 max);
    /// @dev The rewards end before the time that the pledger asked for.
    error EmissionEndsTooEarly(uint256 emissionEnd, uint256 minEmissionEnd);
    /// @dev More spans are over than one call ends: `position` is the first one left.
    error PokeFirst(uint256 position, uint256 maxSteps);
    error WeekNotReached(uint256 week, uint256 syncedWeek);
    error UnknownPosition(uint256 position);
    error NotPositionOwner(address caller, address owner);
    error NotEnded(uint256 timestamp, uint256 end);
    error NothingToClaim(uint256 position);
    error ZeroReceiver();

    /// @notice Ends at most `maxSteps` spans that are over, and where none is left, brings the pool to the present. Anyone
    /// may, with any number that fits into a transaction. @return done Whether the pool is at the present.
    function poke(uint256 maxSteps) external returns (bool done);

    /// @notice Pays the reward of an ended position to `to`, once, all of it. Owner only. Reverts with `UnknownPosition`,
    /// `NotPositionOwner`, `ZeroReceiver`, `NotEnded`, `NothingToClaim`; with `PokeFirst` only while the position's own
    /// span waits for its turn.
    function claim(uint256 position, address to) external returns (uint256 reward);

    /// @notice What is left to claim, as of the last sync.
    function rewardOf(uint256 position) external view returns (uint256);

    /// @notice When the position ends or ended; the largest uint64 where that is open.
    function endOf(uint256 position) external view returns (uint64);

    /// @notice The number of the latest position; there are none above.
    function lastPosition() external view returns (uint256);

    /// @notice As of the last sync.
    function totalWeight() external view returns (uint256);

    /// @notice Wei of COS per second, as of the last sync; 0 once the stream has ended.
    function rewardRate() external view returns (uint256);

    function emissionEnd() external view returns (uint64);

    /// @notice What streamed while nobody had weight, and what the last funding did not divide: for the next funding.
    function undistributed() external view returns (uint256);

    /// @notice What was shared among weights so far, paid or not.
    function emitted() external view returns (uint256);

    /// @notice What was claimed so far.
    function paid() external view returns (uint256);

    /// @notice What was funded so far.
    function funded() external view returns (uint256);
}
