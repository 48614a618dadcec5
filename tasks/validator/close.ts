import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openSession, parseAccount, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openRegistry, STATUS, STATUS_WORDS } from "./registry";

interface CloseArgs extends CommonArgs {
  readonly validator: string;
}

withCommonParams(task("validator:close", "Closes an inactive validator for good: its deposit leaves 15 days later"))
  .addParam("validator", "The validator's account")
  .setAction(async (args: CloseArgs, hre): Promise<{ readonly status: string }> => {
    const session = await openSession(hre, args);
    const { registry, address } = await openRegistry(session);
    const validator = parseAccount("validator", args.validator);
    const { status: present } = await registry.operatorOf(validator);
    if (present !== STATUS.inactive)
      throw new Refusal(`${validator} is ${STATUS_WORDS[Number(present)]}, not inactive`);
    const closableAt = await registry.closableAt(validator);
    if ((await session.time()) < closableAt) {
      throw new Refusal(`${validator} can be closed from ${timeInWords(closableAt)} on`);
    }
    const data = registry.interface.encodeFunctionData("close", [validator]);
    await submit(session, `Close ${validator}: its delegators leave as they like, nobody joins`, { to: address, data });
    const status = STATUS_WORDS[Number((await registry.operatorOf(validator)).status)] ?? "unknown";
    session.say(`  ${validator} is ${status}`);
    return { status };
  });
