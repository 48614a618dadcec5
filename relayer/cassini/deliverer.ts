import { encodeDelivery } from "../../protocol/delivery";
import { messageSeed, resultLeaf, type LaneEnds, type ResultRecord } from "../../protocol/hashChain";
import { ContractRevert } from "../errors";
import type { ChainReader, Clock, TransactionOutcome, TransactionSender } from "../ports";
import type { AttestedHeader } from "../store/attestations";
import { laneId } from "../store/lanes";
import type { Store } from "../store/store";
import type { Emit } from "./events";
import { GATEWAY, gatewayErrorName, isOvertaken } from "./gatewayInterface";
import { targetOf } from "./lane";
import { bestHeader, bringsForward, fitBatch, turnOf, type DeliveryLimits, type ProvenHeader } from "./plan";
import type { SignerSets } from "./signerSets";
import { readTarget, type TargetView } from "./targetView";

export interface DelivererOptions {
  readonly limits: DeliveryLimits;
  /** Address on the source chain that is paid for deliveries. */
  readonly payout: string;
  /** How much later than the one before each operator takes its turn. */
  readonly staggerMs: number;
  /** How long an acknowledgement without messages waits for some to travel with. */
  readonly ackDelayMs: number;
  /** How long the target is left to show a delivery that was mined before it is sent anew. */
  readonly patienceMs: number;
}

/** Headers that are looked at: the newest reaches over all messages in flight, older ones matter where it lacks signatures. */
const HEADERS_PER_STEP = 128;
/** An epoch that the target refused is not tried again for so long. */
const REFUSED_EPOCH_MS = 10_000;

interface Plan extends ProvenHeader {
  readonly key: string;
  readonly data: string;
  readonly gas: bigint;
  readonly first: bigint;
  readonly last: bigint;
  readonly results: readonly ResultRecord[];
}

/**
 * Brings what a quorum signed to one lane's target. Keeps nothing that it cannot lose: each step starts from what the
 * target says, and the target takes every message once, whoever brings it however often.
 */
export class Deliverer {
  private since: { readonly at: string; readonly time: number } | undefined;
  private sent: { readonly at: string; readonly time: number; readonly attempt: number } | undefined;
  private readonly refusedEpochs = new Map<bigint, number>();
  private sweptAt: string | undefined;
  private settledBlock = 0n;

  constructor(
    private readonly lane: LaneEnds,
    private readonly deps: {
      readonly target: ChainReader;
      readonly sender: TransactionSender;
      readonly store: Store;
      readonly sets: SignerSets;
      readonly clock: Clock;
      readonly emit: Emit;
      /** Address by which this operator takes its turn. */
      readonly operator: string;
      readonly options: DelivererOptions;
    },
  ) {}

  /**
   * Delivers once if there is something and it is this operator's turn. Returns after how many milliseconds there is
   * something to do at the latest; undefined: not before something new is known.
   */
  async step(signal: AbortSignal): Promise<number | undefined> {
    const { clock, store, options } = this.deps;
    const view = await readTarget(this.lane, this.deps.target, signal);
    const at = `${view.inSeq}:${view.ackSeq}`;
    if (this.sweptAt !== at) {
      await this.sweep(view);
      // Headers that the target has passed need not be read again.
      this.settledBlock = (await store.blocks.lastPassed(this.lane, view.inSeq, view.ackSeq)) ?? 0n;
      this.sweptAt = at;
    }
    if (view.paused) return undefined;
    const attested = await store.attestations.attested(this.lane, this.settledBlock, HEADERS_PER_STEP);
    const candidates = attested.filter(({ header }) => bringsForward(view, header));
    const chosen = await this.choose(view, candidates, signal);
    if (chosen === undefined) {
      this.since = undefined;
      return undefined;
    }
    // The turn belongs to the target's state, not to the header: newer headers do not reshuffle it.
    if (this.since?.at !== at) this.since = { at, time: clock.now() };
    const set = await this.deps.sets.of(targetOf(this.lane), chosen.header.epoch, signal);
    const turn = turnOf(laneId(this.lane), view, set, this.deps.operator);
    const ackOnly = chosen.header.toSeq === view.inSeq;
    const wait = this.since.time + turn * options.staggerMs + (ackOnly ? options.ackDelayMs : 0) - clock.now();
    if (wait > 0) return wait;
    if (this.sent?.at === at) {
      const patience = this.sent.time + options.patienceMs - clock.now();
      if (patience > 0) return patience;
    }
    const attempt = this.sent?.at === at ? this.sent.attempt + 1 : 0;
    const plan = await this.plan(view, chosen, attempt);
    if (await this.send(view, plan, signal)) this.sent = { at, time: clock.now(), attempt };
    return 0;
  }

  private async choose(
    view: TargetView,
    candidates: readonly AttestedHeader[],
    signal: AbortSignal,
  ): Promise<ProvenHeader | undefined> {
    const sets = new Map<bigint, readonly string[]>();
    for (const epoch of new Set(candidates.map(({ header }) => header.epoch))) {
      if ((this.refusedEpochs.get(epoch) ?? 0) > this.deps.clock.now()) continue;
      const call = GATEWAY.encodeFunctionData("epochValidUntil", [epoch]);
      const data = await this.deps.target.call(this.lane.targetGateway, call, signal);
      const [validUntil] = GATEWAY.decodeFunctionResult("epochValidUntil", data) as unknown as [bigint];
      if (validUntil === 0n) continue;
      sets.set(epoch, await this.deps.sets.of(targetOf(this.lane), epoch, signal));
    }
    return bestHeader(view, candidates, sets);
  }

  /** Accumulator of the lane at the message that the target has executed last. */
  private async accBefore(view: TargetView): Promise<string> {
    if (view.inSeq === 0n) return messageSeed(this.lane);
    const [message] = await this.deps.store.blocks.messages(this.lane, view.inSeq, view.inSeq);
    if (message === undefined) throw new Error(`message ${view.inSeq}, which the target has executed, is not stored`);
    return message.acc;
  }

  private async plan(view: TargetView, chosen: ProvenHeader, attempt: number): Promise<Plan> {
    const { store, options } = this.deps;
    const { header, proof, digest } = chosen;
    const upTo = header.toSeq - view.inSeq > 256n ? view.inSeq + 256n : header.toSeq;
    const messages = await store.blocks.messages(this.lane, view.inSeq + 1n, upTo);
    const results = await store.blocks.results(this.lane, view.ackSeq, header.ackSeq);
    const batch = fitBatch(
      {
        messages: messages.map(({ packed }) => packed),
        results: results.map(({ first, last, failures, payout }) => ({ first, last, failures, payout })),
        messageCount: Number(header.toSeq - view.inSeq),
        resultCount: results.length,
        signatures: (proof.signatures.length - 2) / 128,
      },
      options.limits,
    );
    const last = view.inSeq + BigInt(batch.messages.length);
    const leavesAfter =
      batch.messages.length === 0 ? [] : await store.blocks.leaves(this.lane, last + 1n, header.toSeq);
    const resultsAfter = batch.results.length === 0 ? [] : results.slice(batch.results.length);
    const data = GATEWAY.encodeFunctionData("deliver", [
      encodeDelivery({
        header,
        accBefore: await this.accBefore(view),
        signers: proof.signers,
        signatures: proof.signatures,
        messages: batch.messages,
        messagesAfter: leavesAfter,
        results: batch.results,
        resultsAfter: resultsAfter.map((record) => resultLeaf(record)),
        payout: options.payout,
      }),
    ]);
    const key = `${laneId(this.lane)}:${digest}:${view.inSeq + 1n}:${view.ackSeq + 1n}:${attempt}`;
    return { ...chosen, key, data, gas: batch.gas, first: view.inSeq + 1n, last, results: batch.results };
  }

  /** True where a transaction was mined, whatever came of it. */
  private async send(view: TargetView, plan: Plan, signal: AbortSignal): Promise<boolean> {
    const { sender, store, clock, emit } = this.deps;
    const { key, header, first, last } = plan;
    if (!(await this.rehearse(plan, signal))) return false;
    await store.deliveries.plan(this.lane, {
      key,
      sourceBlock: header.sourceBlock,
      inSeq: view.inSeq,
      ackSeq: view.ackSeq,
      first,
      last,
      results: BigInt(plan.results.length),
      plannedAt: clock.now(),
    });
    const results = plan.results.length;
    emit({ kind: "delivering", lane: this.lane, header, first, last, results });
    const gasLimit = plan.gas;
    const outcome = await sender.submit({ key, to: this.lane.targetGateway, data: plan.data, gasLimit }, signal);
    await this.settleDelivery(key, outcome);
    const { hash: transactionHash, gasUsed } = outcome;
    if (outcome.succeeded) {
      const { quorum } = plan;
      emit({ kind: "delivered", lane: this.lane, header, first, last, results, transactionHash, gasUsed, quorum });
    } else {
      emit({ kind: "delivery_failed", lane: this.lane, reason: "reverted on chain", transactionHash });
    }
    return true;
  }

  /**
   * Tries the delivery on the target's present state; false where somebody else was faster or the epoch is refused. One
   * call and no estimate: an estimate executes the batch some twenty times, and the plan's gas is an upper bound anyway.
   */
  private async rehearse(plan: Plan, signal: AbortSignal): Promise<boolean> {
    const { target, clock, emit, sets } = this.deps;
    try {
      await target.call(this.lane.targetGateway, plan.data, signal);
      return true;
    } catch (error) {
      if (!(error instanceof ContractRevert)) throw error;
      const reason = gatewayErrorName(error.data) ?? error.data;
      if (isOvertaken(error.data)) {
        emit({ kind: "overtaken", lane: this.lane, reason });
        return false;
      }
      const { epoch } = plan.header;
      emit({ kind: "delivery_failed", lane: this.lane, reason });
      sets.forget(targetOf(this.lane), epoch);
      if (reason !== "EpochNotAccepted") throw error;
      this.refusedEpochs.set(epoch, clock.now() + REFUSED_EPOCH_MS);
      return false;
    }
  }

  /** Deliveries that a crash or a faster operator left open are settled once the target has passed them. */
  private async sweep(view: TargetView): Promise<void> {
    const { store, sender, clock } = this.deps;
    for (const row of await store.deliveries.planned(this.lane)) {
      const id = { chainId: this.lane.targetChainId, sender: sender.address, key: row.key };
      const outcome = (await store.transactions.find(id))?.outcome;
      if (outcome !== undefined) await this.settleDelivery(row.key, outcome);
      else if (view.inSeq > row.inSeq || view.ackSeq > row.ackSeq) {
        const settledAt = clock.now();
        await store.deliveries.settle(this.lane, row.key, { status: "failed", reason: "overtaken", settledAt });
      }
    }
  }

  private async settleDelivery(key: string, outcome: Pick<TransactionOutcome, "hash" | "succeeded" | "gasUsed">) {
    const { store, clock } = this.deps;
    await store.deliveries.settle(this.lane, key, {
      status: outcome.succeeded ? "delivered" : "failed",
      transactionHash: outcome.hash,
      gasUsed: outcome.gasUsed,
      reason: outcome.succeeded ? undefined : "reverted",
      settledAt: clock.now(),
    });
  }
}
