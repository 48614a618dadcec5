import type { Kysely, Selectable } from "kysely";
import type { Schema } from "./schema";

/** The `StateChannels` that holds the channels. */
export interface ChannelsContract {
  readonly chainId: bigint;
  readonly channels: string;
}

/** The newest state of a channel that somebody gave this process to watch over. */
export interface WatchedChannel {
  readonly channelId: string;
  readonly version: bigint;
  readonly challengeSeconds: bigint;
  /** The call of `answer` that shows the state. */
  readonly answer: string;
  /** Unix milliseconds; when it was first seen to be beyond help. */
  readonly endedAt: number | undefined;
  /** Answers sent for the channel so far. */
  readonly answers: number;
}

/** As text, versions compare as numbers do: all 64 bits, which an integer column has not. */
const versionText = (version: bigint): string => version.toString().padStart(20, "0");

function readChannel(row: Selectable<Schema["watched_channels"]>): WatchedChannel {
  return {
    channelId: row.channel_id,
    version: BigInt(row.version),
    challengeSeconds: row.challenge_seconds,
    answer: row.answer,
    endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
    answers: Number(row.answers),
  };
}

/** States of channels that are watched: one of each channel, and only ever a newer one. */
export class ChannelRepository {
  constructor(private readonly db: Kysely<Schema>) {}

  /** Keeps a state, due to be looked at at once. False, and nothing changed, where one as new or newer is kept. */
  async keep(
    contract: ChannelsContract,
    channel: Omit<WatchedChannel, "endedAt" | "answers">,
    keptAt: number,
  ): Promise<boolean> {
    const content = {
      version: versionText(channel.version),
      answer: channel.answer,
      check_at: 0n,
      ended_at: null,
      kept_at: BigInt(keptAt),
    };
    const result = await this.db
      .insertInto("watched_channels")
      .values({
        chain_id: contract.chainId,
        contract: contract.channels.toLowerCase(),
        channel_id: channel.channelId,
        challenge_seconds: channel.challengeSeconds,
        answers: 0n,
        ...content,
      })
      .onConflict((conflict) =>
        conflict
          .columns(["chain_id", "contract", "channel_id"])
          .doUpdateSet(content)
          .where("watched_channels.version", "<", content.version),
      )
      .executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  async find(contract: ChannelsContract, channelId: string): Promise<WatchedChannel | undefined> {
    const row = await this.rows(contract).where("channel_id", "=", channelId).executeTakeFirst();
    return row && readChannel(row);
  }

  async count(contract: ChannelsContract): Promise<number> {
    const row = await this.db
      .selectFrom("watched_channels")
      .select((select) => select.fn.countAll<bigint>().as("count"))
      .where("chain_id", "=", contract.chainId)
      .where("contract", "=", contract.channels.toLowerCase())
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  /** Channels to be looked at by `now`, the longest due first. */
  async due(contract: ChannelsContract, now: number, limit: number): Promise<readonly WatchedChannel[]> {
    const rows = await this.rows(contract)
      .where("check_at", "<=", BigInt(now))
      .orderBy("check_at")
      .orderBy("channel_id")
      .limit(limit)
      .execute();
    return rows.map(readChannel);
  }

  /** Has a channel looked at at once, or all of them. */
  async makeDue(contract: ChannelsContract, channelId?: string): Promise<void> {
    await this.db
      .updateTable("watched_channels")
      .set({ check_at: 0n })
      .where("chain_id", "=", contract.chainId)
      .where("contract", "=", contract.channels.toLowerCase())
      .$if(channelId !== undefined, (query) => query.where("channel_id", "=", channelId ?? ""))
      .execute();
  }

  /** Records a look at the state that was kept then; of a newer one nothing is known yet. */
  async looked(
    contract: ChannelsContract,
    { channelId, version }: Pick<WatchedChannel, "channelId" | "version">,
    next: { readonly checkAt: number; readonly endedAt: number | undefined },
  ): Promise<void> {
    await this.db
      .updateTable("watched_channels")
      .set({ check_at: BigInt(next.checkAt), ended_at: next.endedAt === undefined ? null : BigInt(next.endedAt) })
      .where("chain_id", "=", contract.chainId)
      .where("contract", "=", contract.channels.toLowerCase())
      .where("channel_id", "=", channelId)
      .where("version", "=", versionText(version))
      .execute();
  }

  /** Counts an answer, whatever became of it. */
  async countAnswer(contract: ChannelsContract, channelId: string): Promise<void> {
    await this.db
      .updateTable("watched_channels")
      .set((row) => ({ answers: row("answers", "+", 1n) }))
      .where("chain_id", "=", contract.chainId)
      .where("contract", "=", contract.channels.toLowerCase())
      .where("channel_id", "=", channelId)
      .execute();
  }

  async forget(contract: ChannelsContract, channelId: string): Promise<void> {
    await this.db
      .deleteFrom("watched_channels")
      .where("chain_id", "=", contract.chainId)
      .where("contract", "=", contract.channels.toLowerCase())
      .where("channel_id", "=", channelId)
      .execute();
  }

  private rows(contract: ChannelsContract) {
    return this.db
      .selectFrom("watched_channels")
      .selectAll()
      .where("chain_id", "=", contract.chainId)
      .where("contract", "=", contract.channels.toLowerCase());
  }
}
