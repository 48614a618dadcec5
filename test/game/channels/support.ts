import { setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { Wallet, concat, id, toBeHex, type BaseContract, type ContractTransactionResponse, type Signer } from "ethers";
import { ethers } from "hardhat";
import {
  CHANNEL_BNB,
  CHANNEL_PHASE,
  channelDomain,
  channelId,
  closeDigest,
  initialState,
  stateDigest,
  stateHash,
  type Channel,
  type ChannelState,
  type ChannelVenue,
} from "../../../protocol/channel";
import type {
  AccessManager,
  ChannelPartyMock,
  GameRegistry,
  HostileERC20Mock,
  PuppetGameMock,
  StateChannels,
} from "../../../typechain-types";
import { signDigest } from "../../crosschain/support";

export const GAME = 1n;
export const HOUR = 3_600n;
export const DEPOSIT = 1_000n;
export const PHASE = CHANNEL_PHASE;

/** Modes of `PuppetGameMock`. */
export const MODE = {
  runs: 0,
  over: 1,
  outcomeReverts: 2,
  outcomeBurnsGas: 3,
  outcomeIsMalformed: 4,
  outcomeIsHuge: 5,
  expireReverts: 6,
  expireChangesNothing: 7,
  expireBurnsGas: 8,
  expirePasses: 9,
  playBurnsGas: 10,
  playIsMalformed: 11,
  playIsTooLong: 12,
} as const;

export const ANYONE = 255;

/** A state of `PuppetGameMock`, which is also the move that leads to it. */
export function puppet(turn: number, mode: number, shareBps: readonly number[]): string {
  return concat([toBeHex(turn, 1), toBeHex(mode, 1), ...shareBps.map((share) => toBeHex(share, 2))]);
}

export async function deployContract<T extends BaseContract>(name: string, ...args: readonly unknown[]): Promise<T> {
  const contract = await ethers.deployContract(name, [...args]);
  return (await contract.waitForDeployment()) as unknown as T;
}

export interface ChannelFixture {
  /** Has one game, of puppets; the first account is its developer. */
  readonly registry: GameRegistry;
  /** As the registry copied them. */
  readonly rules: PuppetGameMock;
  readonly channels: StateChannels;
  readonly venue: ChannelVenue;
  readonly domain: string;
  /** Accounts of participants, in their order. */
  readonly accounts: readonly Signer[];
  /** Their session keys. */
  readonly keys: readonly Wallet[];
  readonly outsider: Signer;
  readonly token: HostileERC20Mock;
  readonly party: ChannelPartyMock;
}

/** Everything but a channel. */
export async function deployChannels(): Promise<ChannelFixture> {
  const signers = await ethers.getSigners();
  const [accounts, outsider] = [signers.slice(0, 16), signers[16]!];
  const manager = await deployContract<AccessManager>("AccessManager", accounts[0]);
  const registry = await deployContract<GameRegistry>("GameRegistry", await manager.getAddress(), 7_000, 2_000, 1_000);
  const original = await deployContract<PuppetGameMock>("PuppetGameMock");
  await registry.registerGame(await original.getAddress(), 0, "ipfs://puppets");
  const rules = original.attach((await registry.gameOf(GAME)).rules) as PuppetGameMock;
  const channels = await deployContract<StateChannels>("StateChannels", await registry.getAddress());
  const { chainId } = await ethers.provider.getNetwork();
  const venue = { chainId, channels: await channels.getAddress() };
  const token = await deployContract<HostileERC20Mock>("HostileERC20Mock");
  for (const account of accounts) {
    await token.mint(account, 1_000_000n);
    await token.connect(account).approve(channels, 1_000_000n);
  }
  const keys = accounts.map((_, index) => new Wallet(id(`session ${index}`), ethers.provider));
  const party = await deployContract<ChannelPartyMock>("ChannelPartyMock");
  await setBalance(await party.getAddress(), 1_000_000n);
  return { registry, rules, channels, venue, domain: channelDomain(venue), accounts, keys, outsider, token, party };
}

let nonces = 0n;

/** A channel of `count` in BNB that nobody knows yet. */
export async function newChannel(
  { rules, accounts, keys }: ChannelFixture,
  changes: Partial<Channel> = {},
  count = 2,
): Promise<Channel> {
  const participants = await Promise.all(
    accounts.slice(0, count).map(async (account, index) => ({
      account: await account.getAddress(),
      signer: keys[index]!.address,
      deposit: DEPOSIT,
    })),
  );
  return {
    gameId: GAME,
    rules: await rules.getAddress(),
    token: CHANNEL_BNB,
    participants,
    challengeSeconds: HOUR,
    lifeSeconds: 100n * HOUR,
    nonce: ++nonces,
    ...changes,
  };
}

/** The channel as typechain takes it. */
export function given(channel: Channel): Channel & { readonly participants: Channel["participants"][number][] } {
  return { ...channel, participants: [...channel.participants] };
}

export async function deposit(
  { channels, accounts }: ChannelFixture,
  channel: Channel,
  participant: number,
): Promise<ContractTransactionResponse> {
  const value = channel.token === CHANNEL_BNB ? channel.participants[participant]!.deposit : 0n;
  return channels.connect(accounts[participant]!).deposit(given(channel), participant, { value });
}

export async function fund(fixture: ChannelFixture, channel: Channel): Promise<string> {
  for (const index of channel.participants.keys()) await deposit(fixture, channel, index);
  return channelId(channel, fixture.venue);
}

/** A funded channel and how its states are made, signed and brought. */
export class Bout {
  readonly id: string;

  constructor(
    readonly fixture: ChannelFixture,
    readonly channel: Channel,
  ) {
    this.id = channelId(channel, fixture.venue);
  }

  static async funded(fixture: ChannelFixture, changes: Partial<Channel> = {}, count = 2): Promise<Bout> {
    const channel = await newChannel(fixture, changes, count);
    await fund(fixture, channel);
    return new Bout(fixture, channel);
  }

  get struct(): ReturnType<typeof given> {
    return given(this.channel);
  }

  get initial(): ChannelState {
    return initialState(this.channel, this.fixture.venue);
  }

  /** Version 1 with a running round of stake 100, the first participant's turn. */
  state(changes: Partial<ChannelState> = {}): ChannelState {
    return {
      ...this.initial,
      version: 1n,
      stake: 100n,
      gameState: puppet(
        0,
        MODE.runs,
        this.channel.participants.map(() => 0),
      ),
      ...changes,
    };
  }

  /** The same with another game state, as after a move on chain. */
  moved(state: ChannelState, gameState: string): ChannelState {
    return { ...state, gameState };
  }

  /** Signatures of all participants, or of those given. */
  signed(state: ChannelState, keys: readonly Wallet[] = this.fixture.keys): string {
    return this.signatures(stateDigest(state, this.fixture.domain), keys);
  }

  signedClose(balances: readonly bigint[], keys: readonly Wallet[] = this.fixture.keys): string {
    return this.signatures(closeDigest(this.id, balances, this.fixture.domain), keys);
  }

  async challenge(state: ChannelState, by = 0): Promise<ContractTransactionResponse> {
    const signatures = state.version === 0n ? "0x" : this.signed(state);
    return this.as(by).challenge(this.struct, struct(state), signatures);
  }

  async answer(
    state: ChannelState,
    by: Signer = this.fixture.outsider,
    signatures = this.signed(state),
  ): Promise<ContractTransactionResponse> {
    return this.fixture.channels.connect(by).answer(this.struct, struct(state), signatures);
  }

  async play(state: ChannelState, participant: number, move: string): Promise<ContractTransactionResponse> {
    return this.as(participant).play(this.struct, struct(state), participant, move);
  }

  async expire(state: ChannelState): Promise<ContractTransactionResponse> {
    return this.fixture.channels.connect(this.fixture.outsider).expire(this.struct, struct(state));
  }

  async conclude(state: ChannelState): Promise<ContractTransactionResponse> {
    return this.fixture.channels.connect(this.fixture.outsider).conclude(this.struct, struct(state));
  }

  async close(balances: readonly bigint[]): Promise<ContractTransactionResponse> {
    const { channels, outsider } = this.fixture;
    return channels.connect(outsider).close(this.struct, [...balances], this.signedClose(balances));
  }

  /** Challenges with `state` and lets the window pass, up to the first second in which moves count. */
  async dispute(state: ChannelState): Promise<void> {
    await this.challenge(state);
    await time.setNextBlockTimestamp((await this.status()).deadline + 1n);
  }

  async status(): ReturnType<StateChannels["statusOf"]> {
    return this.fixture.channels.statusOf(this.id);
  }

  async phase(): Promise<number> {
    return Number((await this.status()).phase);
  }

  as(participant: number): StateChannels {
    return this.fixture.channels.connect(this.fixture.accounts[participant]!);
  }

  private signatures(digest: string, keys: readonly Wallet[]): string {
    const signers = this.channel.participants.map((_, index) => keys[index]!);
    return concat(signers.map((key) => signDigest(key, digest)));
  }
}

/** The state as typechain takes it. */
export function struct({ version, stake, balances, gameState }: ChannelState): {
  version: bigint;
  stake: bigint;
  balances: bigint[];
  gameState: string;
} {
  return { version, stake, balances: [...balances], gameState };
}

export const hashOf = stateHash;
