import type { TransactionOutcome, TransactionSender } from "../ports";
import type { Store } from "../store/store";

/**
 * Submits under the key's first attempt that has not failed on chain: a key is executed once at most, so what reverted
 * because another operator was faster, or too early, needs another one.
 */
export async function attempted(
  store: Pick<Store, "transactions">,
  sender: TransactionSender,
  request: Parameters<TransactionSender["submit"]>[0] & { readonly chainId: bigint },
  signal: AbortSignal,
): Promise<TransactionOutcome> {
  const { chainId, key, ...call } = request;
  for (let attempt = 0; ; attempt++) {
    const id = { chainId, sender: sender.address, key: `${key}:${attempt}` };
    const row = await store.transactions.find(id);
    if (row?.outcome?.succeeded === false) continue;
    return sender.submit({ ...call, key: id.key }, signal);
  }
}
