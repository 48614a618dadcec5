import { formatEther, isHexString } from "ethers";
import { task } from "hardhat/config";
import { parseAmount } from "../qsc/amount";
import { Refusal } from "../refusal";
import { openDeployment, openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";

interface TopUpArgs extends CommonArgs {
  readonly id: string;
  readonly amount: string;
}

const COIN_DECIMALS = 18;

withCommonParams(task("qcp:top-up", "Raises what the deliverer of a pending message earns"))
  .addParam("id", "Id of the message")
  .addParam("amount", "How much of the native coin, such as 0.001")
  .setAction(async (args: TopUpArgs, hre): Promise<{ readonly fee: bigint }> => {
    const session = await openSession(hre, args);
    if (!isHexString(args.id, 32)) throw new Refusal(`--id ${args.id}: a message id has 32 bytes`);
    const value = parseAmount("amount", args.amount, COIN_DECIMALS);
    const { gateway } = await openDeployment(session);
    const data = gateway.interface.encodeFunctionData("topUp", [args.id]);
    const what = `Pay ${formatEther(value)} more for the delivery of ${args.id}`;
    await submit(session, what, { to: await gateway.getAddress(), data, value });
    const fee = await gateway.feeOf(args.id);
    session.say(`  its deliverer earns ${formatEther(fee)} now`);
    return { fee };
  });
