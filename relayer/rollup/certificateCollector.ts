import { getAddress } from "ethers";
import { certificateDigest, type RollupTarget } from "../../protocol/certificate";
import { recoverSigner } from "../../protocol/header";
import type { SignedCertificate } from "../ports";
import type { Store } from "../store/store";
import type { Certifier } from "./certifier";
import type { CertifierEpochs } from "./certifierEpochs";
import type { EmitRollup } from "./events";
import type { RollupNode } from "./node";

/** Another operator, asked for its own certificates. */
export interface CertificatePeer {
  readonly endpoint: string;
  certificates(query: { readonly after: bigint }, signal: AbortSignal): Promise<readonly SignedCertificate[]>;
}

/** Collects what one peer certified of the batches that this node has executed, and believes nothing that it cannot check. */
export class CertificateCollector {
  private readonly known = new Set<string>();

  constructor(
    private readonly rollup: RollupTarget,
    private readonly peer: CertificatePeer,
    private readonly deps: {
      readonly node: Pick<RollupNode, "at" | "replica">;
      readonly certifier: Pick<Certifier, "pending">;
      readonly epochs: Pick<CertifierEpochs, "of">;
      readonly store: Pick<Store, "rollup">;
      readonly emit: EmitRollup;
    },
  ) {}

  async step(signal: AbortSignal): Promise<void> {
    const { certifier, store, emit } = this.deps;
    const first = certifier.pending[0];
    if (first === undefined) return;
    const page = await this.peer.certificates({ after: first.batch.number - 1n }, signal);
    const fresh: SignedCertificate[] = [];
    for (const certificate of page) {
      const key = `${certificate.batchHash}:${certificate.epoch}:${certificate.signer}`;
      if (this.known.has(key) || !(await this.isGenuine(certificate, signal))) continue;
      this.known.add(key);
      fresh.push(certificate);
    }
    await store.rollup.collect(this.rollup, fresh);
    if (fresh.length > 0) {
      emit({ kind: "certificates_collected", peer: this.peer.endpoint, signatures: fresh.length });
    }
  }

  /** Of a batch that stands here, by a member of its epoch. What is unknown may be ahead of this node: it comes again. */
  private async isGenuine(certificate: SignedCertificate, signal: AbortSignal): Promise<boolean> {
    const { node, epochs, emit } = this.deps;
    const { at, replica } = node;
    const batch = replica.find(certificate.batchHash);
    if (at === undefined || batch === undefined) return false;
    const misbehaved = (reason: string): false => {
      emit({ kind: "peer_misbehaved", peer: this.peer.endpoint, reason });
      return false;
    };
    if (batch.batch.number !== certificate.number) return misbehaved("wrong number");
    const { signers } = await epochs.of(certificate.epoch, at.block, signal);
    if (!signers.includes(getAddress(certificate.signer))) return misbehaved("not a member");
    return isSignedBy(certificate, this.rollup) || misbehaved("forged");
  }
}

function isSignedBy(certificate: SignedCertificate, rollup: RollupTarget): boolean {
  try {
    return (
      recoverSigner(certificateDigest(certificate, rollup), certificate.signature) === getAddress(certificate.signer)
    );
  } catch {
    return false;
  }
}
