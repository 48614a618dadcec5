import { formatEther } from "ethers";
import { task } from "hardhat/config";
import type { RollupContracts } from "../../deploy/deployment";
import { timeInWords } from "../explain";
import { parseNumber } from "../game/room";
import { openRollup } from "../l2/layer2";
import { Refusal } from "../refusal";
import { inWords, openSession, parseAccount, withCommonParams, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";
import { ENDPOINTS_HELP, NODE_HELP, withChainData, type ChainDataArgs } from "./chainData";
import type { Reexecuted } from "./reexecution";

interface ChallengeArgs extends CommonArgs, ChainDataArgs {
  readonly batch?: string;
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

withCommonParams(
  task("rollup:challenge", "Re-executes layer 2 from chain data alone, and proves a batch false that is false"),
)
  .addOptionalParam("batch", "Up to this batch; default: every one that can still be challenged")
  .addOptionalParam("endpoints", ENDPOINTS_HELP)
  .addOptionalParam("node", NODE_HELP)
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
  const [{ Reexecution }, { SignerSender }] = await Promise.all([import("./reexecution"), import("./signerSender")]);
  return withChainData(session, contracts, args, async (deps) => {
    const sender = prover === undefined ? undefined : new SignerSender(prover, session, contracts, deps.store);
    const plan = { ...range, sender, payout, say: session.say };
    const reexecuted = await inWords(session, () => new Reexecution(deps, plan).run());
    return { reexecuted, reward: sender?.reward ?? 0n };
  });
}

function say({ say: tell, network }: Session, reexecuted: Reexecuted, sends: boolean): void {
  const { trueUpTo, found, transactions, end } = reexecuted;
  if (found === undefined) return tell(`Every batch up to ${trueUpTo} is true: ${transactions} transactions`);
  const { number } = found.batch.batch;
  if (end === "overtaken") return tell(`Batch ${number} is gone: somebody else has proven it false before`);
  if (!sends) tell(`Nothing was sent: without --dry-run, on ${network}, this proves it for half of the poster's bond`);
}
