import { keccak256, type Transaction } from "ethers";
import { RelayerError } from "../errors";
import type { Clock, GasMarket, GasPrices, TransactionCall, TransactionOutcome, TransactionSender } from "../ports";
import { orAborted } from "./abort";
import { classifyRefusal } from "./broadcastError";
import { EndpointPool, describeError, type Endpoint, type EndpointPoolOptions } from "./endpointPool";
import { NOOP_GAS, broadcastForm, unsigned } from "./envelope";
import { FeeMarket } from "./feeMarket";
import { bumpedFees, type FeePolicy, type Fees } from "./gasPrice";
import { bytes, fields, quantity } from "./quantity";
import { RpcError } from "./rpc";
import { GAS_PER_BLOB } from "./sidecar";
import type {
  MinedOutcome,
  TransactionAttempt,
  TransactionId,
  TransactionRequest,
  TransactionRow,
  TransactionStore,
} from "./transactionStore";

/** Signs for one account; an ethers `Wallet` is one. */
export interface TransactionSigner {
  readonly address: string;
  signTransaction(transaction: Transaction): Promise<string>;
}

/** What an operator may want to know. */
export type SenderEvent =
  | {
      readonly kind: "sent" | "bumped" | "givenUp";
      readonly key: string;
      readonly nonce: bigint;
      readonly hash: string;
    }
  | { readonly kind: "refused"; readonly key: string; readonly nonce: bigint; readonly reason: string }
  | { readonly kind: "displaced"; readonly alert: true; readonly key: string; readonly nonce: bigint }
  | { readonly kind: "stuck"; readonly alert: true; readonly key: string; readonly nonce: bigint }
  | { readonly kind: "gapFilled"; readonly nonce: bigint }
  | { readonly kind: "pollFailed"; readonly reason: string };

export interface SenderOptions extends Omit<EndpointPoolOptions, "observe"> {
  readonly signer: TransactionSigner;
  readonly store: TransactionStore;
  readonly clock: Clock;
  readonly fees: FeePolicy;
  /** Between looks for receipts. Default 400. */
  readonly pollMs?: number;
  /** After which an unmined transaction is replaced by a dearer one. Default 15,000. */
  readonly stuckMs?: number;
  /** After which an unmined transaction is broadcast again. Default 3,000. */
  readonly rebroadcastMs?: number;
  /** For how long a used nonce may be without a receipt before it counts as used by somebody else. Default 10,000. */
  readonly displacedMs?: number;
  /** Replacements of one call before its nonce is given to a no-op. Default 5. */
  readonly maxBumps?: number;
  /** Missing nonces that are filled at most. Default 16. */
  readonly maxGap?: number;
  readonly observe?: (event: SenderEvent) => void;
}

/** A row that somebody waits for, or that a crash left. */
interface Active {
  row: TransactionRow;
  readonly outcome: Promise<TransactionOutcome>;
  readonly resolve: (outcome: TransactionOutcome) => void;
  readonly reject: (error: unknown) => void;
  sentAt: number;
  accepted: boolean;
  /** Since when its nonce is used without a receipt. */
  missingSince: number | undefined;
  refusals: number;
  working: Promise<void>;
}

const REFUSALS_BEFORE_NOOP = 3;
const ZERO_FEES = { legacy: false, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };

const isOpen = ({ status }: TransactionRow): boolean => status === "reserved" || status === "pending";

/** Whether a transaction offers what the market asks for. */
const isAbove = (offered: TransactionAttempt, market: Fees): boolean =>
  offered.maxFeePerGas >= market.maxFeePerGas && (offered.maxFeePerBlobGas ?? 0n) >= (market.maxFeePerBlobGas ?? 0n);

/** Sends one account's transactions on one chain. */
export class NonceSender implements TransactionSender, GasMarket {
  readonly address: string;
  private readonly pool: EndpointPool;
  private readonly market: FeeMarket;
  private readonly active = new Map<string, Active>();
  private readonly limits: Required<
    Pick<SenderOptions, "pollMs" | "stuckMs" | "rebroadcastMs" | "displacedMs" | "maxBumps" | "maxGap">
  >;
  private readonly observe: (event: SenderEvent) => void;
  private waiters = 0;
  private pumping = false;
  private wake: (() => void) | undefined;
  private assigning: Promise<unknown> = Promise.resolve();
  private pendingNonceAsked: Promise<bigint> | undefined;
  private gap: { readonly nonce: bigint; readonly since: number } | undefined;

  constructor(private readonly options: SenderOptions) {
    this.address = options.signer.address;
    const { observe: _, ...endpoints } = options;
    this.pool = new EndpointPool(endpoints);
    this.market = new FeeMarket(this.pool, options.fees, options.clock);
    this.observe = options.observe ?? (() => undefined);
    this.limits = {
      pollMs: options.pollMs ?? 400,
      stuckMs: options.stuckMs ?? 15_000,
      rebroadcastMs: options.rebroadcastMs ?? 3_000,
      displacedMs: options.displacedMs ?? 10_000,
      maxBumps: options.maxBumps ?? 5,
      maxGap: options.maxGap ?? 16,
    };
    if ((options.fees.bumpBps ?? 1_250n) < 1_250n) {
      throw new RelayerError("CONFIG_INVALID", `bumpBps ${options.fees.bumpBps} is below 1250`);
    }
  }

  async recover(signal: AbortSignal): Promise<void> {
    const rows = await this.options.store.open(this.account);
    const left = rows.map((row) => this.track(row));
    for (const active of left) this.start(active);
    await this.waitFor(Promise.allSettled(left.map(({ outcome }) => outcome)), signal);
  }

  prices(signal: AbortSignal): Promise<GasPrices> {
    return this.market.prices(signal);
  }

  async submit(request: TransactionCall, signal: AbortSignal): Promise<TransactionOutcome> {
    signal.throwIfAborted();
    const known = this.active.get(request.key);
    if (known !== undefined) {
      // Its last broadcast may have failed for want of funds: whoever asks again wants it tried again.
      if (!known.accepted) this.start(known);
      return this.waitFor(known.outcome, signal);
    }
    const affordable = request.blobs === undefined ? this.market.fees(signal) : this.market.requireBlobs(signal);
    const [floor] = await Promise.all([this.pendingNonce(signal), affordable]);
    const active = await orAborted(
      this.exclusively(() => this.assign(request, floor, signal)),
      signal,
    );
    return this.waitFor(active.outcome, signal);
  }

  private get account(): { readonly chainId: bigint; readonly sender: string } {
    return { chainId: this.options.chainId, sender: this.address };
  }

  private idOf(key: string): TransactionId {
    return { ...this.account, key };
  }

  /** One after the other, in the order of the calls, so that nonces leave in order. */
  private exclusively<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.assigning.then(task);
    this.assigning = result.catch(() => undefined);
    return result;
  }

  private async assign(request: TransactionCall, floor: bigint, signal: AbortSignal): Promise<Active> {
    const known = this.active.get(request.key);
    if (known !== undefined) return known;
    const { store, clock } = this.options;
    const { key, blobs, ...call } = request;
    const carried = blobs !== undefined && { blobs };
    const wanted: TransactionRequest = { ...this.idOf(key), ...call, ...carried, createdAt: clock.now() };
    let row = await store.reserve(wanted, floor);
    if (row.status === "mined") {
      const outcome = await this.findReceipt(row, signal);
      if (outcome !== undefined) return this.track({ ...row, outcome: outcome.mined });
    }
    if (blobs !== undefined && row.blobs === undefined) row = await store.keepBlobs(row, blobs);
    if (row.status === "abandoned") row = await store.reassign(row, row.nonce, floor);
    if (row.status === "mined") row = await store.reopen(row);
    const active = this.track(row);
    this.start(active);
    return active;
  }

  private track(row: TransactionRow): Active {
    const known = this.active.get(row.key);
    if (known !== undefined) return known;
    let resolve: Active["resolve"] = () => undefined;
    let reject: Active["reject"] = () => undefined;
    const outcome = new Promise<TransactionOutcome>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    // A row may fail while nobody waits for it.
    outcome.catch(() => undefined);
    const active: Active = {
      row,
      outcome,
      resolve,
      reject,
      sentAt: 0,
      accepted: false,
      missingSince: undefined,
      refusals: 0,
      working: Promise.resolve(),
    };
    if (row.status === "mined" && row.outcome !== undefined) resolve(row.outcome);
    else this.active.set(row.key, active);
    return active;
  }

  /** Waits for a result and keeps the pump going meanwhile: without a waiter nothing happens in the background. */
  private async waitFor<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    this.waiters += 1;
    if (!this.pumping) void this.pump();
    try {
      return await orAborted(result, signal);
    } finally {
      this.waiters -= 1;
      if (this.waiters === 0) this.wake?.();
    }
  }

  private async pump(): Promise<void> {
    this.pumping = true;
    try {
      while (this.waiters > 0) {
        const stop = new AbortController();
        this.wake = () => stop.abort(new Error("nobody waits"));
        try {
          if (this.active.size > 0) await this.poll(stop.signal);
        } catch (error) {
          if (!stop.signal.aborted) this.observe({ kind: "pollFailed", reason: describeError(error) });
        }
        await this.options.clock.sleep(this.limits.pollMs, stop.signal).catch(() => undefined);
      }
    } finally {
      this.pumping = false;
      this.wake = undefined;
      if (this.waiters > 0) void this.pump();
    }
  }

  /** One look at the chain: settles what is mined, pushes what is not. */
  private async poll(signal: AbortSignal): Promise<void> {
    const used = await this.nonceCount("latest", signal);
    const rows = [...this.active.values()].sort((a, b) => (a.row.nonce < b.row.nonce ? -1 : 1));
    await Promise.all(rows.filter(({ row }) => row.nonce < used).map((active) => this.settle(active, signal)));
    const open = rows.filter(({ row }) => row.nonce >= used && this.active.has(row.key));
    for (const active of open) await this.push(active, active === open[0], signal);
    await this.fillGap(used, open[0]?.row.nonce, signal);
  }

  private async settle(active: Active, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.options;
    const found = await this.findReceipt(active.row, signal);
    if (found?.kind === "call") {
      await store.settleMined(active.row, found.mined);
      this.active.delete(active.row.key);
      return active.resolve(found.mined);
    }
    if (found?.kind === "noop") {
      await store.settleAbandoned(active.row);
      this.active.delete(active.row.key);
      return active.reject(
        new RelayerError("TRANSACTION_ABANDONED", `${active.row.key} was not mined at any allowed price`, {
          retriable: true,
          context: { key: active.row.key, nonce: active.row.nonce, hash: found.mined.hash },
        }),
      );
    }
    active.missingSince ??= clock.now();
    if (clock.now() - active.missingSince < this.limits.displacedMs) return;
    // The nonce is used, long enough, and by none of ours: somebody else sends from this account.
    this.observe({ kind: "displaced", alert: true, key: active.row.key, nonce: active.row.nonce });
    const floor = await this.pendingNonce(signal);
    await this.exclusively(async () => {
      active.row = await store.reassign(active.row, active.row.nonce, floor);
      active.missingSince = undefined;
      active.accepted = false;
      active.refusals = 0;
      this.start(active);
    });
  }

  /** Signs what is not signed and broadcasts it, in the background. */
  private start(active: Active): void {
    active.working = active.working
      .then(() => this.advance(active))
      .catch((error: unknown) => this.fail(active, error));
  }

  private fail(active: Active, error: unknown): void {
    const reason = describeError(error);
    this.observe({ kind: "refused", key: active.row.key, nonce: active.row.nonce, reason });
    const retriable = error instanceof RelayerError && error.code !== "INSUFFICIENT_BALANCE";
    if (retriable) return;
    // The row stays in the store with its nonce: whoever submits the key again goes on with it.
    this.active.delete(active.row.key);
    active.reject(error);
  }

  private async advance(active: Active): Promise<void> {
    const { signal } = new AbortController();
    const current = active.row.attempts.findLast((attempt) => attempt.nonce === active.row.nonce);
    if (current !== undefined) return this.broadcast(active, current, signal);
    const fees = await this.feesOf(active.row, signal);
    await this.replace(active, "call", fees, "sent", signal);
  }

  private feesOf({ blobs }: Pick<TransactionRow, "blobs">, signal: AbortSignal): Promise<Fees> {
    return blobs === undefined ? this.market.fees(signal) : this.market.blobFees(signal);
  }

  /** Signs, stores, then broadcasts: never the other way round. */
  private async replace(
    active: Active,
    kind: TransactionAttempt["kind"],
    fees: Fees,
    event: "sent" | "bumped" | "givenUp",
    signal: AbortSignal,
  ): Promise<void> {
    const { signer, store, clock } = this.options;
    const { row } = active;
    const { maxFeePerBlobGas } = fees;
    const raw = await signer.signTransaction(unsigned(row, kind, fees));
    const attempt: TransactionAttempt = {
      hash: keccak256(raw),
      raw,
      nonce: row.nonce,
      kind,
      maxFeePerGas: fees.maxFeePerGas,
      maxPriorityFeePerGas: fees.maxPriorityFeePerGas,
      ...(maxFeePerBlobGas !== undefined && { maxFeePerBlobGas }),
      createdAt: clock.now(),
    };
    if (!(await store.addAttempt(row, attempt))) {
      // Another process went on with this row.
      const now = await store.find(row);
      if (now !== undefined) active.row = now;
      return;
    }
    active.row = { ...row, status: "pending", attempts: [...row.attempts, attempt] };
    this.observe({ kind: event, key: row.key, nonce: row.nonce, hash: attempt.hash });
    await this.broadcast(active, attempt, signal);
  }

  /** Hands a stored transaction to every endpoint; one that takes it suffices. */
  private async broadcast(active: Active, attempt: TransactionAttempt, signal: AbortSignal): Promise<void> {
    active.sentAt = this.options.clock.now();
    const raw = broadcastForm(active.row, attempt);
    const send = (endpoint: Endpoint): Promise<unknown> => endpoint.ask("eth_sendRawTransaction", [raw], signal);
    try {
      await Promise.any(this.pool.candidates(1).map(send));
      active.accepted = true;
      active.refusals = 0;
      return;
    } catch (failure) {
      const errors: readonly unknown[] = failure instanceof AggregateError ? failure.errors : [failure];
      const refusals = errors.filter((error) => error instanceof RpcError).map(classifyRefusal);
      if (refusals.some((refusal) => refusal === "known" || refusal === "nonceUsed")) {
        active.accepted = true;
        return;
      }
      if (refusals.includes("insufficientFunds")) throw this.insufficientBalance(active.row, attempt);
      if (refusals.includes("other") && !(await this.isKnown(attempt.hash, signal))) active.refusals += 1;
      active.accepted = false;
      const reason = errors.map(describeError).join("; ");
      this.observe({ kind: "refused", key: active.row.key, nonce: active.row.nonce, reason });
    }
  }

  /** Broadcasts again what nodes may have forgotten, pays more for what is stuck. */
  private async push(active: Active, first: boolean, signal: AbortSignal): Promise<void> {
    await active.working;
    if (!this.active.has(active.row.key)) return;
    const { clock } = this.options;
    const current = active.row.attempts.findLast((attempt) => attempt.nonce === active.row.nonce);
    if (await this.isDue(active, current, signal)) {
      this.start(active);
      await active.working;
    }
    if (current === undefined || !this.active.has(active.row.key)) return;
    const rejected = active.refusals >= REFUSALS_BEFORE_NOOP && current.kind === "call";
    if (!rejected && clock.now() - current.createdAt < this.limits.stuckMs) return;

    // What no pool ever took needs no blobs to be replaced.
    const plain = current.maxFeePerBlobGas === undefined || (rejected && !active.accepted);
    const fees = await (plain ? this.market.fees(signal) : this.market.blobFees(signal));
    // Behind the first one a transaction is stuck by its own price only where that is below the market's.
    if (!first && !rejected && isAbove(current, fees)) return;
    const bumps =
      active.row.attempts.filter(({ nonce, kind }) => nonce === current.nonce && kind === "call").length - 1;
    const raised =
      current.kind === "noop" || rejected || bumps >= this.limits.maxBumps
        ? undefined
        : bumpedFees(current, fees, this.options.fees, "call");
    if (raised !== undefined) return this.guarded(active, () => this.replace(active, "call", raised, "bumped", signal));
    const last = rejected && !active.accepted ? { ...ZERO_FEES } : current;
    const noop = bumpedFees(last, fees, this.options.fees, "noop");
    if (noop !== undefined) return this.guarded(active, () => this.replace(active, "noop", noop, "givenUp", signal));
    this.observe({ kind: "stuck", alert: true, key: active.row.key, nonce: active.row.nonce });
  }

  /** Whether it should be sent again; blobs are heavy, and go only to who has forgotten them. */
  private async isDue(active: Active, current: TransactionAttempt | undefined, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.options;
    const rests = clock.now() - active.sentAt < this.limits.rebroadcastMs;
    if (current?.maxFeePerBlobGas === undefined) return current === undefined || !active.accepted || !rests;
    if (rests) return false;
    if (!(await this.isKnown(current.hash, signal))) return true;
    active.sentAt = clock.now();
    active.accepted = true;
    return false;
  }

  private async guarded(active: Active, step: () => Promise<void>): Promise<void> {
    active.working = active.working.then(step).catch((error: unknown) => this.fail(active, error));
    await active.working;
  }

  /** Nothing moves while a nonce is missing: puts what the store has for it there, else a no-op. */
  private async fillGap(used: bigint, lowest: bigint | undefined, signal: AbortSignal): Promise<void> {
    if (lowest === undefined || lowest <= used) return void (this.gap = undefined);
    const { store, clock } = this.options;
    if (this.gap?.nonce !== used) this.gap = { nonce: used, since: clock.now() };
    if (clock.now() - this.gap.since < this.limits.rebroadcastMs) return;
    // A transaction of somebody else may wait there.
    if ((await this.nonceCount("pending", signal)) > used) return;
    if (lowest - used > BigInt(this.limits.maxGap)) {
      throw new RelayerError("TRANSACTION_ABANDONED", `nonces ${used} to ${lowest - 1n} are missing`, {
        alert: true,
        context: { used, lowest, maxGap: this.limits.maxGap },
      });
    }
    const rows = await store.findByNonce(this.account, used);
    const stored = rows.flatMap((row) =>
      row.attempts
        .filter(({ nonce, maxFeePerBlobGas }) => nonce === used && (maxFeePerBlobGas === undefined || isOpen(row)))
        .map((attempt) => broadcastForm(row, attempt)),
    );
    for (const raw of stored) {
      await this.pool
        .first((endpoint, abort) => endpoint.ask("eth_sendRawTransaction", [raw], abort), signal)
        .catch(() => undefined);
    }
    if (stored.length > 0 && (await this.nonceCount("pending", signal)) > used) return;
    const request = {
      ...this.idOf(`gap:${used}`),
      to: this.address,
      data: "0x",
      gasLimit: NOOP_GAS,
      createdAt: clock.now(),
    };
    const row = await store.reserveAt(request, used);
    if (row === undefined || (row.status !== "reserved" && row.status !== "pending")) return;
    this.observe({ kind: "gapFilled", nonce: used });
    this.start(this.track(row));
  }

  private insufficientBalance(row: TransactionRow, attempt: TransactionAttempt): RelayerError {
    const blobGas = GAS_PER_BLOB * BigInt(row.blobs?.length ?? 0);
    const needed = row.gasLimit * attempt.maxFeePerGas + blobGas * (attempt.maxFeePerBlobGas ?? 0n);
    return new RelayerError("INSUFFICIENT_BALANCE", `${this.address} cannot pay up to ${needed} wei for ${row.key}`, {
      retriable: true,
      alert: true,
      context: { chainId: this.options.chainId, sender: this.address, key: row.key, needed },
    });
  }

  private async isKnown(hash: string, signal: AbortSignal): Promise<boolean> {
    const found = await this.pool.first(
      (endpoint, abort) => endpoint.ask("eth_getTransactionByHash", [hash], abort),
      signal,
    );
    return found !== null;
  }

  /** Which of a row's transactions was mined: the newest first, on whichever endpoint knows. */
  private async findReceipt(
    row: TransactionRow,
    signal: AbortSignal,
  ): Promise<{ readonly kind: TransactionAttempt["kind"]; readonly mined: MinedOutcome } | undefined> {
    for (const attempt of row.attempts.toReversed()) {
      const ask = (endpoint: Endpoint): Promise<unknown> =>
        endpoint.ask("eth_getTransactionReceipt", [attempt.hash], signal);
      const answers = await Promise.allSettled(this.pool.candidates(1).map(ask));
      const answered = answers.filter((answer) => answer.status === "fulfilled");
      if (answered.length === 0) throw (answers[0] as PromiseRejectedResult).reason;
      const receipt = answered.find(({ value }) => value !== null)?.value;
      if (receipt === undefined) continue;
      const { status, blockNumber, gasUsed, transactionHash } = fields(receipt, "receipt");
      if (bytes(transactionHash, "receipt hash", 32) !== attempt.hash) continue;
      return {
        kind: attempt.kind,
        mined: {
          hash: attempt.hash,
          succeeded: quantity(status, "receipt status") === 1n,
          blockNumber: quantity(blockNumber, "receipt block"),
          gasUsed: quantity(gasUsed, "receipt gas"),
        },
      };
    }
    return undefined;
  }

  private nonceCount(tag: "latest" | "pending", signal: AbortSignal): Promise<bigint> {
    return this.pool.first(
      async (endpoint, abort) =>
        quantity(await endpoint.ask("eth_getTransactionCount", [this.address, tag], abort), "nonce"),
      signal,
    );
  }

  /** Shared by the submissions of one moment. */
  private pendingNonce(signal: AbortSignal): Promise<bigint> {
    this.pendingNonceAsked ??= this.nonceCount("pending", new AbortController().signal).finally(
      () => (this.pendingNonceAsked = undefined),
    );
    return orAborted(this.pendingNonceAsked, signal);
  }
}
