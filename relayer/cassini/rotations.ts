import { getAddress } from "ethers";
import { recoverSigner, rotationDigest, type Rotation, type Target } from "../../protocol/header";
import { quorumProof } from "../../protocol/quorum";
import { ContractRevert, RelayerError } from "../errors";
import type {
  AttestationPeer,
  AttestationSigner,
  ChainReader,
  Clock,
  EpochReader,
  RotationAttestation,
  TransactionSender,
} from "../ports";
import type { Store } from "../store/store";
import type { Emit } from "./events";
import { GATEWAY, gatewayErrorName, isOvertaken } from "./gatewayInterface";
import { turnOf } from "./plan";
import type { SignerSets } from "./signerSets";

/** The registry's gateway, whose epochs all others follow. */
export interface Authority {
  readonly reader: ChainReader & EpochReader;
  readonly gateway: string;
}

/** Key by which operators take turns at rotating a gateway. */
const ROTATION_TURN = "0x726f746174696f6e";

/** Carries the authority's epochs to one other gateway. */
export class RotationRelay {
  private since: { readonly epoch: bigint; readonly time: number } | undefined;

  constructor(
    private readonly target: Target,
    private readonly deps: {
      readonly authority: Authority;
      readonly reader: ChainReader;
      readonly store: Store;
      readonly sets: SignerSets;
      readonly clock: Clock;
      readonly emit: Emit;
      readonly signer: AttestationSigner | undefined;
      readonly sender: TransactionSender | undefined;
      readonly operator: string;
      readonly staggerMs: number;
    },
  ) {}

  /** Signs the authority's current epoch if the target is behind, and brings it there once a quorum did. */
  async step(peers: readonly AttestationPeer[], signal: AbortSignal): Promise<void> {
    const current = await this.currentEpoch(signal);
    const rotation = await this.proven(signal);
    if (rotation.epoch <= current) {
      this.since = undefined;
      return;
    }
    const set = await this.deps.sets.of(this.target, current, signal);
    await this.sign(rotation, set);
    await this.collect(peers, current, set, signal);
    await this.deliver(rotation, current, set, signal);
  }

  /** By call: an endpoint that lies about it makes a signature that is true all the same, over a proven rotation. */
  private async currentEpoch(signal: AbortSignal): Promise<bigint> {
    const call = GATEWAY.encodeFunctionData("currentEpoch");
    const data = await this.deps.reader.call(this.target.gateway, call, signal);
    return (GATEWAY.decodeFunctionResult("currentEpoch", data) as unknown as [bigint])[0];
  }

  /** The authority's current epoch at its latest finalized block, from storage and code hash. */
  private async proven(signal: AbortSignal): Promise<Rotation> {
    const { reader, gateway } = this.deps.authority;
    const finalized = await reader.finalized(signal);
    return reader.currentEpoch(gateway, finalized, signal);
  }

  private async sign(rotation: Rotation, set: readonly string[]): Promise<void> {
    const { signer, store, emit } = this.deps;
    if (signer === undefined || !set.includes(signer.address)) return;
    const known = await store.attestations.rotations(this.target.chainId, rotation.epoch - 1n, {
      own: true,
      limit: 64,
    });
    if (known.some((own) => own.rotation.epoch === rotation.epoch && own.signer === signer.address)) return;
    await store.attestations.signRotation(this.target, rotation, signer);
    emit({ kind: "rotation_signed", target: this.target, rotation });
  }

  private async collect(
    peers: readonly AttestationPeer[],
    current: bigint,
    set: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    await Promise.all(
      peers.map(async (peer) => {
        try {
          const query = { target: this.target.chainId, afterEpoch: current };
          const valid = (await peer.rotations(query, signal)).filter((attestation) => this.isValid(attestation, set));
          await this.deps.store.attestations.collectRotations(
            valid.map((attestation) => ({ ...attestation, target: this.target })),
          );
        } catch (error) {
          this.deps.emit({ kind: "failed", part: "rotation attestor", peer: peer.endpoint, error, retryInMs: 0 });
        }
      }),
    );
  }

  private isValid(attestation: RotationAttestation, set: readonly string[]): boolean {
    const { rotation, signer, signature, target } = attestation;
    try {
      return (
        target.chainId === this.target.chainId &&
        getAddress(target.gateway) === getAddress(this.target.gateway) &&
        set.includes(getAddress(signer)) &&
        recoverSigner(rotationDigest(rotation, this.target), signature) === getAddress(signer)
      );
    } catch {
      return false;
    }
  }

  private async deliver(rotation: Rotation, current: bigint, set: readonly string[], signal: AbortSignal) {
    const { sender, store, clock, reader, emit, operator, staggerMs } = this.deps;
    if (sender === undefined) return;
    const digest = rotationDigest(rotation, this.target);
    const collected = await store.attestations.rotations(this.target.chainId, current, { own: false, limit: 256 });
    // Only the rotation that was proven here, whatever else was signed.
    const signatures = new Map(
      collected
        .filter((attestation) => rotationDigest(attestation.rotation, this.target) === digest)
        .map((attestation) => [attestation.signer, attestation.signature]),
    );
    const proof = quorumProof(set, signatures);
    if (proof === undefined) return;
    if (this.since?.epoch !== rotation.epoch) this.since = { epoch: rotation.epoch, time: clock.now() };
    const turn = turnOf(ROTATION_TURN, { inSeq: this.target.chainId, ackSeq: current }, set, operator);
    if (clock.now() < this.since.time + turn * staggerMs) return;

    const to = this.target.gateway;
    const data = GATEWAY.encodeFunctionData("rotate", [rotation, proof.signers, proof.signatures]);
    let gas: bigint;
    try {
      gas = await reader.estimateGas({ from: sender.address, to, data }, signal);
    } catch (error) {
      if (!(error instanceof ContractRevert)) throw error;
      // Too early is no fault either: the target keeps a minimum time between two rotations.
      if (isOvertaken(error.data) || gatewayErrorName(error.data) === "RotationTooEarly") return;
      this.deps.sets.forget(this.target, current);
      throw error;
    }
    const key = `rotation:${this.target.chainId}:${digest}`;
    const outcome = await sender.submit({ key, to, data, gasLimit: gas + gas / 4n }, signal);
    if (!outcome.succeeded) {
      throw new RelayerError("TRANSACTION_REVERTED", "the rotation reverted", {
        retriable: true,
        context: { target: this.target, epoch: rotation.epoch, transactionHash: outcome.hash },
      });
    }
    emit({ kind: "rotation_delivered", target: this.target, rotation, transactionHash: outcome.hash });
  }
}
