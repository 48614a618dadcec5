import { task } from "hardhat/config";
import { openSession, openToken, withCommonParams, type CommonArgs } from "../session";
import { requireTokenRole, submit } from "../submit";

interface PauseArgs extends CommonArgs {
  readonly token: string;
  readonly unpause: boolean;
}

withCommonParams(task("qsc:pause", "Stops a token's transfers, issue and exchange; never a reclaim"))
  .addParam("token", "The token: its address, or its symbol")
  .addFlag("unpause", "Resume instead")
  .setAction(async (args: PauseArgs, hre): Promise<{ readonly paused: boolean }> => {
    const session = await openSession(hre, args);
    const token = await openToken(session, args.token);
    const data = args.unpause
      ? token.interface.encodeFunctionData("unpause")
      : token.interface.encodeFunctionData("pause");
    const call = { to: await token.getAddress(), data };
    await requireTokenRole(session, token, { name: "PAUSER_ROLE", id: await token.PAUSER_ROLE() }, call);
    await submit(session, `${args.unpause ? "Unpause" : "Pause"} ${await token.symbol()}`, call);
    const paused = await token.paused();
    session.say(`  ${await token.symbol()} is ${paused ? "paused" : "running"}`);
    return { paused };
  });
