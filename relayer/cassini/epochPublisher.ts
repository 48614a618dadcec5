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
 * because the present one is to be renewed before it ends. The first epoch is the deployment's to publish.
 */
export class EpochPublisher {
  private since: { readonly epoch: bigint; readonly time: number } | undefined;
  private published: { readonly after: bigint; readonly time: number } | undefined;
  private refused = "";

  constructor(
    private readonly authority: Required<Authority>,
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
    if (this.since?.epoch !== latest) this.since = { epoch: latest, time: clock.now() };
    const turn = await this.turn(latest, signal);
    if (clock.now() < this.since.time + turn * staggerMs) return;
    await this.publish(latest, signal);
  }

  private async view(name: "latestEpoch" | "publishableFrom", signal: AbortSignal): Promise<bigint> {
    const { reader } = this.deps;
    const data = await reader.call(this.authority.registry, REGISTRY.encodeFunctionData(name), signal);
    return (REGISTRY.decodeFunctionResult(name, data) as unknown as [bigint])[0];
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
