// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {CompactSignature} from "../crosschain/libraries/CompactSignature.sol";
import {IGame} from "./IGame.sol";
import {IGameRegistry} from "./IGameRegistry.sol";
import {Channel, ChannelPhase, ChannelState, ChannelStatus, IStateChannels, Participant} from "./IStateChannels.sol";
import {BoundedPayment} from "./libraries/BoundedPayment.sol";
import {ChannelHash} from "./libraries/ChannelHash.sol";
import {GameCall} from "./libraries/GameCall.sol";
import {RoundPayout} from "./libraries/RoundPayout.sol";

/// @title StateChannels
/// @notice See `IStateChannels` and the README of this folder.
contract StateChannels is IStateChannels, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using ChannelHash for bytes32;

    uint256 public constant MIN_PARTICIPANTS = 2;
    uint256 public constant MAX_PARTICIPANTS = 16;
    /// @notice Bounds of the time to answer: below, finality and a fee bump take a part of it that matters.
    uint256 public constant MIN_CHALLENGE_SECONDS = 5 minutes;
    uint256 public constant MAX_CHALLENGE_SECONDS = 3 days;
    /// @notice Least that moves on chain may take altogether, in times of one: the end is a guard against rules that never
    /// end a round, and no way out of a lost one.
    uint256 public constant MIN_MOVES_IN_LIFE = 100;
    /// @notice Most that moves on chain may take altogether.
    uint256 public constant MAX_LIFE_SECONDS = 365 days;
    /// @notice Most that a channel holds, so that no payout overflows.
    uint256 public constant MAX_DEPOSITS = type(uint128).max;

    /// @notice Where games are registered.
    IGameRegistry public immutable REGISTRY;

    mapping(bytes32 channelId => ChannelStatus) private _channels;
    /// @inheritdoc IStateChannels
    mapping(address account => mapping(address token => uint256)) public owed;

    constructor(IGameRegistry registry) EIP712("StateChannels", "1") {
        REGISTRY = registry;
    }

    /// @inheritdoc IStateChannels
    function deposit(
        Channel calldata channel,
        uint256 participant
    ) external payable nonReentrant returns (bytes32 channelId) {
        // Check
        channelId = _idOf(channel);
        ChannelStatus storage status = _channels[channelId];
        ChannelPhase phase = status.phase;
        if (phase == ChannelPhase.None) {
            _requireChannel(channel);
            emit ChannelOpened(channelId, channel.gameId, channel);
        } else if (phase != ChannelPhase.Funding) {
            revert WrongChannelPhase(channelId, phase);
        }
        uint256 required = _asAccount(channel, participant).deposit;
        uint256 funded = status.funded | (1 << participant);
        if (funded == status.funded) revert DepositPaidAlready(participant);
        uint256 value = channel.token == BoundedPayment.BNB ? required : 0;
        if (msg.value != value) revert WrongDepositValue(msg.value, value);

        // Effect
        bool isFunded = funded == (1 << channel.participants.length) - 1;
        (status.phase, status.funded) = (isFunded ? ChannelPhase.Open : ChannelPhase.Funding, uint16(funded));
        emit DepositPaid(channelId, participant);
        if (isFunded) emit ChannelFunded(channelId);

        // Interaction
        if (channel.token != BoundedPayment.BNB) _pull(IERC20(channel.token), required);
    }

    /// @inheritdoc IStateChannels
    function withdrawDeposit(Channel calldata channel, uint256 participant) external nonReentrant {
        // Check
        bytes32 channelId = _idOf(channel);
        ChannelStatus storage status = _channels[channelId];
        ChannelPhase phase = status.phase;
        if (phase != ChannelPhase.Funding && phase != ChannelPhase.Cancelled)
            revert WrongChannelPhase(channelId, phase);
        Participant calldata party = _asAccount(channel, participant);
        uint256 funded = status.funded & ~(1 << participant);
        if (funded == status.funded) revert NoDeposit(participant);

        // Effect
        (status.phase, status.funded) = (ChannelPhase.Cancelled, uint16(funded));
        emit DepositWithdrawn(channelId, participant);

        // Interaction
        _pay(channel.token, party.account, party.deposit);
    }

    /// @inheritdoc IStateChannels
    function close(
        Channel calldata channel,
        uint256[] calldata balances,
        bytes calldata signatures
    ) external nonReentrant {
        bytes32 channelId = _idOf(channel);
        ChannelPhase phase = _channels[channelId].phase;
        if (phase != ChannelPhase.Open && phase != ChannelPhase.Disputed && phase != ChannelPhase.Playing) {
            revert WrongChannelPhase(channelId, phase);
        }
        _requireBalances(channel, balances, 0);
        _requireSigned(channel, channelId.ofClose(balances), signatures);
        _settle(channel, channelId, balances);
    }

    /// @inheritdoc IStateChannels
    function challenge(
        Channel calldata channel,
        ChannelState calldata state,
        bytes calldata signatures
    ) external nonReentrant {
        // Check
        bytes32 channelId = _idOf(channel);
        ChannelStatus storage status = _channels[channelId];
        if (status.phase != ChannelPhase.Open) revert WrongChannelPhase(channelId, status.phase);
        _requireAnyParticipant(channel);
        bytes32 stateHash = _acceptedHash(channel, channelId, state, signatures);

        // Effect
        uint40 deadline = uint40(block.timestamp + channel.challengeSeconds);
        uint40 end = deadline + channel.lifeSeconds;
        status.phase = ChannelPhase.Disputed;
        (status.version, status.deadline, status.end) = (state.version, deadline, end);
        status.stateHash = stateHash;
        emit Challenged(channelId, state.version, deadline, end, state);
    }

    /// @inheritdoc IStateChannels
    function answer(
        Channel calldata channel,
        ChannelState calldata state,
        bytes calldata signatures
    ) external nonReentrant {
        // Check
        bytes32 channelId = _idOf(channel);
        ChannelStatus storage status = _channels[channelId];
        if (status.phase != ChannelPhase.Disputed) revert WrongChannelPhase(channelId, status.phase);
        if (block.timestamp > status.deadline) revert WindowOver(block.timestamp, status.deadline);
        if (state.version <= status.version) revert StateNotNewer(state.version, status.version);
        bytes32 stateHash = _acceptedHash(channel, channelId, state, signatures);

        // Effect
        (status.version, status.stateHash) = (state.version, stateHash);
        emit Answered(channelId, state.version, state);
    }

    /// @inheritdoc IStateChannels
    function play(
        Channel calldata channel,
        ChannelState calldata state,
        uint256 participant,
        bytes calldata move
    ) external nonReentrant {
        bytes32 channelId = _idOf(channel);
        uint256 deadline = _requirePlaying(channel, channelId, state);
        if (block.timestamp > deadline) revert ChannelMoveTooLate(block.timestamp, deadline);
        Participant calldata party = _participant(channel, participant);
        if (!_speaksFor(msg.sender, party)) revert NotTheParticipant(msg.sender, participant);

        (bool ok, bytes memory next) = GameCall.play(channel.rules, state.gameState, participant, move);
        if (!ok) revert ChannelMoveRefused(participant);
        (uint40 nextDeadline, uint256[] memory payouts) = _advance(channel, channelId, state, next);
        emit MovePlayed(channelId, participant, move, nextDeadline, next);
        if (payouts.length != 0) _settle(channel, channelId, payouts);
    }

    /// @inheritdoc IStateChannels
    function expire(Channel calldata channel, ChannelState calldata state) external nonReentrant {
        bytes32 channelId = _idOf(channel);
        uint256 deadline = _requirePlaying(channel, channelId, state);
        if (block.timestamp <= deadline) revert MoveStillPossible(block.timestamp, deadline);

        (bool ok, bytes memory next) = GameCall.expire(channel.rules, state.gameState);
        if (!ok || keccak256(next) == keccak256(state.gameState)) {
            _settle(channel, channelId, state.balances);
            return;
        }
        (uint40 nextDeadline, uint256[] memory payouts) = _advance(channel, channelId, state, next);
        emit MoveExpired(channelId, nextDeadline, next);
        if (payouts.length != 0) _settle(channel, channelId, payouts);
    }

    /// @inheritdoc IStateChannels
    function conclude(Channel calldata channel, ChannelState calldata state) external nonReentrant {
        bytes32 channelId = _idOf(channel);
        ChannelStatus storage status = _requireDisputed(channelId, state);
        // What is played on chain is paid out as soon as it is over: only a signed state can be over and here.
        if (status.phase == ChannelPhase.Disputed) {
            (bool isOver, uint256[] memory payouts) = _result(channel, state);
            if (isOver) {
                _settle(channel, channelId, payouts);
                return;
            }
        }
        if (block.timestamp <= status.end) revert RoundRuns(block.timestamp, status.end);
        _settle(channel, channelId, _lapsed(channel, channelId, state));
    }

    /// @inheritdoc IStateChannels
    function withdraw(address token, address to) external nonReentrant returns (uint256 amount) {
        // Check
        if (to == address(0)) revert NoPayoutReceiver();
        amount = owed[msg.sender][token];
        if (amount == 0) revert NoPayout(msg.sender, token);

        // Effect
        owed[msg.sender][token] = 0;
        emit PayoutWithdrawn(msg.sender, token, to, amount);

        // Interaction
        if (token == BoundedPayment.BNB) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IStateChannels
    function channelIdOf(Channel calldata channel) external view returns (bytes32) {
        return _idOf(channel);
    }

    /// @inheritdoc IStateChannels
    function statusOf(bytes32 channelId) external view returns (ChannelStatus memory) {
        return _channels[channelId];
    }

    function _idOf(Channel calldata channel) private view returns (bytes32) {
        return ChannelHash.idOf(channel, block.chainid, address(this));
    }

    function _pull(IERC20 token, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert WrongDepositReceived(received, amount);
    }

    /// @dev What the account does not take is kept for it.
    function _pay(address token, address account, uint256 amount) private {
        if (amount == 0 || BoundedPayment.push(token, account, amount)) return;
        owed[account][token] += amount;
        emit PayoutKept(account, token, amount);
    }

    /// @dev The last step of every channel; `payouts` sum to the deposits.
    function _settle(Channel calldata channel, bytes32 channelId, uint256[] memory payouts) private {
        // Effect
        ChannelStatus storage status = _channels[channelId];
        if (status.phase != ChannelPhase.Open) status.stateHash = 0;
        status.phase = ChannelPhase.Closed;
        emit ChannelClosed(channelId, payouts);

        // Interaction
        for (uint256 i = 0; i < payouts.length; ++i) _pay(channel.token, channel.participants[i].account, payouts[i]);
    }

    /// @dev Goes on to the next game state, until the round is over.
    /// @return deadline Last second for the next move; 0 where the round is over.
    /// @return payouts Where it is over; without a lawful outcome each gets its stake back.
    function _advance(
        Channel calldata channel,
        bytes32 channelId,
        ChannelState calldata state,
        bytes memory next
    ) private returns (uint40 deadline, uint256[] memory payouts) {
        (bool ok, bool isOver, uint256[] memory shareBps) = GameCall.outcome(
            channel.rules,
            next,
            channel.participants.length
        );
        if (!ok) return (0, state.balances);
        if (isOver) return (0, RoundPayout.settle(state.balances, state.stake, shareBps));
        deadline = uint40(block.timestamp + channel.challengeSeconds);
        ChannelStatus storage status = _channels[channelId];
        (status.phase, status.deadline) = (ChannelPhase.Playing, deadline);
        status.stateHash = channelId.ofState(state, next);
    }

    /// @dev What a signed state pays if nothing is to be played from it.
    function _result(
        Channel calldata channel,
        ChannelState calldata state
    ) private view returns (bool isOver, uint256[] memory payouts) {
        if (state.gameState.length == 0) return (true, state.balances);
        uint256[] memory shareBps;
        bool ok;
        (ok, isOver, shareBps) = GameCall.outcome(channel.rules, state.gameState, channel.participants.length);
        if (ok && isOver) payouts = RoundPayout.settle(state.balances, state.stake, shareBps);
    }

    /// @dev What a round pays that was not over when its time was. Who missed a move before must not gain by nobody having
    /// said so; for the rest each gets its stake back.
    function _lapsed(
        Channel calldata channel,
        bytes32 channelId,
        ChannelState calldata state
    ) private returns (uint256[] memory payouts) {
        ChannelStatus storage status = _channels[channelId];
        if (_moveDeadline(channel, status) >= status.end) return state.balances;
        (bool ok, bytes memory next) = GameCall.expire(channel.rules, state.gameState);
        if (!ok) return state.balances;
        emit MoveExpired(channelId, 0, next);
        bool isOver;
        uint256[] memory shareBps;
        (ok, isOver, shareBps) = GameCall.outcome(channel.rules, next, channel.participants.length);
        return ok && isOver ? RoundPayout.settle(state.balances, state.stake, shareBps) : state.balances;
    }

    /// @dev Last second for the next move; the first has its time from the end of the window.
    function _moveDeadline(Channel calldata channel, ChannelStatus storage status) private view returns (uint256) {
        return status.deadline + (status.phase == ChannelPhase.Disputed ? channel.challengeSeconds : 0);
    }

    /// @dev `state` is the one in dispute, and newer ones count no more.
    function _requireDisputed(
        bytes32 channelId,
        ChannelState calldata state
    ) private view returns (ChannelStatus storage status) {
        status = _channels[channelId];
        ChannelPhase phase = status.phase;
        if (phase == ChannelPhase.Disputed) {
            if (block.timestamp <= status.deadline) revert WindowOpen(block.timestamp, status.deadline);
        } else if (phase != ChannelPhase.Playing) {
            revert WrongChannelPhase(channelId, phase);
        }
        bytes32 given = channelId.ofState(state);
        if (given != status.stateHash) revert NotTheDisputedState(given, status.stateHash);
    }

    /// @dev A move of `state` can be played or expire.
    /// @return deadline Last second to play it.
    function _requirePlaying(
        Channel calldata channel,
        bytes32 channelId,
        ChannelState calldata state
    ) private view returns (uint256 deadline) {
        ChannelStatus storage status = _requireDisputed(channelId, state);
        if (block.timestamp > status.end) revert LifeOver(block.timestamp, status.end);
        if (status.phase == ChannelPhase.Disputed) {
            (bool isOver, ) = _result(channel, state);
            if (isOver) revert NothingToPlay(channelId);
        }
        return _moveDeadline(channel, status);
    }

    /// @dev Struct hash of a state that all signed, or of the deposits.
    function _acceptedHash(
        Channel calldata channel,
        bytes32 channelId,
        ChannelState calldata state,
        bytes calldata signatures
    ) private view returns (bytes32 stateHash) {
        uint256 length = state.gameState.length;
        if (length > GameCall.MAX_STATE_BYTES) revert GameStateTooLong(length, GameCall.MAX_STATE_BYTES);
        if (length == 0 && state.stake != 0) revert StakeWithoutRound(state.stake);
        _requireBalances(channel, state.balances, state.stake);
        stateHash = channelId.ofState(state);
        if (state.version != 0) {
            _requireSigned(channel, stateHash, signatures);
            return stateHash;
        }
        if (signatures.length != 0) revert SignatureBytes(signatures.length, 0);
        if (length != 0) revert NotTheInitialState();
        for (uint256 i = 0; i < state.balances.length; ++i) {
            if (state.balances[i] != channel.participants[i].deposit) revert NotTheInitialState();
        }
    }

    function _requireBalances(Channel calldata channel, uint256[] calldata balances, uint256 stake) private pure {
        uint256 count = channel.participants.length;
        if (balances.length != count) revert BalanceCount(balances.length, count);
        uint256 deposits = 0;
        uint256 sum = 0;
        for (uint256 i = 0; i < count; ++i) {
            deposits += channel.participants[i].deposit;
            if (balances[i] < stake) revert StakeAboveBalance(i, stake, balances[i]);
            // Of more than 2^128 each, the sum could overflow.
            if (balances[i] > MAX_DEPOSITS) revert BalancesNotDeposits(balances[i], MAX_DEPOSITS);
            sum += balances[i];
        }
        if (sum != deposits) revert BalancesNotDeposits(sum, deposits);
    }

    function _requireSigned(Channel calldata channel, bytes32 structHash, bytes calldata signatures) private view {
        uint256 count = channel.participants.length;
        uint256 required = count * CompactSignature.BYTES;
        if (signatures.length != required) revert SignatureBytes(signatures.length, required);
        bytes32 digest = _hashTypedDataV4(structHash);
        for (uint256 i = 0; i < count; ++i) {
            uint256 at = i * CompactSignature.BYTES;
            address recovered = CompactSignature.recover(digest, signatures[at:at + CompactSignature.BYTES]);
            address signer = channel.participants[i].signer;
            if (recovered != signer) revert NotSignedBy(i, signer, recovered);
        }
    }

    /// @dev A channel that can be opened now.
    function _requireChannel(Channel calldata channel) private view {
        uint256 count = channel.participants.length;
        if (count < MIN_PARTICIPANTS || count > MAX_PARTICIPANTS) {
            revert ParticipantCount(count, MIN_PARTICIPANTS, MAX_PARTICIPANTS);
        }
        uint256 total = 0;
        for (uint256 i = 0; i < count; ++i) {
            Participant calldata party = channel.participants[i];
            // A signature that is nobody's recovers to zero.
            if (party.account == address(0) || party.signer == address(0)) revert ParticipantMissing(i);
            if (party.deposit == 0) revert DepositMissing(i);
            if (party.deposit > MAX_DEPOSITS) revert DepositsTooLarge(party.deposit, MAX_DEPOSITS);
            total += party.deposit;
        }
        if (total > MAX_DEPOSITS) revert DepositsTooLarge(total, MAX_DEPOSITS);
        uint256 answerTime = channel.challengeSeconds;
        if (answerTime < MIN_CHALLENGE_SECONDS || answerTime > MAX_CHALLENGE_SECONDS) {
            revert ChallengeTimeOutOfRange(answerTime, MIN_CHALLENGE_SECONDS, MAX_CHALLENGE_SECONDS);
        }
        uint256 leastLife = MIN_MOVES_IN_LIFE * answerTime;
        if (channel.lifeSeconds < leastLife || channel.lifeSeconds > MAX_LIFE_SECONDS) {
            revert LifeOutOfRange(channel.lifeSeconds, leastLife, MAX_LIFE_SECONDS);
        }
        IGame rules = REGISTRY.rulesForNew(channel.gameId);
        if (channel.rules != rules) revert NotTheRules(address(channel.rules), address(rules));
    }

    function _requireAnyParticipant(Channel calldata channel) private view {
        for (uint256 i = 0; i < channel.participants.length; ++i) {
            if (_speaksFor(msg.sender, channel.participants[i])) return;
        }
        revert NotAParticipant(msg.sender);
    }

    function _asAccount(
        Channel calldata channel,
        uint256 participant
    ) private view returns (Participant calldata party) {
        party = _participant(channel, participant);
        if (msg.sender != party.account) revert NotTheAccount(msg.sender, party.account);
    }

    function _participant(
        Channel calldata channel,
        uint256 participant
    ) private pure returns (Participant calldata party) {
        uint256 count = channel.participants.length;
        if (participant >= count) revert UnknownParticipant(participant, count);
        return channel.participants[participant];
    }

    function _speaksFor(address caller, Participant calldata party) private pure returns (bool) {
        return caller == party.account || caller == party.signer;
    }
}
