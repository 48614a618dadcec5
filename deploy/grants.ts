import { isError, type Provider } from "ethers";
import type { ContractTypes } from "./contracts";
import type { DeploymentRecord } from "./record";
import { ADMIN_ROLE } from "./roles";

/** Blocks that public endpoints of BSC answer `eth_getLogs` for at most. */
const LOG_WINDOW = 5_000;
const MAX_LOG_WINDOWS = 200;

/** Every (role, account) that was ever granted; undefined where the endpoint does not serve the logs. */
export async function grantsOf(
  accessManager: ContractTypes["AccessManager"],
  record: DeploymentRecord,
  provider: Provider,
): Promise<readonly (readonly [bigint, string])[] | undefined> {
  const first = record.contracts.AccessManager?.block ?? 0;
  const last = await provider.getBlockNumber();
  if (last - first > LOG_WINDOW * MAX_LOG_WINDOWS) return undefined;
  const granted = new Map<string, readonly [bigint, string]>();
  try {
    for (let from = first; from <= last; from += LOG_WINDOW) {
      const to = Math.min(from + LOG_WINDOW - 1, last);
      for (const { args } of await accessManager.queryFilter(accessManager.filters.RoleGranted(), from, to)) {
        granted.set(`${args.roleId}:${args.account}`, [args.roleId, args.account]);
      }
    }
  } catch (error) {
    if (isError(error, "CALL_EXCEPTION")) throw error;
    return undefined;
  }
  // The first admin was granted when the manager was created: without that log others may be missing, too.
  return granted.has(`${ADMIN_ROLE}:${record.deployer}`) ? [...granted.values()] : undefined;
}
