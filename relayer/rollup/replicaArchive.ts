import { getBytes } from "ethers";
import { rootOf } from "../../protocol/ledger/tree";
import type { LedgerCrypto } from "../../protocol/ledger/crypto";
import { Refusal } from "../api/refusal";
import type { ChainArchive, LeafProof } from "./api/routes";
import type { RollupRunner } from "./run";
import { RollupView } from "./rollupView";
import type { Progress } from "./sequencer/receipts";
import type { StateReader } from "../ports";

/** What a node that follows the chain can prove, and what it has read. */
export class ReplicaArchive implements ChainArchive {
  private readonly view: RollupView;

  constructor(
    private readonly runner: Pick<RollupRunner, "node" | "batches">,
    private readonly crypto: LedgerCrypto,
    rollup: string,
    reader: StateReader,
  ) {
    this.view = new RollupView(rollup, reader);
  }

  /** Tells how far batches have come on layer 1. */
  async report(progress: Progress, signal: AbortSignal): Promise<void> {
    const { node } = this.runner;
    if (node?.at === undefined) return;
    const { replica, at } = node;
    const latest = replica.at.batch.number;
    progress.final = replica.final.batch.number;
    if (progress.certified > latest) progress.certified = latest;
    for (const { batch, hash } of replica.batches) {
      if (batch.number <= progress.certified || batch.number === 0n) continue;
      if (await this.view.isCertified(hash, at.block, signal)) progress.certified = batch.number;
    }
  }

  async prove(leaf: number, at: "posted" | "final"): Promise<LeafProof | undefined> {
    const proven = this.runner.node?.replica.prove(leaf, at === "posted" ? "latest" : "final");
    if (proven === undefined) return undefined;
    const { batch, hash, index, leaf: bytes, siblings } = proven;
    const root = rootOf(this.crypto.keccak256, [index], [this.crypto.keccak256(bytes)], siblings);
    if (root !== undefined && Buffer.compare(root, batch.state.root) === 0) {
      return { batch, hash: getBytes(hash), index, leaf: bytes, siblings };
    }
    // The node is in the middle of a batch.
    throw new Refusal(503, "BUSY", "a batch is being executed: try again in a second");
  }

  async batch(number: bigint, signal: AbortSignal): ReturnType<ChainArchive["batch"]> {
    const { node, batches } = this.runner;
    const known = node?.replica.batches.find(({ batch }) => batch.number === number);
    if (known === undefined || batches === undefined || number === 0n) return undefined;
    const { blockNumber } = known.batch;
    const { batch, hash, segments } = await batches.read({ number, hash: known.hash, blockNumber }, signal);
    return { batch, hash: getBytes(hash), segments };
  }
}
