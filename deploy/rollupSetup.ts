import type { ContractTypes } from "./contracts";
import type { RollupParameters } from "./parameters/rollup";

/** What a new rollup has to be told before it serves: its vault, the price of entries, who may post at any time. */
export async function rollupSetup(
  rollup: ContractTypes["Rollup"],
  vault: string,
  { entryPrice, sequencer }: RollupParameters,
): Promise<readonly string[]> {
  const encode = rollup.interface;
  const calls: string[] = [];
  if ((await rollup.vault()) !== vault) calls.push(encode.encodeFunctionData("setVault", [vault]));
  if ((await rollup.entryPrice()) !== entryPrice) calls.push(encode.encodeFunctionData("setEntryPrice", [entryPrice]));
  if (sequencer !== undefined && !(await rollup.posterOf(sequencer)).sequencer) {
    calls.push(encode.encodeFunctionData("setSequencer", [sequencer, true]));
  }
  return calls;
}
