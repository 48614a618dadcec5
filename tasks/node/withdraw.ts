import { MaxUint256, formatEther } from "ethers";
import { task } from "hardhat/config";
import { ownPosition, receiverOf, type PositionArgs } from "../claimReward";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openNodes, openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";

/** When a node is free that stands behind a validator. */
const BOUND = MaxUint256 >> 192n;

withCommonParams(task("node:withdraw", "Pays the BNB of a node that has ended"))
  .addParam("position", "Number of the position")
  .addOptionalParam("to", "Who receives it; default: the sender")
  .setAction(async (args: CommonArgs & PositionArgs, hre): Promise<bigint> => {
    const session = await openSession(hre, args);
    const { pool } = await openNodes(session);
    const position = await ownPosition(session, pool, args.position);
    const amount = await pool.principalOf(position);
    if (amount === 0n) throw new Refusal(`position ${position} holds nothing any more`);
    const free = await pool.withdrawableAt(position);
    if (free === BOUND) throw new Refusal(`position ${position} stands behind a validator: it has to leave first`);
    if ((await session.time()) < free) {
      throw new Refusal(`${formatEther(amount)} BNB can be withdrawn from ${timeInWords(free)} on`);
    }
    const receiver = await receiverOf(session, args);
    const data = pool.interface.encodeFunctionData("withdraw", [position, receiver]);
    const what = `Withdraw the ${formatEther(amount)} BNB of position ${position} to ${receiver}`;
    await submit(session, what, { to: await pool.getAddress(), data });
    session.say(`  ${formatEther(amount)} BNB paid to ${receiver}; its reward is claimed apart: node:claim`);
    return amount;
  });
