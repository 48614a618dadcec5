import { getAddress, hexlify } from "ethers";
import type { RollupEvent } from "../../relayer/rollup/events";
import type { FalseSegment, Replica } from "../../relayer/rollup/replica";
import { RollupRunner, type RollupDeps } from "../../relayer/rollup/run";
import { RelayerError } from "../../relayer/errors";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import type { SignerSender } from "./signerSender";

/** What re-execution found, and what was done about it. */
export interface Reexecuted {
  /** The last batch that is true. */
  readonly trueUpTo: bigint;
  /** The first one that is not. */
  readonly found: FalseSegment | undefined;
  /** What was re-executed and true. */
  readonly transactions: number;
  readonly end: "checked" | "proven" | "overtaken";
}

/** How far a run goes, and what it does on the way. */
export interface ReexecutionPlan {
  /** The batch behind which nothing is looked at; undefined: up to the latest. */
  readonly upTo: bigint | undefined;
  /** The latest one when this began. */
  readonly latest: bigint;
  /** Whether a batch that was posted at that time is final. */
  readonly isFinal: (postedAt: bigint) => boolean;
  /** Absent: nothing is proven. */
  readonly sender: SignerSender | undefined;
  readonly payout: string;
  readonly say: (line: string) => void;
}

/** Failures in a row that are tried again. */
const PATIENCE = 6;
const SAY_EVERY_MS = 5_000;

/** A relayer's node and challenger, run once: until all is found true, or what is false is proven and paid. */
export class Reexecution {
  private readonly ended = new AbortController();
  private readonly runner: RollupRunner;
  private trueUpTo = 0n;
  private transactions = 0;
  private found: FalseSegment | undefined;
  private isProven = false;
  private failures = 0;
  private saidAt = Date.now();
  private outcome: Reexecuted | undefined;
  private failure: unknown;

  constructor(
    deps: Omit<RollupDeps, "emit" | "challenger">,
    private readonly plan: ReexecutionPlan,
  ) {
    const { sender, payout } = plan;
    this.runner = new RollupRunner({
      ...deps,
      emit: (event) => this.on(event),
      ...(sender !== undefined && { challenger: { sender, payout, freezes: false } }),
    });
  }

  /** The state at which it has ended. */
  get replica(): Replica | undefined {
    return this.runner.node?.replica;
  }

  async run(): Promise<Reexecuted> {
    await this.runner.run(this.ended.signal);
    if (this.outcome === undefined) throw this.failure;
    return this.outcome;
  }

  private on(event: RollupEvent): void {
    if (this.ended.signal.aborted) return;
    const { plan } = this;
    switch (event.kind) {
      case "batch_applied":
        return this.applied(event.number, event.transactions);
      case "batch_false":
        return this.foundFalse(event.proof);
      case "fraud_proven":
        this.isProven = true;
        // Another one of the same poster has taken the bond.
        if (plan.sender?.reward === 0n) this.finish("proven");
        return;
      case "reward_withdrawn":
        if (this.isProven) this.finish("proven");
        return;
      case "followed":
        if (this.found === undefined) this.finish("checked");
        else if (!this.isProven && this.runner.node?.fraud === undefined) this.finish("overtaken");
        return;
      case "proof_refused":
        return this.fail(new Refusal(`layer 1 refuses the proof of batch ${event.number}: ${event.reason}`));
      case "snapshot_refused":
        return plan.say(`  ${event.source} gave no state to begin with (${event.reason})`);
      case "failed":
        return this.failed(event.error, event.retryInMs !== undefined);
      default:
        return;
    }
  }

  private applied(number: bigint, transactions: number): void {
    const { upTo, latest, say } = this.plan;
    this.trueUpTo = number;
    this.failures = 0;
    this.transactions += transactions;
    if (upTo !== undefined && number >= upTo) return this.finish("checked");
    if (Date.now() - this.saidAt < SAY_EVERY_MS) return;
    this.saidAt = Date.now();
    say(`  batch ${number} of ${upTo ?? latest}, ${this.transactions} transactions`);
  }

  private foundFalse(proof: FalseSegment): void {
    const { say, sender, isFinal } = this.plan;
    const { batch, segments, hash } = proof.batch;
    this.found = proof;
    const segment = segments.length === 1 ? "segment" : `segment ${proof.segment} of 0 to ${segments.length - 1}`;
    say(`Batch ${batch.number} is FALSE: its ${segment} does not lead to the state that it claims`);
    say(`  ${hash}`);
    const poster = getAddress(hexlify(batch.poster));
    say(`  posted ${timeInWords(batch.postedAt)} in block ${batch.blockNumber} by ${poster}`);
    if (isFinal(batch.postedAt)) {
      return this.fail(new Refusal(`batch ${batch.number} is false, and final: no proof is taken any more`));
    }
    if (sender === undefined) this.finish("checked");
  }

  private failed(error: unknown, isRetried: boolean): void {
    if (!(error instanceof RelayerError)) return this.fail(error);
    const words = `${error.code}: ${error.message}`;
    this.failures += 1;
    const { code } = error;
    const advice = code === "DATA_UNAVAILABLE" ? ": a node that has it, or a later state, is named by --node" : "";
    // What never answered is the wrong endpoint, rather than one with a bad moment.
    const patience = this.runner.node === undefined ? 0 : PATIENCE;
    if (!error.retriable || this.failures > patience) return this.fail(new Refusal(`${words}${advice}`, error));
    if (isRetried) this.plan.say(`  ${words}; trying again`);
  }

  private finish(end: Reexecuted["end"]): void {
    const { trueUpTo, found, transactions } = this;
    this.outcome = { trueUpTo, found, transactions, end };
    this.ended.abort();
  }

  private fail(error: unknown): void {
    this.failure = error;
    this.ended.abort();
  }
}
