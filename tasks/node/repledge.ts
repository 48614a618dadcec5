import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { ownPosition } from "../claimReward";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openNodes, openSession, parseTime, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openedNode, type NodeResult } from "./openedNode";

interface RepledgeArgs extends CommonArgs {
  readonly position: string;
  readonly rewardsUntil?: string;
}

withCommonParams(task("node:repledge", "Renews a node that has ended, in its place, for two more years"))
  .addParam("position", "Number of the position")
  .addOptionalParam("rewardsUntil", "Renew only if rewards are funded until then: Unix seconds or a time with its zone")
  .setAction(async (args: RepledgeArgs, hre): Promise<NodeResult> => {
    const session = await openSession(hre, args);
    const { pool } = await openNodes(session);
    const position = await ownPosition(session, pool, args.position);
    const end = await pool.endOf(position);
    if ((await session.time()) < end)
      throw new Refusal(`position ${position} can be renewed from ${timeInWords(end)} on`);
    const rewardsUntil = args.rewardsUntil === undefined ? 0n : parseTime("rewards-until", args.rewardsUntil);
    const amount = await pool.principalOf(position);
    const data = pool.interface.encodeFunctionData("repledge", [position, rewardsUntil]);
    const what = `Lock the ${formatEther(amount)} BNB of position ${position} for 730 days more`;
    const receipt = await submit(session, what, { to: await pool.getAddress(), data });
    const node = openedNode(pool, receipt);
    session.say(
      `  position ${node.position} earns until ${timeInWords(node.end)}; what ${position} earned is claimed apart`,
    );
    return node;
  });
