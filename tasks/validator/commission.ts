import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openBonds } from "./bonds";

interface CommissionArgs extends CommonArgs {
  readonly percent: string;
}

withCommonParams(task("validator:commission", "Changes the commission of the validator that sends"))
  .addParam("percent", "Such as 7.5; within what was fixed at the registration, once in 24 hours")
  .setAction(async (args: CommissionArgs, hre): Promise<{ readonly commissionBps: bigint }> => {
    const session = await openSession(hre, args);
    const { delegation, address } = await openBonds(session);
    if (!/^\d{1,3}(\.\d{1,2})?$/.test(args.percent)) {
      throw new Refusal(`--percent ${args.percent}: not a percentage such as 7.5, with at most two decimals`);
    }
    const [whole, decimals = ""] = args.percent.split(".");
    const bps = BigInt(whole ?? 0) * 100n + BigInt(decimals.padEnd(2, "0"));
    const data = delegation.interface.encodeFunctionData("setCommission", [bps]);
    await submit(session, `Keep ${args.percent} % of what is earned from now on`, { to: address, data });
    return { commissionBps: (await delegation.poolOf((await session.signer()).address)).commissionBps };
  });
