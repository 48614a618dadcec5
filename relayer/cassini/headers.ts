import { extend, messageSeed, resultLeaf, resultSeed, type LaneEnds } from "../../protocol/hashChain";
import type { Header } from "../../protocol/header";
import type { LaneState } from "../../protocol/laneStorage";
import { encodeMessage } from "../../protocol/message";
import { keccak256 } from "ethers";
import type { ChainLog } from "../ports";
import type { BlockRecord, StoredMessage, StoredResult } from "../store/blocks";
import { laneEvent, type LaneEvent } from "./gatewayLogs";
import { opposite } from "./lane";

/** How far a lane's source was read: its state at the end of `block`, and how many result records lead to it. */
export interface LaneCursor {
  readonly block: bigint;
  readonly state: LaneState;
  readonly resultCount: bigint;
}

/** Why logs and a proven state do not belong together. */
export interface Disagreement {
  readonly reason:
    | "log_out_of_range"
    | "log_malformed"
    | "message_missing"
    | "result_missing"
    | "to_seq"
    | "acc"
    | "ack_seq"
    | "res_acc"
    | "epoch"
    | "cadence";
  readonly context: Readonly<Record<string, unknown>>;
}

export type Advance =
  | { readonly ok: true; readonly records: readonly BlockRecord[]; readonly cursor: LaneCursor }
  | { readonly ok: false; readonly disagreement: Disagreement };

/** State of a lane before its first message, as a gateway has it right after `addLane`. */
export function initialCursor(lane: LaneEnds, block: bigint): LaneCursor {
  const state: LaneState = {
    toSeq: 0n,
    acc: messageSeed(lane),
    ackSeq: 0n,
    resAcc: resultSeed(opposite(lane)),
    cadence: 0n,
    epoch: 0n,
  };
  return { block, state, resultCount: 0n };
}

/** Before `addLane` the proven words are zero; a chain that starts from its seed is the same lane. */
export function normalized(lane: LaneEnds, state: LaneState): LaneState {
  if (state.cadence !== 0n) return state;
  return { ...initialCursor(lane, 0n).state, epoch: state.epoch };
}

class Disagreed extends Error {
  constructor(readonly disagreement: Disagreement) {
    super(disagreement.reason);
  }
}

function disagree(reason: Disagreement["reason"], context: Disagreement["context"]): never {
  throw new Disagreed({ reason, context });
}

/** Blocks `from … to`, at whose ends the lane is the same; `found` is what happened in `from`. */
interface Stretch {
  readonly from: bigint;
  readonly to: bigint;
  readonly state: LaneState;
  readonly resultCount: bigint;
  readonly messages: readonly StoredMessage[];
  readonly results: readonly StoredResult[];
}

/** The state after one block's events, with the rows they make. */
function replay(before: LaneCursor, block: bigint, events: readonly LaneEvent[]): Omit<Stretch, "to"> {
  let { state, resultCount } = before;
  const messages: StoredMessage[] = [];
  const results: StoredResult[] = [];
  for (const event of events) {
    const { transactionHash } = event;
    switch (event.kind) {
      case "message": {
        const { seq } = event.message;
        if (seq !== state.toSeq + 1n) disagree("message_missing", { expected: state.toSeq + 1n, found: seq, block });
        const packed = encodeMessage(event.message);
        const leaf = keccak256(packed);
        state = { ...state, toSeq: seq, acc: extend(state.acc, leaf) };
        messages.push({ seq, packed, leaf, acc: state.acc, block, transactionHash });
        break;
      }
      case "result": {
        const { record } = event;
        if (record.first !== state.ackSeq + 1n || record.last < record.first) {
          disagree("result_missing", { expected: state.ackSeq + 1n, found: record.first, block });
        }
        resultCount += 1n;
        state = { ...state, ackSeq: record.last, resAcc: extend(state.resAcc, resultLeaf(record)) };
        results.push({ ...record, index: resultCount, acc: state.resAcc, block, transactionHash });
        break;
      }
      case "epoch":
        state = { ...state, epoch: event.epoch };
        break;
      case "cadence":
        state = { ...state, cadence: event.cadence };
    }
  }
  return { from: block, state, resultCount, messages, results };
}

function byBlock(events: readonly LaneEvent[]): ReadonlyMap<bigint, readonly LaneEvent[]> {
  const groups = new Map<bigint, LaneEvent[]>();
  for (const event of events) {
    const group = groups.get(event.block);
    if (group === undefined) groups.set(event.block, [event]);
    else group.push(event);
  }
  return groups;
}

function stretchesOf(cursor: LaneCursor, to: bigint, events: readonly LaneEvent[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let open: Omit<Stretch, "to"> = { ...cursor, from: cursor.block + 1n, messages: [], results: [] };
  for (const [block, found] of byBlock(events)) {
    if (block < open.from || block > to) disagree("log_out_of_range", { block, from: cursor.block + 1n, to });
    if (block > open.from) stretches.push({ ...open, to: block - 1n });
    open = replay({ ...open, block }, block, found);
  }
  return [...stretches, { ...open, to }];
}

function verify(state: LaneState, proven: LaneState): void {
  for (const [key, reason] of [
    ["toSeq", "to_seq"],
    ["acc", "acc"],
    ["ackSeq", "ack_seq"],
    ["resAcc", "res_acc"],
    ["epoch", "epoch"],
    ["cadence", "cadence"],
  ] as const) {
    if (state[key] !== proven[key]) disagree(reason, { recomputed: state[key], proven: proven[key] });
  }
}

/** Header of a multiple of the cadence, where the lane is not as in the header before and there is something in it. */
function headerAt(lane: LaneEnds, block: bigint, state: LaneState, before: LaneState): Header | undefined {
  const { toSeq, acc, ackSeq, resAcc, epoch } = state;
  const changed = toSeq !== before.toSeq || ackSeq !== before.ackSeq || epoch !== before.epoch;
  if (!changed || (toSeq === 0n && ackSeq === 0n)) return undefined;
  return { source: lane.sourceChainId, sourceBlock: block, epoch, toSeq, acc, ackSeq, resAcc };
}

function recordsOf(
  lane: LaneEnds,
  cursor: LaneCursor,
  stretches: readonly Stretch[],
): { readonly records: readonly BlockRecord[]; readonly cursor: LaneCursor } {
  const records: BlockRecord[] = [];
  let settled = cursor;
  let messages: StoredMessage[] = [];
  let results: StoredResult[] = [];
  for (const stretch of stretches) {
    const { state, resultCount } = stretch;
    messages.push(...stretch.messages);
    results.push(...stretch.results);
    const { cadence } = state;
    const first = cadence === 0n ? stretch.to : ((stretch.from + cadence - 1n) / cadence) * cadence;
    if (first > stretch.to) continue;
    const header = cadence === 0n ? undefined : headerAt(lane, first, state, settled.state);
    if (header !== undefined) {
      records.push({ cursor: first, epoch: state.epoch, cadence, messages, results, header });
      [messages, results] = [[], []];
    }
    const last = cadence === 0n ? stretch.to : stretch.to - (stretch.to % cadence);
    settled = { block: last, state, resultCount };
  }
  const moved = records.at(-1)?.cursor ?? cursor.block;
  if (settled.block > moved) {
    const { epoch, cadence } = settled.state;
    records.push({ cursor: settled.block, epoch, cadence, messages: [], results: [], header: undefined });
  }
  return { records, cursor: settled };
}

/**
 * Everything that a lane's source did after `cursor` up to `block`, if the gateway's logs add up to its proven state:
 * messages, results and headers, to be stored in one transaction, and where to go on. The cursor stops at the last
 * multiple of the cadence, so what is stored is always covered by a header.
 */
export function advance(
  lane: LaneEnds,
  cursor: LaneCursor,
  proven: { readonly block: bigint; readonly state: LaneState },
  logs: readonly ChainLog[],
): Advance {
  try {
    const stretches = stretchesOf(cursor, proven.block, eventsOf(lane, logs));
    verify((stretches.at(-1) as Stretch).state, normalized(lane, proven.state));
    return { ok: true, ...recordsOf(lane, cursor, stretches) };
  } catch (error) {
    if (error instanceof Disagreed) return { ok: false, disagreement: error.disagreement };
    throw error;
  }
}

function eventsOf(lane: LaneEnds, logs: readonly ChainLog[]): readonly LaneEvent[] {
  const events: LaneEvent[] = [];
  for (const log of logs) {
    try {
      const event = laneEvent(lane, log);
      if (event !== undefined) events.push(event);
    } catch (cause) {
      disagree("log_malformed", { transactionHash: log.transactionHash, logIndex: log.logIndex, cause: String(cause) });
    }
  }
  return events;
}
