import { task } from "hardhat/config";
import type { RollupContracts } from "../../deploy/deployment";
import { timeInWords } from "../explain";
import { openRollup } from "../l2/layer2";
import { Refusal } from "../refusal";
import { inWords, openSession, parseAccount, withCommonParams, type CommonArgs, type Session } from "../session";
import { ENDPOINTS_HELP, NODE_HELP, withChainData, type ChainDataArgs } from "./chainData";

interface EscapeArgs extends CommonArgs, ChainDataArgs {
  readonly account?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

/** What is paid by one call. */
export interface Escaped {
  /** Leaves of the last final state. */
  readonly leaves: readonly number[];
  /** Entries of the queue that layer 2 never took. */
  readonly entries: readonly bigint[];
}

withCommonParams(
  task("rollup:escape", "Pays what an account has on a layer 2 that nobody serves any more, from chain data alone"),
)
  .addOptionalParam("account", "Whose leaves are paid, from whoever sends; default: those of the account that sends")
  .addFlag("all", "Pay everybody, and the games' fees")
  .addOptionalParam("endpoints", ENDPOINTS_HELP)
  .addOptionalParam("node", NODE_HELP)
  .addFlag("dryRun", "Send nothing: only say what would be paid")
  .setAction(async (args: EscapeArgs, hre): Promise<Escaped> => {
    const session = await openSession(hre, args);
    const contracts = await openRollup(session);
    if (args.all === true && args.account !== undefined) throw new Refusal("name --account or --all, not both");
    const named = args.account === undefined ? undefined : parseAccount("account", args.account);
    const owner = args.all === true ? undefined : (named ?? (await session.signer()).address);
    await requireEnd(session, contracts);
    const [{ Reexecution }, { end, payLeaves, refund }] = await Promise.all([
      import("./reexecution"),
      import("./escapePayments"),
    ]);
    return withChainData(session, contracts, args, async (deps) => {
      session.say("Re-executing layer 2 from what layer 1 has of it");
      const { number: latest } = await contracts.rollup.head();
      const plan = { upTo: undefined, latest, isFinal: () => false, sender: undefined, payout: "", say: session.say };
      const reexecution = new Reexecution({ ...deps, provesFinal: true }, plan);
      const { found } = await inWords(session, () => reexecution.run());
      if (found !== undefined) throw new Refusal("prove that batch false first: rollup:challenge");
      const { replica } = reexecution;
      if (replica === undefined) throw new TypeError("nothing was re-executed");
      const sends = args.dryRun !== true;
      if (sends) await end(session, contracts, replica);
      const scene = { session, contracts, replica, owner };
      const leaves = await payLeaves(scene, sends);
      const { queue, queueLength } = await contracts.rollup.head();
      const waiting = await deps.store.rollup.entries(deps.rollup, queue, queueLength);
      const entries = await refund(scene, waiting, sends);
      if (leaves.length + entries.length === 0) session.say(`Nothing is left there${owner ? ` for ${owner}` : ""}`);
      return { leaves, entries };
    });
  });

/** Refuses while layer 2 is served, or may be served again. */
async function requireEnd(session: Session, { rollup }: RollupContracts): Promise<void> {
  const { frozen, postedAt, queue, queueLength } = await rollup.head();
  if (frozen) return;
  let since = postedAt;
  if (queue < queueLength) {
    const { queuedAt } = await rollup.entryOf(queue);
    if (queuedAt < since) since = queuedAt;
  }
  const from = since + (await rollup.OPEN_SECONDS()) + (await rollup.CHALLENGE_SECONDS());
  if ((await session.time()) >= from) return;
  throw new Refusal(
    `layer 2 goes on: leave it by l2:withdraw. Where nobody serves it, it can be ended ${timeInWords(from)}`,
  );
}
