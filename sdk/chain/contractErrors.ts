/** What the contracts refuse, in words: what it means, and what to do. */
const CONTRACT_ERRORS: Readonly<Record<string, readonly [means: string, remedy: string]>> = {
  // Games
  UnknownGame: ["there is no game of this number", "check the number and the registry"],
  GameIsRetired: ["the game is retired: nothing new begins", "play another game; what runs goes on to its end"],
  NotEnoughGas: [
    "a call of the rules needs more gas than is left",
    "send with a higher gas limit: each call needs 1,020,000",
  ],

  // Sessions
  SeatsOutOfRange: ["the number of players is out of range", "give 1 to 16 that the game knows"],
  ZeroMoveTime: ["a move has no time", "give it a second at least"],
  SessionLifeOutOfRange: [
    "the session's life does not fit its moves, or is too long",
    "give it a hundred moves' time at least, and ten years at most",
  ],
  InvitedOutOfRange: ["not as many are invited as there are seats", "invite one per other seat, or nobody"],
  InvalidInvitation: ["an invited account is zero, yourself or named twice", "name each other player once"],
  StartRefused: ["the rules refuse the setup or the number of players", "use a setup that the game knows"],
  StakeTokenNotAllowed: ["this token cannot be staked", "stake BNB or an allowed token"],
  StakeValueMismatch: ["the BNB sent is not the stake", "send exactly the stake, and none for a token"],
  StakeNotReceived: ["less or more of the token arrived than the stake", "use a token without fees on transfers"],
  WrongPhase: ["the session is in another phase", "read the session again"],
  AlreadyJoined: ["this account has a seat already", "nothing to do"],
  NotInvited: ["this account is not invited", "ask the creator for another session"],
  NotSeated: ["this account has no seat", "use the account that joined"],
  MoveTooLate: ["the move's deadline has passed", "have it expired"],
  MoveRefused: ["the rules refuse the move: illegal, or not your turn", "read the state again and choose another move"],
  MoveStillDue: ["the move may still be made", "wait for its deadline"],
  NothingOwed: ["nothing is owed to this account", "nothing to do"],

  // Channels
  ParticipantCount: ["a channel has 2 to 16 participants", "change the participants"],
  ParticipantMissing: ["a participant has no account or no key", "complete the participants"],
  DepositMissing: ["a participant's deposit is 0", "give each a deposit"],
  DepositsTooLarge: ["the deposits exceed what a channel may hold", "deposit less"],
  ChallengeTimeOutOfRange: ["the time to answer is out of range", "give 5 minutes to 30 days"],
  LifeOutOfRange: ["the time for moves on chain is out of range", "give more, at most 365 days"],
  NotTheRules: ["the channel names other rules than the registry has", "take the rules from the registry"],
  WrongChannelPhase: ["the channel is in another phase", "read its status again"],
  UnknownParticipant: ["there is no participant of this number", "count from 0"],
  NotTheAccount: ["the caller is not the participant's account", "send from the account that the channel names"],
  NotTheParticipant: ["the caller is neither the participant's account nor its key", "send from one of them"],
  NotAParticipant: ["the caller does not take part", "send from a participant's account or key"],
  DepositPaidAlready: ["this deposit is paid", "nothing to do"],
  NoDeposit: ["this deposit is not here", "nothing to do"],
  WrongDepositValue: ["the BNB sent is not the deposit", "send exactly the deposit, and none for a token"],
  WrongDepositReceived: ["less or more of the token arrived than the deposit", "use a token without fees on transfers"],
  BalanceCount: ["not as many balances as participants", "give one each"],
  BalancesNotDeposits: ["the balances do not sum to the deposits", "use balances that all have signed"],
  StakeAboveBalance: ["a balance is below the stake", "use a state that all have signed"],
  StakeWithoutRound: ["a stake without a round", "use a state that all have signed"],
  GameStateTooLong: ["the game state is too long", "use a state that all have signed"],
  NotTheInitialState: ["version 0 is the deposits and nothing else", "use the initial state"],
  SignatureBytes: ["not one signature of 64 bytes each", "give all signatures, in the participants' order"],
  NotSignedBy: ["a signature is not its participant's", "check the keys, the chain and the contract"],
  StateNotNewer: ["a newer state is shown already", "nothing to do, or show a newer one"],
  WindowOver: ["newer states do not count any more", "play on from the disputed one"],
  WindowOpen: ["newer states still count", "wait until the deadline"],
  NotTheDisputedState: ["this is not the disputed state as it stands", "read the dispute again"],
  NothingToPlay: ["no round runs, or it is over", "conclude"],
  ChannelMoveTooLate: ["the move's deadline has passed", "have it expired"],
  MoveStillPossible: ["the move may still be made", "wait for its deadline"],
  ChannelMoveRefused: ["the rules refuse the move: illegal, or not your turn", "choose another move"],
  LifeOver: ["the time for moves on chain is over", "conclude"],
  RoundRuns: ["the round is neither over nor out of time", "play on"],
  NoPayoutReceiver: ["nobody is to be paid", "name a receiver"],
  NoPayout: ["nothing is kept for this account", "nothing to do"],

  // Layer 2
  AssetNotListed: ["the token is not listed on layer 2", "deposit one that is"],
  AssetListedAlready: ["the token is listed already", "use its number"],
  NotAToken: ["there is no token at this address", "check the address"],
  NotADeposit: ["items sent directly would be lost", "deposit them by depositItems"],
  RepaymentTooHigh: ["more than a batch may ever cost", "repay less"],
  RepaymentReceiverMissing: ["what posting costs goes to nobody", "name a receiver"],
  WrongDepositPayment: ["the BNB sent is not the price of an entry and the deposit", "read the price again"],
  ZeroDeposit: ["nothing is deposited", "deposit more than nothing"],
  DepositToNobody: ["the receiver is the zero address", "name the account that owns it on layer 2"],
  DepositTooLarge: ["layer 2 would hold more of this than it can count", "deposit less"],
  WrongAmountReceived: ["another amount of the token arrived than was sent", "use a token without fees on transfers"],
  LeafClaimed: ["this leaf is paid already", "nothing to do"],
  WrongLeaf: ["the proof does not lead to the state of the batch", "fetch the proof again, for this batch"],
  WrongLeafKind: ["a leaf of this kind is not paid by this call", "use the call for its kind"],
  OtherLeafNamed: ["the leaf names another one than was shown", "show the account, balance or game that it names"],
  WrongPlayers: ["not all who joined were shown", "show the balance and account of each, in their order"],
  EntryConsumed: ["layer 2 has taken this entry", "leave with its balance"],
  EntryRefunded: ["this entry is refunded already", "nothing to do"],
  NothingToRefund: ["this entry brought nothing", "nothing to do"],
  NothingWaits: ["no refused payment waits for this account", "nothing to do"],
  RollupIsFrozen: ["layer 2 has ended: nothing goes in any more", "leave by `escape` or `refund`"],
  RollupIsNotFrozen: ["layer 2 goes on", "withdraw there, and claim the exit once it is final"],
  NotCanonical: ["this batch never was, or was rolled back", "fetch the proof again"],
  BatchNotFinal: ["the batch may still be proven false", "wait until its window is over"],
  EntryTooLong: ["a forced transaction has at most 512 bytes", "split it"],
  WrongEntryFee: ["the BNB sent is not the price of the entry", "read the price again"],

  // Tokens
  ERC20InsufficientBalance: ["the account has too little of the token", "get more of it"],
  ERC20InsufficientAllowance: ["too little of the token is approved", "approve the contract for the amount"],
};

export interface ContractErrorWords {
  readonly means: string;
  readonly remedy: string;
}

/** Undefined for an error that the catalogue does not know. */
export function explainContractError(name: string): ContractErrorWords | undefined {
  const words = Object.hasOwn(CONTRACT_ERRORS, name) ? CONTRACT_ERRORS[name] : undefined;
  return words === undefined ? undefined : { means: words[0], remedy: words[1] };
}
