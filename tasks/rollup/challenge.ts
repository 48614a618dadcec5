import { join } from "node:path";
import { formatEther } from "ethers";
import { task } from "hardhat/config";
import type { RollupContracts } from "../../deploy/deployment";
import { timeInWords } from "../explain";
import { parseNumber } from "../game/room";
import { openRollup } from "../l2/layer2";
import { Refusal } from "../refusal";
import {
  inWords,
  loadRecord,
  openDeployment,
  openSession,
  parseAccount,
  withCommonParams,
  type CommonArgs,
  type Session,
} from "../session";
import { submit } from "../submit";
import type { Reexecuted } from "./reexecution";

interface ChallengeArgs extends CommonArgs {
  readonly batch?: string;
  readonly endpoints?: string;
  readonly node?: string;
  readonly to?: string;
  readonly dryRun?: boolean;
}

/** What became of the batches that can be challenged. */
export interface Challenged {
  /** The last one that was found true; undefined: none was looked at. */
  readonly trueUpTo: bigint | undefined;
  /** The first false one, and its first false segment. */
  readonly found: { readonly number: bigint; readonly hash: string; readonly segment: number } | undefined;
  /** Whether this run has proven it. */
  readonly isProven: boolean;
  /** Wei that this run has earned and withdrawn. */
  readonly reward: bigint;
}

/** The batches that a run is about. */
interface Range {
  readonly latest: bigint;
  readonly upTo: bigint | undefined;
  readonly isFinal: (postedAt: bigint) => boolean;
}

const POLL_MS = 500;

withCommonParams(
  task("rollup:challenge", "Re-executes layer 2 from chain data alone, and proves a batch false that is false"),
)
  .addOptionalParam("batch", "Up to this batch; default: every one that can still be challenged")
  .addOptionalParam("endpoints", "URLs to read the chain from, of which most must agree; default: the network's")
  .addOptionalParam("node", "A rollup node to begin with the final state of; default: at the beginning")
  .addOptionalParam("to", "Where the reward goes; default: the account that sends")
  .addFlag("dryRun", "Send nothing: only say which batch is false")
  .setAction(async (args: ChallengeArgs, hre): Promise<Challenged> => {
    const session = await openSession(hre, args);
    const contracts = await openRollup(session);
    const range = await openRange(session, contracts, args.batch);
    const prover = args.dryRun === true ? undefined : (await session.signer()).address;
    const payout = args.to === undefined ? (prover ?? "") : parseAccount("to", args.to);
    if (prover !== undefined) await withdrawEarlier(session, contracts, prover, payout);
    if (range === undefined) return { trueUpTo: undefined, found: undefined, isProven: false, reward: 0n };

    session.say(`Re-executing layer 2 up to batch ${range.upTo ?? range.latest}, from what layer 1 has of it`);
    const { reexecuted, reward } = await reexecute(session, contracts, range, args, prover, payout);
    const { trueUpTo, found, end } = reexecuted;
    say(session, reexecuted, prover !== undefined);
    const { batch, segment } = found ?? {};
    return {
      trueUpTo,
      found: batch === undefined ? undefined : { number: batch.batch.number, hash: batch.hash, segment: segment ?? 0 },
      isProven: end === "proven",
      reward,
    };
  });

/** Undefined where nothing can be challenged. Refuses a batch that is none, or that no proof helps against. */
async function openRange(
  session: Session,
  { rollup }: RollupContracts,
  batch: string | undefined,
): Promise<Range | undefined> {
  const upTo = batch === undefined ? undefined : parseNumber("batch", batch);
  const { number: latest, postedAt, frozen } = await rollup.head();
  const [window, now] = [await rollup.CHALLENGE_SECONDS(), await session.time()];
  if (upTo !== undefined && upTo > latest) throw new Refusal(`--batch ${upTo}: the latest is batch ${latest}`);
  if (frozen) throw new Refusal("layer 2 has ended: its last batch is final, and no proof is taken any more");
  const isFinal = (posted: bigint): boolean => posted + window <= now;
  if (latest > 0n && !isFinal(postedAt)) return { latest, upTo, isFinal };
  const since = timeInWords(postedAt + window);
  if (upTo !== undefined) throw new Refusal(`--batch ${upTo} is final since ${since} or longer: no proof is taken`);
  const why = latest === 0n ? "no batch has been posted" : `batch ${latest}, the latest, is final since ${since}`;
  session.say(`Nothing can be challenged: ${why}`);
  return undefined;
}

/** What proofs of earlier runs have earned, where these ended before it was paid. */
async function withdrawEarlier(
  session: Session,
  { rollup }: RollupContracts,
  prover: string,
  payout: string,
): Promise<void> {
  const owed = await rollup.rewardOf(prover);
  if (owed === 0n) return;
  const data = rollup.interface.encodeFunctionData("withdrawReward", [payout]);
  const what = `Withdraw ${formatEther(owed)} BNB, the reward of earlier proofs, to ${payout}`;
  await submit(session, what, { to: await rollup.getAddress(), data });
}

async function reexecute(
  session: Session,
  contracts: RollupContracts,
  range: Range,
  args: ChallengeArgs,
  prover: string | undefined,
  payout: string,
): Promise<{ readonly reexecuted: Reexecuted; readonly reward: bigint }> {
  // Hardhat loads every task at every start: what only this one needs waits until then.
  const [{ Reexecution }, { SignerSender }, { Store }, { EndpointQuorum }, { NodePeer }] = await Promise.all([
    import("./reexecution"),
    import("./signerSender"),
    import("../../relayer/store/store"),
    import("../../relayer/chain/endpointQuorum"),
    import("../../relayer/rollup/nodePeer"),
  ]);
  const [{ createLedgerCrypto }, { KzgThreads }, { systemClock }] = await Promise.all([
    import("../../relayer/rollup/ledgerCrypto"),
    import("../../relayer/rollup/kzgThreads"),
    import("../../relayer/systemClock"),
  ]);
  const { chainId, live, say } = session;
  const rollup = (await contracts.rollup.getAddress()).toLowerCase();
  const endpoints = endpointsOf(session, args.endpoints);
  const peers = args.node === undefined ? [] : [new NodePeer(parseUrl("node", args.node))];
  const { gateway } = await openDeployment(session);
  const record = await loadRecord(session);
  // The salt of a commitment outlives a crash; a local chain does not.
  const folder = join(session.hre.config.paths.root, ".data", "challenges");
  const store = await Store.open({ sqlite: live ? join(folder, `${chainId}-${rollup}.sqlite`) : ":memory:" });
  const blobProver = new KzgThreads(1);
  try {
    const sender = prover === undefined ? undefined : new SignerSender(prover, session, contracts, store);
    const deps = {
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
    };
    const plan = { ...range, sender, payout, say };
    const reexecuted = await inWords(session, () => new Reexecution(deps, plan).run());
    return { reexecuted, reward: sender?.reward ?? 0n };
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

function say({ say: tell, network }: Session, { trueUpTo, found, end }: Reexecuted, sends: boolean): void {
  if (found === undefined) return tell(`Every batch up to ${trueUpTo} is true`);
  const { number } = found.batch.batch;
  if (end === "overtaken") return tell(`Batch ${number} is gone: somebody else has proven it false before`);
  if (!sends) tell(`Nothing was sent: without --dry-run, on ${network}, this proves it for half of the poster's bond`);
}
