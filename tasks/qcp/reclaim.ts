import { formatUnits, isHexString } from "ethers";
import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openSession, openToken, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";

interface ReclaimArgs extends CommonArgs {
  readonly token: string;
  readonly id: string;
}

withCommonParams(task("qcp:reclaim", "Gives a token's exchange that finally failed back to its holder"))
  .addParam("token", "The token: its address, or its symbol")
  .addParam("id", "Id of the exchange's message")
  .setAction(async (args: ReclaimArgs, hre): Promise<{ readonly holder: string; readonly amount: bigint }> => {
    const session = await openSession(hre, args);
    if (!isHexString(args.id, 32)) throw new Refusal(`--id ${args.id}: a message id has 32 bytes`);
    const token = await openToken(session, args.token);
    const { holder, amount } = await token.exchangeOf(args.id);
    const shown = `${formatUnits(amount, await token.decimals())} ${await token.symbol()}`;
    const data = token.interface.encodeFunctionData("qcpReclaim", [args.id]);
    await submit(session, `Reclaim ${shown} for ${holder}`, { to: await token.getAddress(), data });
    session.say(`  ${holder} has ${formatUnits(await token.balanceOf(holder), await token.decimals())} now`);
    return { holder, amount };
  });
