import { parentPort } from "node:worker_threads";
import { createLedgerCrypto } from "./ledgerCrypto";
import { answerItems } from "./signatureBatch";

/** A thread of `SignatureWorkers`: answers buffers of signatures in the order in which they come. */
async function main(): Promise<void> {
  if (parentPort === null) throw new Error("this is a thread's program: SignatureWorkers starts it");
  const port = parentPort;
  const { recover } = await createLedgerCrypto();
  port.on("message", (packed: Uint8Array) => {
    const answers = answerItems(packed, recover);
    port.postMessage(answers, [answers.buffer]);
  });
}

void main();
