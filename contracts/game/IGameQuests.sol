// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGameAssets} from "./IGameAssets.sol";
import {IGameEngine} from "./IGameEngine.sol";
import {IGameRegistry} from "./IGameRegistry.sol";

/// @notice What a player has to do, and what it gets for it, once.
/// @param gameId Of which game.
/// @param until The last second in which it may be claimed.
/// @param played Settled sessions that it takes part in, at most `MAX_SESSIONS`.
/// @param won Those of them in which it gets more than an equal share.
/// @param claims How many players may claim it.
/// @param achievements Bits that it has to achieve, each at or after the quest's definition.
/// @param item The reward: an item of the same game.
/// @param amount How many of it.
struct QuestTerms {
    uint64 gameId;
    uint40 until;
    uint16 played;
    uint16 won;
    uint32 claims;
    uint256 achievements;
    uint256 item;
    uint128 amount;
}

/// @title Achievements and quests that games grant
/// @notice Nothing is counted while a game is played: whoever wants an achievement kept, or claims a quest, shows the
/// settled sessions, of which the engine keeps the last state. This contract has to be an operator of the game, admitted by
/// its developer, to mint rewards. Source: COS paper (quests and achievements).
interface IGameQuests {
    /// @dev `bits` are those that the account had never achieved before.
    event AchievementsEarned(uint256 indexed gameId, address indexed account, uint256 bits, uint256 indexed sessionId);
    event AchievementsGranted(uint256 indexed gameId, address indexed account, uint256 bits, address operator);
    event QuestDefined(uint256 indexed questId, uint256 indexed gameId, address operator, QuestTerms terms);
    event QuestClaimed(uint256 indexed questId, address indexed account, uint256 item, uint256 amount);

    error UnknownQuest(uint256 questId);
    error QuestEndPassed(uint256 until, uint256 timestamp);
    error QuestEmpty();
    error QuestTooLong(uint256 sessions, uint256 max);
    error RewardOfAnotherGame(uint256 item, uint256 gameId);
    error QuestExhausted(uint256 questId);
    error QuestDefinerGone(uint256 questId, address definer);
    error QuestClaimedAlready(uint256 questId, address account);
    /// @dev The numbers of the sessions have to ascend.
    error SessionsNotAscending(uint256 sessionId, uint256 previous);
    /// @dev Of another game, not settled, before the quest, or without this account.
    error SessionNotCounted(uint256 sessionId, address account);
    error QuestNotFulfilled(uint256 played, uint256 won);
    error AchievementMissing(uint256 bit, uint256 earnedAt, uint256 since);

    /// @notice Keeps what the game's rules say that `account` achieved in a settled session. Anyone may call; where the
    /// rules do not say anything, nothing is kept.
    /// @return bits What the rules say.
    function recordAchievements(uint256 sessionId, address account) external returns (uint256 bits);

    /// @notice Grants achievements that are not of a session. Developer and operators of the game.
    function grantAchievements(uint256 gameId, address account, uint256 bits) external;

    /// @notice Defines a quest that counts from now on, for good. Developer and operators of the game, while it is not
    /// retired.
    function defineQuest(QuestTerms calldata terms) external returns (uint256 questId);

    /// @notice Mints the reward to the caller, once. Reverts where the item cannot be minted, and where who
    /// defined the quest does not speak for the game any more.
    /// @param sessionIds What it has played since the quest was defined, ascending; at most `MAX_SESSIONS`.
    function claimQuest(uint256 questId, uint256[] calldata sessionIds) external;

    /// @notice All that `account` ever achieved in a game.
    function achievementsOf(uint256 gameId, address account) external view returns (uint256 bits);

    /// @notice When `account` achieved `bit` last; zero for never.
    function earnedAt(uint256 gameId, address account, uint256 bit) external view returns (uint256);

    /// @notice Reverts for an unknown quest.
    /// @return terms As it was defined.
    /// @return definer Who defined it: it ends where this account does not speak for the game any more.
    /// @return since From when on sessions and achievements count.
    /// @return claimed How many have claimed it.
    function questOf(
        uint256 questId
    ) external view returns (QuestTerms memory terms, address definer, uint256 since, uint256 claimed);

    function hasClaimed(uint256 questId, address account) external view returns (bool);

    /// @notice Quests defined so far; the latest one's number.
    function questCount() external view returns (uint256);

    // solhint-disable func-name-mixedcase
    function REGISTRY() external view returns (IGameRegistry);

    function ENGINE() external view returns (IGameEngine);

    function ASSETS() external view returns (IGameAssets);

    function MAX_SESSIONS() external view returns (uint256);
}
