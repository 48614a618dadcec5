import { task } from "hardhat/config";
import { openSession, openToken, parseAccount, withCommonParams, type CommonArgs } from "../session";
import { requireTokenRole, submit } from "../submit";
import { unitOf } from "./amount";

interface IssueArgs extends CommonArgs {
  readonly token: string;
  readonly to: string;
  readonly amount: string;
}

withCommonParams(task("qsc:issue", "Issues more of a token, on its home chain and within its cap"))
  .addParam("token", "The token: its address, or its symbol")
  .addParam("to", "Who receives it")
  .addParam("amount", "How much, such as 12.5")
  .setAction(async (args: IssueArgs, hre): Promise<{ readonly balance: bigint; readonly issued: bigint }> => {
    const session = await openSession(hre, args);
    const to = parseAccount("to", args.to);
    const token = await openToken(session, args.token);
    const unit = await unitOf(token);
    const amount = unit.parse("amount", args.amount);
    const call = { to: await token.getAddress(), data: token.interface.encodeFunctionData("issue", [to, amount]) };
    await requireTokenRole(session, token, { name: "BANKER_ROLE", id: await token.BANKER_ROLE() }, call);
    await submit(session, `Issue ${unit.show(amount)} to ${to}`, call);
    const [balance, issued] = [await token.balanceOf(to), await token.issued()];
    session.say(`  ${to} has ${unit.show(balance)}; ${unit.show(issued)} issued in all`);
    return { balance, issued };
  });
