import type { StateReader, VerifiedBlock } from "../ports";
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
  constructor(
    readonly address: string,
    private readonly reader: StateReader,
  ) {}

  async at(block: VerifiedBlock, signal: AbortSignal): Promise<RollupAt> {
    const head = await this.read<RollupHead>("head", [], block, signal);
    return { block, head, headHash: await this.batchHash(head.number, block, signal) };
  }

  async constants(block: VerifiedBlock, signal: AbortSignal): Promise<RollupConstants> {
    const [separator, challengeSeconds, openSeconds] = await Promise.all([
      this.read<string>("domainSeparator", [], block, signal),
      this.read<bigint>("CHALLENGE_SECONDS", [], block, signal),
      this.read<bigint>("OPEN_SECONDS", [], block, signal),
    ]);
    return { separator, challengeSeconds, openSeconds };
  }

  batchHash(number: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<string> {
    return this.read("batchHashOf", [number], block, signal);
  }

  entry(number: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<QueuedEntry> {
    return this.read("entryOf", [number], block, signal);
  }

  movesHalt(time: bigint, block: VerifiedBlock, signal: AbortSignal): Promise<bigint> {
    return this.read("movesHaltAt", [time], block, signal);
  }

  isCertified(batchHash: string, block: VerifiedBlock, signal: AbortSignal): Promise<boolean> {
    return this.read("isCertified", [batchHash], block, signal);
  }

  isProvenFalse(batchHash: string, block: VerifiedBlock, signal: AbortSignal): Promise<boolean> {
    return this.read("isProvenFalse", [batchHash], block, signal);
  }

  reward(prover: string, block: VerifiedBlock, signal: AbortSignal): Promise<bigint> {
    return this.read("rewardOf", [prover], block, signal);
  }

  private async read<Value>(
    name: string,
    args: readonly unknown[],
    block: VerifiedBlock,
    signal: AbortSignal,
  ): Promise<Value> {
    const answer = await this.reader.callAt(this.address, ROLLUP.encodeFunctionData(name, args), block, signal);
    return ROLLUP.decodeFunctionResult(name, answer)[0] as Value;
  }
}
