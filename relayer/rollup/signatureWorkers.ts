import { availableParallelism } from "node:os";
import { JobThread } from "./jobThread";
import { packItems, unpackAnswers, type SignatureItem } from "./signatureBatch";

/** Items of one message: enough to make its cost small, and few enough that all threads have work. */
const ITEMS_IN_MESSAGE = 128;

/** Whose signatures these are, found by threads while the caller's thread executes. */
export class SignatureWorkers {
  private constructor(private readonly threads: readonly JobThread[]) {}

  static start(threads = availableParallelism()): SignatureWorkers {
    if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`${threads} threads`);
    return new SignatureWorkers(Array.from({ length: threads }, () => new JobThread("signatureThread.ts")));
  }

  /** Addresses in the order of `items`; undefined for a malformed or high-s signature. Rejects once a thread has ended. */
  async recover(items: readonly SignatureItem[]): Promise<(Uint8Array | undefined)[]> {
    const parts: Promise<(Uint8Array | undefined)[]>[] = [];
    for (let from = 0; from < items.length; from += ITEMS_IN_MESSAGE) {
      const packed = packItems(items.slice(from, from + ITEMS_IN_MESSAGE));
      parts.push(this.idlest().answer(packed).then(unpackAnswers));
    }
    return (await Promise.all(parts)).flat();
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private idlest(): JobThread {
    return this.threads.reduce((least, thread) => (thread.waiting < least.waiting ? thread : least));
  }
}
