import { parentPort } from "node:worker_threads";
import { createKzg } from "./kzg";

/** A thread of `KzgThreads`: a blob's commitment, or with one byte more behind the blob its commitment and proof. */
function main(): void {
  if (parentPort === null) throw new Error("this is a thread's program: KzgThreads starts it");
  const port = parentPort;
  const kzg = createKzg();
  port.on("message", (question: Uint8Array) => {
    const wantsProof = question.length % 2 === 1;
    const blob = wantsProof ? question.subarray(0, -1) : question;
    const commitment = kzg.blobToKzgCommitment(blob);
    const parts = wantsProof ? [commitment, kzg.computeBlobKzgProof(blob, commitment)] : [commitment];
    const answer = Uint8Array.from(parts.flatMap((part) => [...part]));
    port.postMessage(answer, [answer.buffer]);
  });
}

main();
