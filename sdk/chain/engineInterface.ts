import { Interface } from "ethers";

const TERMS =
  "tuple(bytes setup, uint8 players, address token, uint128 stake, uint32 moveSeconds, uint32 lifeSeconds, address[] invited)";
const SESSION =
  "tuple(address rules, uint40 deadline, uint40 end, uint8 players, uint8 phase, uint64 gameId, uint128 stake, " +
  "uint32 moveSeconds, uint16 rakeBps, bool inviteOnly, address token, uint32 lifeSeconds, uint40 endedAt)";

/** `contracts/game/IGameEngine.sol`, so that it is used without a build; a test compares the two. */
export const ENGINE = new Interface([
  `event SessionCreated(uint256 indexed sessionId, uint256 indexed gameId, address indexed creator, ${TERMS} terms, uint256 rakeBps, bytes state)`,
  "event PlayerJoined(uint256 indexed sessionId, address indexed account)",
  "event PlayerLeft(uint256 indexed sessionId, address indexed account)",
  "event SessionStarted(uint256 indexed sessionId, address[] accounts, uint256 deadline, uint256 end)",
  "event MoveMade(uint256 indexed sessionId, address indexed account, bytes move)",
  "event MoveMissed(uint256 indexed sessionId)",
  "event SessionSettled(uint256 indexed sessionId, uint256[] payouts, uint256 rake)",
  "event SessionVoided(uint256 indexed sessionId)",
  "event PayoutWithdrawn(address indexed account, address indexed token, address to, uint256 amount)",

  `function createGame(uint256 gameId, ${TERMS} terms) payable returns (uint256 sessionId)`,
  "function joinGame(uint256 sessionId) payable",
  "function leaveGame(uint256 sessionId)",
  "function playGame(uint256 sessionId, bytes move)",
  "function expireGame(uint256 sessionId)",
  "function withdraw(address token, address to) returns (uint256 amount)",
  `function sessionOf(uint256 sessionId) view returns (${SESSION})`,
  "function accountsOf(uint256 sessionId) view returns (address[])",
  "function stateOf(uint256 sessionId) view returns (bytes)",
  "function seatOf(uint256 sessionId, address account) view returns (bool joined, uint256 seat)",
  "function mayJoin(uint256 sessionId, address account) view returns (bool)",
  "function owed(address account, address token) view returns (uint256)",
  "function sessionCount() view returns (uint256)",

  "error SeatsOutOfRange(uint256 players, uint256 max)",
  "error ZeroMoveTime()",
  "error SessionLifeOutOfRange(uint256 lifeSeconds, uint256 min, uint256 max)",
  "error InvitedOutOfRange(uint256 invited, uint256 seats)",
  "error InvalidInvitation(address account)",
  "error StartRefused(uint256 gameId)",
  "error StakeTokenNotAllowed(address token)",
  "error StakeValueMismatch(uint256 value, uint256 expected)",
  "error StakeNotReceived(uint256 received, uint256 stake)",
  "error WrongPhase(uint256 sessionId, uint8 phase, uint8 expected)",
  "error AlreadyJoined(uint256 sessionId, address account)",
  "error NotInvited(uint256 sessionId, address account)",
  "error NotSeated(uint256 sessionId, address account)",
  "error MoveTooLate(uint256 timestamp, uint256 deadline)",
  "error MoveRefused(uint256 sessionId, uint256 seat)",
  "error MoveStillDue(uint256 timestamp, uint256 deadline)",
  "error NothingOwed(address token)",

  // Of the registry, the rules and the token
  "error UnknownGame(uint256 gameId)",
  "error GameIsRetired(uint256 gameId)",
  "error NotEnoughGas(uint256 left, uint256 required)",
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
]);
