import { task } from "hardhat/config";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openBonds } from "./bonds";
import { parsePercent } from "./percent";

interface CommissionArgs extends CommonArgs {
  readonly percent: string;
}

withCommonParams(task("validator:commission", "Changes the commission of the validator that sends"))
  .addParam("percent", "Such as 7.5; within what was fixed at the registration, once in 24 hours")
  .setAction(async (args: CommissionArgs, hre): Promise<{ readonly commissionBps: bigint }> => {
    const session = await openSession(hre, args);
    const { delegation, address } = await openBonds(session);
    const bps = parsePercent("percent", args.percent);
    const data = delegation.interface.encodeFunctionData("setCommission", [bps]);
    await submit(session, `Keep ${args.percent} % of what is earned from now on`, { to: address, data });
    return { commissionBps: (await delegation.poolOf((await session.signer()).address)).commissionBps };
  });
