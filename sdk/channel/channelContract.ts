import type { Log, Provider, Signer, TransactionReceipt } from "ethers";
import {
  CHANNEL_BNB,
  CHANNEL_PHASE,
  channelId,
  initialState,
  packSignatures,
  stateHash,
  type Channel,
  type ChannelState,
  type ChannelVenue,
  type SignedState,
} from "../../protocol/channel";
import { CHANNELS } from "../chain/channelsInterface";
import { ContractClient } from "../chain/contractClient";
import { pause } from "../chain/pause";
import { SdkError } from "../errors";
import type { SignedClose } from "./closings";

export type ChannelPhase = keyof typeof CHANNEL_PHASE;

/** A channel as its contract has it. */
export interface ChannelStatus {
  readonly phase: ChannelPhase;
  /** Of the disputed state. */
  readonly version: bigint;
  /** Unix seconds. Disputed: last second for a newer state. Playing: last second for the move. */
  readonly deadline: bigint;
  /** Unix seconds: last second in which a move is played or expires. */
  readonly end: bigint;
  readonly stateHash: string;
}

const PHASES = new Map(Object.entries(CHANNEL_PHASE).map(([name, number]) => [BigInt(number), name as ChannelPhase]));

/** One channel on its `StateChannels`. Everything that is sent is paid for by the given signer. */
export class ChannelContract {
  readonly id: string;
  private readonly contract: ContractClient;

  constructor(
    readonly channel: Channel,
    readonly venue: ChannelVenue,
    provider: Provider,
    /** First block in which the channel may have been opened: logs are not read from before. */
    private readonly fromBlock = 0,
  ) {
    this.id = channelId(channel, venue);
    this.contract = new ContractClient(venue.channels, CHANNELS, provider);
  }

  /** Pays a participant's deposit, from its account; a token has to be approved before. The first opens the channel. */
  deposit(account: Signer, participant: number): Promise<TransactionReceipt> {
    const { token, participants } = this.channel;
    const value = token === CHANNEL_BNB ? (participants[participant]?.deposit ?? 0n) : 0n;
    return this.contract.write(account, "deposit", [this.channel, participant], value);
  }

  /** Takes a deposit back while not all have paid; the channel is cancelled. */
  withdrawDeposit(account: Signer, participant: number): Promise<TransactionReceipt> {
    return this.contract.write(account, "withdrawDeposit", [this.channel, participant]);
  }

  close(sender: Signer, { balances, signatures }: SignedClose): Promise<TransactionReceipt> {
    return this.contract.write(sender, "close", [this.channel, balances, packSignatures(signatures)]);
  }

  /** Ends the channel without the others, with the newest state that all have signed. From a participant's account or key. */
  challenge(sender: Signer, { state, signatures }: SignedState): Promise<TransactionReceipt> {
    return this.contract.write(sender, "challenge", [this.channel, state, packSignatures(signatures)]);
  }

  /** Shows a newer state than the disputed one. From anyone. */
  answer(sender: Signer, { state, signatures }: SignedState): Promise<TransactionReceipt> {
    return this.contract.write(sender, "answer", [this.channel, state, packSignatures(signatures)]);
  }

  /** Plays a move on chain. From the participant's account or key. */
  play(sender: Signer, disputed: ChannelState, participant: number, move: string): Promise<TransactionReceipt> {
    return this.contract.write(sender, "play", [this.channel, disputed, participant, move]);
  }

  expire(sender: Signer, disputed: ChannelState): Promise<TransactionReceipt> {
    return this.contract.write(sender, "expire", [this.channel, disputed]);
  }

  conclude(sender: Signer, disputed: ChannelState): Promise<TransactionReceipt> {
    return this.contract.write(sender, "conclude", [this.channel, disputed]);
  }

  /** Pays out what an account did not take at once. */
  withdraw(account: Signer, to: string): Promise<TransactionReceipt> {
    return this.contract.write(account, "withdraw", [this.channel.token, to]);
  }

  /** What is kept for an account, because it did not take it. */
  async owed(account: string): Promise<bigint> {
    return (await this.contract.read("owed", [account, this.channel.token]))[0] as bigint;
  }

  async status(): Promise<ChannelStatus> {
    const [raw] = (await this.contract.read("statusOf", [this.id])) as readonly [
      { phase: bigint; version: bigint; deadline: bigint; end: bigint; stateHash: string },
    ];
    const phase = PHASES.get(raw.phase);
    if (phase === undefined) throw new SdkError("CHAIN_FAILED", { context: { phase: raw.phase } });
    return { phase, version: raw.version, deadline: raw.deadline, end: raw.end, stateHash: raw.stateHash };
  }

  /**
   * Resolves once all have paid: before that no signed state is worth anything, and nothing should be played for. False
   * where the channel was cancelled, or the signal was aborted.
   */
  async opened(everyMs: number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const { phase } = await this.status();
      if (phase !== "none" && phase !== "funding") return phase !== "cancelled";
      await pause(everyMs, signal);
    }
    return false;
  }

  /** The contract's clock, in unix seconds. */
  time(): Promise<bigint> {
    return this.contract.time();
  }

  /**
   * The disputed state as it has been played on: one of those known, else from the logs. Either way its hash is the
   * contract's. Throws STATE_UNKNOWN.
   */
  async disputedState(status: ChannelStatus, known: readonly ChannelState[]): Promise<ChannelState> {
    const found = [...known, initialState(this.channel, this.venue)].find(
      (each) => stateHash(each) === status.stateHash,
    );
    if (found !== undefined) return found;
    const topic = CHANNELS.getEvent("Challenged")?.topicHash ?? null;
    const isBegin = (log: Log): boolean => log.topics[0] === topic;
    const logs = await this.contract.logsBackwards([null, this.id], this.fromBlock, (all) => all.some(isBegin));
    const state = this.replay(logs);
    if (state === undefined || stateHash(state) !== status.stateHash) {
      throw new SdkError("STATE_UNKNOWN", { context: { channelId: this.id, version: status.version } });
    }
    return state;
  }

  /** What each was paid; undefined while the channel is not closed, or where its log is not found. */
  async payouts(): Promise<readonly bigint[] | undefined> {
    const topic = CHANNELS.getEvent("ChannelClosed")?.topicHash ?? null;
    const logs = await this.contract.logsBackwards([topic, this.id], this.fromBlock, (all) => all.length > 0);
    const log = logs[0];
    return log === undefined ? undefined : ((CHANNELS.parseLog(log)?.args.payouts as readonly bigint[]) ?? undefined);
  }

  private replay(logs: readonly Log[]): ChannelState | undefined {
    let state: ChannelState | undefined;
    for (const log of logs) {
      const event = CHANNELS.parseLog(log);
      if (event?.name === "Challenged" || event?.name === "Answered") {
        const { version, stake, balances, gameState } = event.args.state as ChannelState;
        state = { channelId: this.id, version, stake, balances: [...balances], gameState };
      }
      if ((event?.name === "MovePlayed" || event?.name === "MoveExpired") && state !== undefined) {
        state = { ...state, gameState: event.args.gameState as string };
      }
    }
    return state;
  }
}
