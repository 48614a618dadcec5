import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LedgerCrypto } from "../../../protocol/ledger/crypto";
import { RelayerError } from "../../errors";
import type { RollupRunner } from "../run";
import type { StateSource } from "./ports";
import { readState, writeState, type StoredState } from "./stateFile";

/** States of a node that re-executes what was posted, copied through a file. */
export class ChainStates implements StateSource {
  constructor(
    private readonly runner: Pick<RollupRunner, "node">,
    private readonly crypto: LedgerCrypto,
  ) {}

  async latest(): Promise<StoredState> {
    const { node } = this.runner;
    if (node?.fraud !== undefined) {
      throw new RelayerError("POSTING_REFUSED", "the latest batch on layer 1 is false: nothing is built on it", {
        retriable: true,
        alert: true,
        context: { number: node.fraud.batch.batch.number },
      });
    }
    if (node === undefined || !node.isCurrent) throw behind();
    const { hash, batch } = node.replica.at;
    const directory = await mkdtemp(join(tmpdir(), "layer2-"));
    try {
      const path = join(directory, "state.bin");
      const { ledger } = node.replica;
      await writeState(path, { ledger, number: batch.number, time: batch.time });
      // It may have gone on meanwhile.
      if (node.replica.at.hash !== hash) throw behind();
      return await readState(path, this.crypto);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

function behind(): RelayerError {
  return new RelayerError("ENDPOINT_UNAVAILABLE", "the chain is not re-executed up to its latest batch yet", {
    retriable: true,
  });
}
