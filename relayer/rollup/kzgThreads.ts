import { BLOB_BYTES } from "../../protocol/ledger/blobs";
import type { SidecarBlob } from "../ports";
import type { BlobProver } from "./blobProver";
import { JobThread } from "./jobThread";

const COMMITMENT_BYTES = 48;

/** KZG in threads of their own, started as they are needed: transactions are taken meanwhile. */
export class KzgThreads implements BlobProver {
  private readonly threads: JobThread[] = [];

  constructor(private readonly most: number) {
    if (!Number.isInteger(most) || most < 1) throw new RangeError(`${most} threads`);
  }

  commit(blob: Uint8Array): Promise<Uint8Array> {
    return this.idlest().answer(Uint8Array.from(blob));
  }

  async prove(blob: Uint8Array): Promise<SidecarBlob> {
    const question = new Uint8Array(BLOB_BYTES + 1);
    question.set(blob);
    const answer = await this.idlest().answer(question);
    const commitment = answer.slice(0, COMMITMENT_BYTES);
    return { blob, commitment, proof: answer.slice(COMMITMENT_BYTES) };
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private idlest(): JobThread {
    const idle = this.threads.find(({ waiting }) => waiting === 0);
    if (idle !== undefined) return idle;
    if (this.threads.length < this.most) {
      const started = new JobThread("kzgThread.ts");
      this.threads.push(started);
      return started;
    }
    return this.threads.reduce((least, thread) => (thread.waiting < least.waiting ? thread : least));
  }
}
