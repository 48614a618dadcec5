import type { ContractTransactionResponse } from "ethers";

/** Gas by key: a number, or a curve by size. */
export type EconomyGas = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** Gas of a transaction, from its receipt. */
export async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait();
  if (receipt?.status !== 1) throw new Error("the transaction did not succeed");
  return Number(receipt.gasUsed);
}

/** What a claim costs must not depend on how many others there are. */
export const CURVE = [10, 1_000, 10_000] as const;
