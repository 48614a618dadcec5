import { Interface, formatEther, isHexString, type ErrorDescription } from "ethers";
import type { ArtifactSource, ContractName } from "../deploy/contracts";

const CONTRACTS: readonly ContractName[] = [
  "Gateway",
  "ValidatorRegistry",
  "Slashing",
  "Delegation",
  "COSStaking",
  "NodeStaking",
  "COSToken",
  "QSCFactory",
  "QSC",
  "COSToken",
  "EcosystemVault",
  "MerkleAirdrop",
  "ContributorsVesting",
  "ReleaseSchedule",
  "RevenueSplitter",
  "GameRegistry",
  "GameRevenue",
  "GameEngine",
  "GameAssets",
  "GameQuests",
  "Marketplace",
  "StateChannels",
  "Rollup",
  "RollupVault",
  "AccessManager",
];

/** What to do about an error, where that is not plain from its name and values. */
const ADVICE: Readonly<Record<string, string>> = {
  BatchNotFinal: "it may still be proven false: wait until its window is over",
  DepositTooLarge: "layer 2 would hold more of this than it can count: deposit less",
  LeafClaimed: "it is paid: nothing to do",
  NotCanonical: "the batch was rolled back: fetch the proof again",
  RollupIsFrozen: "layer 2 has ended: leave by escape and refund",
  WrongDepositPayment: "the price of an entry has changed: run it again",
  AccessManagedUnauthorized: "the account has no role for this function: see the table of roles in deploy/README.md",
  AccessControlUnauthorizedAccount: "the token's admin can grant the role",
  AccessControlEnforcedDefaultAdminDelay: "wait until the delay has passed",
  AccessManagerNotReady: "wait until the delay has passed",
  AccessManagerNotScheduled: "schedule the call first",
  AccessManagerExpired: "schedule the call again",
  AlreadyClaimed: "every entry is paid once",
  AccumulatorMismatch: "the messages are not those that were signed",
  CapExceeded: "issue less",
  ChainNotLinked: "link the token's counterpart first: qsc:link",
  CommissionChangeTooEarly: "one change in 24 hours",
  CommissionChangeTooLarge: "change it in steps, one in 24 hours",
  CommissionOutOfRange: "the maximum was fixed at the registration",
  CoreNotOpen: "core nodes open to all once every cellular place has been taken",
  CreationCodeMismatch: "build the sources that the factory was deployed from",
  DeadlineOutOfRange: "name a time in the future",
  EpochNotAccepted: "the signatures are of a set that has ended: collect them from the current one",
  EpochNotNewer: "this rotation has been made already",
  EpochsOpen: "settle the weeks before first: revenue:close-epoch",
  ERC20InsufficientBalance: "the account holds less than this",
  ERC7943InsufficientUnfrozenBalance: "a part of the balance is frozen",
  EmissionEndsTooEarly: "the rewards are funded until then: ask for less, or wait for the next funding",
  EnforcedPause: "the token is paused: qsc:pause --unpause",
  ExpectedPause: "the token is not paused",
  AlreadyJoined: "this account has a seat: wait until the others have joined",
  GameIsRetired: "nothing of it begins any more; what runs goes on to its end",
  GasLimitTooHigh: "ask for less gas: see qcp:status for the lane's limits",
  HomeChainOnly: "run this on the token's home chain",
  InboundOutOfRange: "the limit has up to 96 bits, the window 1 to 16,777,215 seconds",
  InvalidSymbol: "use 1 to 11 of A-Z and 0-9",
  LaneExists: "a lane is opened once, for good",
  LaneFull: "send again once some messages have arrived",
  LanePaused: "the timelock can resume it",
  LimitsUndeliverable: "lower maxGas or maxBytes",
  MessageExpired: "its sender asked for that deadline: it stays undelivered",
  NoPlaceLeft: "wait until a place is left: nodes that ended and are withdrawn or idle give theirs up",
  MoveRefused: "it is not a move of this game now, or not this player's turn",
  MoveStillDue: "wait until the deadline has passed",
  MoveTooLate: "the deadline has passed: anyone may expire the session",
  AssetBound: "it never changes hands: it can only be burned",
  AssetWorn: "a character wears it: its holder can take it off",
  CharacterDressed: "take off what it wears first",
  ConsentMissing: "the holder has not let the game use its assets",
  CounterMismatch: "the order's maker has voided it",
  DepositTooSmall: "the bid's maker has to deposit more",
  ERC1155InsufficientBalance: "the account has fewer pieces",
  ERC1155MissingApprovalForAll: "the holder has not let the market move its assets",
  FeeAboveSigned: "the fee was raised since: its maker can sign the order anew",
  ItemCapExceeded: "no more of it will ever be minted",
  NotSpeaker: "the game's developer can admit the account as an operator",
  OrderExhausted: "somebody else was faster",
  OrderNotSigned: "the order was changed since, or is of another market",
  PaymentTokenNotAllowed: "sales are paid in BNB, COS or another token that the revenue splitter allows",
  NotCertified: "the multisig can certify the issuer: qsc:certify",
  NothingOwed: "nothing was won, or it is paid already",
  NothingDue: "nothing came in for it since it was paid last",
  NothingToClaim: "it was paid already, or nothing was funded while it ran",
  NotReclaimable: "only an exchange that finally failed can be reclaimed: see qcp:status",
  NotRetriable: "it never failed, was retried already, or is reclaimable on its source",
  NothingToReclaim: "this token made no such exchange, or gave it back already",
  ProofMismatch: "the tree is not that of this round",
  RoundExhausted: "the round was funded with less than its list sums to",
  ClaimNotSigned: "the signature is not the account's for this claim: run without --signature to see what it signs",
  PayloadTooLong: "send less: see qcp:status for the lane's limits",
  NoReward: "rewards are settled by epoch: wait for the next",
  PokeFirst: "too many positions have ended since the last call: send poke(100) to the pool, then try again",
  PoolClosed: "this validator has left: choose another",
  PoolWiped: "this validator's bond was slashed to nothing: choose another",
  NotSignedBySigner: "the consent is of another key, another account or another registry",
  SignerTaken: "a key belongs to one operator for good: make a new one",
  ReturnTooLate: "eight hours have passed: it can only be closed",
  ProposalExpired: "the candidate can ask again",
  ProposalOpen: "the members can still vote",
  PublishedTooEarly: "wait until then",
  RetryFailed: "its recipient refuses it still",
  RotationTooEarly: "wait until then",
  SetSizeOutOfRange: "the set has too few or too many signers",
  StakeTokenNotAllowed: "stakes are in BNB, COS or another token that the revenue splitter allows",
  StakeNotReceived: "this token takes a fee: play for another",
  StartRefused: "the game knows no such setup, or not with so many players",
  StillUnbonding: "wait until then",
  SymbolTaken: "choose another symbol",
  TokenNeverAllowed: "no revenue ever came in this token",
  TooFewOperators: "more operators have to register",
  WrongNodeState: "its place was given up, or it was renewed, withdrawn or slashed",
  WrongFee: "the lane's fees changed meanwhile: try again",
  InvalidTopUp: "name a whole number of mwei (10^-12 of the coin)",
  NotPending: "its result is known already: see qcp:status",
  UnfreezeExceedsFrozen: "less than this is frozen",
  UnknownPool: "no validator has registered with this account",
  UnknownUnbonding: "there is none with this number, or it is paid: see validator:undelegate",
  UnknownLane: "no lane leads there: qcp:status lists those that are open",
};

/** An error of any of our contracts in words, or undefined where `error` is none. */
export async function explain(error: unknown, artifacts: ArtifactSource): Promise<string | undefined> {
  const data = revertData(error);
  if (data !== undefined) {
    for (const name of CONTRACTS) {
      const known = new Interface((await artifacts(name)).abi).parseError(data);
      if (known !== null) return inWords(known);
    }
  }
  const text = error instanceof Error ? error.message : String(error);
  if (/insufficient funds|doesn't have enough funds/i.test(text)) {
    return "the account has not enough native coin for the gas and the value: send it some";
  }
  return undefined;
}

/** `LaneFull(chainId 97, inFlight 2048)` → "Lane full (chainId 97, inFlight 2048): send again once …" */
export function inWords(error: ErrorDescription): string {
  if (error.name === "Error" || error.name === "Panic") return `reverted: ${error.args.join(", ")}`;
  const words = error.name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  const values = error.fragment.inputs.map(({ name }, index) => `${name} ${valueInWords(name, error.args[index])}`);
  const shown = values.length === 0 ? "" : ` (${values.join(", ")})`;
  const advice = ADVICE[error.name];
  const text = `${words.charAt(0).toUpperCase()}${words.slice(1)}${shown}`;
  return advice === undefined ? text : `${text}: ${advice}`;
}

const TIMES = /^(timestamp|earliest|validUntil|deadline|latest|withdrawableAt|readyAt)$/;

function valueInWords(name: string, value: unknown): string {
  if (typeof value === "bigint" && TIMES.test(name) && value > 1_000_000_000n) return timeInWords(value);
  if (typeof value === "bigint" && name === "deposit") return `${formatEther(value)} coins`;
  return String(value);
}

export function timeInWords(seconds: bigint): string {
  if (seconds === 0n) return "never";
  return seconds > 8_640_000_000_000n ? `${seconds}` : new Date(Number(seconds) * 1_000).toISOString();
}

/** Providers put the data of a revert into different places, some of them nested. */
function revertData(error: unknown, depth = 0): string | undefined {
  if (typeof error === "string") return isHexString(error) && error.length >= 10 ? error : undefined;
  if (typeof error !== "object" || error === null || depth > 4) return undefined;
  for (const key of ["data", "error", "info", "cause"]) {
    const found = revertData((error as Record<string, unknown>)[key], depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
