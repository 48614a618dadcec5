import { task } from "hardhat/config";
import { openSession, parseAccount, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openBonds, parseValidator, showCOS } from "./bonds";

interface ClaimArgs extends CommonArgs {
  readonly validator: string;
  readonly to?: string;
}

withCommonParams(task("validator:claim", "Pays the rewards of a bond, and a validator's commission"))
  .addParam("validator", "The validator's account")
  .addOptionalParam("to", "Who receives it; default: the account that sends")
  .setAction(async (args: ClaimArgs, hre): Promise<{ readonly paid: bigint }> => {
    const session = await openSession(hre, args);
    const { delegation, address } = await openBonds(session);
    const validator = parseValidator(args.validator);
    const { address: delegator } = await session.signer();
    const to = args.to === undefined ? delegator : parseAccount("to", args.to);
    const { reward } = await delegation.positionOf(validator, delegator);
    const data = delegation.interface.encodeFunctionData("claim", [validator, to]);
    await submit(session, `Claim ${showCOS(reward)} at ${validator} for ${to}`, { to: address, data });
    return { paid: reward };
  });
