import { getAddress } from "ethers";
import type { LaneEnds } from "../../protocol/hashChain";
import { headerDigest } from "../../protocol/header";
import type { Attestation, AttestationPeer, ChainReader, Clock } from "../ports";
import type { Store } from "../store/store";
import { signedBy } from "./attestor";
import type { Emit } from "./events";
import { sourceOf, targetOf } from "./lane";
import type { SignerSets } from "./signerSets";
import { readTarget } from "./targetView";

/** How long a peer may hold a question open. */
const WAIT_MS = 20_000;
/** Between two questions at least, where the answer is empty. */
const EMPTY_MS = 250;
/** A peer that signed out of order or started over is asked from the beginning once in a while. */
const REWIND_MS = 30_000;

/** Collects what one peer signed of one lane, and believes nothing that it cannot check. */
export class Collector {
  private after: bigint | undefined;
  private rewoundAt = 0;

  constructor(
    private readonly lane: LaneEnds,
    private readonly peer: AttestationPeer,
    private readonly deps: {
      readonly store: Store;
      readonly sets: SignerSets;
      readonly emit: Emit;
      readonly clock: Clock;
      readonly target: ChainReader;
      readonly onCollected: () => void;
    },
  ) {}

  /** One question; throws where the answer was of no use, so that a peer that misbehaves is asked less often. */
  async step(signal: AbortSignal): Promise<void> {
    const { emit } = this.deps;
    this.after ??= await this.settled(signal);
    const asked = this.deps.clock.now();
    const page = await this.peer.attestations(
      { source: this.lane.sourceChainId, target: this.lane.targetChainId, after: this.after, waitMs: WAIT_MS },
      signal,
    );
    if (page.length === 0) {
      await this.rewind(signal);
      // A peer that does not wait as it was asked to is not asked more often for that.
      const early = asked + EMPTY_MS - this.deps.clock.now();
      if (early > 0) await this.deps.clock.sleep(early, signal);
      return;
    }
    const checked = await this.check(page, signal);
    const fresh = await this.reportContradictions(checked);
    await this.deps.store.attestations.collect(this.lane, fresh);
    const newest = checked.reduce((max, { header }) => (header.sourceBlock > max ? header.sourceBlock : max), 0n);
    const moved = newest > this.after;
    if (moved) this.after = newest;
    if (fresh.length > 0) {
      emit({ kind: "collected", lane: this.lane, peer: this.peer.endpoint, signatures: fresh.length, newest });
      this.deps.onCollected();
    }
    if (!moved) throw new Error("the peer's answer holds nothing that was asked for");
  }

  /** Block of the last header that the target is through with: older ones are of no use to anybody. */
  private async settled(signal: AbortSignal): Promise<bigint> {
    const { inSeq, ackSeq } = await readTarget(this.lane, this.deps.target, signal);
    return (await this.deps.store.blocks.lastPassed(this.lane, inSeq, ackSeq)) ?? 0n;
  }

  private async rewind(signal: AbortSignal): Promise<void> {
    const now = this.deps.clock.now();
    if (now - this.rewoundAt < REWIND_MS) return;
    this.rewoundAt = now;
    this.after = await this.settled(signal);
  }

  /** Attestations of this lane that their signer really made; the others are counted against the peer. */
  private async check(page: readonly Attestation[], signal: AbortSignal): Promise<readonly Attestation[]> {
    const { emit, sets } = this.deps;
    const target = targetOf(this.lane);
    const checked: Attestation[] = [];
    for (const attestation of page) {
      const { header } = attestation;
      const misbehaved = (reason: "wrong_lane" | "wrong_signature"): void =>
        emit({ kind: "peer_misbehaved", lane: this.lane, peer: this.peer.endpoint, reason });
      if (
        header.source !== this.lane.sourceChainId ||
        attestation.target.chainId !== target.chainId ||
        getAddress(attestation.target.gateway) !== getAddress(target.gateway)
      ) {
        misbehaved("wrong_lane");
        continue;
      }
      const signer = getAddress(attestation.signer);
      if (!signedBy(attestation, target, signer)) {
        misbehaved("wrong_signature");
        continue;
      }
      // Not a fault: whoever left the set may go on signing for a while. It only is not kept.
      const set = await sets.ofAny([sourceOf(this.lane), target], header.epoch, signal);
      if (set.includes(signer)) checked.push({ ...attestation, signer, target });
    }
    return checked;
  }

  /** Reports signers that stand for two contents; the second one is kept beside the first as evidence, a third is not. */
  private async reportContradictions(attestations: readonly Attestation[]): Promise<readonly Attestation[]> {
    const { store, emit } = this.deps;
    const target = targetOf(this.lane);
    const kept: Attestation[] = [];
    for (const attestation of attestations) {
      const { signer, header } = attestation;
      const [first, ...more] = await store.attestations.contradicting(this.lane, signer, header);
      if (more.length > 0) continue;
      if (first !== undefined && first.digest !== headerDigest(header, target)) {
        emit({ kind: "equivocation", lane: this.lane, signer, first: first.header, second: header });
      }
      kept.push(attestation);
    }
    return kept;
  }
}
