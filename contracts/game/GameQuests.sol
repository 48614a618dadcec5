// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "./IGame.sol";
import {IGameAchievements} from "./IGameAchievements.sol";
import {IGameAssets} from "./IGameAssets.sol";
import {IGameEngine, Phase, Session} from "./IGameEngine.sol";
import {IGameQuests, QuestTerms} from "./IGameQuests.sol";
import {IGameRegistry} from "./IGameRegistry.sol";
import {AssetId} from "./libraries/AssetId.sol";
import {GameCall} from "./libraries/GameCall.sol";

/// @title GameQuests
/// @notice See `IGameQuests` and the README of this folder.
contract GameQuests is IGameQuests {
    struct Quest {
        QuestTerms terms;
        address definer;
        uint40 since;
        uint32 claimed;
    }

    /// @inheritdoc IGameQuests
    uint256 public constant MAX_SESSIONS = 100;
    uint256 private constant BPS = 10_000;

    /// @inheritdoc IGameQuests
    IGameRegistry public immutable REGISTRY;
    /// @inheritdoc IGameQuests
    IGameEngine public immutable ENGINE;
    /// @inheritdoc IGameQuests
    IGameAssets public immutable ASSETS;

    /// @inheritdoc IGameQuests
    uint256 public questCount;
    /// @inheritdoc IGameQuests
    mapping(uint256 gameId => mapping(address account => uint256)) public achievementsOf;
    /// @inheritdoc IGameQuests
    mapping(uint256 gameId => mapping(address account => mapping(uint256 bit => uint256))) public earnedAt;
    /// @inheritdoc IGameQuests
    mapping(uint256 questId => mapping(address account => bool)) public hasClaimed;
    mapping(uint256 questId => Quest) private _quests;

    modifier onlySpeaker(uint256 gameId) {
        if (!REGISTRY.speaksFor(gameId, msg.sender)) revert IGameAssets.NotSpeaker(gameId, msg.sender);
        _;
    }

    constructor(IGameRegistry registry, IGameEngine engine, IGameAssets assets) {
        REGISTRY = registry;
        ENGINE = engine;
        ASSETS = assets;
    }

    /// @inheritdoc IGameQuests
    function recordAchievements(uint256 sessionId, address account) external returns (uint256 bits) {
        Session memory session = ENGINE.sessionOf(sessionId);
        (bool joined, uint256 seat) = ENGINE.seatOf(sessionId, account);
        if (session.phase != Phase.Settled || !joined) revert SessionNotCounted(sessionId, account);
        bits = _achieved(session, ENGINE.stateOf(sessionId), seat);
        uint256 added = _earn(session.gameId, account, bits, session.endedAt);
        emit AchievementsEarned(session.gameId, account, added, sessionId);
    }

    /// @inheritdoc IGameQuests
    function grantAchievements(uint256 gameId, address account, uint256 bits) external onlySpeaker(gameId) {
        _earn(gameId, account, bits, block.timestamp);
        emit AchievementsGranted(gameId, account, bits, msg.sender);
    }

    /// @inheritdoc IGameQuests
    function defineQuest(QuestTerms calldata terms) external onlySpeaker(terms.gameId) returns (uint256 questId) {
        REGISTRY.rulesForNew(terms.gameId);
        if (terms.until < block.timestamp) revert QuestEndPassed(terms.until, block.timestamp);
        if (terms.played == 0 && terms.won == 0 && terms.achievements == 0) revert QuestEmpty();
        if (terms.amount == 0 || terms.claims == 0) revert QuestEmpty();
        uint256 sessions = terms.played > terms.won ? terms.played : terms.won;
        if (sessions > MAX_SESSIONS) revert QuestTooLong(sessions, MAX_SESSIONS);
        // An operator of two games must not mint the one's items for the other's players.
        if (AssetId.gameOf(terms.item) != terms.gameId) revert RewardOfAnotherGame(terms.item, terms.gameId);
        questId = ++questCount;
        _quests[questId] = Quest({terms: terms, definer: msg.sender, since: uint40(block.timestamp), claimed: 0});
        emit QuestDefined(questId, terms.gameId, msg.sender, terms);
    }

    /// @inheritdoc IGameQuests
    function claimQuest(uint256 questId, uint256[] calldata sessionIds) external {
        // Check
        Quest storage quest = _known(questId);
        QuestTerms memory terms = quest.terms;
        if (block.timestamp > terms.until) revert QuestEndPassed(terms.until, block.timestamp);
        if (hasClaimed[questId][msg.sender]) revert QuestClaimedAlready(questId, msg.sender);
        if (quest.claimed == terms.claims) revert QuestExhausted(questId);
        // Or a dismissed operator, or a developer of before, would go on minting by what it defined.
        if (!REGISTRY.speaksFor(terms.gameId, quest.definer)) revert QuestDefinerGone(questId, quest.definer);
        _requireSessions(terms, quest.since, sessionIds);
        _requireAchievements(terms, quest.since);

        // Effect
        hasClaimed[questId][msg.sender] = true;
        ++quest.claimed;
        emit QuestClaimed(questId, msg.sender, terms.item, terms.amount);

        // Interaction
        ASSETS.mint(msg.sender, terms.item, terms.amount);
    }

    /// @inheritdoc IGameQuests
    function questOf(
        uint256 questId
    ) external view returns (QuestTerms memory terms, address definer, uint256 since, uint256 claimed) {
        Quest storage quest = _known(questId);
        return (quest.terms, quest.definer, quest.since, quest.claimed);
    }

    /// @dev Keeps that `bits` were achieved at `timestamp`, and says which never were before.
    function _earn(uint256 gameId, address account, uint256 bits, uint256 timestamp) private returns (uint256 added) {
        uint256 before = achievementsOf[gameId][account];
        added = bits & ~before;
        achievementsOf[gameId][account] = before | bits;
        for (uint256 bit = 0; bits != 0; ++bit) {
            if (bits & 1 != 0 && earnedAt[gameId][account][bit] < timestamp) earnedAt[gameId][account][bit] = timestamp;
            bits >>= 1;
        }
    }

    /// @dev What the rules say that a seat achieved: nothing where they say anything but one bitmap per player.
    function _achieved(Session memory session, bytes memory state, uint256 seat) private view returns (uint256 bits) {
        uint256 size = 64 + 32 * uint256(session.players);
        bytes memory call = abi.encodeCall(IGameAchievements.achievements, (state));
        bytes memory answer = GameCall.ask(session.rules, call, size);
        if (answer.length != size) return 0;
        (uint256 offset, uint256 length) = abi.decode(answer, (uint256, uint256));
        if (offset != 32 || length != session.players) return 0;
        return abi.decode(answer, (uint256[]))[seat];
    }

    function _requireSessions(QuestTerms memory terms, uint256 since, uint256[] calldata sessionIds) private view {
        if (sessionIds.length > MAX_SESSIONS) revert QuestTooLong(sessionIds.length, MAX_SESSIONS);
        uint256 won = 0;
        uint256 previous = 0;
        for (uint256 i = 0; i < sessionIds.length; ++i) {
            uint256 sessionId = sessionIds[i];
            if (sessionId <= previous) revert SessionsNotAscending(sessionId, previous);
            previous = sessionId;
            if (_hasWon(sessionId, terms.gameId, since)) ++won;
        }
        if (sessionIds.length < terms.played || won < terms.won) revert QuestNotFulfilled(sessionIds.length, won);
    }

    /// @dev Whether the caller got more than an equal share in a session that counts.
    function _hasWon(uint256 sessionId, uint256 gameId, uint256 since) private view returns (bool) {
        Session memory session = ENGINE.sessionOf(sessionId);
        (bool joined, uint256 seat) = ENGINE.seatOf(sessionId, msg.sender);
        bool counts = joined && session.phase == Phase.Settled && session.gameId == gameId && session.endedAt >= since;
        if (!counts) revert SessionNotCounted(sessionId, msg.sender);
        IGame rules = session.rules;
        // It was settled by this outcome, and the rules are pure.
        (, , uint256[] memory shareBps) = GameCall.outcome(rules, ENGINE.stateOf(sessionId), session.players);
        return shareBps[seat] * session.players > BPS;
    }

    function _requireAchievements(QuestTerms memory terms, uint256 since) private view {
        uint256 bits = terms.achievements;
        for (uint256 bit = 0; bits != 0; ++bit) {
            uint256 earned = earnedAt[terms.gameId][msg.sender][bit];
            if (bits & 1 != 0 && earned < since) revert AchievementMissing(bit, earned, since);
            bits >>= 1;
        }
    }

    function _known(uint256 questId) private view returns (Quest storage quest) {
        quest = _quests[questId];
        if (quest.since == 0) revert UnknownQuest(questId);
    }
}
