import { getAddress } from "ethers";
import { recoverSigner, rotationDigest, type Rotation, type Target } from "../../protocol/header";
import { quorumProof, type QuorumProof } from "../../protocol/quorum";
import { ContractRevert } from "../errors";
import type { AttestationPeer, ChainReader, Clock, RotationAttestation, TransactionSender } from "../ports";
import type { Store } from "../store/store";
import { attempted } from "./attempts";
import { EPOCHS_BACK, type AuthorityEpochs } from "./authorityEpochs";
import type { Emit } from "./events";
import { GATEWAY, gatewayError, isOvertaken } from "./gatewayInterface";
import { turnOf } from "./plan";
import type { SignerSets } from "./signerSets";

/** Key by which operators take turns at rotating a gateway. */
const ROTATION_TURN = "0x726f746174696f6e";

/** How long the members may take to sign before their silence is worth a word. */
const SIGNING_MS = 60_000;

/** Brings one gateway to the authority's epochs, over several where no quorum of its present set signed the newest. */
export class RotationRelay {
  /** Epoch that the gateway was seen at last. */
  private known: bigint | undefined;
  private since: { readonly at: string; readonly time: number } | undefined;
  private closed: { readonly at: string; readonly until: number; readonly opens: bigint } | undefined;
  private behindSince: { readonly epoch: bigint; readonly time: number } | undefined;
  private said = "";

  constructor(
    private readonly target: Target,
    private readonly deps: {
      readonly epochs: AuthorityEpochs;
      readonly reader: ChainReader;
      readonly store: Store;
      readonly sets: SignerSets;
      readonly clock: Clock;
      readonly emit: Emit;
      readonly sender: TransactionSender;
      /** Finishes what a crash left of the sender. */
      readonly recovered: () => Promise<void>;
      readonly operator: string;
      readonly staggerMs: number;
    },
  ) {}

  /**
   * Collects what was signed for the gateway, also while it cannot be reached: who signed may be gone when it can. Then
   * delivers one rotation, where a quorum signed it and it is this operator's turn.
   */
  async step(peers: readonly AttestationPeer[], signal: AbortSignal): Promise<void> {
    const { epochs, sets, clock } = this.deps;
    const { epoch: newest } = await epochs.current(signal);
    const oldest = newest > EPOCHS_BACK ? newest - EPOCHS_BACK : 1n;
    // It never goes back: what is behind the last known epoch need not be collected.
    if (this.known === undefined || this.known < newest) {
      await this.collect(peers, this.known === undefined || this.known < oldest ? oldest : this.known, newest, signal);
    }
    const current = await this.currentEpoch(signal);
    this.known = current;
    if (current >= newest) {
      this.since = this.behindSince = undefined;
      return;
    }
    if (this.behindSince?.epoch !== current) this.behindSince = { epoch: current, time: clock.now() };
    const set = await sets.of(this.target, current, signal);
    const next = await this.provable(current, await this.missing(current, newest, signal), set);
    if (next !== undefined) await this.deliver(next.rotation, next.proof, current, set, signal);
    else if (clock.now() > this.behindSince.time + SIGNING_MS) this.stuck(current, "NO_QUORUM");
  }

  /** By call: whatever an endpoint says, the gateway itself decides in the end. */
  private async currentEpoch(signal: AbortSignal): Promise<bigint> {
    const call = GATEWAY.encodeFunctionData("currentEpoch");
    const data = await this.deps.reader.call(this.target.gateway, call, signal);
    return (GATEWAY.decodeFunctionResult("currentEpoch", data) as unknown as [bigint])[0];
  }

  /** The rotations after `current`, newest first. */
  private async missing(current: bigint, newest: bigint, signal: AbortSignal): Promise<readonly Rotation[]> {
    const oldest = newest - current > EPOCHS_BACK ? newest - EPOCHS_BACK : current;
    const found: Rotation[] = [];
    for (let epoch = newest; epoch > oldest; epoch--) {
      const rotation = await this.deps.epochs.rotation(epoch, signal);
      if (rotation !== undefined) found.push(rotation);
    }
    return found;
  }

  private async collect(
    peers: readonly AttestationPeer[],
    current: bigint,
    newest: bigint,
    signal: AbortSignal,
  ): Promise<void> {
    const { epochs, store, emit } = this.deps;
    const missing = await this.missing(current, newest, signal);
    const digests = new Set(missing.map((rotation) => rotationDigest(rotation, this.target)));
    const before = await epochs.signers(current, signal);
    const members = new Set([...before, ...missing.flatMap(({ signers }) => signers)]);
    await Promise.all(
      peers.map(async (peer) => {
        try {
          const told = await peer.rotations({ target: this.target.chainId, afterEpoch: current }, signal);
          const valid = told.filter((attestation) => this.isValid(attestation, digests, members));
          await store.attestations.collectRotations(
            valid.map((attestation) => ({ ...attestation, target: this.target })),
          );
        } catch (error) {
          emit({ kind: "failed", part: "rotation deliverer", peer: peer.endpoint, error, retryInMs: 0 });
        }
      }),
    );
  }

  /** True where a member signed one of the rotations that are missing, whatever else was signed. */
  private isValid(
    { rotation, signer, signature, target }: RotationAttestation,
    digests: ReadonlySet<string>,
    members: ReadonlySet<string>,
  ): boolean {
    try {
      const digest = rotationDigest(rotation, this.target);
      return (
        target.chainId === this.target.chainId &&
        getAddress(target.gateway) === getAddress(this.target.gateway) &&
        digests.has(digest) &&
        members.has(getAddress(signer)) &&
        recoverSigner(digest, signature) === getAddress(signer)
      );
    } catch {
      return false;
    }
  }

  /** The newest of the missing rotations that a quorum of the gateway's present set signed. */
  private async provable(
    current: bigint,
    missing: readonly Rotation[],
    set: readonly string[],
  ): Promise<{ readonly rotation: Rotation; readonly proof: QuorumProof } | undefined> {
    const { attestations } = this.deps.store;
    const collected = await attestations.rotations(this.target.chainId, current, { own: false, limit: 1_024 });
    for (const rotation of missing) {
      const digest = rotationDigest(rotation, this.target);
      const signatures = new Map(
        collected
          .filter((attestation) => rotationDigest(attestation.rotation, this.target) === digest)
          .map((attestation) => [attestation.signer, attestation.signature]),
      );
      const proof = quorumProof(set, signatures);
      if (proof !== undefined) return { rotation, proof };
    }
    return undefined;
  }

  private async deliver(
    rotation: Rotation,
    proof: QuorumProof,
    current: bigint,
    set: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { sender, store, clock, reader, emit, operator, staggerMs, sets } = this.deps;
    const at = `${current}:${rotation.epoch}`;
    if (await this.isClosed(at, signal)) return;
    if (this.since?.at !== at) this.since = { at, time: clock.now() };
    const turn = turnOf(ROTATION_TURN, { inSeq: this.target.chainId, ackSeq: current }, set, operator);
    if (clock.now() < this.since.time + turn * staggerMs) return;

    const to = this.target.gateway;
    const data = GATEWAY.encodeFunctionData("rotate", [rotation, proof.signers, proof.signatures]);
    let gas: bigint;
    try {
      gas = await reader.estimateGas({ from: sender.address, to, data }, signal);
    } catch (error) {
      if (!(error instanceof ContractRevert)) throw error;
      if (isOvertaken(error.data)) return;
      const refusal = gatewayError(error.data);
      if (refusal?.name === "RotationTooEarly" || refusal?.name === "ValidityOutOfRange") {
        const [first, second] = refusal.args as unknown as [bigint, bigint];
        const seconds = refusal.name === "RotationTooEarly" ? second - first : first - second;
        if (seconds > 0n) await this.close(at, seconds, signal);
        else this.stuck(current, "ROTATION_EXPIRED");
        return;
      }
      sets.forget(this.target, current);
      if (refusal?.name !== "EpochNotAccepted") throw error;
      this.stuck(current, "SET_EXPIRED");
      return;
    }
    const key = `rotation:${this.target.chainId}:${rotationDigest(rotation, this.target)}`;
    const call = { chainId: this.target.chainId, key, to, data, gasLimit: gas + gas / 4n };
    await this.deps.recovered();
    const outcome = await attempted(store, sender, call, signal);
    // Mined without success: another operator was faster, or the next step finds out what is wrong.
    if (!outcome.succeeded) return;
    emit({ kind: "rotation_delivered", target: this.target, rotation, transactionHash: outcome.hash });
  }

  /** A gateway keeps a least time between two rotations, and its clock may be behind: nobody needs to try meanwhile. */
  private async close(at: string, seconds: bigint, signal: AbortSignal): Promise<void> {
    const { timestamp } = await this.deps.reader.finalized(signal);
    this.closed = { at, until: this.deps.clock.now() + Number(seconds) * 1_000, opens: timestamp + seconds };
  }

  /** By this clock and the chain's. Once it opens, all take their turns from then on. */
  private async isClosed(at: string, signal: AbortSignal): Promise<boolean> {
    if (this.closed?.at !== at) return false;
    const { until, opens } = this.closed;
    if (this.deps.clock.now() < until && (await this.deps.reader.finalized(signal)).timestamp < opens) return true;
    this.closed = this.since = undefined;
    return false;
  }

  /** Said once for each state: nothing that this program can do helps. */
  private stuck(epoch: bigint, reason: "NO_QUORUM" | "SET_EXPIRED" | "ROTATION_EXPIRED"): void {
    if (this.said === `${epoch}:${reason}`) return;
    this.said = `${epoch}:${reason}`;
    this.deps.emit({ kind: "rotation_stuck", target: this.target, epoch, reason });
  }
}
