import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openDeployment, openSession, parseAccount, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";

interface WithdrawFeesArgs extends CommonArgs {
  readonly to?: string;
}

withCommonParams(task("qcp:withdraw-fees", "Pays out what the sender earned by deliveries to other chains"))
  .addOptionalParam("to", "Who receives it; default: the sender")
  .setAction(async (args: WithdrawFeesArgs, hre): Promise<{ readonly amount: bigint }> => {
    const session = await openSession(hre, args);
    const payee = (await session.signer()).address;
    const to = args.to === undefined ? payee : parseAccount("to", args.to);
    const { gateway } = await openDeployment(session);
    const amount = await gateway.earnedBy(payee);
    if (amount === 0n) {
      throw new Refusal(
        `${payee} has earned nothing here: send as the payout address that the relayer is configured with`,
      );
    }
    const data = gateway.interface.encodeFunctionData("withdrawFees", [to]);
    await submit(session, `Pay ${formatEther(amount)} to ${to}`, { to: await gateway.getAddress(), data });
    return { amount };
  });
