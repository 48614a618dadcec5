import { task } from "hardhat/config";
import { claimReward, type PositionArgs } from "../claimReward";
import { openNodes, openSession, withCommonParams, type CommonArgs } from "../session";

withCommonParams(task("node:claim", "Pays the COS that a node earned, from its end on"))
  .addParam("position", "Number of the position")
  .addOptionalParam("to", "Who receives it; default: the sender")
  .setAction(async (args: CommonArgs & PositionArgs, hre): Promise<bigint> => {
    const session = await openSession(hre, args);
    const { pool, cos } = await openNodes(session);
    return claimReward(session, pool, cos, args);
  });
