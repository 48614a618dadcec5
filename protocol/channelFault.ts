import { ZeroAddress, dataLength } from "ethers";
import {
  channelDomain,
  channelId,
  initialState,
  stateDigest,
  type Channel,
  type ChannelState,
  type ChannelVenue,
  type SignedState,
} from "./channel";
import { recoverSigner } from "./header";

/** Why a contract refuses a channel or a state, by the name of its error. */
export type ChannelFault =
  | "ParticipantCount"
  | "ParticipantMissing"
  | "DepositMissing"
  | "DepositsTooLarge"
  | "ChallengeTimeOutOfRange"
  | "LifeOutOfRange"
  | "GameStateTooLong"
  | "StakeWithoutRound"
  | "BalanceCount"
  | "StakeAboveBalance"
  | "BalancesNotDeposits"
  | "NotTheInitialState"
  | "SignatureBytes"
  | "NotSignedBy"
  /** The state is another channel's; the contract would find signatures of nobody. */
  | "AnotherChannel";

export const MIN_PARTICIPANTS = 2;
export const MAX_PARTICIPANTS = 16;
export const MIN_CHALLENGE_SECONDS = 300n;
export const MAX_CHALLENGE_SECONDS = 259_200n;
/** Least life, in times of a challenge. */
export const MIN_MOVES_IN_LIFE = 100n;
export const MAX_LIFE_SECONDS = 31_536_000n;
export const MAX_DEPOSITS = (1n << 128n) - 1n;
const MAX_GAME_STATE_BYTES = 1_024;

const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

/** Why nobody can open this channel, whatever the registry says of the game; undefined: one can. */
export function channelFault(channel: Channel): ChannelFault | undefined {
  const { participants, challengeSeconds, lifeSeconds } = channel;
  if (participants.length < MIN_PARTICIPANTS || participants.length > MAX_PARTICIPANTS) return "ParticipantCount";
  for (const { account, signer, deposit } of participants) {
    if (account === ZeroAddress || signer === ZeroAddress) return "ParticipantMissing";
    if (deposit === 0n) return "DepositMissing";
    if (deposit > MAX_DEPOSITS) return "DepositsTooLarge";
  }
  if (sum(participants.map(({ deposit }) => deposit)) > MAX_DEPOSITS) return "DepositsTooLarge";
  if (challengeSeconds < MIN_CHALLENGE_SECONDS || challengeSeconds > MAX_CHALLENGE_SECONDS) {
    return "ChallengeTimeOutOfRange";
  }
  return lifeSeconds < MIN_MOVES_IN_LIFE * challengeSeconds || lifeSeconds > MAX_LIFE_SECONDS
    ? "LifeOutOfRange"
    : undefined;
}

/** Why balances cannot be paid out, or staked from; undefined: they can. */
export function balancesFault(channel: Channel, balances: readonly bigint[], stake: bigint): ChannelFault | undefined {
  if (balances.length !== channel.participants.length) return "BalanceCount";
  for (const balance of balances) {
    if (balance < stake) return "StakeAboveBalance";
    if (balance > MAX_DEPOSITS) return "BalancesNotDeposits";
  }
  const deposits = sum(channel.participants.map(({ deposit }) => deposit));
  return sum(balances) === deposits ? undefined : "BalancesNotDeposits";
}

/** Why the contract refuses a state whatever the signatures; undefined: it does not. */
export function stateFault(channel: Channel, venue: ChannelVenue, state: ChannelState): ChannelFault | undefined {
  if (state.channelId !== channelId(channel, venue)) return "AnotherChannel";
  const length = dataLength(state.gameState);
  if (length > MAX_GAME_STATE_BYTES) return "GameStateTooLong";
  if (length === 0 && state.stake !== 0n) return "StakeWithoutRound";
  const fault = balancesFault(channel, state.balances, state.stake);
  if (fault !== undefined || state.version !== 0n) return fault;
  const { balances } = initialState(channel, venue);
  const isInitial = length === 0 && balances.every((balance, index) => balance === state.balances[index]);
  return isInitial ? undefined : "NotTheInitialState";
}

/** Why signatures of `digest` are not those of all participants; undefined: they are. */
export function signaturesFault(
  channel: Channel,
  digest: string,
  signatures: readonly string[],
): ChannelFault | undefined {
  const { participants } = channel;
  if (signatures.length !== participants.length) return "SignatureBytes";
  if (signatures.some((signature) => dataLength(signature) !== 64)) return "SignatureBytes";
  const isSigned = participants.every(({ signer }, index) => {
    try {
      return BigInt(recoverSigner(digest, signatures[index] as string)) === BigInt(signer);
    } catch {
      return false;
    }
  });
  return isSigned ? undefined : "NotSignedBy";
}

/** Why the contract refuses a signed state; undefined: it is one that counts. */
export function signedStateFault(
  channel: Channel,
  venue: ChannelVenue,
  { state, signatures }: SignedState,
): ChannelFault | undefined {
  const fault = stateFault(channel, venue, state);
  if (fault !== undefined) return fault;
  if (state.version === 0n) return signatures.length === 0 ? undefined : "SignatureBytes";
  return signaturesFault(channel, stateDigest(state, channelDomain(venue)), signatures);
}
