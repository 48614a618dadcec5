import type { RollupTarget } from "../../protocol/certificate";
import { attempted } from "../cassini/attempts";
import type { TransactionRow } from "../chain/transactionStore";
import { ContractRevert } from "../errors";
import type { ChainReader, TransactionOutcome, TransactionSender } from "../ports";
import type { Store } from "../store/store";
import { ROLLUP } from "./rollupInterface";

/** What became of a call: `known` where it had succeeded before. A string names the error by which it would revert now. */
export type Sent = { readonly outcome: TransactionOutcome; readonly known: boolean } | string;

/** EIP-7825: a transaction with a higher limit is taken into no block. */
const MOST_GAS = 1n << 24n;

/** A fifth more than was estimated, but never so much that no block takes it. */
export function gasLimitFor(estimated: bigint): bigint {
  const wanted = estimated + estimated / 5n;
  return wanted > MOST_GAS && estimated <= MOST_GAS ? MOST_GAS : wanted;
}

export interface SendDeps {
  readonly rollup: RollupTarget;
  readonly reader: Pick<ChainReader, "estimateGas">;
  readonly sender: TransactionSender;
  readonly store: Pick<Store, "transactions">;
}

/**
 * Calls the rollup once per key, however often it is asked and whatever crashes in between. What was mined is looked for
 * again, for its block may have been undone; what reverted on chain gets another attempt; nothing is sent that would
 * revert.
 */
export async function sendOnce(deps: SendDeps, key: string, data: string, signal: AbortSignal): Promise<Sent> {
  const { store, sender } = deps;
  const { chainId, rollup: to } = deps.rollup;
  const row = await lastAttempt(deps, key);
  const known = row?.outcome?.succeeded === true;
  // What is on its way counts already: its estimate may fail for it.
  if (row === undefined || row.status === "abandoned") {
    const gas = await estimate(deps, data, signal);
    if (typeof gas === "string") return gas;
    const request = { chainId, key, to, data, gasLimit: gasLimitFor(gas) };
    return { outcome: await attempted(store, sender, request, signal), known };
  }
  const { gasLimit } = row;
  return { outcome: await attempted(store, sender, { chainId, key, to, data, gasLimit }, signal), known };
}

/** The attempt that has not failed on chain; undefined where there is none. */
async function lastAttempt(
  { store, sender, rollup: { chainId } }: SendDeps,
  key: string,
): Promise<TransactionRow | undefined> {
  for (let attempt = 0; ; attempt++) {
    const row = await store.transactions.find({ chainId, sender: sender.address, key: `${key}:${attempt}` });
    if (row?.outcome?.succeeded !== false) return row;
  }
}

/** Gas that the call would use, or the name of the error by which it would revert. */
async function estimate(
  { reader, sender, rollup }: SendDeps,
  data: string,
  signal: AbortSignal,
): Promise<bigint | string> {
  try {
    return await reader.estimateGas({ from: sender.address, to: rollup.rollup, data }, signal);
  } catch (error) {
    if (error instanceof ContractRevert) return errorName(error.data);
    throw error;
  }
}

function errorName(data: string): string {
  try {
    return ROLLUP.parseError(data)?.name ?? data;
  } catch {
    return data;
  }
}
