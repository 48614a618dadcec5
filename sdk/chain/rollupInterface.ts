import { Interface } from "ethers";

const BATCH =
  "tuple(uint64 number, bytes32 parent, tuple(bytes32 root, uint32 nextLeaf, uint64 queue) state, uint64 time, " +
  "uint64 queueTime, uint64 postedAt, uint64 blockNumber, address poster, uint8 mode, uint32 segments, bytes32 data)";
const LEAF = "tuple(uint32 index, bytes leaf, bytes32[] siblings)";

/** What players use of `contracts/rollup/IRollupVault.sol`; a test compares the two. */
export const VAULT = new Interface([
  "event Deposited(uint64 indexed entry, address indexed from, address indexed to, uint32 asset, uint128 amount)",
  "event ItemDeposited(uint64 indexed entry, address indexed from, address indexed to, uint256 id, uint64 amount)",
  "event AllowanceDeposited(uint64 indexed entry, address indexed from, address indexed to, uint256 id, uint64 amount)",
  "event GameListed(uint64 indexed entry, uint256 indexed gameId, uint32 indexed asset)",

  "function deposit(uint32 asset, uint128 amount, address to, uint32 balance) payable returns (uint64 entry)",
  "function depositItems(uint256 id, uint64 amount, address to, uint32 account) payable returns (uint64 entry)",
  "function depositAllowance(uint256 id, uint64 amount, address to, uint32 account) payable returns (uint64 entry)",
  "function listGame(uint256 gameId, uint32 asset) payable returns (uint64 entry)",
  `function claimExit(${BATCH} batch, ${LEAF} exit)`,
  `function claimFees(${BATCH} batch, ${LEAF} exit)`,
  `function escape(${BATCH} batch, ${LEAF} leaf, ${LEAF} account)`,
  `function escapeSession(${BATCH} batch, ${LEAF} session, ${LEAF} game, ${LEAF}[] balances, ${LEAF}[] accounts)`,
  "function refund(uint64 number, bytes entry)",
  "function withdrawOwed(uint32 asset, address to) returns (uint256 amount)",
  "function withdrawOwedItems(uint256 id, address to) returns (uint256 amount)",
  "function isClaimed(uint32 index) view returns (bool)",
  "function tokenOf(uint32 asset) view returns (address)",
  "function assetCount() view returns (uint32)",
  "function owed(address owner, uint32 asset) view returns (uint256)",
  "function owedItems(address owner, uint256 id) view returns (uint256)",
  "function ROLLUP() view returns (address)",

  "error AssetNotListed(uint32 asset)",
  "error AssetListedAlready(address token, uint32 asset)",
  "error NotAToken(address token)",
  "error NotADeposit(address operator)",
  "error RepaymentTooHigh(uint256 weiPerBatch, uint256 max)",
  "error RepaymentReceiverMissing(uint256 weiPerBatch)",
  "error WrongDepositPayment(uint256 value, uint256 required)",
  "error ZeroDeposit()",
  "error DepositToNobody()",
  "error DepositTooLarge(uint256 total, uint256 max)",
  "error WrongAmountReceived(uint256 received, uint256 amount)",
  "error LeafClaimed(uint32 index)",
  "error WrongLeaf(uint32 index, bytes32 root, bytes32 expected)",
  "error WrongLeafKind(uint32 index, uint256 kind)",
  "error OtherLeafNamed(uint32 index, uint256 named)",
  "error WrongPlayers(uint256 given, uint256 joined)",
  "error EntryConsumed(uint64 number)",
  "error EntryRefunded(uint64 number)",
  "error NothingToRefund(uint64 number)",
  "error NothingWaits(address owner)",

  // Of the rollup
  "error RollupIsFrozen()",
  "error RollupIsNotFrozen()",
  "error NotCanonical(uint64 number, bytes32 batchHash)",
  "error BatchNotFinal(uint64 number, uint256 finalAt)",
]);

/** What players use of `contracts/rollup/IRollup.sol`; a test compares the two. */
export const ROLLUP = new Interface([
  "event EntryQueued(uint64 indexed number, bytes entry)",
  "function force(bytes transaction) payable returns (uint64 number)",
  "function depositPrice() view returns (uint256)",
  "function forcePrice(bytes transaction) view returns (uint256)",
  "error RollupIsFrozen()",
  "error EntryTooLong(uint256 length, uint256 max)",
  "error WrongEntryFee(uint256 value, uint256 fee)",
]);
