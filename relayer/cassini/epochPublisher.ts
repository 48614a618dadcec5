import { ZeroAddress } from "ethers";
import { ContractRevert } from "../errors";
import type { ChainReader, Clock, TransactionSender } from "../ports";
import type { Store } from "../store/store";
import { attempted } from "./attempts";
import type { Authority } from "./authorityEpochs";
import type { Emit } from "./events";
import { turnOf } from "./plan";
import { REGISTRY, registryErrorName } from "./registryInterface";
import type { SignerSets } from "./signerSets";

/** Key by which operators take turns at publishing. */
const PUBLICATION_TURN = "0x7075626c69636174696f6e";

/**
 * Publishes the registry's set as the authority's next epoch once the registry opens that: because the set changed, or
 * because the present one is to be renewed before it ends. Standby operators that are due get their seats first, one in
 * each turn. The first epoch is the deployment's to publish.
 */
export class EpochPublisher {
  private since: { readonly at: string; readonly time: number } | undefined;
  /** Who was given a seat since that epoch, or could not be: nobody is tried twice. */
  private tried: { readonly after: bigint; readonly operators: Set<string> } | undefined;
  private published: { readonly after: bigint; readonly time: number } | undefined;
  private refused = "";

  constructor(
    private readonly authority: Authority & { readonly registry: string },
    private readonly deps: {
      readonly reader: ChainReader;
      readonly sender: TransactionSender;
      readonly store: Store;
      readonly sets: SignerSets;
      readonly clock: Clock;
      readonly emit: Emit;
      readonly operator: string;
      readonly staggerMs: number;
      readonly patienceMs: number;
    },
  ) {}

  async step(signal: AbortSignal): Promise<void> {
    const { clock, staggerMs, patienceMs } = this.deps;
    const latest = await this.view("latestEpoch", signal);
    const open = latest !== 0n && (await this.isOpen(signal));
    if (!open) {
      this.since = undefined;
      return;
    }
    // Mined, but not yet shown by the endpoint that is asked: or undone by a reorganization, after a while.
    if (this.published?.after === latest && clock.now() < this.published.time + patienceMs) return;
    const standby = await this.nextToSeat(latest, signal);
    const at = `${latest}:${standby ?? ""}`;
    if (this.since?.at !== at) this.since = { at, time: clock.now() };
    const turn = await this.turn(latest, signal);
    if (clock.now() < this.since.time + turn * staggerMs) return;
    if (standby === undefined) await this.publish(latest, signal);
    else await this.seat(latest, standby, signal);
  }

  private async nextToSeat(latest: bigint, signal: AbortSignal): Promise<string | undefined> {
    if (this.tried?.after !== latest) this.tried = { after: latest, operators: new Set() };
    const operator = await this.view<string>("nextToSeat", signal);
    return operator === ZeroAddress || this.tried.operators.has(operator) ? undefined : operator;
  }

  private async view<T = bigint>(name: string, signal: AbortSignal): Promise<T> {
    const { reader } = this.deps;
    const data = await reader.call(this.authority.registry, REGISTRY.encodeFunctionData(name), signal);
    return REGISTRY.decodeFunctionResult(name, data)[0] as T;
  }

  /** By this clock or the chain's, whichever is ahead: a local chain makes blocks when it is used. The registry decides. */
  private async isOpen(signal: AbortSignal): Promise<boolean> {
    const from = await this.view("publishableFrom", signal);
    if (BigInt(Math.floor(this.deps.clock.now() / 1_000)) >= from) return true;
    return (await this.deps.reader.finalized(signal)).timestamp >= from;
  }

  private async turn(latest: bigint, signal: AbortSignal): Promise<number> {
    const { sets, operator } = this.deps;
    const set = await sets.of(this.authority, latest, signal);
    return turnOf(PUBLICATION_TURN, { inSeq: this.authority.chainId, ackSeq: latest }, set, operator);
  }

  /** A set is published without whoever cannot be seated. */
  private async seat(latest: bigint, operator: string, signal: AbortSignal): Promise<void> {
    const { reader, sender, store, emit } = this.deps;
    const { registry, chainId } = this.authority;
    const data = REGISTRY.encodeFunctionData("takeSeat", [operator]);
    this.tried?.operators.add(operator);
    let gas: bigint;
    try {
      gas = await reader.estimateGas({ from: sender.address, to: registry, data }, signal);
    } catch (error) {
      if (error instanceof ContractRevert) return;
      this.tried?.operators.delete(operator);
      throw error;
    }
    const key = `seat:${registry.toLowerCase()}:${latest}:${operator.toLowerCase()}`;
    const outcome = await attempted(
      store,
      sender,
      { chainId, key, to: registry, data, gasLimit: gas + gas / 4n },
      signal,
    );
    if (outcome.succeeded)
      emit({ kind: "seat_taken", target: this.authority, operator, transactionHash: outcome.hash });
  }

  private async publish(latest: bigint, signal: AbortSignal): Promise<void> {
    const { reader, sender, store, clock, emit } = this.deps;
    const { registry, chainId } = this.authority;
    const data = REGISTRY.encodeFunctionData("publishEpoch");
    let gas: bigint;
    try {
      gas = await reader.estimateGas({ from: sender.address, to: registry, data }, signal);
    } catch (error) {
      if (!(error instanceof ContractRevert)) throw error;
      const reason = registryErrorName(error.data) ?? error.data;
      // Another operator was faster, the set changed back, or the chain's clock is behind: wait in line again.
      this.since = undefined;
      if (reason !== "PublishedTooEarly") this.refuse(latest, reason);
      return;
    }
    const key = `publish:${registry.toLowerCase()}:${latest}`;
    const call = { chainId, key, to: registry, data, gasLimit: gas + gas / 4n };
    const outcome = await attempted(store, sender, call, signal);
    this.since = undefined;
    if (!outcome.succeeded || this.published?.after === latest) return;
    this.published = { after: latest, time: clock.now() };
    emit({ kind: "epoch_published", target: this.authority, after: latest, transactionHash: outcome.hash });
  }

  /** Said once for each epoch and reason. */
  private refuse(latest: bigint, reason: string): void {
    if (this.refused === `${latest}:${reason}`) return;
    this.refused = `${latest}:${reason}`;
    this.deps.emit({ kind: "publication_refused", target: this.authority, after: latest, reason });
  }
}
