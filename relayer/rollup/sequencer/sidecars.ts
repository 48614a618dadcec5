import { encodeBlobs } from "../../../protocol/ledger/blobs";
import type { Clock, SidecarBlob } from "../../ports";
import type { BlobProver } from "../blobProver";
import type { SealedBatch } from "./engine";
import type { EmitSequencer } from "./events";

/** The blobs of sealed batches with their proofs, each made once, and forgotten with the batch. */
export class Sidecars {
  private readonly made = new WeakMap<SealedBatch, Promise<readonly SidecarBlob[]>>();

  constructor(
    private readonly prover: BlobProver,
    private readonly clock: Pick<Clock, "now">,
    private readonly emit: EmitSequencer,
  ) {}

  of(batch: SealedBatch): Promise<readonly SidecarBlob[]> {
    const known = this.made.get(batch);
    if (known !== undefined) return known;
    const making = this.make(batch);
    making.catch(() => this.made.delete(batch));
    this.made.set(batch, making);
    return making;
  }

  private async make({ header, segments }: SealedBatch): Promise<readonly SidecarBlob[]> {
    const { clock, prover, emit } = this;
    const began = clock.now();
    const blobs = await Promise.all(encodeBlobs(segments).map((blob) => prover.prove(blob)));
    emit({ kind: "blobs_proven", batch: header.number, blobs: blobs.length, milliseconds: clock.now() - began });
    return blobs;
  }
}
