import { task } from "hardhat/config";
import { openSession, openToken, parseAccount, withCommonParams, type CommonArgs } from "../session";
import { requireTokenRole, submit } from "../submit";
import { unitOf } from "./amount";

interface UnfreezeArgs extends CommonArgs {
  readonly token: string;
  readonly account: string;
  readonly amount: string;
}

withCommonParams(task("qsc:unfreeze", "Releases a part of what is frozen"))
  .addParam("token", "The token: its address, or its symbol")
  .addParam("account", "Whose")
  .addParam("amount", "How much, such as 12.5")
  .setAction(async (args: UnfreezeArgs, hre): Promise<{ readonly frozen: bigint; readonly spendable: bigint }> => {
    const session = await openSession(hre, args);
    const account = parseAccount("account", args.account);
    const token = await openToken(session, args.token);
    const unit = await unitOf(token);
    const amount = unit.parse("amount", args.amount);
    const data = token.interface.encodeFunctionData("unfrozen", [account, amount]);
    const call = { to: await token.getAddress(), data };
    await requireTokenRole(session, token, { name: "FREEZER_ROLE", id: await token.FREEZER_ROLE() }, call);
    await submit(session, `Unfreeze ${unit.show(amount)} of ${account}`, call);
    const [frozen, spendable] = [await token.frozenAmount(account), await token.spendable(account)];
    session.say(`  ${unit.show(frozen)} frozen, ${unit.show(spendable)} spendable`);
    return { frozen, spendable };
  });
