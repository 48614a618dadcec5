import type { LaneEnds } from "../../protocol/hashChain";
import type { LaneState } from "../../protocol/laneStorage";
import { RelayerError } from "../errors";
import type { ChainLog, ChainReader, VerifiedBlock } from "../ports";
import type { Store } from "../store/store";
import type { Emit } from "./events";
import { advance, initialCursor, normalized, type Advance, type LaneCursor } from "./headers";

/** While nothing happens, the cursor is stored once in so many blocks. */
const IDLE_BLOCKS = 1_000n;

/** Thrown inside a store transaction to undo it: another process of this operator was faster. */
class Superseded extends Error {}

const same = (a: LaneState, b: LaneState): boolean =>
  a.acc === b.acc && a.resAcc === b.resAcc && a.epoch === b.epoch && a.cadence === b.cadence;

/** Follows one lane's source: proves its state, and believes logs only where they add up to it. */
export class Watcher {
  private cursor: LaneCursor | undefined;
  private stored = 0n;

  constructor(
    private readonly lane: LaneEnds,
    private readonly deps: {
      readonly reader: ChainReader;
      readonly store: Store;
      readonly emit: Emit;
      /** Last block before the gateway's deployment, or any before. */
      readonly startBlock: bigint;
      /** Times that logs are asked for before the step gives up. */
      readonly logAttempts: number;
    },
  ) {}

  /** Takes in what was finalized since the last step; true if there was anything new. */
  async step(signal: AbortSignal): Promise<boolean> {
    const { reader } = this.deps;
    const cursor = (this.cursor ??= await this.load());
    const finalized = await reader.finalized(signal);
    const { cadence } = cursor.state;
    const number = cadence === 0n ? finalized.number : finalized.number - (finalized.number % cadence);
    if (number <= cursor.block) return false;

    const block = number === finalized.number ? finalized : await reader.block(number, signal);
    const { sourceGateway, targetChainId } = this.lane;
    const proven = normalized(this.lane, await reader.laneState(sourceGateway, targetChainId, block, signal));
    if (same(proven, cursor.state)) {
      await this.skipTo(cursor, number);
      return false;
    }
    const found = await this.replay(cursor, block, proven, signal);
    await this.record(found);
    return true;
  }

  private async load(): Promise<LaneCursor> {
    const { store, startBlock } = this.deps;
    const position = await store.lanes.position(this.lane);
    const initial = initialCursor(this.lane, startBlock - 1n);
    if (position === undefined) return initial;
    const message = await store.blocks.lastMessage(this.lane);
    const result = await store.blocks.lastResult(this.lane);
    this.stored = position.block;
    return {
      block: position.block,
      state: {
        toSeq: message?.seq ?? 0n,
        acc: message?.acc ?? initial.state.acc,
        ackSeq: result?.last ?? 0n,
        resAcc: result?.acc ?? initial.state.resAcc,
        epoch: position.epoch,
        cadence: position.cadence,
      },
      resultCount: result?.index ?? 0n,
    };
  }

  private async skipTo(cursor: LaneCursor, block: bigint): Promise<void> {
    this.cursor = { ...cursor, block };
    if (block - this.stored < IDLE_BLOCKS) return;
    const { epoch, cadence } = cursor.state;
    const record = { cursor: block, epoch, cadence, messages: [], results: [], header: undefined };
    await this.deps.store.blocks.record(this.lane, record);
    this.stored = block;
  }

  private async replay(
    cursor: LaneCursor,
    block: VerifiedBlock,
    state: LaneState,
    signal: AbortSignal,
  ): Promise<Extract<Advance, { ok: true }>> {
    const range = { from: cursor.block + 1n, to: block.number };
    let cause: unknown;
    for (let attempt = 0; attempt < this.deps.logAttempts; attempt++) {
      const logs = await this.logs({ ...range, attempt }, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        cause = error;
      });
      if (logs === undefined) continue;
      const result = advance(this.lane, cursor, { block: block.number, state }, logs);
      if (result.ok) return result;
      cause = result.disagreement;
      this.deps.emit({ kind: "logs_refused", lane: this.lane, ...range, attempt, disagreement: result.disagreement });
    }
    throw new RelayerError("LOGS_INCOMPLETE", "the logs do not add up to the proven state", {
      retriable: true,
      context: { ...this.lane, ...range, attempts: this.deps.logAttempts },
      cause,
    });
  }

  private logs(
    range: { readonly from: bigint; readonly to: bigint; readonly attempt: number },
    signal: AbortSignal,
  ): Promise<readonly ChainLog[]> {
    return this.deps.reader.logs({ address: this.lane.sourceGateway, topics: [], ...range }, signal);
  }

  private async record({ records, cursor }: Extract<Advance, { ok: true }>): Promise<void> {
    const { store, emit } = this.deps;
    try {
      await store.transaction(async ({ blocks }) => {
        for (const record of records) if (!(await blocks.record(this.lane, record))) throw new Superseded();
      });
    } catch (error) {
      this.cursor = undefined;
      if (error instanceof Superseded) return;
      throw error;
    }
    this.cursor = cursor;
    this.stored = records.at(-1)?.cursor ?? this.stored;
    emit({
      kind: "watched",
      lane: this.lane,
      block: cursor.block,
      toSeq: cursor.state.toSeq,
      ackSeq: cursor.state.ackSeq,
      messages: records.reduce((sum, record) => sum + record.messages.length, 0),
      results: records.reduce((sum, record) => sum + record.results.length, 0),
      headers: records.filter((record) => record.header !== undefined).length,
    });
  }
}
