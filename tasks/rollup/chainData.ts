import { join } from "node:path";
import type { RollupContracts } from "../../deploy/deployment";
import type { RollupDeps } from "../../relayer/rollup/run";
import type { Store } from "../../relayer/store/store";
import { Refusal } from "../refusal";
import { loadRecord, openDeployment, type Session } from "../session";

/** Where a task reads the chain. */
export interface ChainDataArgs {
  readonly endpoints?: string;
  readonly node?: string;
}

export const ENDPOINTS_HELP = "URLs to read the chain from, of which most must agree; default: the network's";
export const NODE_HELP = "A rollup node to begin with the final state of; default: at the beginning";

const POLL_MS = 500;

/** What re-executing layer 2 takes, with a store that is open while `use` runs. */
export async function withChainData<Result>(
  session: Session,
  contracts: RollupContracts,
  args: ChainDataArgs,
  use: (deps: Omit<RollupDeps, "emit" | "challenger"> & { readonly store: Store }) => Promise<Result>,
): Promise<Result> {
  // Hardhat loads every task at every start: what only these need waits until then.
  const [{ Store: Stores }, { EndpointQuorum }, { NodePeer }] = await Promise.all([
    import("../../relayer/store/store"),
    import("../../relayer/chain/endpointQuorum"),
    import("../../relayer/rollup/nodePeer"),
  ]);
  const [{ createLedgerCrypto }, { KzgThreads }, { systemClock }] = await Promise.all([
    import("../../relayer/rollup/ledgerCrypto"),
    import("../../relayer/rollup/kzgThreads"),
    import("../../relayer/systemClock"),
  ]);
  const { chainId, live } = session;
  const rollup = (await contracts.rollup.getAddress()).toLowerCase();
  const endpoints = endpointsOf(session, args.endpoints);
  const peers = args.node === undefined ? [] : [new NodePeer(parseUrl("node", args.node))];
  const { gateway } = await openDeployment(session);
  const record = await loadRecord(session);
  // The salt of a commitment outlives a crash; a local chain does not.
  const folder = join(session.hre.config.paths.root, ".data", "challenges");
  const store = await Stores.open({ sqlite: live ? join(folder, `${chainId}-${rollup}.sqlite`) : ":memory:" });
  const blobProver = new KzgThreads(1);
  try {
    return await use({
      rollup: { chainId, rollup },
      gateway: (await gateway.getAddress()).toLowerCase(),
      startBlock: BigInt(record.contracts.Rollup?.block ?? 0),
      pollMs: POLL_MS,
      reader: new EndpointQuorum({
        chainId,
        endpoints,
        quorum: Math.floor(endpoints.length / 2) + 1,
        finality: live ? "finalized" : "latest",
      }),
      store,
      crypto: await createLedgerCrypto(),
      blobProver,
      clock: systemClock,
      peers: () => peers,
    });
  } finally {
    await blobProver.close();
    await store.close();
  }
}

function endpointsOf({ hre, network }: Session, given: string | undefined): readonly string[] {
  if (given !== undefined) {
    // One that is named twice is still one.
    return [...new Set(given.split(",").map((url) => parseUrl("endpoints", url.trim())))];
  }
  const { config } = hre.network;
  if ("url" in config && config.url !== undefined) return [config.url];
  throw new Refusal(`the network ${network} has no endpoint to read it from: name some by --endpoints`);
}

function parseUrl(key: string, url: string): string {
  if (URL.canParse(url) && /^https?:/i.test(url)) return url;
  throw new Refusal(`--${key} ${url}: not a URL such as https://node.example`);
}
