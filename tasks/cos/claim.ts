import { task } from "hardhat/config";
import { claimReward, type PositionArgs } from "../claimReward";
import { openPledges, openSession, withCommonParams, type CommonArgs } from "../session";

withCommonParams(task("cos:claim", "Pays the reward of a pledge that has ended"))
  .addParam("position", "Number of the position")
  .addOptionalParam("to", "Who receives it; default: the sender")
  .setAction(async (args: CommonArgs & PositionArgs, hre): Promise<bigint> => {
    const session = await openSession(hre, args);
    const { pool, cos } = await openPledges(session);
    return claimReward(session, pool, cos, args);
  });
