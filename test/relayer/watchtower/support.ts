import { SigningKey, computeAddress, id } from "ethers";
import {
  CHANNEL_BNB,
  CHANNEL_PHASE,
  channelDomain,
  channelId,
  initialState,
  stateDigest,
  type Channel,
  type ChannelState,
} from "../../../protocol/channel";
import { toJson } from "../../../relayer/api/wire";
import { ContractRevert } from "../../../relayer/errors";
import type { ChainLog, ChainReader, TransactionOutcome, TransactionSender } from "../../../relayer/ports";
import { CHANNELS } from "../../../relayer/watchtower/channelsInterface";
import type { WatchtowerEvent } from "../../../relayer/watchtower/events";

export const VENUE = { chainId: 31_337n, channels: "0x00000000000000000000000000000000000000c5" } as const;

const keys = [0, 1].map((index) => new SigningKey(id(`watched ${index}`)));

export function sampleChannel(nonce: bigint, challengeSeconds = 3_600n): Channel {
  return {
    gameId: 1n,
    rules: "0x00000000000000000000000000000000000000a1",
    token: CHANNEL_BNB,
    participants: keys.map((key) => ({ account: computeAddress(key), signer: computeAddress(key), deposit: 100n })),
    challengeSeconds,
    lifeSeconds: 360_000n,
    nonce,
  };
}

export function sampleState(channel: Channel, version: bigint): ChannelState {
  return { ...initialState(channel, VENUE), version, balances: [150n, 50n] };
}

export function signaturesOf(state: ChannelState, signers = keys): string[] {
  return signers.map((key) => key.sign(stateDigest(state, channelDomain(VENUE))).compactSerialized);
}

/** What a player posts. */
export function submission(channel: Channel, version: bigint): Record<string, unknown> {
  const state = sampleState(channel, version);
  const { channelId: _, ...rest } = state;
  return toJson({ chainId: VENUE.chainId, channel, state: rest, signatures: signaturesOf(state) }) as Record<
    string,
    unknown
  >;
}

interface OnChain {
  readonly phase: keyof typeof CHANNEL_PHASE;
  readonly version: bigint;
  readonly deadline: bigint;
}

const ZERO = `0x${"00".repeat(32)}`;

/** One `StateChannels` as a simple model, and the only sender to it. */
export class FakeChannels implements Pick<ChainReader, "chainId" | "finalized" | "logs" | "call" | "estimateGas"> {
  readonly chainId = VENUE.chainId;
  readonly address = "0x00000000000000000000000000000000000000E1";
  readonly sent: { readonly key: string; readonly data: string }[] = [];
  number = 100n;
  timestamp = 1_000_000n;
  /** An endpoint that leaves out logs. */
  withholdsLogs = false;
  /** Set: the next answers fail so. */
  revert: string | undefined;
  recoveries = 0;
  calls = 0;
  private readonly states = new Map<string, OnChain>();
  private logged: { readonly block: bigint; readonly id: string }[] = [];

  set(channel: Channel, state: Partial<OnChain> & Pick<OnChain, "phase">): void {
    this.states.set(channelId(channel, VENUE), { version: 0n, deadline: 0n, ...state });
  }

  get(channel: Channel): OnChain | undefined {
    return this.states.get(channelId(channel, VENUE));
  }

  challenge(channel: Channel, version: bigint): void {
    this.set(channel, { phase: "disputed", version, deadline: this.timestamp + channel.challengeSeconds });
    this.number += 1n;
    this.logged.push({ block: this.number, id: channelId(channel, VENUE) });
  }

  asReader(): ChainReader {
    return this as unknown as ChainReader;
  }

  async finalized() {
    return { number: this.number, hash: ZERO, parentHash: ZERO, stateRoot: ZERO, timestamp: this.timestamp };
  }

  async logs(query: Parameters<ChainReader["logs"]>[0]): Promise<readonly ChainLog[]> {
    if (this.withholdsLogs) return [];
    return this.logged
      .filter(({ block }) => block >= query.from && block <= query.to)
      .map(({ block, id: channel }, logIndex) => ({
        address: query.address,
        topics: [query.topics[0] ?? "", channel],
        data: "0x",
        blockNumber: block,
        blockHash: ZERO,
        transactionHash: ZERO,
        logIndex,
      }));
  }

  async call(_to: string, data: string): Promise<string> {
    this.calls += 1;
    const [channel] = CHANNELS.decodeFunctionData("statusOf", data) as unknown as [string];
    const { phase, version, deadline } = this.states.get(channel) ?? { phase: "none", version: 0n, deadline: 0n };
    return CHANNELS.encodeFunctionResult("statusOf", [[CHANNEL_PHASE[phase], 0, version, deadline, 0, ZERO]]);
  }

  async estimateGas({ data }: { readonly data: string }): Promise<bigint> {
    if (this.revert !== undefined) throw new ContractRevert(this.revert, "reverted");
    const { id: channel, version } = this.decode(data);
    const known = this.states.get(channel);
    if (known?.phase !== "disputed" || known.version >= version) {
      throw new ContractRevert(
        CHANNELS.encodeErrorResult("StateNotNewer", [version, known?.version ?? 0n]),
        "StateNotNewer",
      );
    }
    return 90_000n;
  }

  sender(): TransactionSender {
    return {
      address: this.address,
      recover: async () => void (this.recoveries += 1),
      submit: async ({ key, data }): Promise<TransactionOutcome> => {
        this.sent.push({ key, data });
        const { id: channel, version } = this.decode(data);
        const known = this.states.get(channel);
        if (known !== undefined) this.states.set(channel, { ...known, version });
        return { hash: id(key), succeeded: true, blockNumber: this.number, gasUsed: 80_000n };
      },
    };
  }

  private decode(data: string): { readonly id: string; readonly version: bigint } {
    const { channel, state } = CHANNELS.decodeFunctionData("answer", data).toObject(true) as unknown as {
      readonly channel: Channel;
      readonly state: ChannelState;
    };
    return { id: channelId(channel, VENUE), version: state.version };
  }
}

/** Events by kind, as they came. */
export const kinds = (events: readonly WatchtowerEvent[]): string[] =>
  events.map(({ kind }) => kind).filter((kind) => kind !== "looked");
