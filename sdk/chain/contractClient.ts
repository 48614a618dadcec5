import {
  isCallException,
  type ErrorDescription,
  type Interface,
  type Log,
  type Provider,
  type Signer,
  type TransactionReceipt,
} from "ethers";
import { SdkError } from "../errors";
import { explainContractError } from "./contractErrors";

/** Endpoints of BSC answer for at most so many blocks at once. */
const LOG_BLOCKS = 5_000;

/** One contract on one chain: reads by the provider, writes by a signer. */
export class ContractClient {
  constructor(
    readonly address: string,
    readonly abi: Interface,
    readonly provider: Provider,
  ) {}

  /** Throws CHAIN_REVERTED with the contract's error, or CHAIN_FAILED. */
  async read(method: string, args: readonly unknown[]): Promise<readonly unknown[]> {
    const data = this.abi.encodeFunctionData(method, args);
    try {
      const answer = await this.provider.call({ to: this.address, data });
      return this.abi.decodeFunctionResult(method, answer).toArray();
    } catch (cause) {
      throw this.explain(method, cause);
    }
  }

  /** Sends and waits for `confirmations`. Throws CHAIN_REVERTED with the contract's error, or CHAIN_FAILED. */
  async write(
    signer: Signer,
    method: string,
    args: readonly unknown[],
    value = 0n,
    confirmations = 1,
  ): Promise<TransactionReceipt> {
    const data = this.abi.encodeFunctionData(method, args);
    try {
      const sent = await signer.sendTransaction({ to: this.address, data, value });
      const receipt = await sent.wait(confirmations);
      if (receipt === null) throw new SdkError("CHAIN_FAILED", { context: { method } });
      return receipt;
    } catch (cause) {
      throw this.explain(method, cause);
    }
  }

  /**
   * The contract's logs of these topics, newest block range first, until `isEnough` or the first block. Never more blocks
   * at once than endpoints answer for.
   */
  async logsBackwards(
    topics: readonly (string | null)[],
    fromBlock: number,
    isEnough: (logs: readonly Log[]) => boolean,
  ): Promise<readonly Log[]> {
    let found: readonly Log[] = [];
    try {
      let to = await this.provider.getBlockNumber();
      while (to >= fromBlock) {
        const from = Math.max(fromBlock, to - LOG_BLOCKS + 1);
        const filter = { address: this.address, topics: [...topics], fromBlock: from, toBlock: to };
        found = [...(await this.provider.getLogs(filter)), ...found];
        if (isEnough(found)) return found;
        to = from - 1;
      }
      return found;
    } catch (cause) {
      throw this.explain("getLogs", cause);
    }
  }

  /** Seconds of the latest block: the contracts' clock. */
  async time(): Promise<bigint> {
    const block = await this.provider.getBlock("latest").catch((cause: unknown) => {
      throw this.explain("getBlock", cause);
    });
    if (block === null) throw new SdkError("CHAIN_FAILED", { context: { method: "getBlock" } });
    return BigInt(block.timestamp);
  }

  private explain(method: string, cause: unknown): SdkError {
    if (cause instanceof SdkError) return cause;
    if (!isCallException(cause)) return new SdkError("CHAIN_FAILED", { context: { method }, cause });
    const parsed = typeof cause.data === "string" ? this.errorIn(cause.data) : null;
    const error = parsed?.name ?? cause.revert?.name ?? "unknown";
    const args = (parsed?.args ?? cause.revert?.args ?? []) as readonly unknown[];
    return new SdkError("CHAIN_REVERTED", {
      context: { method, error, args: [...args], ...explainContractError(error) },
      cause,
    });
  }

  /** Null where a revert says nothing, or nothing that is whole. */
  private errorIn(data: string): ErrorDescription | null {
    try {
      return this.abi.parseError(data);
    } catch {
      return null;
    }
  }
}
