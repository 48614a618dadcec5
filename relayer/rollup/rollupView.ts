import type { StateReader, VerifiedBlock } from "../ports";
import { ContractView } from "./contractView";
import { ROLLUP, type QueuedEntry, type RollupHead } from "./rollupInterface";

/** A rollup as its contract stands at the end of a final block. */
export interface RollupAt {
  readonly block: VerifiedBlock;
  readonly head: RollupHead;
  /** Of the latest batch, lowercase hex. */
  readonly headHash: string;
}

/** What a rollup keeps for good. */
export interface RollupConstants {
  readonly separator: string;
  readonly challengeSeconds: bigint;
  readonly openSeconds: bigint;
}

/** Reads of a rollup's contract that a quorum of endpoints agrees on. */
export class RollupView {
  private readonly contract: ContractView;

  constructor(
    readonly address: string,
    reader: StateReader,
  ) {
    this.contract = new ContractView(ROLLUP, address, reader);
  }

  async at(block: VerifiedBlock, signal: AbortSignal): Promise<RollupAt> {
    const head = await this.contract.read<RollupHead>("head", [], block, signal);
    return { block, head, headHash: await this.batchHash(head.number, block, signal) };
  }

  async constants(block: VerifiedBlock, signal: AbortSignal): Promise<RollupConstants> {
    const [separator, challengeSeconds, openSeconds] = await Promise.all([
      this.contract.read<string>("domainSeparator", [], block, signal),
      this.contract.read<bigint>("CHALLENGE_SECONDS", [], block, signal),
      this.contract.read<bigint>("OPEN_SECONDS", [], block, signal),
    ]);
    return { separator, challengeSeconds, openSeconds };
  }

  batchHash(number: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<string> {
    return this.contract.read("batchHashOf", [number], block, signal);
  }

  entry(number: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<QueuedEntry> {
    return this.contract.read("entryOf", [number], block, signal);
  }

  movesHalt(time: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<bigint> {
    return this.contract.read("movesHaltAt", [time], block, signal);
  }

  isCertified(batchHash: string, block: VerifiedBlock, signal: AbortSignal): Promise<boolean> {
    return this.contract.read("isCertified", [batchHash], block, signal);
  }

  isProvenFalse(batchHash: string, block: VerifiedBlock, signal: AbortSignal): Promise<boolean> {
    return this.contract.read("isProvenFalse", [batchHash], block, signal);
  }

  reward(prover: string, block: VerifiedBlock, signal: AbortSignal): Promise<bigint> {
    return this.contract.read("rewardOf", [prover], block, signal);
  }
}
