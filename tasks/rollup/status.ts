import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { openRollup, sequencerUrl, type SequencerArgs } from "../l2/layer2";
import { onLayer2 } from "../l2/onLayer2";
import { SequencerApi } from "../../sdk/rollup/sequencerApi";
import { timeInWords } from "../explain";
import { openSession, parseAccount, withCommonParams } from "../session";

interface StatusArgs extends SequencerArgs {
  readonly poster?: string;
}

/** Where layer 2 stands on layer 1. */
export interface RollupStatus {
  readonly number: bigint;
  readonly postedAt: bigint;
  /** Entries of the queue that no batch has consumed. */
  readonly waiting: bigint;
  /** Unix seconds from which any account with a bond may post, where no batch comes. */
  readonly opensAt: bigint;
  readonly frozen: boolean;
}

withCommonParams(task("rollup:status", "Shows where layer 2 stands: batches, queue, posting, bonds"))
  .addOptionalParam("sequencer", "URL of a sequencer to ask as well; default: SEQUENCER_URL, or none")
  .addOptionalParam("poster", "Show this account's bond; default: that of the account that sends")
  .setAction(async (args: StatusArgs, hre): Promise<RollupStatus> => {
    const session = await openSession(hre, args);
    const { rollup, vault } = await openRollup(session);
    const head = await rollup.head();
    const [window, open] = [await rollup.CHALLENGE_SECONDS(), await rollup.OPEN_SECONDS()];
    const opensAt = head.postedAt + open;
    const waiting = head.queueLength - head.queue;
    const say = session.say;

    say(`Rollup ${await rollup.getAddress()}, vault ${await vault.getAddress()}`);
    if (head.frozen) say("  FROZEN: everyone leaves against the state of this batch");
    say(`  latest batch ${head.number}, posted ${timeInWords(head.postedAt)} in block ${head.blockNumber}`);
    say(`  final from ${timeInWords(head.postedAt + window)} on; its clock stands at ${timeInWords(head.time)}`);
    say(`  queue: ${head.queueLength} entries, ${waiting} of them waiting`);
    if (!head.frozen) say(`  without another batch, every bond may post from ${timeInWords(opensAt)} on`);
    say(`  an entry costs ${formatEther(await rollup.depositPrice())} BNB`);

    const poster = args.poster === undefined ? (await session.signer()).address : parseAccount("poster", args.poster);
    const { bond, leavingAt, sequencer } = await rollup.posterOf(poster);
    const role = sequencer ? "a sequencer" : "no sequencer";
    say(`  ${poster}: ${role}, bond ${formatEther(bond)} of ${formatEther(await rollup.BOND())} BNB`);
    if (leavingAt !== 0n) say(`    leaving; its bond is free ${timeInWords(leavingAt + window)}`);

    const endpoint = sequencerUrl(args);
    if (endpoint !== undefined) {
      const info = await onLayer2(() => new SequencerApi(endpoint, fetch).info());
      say(`Sequencer ${endpoint}: ${info.pending.transactions} transactions in batch ${info.pending.batch}`);
      say(`  posted ${info.posted}, certified ${info.certified}, final ${info.final}; data in ${info.mode}`);
    }
    const { number, postedAt, frozen } = head;
    return { number, postedAt, waiting, opensAt, frozen };
  });
