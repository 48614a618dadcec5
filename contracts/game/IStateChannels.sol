// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "./IGame.sol";

/// @notice One who takes part in a channel; its player number is its place among the participants.
/// @param account Pays the deposit and is paid.
/// @param signer ECDSA key that signs states: a key of the session, or the account itself.
/// @param deposit What the account pays in, in units of the token; more than 0.
struct Participant {
    address account;
    address signer;
    uint256 deposit;
}

/// @notice What the participants agree on. Its hash with the chain id and the contract's address is the channel's id.
/// @param gameId A game that is registered and, when the first of them deposits, not retired.
/// @param rules That game's rules as the registry has them.
/// @param token Of the deposits; zero: BNB.
/// @param challengeSeconds Time to answer a challenge, and then for each move on chain.
/// @param lifeSeconds What the moves on chain may take altogether; at least 100 times as long.
/// @param nonce Any number that these participants have not used with the rest.
struct Channel {
    uint256 gameId;
    IGame rules;
    address token;
    Participant[] participants;
    uint32 challengeSeconds;
    uint32 lifeSeconds;
    uint256 nonce;
}

/// @notice What the participants agree on from time to time, and sign with the channel's id.
/// @param version Grows with each state. 0 is the state after the deposits, which needs no signature.
/// @param stake What each put into the running round, in units of the token; 0 where none runs.
/// @param balances Whose the deposits are, by participant; the stakes of the running round are in them.
/// @param gameState Of the running round; empty where none runs.
struct ChannelState {
    uint64 version;
    uint256 stake;
    uint256[] balances;
    bytes gameState;
}

enum ChannelPhase {
    None,
    // Deposits come in.
    Funding,
    // One took its deposit back before all had paid; the others can too.
    Cancelled,
    // All have paid: the participants play among themselves.
    Open,
    // A state has been shown, and newer ones count until `deadline`; then it is played on from the newest.
    Disputed,
    // At least one move was played or expired on chain.
    Playing,
    Closed
}

/// @notice What is stored of a channel, in two slots.
/// @param funded Bit of each participant whose deposit is here, while not all are.
/// @param version Of the disputed state.
/// @param deadline Unix seconds. Disputed: last second for a newer state. Playing: last second for the move.
/// @param end Unix seconds: last second in which a move is played or expires.
/// @param stateHash EIP-712 struct hash of the disputed state, with the game state as it has been played on.
struct ChannelStatus {
    ChannelPhase phase;
    uint16 funded;
    uint64 version;
    uint40 deadline;
    uint40 end;
    bytes32 stateHash;
}

/// @title State channels: participants play any registered game among themselves and settle here
/// @notice EIP-712, domain `StateChannels`, version `1`. `State(bytes32 channelId,uint64 version,uint256 stake,uint256[]
/// balances,bytes gameState)` and `Close(bytes32 channelId,uint256[] balances)`, twin of `protocol/channel.ts`. Wherever
/// signatures are asked for, they are those of all participants in their order, 64 bytes each (EIP-2098).
interface IStateChannels {
    event ChannelOpened(bytes32 indexed channelId, uint256 indexed gameId, Channel channel);
    event DepositPaid(bytes32 indexed channelId, uint256 indexed participant);
    /// @dev All have paid.
    event ChannelFunded(bytes32 indexed channelId);
    event DepositWithdrawn(bytes32 indexed channelId, uint256 indexed participant);
    /// @dev Newer states count until `deadline`; moves on chain until `end`.
    event Challenged(bytes32 indexed channelId, uint64 version, uint40 deadline, uint40 end, ChannelState state);
    event Answered(bytes32 indexed channelId, uint64 version, ChannelState state);
    event MovePlayed(
        bytes32 indexed channelId,
        uint256 indexed participant,
        bytes move,
        uint40 deadline,
        bytes gameState
    );
    event MoveExpired(bytes32 indexed channelId, uint40 deadline, bytes gameState);
    /// @dev What each gets. They sum to the deposits.
    event ChannelClosed(bytes32 indexed channelId, uint256[] payouts);
    /// @dev The account did not take the payment: it is here for it to withdraw.
    event PayoutKept(address indexed account, address indexed token, uint256 amount);
    event PayoutWithdrawn(address indexed account, address indexed token, address to, uint256 amount);

    /// @dev Fewer than 2 or more than 16.
    error ParticipantCount(uint256 count, uint256 min, uint256 max);
    /// @dev A participant without an account or without a signer.
    error ParticipantMissing(uint256 participant);
    error DepositMissing(uint256 participant);
    error DepositsTooLarge(uint256 total, uint256 max);
    error ChallengeTimeOutOfRange(uint256 given, uint256 min, uint256 max);
    error LifeOutOfRange(uint256 given, uint256 min, uint256 max);
    /// @dev The channel names other rules than the registry has for the game.
    error NotTheRules(address given, address registered);
    /// @dev What is asked for is not done in this phase.
    error WrongChannelPhase(bytes32 channelId, ChannelPhase phase);
    error UnknownParticipant(uint256 participant, uint256 count);
    error NotTheAccount(address caller, address account);
    /// @dev Neither the account nor the signer of the participant.
    error NotTheParticipant(address caller, uint256 participant);
    error NotAParticipant(address caller);
    error DepositPaidAlready(uint256 participant);
    error NoDeposit(uint256 participant);
    /// @dev Not the deposit in BNB, or BNB for a deposit in a token.
    error WrongDepositValue(uint256 given, uint256 required);
    /// @dev Less or more arrived than the deposit, such as with a token that takes a fee.
    error WrongDepositReceived(uint256 received, uint256 required);
    error BalanceCount(uint256 count, uint256 participants);
    error BalancesNotDeposits(uint256 balances, uint256 deposits);
    error StakeAboveBalance(uint256 participant, uint256 stake, uint256 balance);
    error StakeWithoutRound(uint256 stake);
    error GameStateTooLong(uint256 length, uint256 max);
    /// @dev Of version 0 there is one state: the deposits, no round.
    error NotTheInitialState();
    error SignatureBytes(uint256 length, uint256 required);
    /// @dev The first participant whose signature it is not; `recovered` is whose it is, or zero.
    error NotSignedBy(uint256 participant, address signer, address recovered);
    /// @dev The disputed state is as new or newer.
    error StateNotNewer(uint64 version, uint64 disputed);
    /// @dev Newer states count no more.
    error WindowOver(uint256 timestamp, uint256 deadline);
    /// @dev Newer states still count: nothing is played yet.
    error WindowOpen(uint256 timestamp, uint256 deadline);
    /// @dev The given state is not the disputed one as it has been played on.
    error NotTheDisputedState(bytes32 given, bytes32 disputed);
    /// @dev No round runs, or it is over: `conclude` pays.
    error NothingToPlay(bytes32 channelId);
    error ChannelMoveTooLate(uint256 timestamp, uint256 deadline);
    error MoveStillPossible(uint256 timestamp, uint256 deadline);
    /// @dev The rules refuse the move: illegal, out of turn, or they fail.
    error ChannelMoveRefused(uint256 participant);
    /// @dev Moves count no more: `conclude` pays.
    error LifeOver(uint256 timestamp, uint256 end);
    /// @dev The round is neither over nor is its time.
    error RoundRuns(uint256 timestamp, uint256 end);
    error NoPayoutReceiver();
    error NoPayout(address account, address token);

    /// @notice Pays in the deposit of one's part; the first to do so opens the channel. Account of the participant only.
    /// In a token the deposit must be approved, and arrive in full.
    function deposit(Channel calldata channel, uint256 participant) external payable returns (bytes32 channelId);

    /// @notice Gives a deposit back while not all have paid. The channel cannot be funded any more. Account of the
    /// participant only.
    function withdrawDeposit(Channel calldata channel, uint256 participant) external;

    /// @notice Pays out what all agreed on, at any time after all have paid and until it is closed. Anyone with the
    /// signatures may call.
    /// @param balances Sum to the deposits.
    /// @param signatures Of `Close`.
    function close(Channel calldata channel, uint256[] calldata balances, bytes calldata signatures) external;

    /// @notice Shows a state that all signed, or the deposits as version 0 with no signatures, and so begins to end the
    /// channel without the others. Account or signer of a participant only.
    /// @param signatures Of `State`.
    function challenge(Channel calldata channel, ChannelState calldata state, bytes calldata signatures) external;

    /// @notice Puts a newer state in the place of a disputed one, until the deadline. Anyone with the signatures may call.
    /// @param signatures Of `State`.
    function answer(Channel calldata channel, ChannelState calldata state, bytes calldata signatures) external;

    /// @notice Plays a move on chain, after the window and until the move's deadline. Account or signer of the participant
    /// only. Where the round is over by it, the channel is paid out.
    /// @param state The disputed state, with the game state as it is now.
    function play(
        Channel calldata channel,
        ChannelState calldata state,
        uint256 participant,
        bytes calldata move
    ) external;

    /// @notice Has the rules decide about a move that was not played in time. Where they cannot, each gets its stake back.
    /// Anyone may call.
    /// @param state As in `play`.
    function expire(Channel calldata channel, ChannelState calldata state) external;

    /// @notice Pays out a dispute: after the window, where no round runs or it is over; and where the time for moves is
    /// over, with each one's stake given back, unless a move was missed before and the rules end the round for it. Anyone
    /// may call.
    /// @param state As in `play`.
    function conclude(Channel calldata channel, ChannelState calldata state) external;

    /// @notice Pays the caller what it did not take.
    function withdraw(address token, address to) external returns (uint256 amount);

    function channelIdOf(Channel calldata channel) external view returns (bytes32);

    /// @notice The deposits are those of all participants from `Open` on, and nobody's in `Closed`.
    function statusOf(bytes32 channelId) external view returns (ChannelStatus memory);

    /// @notice What an account may withdraw.
    function owed(address account, address token) external view returns (uint256);
}
