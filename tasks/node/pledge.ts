import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openNodes, openSession, parseTime, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openedNode, type NodeResult } from "./openedNode";

interface PledgeArgs extends CommonArgs {
  readonly kind: string;
  readonly rewardsUntil?: string;
}

/** `NodeKind` in the contract's order. */
const KINDS = ["cellular", "core"] as const;

withCommonParams(task("node:pledge", "Locks BNB in a node for two years, in which it earns COS"))
  .addParam("kind", "cellular (1 BNB) or core (100 BNB)")
  .addOptionalParam(
    "rewardsUntil",
    "Pledge only if rewards are funded until then: Unix seconds or a time with its zone",
  )
  .setAction(async (args: PledgeArgs, hre): Promise<NodeResult> => {
    const session = await openSession(hre, args);
    const { pool } = await openNodes(session);
    const kind = KINDS.findIndex((each) => each === args.kind);
    if (kind < 0) throw new Refusal(`--kind ${args.kind}: not one of ${KINDS.join(", ")}`);
    const rewardsUntil = args.rewardsUntil === undefined ? 0n : parseTime("rewards-until", args.rewardsUntil);
    const value = await pool.priceOf(kind);
    const data = pool.interface.encodeFunctionData("pledge", [kind, rewardsUntil]);
    const what = `Lock ${formatEther(value)} BNB in a ${args.kind} node for 730 days`;
    const receipt = await submit(session, what, { to: await pool.getAddress(), data, value });
    const node = openedNode(pool, receipt);
    session.say(`  position ${node.position} earns until ${timeInWords(node.end)}`);
    return node;
  });
