import { task } from "hardhat/config";
import { parseAmount } from "../qsc/amount";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openBonds, parseValidator, showCOS } from "./bonds";

interface DelegateArgs extends CommonArgs {
  readonly validator: string;
  readonly amount: string;
}

withCommonParams(task("validator:delegate", "Bonds COS to a validator; a validator bonds its own COS to itself"))
  .addParam("validator", "The validator's account")
  .addParam("amount", "How much COS, such as 12.5")
  .setAction(async (args: DelegateArgs, hre): Promise<{ readonly bond: bigint; readonly total: bigint }> => {
    const session = await openSession(hre, args);
    const { delegation, cos, address } = await openBonds(session);
    const validator = parseValidator(args.validator);
    const amount = parseAmount("amount", args.amount, 18n);
    const { address: delegator } = await session.signer();
    if ((await cos.allowance(delegator, address)) < amount) {
      const approval = cos.interface.encodeFunctionData("approve", [address, amount]);
      await submit(session, `Let the bonds' contract take ${showCOS(amount)}`, {
        to: await cos.getAddress(),
        data: approval,
      });
    }
    const data = delegation.interface.encodeFunctionData("delegate", [validator, amount]);
    const { commissionBps } = await delegation.poolOf(validator);
    const terms = `slashable, at a commission of ${Number(commissionBps) / 100} %, 15 days to leave`;
    await submit(session, `Bond ${showCOS(amount)} to ${validator}: ${terms}`, { to: address, data });
    const { bond } = await delegation.positionOf(validator, delegator);
    const total = await delegation.bondOf(validator);
    session.say(`  ${delegator} has ${showCOS(bond)} of the validator's ${showCOS(total)}`);
    return { bond, total };
  });
