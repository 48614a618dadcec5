import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { channelGas } from "./game/channels";
import { marketGas } from "./game/market";
import { purityGas } from "./game/purity";
import { sessionGas } from "./game/session";
import type { EconomyGas } from "./economy/receipts";

/** Gas of the games, from receipts, on Hardhat's prague rules: one function per subject. */
const SUBJECTS: readonly (() => Promise<EconomyGas>)[] = [sessionGas, purityGas, marketGas, channelGas];

async function main(): Promise<void> {
  const results: Record<string, EconomyGas[string]> = {};
  for (const subject of SUBJECTS) {
    for (const [key, gas] of Object.entries(await subject())) {
      results[key] = gas;
      console.log(`${key}: ${JSON.stringify(gas)}`);
    }
  }
  const folder = join(__dirname, "results");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "game-gas.json"), `${JSON.stringify(results, null, 2)}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
