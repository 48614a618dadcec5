import { id } from "ethers";
import { Store, type StoreLocation } from "../../relayer/store/store";
import { headerAt, LANE, messagesUpTo } from "./storeSamples";

/** Stops in the middle of a transaction until it is killed; argument: the store's location as JSON. */
async function main(): Promise<void> {
  const store = await Store.open(JSON.parse(process.argv[2] as string) as StoreLocation);
  await store.transaction(async (repositories) => {
    await repositories.blocks.record(LANE, {
      cursor: 10n,
      messages: messagesUpTo(3n),
      results: [],
      header: headerAt(10n, 3n, id("acc 3")),
    });
    process.stdout.write("written\n");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
}

// Hardhat loads every file below test/: only the process of its own runs.
if (require.main === module) void main();
