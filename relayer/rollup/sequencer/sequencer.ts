import { mkdir } from "node:fs/promises";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { decodeLeaf, type Leaf } from "../../../protocol/ledger/leaves";
import { REFUSAL } from "../../../protocol/ledger/refusal";
import type { TransactionDigests } from "../../../protocol/ledger/transactions";
import type { Clock } from "../../ports";
import type { KnownSigners } from "../knownSigners";
import { Assembler, headerFor, type Prepared } from "./assembler";
import { authorsOf } from "./authors";
import { Batcher, RebaseNeeded, foreign } from "./batcher";
import { diagnose } from "./diagnosis";
import { DirectoryLock } from "./directoryLock";
import { Door, type Candidate, type Result } from "./door";
import type { Change } from "./draft";
import { Engine, type Execution, type RulesPort, type SealedBatch } from "./engine";
import type { EmitSequencer } from "./events";
import { encodeRecord } from "./logRecord";
import { Mempool, type MempoolLimits } from "./mempool";
import { OwnerIndex } from "./ownerIndex";
import { isPassing, passing } from "./passing";
import type { BatchLimits } from "./policy";
import type { PostingChain, QueueSource, SignatureRecovery, StakeSource, StateSource } from "./ports";
import { Quotas, type QuotaTerms } from "./quotas";
import { Progress, Receipts, type Receipt } from "./receipts";
import { replay, transactionsOf, type Replayed, type ReplayDeps } from "./recovery";
import { MAX_RETRY_MS, RETRY_MS, postBatches } from "./posting";
import { LEDGER_REFUSALS, refused } from "./refusals";
import { writeState, type StoredState } from "./stateFile";
import { WriteAheadLog } from "./writeAheadLog";

export interface SequencerOptions {
  /** Where the log is. */
  readonly directory: string;
  /** Which rollup: a log of another one is refused. */
  readonly scope: string;
  readonly limits: BatchLimits;
  readonly mempool: MempoolLimits;
  readonly quotas: QuotaTerms;
  /** Receipts that are kept in memory. */
  readonly receipts: number;
  /** Sealed batches that wait for layer 1, beyond which nothing is taken. */
  readonly mostUnposted: number;
  /** After which a batch without anything is posted, so that posting never opens to others. */
  readonly heartbeatSeconds: number;
  /** Bytes of log between two checkpoints. */
  readonly checkpointBytes: number;
  /** Go on from what another sequencer has posted. */
  readonly takeOver: boolean;
  /** Between two looks at layer 1. */
  readonly pollMs: number;
}

export interface SequencerDeps {
  readonly crypto: LedgerCrypto;
  readonly digests: TransactionDigests;
  readonly signers: KnownSigners;
  readonly recovery: SignatureRecovery;
  readonly rules: RulesPort;
  readonly stakes: StakeSource;
  readonly queue: QueueSource;
  readonly chain: PostingChain;
  readonly states: StateSource;
  readonly clock: Clock;
  readonly emit: EmitSequencer;
  /** Posts batches; off: they are sealed, and wait. */
  readonly send: boolean;
}

/** What subscribers hear, once it is durable. */
export interface SequencerNews {
  readonly receipts: readonly Receipt[];
  readonly changes: readonly Change[];
}

/** Transactions that are executed between two looks at everything else. */
const CHUNK = 64;
/** Chunks that may wait for the disk. */
const MOST_CHUNKS = 16;

/** Everything that begins anew with a recovery. */
interface Life {
  readonly log: WriteAheadLog;
  readonly engine: Engine;
  readonly assembler: Assembler;
  readonly batcher: Batcher;
  readonly index: OwnerIndex;
  /** Clock of the latest sealed batch. */
  time: bigint;
  openedAt: number;
  /** Bytes of transactions logged since the last checkpoint. */
  logged: number;
}

/**
 * Orders transactions, executes them, logs them, and brings them to layer 1 in batches. What it has answered with a receipt
 * is on the disk, and stays in the order in which it was executed, unless layer 1 goes another way.
 */
export class Sequencer {
  readonly progress = new Progress();
  readonly receipts: Receipts;
  readonly door: Door;
  private readonly mempool: Mempool<Candidate>;
  private readonly listeners = new Set<(news: SequencerNews) => void>();
  private life: Life | undefined;
  private wake: () => void = () => undefined;
  private chunks = 0;
  private news: Change[] = [];

  constructor(
    private readonly options: SequencerOptions,
    private readonly deps: SequencerDeps,
  ) {
    this.receipts = new Receipts(options.receipts);
    this.mempool = new Mempool<Candidate>(options.mempool);
    this.door = new Door({
      ...deps,
      quotas: new Quotas(options.quotas, deps.clock),
      mempool: this.mempool,
      pending: () => this.pending(),
      receiptOf: (hash) => this.receipts.get(hash),
      closed: () => this.isFull(),
      onWaiting: () => this.wake(),
    });
  }

  /** The pending state; undefined while it is being recovered. */
  get state():
    | { readonly leaf: (index: number) => Leaf | undefined; readonly index: OwnerIndex; readonly engine: Engine }
    | undefined {
    const { life } = this;
    if (life === undefined) return undefined;
    return { leaf: (index) => leafOf(life.engine, index), index: life.index, engine: life.engine };
  }

  /** Throws while the pending state is being recovered: nothing is taken then. */
  requireTaking(): void {
    if (this.life === undefined) throw new Error("the pending state of layer 2 is being recovered");
  }

  /** A sealed batch that is still in memory. */
  batch(number: bigint): SealedBatch | undefined {
    return this.life?.batcher.batch(number);
  }

  get waiting(): number {
    return this.mempool.length;
  }

  get unposted(): number {
    return this.life?.batcher.unposted ?? 0;
  }

  /** Tells subscribers how far batches have come. */
  announce(): void {
    this.publish({ receipts: [], changes: [] });
  }

  onNews(listener: (news: SequencerNews) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Runs until `signal` aborts, or something happened that only an operator can decide. */
  async run(signal: AbortSignal): Promise<void> {
    const { directory } = this.options;
    await mkdir(directory, { recursive: true });
    const lock = DirectoryLock.take(directory);
    try {
      for (let retryInMs = RETRY_MS; !signal.aborted;) {
        try {
          await this.live(signal);
          retryInMs = RETRY_MS;
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof RebaseNeeded) && !isPassing(error)) throw error;
          this.deps.emit({ kind: "failed", part: "sequencer", error, retryInMs });
          await this.deps.clock.sleep(retryInMs, signal).catch(() => undefined);
          retryInMs = Math.min(2 * retryInMs, MAX_RETRY_MS);
        }
      }
    } finally {
      lock.release();
      for (const { hash, executed, settle } of this.mempool.take(Infinity)) {
        executed();
        settle({ hash, refused: refused("BUSY") });
      }
    }
  }

  /** From one recovery to the next. */
  private async live(signal: AbortSignal): Promise<void> {
    const life = await this.recover(signal);
    const end = new AbortController();
    const until = AbortSignal.any([signal, end.signal]);
    const posting = this.deps.send ? [this.post(life, until)] : [];
    const parts = [this.execute(life, until), ...posting];
    for (const part of parts) part.catch(() => undefined).finally(() => end.abort());
    const wake = (): void => this.wake();
    until.addEventListener("abort", wake, { once: true });
    try {
      await Promise.all(parts);
    } finally {
      end.abort();
      await Promise.allSettled(parts);
      this.life = undefined;
      await life.log
        .close()
        .catch((error: unknown) => this.deps.emit({ kind: "failed", part: "log", error, retryInMs: 0 }));
    }
  }

  private post({ batcher }: Life, signal: AbortSignal): Promise<void> {
    const { clock, emit } = this.deps;
    const posted = (number: bigint): void => {
      if (number === this.progress.posted) return;
      this.progress.posted = number;
      this.wake();
      this.publish({ receipts: [], changes: [] });
    };
    return postBatches({ batcher, clock, emit, pollMs: this.options.pollMs, posted }, signal);
  }

  // ---- recovery

  private async recover(signal: AbortSignal): Promise<Life> {
    const { options, deps } = this;
    const { clock, chain, emit } = deps;
    const began = clock.now();
    const head = await chain.head(signal);
    let log = await WriteAheadLog.open(options.directory, options.scope);
    if (log === undefined) {
      const state = await deps.states.latest(signal);
      if (state.number !== head.number) throw passing("the chain's latest batch changed while it was read");
      const finish = await this.createLog(state);
      log = await finish([]);
    }
    try {
      const settled = await chain.settledNumber(signal);
      const sealed: SealedBatch[] = [];
      let transactions = 0;
      let latest = 0n;
      const replayed = await replay(log, head, this.engineDeps(), {
        sealed: (batch) => {
          latest = batch.header.number;
          if (latest >= settled) sealed.push(batch);
          this.progress.sealed = latest;
        },
        executed: (prepared, execution, nonce) => {
          transactions += 1;
          this.receipts.put(receiptOf(prepared, execution, nonce));
        },
        dropped: (prepared, refusal) => this.drop(prepared, LEDGER_REFUSALS[refusal]),
      });
      latest = replayed.engine.sealed;
      if (head.number > latest) return await this.takeOver(log, head.number, head.hash, signal);
      const own = sealed.find(({ header }) => header.number === head.number);
      if (own !== undefined && !(await chain.isPosted(own, head, signal))) {
        return await this.takeOver(log, head.number, head.hash, signal);
      }
      const life = await this.settleIn(log, replayed, sealed, head.number, signal);
      emit({ kind: "recovered", batch: latest, transactions, milliseconds: clock.now() - began });
      return life;
    } catch (error) {
      await log.close().catch(() => undefined);
      throw error;
    }
  }

  /** Goes on from a replayed log; what has to be executed again replaces its end, at once. */
  private async settleIn(
    log: WriteAheadLog | undefined,
    { engine, time, again }: Replayed,
    sealed: readonly SealedBatch[],
    head: bigint,
    signal: AbortSignal,
  ): Promise<Life> {
    const { options, deps } = this;
    const batches = [...sealed];
    let written = log;
    if (again !== undefined) {
      const records: Uint8Array[] = [];
      const assembler = new Assembler(engine, options.limits, (record) => records.push(encodeRecord(record)));
      const from = engine.sealed;
      const counts = await this.executeAgain(
        assembler,
        time,
        again.transactions,
        (batch) => batches.push(batch),
        signal,
      );
      written = await again.write(records);
      deps.emit({ kind: "rebased", from, ...counts });
    }
    if (written === undefined) throw new TypeError("no log was written");
    const index = new OwnerIndex();
    const rebuild = (): void => index.rebuild(engine.ledger.nextLeaf, (leaf) => leafOf(engine, leaf));
    rebuild();
    engine.listen({
      changed: (changes) => {
        index.update(changes);
        for (const change of changes) this.news.push(change);
      },
      takenBack: rebuild,
    });
    this.news = [];
    const batcher = new Batcher(deps.chain, deps.emit, head);
    for (const batch of batches) batcher.add(batch);
    this.progress.sealed = engine.sealed;
    const appended = written;
    this.life = {
      log: written,
      engine,
      assembler: new Assembler(engine, options.limits, (record) => appended.append(encodeRecord(record))),
      batcher,
      index,
      time: batches.findLast(({ header }) => header.number === engine.sealed)?.header.time ?? time,
      openedAt: deps.clock.now(),
      logged: written.tailBytes,
    };
    return this.life;
  }

  private async executeAgain(
    assembler: Assembler,
    parentTime: bigint,
    again: readonly Prepared[],
    onSealed: (batch: SealedBatch) => void,
    signal: AbortSignal,
  ): Promise<{ readonly again: number; readonly dropped: number }> {
    const { engine } = assembler;
    let time = parentTime;
    let dropped = 0;
    for (const prepared of again) {
      for (;;) {
        if (engine.open === undefined) await this.begin(assembler, time, signal);
        const nonce = nonceOf(engine, prepared);
        const execution = await assembler.add(prepared);
        if (execution === undefined) {
          const batch = assembler.seal();
          time = batch.header.time;
          onSealed(batch);
          continue;
        }
        if (execution.refusal === REFUSAL.Applied) this.receipts.put(receiptOf(prepared, execution, nonce));
        else {
          dropped += 1;
          this.drop(prepared, LEDGER_REFUSALS[execution.refusal]);
          assembler.note({ kind: "dropped", refusal: execution.refusal, bytes: prepared.bytes });
        }
        break;
      }
    }
    return { again: again.length - dropped, dropped };
  }

  /** Another sequencer has posted: only with the operator's word does this one go on from there. */
  private async takeOver(log: WriteAheadLog, number: bigint, hash: Uint8Array, signal: AbortSignal): Promise<Life> {
    if (!this.options.takeOver) throw foreign(number, hash);
    const transactions = await transactionsOf(log, this.deps);
    const state = await this.deps.states.latest(signal);
    if (state.number !== number) throw passing("the chain's latest batch changed while it was read");
    await log.close();
    const write = await this.createLog(state);
    const engine = new Engine(state.ledger, state.number, this.engineDeps());
    const replayed: Replayed = { engine, time: state.time, again: { transactions, write } };
    return this.settleIn(undefined, replayed, [], number, signal);
  }

  private createLog(state: StoredState): Promise<(records: readonly Uint8Array[]) => Promise<WriteAheadLog>> {
    const { directory, scope } = this.options;
    return WriteAheadLog.create(directory, scope, state.number, (path) => writeState(path, state));
  }

  private drop(prepared: Prepared, code: Parameters<typeof refused>[0]): void {
    const before = this.receipts.get(prepared.hash);
    const { kind } = prepared.signed.transaction;
    const place = before?.place ?? { batch: 0n, segment: 0, position: 0 };
    this.receipts.put({ hash: prepared.hash, kind, place, nonce: before?.nonce, leaves: [], dropped: refused(code) });
  }

  private engineDeps(): ReplayDeps {
    const { digests, signers, rules } = this.deps;
    return { digests, crypto: signers, rules, nonceOf };
  }

  // ---- execution

  private async execute(life: Life, signal: AbortSignal): Promise<void> {
    const { engine, log } = life;
    while (!signal.aborted) {
      if (engine.open === undefined && !(await this.attempt("queue", () => this.openIfNeeded(life, signal)))) {
        await this.pause(this.options.pollMs, signal);
        continue;
      }
      if (this.sealIsDue(life)) {
        await this.seal(life);
        continue;
      }
      if (this.mempool.length === 0 || this.chunks >= MOST_CHUNKS) {
        await this.pause(this.nextLookMs(life), signal);
        continue;
      }
      await this.executeChunk(life, signal);
    }
    await log.durable();
  }

  private async executeChunk(life: Life, signal: AbortSignal): Promise<void> {
    const { engine, log } = life;
    const settled: (() => void)[] = [];
    const receipts: Receipt[] = [];
    const busy = (hash: Uint8Array): Result => ({ hash, refused: refused("BUSY") });
    for (const candidate of this.mempool.take(CHUNK)) {
      const isOpen = engine.open !== undefined;
      const result = isOpen
        ? ((await this.attempt("execution", () => this.executeOne(life, candidate, signal))) ?? busy(candidate.hash))
        : busy(candidate.hash);
      candidate.executed();
      if ("receipt" in result) {
        receipts.push(result.receipt);
        settled.push(() => candidate.settle(result));
      } else {
        this.deps.emit({ kind: "transaction_refused", code: result.refused.code });
        candidate.settle(result);
      }
    }
    if (receipts.length === 0) return;
    const changes = this.news;
    this.news = [];
    this.chunks += 1;
    log
      .durable()
      .then(
        () => {
          for (const receipt of receipts) this.receipts.put(receipt);
          for (const settle of settled) settle();
          this.publish({ receipts, changes });
          this.deps.emit({ kind: "accepted", count: receipts.length, waiting: this.mempool.length });
        },
        // Nothing is acknowledged that may not be on the disk; `execute` ends by the same failure.
        () => undefined,
      )
      .finally(() => {
        this.chunks -= 1;
        this.wake();
      });
  }

  private async executeOne(life: Life, candidate: Candidate, signal: AbortSignal): Promise<Result> {
    const { assembler, engine } = life;
    const { hash, signed } = candidate;
    for (;;) {
      const nonce = nonceOf(engine, candidate);
      const execution = await assembler.add(candidate);
      if (execution === undefined) {
        await this.seal(life);
        await this.begin(assembler, life.time, signal);
        life.openedAt = this.deps.clock.now();
        continue;
      }
      if (execution.refusal === REFUSAL.Applied) {
        life.logged += candidate.bytes.length;
        return { hash, receipt: receiptOf(candidate, execution, nonce) };
      }
      const clock = engine.open?.header.time ?? life.time;
      const leaves = { leaf: (index: number) => leafOf(engine, index) };
      return { hash, refused: diagnose(leaves, signed, execution.refusal, clock, this.deps) };
    }
  }

  /** What `step` resolves to; undefined where it failed in a way that passes. */
  private async attempt<Value>(part: string, step: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await step();
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.deps.emit({ kind: "failed", part, error, retryInMs: this.options.pollMs });
      return undefined;
    }
  }

  /** Opens a batch where there is something for it; whether one is open. */
  private async openIfNeeded(life: Life, signal: AbortSignal): Promise<boolean> {
    const { engine, assembler } = life;
    const { clock, queue } = this.deps;
    const now = BigInt(Math.floor(clock.now() / 1_000));
    const isSilent = now >= life.time + BigInt(this.options.heartbeatSeconds);
    const isWanted = this.mempool.length > 0 || (isSilent && life.batcher.unposted === 0);
    if (!isWanted && (await queue.queue(engine.ledger.queue, 1, signal)).entries.length === 0) return false;
    await this.begin(assembler, life.time, signal);
    life.openedAt = clock.now();
    if (!isWanted || this.mempool.length > 0) return true;
    await this.seal(life);
    return false;
  }

  private async begin(assembler: Assembler, time: bigint, signal: AbortSignal): Promise<void> {
    const { queue, clock } = this.deps;
    const { engine } = assembler;
    const most = this.options.limits.entries;
    const view = await queue.queue(engine.ledger.queue, most + 1, signal);
    const halt = (at: bigint): Promise<bigint> => queue.movesHaltAt(at, signal);
    await assembler.begin(await headerFor({ number: engine.sealed, time }, view, most, halt, clock.now()));
  }

  private sealIsDue(life: Life): boolean {
    const { engine, openedAt } = life;
    const { limits } = this.options;
    const batch = engine.open;
    if (batch === undefined) return false;
    const age = this.deps.clock.now() - openedAt;
    const isEmpty = batch.transactions === 0 && batch.header.entries.length === 0;
    return age >= (isEmpty ? limits.emptyAgeMs : limits.ageMs);
  }

  private nextLookMs(life: Life): number {
    const { limits } = this.options;
    const age = this.deps.clock.now() - life.openedAt;
    return Math.max(1, Math.min(limits.ageMs, limits.emptyAgeMs) - age);
  }

  private async seal(life: Life): Promise<void> {
    const { engine, assembler, batcher, log } = life;
    const batch = engine.open;
    if (batch !== undefined && batch.transactions === 0 && batch.header.entries.length === 0) {
      const now = BigInt(Math.floor(this.deps.clock.now() / 1_000));
      // Nothing came in: its clock is set anew by the next one.
      if (now < life.time + BigInt(this.options.heartbeatSeconds)) return engine.abandon();
    }
    const sealed = assembler.seal();
    const { header, segments, transactions } = sealed;
    life.time = header.time;
    await log.durable();
    this.progress.sealed = header.number;
    batcher.add(sealed);
    const bytes = segments.reduce((sum, { body }) => sum + body.length, 0);
    const sizes = { transactions, segments: segments.length, entries: header.entries.length, bytes };
    this.deps.emit({ kind: "sealed", batch: header.number, ...sizes });
    const changes = this.news;
    this.news = [];
    this.publish({ receipts: [], changes });
    if (life.logged >= this.options.checkpointBytes) await this.checkpoint(life);
  }

  private async checkpoint(life: Life): Promise<void> {
    const { engine, log, batcher } = life;
    const began = this.deps.clock.now();
    const number = engine.sealed;
    const state = { ledger: engine.ledger, number, time: life.time };
    // What may still be rolled back needs a checkpoint before it.
    const oldest = this.progress.final < batcher.posted ? this.progress.final : batcher.posted;
    await log.checkpoint(number, oldest, (path) => writeState(path, state));
    life.logged = 0;
    this.deps.emit({ kind: "checkpointed", batch: number, milliseconds: this.deps.clock.now() - began });
  }

  // ---- reading

  private pending() {
    const { life } = this;
    if (life === undefined) return undefined;
    const now = BigInt(Math.floor(this.deps.clock.now() / 1_000));
    const clock = life.engine.open?.header.time ?? (now > life.time ? now : life.time);
    return { leaf: (index: number) => leafOf(life.engine, index), clock };
  }

  private isFull(): boolean {
    return this.life === undefined || this.life.batcher.unposted >= this.options.mostUnposted;
  }

  private publish(news: SequencerNews): void {
    for (const listener of this.listeners) listener(news);
  }

  /** Until something wakes it, or so long. */
  private async pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const stop = new AbortController();
    this.wake = () => stop.abort();
    if (this.mempool.length > 0 && this.chunks < MOST_CHUNKS && this.life?.engine.open !== undefined) return;
    await this.deps.clock.sleep(milliseconds, AbortSignal.any([signal, stop.signal])).catch(() => undefined);
    this.wake = () => undefined;
  }
}

function leafOf(engine: Engine, index: number): Leaf | undefined {
  const { ledger, open } = engine;
  if (index === 0) return undefined;
  if (open !== undefined && open.segment.count > 0) return ledger.leaf(index);
  // What is read for somebody else is not kept for a segment to come.
  const bytes = ledger.bytes(index);
  return bytes === undefined ? undefined : decodeLeaf(bytes);
}

function nonceOf(engine: Engine, { signed }: Prepared): bigint | undefined {
  const leaves = { leaf: (index: number) => leafOf(engine, index) };
  return authorsOf(leaves, signed.transaction)?.[0]?.account.nonce;
}

function receiptOf(
  { hash, signed }: Prepared,
  { place, changes }: Execution & { readonly refusal: 0 },
  nonce: bigint | undefined,
): Receipt {
  const leaves = changes.filter(({ before, after }) => before === undefined && after !== undefined);
  return { hash, kind: signed.transaction.kind, place, nonce, leaves: leaves.map(({ index }) => index) };
}
