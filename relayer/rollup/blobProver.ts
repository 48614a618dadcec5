import type { SidecarBlob } from "../ports";

/** KZG of blobs. It takes a second each in JavaScript, so that whoever serves others asks a thread (`kzgThreads.ts`). */
export interface BlobProver {
  /** A blob's commitment, 48 bytes. */
  commit(blob: Uint8Array): Promise<Uint8Array>;
  /** Commitment and proof: what a transaction needs to carry it. */
  prove(blob: Uint8Array): Promise<SidecarBlob>;
}
