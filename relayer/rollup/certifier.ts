import { concat, keccak256 } from "ethers";
import type { RollupTarget } from "../../protocol/certificate";
import { quorumProof } from "../../protocol/quorum";
import { RelayerError } from "../errors";
import type { CertificateSigner, ChainReader, Clock, TransactionSender } from "../ports";
import type { Store } from "../store/store";
import type { CertifierEpochs, CertifierSet } from "./certifierEpochs";
import type { EmitRollup } from "./events";
import type { RollupNode } from "./node";
import type { KnownBatch } from "./replica";
import { ROLLUP, abiBatch } from "./rollupInterface";
import type { RollupAt, RollupView } from "./rollupView";
import { sendOnce } from "./sendOnce";

/** Between two operators' turns at sending a certificate: longer than a transaction takes. */
const STAGGER_MS = 5_000;
/** Batches that are asked for at once whether they are certified, the newest ones. */
const LOOKS = 4;

/**
 * Signs the batches that this node has re-executed, and brings a quorum's signatures to the contract. A certificate of a
 * batch stands for all before it: only the newest that has a quorum is sent.
 */
export class Certifier {
  private readonly signed = new Set<string>();
  /** Number of the highest batch that is known to be certified on chain. */
  private certifiedTo = -1n;
  private turn: { readonly hash: string; readonly since: number } | undefined;

  constructor(
    private readonly rollup: RollupTarget,
    private readonly deps: {
      readonly node: Pick<RollupNode, "at" | "replica">;
      readonly epochs: Pick<CertifierEpochs, "current">;
      readonly view: Pick<RollupView, "isCertified">;
      /** Absent: this process signs nothing. */
      readonly signer?: CertificateSigner;
      /** Absent: it sends nothing. */
      readonly sender?: TransactionSender;
      readonly reader: Pick<ChainReader, "estimateGas">;
      readonly store: Pick<Store, "rollup" | "transactions">;
      readonly clock: Pick<Clock, "now">;
      readonly emit: EmitRollup;
      readonly staggerMs?: number;
    },
  ) {}

  /** Batches that are executed and not final, oldest first; what is certified already is left out. */
  get pending(): readonly KnownBatch[] {
    return this.deps.node.replica.batches.filter(({ batch }) => batch.number > 0n && batch.number > this.certifiedTo);
  }

  async step(signal: AbortSignal): Promise<void> {
    const { node, epochs } = this.deps;
    const { at } = node;
    if (at === undefined || at.head.frozen) return;
    await this.refresh(at, signal);
    const { pending } = this;
    if (pending.length === 0) return;
    const set = await epochs.current(at.block, signal);
    await this.sign(pending, set, signal);
    await this.send(pending, set, signal);
  }

  /** What the chain certifies may be undone with its batch: then lower ones count again. */
  private async refresh({ block }: RollupAt, signal: AbortSignal): Promise<void> {
    const { node, view } = this.deps;
    if (this.certifiedTo > node.replica.at.batch.number) this.certifiedTo = -1n;
    for (const { batch, hash } of this.pending.slice(-LOOKS).reverse()) {
      if (!(await view.isCertified(hash, block, signal))) continue;
      this.certifiedTo = batch.number;
      return;
    }
  }

  private async sign(
    pending: readonly KnownBatch[],
    { epoch, signers }: CertifierSet,
    signal: AbortSignal,
  ): Promise<void> {
    const { signer, store, emit } = this.deps;
    if (signer === undefined || !signers.includes(signer.address)) return;
    for (const { batch, hash } of pending) {
      signal.throwIfAborted();
      const key = `${hash}:${epoch}`;
      if (this.signed.has(key)) continue;
      const certificate = { batchHash: hash, number: batch.number, epoch };
      try {
        await store.rollup.sign(this.rollup, certificate, signer);
        emit({ kind: "certificate_signed", ...certificate });
      } catch (error) {
        if (!(error instanceof RelayerError) || error.code !== "SIGNING_CONFLICT") throw error;
        emit({ kind: "certifying_refused", number: batch.number, batchHash: hash, error });
      }
      this.signed.add(key);
    }
  }

  private async send(pending: readonly KnownBatch[], set: CertifierSet, signal: AbortSignal): Promise<void> {
    const { sender, store, emit } = this.deps;
    if (sender === undefined) return;
    for (const { batch, hash } of [...pending].reverse()) {
      const signatures = await store.rollup.signaturesOf(this.rollup, hash, set.epoch);
      const proof = quorumProof(set.signers, signatures);
      if (proof === undefined) continue;
      if (!this.isTurn(hash, set)) return;
      const data = ROLLUP.encodeFunctionData("certify", [abiBatch(batch), set.epoch, proof.signers, proof.signatures]);
      const sent = await sendOnce(
        { ...this.deps, sender, rollup: this.rollup },
        `rollup:certify:${hash}`,
        data,
        signal,
      );
      if (typeof sent === "string" || !sent.outcome.succeeded) return;
      this.certifiedTo = batch.number;
      if (!sent.known)
        emit({ kind: "certified", number: batch.number, batchHash: hash, transactionHash: sent.outcome.hash });
      return;
    }
  }

  /** Each operator waits its place by the batch's hash; who is dead costs one turn. */
  private isTurn(hash: string, { signers }: CertifierSet): boolean {
    const { signer, sender, clock } = this.deps;
    const now = clock.now();
    if (this.turn?.hash !== hash) this.turn = { hash, since: now };
    const order = [...signers].sort((a, b) => (rankOf(hash, a) < rankOf(hash, b) ? -1 : 1));
    const place = order.indexOf(signer?.address ?? sender?.address ?? "");
    const turns = place < 0 ? order.length : place;
    return now - this.turn.since >= turns * (this.deps.staggerMs ?? STAGGER_MS);
  }
}

function rankOf(hash: string, signer: string): string {
  return keccak256(concat([hash, signer]));
}
