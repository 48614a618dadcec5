import type { LaneEnds } from "../../protocol/hashChain";
import { headerDigest, recoverSigner, type Target } from "../../protocol/header";
import { quorumOf } from "../../protocol/quorum";
import { RelayerError } from "../errors";
import type { Attestation, AttestationPeer, AttestationSigner, ChainReader, Clock } from "../ports";
import type { Store } from "../store/store";
import type { Emit } from "./events";
import { GATEWAY } from "./gatewayInterface";
import { sourceOf, targetOf } from "./lane";
import type { SignerSets } from "./signerSets";

/** Headers signed per step; the step is repeated while there are more. */
const HEADERS_PER_STEP = 256;
/** Between two rounds of asking peers for own earlier signatures. */
const RECOVERY_ROUND_MS = 500;

/** Signs a lane's headers in epochs of which the operator is a member; what it signs is stored first. */
export class Attestor {
  private recovered = false;
  private readonly answered = new Set<string>();
  private signedTo: bigint | undefined;

  constructor(
    private readonly lane: LaneEnds,
    private readonly deps: {
      readonly signer: AttestationSigner;
      readonly source: ChainReader;
      readonly store: Store;
      readonly sets: SignerSets;
      readonly peers: () => readonly AttestationPeer[];
      readonly clock: Clock;
      readonly emit: Emit;
    },
  ) {}

  /** Signs what is new; false if there was nothing. */
  async step(signal: AbortSignal): Promise<boolean> {
    if (!this.recovered) await this.recover(signal);
    const { store, signer, sets, emit } = this.deps;
    this.signedTo ??= (await store.attestations.lastBlockOf(this.lane, signer.address)) ?? 0n;
    const headers = await store.blocks.headers(this.lane, this.signedTo, HEADERS_PER_STEP);
    for (const { header } of headers) {
      signal.throwIfAborted();
      // The source's set is the header's; where its endpoint does not know it, the target's does. A wrong answer makes
      // a signature that nobody counts, or one signature fewer.
      const set = await sets.ofAny([sourceOf(this.lane), targetOf(this.lane)], header.epoch, signal);
      if (set.includes(signer.address)) {
        try {
          await store.attestations.sign(this.lane, header, signer);
          emit({ kind: "signed", lane: this.lane, header });
        } catch (error) {
          if (!(error instanceof RelayerError) || error.code !== "SIGNING_CONFLICT") throw error;
          emit({ kind: "signing_refused", lane: this.lane, header, error });
        }
      }
      this.signedTo = header.sourceBlock;
    }
    return headers.length > 0;
  }

  /**
   * Takes over own signatures that this store has lost, as it does when it is restored from a backup: peers kept what
   * they collected. Nothing is signed before as many answered as make a quorum together with this operator.
   */
  private async recover(signal: AbortSignal): Promise<void> {
    const { store, signer, emit, clock, source, sets, peers } = this.deps;
    const epochData = await source.call(this.lane.sourceGateway, GATEWAY.encodeFunctionData("currentEpoch"), signal);
    const [epoch] = GATEWAY.decodeFunctionResult("currentEpoch", epochData) as unknown as [bigint];
    const set = await sets.of(sourceOf(this.lane), epoch, signal);
    const needed = quorumOf(set.length) - (set.includes(signer.address) ? 1 : 0);
    const after = (await store.attestations.lastBlockOf(this.lane, signer.address)) ?? 0n;
    let adopted = 0;
    for (;;) {
      const open = peers().filter((peer) => !this.answered.has(peer.endpoint));
      await Promise.all(
        open.map(async (peer) => {
          try {
            adopted += await this.adoptFrom(peer, after, signal);
            this.answered.add(peer.endpoint);
          } catch (error) {
            emit({
              kind: "failed",
              part: "attestor",
              lane: this.lane,
              peer: peer.endpoint,
              error,
              retryInMs: RECOVERY_ROUND_MS,
            });
          }
        }),
      );
      const answered = this.answered.size;
      if (answered >= needed) {
        emit({ kind: "recovered", lane: this.lane, answered, adopted });
        this.recovered = true;
        return;
      }
      emit({ kind: "recovering", lane: this.lane, answered, needed });
      await clock.sleep(RECOVERY_ROUND_MS, signal);
      signal.throwIfAborted();
    }
  }

  private async adoptFrom(peer: AttestationPeer, from: bigint, signal: AbortSignal): Promise<number> {
    const { signer } = this.deps;
    let adopted = 0;
    let after = from;
    for (;;) {
      const page = await peer.attestations(
        {
          source: this.lane.sourceChainId,
          target: this.lane.targetChainId,
          after,
          signer: signer.address,
          waitMs: 0,
        },
        signal,
      );
      const next = page.reduce((max, { header }) => (header.sourceBlock > max ? header.sourceBlock : max), after);
      for (const attestation of page) if (await this.adopt(attestation)) adopted += 1;
      if (next === after) return adopted;
      after = next;
    }
  }

  private async adopt(attestation: Attestation): Promise<boolean> {
    const { store, signer, emit } = this.deps;
    const target = targetOf(this.lane);
    if (attestation.header.source !== this.lane.sourceChainId) return false;
    if (!signedBy(attestation, target, signer.address)) return false;
    try {
      return await store.attestations.adopt(this.lane, { ...attestation, target, signer: signer.address });
    } catch (error) {
      if (!(error instanceof RelayerError) || error.code !== "SIGNING_CONFLICT") throw error;
      emit({ kind: "signing_refused", lane: this.lane, header: attestation.header, error });
      return false;
    }
  }
}

/** True where the signature over the header as it is given is `signer`'s. */
export function signedBy(attestation: Attestation, target: Target, signer: string): boolean {
  try {
    return recoverSigner(headerDigest(attestation.header, target), attestation.signature) === signer;
  } catch {
    return false;
  }
}
