import type { TransactionReceipt } from "ethers";
import type { ContractTypes } from "../../deploy/contracts";
import { Refusal } from "../refusal";

/** A node that a transaction opened. */
export interface NodeResult {
  readonly position: bigint;
  readonly end: bigint;
}

export function openedNode(pool: ContractTypes["NodeStaking"], receipt: TransactionReceipt): NodeResult {
  for (const log of receipt.logs) {
    const event = pool.interface.parseLog(log);
    if (event?.name === "NodePledged") return { position: event.args.position, end: event.args.end } as NodeResult;
  }
  throw new Refusal(`the transaction ${receipt.hash} opened no node`);
}
