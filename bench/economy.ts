import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { delegationGas } from "./economy/delegation";
import type { EconomyGas } from "./economy/receipts";
import { registryGas } from "./economy/registry";
import { revenueGas } from "./economy/revenue";
import { stakingGas } from "./economy/staking";
import { tokenGas } from "./economy/token";

/** Gas of the economy, from receipts, on Hardhat's prague rules: one function per room. */
const ROOMS: readonly (() => Promise<EconomyGas>)[] = [tokenGas, stakingGas, revenueGas, delegationGas, registryGas];

async function main(): Promise<void> {
  const results: Record<string, EconomyGas[string]> = {};
  for (const room of ROOMS) {
    for (const [key, gas] of Object.entries(await room())) {
      results[key] = gas;
      console.log(`${key}: ${JSON.stringify(gas)}`);
    }
  }
  const folder = join(__dirname, "results");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "economy-gas.json"), `${JSON.stringify(results, null, 2)}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
