import { AbiCoder, ZeroAddress, concat, dataLength, id, keccak256, zeroPadValue } from "ethers";
import { hexToBytes, wordToHex } from "./hex";

/** One who takes part in a channel; its player number is its place among the participants. */
export interface Participant {
  /** Pays the deposit and is paid. */
  readonly account: string;
  /** Key that signs states. */
  readonly signer: string;
  /** In units of the token. */
  readonly deposit: bigint;
}

/** What the participants of a channel agree on; `contracts/game/IStateChannels.sol` says more of each. */
export interface Channel {
  readonly gameId: bigint;
  /** The game's rules as its registry has them. */
  readonly rules: string;
  /** Of the deposits; the zero address: BNB. */
  readonly token: string;
  readonly participants: readonly Participant[];
  readonly challengeSeconds: bigint;
  readonly lifeSeconds: bigint;
  readonly nonce: bigint;
}

/** The `StateChannels` of one chain. */
export interface ChannelVenue {
  readonly chainId: bigint;
  readonly channels: string;
}

/** What all participants sign. */
export interface ChannelState {
  readonly channelId: string;
  /** Grows with each state; 0 is the state after the deposits, which needs no signature. */
  readonly version: bigint;
  /** What each put into the running round; 0 where none runs. */
  readonly stake: bigint;
  /** Whose the deposits are, by participant; the stakes of the running round are in them. */
  readonly balances: readonly bigint[];
  /** Of the running round; `0x` where none runs. */
  readonly gameState: string;
}

/** A state with the 64-byte EIP-2098 signatures of all participants, in their order. */
export interface SignedState {
  readonly state: ChannelState;
  readonly signatures: readonly string[];
}

/** Numbers of `ChannelPhase`. */
export const CHANNEL_PHASE = {
  none: 0,
  funding: 1,
  cancelled: 2,
  open: 3,
  disputed: 4,
  playing: 5,
  closed: 6,
} as const;

/** The token of channels in BNB. */
export const CHANNEL_BNB = ZeroAddress;

export const CHANNEL_STATE_TYPES = {
  State: [
    { name: "channelId", type: "bytes32" },
    { name: "version", type: "uint64" },
    { name: "stake", type: "uint256" },
    { name: "balances", type: "uint256[]" },
    { name: "gameState", type: "bytes" },
  ],
};

export const CHANNEL_CLOSE_TYPES = {
  Close: [
    { name: "channelId", type: "bytes32" },
    { name: "balances", type: "uint256[]" },
  ],
};

/** ABI type of a channel as the contract takes it. */
export const CHANNEL_ABI_TYPE =
  "tuple(uint256 gameId, address rules, address token, " +
  "tuple(address account, address signer, uint256 deposit)[] participants, " +
  "uint32 challengeSeconds, uint32 lifeSeconds, uint256 nonce)";

const DOMAIN_TYPEHASH = id("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
const NAME_HASH = id("StateChannels");
const VERSION_HASH = id("1");
const STATE_TYPEHASH = id("State(bytes32 channelId,uint64 version,uint256 stake,uint256[] balances,bytes gameState)");
const CLOSE_TYPEHASH = id("Close(bytes32 channelId,uint256[] balances)");

/** Of hex texts one behind the other. */
function hashOf(...parts: readonly string[]): string {
  return keccak256(hexToBytes(`0x${parts.map((part) => part.slice(2)).join("")}`));
}

/** Names a channel for good: it binds the chain, the contract and all that was agreed on. */
export function channelId(channel: Channel, venue: ChannelVenue): string {
  const types = ["uint256", "address", CHANNEL_ABI_TYPE];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [venue.chainId, venue.channels, channel]));
}

/** EIP-712 domain separator; make it once per venue, since digests are made several times a move. */
export function channelDomain(venue: ChannelVenue): string {
  const chain = wordToHex(venue.chainId);
  return hashOf(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, chain, zeroPadValue(venue.channels, 32));
}

/** EIP-712 struct hash: what the contract keeps of a disputed state. */
export function stateHash({ channelId: channel, version, stake, balances, gameState }: ChannelState): string {
  const amounts = hashOf(...balances.map(wordToHex));
  return hashOf(STATE_TYPEHASH, channel, wordToHex(version), wordToHex(stake), amounts, hashOf(gameState));
}

/** @param domain Of {@link channelDomain}. */
export function stateDigest(state: ChannelState, domain: string): string {
  return hashOf("0x1901", domain, stateHash(state));
}

/** Who signs it signs no state afterwards: the contract takes it at any time. */
export function closeDigest(channel: string, balances: readonly bigint[], domain: string): string {
  const hash = hashOf(CLOSE_TYPEHASH, channel, hashOf(...balances.map(wordToHex)));
  return hashOf("0x1901", domain, hash);
}

/** The state after the deposits. */
export function initialState(channel: Channel, venue: ChannelVenue): ChannelState {
  return {
    channelId: channelId(channel, venue),
    version: 0n,
    stake: 0n,
    balances: channel.participants.map(({ deposit }) => deposit),
    gameState: "0x",
  };
}

/** Signatures as the contract takes them; throws a RangeError where one is not 64 bytes. */
export function packSignatures(signatures: readonly string[]): string {
  const odd = signatures.findIndex((each) => dataLength(each) !== 64);
  if (odd >= 0) throw new RangeError(`signature ${odd} has ${dataLength(signatures[odd] as string)} bytes, not 64`);
  return concat(signatures);
}
