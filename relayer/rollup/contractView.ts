import type { Interface } from "ethers";
import type { StateReader, VerifiedBlock } from "../ports";

/** Reads of one contract that a quorum of endpoints agrees on. */
export class ContractView {
  constructor(
    private readonly contract: Interface,
    private readonly address: string,
    private readonly reader: StateReader,
  ) {}

  /** The first value that a view function returns at the end of a final block. */
  async read<Value>(name: string, args: readonly unknown[], block: VerifiedBlock, signal: AbortSignal): Promise<Value> {
    const data = this.contract.encodeFunctionData(name, args);
    const answer = await this.reader.callAt(this.address, data, block, signal);
    return this.contract.decodeFunctionResult(name, answer)[0] as Value;
  }
}
